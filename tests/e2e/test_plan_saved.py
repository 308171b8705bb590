# SPDX-License-Identifier: MIT
"""Saved plans: apply does what was approved, and nothing more."""

import json
import os
import shutil
import stat
import subprocess
import time
import unittest

from harness import MUSTER, TestCase, end_process, finish, wait_until, web


class SavedPlan(TestCase):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.root, "plan.json")

    def save(self, *arguments):
        result = self.estate.run("plan", "--out", self.file, *arguments)
        self.assert_code(0, result)
        self.simulator.reset_calls()
        return result

    def apply(self, *arguments, **options):
        return self.estate.run("apply", "--plan", self.file, *arguments, **options)

    def assert_refused(self, result, *words):
        self.assert_code(1, result)
        for word in words:
            self.assertIn(word, result.err)
        self.assert_no_act()

    def test_the_file_is_the_plan_as_json(self):
        self.init()
        self.save()
        with open(self.file, encoding="utf-8") as file:
            self.assertEqual(self.estate.run("plan", "-o", "json").out, file.read())
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.file).st_mode))
        self.assertEqual({"plan.json", "specs", "state", "home"}, set(os.listdir(self.root)))

    def test_the_world_stood_still(self):
        self.init()
        self.save()
        result = self.apply()
        self.assert_code(0, result)
        self.assertIn("5 created", result.out)
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_part_of_it_has_happened_by_itself(self):
        self.converge()
        self.simulator.do("stop", name="web-1")
        self.simulator.do("stop", name="web-2")
        self.save()
        self.simulator.do("start", name="web-1")
        self.assert_code(0, self.apply())
        self.assertEqual([("start", self.simulator.named("web-2")["id"])], self.simulator.acting())

    def test_all_of_it_has_happened_by_itself(self):
        self.converge()
        self.simulator.do("stop", name="web-1")
        self.save()
        self.simulator.do("start", name="web-1")
        self.assert_code(0, self.apply())
        self.assert_no_act()

    def test_more_is_needed_by_now(self):
        self.converge()
        self.simulator.do("stop", name="web-1")
        self.save()
        self.simulator.do("stop", name="web-2")
        self.simulator.do("rename", name="web-3", to="other")
        self.assert_refused(self.apply(), "start web-2", "update web-3")
        self.assertNotIn("start web-1", self.apply().err)

    def test_other_specs(self):
        self.init()
        self.save()
        self.estate.machine_set(count=4)
        self.assert_refused(self.apply(), "not those that the plan was made of")
        self.assertEqual(0, self.simulator.calls()["reads"])

    def test_what_comes_up_while_it_runs_is_not_done(self):
        self.converge()
        self.estate.machine_set(count=6)
        self.save()
        self.simulator.fault("create=delay=2s")
        process = self.start_muster("apply", "--plan", self.file, "--timeout", "60s")
        wait_until(self.simulator.acting, "the create goes out")
        self.simulator.do("stop", name="web-0")
        result = finish(process)
        self.assert_code(3, result)
        self.assertIn("not in the plan that was approved", result.out)
        self.assertEqual(["create"], [kind for kind, _ in self.simulator.acting()])
        self.assert_names(web(0, 1, 2, 3, 4, 5))

    def test_a_replacement_is_approved_with_both_halves(self):
        self.estate.machine_set(replaceFailed="always")
        self.converge()
        old = self.simulator.named("web-1")["id"]
        self.simulator.do("fail", name="web-1")
        self.save()
        self.assert_code(0, self.apply())
        self.assertNotEqual(old, self.simulator.named("web-1")["id"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_what_was_blocked_stays_so(self):
        self.converge()
        self.estate.machine_set(count=3)
        self.estate.policy(maxDeletes=1)
        self.save()
        self.assert_code(3, self.apply())
        self.assert_no_act()
        self.assert_refused(self.apply("--max-deletes", "100%"), "delete web-4")

    def test_files_that_are_no_plans(self):
        self.init()
        cases = {"": "not JSON", "{": "not JSON", "[1]": "its format is not muster.plan/v1", "\xff": "not JSON",
                 '{"format": "muster.plan/v2"}': "its format is not muster.plan/v1",
                 "[" * 100000: "nested deeper"}
        for text, words in cases.items():
            with self.subTest(text=text[:20]):
                with open(self.file, "w", encoding="latin-1") as file:
                    file.write(text)
                self.assert_refused(self.apply(), words, self.file)
        self.save()
        with open(self.file, encoding="utf-8") as file:
            plan = json.load(file)
        del plan["actions"][3]["vendorId"]
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(plan, file)
        self.assert_refused(self.apply(), "its action number 4 has no valid vendorId")
        os.unlink(self.file)
        self.assert_refused(self.apply(), "No such file")
        os.mkfifo(self.file)
        self.assert_refused(self.apply(), "not a regular file")
        self.assert_code(1, self.estate.run("plan", "--out", self.file))

    def test_beside_an_agent_which_carries_it_out(self):
        self.converge()
        self.simulator.do("stop", name="web-1")
        self.save()
        agent = self.start_agent("--interval", "10m")
        agent.wait_for("READY=1")
        result = self.apply("--timeout", "30s")
        self.assert_code(0, result)
        self.assertIn(f"{agent.process.pid}", result.err)
        self.assertIn("the agent has carried it out: converged", result.err)
        self.assertEqual(0, agent.stop())
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_beside_an_agent_that_finds_more(self):
        self.converge()
        self.save()
        agent = self.start_agent("--interval", "10m")
        agent.wait_for("READY=1")
        wait_until(lambda: self.simulator.calls()["reads"] > 0, "the agent looks")
        time.sleep(1)
        self.simulator.do("stop", name="web-2")
        self.assert_refused(self.apply(), "start web-2", "nothing was asked of the agent")

    def test_beside_an_agent_that_is_held_up(self):
        self.converge()
        self.estate.machine_set(count=3)
        self.estate.policy(maxDeletes=1)
        self.save()
        agent = self.start_agent("--interval", "10m")
        agent.wait_for("READY=1")
        wait_until(lambda: self.estate.status()["phase"] == "blocked", "the limit is seen")
        result = self.apply("--timeout", "30s")
        self.assert_code(3, result)
        self.assertIn("'muster status' says what is left", result.err)
        self.assert_names(web(0, 1, 2, 3, 4))

    def test_beside_an_agent_that_only_observes(self):
        self.converge()
        self.save()
        agent = self.start_agent("--observe")
        agent.wait_for("READY=1")
        self.assert_refused(self.apply(), "only observes")

    def test_beside_an_agent_of_other_specs(self):
        self.converge()
        other = os.path.join(self.root, "other")
        shutil.copytree(self.estate.specs, other)
        agent = subprocess.Popen([MUSTER, "agent", other], env=self.estate.environment, stderr=subprocess.DEVNULL)
        self.addCleanup(end_process, agent)
        wait_until(lambda: self.simulator.calls()["reads"] > 0, "the agent looks")
        self.estate.policy(prune=False)
        self.save()
        self.assert_refused(self.apply(), "follows other specs")


if __name__ == "__main__":
    unittest.main()
