# SPDX-License-Identifier: MIT
"""Data disks when replies are lost, muster is killed, or a machine does not say what hangs on it: no two of one name, and none touched blindly."""

import subprocess
import unittest

from disks import DATA, LARGER, LOGS, Disks
from harness import end_process, wait_until, web

# Each call that acts on disks, as the simulator classes it: the disks before, and those that are wanted.
CALLS = {
    "disk": ([DATA], [DATA, LOGS]),
    "disk-resize": ([DATA], [LARGER]),
    "disk-delete": ([DATA, LOGS], [DATA]),
}


class Faults(Disks):
    """Whatever becomes of a call, no machine ever has two disks of one name, and in the end there is what the specs say."""

    def setUp(self):
        super().setUp()
        self.estate.provider(timeout="2s")
        self.estate.policy(prune=True)

    def prepare(self, call):
        before, wanted = CALLS[call]
        self.resize(*before)
        self.converge()
        self.resize(*wanted)
        return [(disk["name"], int(disk["size"][:-3])) for disk in wanted]

    def assert_no_doubles(self):
        marks = [disk["description"] for disk in self.all_disks() if disk["description"]]
        self.assertEqual(sorted(set(marks)), sorted(marks))

    def assert_survives(self, fault, sent):
        """`sent`: how many calls of the class it takes, for two disks."""
        for call in CALLS:
            with self.subTest(call=call):
                self.doCleanups()
                self.setUp()
                wanted = self.prepare(call)
                self.simulator.fault(f"{call}:1={fault}")
                self.assert_code(0, self.estate.apply())
                self.assert_no_doubles()
                self.assertEqual(sent, self.simulator.calls()[call])
                self.assert_settled(web(0, 1), *wanted)

    def test_a_reply_is_lost(self):
        self.assert_survives("drop-reply", 2)

    def test_an_error_after_it_was_done(self):
        self.assert_survives("500-after", 2)

    def test_no_reply_in_time_though_it_was_done(self):
        self.assert_survives("hang-after", 2)

    def test_half_a_reply(self):
        self.assert_survives("truncate", 2)

    def test_a_request_is_lost(self):
        self.assert_survives("drop-request", 3)

    def test_an_error_and_nothing_done(self):
        self.assert_survives("500", 3)

    def test_it_is_killed_with_a_call_in_flight(self):
        for call in CALLS:
            with self.subTest(call=call):
                self.doCleanups()
                self.setUp()
                wanted = self.prepare(call)
                self.simulator.fault(f"{call}:1=hang-after")
                process = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                wait_until(lambda: self.simulator.calls()[call] > 0, "the call goes out")
                end_process(process)
                self.simulator.clear_faults()
                self.assert_code(0, self.estate.apply())
                self.assert_no_doubles()
                self.assert_settled(web(0, 1), *wanted)

    def test_listings_that_lack_what_was_just_made(self):
        """Everything is done and every reply lost, while machines' disks are listed late."""
        self.converge()
        self.resize(DATA, LOGS)
        self.simulator.fault("disk=drop-reply")
        self.simulator.fault("disk-list:1-6=stale")
        self.assert_code(0, self.estate.apply())
        self.simulator.clear_faults()
        self.assert_no_doubles()
        self.assert_settled(web(0, 1), ("data", 10), ("logs", 5))


class Unknown(Disks):
    """What cannot be read of one machine's disks leaves those alone, and nothing else."""

    count = 3

    def setUp(self):
        super().setUp()
        self.estate.provider(concurrency=1, timeout="1s")  # one question after the other, so that a fault meets the one it is for
        self.converge()

    def fail_second(self, fault, looks=1):
        """The second of three questions in each of so many looks; it is asked again twice where that could help, at once where all wait for it."""
        tries = {"refuse": [2], "hang": [2], "503": [2, 3, 4]}.get(fault, [2, 4, 5])
        for look in range(looks):
            for n in tries:
                self.simulator.fault(f"disk-list:{n + look * (2 + len(tries))}={fault}")

    def test_in_the_plan(self):
        self.resize(LARGER, LOGS)
        for fault in ("500", "html", "truncate", "garbage", "hang", "refuse", "503"):
            with self.subTest(fault=fault):
                self.simulator.reset_calls()
                self.simulator.clear_faults()
                self.fail_second(fault)
                result = self.estate.run("plan", "-o", "json")
                self.assert_code(1, result)
                plan = result.json()
                self.assertEqual(sorted((verb, f"web-{n}/{disk}") for n in (0, 2) for verb, disk in (("update", "data"), ("create", "logs"))),
                                 sorted((a["action"], a["name"]) for a in plan["actions"]))
                self.assertEqual(1, plan["summary"]["unknown"])
                found = [d for d in plan["diagnostics"] if d["severity"] == "error"]
                self.assertEqual(1, len(found), plan["diagnostics"])
                self.assertRegex(found[0]["message"], "^web-1: its disks are not known: .+; nothing is done about them$")
                self.assert_no_act()

    def test_in_text_and_in_a_snapshot(self):
        self.fail_second("html")
        snapshot = self.root + "/snapshot.json"
        result = self.estate.run("plan", "--save-snapshot", snapshot)
        self.assert_code(1, result)
        self.assertRegex(result.out, r"(?m)^  \? web-1 +its disks are not known: ")
        self.simulator.clear_faults()
        offline = self.estate.run("plan", "--snapshot", snapshot)
        self.assert_code(1, offline)
        self.assertEqual(result.out, offline.out)

    def test_the_others_are_seen_to_and_that_one_afterwards(self):
        self.resize(LARGER)
        self.fail_second("refuse", looks=200)
        self.assert_code(3, self.estate.apply("--timeout", "6s"))
        self.assertEqual([20, 10, 20], [self.the(machine)["size"] for machine in web(0, 1, 2)])
        status = self.estate.status()
        self.assertEqual("unknown", status["phase"])
        self.assertIn("web-1: its disks are not known", status["message"])
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2), ("data", 20))

    def test_a_disk_is_not_missed_by_a_look_that_could_not_see_it(self):
        """One look lacks it; the next ones say nothing. Then it is there after all, and no second one was made."""
        disk = self.the("web-1")
        self.simulator.do("disk-change", id=disk["id"], description="hidden")
        self.assertIn(self.estate.run("apply", "--yes", "--timeout", "1s").code, (0, 3))
        self.assertEqual("hidden", disk and [d for d in self.all_disks() if d["id"] == disk["id"]][0]["description"])
        self.simulator.do("disk-change", id=disk["id"], description=disk["description"])
        self.fail_second("refuse", looks=200)
        self.assert_code(3, self.estate.apply("--timeout", "5s"))
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(disk["id"], self.the("web-1")["id"])
        self.assert_settled(web(0, 1, 2), ("data", 10))

    def test_when_nobody_s_disks_can_be_read_the_machines_are_seen_to(self):
        self.simulator.fault("disk-list=500")
        self.estate.machine_set(count=4, cpu=8)
        result = self.estate.apply("--timeout", "10s")
        self.assert_code(3, result)
        self.assertEqual({8}, {self.simulator.named(machine)["cpu"] for machine in web(0, 1, 2, 3)})
        self.assertEqual([], self.of("web-3"))
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2, 3), ("data", 10))


if __name__ == "__main__":
    unittest.main()
