# SPDX-License-Identifier: MIT
"""What changes behind muster's back, or in the spec, and what the spec says to leave alone."""

import unittest

from harness import TestCase, finish, wait_until, web


class Repair(TestCase):
    def setUp(self):
        super().setUp()
        self.converge()

    def test_a_deleted_machine_comes_back(self):
        old = self.simulator.named("web-2")["id"]
        self.simulator.do("delete", name="web-2")
        action = self.only_action()
        self.assertEqual(("create", "web-2"), (action["action"], action["name"]))
        self.assertIn(f"web-2 ({old}) is gone", action["reason"])
        self.assertIn("gone", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("create", "web-2")], self.simulator.acting())
        self.assertNotEqual(old, self.simulator.named("web-2")["id"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_stopped_machine_is_started(self):
        machine = self.simulator.named("web-1")
        self.simulator.do("stop", name="web-1")
        action = self.only_action()
        self.assertEqual(("start", "web-1", machine["id"]), (action["action"], action["name"], action["vendorId"]))
        self.assertIn("stopped", action["reason"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("start", machine["id"])], self.simulator.acting())
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_running_machine_is_stopped_when_the_spec_says_so(self):
        self.estate.machine_set(power="stopped")
        self.assertEqual({"stop"}, {action["action"] for action in self.plan()["actions"]})
        self.assert_code(0, self.estate.apply())
        self.assertEqual({0}, {machine["state"] for machine in self.simulator.machines()})
        self.assertEqual({"shutdown"}, {call for call, _ in self.simulator.acting()})

    def test_a_failed_machine_is_replaced_when_the_spec_says_so(self):
        old = self.simulator.named("web-4")["id"]
        self.simulator.do("fail", name="web-4")
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertIn("replaceFailed", str(plan["diagnostics"]))
        self.estate.machine_set(replaceFailed="always")
        action = self.only_action()
        self.assertEqual(("replace", "web-4", old), (action["action"], action["name"], action["vendorId"]))
        self.assertIn("failed", action["reason"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("delete", old), ("create", "web-4")], self.simulator.acting())
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_an_unknown_state_is_left_alone(self):
        self.simulator.do("state", name="web-1", state=77)
        self.estate.machine_set(cpu=8)
        self.assertNotIn("web-1", [action["name"] for action in self.plan()["actions"]])
        self.estate.machine_set(cpu=4, count=4, scaleIn="oldest")
        self.assertEqual("web-0", self.only_action()["name"])

    def test_cpu_and_memory_change_in_place(self):
        before = {machine["name"]: machine["id"] for machine in self.simulator.machines()}
        self.estate.machine_set(cpu=8)
        plan = self.plan()
        self.assertEqual(5, plan["summary"]["update"])
        self.assertEqual([{"field": "cpu", "from": "4", "to": "8"}], plan["actions"][0]["changes"])
        self.assertIn("cpu 4 -> 8", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assertEqual({("cpu", id_) for id_ in before.values()}, set(self.simulator.acting()))

        self.estate.machine_set(memory="16GiB")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(before, {machine["name"]: machine["id"] for machine in self.simulator.machines()})
        self.assertEqual({(8, 16384)}, {(machine["cpu"], machine["memory"]) for machine in self.simulator.machines()})
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_drift_is_changed_back(self):
        """The vendor's own hand: another name does not change what is ours."""
        id_ = self.simulator.named("web-0")["id"]
        self.simulator.do("rename", name="web-0", to="renamed")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(0, self.simulator.calls()["create"])
        self.assertEqual(id_, self.simulator.named("web-0")["id"])

    def test_on_drift_report_only_reports(self):
        self.estate.machine_set(cpu=8, onDrift="report")
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertIn("cpu", str(plan["diagnostics"]))
        self.assert_code(0, self.estate.run("plan", "--detailed-exitcode"))
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_what_cannot_change_in_place_is_reported(self):
        self.estate.machine_set(template="tmpl-8")
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertIn("template", str(plan["diagnostics"]))
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_a_protected_machine_is_no_victim(self):
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=3, protect=["web-4", self.simulator.named("web-2")["id"]])
        self.converge()
        self.assert_names(web(0, 2, 4))
        self.estate.machine_set(count=1)
        self.estate.apply()
        self.assert_names(web(2, 4))

    def test_a_held_machine_is_not_touched_at_all(self):
        self.simulator.do("stop", name="web-3")
        self.simulator.do("stop", name="web-1")
        self.estate.machine_set(cpu=8, hold=["web-3"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual((0, 4), (self.simulator.named("web-3")["state"], self.simulator.named("web-3")["cpu"]))
        self.assertEqual((1, 8), (self.simulator.named("web-1")["state"], self.simulator.named("web-1")["cpu"]))
        self.estate.machine_set(count=2)
        self.assert_code(0, self.estate.apply())
        self.assert_names(web(0, 3))

    def test_the_oldest_go_first_when_the_spec_says_so(self):
        self.estate.machine_set(count=3, scaleIn="oldest")
        self.assertEqual(web(0, 1), sorted(action["name"] for action in self.plan()["actions"]))
        self.converge()
        self.assert_names(web(2, 3, 4))

    def test_paused_is_planned_and_not_done(self):
        for pause in ["the set", "the provider", "the policy"]:
            with self.subTest(pause):
                self.estate.machine_set(count=7, paused=pause == "the set")
                self.estate.provider(paused=pause == "the provider")
                self.estate.policy(paused=pause == "the policy")
                plan = self.plan()
                self.assertEqual(2, plan["summary"]["blocked"])
                self.assertIn("paused", plan["actions"][0]["blocked"])
                self.assert_code(3, self.estate.apply())
                self.assert_no_act()
                self.assertEqual("paused", self.estate.status()["phase"])

    def test_orphans_stay_unless_pruned(self):
        self.estate.machine_set("db", count=1)
        self.converge()
        self.estate.remove("MachineSet", "web")
        self.assertEqual(5, self.plan()["summary"]["orphaned"])
        self.assert_code(0, self.estate.run("plan", "--detailed-exitcode"))
        self.converge()
        self.assert_names(web(0, 1, 2, 3, 4) + ["db-0"])
        self.estate.policy(prune=True, maxDeletes="100%")
        self.assert_code(0, self.estate.apply())
        self.assert_names(["db-0"])


class NeverReady(TestCase):
    simulator_arguments = ["--ready-delay", "2s"]

    def test_a_machine_that_never_worked_is_replaced_three_times_an_hour(self):
        self.estate.provider(settle="10s")  # longer than a delete takes
        self.estate.machine_set(count=1)
        self.init()
        apply = self.start_muster("apply", "--yes")
        for made in range(1, 5):
            wait_until(lambda: self.simulator.calls()["create"] == made, f"machine {made} is made")
            self.simulator.do("fail", name="web-0")
        result = finish(apply)
        self.assert_code(3, result)
        self.assertEqual((4, 3), (self.simulator.calls()["create"], self.simulator.calls()["delete"]))
        self.assertIn("3 times within the hour", self.estate.status()["message"])


if __name__ == "__main__":
    unittest.main()
