# SPDX-License-Identifier: MIT
"""Taking a snapshot, and planning with nothing else."""

import os


class SnapshotCase:
    """To be mixed into a TestCase."""

    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.root, "now.json")

    def take(self, *arguments, code=0):
        result = self.estate.run("plan", "--save-snapshot", self.file, *arguments)
        self.assert_code(code, result)
        return result

    def plan_with(self, *arguments, code=0):
        """Plans far from the ledger and every secret."""
        environment = {key: value for key, value in self.estate.environment.items() if key != "STAR_TOKEN"}
        environment["MUSTER_STATE"] = os.path.join(self.root, "elsewhere", "muster.db")
        self.simulator.reset_calls()
        result = self.estate.run("plan", "--snapshot", self.file, *arguments, env=environment)
        self.assert_code(code, result)
        self.assertEqual(0, self.simulator.calls()["reads"])
        self.assertFalse(os.path.exists(os.path.join(self.root, "elsewhere")))
        return result

    def assert_same_plan(self, *arguments, code=0):
        live, text = self.take("-o", "json", *arguments, code=code), self.estate.run("plan", *arguments)
        shown = self.plan_with("-o", "json", *arguments, code=code)
        mine, theirs = live.json(), shown.json()
        for plan in (mine, theirs):
            for requests in plan["requests"].values():
                requests["read"] = None
        self.assertEqual(mine, theirs)
        self.assertEqual(text.out, self.plan_with(*arguments, code=code).out)
        return mine
