# SPDX-License-Identifier: MIT
"""Snapshots: the same plan with no provider, no ledger and no credentials."""

import json
import os
import stat
import unittest

from harness import TOKEN, TestCase, web
from snapshots import SnapshotCase


class Snapshot(SnapshotCase, TestCase):
    def test_the_same_plan(self):
        self.converge()
        self.simulator.do("add", name="other", count=3)
        self.simulator.do("stop", name="web-1")
        self.simulator.do("delete", name="web-2")
        self.simulator.do("rename", name="web-3", to="mine")
        self.estate.machine_set(count=7, cpu=8, protect=["web-4"])
        self.estate.machine_set("db", count=2)
        plan = self.assert_same_plan()
        self.assertTrue(plan["actions"])
        self.assertEqual(3, plan["summary"]["foreign"])

    def test_the_same_limits(self):
        self.converge("--max-deletes", "100%")
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.estate.machine_set(count=1)
        self.estate.policy(maxDeletes=3)
        plan = self.assert_same_plan()
        self.assertEqual(2, plan["summary"]["blocked"])
        self.assertIn("2 deleted within the hour", plan["actions"][0]["blocked"])

    def test_the_same_loss(self):
        self.converge()
        for name in web(0, 1, 2, 3, 4):
            self.simulator.do("delete", name=name)
        plan = self.assert_same_plan()
        self.assertEqual(1, plan["summary"]["unknown"])

    def test_the_same_with_a_create_of_unknown_outcome(self):
        self.init()
        self.simulator.fault("create:2=drop-reply")
        self.estate.provider(settle="1h")
        self.assert_code(3, self.estate.apply("--timeout", "2s"))
        self.simulator.clear_faults()
        self.assert_same_plan()

    def test_other_specs_are_planned_with_it(self):
        self.converge()
        self.take()
        self.estate.machine_set(count=6)
        actions = self.plan_with("-o", "json").json()["actions"]
        self.assertEqual([("create", "web-5")], [(action["action"], action["name"]) for action in actions])

    def test_selected(self):
        self.converge()
        self.estate.machine_set("db", count=2)
        self.assert_same_plan("--target", "db")

    def test_no_secret_is_in_it_and_nobody_else_may_read_it(self):
        self.converge()
        self.take()
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn(TOKEN, text)
        self.assertEqual("muster.snapshot/v1", json.loads(text)["format"])
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.file).st_mode))

    def test_its_age_is_told(self):
        self.converge()
        self.take()
        with open(self.file, encoding="utf-8") as file:
            snapshot = json.load(file)
        snapshot["at"] = "2026-01-01T00:00:00Z"
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(snapshot, file)
        self.assertRegex(self.plan_with().err, r"snapshot of 2026-01-01T00:00:00Z, \d+d ago")

    def test_of_an_export(self):
        self.converge()
        self.simulator.do("add", name="other", count=3)
        self.assert_code(0, self.estate.run("export", "star", "--save-snapshot", self.file))
        self.assertEqual(3, self.plan_with("-o", "json").json()["summary"]["foreign"])

    def test_without_a_ledger(self):
        self.take()
        result = self.plan_with()
        self.assertIn("taken without a ledger", result.err)
        self.assertIn("5 to create", result.out)

    def test_what_it_does_not_hold_is_unknown(self):
        self.converge()
        self.take()
        self.estate.provider("moon", endpoint="http://127.0.0.1:1/starvcenter/services/cloudresource")
        self.estate.machine_set("batch", provider="moon", count=2)
        result = self.plan_with(code=1)
        self.assertRegex(result.out, r"(?m)^MachineSet/batch on moon: unknown .*\n  \? +the snapshot does not hold it$")

    def test_what_could_not_be_read_is_unknown(self):
        self.converge()
        self.simulator.fault("list=500")
        self.take(code=1)
        self.simulator.clear_faults()
        self.assertRegex(self.plan_with(code=1).out, r"(?m)^  \? +it could not be read when the snapshot was taken: ")

    def test_of_another_estate(self):
        self.converge()
        self.take()
        self.estate.policy("other")
        self.assertIn('a snapshot of the estate "default"', self.plan_with(code=1).err)

    def test_files_that_are_no_snapshots(self):
        for text, words in {"": "not JSON", "{}": "its format is not muster.snapshot/v1", "[" * 100000: "nested"}.items():
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(text)
            self.assertIn(words, self.plan_with(code=1).err)

    def test_both_at_once_is_wrong_usage(self):
        self.assert_code(64, self.estate.run("plan", "--snapshot", self.file, "--save-snapshot", self.file))


if __name__ == "__main__":
    unittest.main()
