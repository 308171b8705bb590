# SPDX-License-Identifier: MIT
"""What people and programs read: the plan, status and list as text and JSON, exit codes, and the question on a terminal."""

import json
import os
import pty
import re
import select
import subprocess
import time
import unittest

from harness import DEADLINE, MUSTER, Result, TestCase, web

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Json(TestCase):
    def test_plan(self):
        self.estate.policy(maxDeletes=0)
        self.converge()
        self.simulator.do("add", name="other", count=3)
        self.estate.machine_set(count=4, memory="16GiB")
        self.estate.machine_set("db", count=1)
        plan = self.plan()
        self.assertEqual({"format", "specs", "summary", "requests", "actions", "diagnostics"}, set(plan))
        self.assertEqual("muster.plan/v1", plan["format"])
        self.assertEqual(4, plan["specs"]["resources"])
        self.assertRegex(plan["specs"]["digest"], r"^sha256:[0-9a-f]{64}$")
        self.assertEqual({"create": 1, "update": 4, "delete": 0, "blocked": 1, "unchanged": 0, "orphaned": 0, "foreign": 3,
                          "unknown": 0}, plan["summary"])
        self.assertEqual({"star"}, set(plan["requests"]))
        self.assertEqual({"read", "planned"}, set(plan["requests"]["star"]))
        self.assertGreaterEqual(plan["requests"]["star"]["read"], 1)
        self.assertEqual(5, plan["requests"]["star"]["planned"])

        for number, action in enumerate(plan["actions"], 1):
            self.assertEqual({"id", "action", "kind", "name", "resource", "provider", "vendorId", "reason", "changes",
                              "dependsOn", "blocked"}, set(action))
            self.assertEqual((f"a{number}", "Machine", "star"), (action["id"], action["kind"], action["provider"]))
        by_name = {action["name"]: action for action in plan["actions"]}
        self.assertEqual(("create", "MachineSet/db", None, [], None),
                         tuple(by_name["db-0"][key] for key in ("action", "resource", "vendorId", "changes", "blocked")))
        self.assertEqual([{"field": "memory", "from": "8GiB", "to": "16GiB"}], by_name["web-0"]["changes"])
        self.assertEqual(self.simulator.named("web-0")["id"], by_name["web-0"]["vendorId"])
        self.assertEqual("delete", by_name["web-4"]["action"])
        self.assertIn("limit", by_name["web-4"]["blocked"])

    def test_the_same_inputs_give_the_same_bytes(self):
        self.converge()
        self.estate.machine_set(count=7, cpu=8)
        for arguments in (["plan"], ["plan", "-o", "json"]):
            self.assertEqual(self.estate.run(*arguments).out, self.estate.run(*arguments).out)

    def test_status(self):
        self.converge()
        whole = self.estate.run("status", "-o", "json").json()
        self.assertEqual({"format", "resources"}, set(whole))
        self.assertEqual("muster.status/v1", whole["format"])
        row = self.estate.status()
        self.assertEqual({"name", "provider", "phase", "reason", "desired", "ready", "message", "since", "nextAttempt"}, set(row))
        self.assertEqual(("MachineSet/web", "star", "converged", None, 5, 5, None),
                         tuple(row[key] for key in ("name", "provider", "phase", "reason", "desired", "ready", "nextAttempt")))
        self.assertRegex(row["since"], TIME)
        self.assertIn("MachineSet/web", self.estate.run("status").out)

    def test_list(self):
        self.converge()
        machines = self.estate.run("list", "-o", "json").json()["machines"]
        self.assertEqual(web(0, 1, 2, 3, 4), [machine["name"] for machine in machines])
        seen = {machine["name"]: (machine["id"], machine["address"]) for machine in self.simulator.machines()}
        self.assertEqual(seen, {machine["name"]: (machine["id"], machine["address"]) for machine in machines})
        self.assertEqual({"running"}, {machine["state"] for machine in machines})
        text = self.estate.run("list").out
        for name, (id_, address) in seen.items():
            self.assertRegex(text, rf"{name} +{id_} +{re.escape(address)}")
        self.assertIn("web-3", self.estate.run("list", "web-3").out)
        self.assertNotIn("web-3", self.estate.run("list", "web-2").out)


class Text(TestCase):
    def test_plan(self):
        self.converge()
        self.estate.policy(maxDeletes=0)
        self.estate.machine_set(count=6, cpu=8)
        self.simulator.do("stop", name="web-1")
        result = self.estate.run("plan")
        self.assert_code(0, result)
        lines = result.out.splitlines()
        self.assertRegex(lines[0], r"^MachineSet/web on star: count is 6, 5 exist +\S*machineset-web\.yaml:\d+$")
        self.assertRegex(result.out, r"(?m)^  \+ web-5 +machine +template tmpl-7, 8 cpu, 8GiB, network pg-12")
        self.assertRegex(result.out, r"(?m)^  ~ web-0\.\.web-4 +machine +cpu 4 -> 8$")
        self.assertRegex(result.out, r"(?m)^  ~ web-1 +machine +start")
        self.assertRegex(lines[-1], r"^Plan: 1 to create, \d+ to change, 0 to delete, 0 blocked, 0 unknown\. About \d+ requests\.")
        self.assertNotIn("\x1b", result.out)

    def test_escapes_of_a_vendor_are_shown_not_obeyed(self):
        self.simulator.do("add", name="web-0", template="x")
        self.simulator.do("rename", name="web-0", to="web-1\x1b[31m")
        result = self.estate.run("init", "--yes")
        self.assertNotIn("\x1b", result.out + result.err)

    def test_no_colour_codes_unless_asked(self):
        self.init()
        self.assertNotIn("\x1b", self.estate.run("plan", "--color", "never").out)
        self.assertIn("\x1b", self.estate.run("plan", "--color", "always").out)

    def test_progress_is_plain_lines_on_standard_error(self):
        self.init()
        result = self.estate.apply()
        self.assertNotIn("\x1b", result.out + result.err)
        self.assertNotIn("\r", result.out + result.err)
        for name in web(0, 1, 2, 3, 4):
            self.assertRegex(result.err, rf"(?m)^.*{name}.*created as vm-\d+")
        self.assertIn("Converged", result.out)


class Codes(TestCase):
    def test_wrong_usage(self):
        for arguments in ([], ["nothing"], ["plan", "--nothing"], ["plan", "-o", "xml"], ["status", "--yes"], ["adopt"],
                          ["apply", "--timeout", "soon"], ["apply", "--max-deletes", "-1"], ["plan", "--color"]):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments)
                self.assert_code(64, result)
                self.assertTrue(result.err)
                self.assertEqual("", result.out)

    def test_near_names_are_suggested(self):
        self.assertIn("plan", self.estate.run("plna").err)
        self.assertIn("--detailed-exitcode", self.estate.run("plan", "--detailed-exitcod").err)

    def test_help_and_version(self):
        for arguments in (["help"], ["help", "apply"], ["version"], ["plan", "--help"], ["--help"], ["--version"]):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments)
                self.assert_code(0, result)
                self.assertTrue(result.out)
                self.assertEqual("", result.err)

    def test_validate(self):
        del self.estate.environment["STAR_TOKEN"]
        self.assert_code(0, self.estate.run("validate"))
        self.estate.machine_set(count=-1, cpuu=4)
        self.estate.machine_set("db", provider="nobody", memory="8")
        result = self.estate.run("validate")
        self.assert_code(1, result)
        said = result.out + result.err
        for words in (r"machineset-web\.yaml:\d+:\d+: error: .*count", r"machineset-web\.yaml:\d+:\d+: error: .*cpuu",
                      r"machineset-db\.yaml:\d+:\d+: error: .*nobody", r"machineset-db\.yaml:\d+:\d+: error: .*memory"):
            self.assertRegex(said, words)
        self.assertEqual(0, self.simulator.calls()["reads"])

    def test_wrong_specs(self):
        self.init()
        self.simulator.reset_calls()
        self.estate.machine_set(count="many")
        for command in (["plan"], ["apply", "--yes"], ["agent"]):
            self.assert_code(1, self.estate.run(*command))
        self.assertEqual(0, self.simulator.calls()["reads"])

    def test_nothing_is_wanted_is_never_guessed(self):
        self.converge()
        os.unlink(self.estate._path("Provider", "star"))
        os.unlink(self.estate._path("MachineSet", "web"))
        self.assert_code(1, self.estate.apply())
        os.rmdir(self.estate.specs)
        self.assert_code(1, self.estate.apply())
        self.assert_no_act()

    def test_a_full_disk_of_results_is_an_error(self):
        self.init()
        with open("/dev/full", "wb") as full:
            self.assert_code(1, self.estate.run("plan", stdout=full))

    def test_specs_of_standard_input(self):
        documents = []
        for name in sorted(os.listdir(self.estate.specs)):
            with open(os.path.join(self.estate.specs, name), encoding="utf-8") as file:
                documents.append(json.load(file))
        text = "---\n".join(json.dumps(document) + "\n" for document in documents)
        process = subprocess.run([MUSTER, "plan", "-"], input=text.encode(), capture_output=True,
                                 env=self.estate.environment, timeout=DEADLINE, check=False)
        self.assertEqual(0, process.returncode, process.stderr)
        self.assertIn(b"5 to create", process.stdout)


class Terminal(TestCase):
    """apply on a pseudo terminal."""

    def setUp(self):
        super().setUp()
        self.init()

    def converse(self, answer):
        controller, terminal = pty.openpty()
        self.addCleanup(os.close, controller)
        process = self.start_muster("apply", stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        said = b""
        end = time.monotonic() + DEADLINE
        asked = False
        while time.monotonic() < end:
            if not select.select([controller], [], [], 0.1)[0]:
                continue
            try:
                said += os.read(controller, 65536)
            except OSError:  # the other side is closed
                break
            if not asked and b"[y/N]" in said:
                self.assert_no_act()
                asked = True
                os.write(controller, answer)
        process.wait(DEADLINE)
        text = said.decode("utf-8", "replace")
        self.assertTrue(asked, text)
        return Result(process.returncode, text, "")

    def test_yes(self):
        result = self.converse(b"y\n")
        self.assert_code(0, result)
        self.assertIn("5 to create", result.out)
        self.assertIn("Converged", result.out)
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_no(self):
        for answer in (b"n\n", b"\n", b"\x04"):
            with self.subTest(answer=answer):
                self.assert_code(1, self.converse(answer))
                self.assert_no_act()

    def test_without_a_terminal_it_refuses(self):
        result = self.estate.run("apply")
        self.assert_code(1, result)
        self.assertIn("--yes", result.err)
        self.assert_no_act()

    def test_init_asks_as_well(self):
        other = self.estate.state + "2"
        result = self.estate.run("init", "--state", other)
        self.assert_code(1, result)
        self.assertIn("--yes", result.err)
        self.assertFalse(os.path.exists(other))


if __name__ == "__main__":
    unittest.main()
