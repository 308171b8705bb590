# SPDX-License-Identifier: MIT
"""Deeds of a person: pause, resume, retry and forget, beside an agent and without one."""

import contextlib
import sqlite3
import unittest

from harness import TestCase, wait_until, web


class Pause(TestCase):
    def test_without_an_agent(self):
        self.converge()
        result = self.estate.run("pause", "web", "--reason", "tonight\x1b[2J")
        self.assert_code(0, result)
        self.assertEqual("MachineSet/web is paused\n", result.out)
        self.assertEqual(0, self.simulator.calls()["reads"])

        self.estate.machine_set(count=6, cpu=8)
        self.simulator.do("delete", name="web-1")
        plan = self.plan()
        self.assertTrue(plan["actions"])
        self.assertTrue(all("tonight" in action["blocked"] for action in plan["actions"]), plan)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("muster resume MachineSet/web", result.out)
        self.assertNotIn("\x1b", result.out + result.err)
        self.assert_no_act()

        self.assert_code(0, self.estate.run("resume", "MachineSet/web"))
        self.assert_code(0, self.estate.apply())
        self.assert_converged(web(0, 1, 2, 3, 4, 5))

    def test_beside_an_agent(self):
        self.init()
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: len(self.simulator.machines()) == 5, "the fleet")
        self.assert_code(0, self.estate.run("pause", "Provider/star"))
        self.simulator.reset_calls()
        self.estate.machine_set(count=6)
        wait_until(lambda: self.estate.status()["phase"] == "paused", "the pause")
        wait_until(lambda: self.estate.status()["desired"] == 6, "the new specs")
        self.assert_no_act()
        self.assert_code(0, self.estate.run("resume", "star"))
        wait_until(lambda: len(self.simulator.machines()) == 6, "the sixth machine")
        self.assertEqual(0, agent.stop())

    def test_of_everything(self):
        self.estate.policy("prod")
        self.converge()
        self.assert_code(0, self.estate.run("pause", "Policy/prod"))
        self.assertEqual("paused", self.estate.status()["phase"])
        self.estate.machine_set(count=6)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assert_code(0, self.estate.run("resume", "prod"))
        self.assert_code(0, self.estate.apply())

    def test_refused(self):
        self.converge()
        for arguments, code, words in (
                (["pause", "web-3"], 64, "pause MachineSet/web, or write web-3 into the hold of its spec"),
                (["pause", "wep"], 1, "did you mean 'web'"),
                (["pause", "web", "--reason", ""], 64, "the reason is empty"),
                (["pause", "web", "--reason", "a\nb"], 64, "one line"),
                (["resume", "web", "--reason", "x"], 64, "does not take the option '--reason'"),
                (["pause"], 64, "needs RESOURCE"), (["retry", "star"], 64, "has no machines of its own")):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments)
                self.assert_code(code, result)
                self.assertIn(words, result.err)
        self.assertEqual("converged", self.estate.status()["phase"])


class Retry(TestCase):
    def park(self):
        """web-4 is parked: after a create of unknown outcome two machines carry its name."""
        self.estate.machine_set(count=4)
        self.converge()
        self.simulator.fault("create=drop-reply")
        self.simulator.do("add", name="stranger")
        self.estate.machine_set(count=5)
        process = self.start_muster("apply", "--yes")
        wait_until(lambda: len(self.simulator.machines()) == 6, "the create")
        self.simulator.do("rename", name="stranger", to="web-4")
        process.wait(60)
        self.simulator.clear_faults()
        self.assertEqual("parked", self.estate.status()["reason"])

    def test_of_a_parked_machine(self):
        self.park()
        result = self.estate.run("explain", "web-4")
        self.assertIn("muster retry web-4", result.out)
        for machine in self.simulator.machines():
            if machine["name"] == "web-4":
                self.simulator.do("delete", id=machine["id"])
        wait_until(lambda: len(self.simulator.machines()) == 4, "both are gone")
        result = self.estate.run("retry", "web-4")
        self.assert_code(0, result)
        self.assertIn("web-4 is not parked any more", result.out)
        self.assert_code(0, self.estate.apply())
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_beside_an_agent(self):
        self.init()
        self.simulator.fault("create=refuse")
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: agent.log().count("was not done") == 5, "all five are refused")
        wait_until(lambda: (self.estate.status() or {}).get("phase") == "failed", "the refusal")
        self.simulator.clear_faults()
        self.simulator.reset_calls()
        self.assert_no_act()
        result = self.estate.run("retry", "web")
        self.assert_code(0, result)
        self.assertEqual([f"{name} is tried again" for name in web(0, 1, 2, 3, 4)], sorted(result.out.splitlines()))
        wait_until(lambda: len(self.simulator.machines()) == 5, "the second try", 30)
        self.assertEqual(0, agent.stop())

    def test_of_nothing(self):
        self.converge()
        result = self.estate.run("retry", "web")
        self.assert_code(0, result)
        self.assertEqual("nothing of MachineSet/web waits for a person\n", result.out)


class Forget(TestCase):
    def test_answers_line_by_line(self):
        self.converge()
        result = self.estate.run("forget", "web")
        self.assert_code(0, result)
        self.assertEqual(
            [f"forgot {machine['name']} ({machine['id']}), which is left as it is"
             for machine in sorted(self.simulator.machines(), key=lambda machine: machine["name"])],
            sorted(result.out.splitlines()))
        result = self.estate.run("adopt", "web")
        self.assert_code(0, result)
        self.assertEqual(5, len(result.out.splitlines()), result)
        self.simulator.do("add", name="web-5", count=3)
        result = self.estate.run("adopt", "web")
        self.assert_code(1, result)
        self.assertEqual(3, result.err.count("muster: error: "), result)
        self.assertNotIn("\\x0a", result.err)

    def test_what_a_killed_command_asked_for_is_done_with_the_next_request(self):
        """And the next command waits for its own answer."""
        self.converge()
        for command in (["retry", "web"], ["pause", "web"], ["adopt", "web"]):
            with contextlib.closing(sqlite3.connect(self.estate.state)) as ledger, ledger:
                ledger.execute("INSERT INTO requests (verb, account, resource, slot, id, reason)"
                               " VALUES ('forget', '', 'MachineSet/web', 'web-1', '', '')")
            result = self.estate.run(*command)
            self.assert_code(0, result)
            self.assertEqual(command[0] == "adopt", "web-1" in self.estate.owned(), command)
            self.assert_code(0, self.estate.run("adopt", "web"))

    def test_when_no_spec_names_the_provider(self):
        self.converge()
        other = self.start_simulator()
        self.estate.remove("MachineSet", "web")
        self.estate.remove("Provider", "star")
        self.estate.provider("two", endpoint=other.endpoint)
        self.simulator.end()

        self.assert_code(1, self.estate.apply())
        result = self.estate.run("adopt", "web-9", "vm-9")
        self.assert_code(1, result)
        self.assertIn("no spec names", result.err)
        result = self.estate.run("forget", "web-0")
        self.assert_code(0, result)
        self.assertIn("forgot web-0", result.out)
        self.assert_code(0, self.estate.run("retry", "web"))
        self.assert_code(0, self.estate.run("forget", "MachineSet/web"))
        self.assertEqual({}, self.estate.owned())
        self.assert_code(0, self.estate.apply())

    def test_when_the_provider_cannot_be_read(self):
        self.converge()
        self.simulator.end()
        result = self.estate.run("forget", "web-0")
        self.assert_code(0, result)
        self.assertEqual(set(web(1, 2, 3, 4)), set(self.estate.owned()))


if __name__ == "__main__":
    unittest.main()
