# SPDX-License-Identifier: MIT
"""Data disks with the real programs: made with their machines, kept as the specs say, and never anybody else's."""

import re
import unittest
import urllib.request

from disks import DATA, LARGER, LOGS, Disks
from harness import DEADLINE, wait_until, web
from vendors import VendorCase


class Life(Disks):
    """From nothing to nothing, and what people do in between."""

    def test_from_nothing(self):
        self.init()
        plan = self.plan()["actions"]
        self.assertEqual([("create", "Machine", "web-0"), ("create", "Machine", "web-1"), ("create", "Disk", "web-0/data"),
                          ("create", "Disk", "web-1/data")], [(a["action"], a["kind"], a["name"]) for a in plan])
        self.assertEqual([[plan[0]["id"]], [plan[1]["id"]]], [a["dependsOn"] for a in plan[2:]])
        self.converge()
        self.assert_settled(web(0, 1), ("data", 10))

    def test_a_silent_pass_asks_once_a_machine(self):
        self.converge()
        self.plan()
        self.assertEqual(2, self.simulator.calls()["disk-list"])

    def test_another_disk_is_added(self):
        self.converge()
        self.resize(DATA, LOGS)
        self.assertEqual([("create", "Disk", "web-0/logs"), ("create", "Disk", "web-1/logs")], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1), ("data", 10), ("logs", 5))

    def test_a_machine_that_is_changed_comes_before_what_hangs_on_it(self):
        """The vendor locks it meanwhile, and would refuse."""
        self.converge()
        self.resize(LARGER, LOGS, cpu=8)
        plan = {a["name"]: a for a in self.plan()["actions"]}
        for machine in web(0, 1):
            for disk in ("data", "logs"):
                self.assertEqual([plan[machine]["id"]], plan[f"{machine}/{disk}"]["dependsOn"])
        self.assert_code(0, self.estate.apply())
        acting = [call for call, _ in self.simulator.acting()]
        self.assertEqual({"cpu": 2, "disk": 2, "disk-resize": 2}, {call: acting.count(call) for call in acting})
        self.assert_settled(web(0, 1), ("data", 20), ("logs", 5))

    def test_one_that_a_person_deleted_comes_back(self):
        self.converge()
        gone = self.the("web-1")["id"]
        self.simulator.do("disk-delete", id=gone)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["disk"], [call for call, _ in self.simulator.acting()])
        self.assertNotEqual(gone, self.the("web-1")["id"])
        self.assert_settled(web(0, 1), ("data", 10))

    def test_a_smaller_one_is_extended(self):
        self.converge()
        before = {machine: self.the(machine)["id"] for machine in web(0, 1)}
        self.resize(LARGER)
        self.assertEqual([("update", "Disk", "web-0/data"), ("update", "Disk", "web-1/data")], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["disk-resize"] * 2, [call for call, _ in self.simulator.acting()])
        self.assertEqual(before, {machine: self.the(machine)["id"] for machine in web(0, 1)})
        self.assert_settled(web(0, 1), ("data", 20))

    def test_one_that_a_person_made_smaller_is_extended_again(self):
        self.converge()
        self.simulator.do("disk-change", id=self.the("web-0")["id"], size=3)
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1), ("data", 10))

    def test_two_to_six_to_one(self):
        self.converge()
        self.estate.machine_set(count=6)
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2, 3, 4, 5), ("data", 10))
        self.estate.machine_set(count=1)
        plan = self.estate.run("plan", "-o", "json").json()["actions"]
        self.assertEqual({f"web-{n}{disk}" for n in range(1, 6) for disk in ("", "/data")}, {a["name"] for a in plan})
        self.assertEqual({"delete"}, {a["action"] for a in plan})
        self.assert_code(0, self.estate.apply())
        self.assertNotIn("disk-delete", [call for call, _ in self.simulator.acting()])  # they go with their machines
        self.assert_settled(web(0), ("data", 10))

    def test_a_replaced_machine_gets_a_disk_of_its_own(self):
        self.estate.machine_set(replaceFailed="always")
        self.converge()
        before = self.the("web-1")["id"]
        self.simulator.do("fail", name="web-1")
        self.assertIn("its data disk goes with it and comes back empty", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assertNotEqual(before, self.the("web-1")["id"])
        self.assert_settled(web(0, 1), ("data", 10))

    def test_a_lost_machine_comes_back_with_its_disk(self):
        self.converge()
        self.simulator.do("delete", name="web-0")
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1), ("data", 10))

    def test_a_disk_of_somebody_else_is_never_touched(self):
        """On a machine of ours: without a mark, with a name that looks like ours, and one that no spec names."""
        self.converge()
        machine = self.simulator.named("web-0")["id"]
        for number, description in enumerate(("", "data", "web-0/data", "muster", "muster:web-0/other")):
            self.simulator.do("disk-add", machine=machine, size=3, device=f"vd{chr(ord('e') + number)}", description=description)
        theirs = sorted((d["id"], d["description"], d["size"]) for d in self.all_disks() if d["size"] == 3)
        self.estate.policy(prune=True)
        self.resize(LARGER)
        self.assert_code(0, self.estate.apply())
        self.resize()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(theirs, sorted((d["id"], d["description"], d["size"]) for d in self.all_disks() if d["size"] == 3))
        self.assertEqual(0, len([d for d in self.all_disks() if d["description"] == "muster:web-0/data"]))

    def test_one_with_our_mark_that_is_not_ours_is_a_conflict(self):
        self.converge()
        machine = self.simulator.named("web-0")["id"]
        self.simulator.do("disk-add", machine=machine, size=3, device="vdf", description="muster:web-0/logs")
        stranger = [d for d in self.all_disks() if d["size"] == 3][0]["id"]
        self.resize(DATA, LOGS)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn(f"a disk that is marked as web-0/logs ({stranger}) is there and is not ours", result.out)
        self.assertEqual([("muster:web-0/data", 10), ("muster:web-0/logs", 3)], self.of("web-0"))
        self.assertEqual([("muster:web-1/data", 10), ("muster:web-1/logs", 5)], self.of("web-1"))
        self.simulator.do("disk-delete", id=stranger)
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1), ("data", 10), ("logs", 5))

    def test_dropped_from_the_spec_and_nothing_is_pruned(self):
        self.resize(DATA, LOGS)
        self.converge()
        self.resize(DATA)
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertEqual(2, plan["summary"]["orphaned"])
        text = self.estate.run("plan").out
        for machine in web(0, 1):
            self.assertIn(f"{machine}/logs ({self.the(machine, 'logs')['id']}) is orphaned: kept, because prune is off", text)
        self.assert_settled(web(0, 1), ("data", 10), ("logs", 5))

    def test_dropped_from_the_spec_and_pruned(self):
        self.resize(DATA, LOGS)
        self.converge()
        self.resize(DATA)
        self.estate.policy(prune=True)
        self.assertEqual([("delete", "Disk", "web-0/logs"), ("delete", "Disk", "web-1/logs")], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["disk-delete"] * 2, [call for call, _ in self.simulator.acting()])
        self.assert_settled(web(0, 1), ("data", 10))

    def test_more_than_may_go_is_kept(self):
        self.resize(DATA, LOGS)
        self.converge()
        self.resize(LARGER)
        self.estate.policy(prune=True, maxDeletes=1)
        self.assert_code(3, self.estate.apply())
        self.assert_disks(web(0, 1), ("data", 20), ("logs", 5))

    def test_a_snapshot_plans_the_same(self):
        self.converge()
        self.resize(LARGER, LOGS, count=3)
        path = self.root + "/snapshot.json"
        live = self.plan("--save-snapshot", path)
        self.assertEqual(live["actions"], self.plan("--snapshot", path)["actions"])


class InTurn(Disks):
    """An agent over more machines than a look asks about."""

    count = 300
    listing = 11  # requests that it takes to list them
    budget = 50  # half a second's, which is half of the interval

    def setUp(self):
        super().setUp()
        self.converge()
        self.estate.provider(rateLimit="100/s")
        self.agent = self.start_agent("--interval", "1s", "--listen", "127.0.0.1:0")
        self.listen = self.wait(lambda: re.search(r"http://[0-9.:]+", self.agent.log()), "it tells where it listens")[0]

    def wait(self, condition, what):
        """With the agent's messages read: it tells each time what it is at, and waits while nobody listens."""
        return wait_until(lambda: self.agent.messages() and condition(), what)

    def metric(self, name):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.listen + "/metrics", timeout=DEADLINE) as reply:
            found = re.search(rf'(?m)^{name}{{provider="star"}} (\d+)$', reply.read().decode())
        return int(found[1]) if found else None

    def sizes(self):
        return [disk["size"] for disk in self.all_disks() if disk["description"]]

    def test_it_keeps_to_its_budget_and_everybody_has_a_turn(self):
        self.wait(lambda: self.metric("muster_details_unknown") == 0, "it knows all")
        oldest = self.metric("muster_details_oldest_timestamp_seconds")
        self.wait(lambda: self.metric("muster_details_oldest_timestamp_seconds") > oldest, "the oldest answer is given anew")
        self.wait(lambda: self.simulator.calls()["disk-list"] > 6 * self.budget, "some looks")
        calls = self.simulator.calls()
        looks = calls["list"] // self.listing + 1
        self.assertLessEqual(calls["disk-list"], looks * self.budget)
        self.assertGreater(looks, 6)
        status = self.wait(lambda: (row := self.estate.status()) and "in turn" in row["message"] and row, "it says how old that is")
        self.assertEqual("converged", status["phase"])
        self.assertRegex(status["message"], r"machines are asked for their disks in turn: 250 are as an earlier look saw them, the oldest at \d{4}-")
        self.assertIn("in turn", self.estate.run("explain", "MachineSet/web").out)
        self.assert_no_act()

    def test_what_is_wrong_is_put_right_once(self):
        self.wait(lambda: self.metric("muster_details_unknown") == 0, "it knows all")
        self.simulator.do("disk-delete", id=self.the("web-17")["id"])
        self.estate.machine_set(count=303)
        self.wait(lambda: self.sizes() == [10] * 303, "new machines have theirs, and the lost one is back")
        self.resize(LARGER)
        self.wait(lambda: self.sizes() == [20] * 303, "all are extended")
        acting = [call for call, _ in self.simulator.acting()]
        self.assertEqual({"create": 3, "disk": 4, "disk-resize": 303}, {call: acting.count(call) for call in acting})
        self.assert_disks(web(*range(303)), ("data", 20))
        self.assertEqual(0, self.agent.stop())

    def test_its_snapshot_plans_what_it_knows(self):
        self.wait(lambda: self.metric("muster_details_unknown") == 0, "it knows all")
        self.agent.stop()
        self.resize(LARGER)
        self.agent = self.start_agent("--observe", "--interval", "1s", "--listen", "127.0.0.1:0")
        self.listen = self.wait(lambda: re.search(r"http://[0-9.:]+", self.agent.log()), "it tells where it listens")[0]
        self.wait(lambda: self.metric("muster_details_unknown") == 0, "it knows all")
        plan = self.plan("--snapshot", self.listen + "/v1/snapshot")
        self.assertEqual({f"web-{n}/data" for n in range(300)}, {a["name"] for a in plan["actions"]})
        self.assert_no_act()


class TooSmall(Disks):
    """A disk never shrinks: to ask for that is an error of the plan, and everything else is done."""

    def setUp(self):
        super().setUp()
        self.resize(LARGER)
        self.converge()
        self.resize(DATA)

    WORDS = "size is 20GiB, spec says 10GiB; a disk cannot shrink: write size: 20GiB or more"

    def test_every_plan_shows_the_error(self):
        result = self.estate.run("plan", "-o", "json")
        self.assert_code(1, result)
        plan = result.json()
        self.assertEqual([], plan["actions"])
        self.assertEqual([{"severity": "error", "resource": "MachineSet/web", "message": f"web-{n}/data: {self.WORDS}"} for n in (0, 1)],
                         plan["diagnostics"])
        self.assertIn(f"error: MachineSet/web: web-0/data: {self.WORDS}\n", result.err)
        result = self.estate.run("plan")
        self.assert_code(1, result)
        self.assertIn(f"    error: web-1/data: {self.WORDS}\n", result.out)
        self.assertIn("Plan: 0 to create, 0 to change, 0 to delete, 0 blocked, 0 unknown, 2 errors.", result.out)
        result = self.estate.run("plan", "-o", "markdown")
        self.assert_code(1, result)
        self.assertIn(f"- error: `web-1/data`: `{self.WORDS}`\n", result.out)
        self.assert_code(1, self.estate.run("plan", "--detailed-exitcode"))
        self.assert_no_act()

    def test_everything_else_is_done(self):
        self.resize(DATA, LOGS, count=3, cpu=8)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("cannot shrink", result.out)
        self.assertEqual(0, self.simulator.calls()["disk-resize"])
        for machine in web(0, 1):
            self.assertEqual([(f"muster:{machine}/data", 20), (f"muster:{machine}/logs", 5)], self.of(machine))
            self.assertEqual(8, self.simulator.named(machine)["cpu"])
        self.assertEqual([("muster:web-2/data", 10), ("muster:web-2/logs", 5)], self.of("web-2"))
        status = self.estate.status()
        self.assertEqual(("failed", "refused"), (status["phase"], status["reason"]))
        self.assertIn(self.WORDS, status["message"])
        self.resize({"name": "data", "size": "20GiB"}, LOGS)
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2), ("data", 20), ("logs", 5))

    def test_a_saved_plan_does_the_rest_as_well(self):
        self.resize(DATA, LOGS)
        self.assert_code(1, self.estate.run("plan", "--out", self.root + "/saved.json"))
        self.assert_code(3, self.estate.run("apply", "--plan", self.root + "/saved.json"))
        self.assert_disks(web(0, 1), ("data", 20), ("logs", 5))

    def test_where_drift_is_only_reported_it_is_no_error(self):
        self.resize(DATA, onDrift="report")
        self.assertIn("web-0/data: size is 20GiB, spec says 10GiB; only reported, as onDrift says",
                      [d["message"] for d in self.plan()["diagnostics"]])
        self.assert_settled(web(0, 1), ("data", 20))


class AtJimv:
    """Where one listing shows the disks of all machines, and the vendor itself would shrink one, and lose what is on it."""

    def setUp(self):
        super().setUp()
        self.make_estate()
        self.machine_set(count=2, disks=[LARGER])
        self.converge()

    def disks(self):
        """Data disks: (id, GiB), sorted; a guest's first disk has the guest's own id."""
        guests = {machine["id"] for machine in self.simulator.machines()}
        return sorted((disk["id"], disk["size"]) for disk in self.simulator.state("disks") if disk["id"] not in guests)

    def test_to_shrink_one_is_an_error_and_not_sent(self):
        before = self.disks()
        self.machine_set(count=3, disks=[DATA])
        result = self.estate.run("plan", "-o", "json")
        self.assert_code(1, result)
        self.assertEqual([{"severity": "error", "resource": "MachineSet/web", "message": f"web-{n}/data: {TooSmall.WORDS}"}
                          for n in (0, 1)], result.json()["diagnostics"])
        self.assert_code(3, self.estate.apply())
        self.assertEqual(0, self.simulator.calls()["disk-resize"])
        self.assertLessEqual(set(before), set(self.disks()))
        self.assertEqual([10, 20, 20], sorted(size for _, size in self.disks()))

    def test_one_that_a_person_deleted_comes_back(self):
        gone, stays = self.disks()
        self.simulator.do("disk-delete", id=gone[0])
        self.assert_code(0, self.estate.apply())
        self.assertIn(stays, self.disks())
        self.assertNotIn(gone, self.disks())
        self.assertEqual([20, 20], [size for _, size in self.disks()])
        self.assert_quiet()

    def test_dropped_from_the_spec_and_pruned(self):
        self.simulator.do("disk-add", size=3)
        theirs = [disk for disk in self.disks() if disk[1] == 3]
        self.machine_set(count=2, disks=[])
        self.assert_quiet()
        self.assertEqual(3, len(self.disks()))
        self.estate.policy(prune=True, maxDeletes="100%")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(theirs, self.disks())
        self.assert_quiet()

    def test_while_the_listing_of_all_disks_cannot_be_read_nothing_is_known(self):
        """It says for nobody what hangs on him, so there is no single machine to leave alone."""
        self.machine_set(count=3, disks=[LARGER, LOGS])
        self.simulator.reset_calls()
        for fault in ("html", "truncate", "500"):
            with self.subTest(fault=fault):
                self.simulator.fault(f"disk-list={fault}")
                result = self.estate.run("plan", "-o", "json")
                self.assert_code(1, result)
                self.assertEqual([], result.json()["actions"])
                self.assertEqual(1, result.json()["summary"]["unknown"])
                self.assert_code(1, self.estate.apply())
                self.assert_no_act()
                self.simulator.clear_faults()


class AtJimv2017(AtJimv, VendorCase):
    name = "jimv-2017"


class AtJimv08(AtJimv, VendorCase):
    name = "jimv-0.8"


if __name__ == "__main__":
    unittest.main()
