# SPDX-License-Identifier: MIT
"""export: what a provider has as specs, which validate and adopt."""

import os
import re
import subprocess
import unittest

from harness import DEADLINE, MUSTER, TOKEN, Result, TestCase, wait_until, web


class Export(TestCase):
    def muster(self, *arguments):
        """Without the harness's own paths."""
        done = subprocess.run([MUSTER, *arguments], capture_output=True, text=True, cwd=self.root, timeout=DEADLINE,
                              env=self.estate.environment, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def export(self, *arguments):
        result = self.estate.run("export", "star", *arguments)
        self.assert_code(0, result)
        self.assertNotIn(TOKEN, result.out + result.err)
        return result.out

    def write(self, text):
        path = os.path.join(self.root, "exported.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_adopts_what_is_there(self):
        self.converge()
        self.simulator.do("add", name="app-0", count=1, cpu=2)
        self.simulator.do("add", name="app-1", count=1, cpu=2)
        self.simulator.do("add", name="App 7", count=1, cpu=2)
        self.simulator.do("add", name="app-3", count=1, cpu=4)
        self.simulator.do("add", name="no", count=1, state=0)
        self.simulator.do("add", name="broken-1", count=1, state=-2)
        before = self.simulator.machines()
        self.simulator.reset_calls()
        text = self.export()
        self.assert_no_act()
        self.assertEqual(["star", "web", "app", "app-b", '"no"'], re.findall(r"(?m)^  name: (.*)$", text))
        self.assertIn("# Left out: vm-11 (broken-1) has failed.\n", text)

        result = self.muster("validate", self.write(text))
        self.assert_code(1, result)
        wrong = [number for number, line in enumerate(text.splitlines(), 1) if "FIXME" in line]
        self.assertEqual(6, len(wrong), text)
        self.assertEqual(wrong, [int(number) for number in re.findall(r"(?m)^\S+\.yaml:(\d+):\d+: error: .* is FIXME; write ",
                                                                      result.err)])
        self.assertIn("the specs hold 6 errors", result.err)

        path = self.write(text.replace("FIXME", "by-hand"))
        self.assert_code(0, self.muster("validate", path))
        plan = self.muster("plan", "-o", "json", path).json()
        self.assertEqual([("adopt", name) for name in ("app-0", "app-1", "app-2", "app-b-3", "no-0")],
                         sorted((action["action"], action["name"]) for action in plan["actions"]))
        self.assert_code(0, self.muster("apply", "--yes", path))
        self.assertEqual(0, self.muster("plan", "--detailed-exitcode", path).code)
        self.assert_no_act()
        self.assertEqual(before, self.simulator.machines())
        self.assertEqual(set(web(0, 1, 2, 3, 4)) | {"app-0", "app-1", "app-2", "app-b-3", "no-0"}, set(self.estate.owned()))

    def test_without_a_ledger_nothing_is_ours(self):
        self.converge()
        other = os.path.join(self.root, "other.db")
        text = self.export("--state", other)
        self.assertFalse(os.path.exists(other))
        self.assertIn("# 5 machines that are not muster's;", text)
        for machine in self.simulator.machines():
            self.assertIn(f"    {machine['name']}: {machine['id']}\n", text)

    def test_of_one_provider_needs_no_other(self):
        self.estate.provider("two", endpoint="http://127.0.0.1:1", auth={"tokenEnv": "NOT_SET"})
        self.estate.machine_set("web", provider="two")
        self.simulator.do("add", name="web-0")
        text = self.export()
        self.assertIn("  name: web-b\n", text)
        self.assertNotIn("NOT_SET", text)

    def test_writes_paths_as_the_spec_has_them(self):
        with open(os.path.join(self.estate.specs, "the token"), "w", encoding="utf-8") as file:
            file.write(TOKEN)
        self.estate.provider(auth={"tokenFile": "the token"}, rateLimit="50/s", options={"tenant": "12"})
        text = self.export()
        self.assertIn('    tokenFile: "the token"\n', text)
        self.assertIn("  rateLimit: 50/s\n", text)
        self.assertIn('    tenant: "12"\n', text)

    def test_beside_an_agent(self):
        self.init()
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: len(self.estate.owned()) == 5, "the fleet")
        text = self.export()
        self.assertIn("# 5 machines of muster's.\n", text)
        self.assertIn("  template: tmpl-7\n", text)
        self.assertNotIn("FIXME", text)
        self.assert_code(0, self.muster("validate", self.write(text)))
        self.assertEqual(0, agent.stop())

    def test_refused(self):
        for arguments, code, words in ((["export", "sta"], 1, "did you mean 'star'"), (["export"], 64, "needs PROVIDER"),
                                       (["export", "nothing"], 1, "there is no provider 'nothing' in the specs")):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments)
                self.assertEqual(code, result.code, result)
                self.assertIn(words, result.err)
        self.simulator.end()
        result = self.estate.run("export", "star")
        self.assert_code(1, result)
        self.assertIn("star cannot be read: ", result.err)
        self.assertEqual("", result.out)


if __name__ == "__main__":
    unittest.main()
