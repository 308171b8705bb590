# SPDX-License-Identifier: MIT
"""Rules of access: one for each machine of a set, as it grows and shrinks; a changed one is added before the old one goes.

No listing shows whose a rule is. What a call made is told by its id, or by all that it says; where that does not decide it, a person is asked.
"""

import os
import signal
import unittest

from harness import TestCase, wait_until, web

RULE = {"provider": "star", "firewall": "edge", "machineSet": "web", "direction": "in", "protocol": "tcp", "ports": "80,443",
        "from": ["10.0.0.0/8"]}


class Access(TestCase):
    """Two machines and a rule for them; and rules of somebody else's, one of them for a machine of ours."""

    def setUp(self):
        super().setUp()
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=2)
        self.rule(**RULE)
        self.simulator.do("add", name="theirs", cpu=1, memory=1024)
        theirs = self.simulator.named("theirs")
        self.simulator.do("acl-add", machine=theirs["id"], type="net_gate", target=theirs["address"], source="10.0.0.0/8",
                          ports="80,443", protocol="tcp")
        self.foreign = [row["id"] for row in self.rows()]

    def rule(self, name="web-in", **spec):
        self.estate.write("AccessRule", name, **spec)

    def rows(self):
        return self.simulator.state("acls")

    def ours(self):
        """All rules but those that somebody else made."""
        return [row for row in self.rows() if row["id"] not in self.foreign]

    def address(self, name):
        return self.simulator.named(name)["address"]

    def equal(self, name, **other):
        """Somebody else adds a rule like ours for one machine."""
        machine = self.simulator.named(name)
        self.simulator.do("acl-add", **{"machine": machine["id"], "type": "net_gate", "target": machine["address"],
                                        "source": "10.0.0.0/8", "ports": "80,443", "protocol": "tcp"} | other)

    def actions(self):
        return [(a["action"], a["kind"], a["name"]) for a in self.plan()["actions"]]

    def assert_silent(self):
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertEqual([], self.plan()["actions"])

    def assert_rules(self, *machines, ports="80,443", source="10.0.0.0/8"):
        """Each of the machines has one of ours, at the address that it has, and what is somebody else's is there."""
        self.assertEqual(sorted((self.address(m), ports, source, "tcp", "net_gate") for m in machines),
                         sorted((r["target"], r["ports"], r["source"], r["protocol"], r["type"]) for r in self.ours()))
        self.assertEqual(self.foreign, [r["id"] for r in self.rows() if r["id"] in self.foreign])
        self.assert_silent()
        status = self.estate.status("AccessRule/web-in")
        self.assertEqual(("converged", len(machines), len(machines)), tuple(status[k] for k in ("phase", "desired", "ready")))


class Lives(Access):
    def test_from_nothing(self):
        self.init()
        planned = self.plan()["actions"]
        self.assertEqual([("create", "Machine", "web-0"), ("create", "Machine", "web-1"), ("create", "AccessRule", "web-0"),
                          ("create", "AccessRule", "web-1")], [(a["action"], a["kind"], a["name"]) for a in planned])
        self.assertEqual([[planned[0]["id"]], [planned[1]["id"]]], [a["dependsOn"] for a in planned[2:]])
        self.converge()
        self.assert_rules(*web(0, 1))

    def test_more_than_a_page(self):
        for n in range(70):
            self.equal("theirs", ports=str(1000 + n))
        self.foreign = [row["id"] for row in self.rows()]
        self.converge()
        self.assert_rules(*web(0, 1))

    def test_the_set_grows_and_shrinks(self):
        self.converge()
        self.estate.machine_set(count=4)
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1, 2, 3))
        self.estate.machine_set(count=1)
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["acl-delete"] * 3 + ["delete"] * 3, [call for call, _ in self.simulator.acting()])
        self.assert_rules("web-0")

    def test_a_machine_is_made_anew(self):
        self.converge()
        self.estate.machine_set(template="tmpl-8", onDrift="replace", rollout={"minReady": "0s"})
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1))

    def test_a_machine_that_somebody_deleted(self):
        self.converge()
        self.simulator.do("delete", id=self.simulator.named("web-0")["id"])
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1))

    def test_a_machine_that_moved(self):
        self.converge()
        self.simulator.do("move", id=self.simulator.named("web-0")["id"], to="10.9.9.9")
        self.assertEqual("10.9.9.9", self.address("web-0"))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["acl", "acl-delete"], [call for call, _ in self.simulator.acting()])
        self.assert_rules(*web(0, 1))

    def test_a_changed_rule_is_added_before_the_old_one_goes(self):
        self.converge()
        self.rule(ports="8080")
        self.assertEqual(["create", "create", "delete", "delete"], [a[0] for a in self.actions()])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["acl", "acl", "acl-delete", "acl-delete"], [call for call, _ in self.simulator.acting()])
        self.assert_rules(*web(0, 1), ports="8080")
        self.rule(ports="443,80")
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1))

    def test_a_changed_rule_is_only_told(self):
        self.converge()
        self.rule(ports="8080", onDrift="report")
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertIn("only reported", self.estate.run("plan").out)

    def test_the_same_written_otherwise(self):
        self.converge()
        self.rule(ports="443, 80", **{"from": ["10.0.0.0/8", "10.0.0.0/8"]})
        self.assert_rules(*web(0, 1))

    def test_what_goes_out(self):
        self.rule(firewall="inner", direction="out", protocol="udp", ports="53", to=["192.0.2.53"], **{"from": None})
        self.converge()
        self.assertEqual([("net_inner", "out", self.address(m), "192.0.2.53", "53", "udp") for m in web(0, 1)],
                         [tuple(r[k] for k in ("type", "direction", "source", "target", "ports", "protocol")) for r in self.ours()])
        self.assert_silent()

    def test_everything_from_anywhere(self):
        self.rule(ports=None, **{"from": None})
        self.rule("ping", provider="star", firewall="edge", machine="web-0", protocol="icmp")
        self.converge()
        self.assertEqual(3, len(self.ours()))
        self.assert_silent()

    def test_one_machine_and_one_that_is_not_ours(self):
        self.rule(machineSet=None, machine="web-1")
        self.rule("other", **RULE | {"machineSet": None, "machine": self.simulator.named("theirs")["id"], "ports": "22"})
        self.converge()
        self.assertEqual(sorted([(self.address("web-1"), "80,443"), (self.address("theirs"), "22")]),
                         sorted((r["target"], r["ports"]) for r in self.ours()))
        self.assert_silent()

    def test_what_a_person_removed_comes_back(self):
        self.converge()
        self.simulator.do("acl-delete", id=self.ours()[0]["id"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["acl"], [call for call, _ in self.simulator.acting()])
        self.assert_rules(*web(0, 1))

    def test_equal_ones_of_others_are_never_touched(self):
        self.estate.remove("AccessRule", "web-in")
        self.converge()
        self.equal("web-0")
        self.foreign = [row["id"] for row in self.rows()]
        self.rule(**RULE)
        self.assertIn(f"{self.foreign[-1]} says the same as what web-0 is to have, and is not ours", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1))
        self.equal("web-1")
        self.foreign.append(self.rows()[-1]["id"])
        self.assert_rules(*web(0, 1))
        self.estate.remove("AccessRule", "web-in")
        self.estate.policy(prune=True, maxDeletes=0)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(self.foreign, [r["id"] for r in self.rows()])

    def test_one_that_says_something_else_by_now_is_left_alone(self):
        """It cannot change there: it is another's, or the vendor writes it as nobody can know. Nothing is added beside it."""
        self.converge()
        ours = self.ours()[0]
        self.simulator.do("acl-change", id=ours["id"], ports="22")
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        status = self.estate.status("AccessRule/web-in")
        self.assertEqual(("blocked", "conflict"), (status["phase"], status["reason"]))
        self.assertIn(ours["id"], status["message"])
        self.simulator.do("acl-change", id=ours["id"], ports="80,443")
        self.assert_rules(*web(0, 1))

    def test_one_that_cannot_be_read_is_as_it_was_made(self):
        self.converge()
        self.simulator.do("acl-change", id=self.ours()[0]["id"], type="net_elsewhere")
        self.assert_silent()

    def test_no_spec_names_it_and_nothing_is_pruned(self):
        self.converge()
        self.estate.remove("AccessRule", "web-in")
        self.assert_silent()
        self.assertIn("is orphaned: kept, because prune is off", self.estate.run("plan").out)
        self.assertEqual(2, len(self.ours()))

    def test_all_is_pruned_in_order(self):
        self.converge()
        self.estate.remove("AccessRule", "web-in")
        self.estate.remove("MachineSet", "web")
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["acl-delete"] * 2 + ["delete"] * 2, [call for call, _ in self.simulator.acting()])
        self.assertEqual([], self.ours())

    def test_a_renamed_one_keeps_what_it_owns(self):
        self.converge()
        self.estate.remove("AccessRule", "web-in")
        self.rule("front", **RULE, formerly="web-in")
        self.assertEqual([], self.actions())
        self.assert_silent()

    def test_adopted_and_forgotten(self):
        self.converge()
        self.assert_code(0, self.estate.run("forget", "AccessRule/web-in"))
        for row in self.ours():
            self.assert_code(0, self.estate.run("adopt", "AccessRule/web-in", row["id"]))
        self.assert_rules(*web(0, 1))

    def test_a_machine_that_is_off_and_never_had_an_address(self):
        self.simulator.do("add", name="web-0", cpu=4, memory=8192, template="tmpl-7", network="pg-12", state=0)
        self.assertFalse(self.address("web-0"))
        self.estate.machine_set(count=1, power="stopped")
        self.init()
        self.assert_code(0, self.estate.run("adopt", "MachineSet/web"))
        self.assert_silent()
        self.estate.machine_set(power="running")
        self.assert_code(0, self.estate.apply())
        self.assert_rules("web-0")

    def test_a_machine_on_hold_is_not_touched(self):
        self.converge()
        self.estate.machine_set(hold=["web-1"])
        self.rule(ports="8080")
        self.assert_code(0, self.estate.apply())
        self.assertEqual({self.address("web-0"): "8080", self.address("web-1"): "80,443"},
                         {r["target"]: r["ports"] for r in self.ours()})
        self.estate.machine_set(hold=None)
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1), ports="8080")

    def test_paused(self):
        self.rule(paused=True)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertEqual([], self.ours())
        self.rule(paused=None)
        self.assert_code(0, self.estate.apply())
        self.assert_rules(*web(0, 1))

    def test_a_snapshot_plans_the_same(self):
        self.converge()
        self.rule(ports="8080")
        self.estate.machine_set(count=3)
        path = os.path.join(self.root, "snapshot.json")
        live = self.plan("--save-snapshot", path)
        shown = self.plan("--snapshot", path)
        self.assertEqual((live["actions"], live["summary"]), (shown["actions"], shown["summary"]))

    def test_an_approved_change(self):
        self.converge()
        self.rule(ports="8080")
        self.estate.machine_set(count=3, template="tmpl-8", onDrift="replace", rollout={"minReady": "0s"})
        saved = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", saved))
        self.assert_code(0, self.estate.apply("--plan", saved))
        self.assert_rules(*web(0, 1, 2), ports="8080")

    def test_it_is_explained(self):
        self.converge()
        out = self.estate.run("explain", "AccessRule/web-in").out
        self.assertRegex(out, r"(?m)^ *spec +.*accessrule-web-in\.yaml:1")
        for row in self.ours():
            self.assertIn(row["id"], out)


class Quirks(Lives):
    """The same of a vendor that writes capitals, addresses and ports otherwise, and counts rows from elsewhere."""

    simulator_arguments = ["--quirks"]


# What makes muster send the call, and how often without a fault.
CALLS = {"acl": 2, "acl-delete": 2}


class Faults(Access):
    def setUp(self):
        super().setUp()
        self.estate.provider(settle="2s", timeout="2s")

    def prepare(self, call):
        self.init()
        if call == "acl-delete":
            self.converge()
            self.estate.remove("AccessRule", "web-in")
            self.estate.policy(prune=True)

    def assert_as_wanted(self, call):
        if call == "acl-delete":
            self.assertEqual([], self.ours())
            self.assert_silent()
        else:
            self.assert_rules(*web(0, 1))

    def assert_survives(self, fault, more=0):
        for call, times in CALLS.items():
            with self.subTest(call=call, fault=fault):
                self.doCleanups()
                self.setUp()
                self.prepare(call)
                self.simulator.reset_calls()
                self.simulator.fault(f"{call}:1={fault}")
                self.assert_code(0, self.estate.apply())
                self.assertEqual(times + more, self.simulator.calls().get(call, 0))
                self.assert_as_wanted(call)

    def test_replies_are_lost(self):
        self.assert_survives("drop-reply")

    def test_it_says_500_and_does_it(self):
        self.assert_survives("500-after")

    def test_replies_are_cut(self):
        self.assert_survives("truncate")

    def test_requests_are_lost(self):
        self.assert_survives("500", more=1)

    def test_killed_in_mid_call(self):
        for call, times in CALLS.items():
            with self.subTest(call=call):
                self.doCleanups()
                self.setUp()
                self.prepare(call)
                self.simulator.reset_calls()
                self.simulator.fault(f"{call}:1=hang-after")
                apply = self.start_muster("apply", "--yes")
                wait_until(lambda: self.simulator.calls().get(call, 0) > 0, f"the {call} is sent")
                apply.send_signal(signal.SIGKILL)
                apply.wait()
                self.simulator.clear_faults()
                self.assert_code(0, self.estate.apply())
                self.assertEqual(times, self.simulator.calls()[call])
                self.assert_as_wanted(call)

    def test_an_equal_one_that_was_there_before_is_not_taken_for_it(self):
        self.estate.remove("AccessRule", "web-in")
        self.converge()
        self.equal("web-0")
        self.foreign.append(self.rows()[-1]["id"])
        self.rule(**RULE)
        self.simulator.fault("acl:1-2=drop-reply")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(2, self.simulator.calls()["acl"])
        self.assert_rules(*web(0, 1))

    def lose_the_reply(self, **other):
        """One rule is sent and its reply lost, and meanwhile somebody adds another one."""
        self.estate.remove("AccessRule", "web-in")
        self.estate.machine_set(count=1)
        self.converge()
        self.rule(**RULE)
        self.simulator.fault("acl:1=drop-reply")
        apply = self.start_muster("apply", "--yes", "--timeout", "20s")
        wait_until(lambda: self.simulator.calls().get("acl", 0) > 0, "the rule is sent")
        self.equal("web-0", **other)
        apply.communicate()
        self.assertEqual(3, apply.returncode)
        status = self.estate.status("AccessRule/web-in")
        self.assertEqual(("blocked", "parked"), (status["phase"], status["reason"]))
        self.simulator.reset_calls()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertEqual(2, len(self.ours()))
        return self.ours()

    def test_what_cannot_be_decided_waits_for_a_person(self):
        """Nobody can tell which of two is ours."""
        ours = self.lose_the_reply()
        self.assert_code(0, self.estate.run("adopt", "AccessRule/web-in", ours[0]["id"]))
        self.assert_silent()
        self.assertEqual(2, len(self.ours()), "the other one is not ours, and stays")

    def test_a_new_one_that_nobody_can_read_waits_for_a_person(self):
        self.lose_the_reply(protocol="sctp")
        self.simulator.do("acl-delete", protocol="sctp")
        self.assert_code(0, self.estate.run("adopt", "AccessRule/web-in", self.ours()[0]["id"]))
        self.assert_silent()


if __name__ == "__main__":
    unittest.main()
