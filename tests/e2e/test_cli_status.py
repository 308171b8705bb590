# SPDX-License-Identifier: MIT
"""What is known: status of resources and machines, status --watch, list, and its inventory for Ansible."""

import json
import signal
import time
import unittest

from harness import MUSTER, TestCase, finish, wait_until, web
from test_manners import CONTROL_C, Terminal


class Status(TestCase):
    def test_of_a_machine(self):
        self.converge()
        result = self.estate.run("status", "web-3")
        self.assert_code(0, result)
        self.assertRegex(result.out, r"(?m)^MachineSet/web +star +converged +5/5 ")
        self.assertRegex(result.out, rf"(?m)^web-3 +{self.simulator.named('web-3')['id']} +\S+ +running ")
        self.assertNotIn("web-2", result.out)
        whole = self.estate.run("status", "-o", "json", "Machine/web-3").json()
        self.assertEqual(["MachineSet/web"], [row["name"] for row in whole["resources"]])
        self.assertEqual(["web-3"], [machine["name"] for machine in whole["machines"]])

    def test_of_a_provider(self):
        other = self.start_simulator()
        self.estate.provider("two", endpoint=other.endpoint)
        self.estate.machine_set("db", count=1, provider="two")
        self.converge()
        names = lambda *arguments: [row["name"] for row in
                                    self.estate.run("status", "-o", "json", *arguments).json()["resources"]]
        self.assertEqual(["MachineSet/db", "MachineSet/web"], names())
        self.assertEqual(["MachineSet/db"], names("Provider/two"))
        self.assertEqual(["MachineSet/web"], names("star"))

    def test_of_what_is_not_there(self):
        self.converge()
        for typed, code, words in (("web-7", 1, "MachineSet/web has no machine web-7"), ("wep", 1, "did you mean 'web'"),
                                   ("a/b/c", 64, "names no resource")):
            with self.subTest(typed=typed):
                result = self.estate.run("status", typed)
                self.assert_code(code, result)
                self.assertIn(words, result.err)
                self.assertEqual("", result.out)

    def test_before_anything_was_looked_at(self):
        self.init()
        result = self.estate.run("status")
        self.assert_code(0, result)
        self.assertIn("Nothing is known yet", result.out)
        result = self.estate.run("status", "-f", self.estate.specs, "web")
        self.assert_code(0, result)
        self.assertIn("Nothing is known yet of MachineSet/web", result.out)

    def test_shows_a_pause_at_once(self):
        self.converge()
        self.assert_code(0, self.estate.run("pause", "Provider/star", "--reason", "the vendor moves"))
        row = self.estate.status()
        self.assertEqual(("paused", None), (row["phase"], row["reason"]))
        self.assertIn("the vendor moves", row["message"])


class Watch(TestCase):
    def lines(self):
        """What a watch has printed so far, without waiting for more."""
        with open(self.output, encoding="utf-8") as file:
            return file.read()

    def watch(self, *arguments):
        self.output = self.estate.root + "/watched"
        with open(self.output, "wb") as file:
            return self.start_muster("status", "--watch", *arguments, stdout=file)

    def test_prints_a_block_for_each_change(self):
        self.converge()
        process = self.watch()
        wait_until(lambda: "5/5" in self.lines(), "the first block")
        first = self.lines()
        time.sleep(2)  # in which nothing changes, and nothing may be printed
        self.assertEqual(first, self.lines())

        self.estate.machine_set(count=6)
        self.assert_code(0, self.estate.apply())
        wait_until(lambda: "6/6" in self.lines(), "the change")
        self.assertTrue(self.lines().startswith(first))
        self.assertNotIn("\x1b", self.lines())
        process.send_signal(signal.SIGINT)
        self.assert_code(0, finish(process))

    def test_beside_an_agent(self):
        self.init()
        process = self.watch("-o", "json", "web", "-f", self.estate.specs)
        wait_until(self.lines, "what is known before there is an agent")
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: '"converged"' in self.lines(), "the agent's work")
        self.assert_code(0, self.estate.run("pause", "web"))
        wait_until(lambda: '"paused"' in self.lines(), "the pause")
        process.send_signal(signal.SIGTERM)
        self.assert_code(0, finish(process))
        self.assertEqual(0, agent.stop())

        decoder, text, seen = json.JSONDecoder(), self.lines(), []
        while text:
            value, end = decoder.raw_decode(text)
            seen.append([row["phase"] for row in value["resources"]])
            text = text[end:].lstrip()
        self.assertEqual([], seen[0])
        self.assertEqual(["paused"], seen[-1])

    def test_ends_when_nobody_reads(self):
        self.converge()
        process = self.start_muster("status", "--watch")
        self.assertTrue(process.stdout.readline())
        process.stdout.close()
        self.assertEqual(0, process.wait(30))

    def test_draws_in_one_place_on_a_terminal(self):
        self.converge()
        terminal = Terminal(self, [MUSTER, "status", "--watch"], columns=40, cwd=self.root,
                            env=self.estate.environment | {"TERM": "xterm"})
        terminal.wait_for("5/5")
        self.estate.machine_set(count=6)
        self.assert_code(0, self.estate.apply())
        terminal.wait_for("6/6")
        terminal.send(CONTROL_C)
        self.assertEqual(0, terminal.finish(), terminal.said)
        self.assertEqual(1, terminal.said.count("\x1b[2J"))
        self.assertGreaterEqual(terminal.said.count("\x1b[H"), 2)
        for drawn in terminal.said.split("\x1b[H")[1:]:
            for line in drawn.replace("\x1b[2J", "").split("\x1b[K"):
                self.assertLessEqual(len(line.strip("\r\n").replace("\x1b[J", "").replace("^C", "")), 40, terminal.said)

    def test_without_a_ledger(self):
        result = self.estate.run("status", "--watch")
        self.assert_code(1, result)
        self.assertIn("muster init", result.err)


class List(TestCase):
    def test_of_a_resource(self):
        self.estate.machine_set("db", count=2)
        self.estate.machine_set("empty", count=0)
        self.converge()
        names = lambda *arguments: [machine["name"] for machine in
                                    self.estate.run("list", "-o", "json", *arguments).json()["machines"]]
        self.assertEqual(["db-0", "db-1"], names("db"))
        self.assertEqual(["db-0", "db-1"] + web(0, 1, 2, 3, 4), names("Provider/star"))
        self.assertEqual(["web-2"], names("web-2"))
        self.assertEqual([], names("MachineSet/empty"))

    def test_inventory(self):
        self.estate.machine_set("db-main", count=1, power="stopped")
        self.converge()
        result = self.estate.run("list", "-o", "ansible")
        self.assert_code(0, result)
        inventory = result.json()
        self.assertEqual({"_meta", "all", "db_main", "web"}, set(inventory))
        self.assertEqual(["db_main", "web"], inventory["all"]["children"])
        self.assertEqual(web(0, 1, 2, 3, 4), inventory["web"]["hosts"])
        for machine in self.simulator.machines():
            self.assertEqual(
                {"ansible_host": machine["address"], "muster_id": machine["id"], "muster_provider": "star",
                 "muster_state": "stopped" if machine["name"] == "db-main-0" else "running",
                 "muster_resource": "MachineSet/db-main" if machine["name"] == "db-main-0" else "MachineSet/web"},
                inventory["_meta"]["hostvars"][machine["name"]])
        self.assertEqual(["db-main-0"], self.estate.run("list", "db-main", "-o", "ansible").json()["db_main"]["hosts"])

    def test_formats_of_others(self):
        self.converge()
        for command in ("status", "history"):
            result = self.estate.run(command, "-o", "ansible")
            self.assert_code(64, result)
            self.assertIn("text", result.err)


if __name__ == "__main__":
    unittest.main()
