# SPDX-License-Identifier: MIT
"""From nothing to the count, up and down, and who is left alone."""

import unittest

from harness import TestCase, web


class Converge(TestCase):
    def test_from_nothing_and_then_nothing(self):
        self.init()
        result = self.estate.apply()
        self.assert_code(0, result)
        self.assertEqual([("create", name) for name in web(0, 1, 2, 3, 4)], sorted(self.simulator.acting()))
        self.assert_converged(web(0, 1, 2, 3, 4))
        plan = self.estate.run("plan", "--detailed-exitcode")
        self.assert_code(0, plan)
        self.assertIn("No changes", plan.out)

    def test_machines_are_as_the_spec_says(self):
        self.estate.machine_set(count=1, cpu=2, memory="4GiB", template="tmpl-9", network="pg-3")
        self.converge()
        machine = self.simulator.named("web-0")
        self.assertEqual((2, 4096, "tmpl-9", "pg-3"),
                         tuple(machine[key] for key in ("cpu", "memory", "template", "network")))

    def test_apply_makes_the_ledger_when_asked(self):
        self.assert_code(0, self.estate.apply("--init"))
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_detailed_exitcode_of_changes(self):
        self.init()
        self.assert_code(2, self.estate.run("plan", "--detailed-exitcode"))
        self.assert_code(0, self.estate.run("plan"))
        self.assert_no_act()

    def test_grows_and_shrinks_by_the_newest(self):
        self.estate.policy(maxDeletes="100%")
        self.converge()
        first = {machine["name"]: machine["id"] for machine in self.simulator.machines()}
        self.estate.machine_set(count=8)
        self.converge()
        self.assert_names(web(0, 1, 2, 3, 4, 5, 6, 7))

        self.estate.machine_set(count=3)
        plan = self.plan()
        victims = [action["name"] for action in plan["actions"]]
        self.assertEqual({"delete"}, {action["action"] for action in plan["actions"]})
        self.assertEqual(web(3, 4, 5, 6, 7), sorted(victims))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5, self.simulator.calls()["delete"])
        self.assert_converged(web(0, 1, 2))
        left = {machine["name"]: machine["id"] for machine in self.simulator.machines()}
        self.assertEqual({name: first[name] for name in web(0, 1, 2)}, left)

    def test_growth_takes_the_lowest_free_ordinal(self):
        self.estate.machine_set(scaleIn="oldest")
        self.converge()
        self.estate.machine_set(count=3)
        self.converge()
        self.assert_names(web(2, 3, 4))
        self.estate.machine_set(count=4)
        self.converge()
        self.assert_names(web(0, 2, 3, 4))

    def test_shrinks_to_none(self):
        self.estate.policy(maxDeletes="100%")
        self.converge()
        self.estate.machine_set(count=0)
        self.assert_code(0, self.estate.apply())
        self.assert_converged([])

    def test_two_sets(self):
        self.estate.machine_set("db", count=2, cpu=2)
        self.converge()
        self.assert_converged(web(0, 1, 2, 3, 4) + ["db-0", "db-1"])

    def test_pages(self):
        self.estate.machine_set(count=75)
        self.converge()
        self.assertEqual(75, len(self.simulator.names()))
        self.assert_converged(web(*range(75)))


class Strangers(TestCase):
    def strangers(self):
        return [machine for machine in self.simulator.machines() if machine["template"] == "theirs"]

    def test_are_never_touched(self):
        for name in ["web-9", "web", "web-03", "webx-0", "db-0", "web-0-old"]:
            self.simulator.do("add", name=name, template="theirs")
        self.simulator.do("add", name="other", template="theirs", count=40)
        self.simulator.do("stop", name="db-0")
        before = self.strangers()
        self.estate.policy(maxDeletes="100%")
        self.converge()
        self.assertEqual(46, self.plan()["summary"]["foreign"])

        self.estate.machine_set(count=8, cpu=8)
        self.converge()
        self.estate.machine_set(count=2)
        self.converge()
        self.assertEqual(before, self.strangers())
        self.assertEqual(48, len(self.simulator.machines()))

    def test_in_our_place_is_a_conflict(self):
        self.simulator.do("add", name="web-3", template="theirs")
        self.init()
        stranger = self.simulator.named("web-3")
        blocked = [action for action in self.plan()["actions"] if action["blocked"]]
        self.assertEqual(["web-3"], [action["name"] for action in blocked])
        self.assertIn(f"adopt web-3 {stranger['id']}", blocked[0]["blocked"])

        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("adopt", result.out + result.err)
        self.assert_names(web(0, 1, 2, 3, 4))
        self.assertEqual(stranger, self.simulator.named("web-3"))
        status = self.estate.status()
        self.assertEqual(("blocked", "conflict"), (status["phase"], status["reason"]))

        result = self.estate.run("adopt", "web-3", stranger["id"])
        self.assert_code(0, result)
        self.converge()
        self.assert_converged(web(0, 1, 2, 3, 4))
        self.assertEqual(stranger["id"], self.simulator.named("web-3")["id"])

    def test_that_comes_later_is_a_conflict(self):
        self.estate.machine_set(count=3)
        self.converge()
        self.simulator.do("add", name="web-3", template="theirs")
        self.estate.machine_set(count=5)
        self.assert_code(3, self.estate.apply())
        self.assert_names(web(0, 1, 2, 3, 4))
        self.assertEqual([("create", "web-4")], self.simulator.acting())


class Limits(TestCase):
    def test_deletes_over_the_limit_wait_and_the_rest_goes_on(self):
        self.estate.policy(maxDeletes=2)
        self.estate.machine_set("db", count=1)
        self.converge()
        self.estate.machine_set(count=1)
        self.estate.machine_set("db", count=3)
        plan = self.plan()
        self.assertEqual((2, 0, 4), tuple(plan["summary"][key] for key in ("create", "delete", "blocked")))

        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertEqual(0, self.simulator.calls()["delete"])
        self.assert_names(web(0, 1, 2, 3, 4) + ["db-0", "db-1", "db-2"])
        status = self.estate.status()
        self.assertEqual(("blocked", "limit"), (status["phase"], status["reason"]))
        self.assertEqual("converged", self.estate.status("MachineSet/db")["phase"])
        self.assert_code(2, self.estate.run("plan", "--detailed-exitcode"))

        self.assert_code(0, self.estate.apply("--max-deletes", "4"))
        self.assert_converged(web(0) + ["db-0", "db-1", "db-2"])

    def test_the_hour_counts(self):
        self.estate.policy(maxDeletes=3)
        self.converge()
        self.estate.machine_set(count=3)
        self.converge()
        self.estate.machine_set(count=1)
        self.assert_code(3, self.estate.apply())
        self.assert_names(web(0, 1, 2))
        self.assert_code(0, self.estate.apply("--max-deletes=100%"))
        self.assert_names(web(0))

    def test_none_may_be_deleted(self):
        self.converge()
        self.estate.machine_set(count=4)
        self.assert_code(3, self.estate.apply("--max-deletes", "0"))
        self.assert_names(web(0, 1, 2, 3, 4))

    def test_creates_over_the_limit(self):
        self.estate.policy(maxCreates=3)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assert_names([])
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assert_converged(web(0, 1, 2))


if __name__ == "__main__":
    unittest.main()
