# SPDX-License-Identifier: MIT
"""The life of a set: renamed, split, under repair, restarted and rolled over. Nothing is made anew that need not be."""

import unittest

from harness import TestCase, wait_until, web

QUICK = {"maxUnavailable": 1, "minReady": "1s"}


class Lifecycle(TestCase):
    def setUp(self):
        super().setUp()
        self.estate.policy(maxDeletes="100%")
        self.converge()
        self.ids = {machine["name"]: machine["id"] for machine in self.simulator.machines()}

    def test_a_renamed_set_keeps_its_machines(self):
        self.estate.remove("MachineSet", "web")
        self.estate.machine_set("shop", formerly="web", count=6)
        action = self.only_action()
        self.assertEqual(("create", "shop-5"), (action["action"], action["name"]))
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("create", "shop-5")], self.simulator.acting())
        self.assert_converged(web(0, 1, 2, 3, 4) + ["shop-5"])

    def test_a_renamed_provider_keeps_its_machines(self):
        provider = self.estate.documents["Provider", "star"]
        self.estate.remove("Provider", "star")
        self.estate.provider("galaxy", formerly="star", **provider)
        self.estate.machine_set(provider="galaxy")
        self.assertEqual([], self.plan()["actions"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_set_is_split(self):
        """web-3 and web-4 go to another set: released here, adopted there."""
        self.estate.machine_set(count=3, release=["web-3", "web-4"])
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.estate.machine_set("api", count=2, adopt={"api-0": self.ids["web-3"], "api-1": self.ids["web-4"]})
        actions = self.plan()["actions"]
        self.assertEqual([("adopt", "api-0"), ("adopt", "api-1")], [(a["action"], a["name"]) for a in actions])
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        owned = self.estate.owned()
        self.assertEqual(self.ids["web-3"], owned["api-0"])
        self.assertEqual(self.ids["web-4"], owned["api-1"])
        self.estate.machine_set(count=4)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("create", "web-5")], self.simulator.acting(), "the name of a released machine is not used again")

    def test_what_an_adoption_brings_is_shown_with_it(self):
        self.simulator.do("add", name="old", cpu=2, memory=8192)
        old = self.simulator.named("old")["id"]
        self.estate.machine_set(count=6, adopt={"web-7": old})
        actions = self.plan()["actions"]
        self.assertEqual([("adopt", "web-7"), ("update", "web-7")], [(a["action"], a["name"]) for a in actions])
        self.assertEqual([actions[0]["id"]], actions[1]["dependsOn"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("cpu", old)], self.simulator.acting())
        self.assertEqual("old", self.simulator.named("old")["name"], "an adopted machine is never renamed")

    def test_no_name_is_given_twice(self):
        """An adopted machine keeps its name, even where another slot would have it."""
        self.simulator.do("add", name="web-5", cpu=4, memory=8192)
        taken = self.simulator.named("web-5")["id"]
        self.estate.machine_set(count=6, adopt={"web-7": taken})
        self.assert_code(0, self.estate.apply())
        self.estate.machine_set(count=7, adopt={"web-7": taken})
        action = self.only_action()
        self.assertEqual(("create", "web-5"), (action["action"], action["name"]))
        self.assertIn(f"web-7 ({taken})", action["blocked"])
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.simulator.do("rename", id=taken, to="old")
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("create", "web-5")], self.simulator.acting())

    def test_an_adoption_of_nothing_is_a_conflict(self):
        """And it takes nothing away: nothing is deleted to make room for it, and nothing made in its place."""
        for count in (5, 6):
            self.estate.machine_set(adopt={"web-7": "vm-777"}, count=count)
            self.assertIn("vm-777", self.only_action()["blocked"])
            self.assert_code(3, self.estate.apply())
            self.assert_no_act()

    def test_a_machine_on_hold_is_counted_and_not_touched(self):
        self.estate.machine_set(hold=["web-3"], cpu=8, onDrift="replace", template="tmpl-8", rollout=QUICK)
        self.assert_code(0, self.estate.apply())
        held = self.simulator.named("web-3")
        self.assertEqual((self.ids["web-3"], 1, 4), (held["id"], held["state"], held["cpu"]))
        self.assertEqual({"tmpl-8"}, {m["template"] for m in self.simulator.machines() if m["name"] != "web-3"})

    def test_a_machine_on_hold_that_is_away_holds_a_rollout_up(self):
        self.simulator.do("stop", name="web-3")
        self.estate.machine_set(hold=["web-3"], onDrift="replace", template="tmpl-8", rollout=QUICK)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertNotIn("Out of time", result.out)
        self.assertIn("on hold", result.out)
        self.assert_no_act()

    def test_a_template_rolls_out_one_at_a_time(self):
        self.estate.machine_set(template="tmpl-8", onDrift="replace", rollout=QUICK)
        self.assertEqual({"replace"}, {a["action"] for a in self.plan()["actions"]})
        self.assert_code(0, self.estate.apply())
        acting = self.simulator.acting()
        self.assertEqual(["delete", "create"] * 5, [call for call, _ in acting])
        self.assertEqual({"tmpl-8"}, {machine["template"] for machine in self.simulator.machines()})
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_rollout_stops_when_a_machine_fails(self):
        self.estate.machine_set(template="tmpl-8", onDrift="replace", replaceFailed="never", rollout=QUICK | {"minReady": "2s"})
        apply = self.start_muster("apply", "--yes", "--timeout", "40s")
        new = wait_until(lambda: [m for m in self.simulator.machines() if m["template"] == "tmpl-8" and m["state"] == 1], "a new machine")
        self.simulator.do("fail", id=new[0]["id"])
        self.assertEqual(3, apply.wait(60))
        self.assertIn("rollout.onFailure", self.estate.run("status").out + self.estate.run("plan").out)
        self.assertEqual(4, len([m for m in self.simulator.machines() if m["template"] == "tmpl-7"]))
        owned = self.estate.owned()
        self.assertEqual({m["name"]: m["id"] for m in self.simulator.machines()}, owned, "the ledger and the vendor agree")

    def test_drift_that_cannot_change_is_only_reported(self):
        self.estate.machine_set(template="tmpl-8")
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertIn("template is tmpl-7", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_protect_outlives_the_spec(self):
        self.estate.machine_set(protect=["web-1"])
        self.assert_code(0, self.estate.apply())
        self.estate.remove("MachineSet", "web")
        self.estate.policy(maxDeletes="100%", prune=True)
        self.estate.apply()
        self.assert_names(["web-1"])


class Restart(TestCase):
    """A vendor that changes cpu and memory only of machines that are off."""

    simulator_arguments = ["--quirks"]

    def setUp(self):
        super().setUp()
        self.converge()

    def test_a_change_that_needs_a_restart_is_told(self):
        self.estate.machine_set(count=2)
        self.assert_code(0, self.estate.apply("--max-deletes", "100%"))
        self.estate.machine_set(cpu=8)
        self.assert_code(3, self.estate.apply())
        self.assertIn("needs a restart", self.estate.run("status").out)
        self.assertEqual({4}, {machine["cpu"] for machine in self.simulator.machines()})

    def test_it_restarts_them_in_turn_when_it_may(self):
        self.estate.machine_set(count=2)
        self.assert_code(0, self.estate.apply("--max-deletes", "100%"))
        self.simulator.reset_calls()
        self.estate.machine_set(cpu=8, restart="rolling", rollout=QUICK)
        self.assert_code(0, self.estate.apply())
        self.assertEqual({8}, {machine["cpu"] for machine in self.simulator.machines()})
        self.assertEqual({1}, {machine["state"] for machine in self.simulator.machines()})
        self.assertEqual([], [call for call in self.simulator.acting() if call[0] in ("create", "delete")])


if __name__ == "__main__":
    unittest.main()
