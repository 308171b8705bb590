# SPDX-License-Identifier: MIT
"""What was done, and why things are as they are: history and explain."""

import re
import signal
import unittest

from harness import MUSTER, TOKEN, TestCase, wait_until, web
from test_manners import Terminal


class History(TestCase):
    def calls(self, *arguments):
        result = self.estate.run("history", "-o", "json", *arguments)
        self.assert_code(0, result)
        self.assertEqual("muster.history/v1", result.json()["format"])
        return result.json()["calls"]

    def test_every_call_newest_first(self):
        self.converge()
        self.estate.machine_set(cpu=8, count=4)
        self.assert_code(0, self.estate.apply())
        calls = self.calls()
        self.assertEqual(10, len(calls), calls)
        self.assertEqual({"time", "machine", "resource", "provider", "action", "field", "id", "state", "outcome", "request",
                          "words", "ended"}, set(calls[0]))
        times = [call["time"] for call in calls]
        self.assertEqual(sorted(times, reverse=True), times)
        self.assertEqual({"create"}, {call["action"] for call in calls[5:]})
        self.assertEqual({("change", "cpu"), ("delete", None)}, {(call["action"], call["field"]) for call in calls[:5]})
        self.assertEqual({"done"}, {call["outcome"] for call in calls})
        self.assertTrue(all(call["request"] for call in calls))

        result = self.estate.run("history")
        self.assert_code(0, result)
        lines = result.out.splitlines()
        self.assertEqual(11, len(lines))
        self.assertRegex(lines[1], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  web-\d +(change cpu|delete) +done +vm-\d+ +\S")

    def test_of_one_name(self):
        self.estate.machine_set("db", count=1)
        self.converge()
        self.estate.machine_set(count=4)
        self.estate.remove("MachineSet", "db")
        self.estate.policy(prune=True, maxDeletes="100%")
        self.assert_code(0, self.estate.apply())
        gone = [name for name in web(0, 1, 2, 3, 4) if name not in self.simulator.names()][0]
        self.assertEqual(["delete", "create"], [call["action"] for call in self.calls(gone)])
        self.assertEqual(["delete", "create"], [call["action"] for call in self.calls("MachineSet/db")])
        self.assertEqual(["delete", "create"], [call["action"] for call in self.calls("db-0")])
        self.assertEqual(6, len(self.calls("web")))
        self.assertEqual(8, len(self.calls("Provider/star")))
        result = self.estate.run("history", "nonsense")
        self.assert_code(1, result)
        self.assertIn("there is no 'nonsense'", result.err)

    def test_tells_the_vendors_words(self):
        self.init()
        self.simulator.fault("create=refuse")
        self.assert_code(3, self.estate.apply())
        call = self.calls()[0]
        self.assertEqual(("resolved", "not done"), (call["state"], call["outcome"]))
        self.assertTrue(call["words"])
        result = self.estate.run("history")
        self.assertIn("not done", result.out)
        self.assertNotIn(TOKEN, result.out)

    def test_beside_an_agent(self):
        self.init()
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: [call["outcome"] for call in self.calls()] == ["done"] * 5, "the agent's calls")
        self.assertEqual(0, agent.stop())

    def test_a_terminal_gets_the_newest(self):
        self.estate.machine_set(count=103)
        self.converge()
        terminal = Terminal(self, [MUSTER, "history"], columns=200, cwd=self.root, env=self.estate.environment)
        self.assertEqual(0, terminal.finish())
        self.assertEqual(100, len(re.findall(r"create +done", terminal.said)), terminal.said)
        self.assertIn("The newest 100.", terminal.said)
        self.assertEqual(104, len(self.estate.run("history").out.splitlines()))

    def test_of_nothing(self):
        self.assert_code(1, self.estate.run("history"))
        self.init()
        self.assertEqual("No call was ever made.\n", self.estate.run("history").out)
        self.assertEqual([], self.calls())


class Explain(TestCase):
    def assert_json_says(self, name, text):
        """The same words as the text has, and the machine as `list` shows it."""
        result = self.estate.run("explain", name, "-o", "json")
        self.assert_code(0, result)
        explained = result.json()
        self.assertEqual("muster.explain/v1", explained["format"])
        self.assertEqual([name], [machine["name"] for machine in explained["machines"]])
        self.assertEqual("create", explained["calls"][-1]["action"])
        for line in explained["says"]:
            if line["about"] not in ("status", "ledger"):  # there are ages in these
                self.assertIn(line["text"], text)

    def explain(self, name):
        result = self.estate.run("explain", name)
        self.assert_code(0, result)
        self.assertNotIn(TOKEN, result.out + result.err)
        return result.out

    def test_a_machine(self):
        self.converge()
        self.simulator.do("stop", name="web-3")
        self.estate.machine_set(cpu=8)
        self.assert_code(0, self.estate.apply())
        self.simulator.reset_calls()
        machine = self.simulator.named("web-3")
        said = self.explain("web-3")
        self.assert_json_says("web-3", said)
        self.assertIn("web-3, a machine of MachineSet/web, on star\n", said)
        self.assertRegex(said, r"(?m)^  spec +\S+machineset-web\.yaml:\d+$")
        self.assertRegex(said, r"(?m)^  wants +template tmpl-7, cpu 8, memory 8GiB, network pg-12; running$")
        self.assertRegex(said, rf"(?m)^  ledger +{machine['id']}, ours since \S+Z \(\S+ ago\); made by muster$")
        self.assertRegex(said, r"(?m)^ +made with template tmpl-7, cpu 4,")
        self.assertRegex(said, rf"(?m)^  last seen +running at {re.escape(machine['address'])}$")
        self.assertRegex(said, r"(?m)^ +\S+Z +web-3 +change cpu +done +vm-\d+ +PUT ")
        self.assertRegex(said, r"(?m)^ +\S+Z +web-3 +create +done +vm-\d+ +POST ")
        self.assertRegex(said, r"(?m)^  next +nothing: it is as the spec says")
        self.assertEqual(0, self.simulator.calls()["reads"])

    def test_what_holds_it(self):
        self.estate.machine_set(hold=["web-1"], protect=["web-2"])
        self.converge()
        self.assertRegex(self.explain("web-1"), r"(?m)^  held by +hold in its spec, \S+machineset-web\.yaml:\d+: counted")
        self.assertRegex(self.explain("web-1"), r"(?m)^  next +nothing while it is in the spec's hold$")
        self.assertRegex(self.explain("web-2"), r"(?m)^  held by +protect in its spec, ")
        self.assertNotIn("held by", self.explain("web-0"))
        self.assert_code(0, self.estate.run("pause", "web", "--reason", "tonight"))
        self.assertIn("MachineSet/web is paused: tonight; 'muster resume MachineSet/web' goes on", self.explain("web"))
        self.assertRegex(self.explain("web-0"), r"(?m)^  next +nothing before it is resumed$")

    def test_a_call_of_unknown_outcome(self):
        self.estate.provider(settle="1h")
        self.init()
        self.simulator.fault("create:1=hang-after")
        process = self.start_muster("apply", "--yes")
        wait_until(lambda: len(self.simulator.machines()) == 5, "the creates")
        process.send_signal(signal.SIGKILL)
        process.wait()
        said = self.explain("web")
        self.assertRegex(said, r"(?m)^  open call +create of web-\d, sent \S+ \(\S+ ago\): ")
        self.assertRegex(said, r"(?m)^  wants +5 machines, each of template tmpl-7")

    def test_what_no_spec_names(self):
        self.converge()
        self.estate.remove("MachineSet", "web")
        said = self.explain("web-1")
        self.assertRegex(said, r"(?m)^  spec +no spec names MachineSet/web any more$")
        self.assertIn("muster forget web-1", said)

    def test_beside_an_agent(self):
        self.init()
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: (self.estate.status() or {}).get("phase") == "converged", "the fleet")
        self.assertIn("5 machines: 5 running", self.explain("web"))
        self.assertEqual(0, agent.stop())

    def test_refused(self):
        self.assert_code(1, self.estate.run("explain", "web"))
        self.converge()
        for typed, code, words in (("star", 64, "is nothing that a provider has"), ("wep", 1, "did you mean 'web'"),
                                   ("/", 64, "names no resource")):
            with self.subTest(typed=typed):
                result = self.estate.run("explain", typed)
                self.assert_code(code, result)
                self.assertIn(words, result.err)


if __name__ == "__main__":
    unittest.main()
