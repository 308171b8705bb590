# SPDX-License-Identifier: MIT
"""The ledger: no machine without it, none twice when it is lost, one holder at a time, and plan leaves nothing behind."""

import contextlib
import os
import signal
import sqlite3
import stat
import unittest

from harness import TestCase, finish, wait_until, web


class Ledger(TestCase):
    def files(self):
        """path -> content of every file of the test's folder but the ledger's own."""
        found = {}
        for parent, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(parent, name)
                if not path.startswith(self.estate.state):
                    with open(path, "rb") as file:
                        found[path] = file.read()
        return found

    def test_apply_and_agent_without_a_ledger_refuse(self):
        for command in (["apply", "--yes"], ["agent"]):
            result = self.estate.run(*command)
            self.assert_code(1, result)
            self.assertIn("muster init", result.err)
        self.assert_no_act()
        self.assertFalse(os.path.exists(self.estate.state))

    def test_plan_without_a_ledger_makes_no_file(self):
        before = self.files()
        result = self.estate.run("plan")
        self.assert_code(0, result)
        self.assertIn("5 to create", result.out)
        self.assert_no_act()
        self.assertEqual(before, self.files())
        self.assertEqual([], os.listdir(os.path.dirname(self.estate.state)))

    def test_plan_with_a_ledger_changes_nothing(self):
        self.converge()
        self.estate.machine_set(count=7, cpu=8)
        self.simulator.do("stop", name="web-1")
        self.simulator.do("delete", name="web-2")
        before, owned = self.files(), self.estate.owned()
        self.assert_code(0, self.estate.run("plan"))
        self.assert_no_act()
        self.assertEqual(before, self.files())
        self.assertLessEqual(set(os.listdir(os.path.dirname(self.estate.state))),
                             {"muster.db", "muster.db-wal", "muster.db-shm", "muster.db.lock", "muster.db-lock"})
        self.assertEqual(owned, self.estate.owned())

    def test_is_for_its_owner_alone(self):
        self.init()
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.estate.state).st_mode))
        os.chmod(self.estate.state, 0o644)
        result = self.estate.apply()
        self.assert_code(1, result)
        self.assert_no_act()

    def test_init_twice(self):
        self.converge()
        self.init()
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_making_that_was_cut_short(self):
        """As none at all: without --init nothing is done, and with it the ledger is made."""
        os.close(os.open(self.estate.state, os.O_CREAT, 0o600))
        for _ in ("empty", "a database without tables"):
            result = self.estate.apply()
            self.assert_code(1, result)
            self.assertIn("cut short: 'muster init' makes one", result.err)
            with contextlib.closing(sqlite3.connect(self.estate.state)) as ledger:
                ledger.execute("PRAGMA journal_mode = WAL")
        self.assert_code(0, self.estate.apply("--init"))
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_init_says_what_looks_like_ours(self):
        self.simulator.do("add", name="web-1")
        self.simulator.do("add", name="other")
        result = self.estate.run("init", "--yes")
        self.assert_code(0, result)
        self.assertIn("web-1", result.out)
        self.assertIn("muster adopt MachineSet/web", result.out)

    def test_lost_while_machines_run(self):
        self.converge()
        machines = self.simulator.machines()
        for name in os.listdir(os.path.dirname(self.estate.state)):
            os.unlink(os.path.join(os.path.dirname(self.estate.state), name))
        self.assert_code(1, self.estate.apply())

        self.init()
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assert_no_act()
        self.assertEqual(machines, self.simulator.machines())

        self.assert_code(0, self.estate.run("adopt", "MachineSet/web"))
        self.assert_converged(web(0, 1, 2, 3, 4))
        self.assertEqual(machines, self.simulator.machines())

    def test_lost_and_adopted_machines_are_ours_again(self):
        self.converge()
        for name in os.listdir(os.path.dirname(self.estate.state)):
            os.unlink(os.path.join(os.path.dirname(self.estate.state), name))
        self.init()
        self.assert_code(0, self.estate.run("adopt", "MachineSet/web"))
        self.simulator.do("delete", name="web-0")
        self.estate.machine_set(cpu=8)
        self.assert_code(0, self.estate.apply())
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_of_another_estate(self):
        self.converge()
        self.estate.policy("prod")
        self.estate.remove("Policy", "prod")
        self.estate.policy("prod")
        result = self.estate.apply()
        self.assert_code(1, result)
        self.assertIn("prod", result.err)
        self.assert_no_act()

    def test_a_provider_that_no_spec_names_any_more(self):
        other = self.start_simulator()
        self.converge()
        self.estate.provider("two", endpoint=other.endpoint)
        self.estate.machine_set(provider="two")
        self.estate.remove("Provider", "star")
        for command in (["plan"], ["apply", "--yes"]):
            result = self.estate.run(*command)
            self.assert_code(1, result)
            self.assertIn("star", result.err)
        self.assert_no_act()


class Holders(TestCase):
    def test_two_applies_at_once(self):
        self.init()
        self.simulator.fault("create=delay=2s")
        first = self.start_muster("apply", "--yes")
        wait_until(lambda: self.simulator.acting(), "the first apply creates")
        second = self.estate.apply()
        self.assert_code(1, second)
        self.assertIn(str(first.pid), second.err)
        self.assert_code(0, finish(first))
        self.assertEqual(5, self.simulator.calls()["create"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_readers_need_no_lock(self):
        self.init()
        self.simulator.fault("create=delay=2s")
        apply = self.start_muster("apply", "--yes")
        wait_until(lambda: self.simulator.acting(), "the apply creates")
        for command in (["plan"], ["status"], ["list"]):
            self.assert_code(0, self.estate.run(*command))
        self.assertIsNone(apply.poll())
        self.assert_code(0, finish(apply))

    def test_a_stopped_apply_ends_what_it_began(self):
        self.estate.provider(concurrency=2)
        self.init()
        self.simulator.fault("create=delay=1s")
        apply = self.start_muster("apply", "--yes")
        wait_until(lambda: self.simulator.acting(), "the apply creates")
        apply.send_signal(signal.SIGTERM)
        self.assert_code(3, finish(apply))
        self.assertLess(self.simulator.calls()["create"], 5)
        self.simulator.clear_faults()
        self.simulator.reset_calls()
        before = len(self.simulator.names())
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5 - before, self.simulator.calls()["create"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_second_signal_ends_at_once(self):
        self.init()
        self.simulator.fault("create=hang-after")
        apply = self.start_muster("apply", "--yes")
        wait_until(lambda: len(self.simulator.acting()) == 5, "the apply creates")
        apply.send_signal(signal.SIGINT)
        wait_until(lambda: b"a second Ctrl-C ends" in apply.stderr.readline(), "the apply says that it stops")
        apply.send_signal(signal.SIGINT)
        apply.wait(5)
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5, self.simulator.calls()["create"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_out_of_time(self):
        self.estate.provider(settle="30s", timeout="1s")
        self.init()
        self.simulator.fault("create=hang-after")
        self.assert_code(3, self.estate.apply("--timeout", "3s"))
        self.assertEqual(5, self.simulator.calls()["create"])


class Adoption(TestCase):
    def test_one_machine(self):
        self.simulator.do("add", name="mine", cpu=4, memory=8192)
        id_ = self.simulator.named("mine")["id"]
        self.init()
        self.assert_code(0, self.estate.run("adopt", "web-2", id_))
        self.assert_no_act()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(4, self.simulator.calls()["create"])
        self.assertEqual(id_, self.estate.owned()["web-2"])

    def test_of_nothing(self):
        self.init()
        for arguments in (["web-2", "vm-4711"], ["web-2"], ["MachineSet/none"], ["MachineSet/web", "vm-1"]):
            result = self.estate.run("adopt", *arguments)
            self.assertIn(result.code, (1, 64), result)
        self.assertEqual({}, self.estate.owned())

    def test_forget_leaves_it_running(self):
        self.converge()
        id_ = self.simulator.named("web-4")["id"]
        self.assert_code(0, self.estate.run("forget", "web-4"))
        self.assertNotIn("web-4", self.estate.owned())
        self.estate.machine_set(count=4)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertEqual(id_, self.simulator.named("web-4")["id"])


if __name__ == "__main__":
    unittest.main()
