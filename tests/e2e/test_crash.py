# SPDX-License-Identifier: MIT
"""kill -9 at random moments, again and again: never a double, never a machine that is forgotten.

MUSTER_KILLS is how often (25), MUSTER_SEED repeats a run's moments.
"""

import os
import random
import subprocess
import time
import unittest

from harness import DEADLINE, TestCase, end_process, wait_until, web

KILLS = int(os.environ.get("MUSTER_KILLS", "25"))
SEED = int(os.environ.get("MUSTER_SEED", str(random.randrange(10**6))))
MACHINES = 50


class Crash(TestCase):
    simulator_arguments = ["--latency", "30ms"]

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        print(f"MUSTER_SEED={SEED} makes these moments again", flush=True)
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=MACHINES)
        self.init()

    def assert_no_double(self):
        names = self.simulator.names()
        self.assertEqual(sorted(set(names)), sorted(names))
        self.assertLessEqual(set(names), set(web(*range(MACHINES))))

    def kill_at_some_moment(self):
        """Within a second, or once a few more calls have arrived. True: it was killed before it ended by itself."""
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self.random.random() < 0.5:
            time.sleep(self.random.uniform(0, 1))
        else:
            calls = self.simulator.calls()["acting"] + self.random.randrange(1, 12)
            end = time.monotonic() + 2.5
            while apply.poll() is None and self.simulator.calls()["acting"] < calls and time.monotonic() < end:
                time.sleep(0.002)
            time.sleep(self.random.uniform(0, 0.04))
        killed = apply.poll() is None
        end_process(apply)
        return killed

    def test_fifty_machines(self):
        """Whenever an apply gets to its end all the same, the set shrinks or grows again, so that there is always work."""
        count = MACHINES
        kills = 0
        end = time.monotonic() + KILLS * 10 + DEADLINE
        while kills < KILLS and time.monotonic() < end:
            if self.kill_at_some_moment():
                kills += 1
            else:
                count = MACHINES if count < MACHINES else self.random.randrange(10, 40)
                self.estate.machine_set(count=count)
            self.assert_no_double()
        self.assertEqual(KILLS, kills)

        self.estate.machine_set(count=MACHINES)
        result = self.estate.apply()
        self.assert_code(0, result)
        self.assert_converged(web(*range(MACHINES)))
        status = self.estate.status()
        self.assertEqual(("converged", None, MACHINES), (status["phase"], status["reason"], status["ready"]))

    def test_killed_before_deletes_were_sent(self):
        """All are planned and recorded, 32 are about to go, one went: what never went out is taken back."""
        self.converge()
        self.estate.provider(rateLimit="60/m")
        self.estate.machine_set(count=0)
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.simulator.calls()["delete"] > 0, "a delete")
        end_process(apply)
        self.estate.provider(rateLimit=None)
        self.estate.machine_set(count=MACHINES)
        self.assert_code(0, self.estate.apply())
        self.assertLess(self.simulator.calls()["create"], 10)
        self.assert_converged(web(*range(MACHINES)))

    def test_killed_while_every_reply_is_lost(self):
        self.simulator.fault("create=drop-reply")
        self.estate.machine_set(count=10)
        for _ in range(3):
            before = self.simulator.calls()["create"]
            apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: apply.poll() is not None or self.simulator.calls()["create"] > before, "a create", 5)
            end_process(apply)
            self.assert_no_double()
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assert_converged(web(*range(10)))


if __name__ == "__main__":
    unittest.main()
