# SPDX-License-Identifier: MIT
"""Security groups: rules as a set, bound to every card of every machine of a set, as it grows and shrinks.

Nothing outside of the groups that muster made is touched, and nothing is made twice, whatever becomes of a call.
"""

import os
import subprocess
import unittest

from harness import TestCase, end_process, wait_until, web

# As somebody writes it, and as a plan names it.
HTTP = {"direction": "in", "protocol": "tcp", "ports": "80,443,8000-8010", "from": ["10.0.0.0/8", "192.0.2.7"]}
DNS = {"direction": "out", "protocol": "udp", "ports": "53", "to": ["192.0.2.53"]}
SSH = {"direction": "in", "protocol": "tcp", "ports": "22"}
HTTP_TEXT = "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7/32"
DNS_TEXT = "out udp 53 to 192.0.2.53/32"
SSH_TEXT = "in tcp 22 from 0.0.0.0/0"
PLAN = """\
MachineSet/web on star: count is 6, 2 exist                                   specs/machineset-web.yaml:1
  + web-2..web-5     machine   template tmpl-7, 4 cpu, 8GiB, network pg-12
SecurityGroup/web on star: it is sg-2                                         specs/securitygroup-web.yaml:1
  + in tcp 22 from 0.0.0.0/0     rule      the group has no such rule
  - out udp 53 to 192.0.2.53/32  rule      rule-3: no spec asks for it  waits: what is new is added first
  + web-2..web-5                 binding   its card is not in the group, after web-2..web-5
  - vm-1                         binding   sg-2 vnic-1: no spec asks for it

Plan: 9 to create, 0 to change, 2 to delete, 0 blocked, 0 unknown. About 11 requests.
"""
# The calls that make something, and those that take it away, as the simulator classes them.
MAKING = ["group", "rule", "bind"]
REMOVING = ["rule-delete", "unbind", "group-delete"]


class Groups(TestCase):
    """A set of two machines and a group of two rules for it; and a group of somebody else's, which nobody touches."""

    def setUp(self):
        super().setUp()
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=2)
        self.group()
        self.simulator.do("add", name="theirs", cpu=1, memory=1024)
        self.simulator.do("group-add", name="theirs")
        theirs = self.simulator.state("groups")[0]["id"]
        self.simulator.do("rule-add", group=theirs, direction="in", protocol="tcp", ports="1:65535")
        self.simulator.do("binding-add", card=self.cards("theirs")[0], group=theirs)
        self.theirs = self.of("theirs")

    def group(self, name="web", **spec):
        if ("SecurityGroup", name) not in self.estate.documents:
            spec = {"provider": "star", "description": "web tier", "tenant": "app-1", "rules": [HTTP, DNS],
                    "attach": [{"machineSet": "web"}]} | spec
        self.estate.write("SecurityGroup", name, **spec)

    def cards(self, machine):
        return [card["id"] for card in self.simulator.state("cards") if card["machine"] == self.simulator.named(machine)["id"]]

    def the(self, name="web"):
        """The one group of that name."""
        found = [group for group in self.simulator.state("groups") if group["name"] == name]
        self.assertEqual(1, len(found), f"{len(found)} groups are named {name}")
        return found[0]

    def of(self, name="web"):
        """All that is in a group: its rules, without their ids, and its cards."""
        group = self.the(name)["id"]
        rules = [(r["direction"], r["protocol"], r["ports"], r["source"], r["target"])
                 for r in self.simulator.state("rules") if r["group"] == group]
        bindings = [b["card"] for b in self.simulator.state("bindings") if b["group"] == group]
        return sorted(rules, key=str), sorted(bindings)

    def assert_as_specified(self, *machines, rules=2, name="web"):
        """The group is there once, with as many rules, no two of them equal, and all cards of these machines and no others."""
        there, bound = self.of(name)
        self.assertEqual(rules, len(there), there)
        self.assertEqual(len(there), len(set(there)), "no rule is there twice")
        self.assertEqual(sorted(card for machine in machines for card in self.cards(machine)), bound)
        self.assertEqual(self.theirs, self.of("theirs"), "what is somebody else's is as it was")

    def assert_group_converged(self, *machines, **expected):
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified(*machines, **expected)
        self.assertEqual([], self.plan()["actions"])
        self.assertEqual("converged", self.estate.status("SecurityGroup/web")["phase"])

    def actions(self):
        return [(a["action"], a["kind"], a["name"]) for a in self.plan()["actions"]]

    def test_from_nothing(self):
        self.init()
        planned = self.plan()["actions"]
        self.assertEqual(
            [("create", "Machine", "web-0"), ("create", "Machine", "web-1"), ("create", "SecurityGroup", "web"),
             ("create", "Rule", HTTP_TEXT), ("create", "Rule", DNS_TEXT), ("create", "Binding", "web-0"),
             ("create", "Binding", "web-1")],
            [(a["action"], a["kind"], a["name"]) for a in planned])
        ids = {a["name"]: a["id"] for a in planned if a["kind"] in ("Machine", "SecurityGroup")}
        for action in planned:
            if action["kind"] == "Rule":
                self.assertEqual([ids["web"]], action["dependsOn"])
            if action["kind"] == "Binding":
                self.assertEqual(sorted([ids["web"], ids[action["name"]]]), sorted(action["dependsOn"]))
        self.converge()
        group = self.the()
        self.assertEqual(("web tier", "app-1"), (group["description"], group["tenant"]))
        self.assertEqual([("in", "tcp", "80,443,8000:8010", "10.0.0.0/8,192.0.2.7", ""), ("out", "udp", "53", "", "192.0.2.53")],
                         self.of()[0])
        self.assert_group_converged("web-0", "web-1")

    def test_a_silent_pass_asks_for_little(self):
        """Groups, rules, those that are not in effect, and the cards of the group: none for the machines."""
        self.converge()
        self.plan()
        calls = self.simulator.calls()
        self.assertEqual((1, 1, 1, 1, 0), tuple(calls.get(name, 0) for name in
                                                ("group-list", "rule-list", "retry-list", "binding-list", "card-list")), calls)

    def test_two_to_six_to_one(self):
        self.converge()
        self.estate.machine_set(count=6)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["bind"] * 4 + ["create"] * 4, sorted(call for call, _ in self.simulator.acting()))
        self.assert_group_converged(*web(0, 1, 2, 3, 4, 5))
        self.estate.machine_set(count=1)
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0")

    def test_the_same_rules_written_otherwise(self):
        self.converge()
        other = {"direction": "in", "protocol": "tcp", "ports": " 8000-8005, 443 ,80, 8006-8010", "from": ["192.0.2.7/32", "10.0.0.0/8"]}
        self.group(rules=[DNS | {"to": ["192.0.2.53/32"]}, other])
        self.assertEqual([], self.actions())
        self.assert_group_converged("web-0", "web-1")

    def test_one_rule_written_twice(self):
        self.group(rules=[HTTP, DNS, HTTP | {"ports": "443,80,8000-8010"}])
        self.converge()
        self.assert_group_converged("web-0", "web-1")

    def test_a_changed_rule_is_added_before_the_old_one_goes(self):
        self.converge()
        self.group(rules=[HTTP, DNS | {"ports": "853"}])
        actions = self.plan()["actions"]
        self.assertEqual([("create", "out udp 853 to 192.0.2.53/32"), ("delete", DNS_TEXT)], [(a["action"], a["name"]) for a in actions])
        self.assertEqual([actions[0]["id"]], actions[1]["dependsOn"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["rule", "rule-delete"], [call for call, _ in self.simulator.acting()])
        self.assert_group_converged("web-0", "web-1")

    def test_what_a_person_removed_comes_back(self):
        self.converge()
        group = self.the()["id"]
        self.simulator.do("rule-delete", group=group, protocol="udp")
        self.simulator.do("binding-delete", group=group, card=self.cards("web-1")[0])
        self.assertEqual([("create", "Rule", DNS_TEXT), ("create", "Binding", "web-1")], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")

    def test_listings_that_lie(self):
        """Empty once, in the first look of a process or later: nothing is added that is there."""
        self.converge()
        for listing in ("rule-list", "binding-list"):
            for look in (1, 2):
                self.simulator.do("stop", id=self.simulator.named("web-1")["id"])
                self.simulator.reset_calls()
                self.simulator.fault(f"{listing}:{look}=empty")
                self.assert_code(0, self.estate.apply())
                self.simulator.clear_faults()
                self.assertEqual([0, 0], [self.simulator.calls().get(call, 0) for call in ("rule", "bind")], listing)
                self.assert_as_specified(*web(0, 1))

    def test_all_that_a_person_removed_waits_for_a_second_look(self):
        self.converge()
        for rule in [rule for rule in self.simulator.state("rules") if rule["group"] == self.the()["id"]]:
            self.simulator.do("rule-delete", id=rule["id"])
        plan = self.estate.run("plan")
        self.assert_code(0, plan)
        self.assertIn("waits: a second look must confirm that it has no rules", plan.out)
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged(*web(0, 1))

    def test_what_a_person_added_is_removed_from_our_group_alone(self):
        self.converge()
        group, theirs = self.the()["id"], self.the("theirs")["id"]
        self.simulator.do("binding-add", group=theirs, card=self.cards("web-0")[0])
        self.simulator.do("rule-add", group=theirs, direction="in", protocol="tcp", ports="22")
        self.theirs = self.of("theirs")
        self.simulator.do("rule-add", group=group, direction="in", protocol="tcp", ports="22")
        self.simulator.do("rule-add", group=group, direction="in", protocol="tcp", ports="80,443,8000:8010",
                          source="192.0.2.7,10.0.0.0/8")  # one that is there already
        self.simulator.do("binding-add", group=group, card=self.cards("theirs")[0])
        self.assertEqual(
            sorted([("delete", "Rule", SSH_TEXT), ("delete", "Rule", HTTP_TEXT),
                    ("delete", "Binding", self.simulator.named("theirs")["id"])]),
            sorted(self.actions()))
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")

    def test_a_machine_that_is_not_ours(self):
        self.group(attach=[{"machineSet": "web"}, {"machine": self.simulator.named("theirs")["id"]}])
        self.converge()
        self.assert_group_converged("web-0", "web-1", "theirs")
        self.group(attach=[{"machineSet": "web"}])
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")

    def test_every_card_of_a_machine(self):
        self.estate.remove("SecurityGroup", "web")
        self.converge()
        self.simulator.do("card-add", machine=self.simulator.named("web-1")["id"], network="pg-13")
        self.assertEqual(2, len(self.cards("web-1")))
        self.group()
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")

    def test_two_groups_of_one_set(self):
        self.group("ssh", description=None, rules=[SSH])
        self.converge()
        self.assert_group_converged("web-0", "web-1")
        self.assert_as_specified("web-0", "web-1", rules=1, name="ssh")
        self.group("ssh", attach=[])
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")
        self.assert_as_specified(rules=1, name="ssh")

    def test_what_cannot_change_is_told(self):
        self.converge()
        self.group(description="front tier", tenant="app-2")
        plan = self.estate.run("plan")
        self.assert_code(0, plan)
        self.assertIn('description is "web tier", spec says "front tier"', plan.out)
        self.assertIn('tenant is "app-1", spec says "app-2"', plan.out)
        self.assertEqual([], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_a_stranger_of_that_name_is_a_conflict(self):
        self.simulator.do("group-add", name="web")
        stranger = self.the()["id"]
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertEqual(["create", "create"], [call for call, _ in self.simulator.acting()])
        status = self.estate.status("SecurityGroup/web")
        self.assertEqual(("blocked", "conflict"), (status["phase"], status["reason"]))
        self.assertIn(f"muster adopt SecurityGroup/web {stranger}", status["message"])
        self.assert_code(0, self.estate.run("adopt", "SecurityGroup/web", stranger))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(stranger, self.the()["id"])
        self.assert_group_converged("web-0", "web-1")

    def test_an_adopted_group_is_looked_into_before_anything_is_added(self):
        self.simulator.do("group-add", name="web")
        stranger = self.the()["id"]
        self.simulator.do("rule-add", group=stranger, direction="out", protocol="udp", ports="53", target="192.0.2.53")
        self.init()
        self.assert_code(0, self.estate.run("adopt", "SecurityGroup/web", stranger))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(1, [call for call, _ in self.simulator.acting()].count("rule"))
        self.assert_group_converged("web-0", "web-1")

    def test_forgotten(self):
        self.converge()
        self.assert_code(0, self.estate.run("forget", "SecurityGroup/web"))
        self.estate.remove("SecurityGroup", "web")
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified("web-0", "web-1")

    def test_a_deleted_group_comes_back(self):
        self.converge()
        group = self.the()["id"]
        for binding in [b for b in self.simulator.state("bindings") if b["group"] == group]:
            self.simulator.do("binding-delete", id=binding["id"])
        self.simulator.do("group-delete", id=group)
        self.assert_code(0, self.estate.apply())
        self.assertNotEqual(group, self.the()["id"])
        self.assert_group_converged("web-0", "web-1")

    def test_no_spec_names_it_and_nothing_is_pruned(self):
        self.converge()
        self.estate.remove("SecurityGroup", "web")
        plan = self.estate.run("plan")
        self.assertIn(f"web ({self.the()['id']}) is orphaned: kept, because prune is off", plan.out)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified("web-0", "web-1")

    def test_no_spec_names_it_and_it_is_pruned(self):
        """Cards and rules first: the vendor deletes no group that has some."""
        self.converge()
        self.estate.remove("SecurityGroup", "web")
        self.estate.policy(prune=True)
        actions = self.plan()["actions"]
        group = [a for a in actions if a["kind"] == "SecurityGroup"]
        self.assertEqual(1, len(group))
        self.assertEqual(sorted(a["id"] for a in actions if a["kind"] != "SecurityGroup"), sorted(group[0]["dependsOn"]))
        self.assert_code(0, self.estate.apply())
        self.assertEqual("group-delete", self.simulator.acting()[-1][0])
        self.assertEqual(["rule-delete"] * 2 + ["unbind"] * 2, sorted(call for call, _ in self.simulator.acting()[:-1]))
        self.assertEqual(["theirs"], [g["name"] for g in self.simulator.state("groups")])
        self.assertEqual(self.theirs, self.of("theirs"))
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_the_delete_of_a_group_goes_after_each_of_twenty_cards(self):
        self.estate.machine_set(count=20)
        self.converge()
        self.estate.remove("SecurityGroup", "web")
        self.estate.policy(prune=True, maxDeletes="100%")
        actions = self.plan()["actions"]
        group = next(a for a in actions if a["kind"] == "SecurityGroup")
        cards = [a["id"] for a in actions if a["kind"] == "Binding"]
        self.assertEqual(20, len(cards))
        self.assertEqual({a["id"] for a in actions} - {group["id"]}, set(group["dependsOn"]))
        for rule in (a for a in actions if a["kind"] == "Rule"):
            self.assertEqual(cards, rule["dependsOn"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["unbind"] * 20 + ["rule-delete"] * 2 + ["group-delete"],
                         [call for call, _ in self.simulator.acting()])

    def test_all_is_pruned(self):
        self.converge()
        self.estate.remove("SecurityGroup", "web")
        self.estate.remove("MachineSet", "web")
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assert_names(["theirs"])
        self.assertEqual(["theirs"], [g["name"] for g in self.simulator.state("groups")])
        self.assertEqual(self.theirs, self.of("theirs"))

    def test_more_than_may_go_is_kept_with_what_is_in_it(self):
        self.converge()
        self.estate.remove("SecurityGroup", "web")
        self.estate.policy(prune=True, maxDeletes=0)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertEqual({"blocked"}, {("blocked" if a["blocked"] else "free") for a in self.plan()["actions"]})

    def test_a_machine_on_hold_is_not_touched(self):
        self.converge()
        self.simulator.do("binding-delete", group=self.the()["id"], card=self.cards("web-1")[0])
        self.estate.machine_set(hold=["web-1"])
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.estate.machine_set(hold=None)
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")

    def test_paused(self):
        self.group(paused=True)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertEqual(["create", "create"], [call for call, _ in self.simulator.acting()])
        self.group(paused=None)
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")

    def test_a_renamed_group_keeps_what_it_owns(self):
        self.converge()
        document = self.estate.documents["SecurityGroup", "web"]
        self.estate.remove("SecurityGroup", "web")
        self.estate.write("SecurityGroup", "front", **document, formerly="web")
        self.assertEqual([], self.actions())
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["bind", "create"], sorted(call for call, _ in self.simulator.acting()))
        self.assert_as_specified("web-0", "web-1", "web-2")

    def test_a_rule_that_says_what_nobody_understands(self):
        """It is left alone, and nothing is added beside it: it may be ours in other words."""
        self.converge()
        self.simulator.do("rule-add", group=self.the()["id"], direction="in", protocol="sctp", ports="80")
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.group(rules=[HTTP, DNS, SSH])
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertIn("cannot be read", self.estate.run("status", "SecurityGroup/web").out)
        self.simulator.do("rule-delete", protocol="sctp")
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1", rules=3)

    def test_a_snapshot_plans_the_same(self):
        self.converge()
        self.group(rules=[HTTP, SSH])
        self.estate.machine_set(count=3)
        self.simulator.do("binding-delete", group=self.the()["id"], card=self.cards("web-1")[0])
        path = os.path.join(self.root, "snapshot.json")
        live = self.plan("--save-snapshot", path)
        shown = self.plan("--snapshot", path)
        self.assertEqual(live["actions"], shown["actions"])
        self.assertEqual(live["diagnostics"], [d for d in shown["diagnostics"] if "snapshot" not in d["message"]])
        self.assertEqual(live["summary"], shown["summary"])

    def test_a_saved_plan(self):
        self.converge()
        self.group(rules=[HTTP, SSH])
        path = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", path))
        self.assert_code(0, self.estate.apply("--plan", path))
        self.assert_group_converged("web-0", "web-1")

    def test_it_is_explained(self):
        self.converge()
        out = self.estate.run("explain", "SecurityGroup/web").out
        self.assertRegex(out, r"(?m)^ *spec +.*securitygroup-web\.yaml:1")
        self.assertRegex(out, r"(?m)^ *wants +provider: star$")
        self.assertRegex(out, r'(?m)^ +rules:\n +- direction: in\n +protocol: tcp\n +ports: "80,443,8000-8010"\n +from:\n +- "10.0.0.0/8"$')
        self.assertRegex(out, rf"(?m)^ *ledger +{self.the()['id']}, ours since .*; made by muster$")
        self.assertIn(f"web/{HTTP_TEXT}", out)
        self.estate.remove("SecurityGroup", "web")
        self.assertIn("nothing: it is kept, because prune is off", self.estate.run("explain", "SecurityGroup/web").out)

    def test_the_plan_as_text(self):
        self.converge()
        self.estate.machine_set(count=6)
        self.group(rules=[HTTP, SSH])
        self.simulator.do("binding-add", group=self.the()["id"], card=self.cards("theirs")[0])
        out = self.estate.run("plan").out.replace(self.estate.specs, "specs")
        self.assertEqual(PLAN, out)

    def test_the_history_names_it(self):
        self.converge()
        out = self.estate.run("history", "SecurityGroup/web").out
        for name in ("web", f"web/{HTTP_TEXT}", "web/web-0"):
            self.assertIn(name, out)


class NotInEffect(Groups):
    """The vendor accepts rules that are not in effect until they were asked for again."""

    def test_they_are_named_and_asked_for_again(self):
        self.simulator.do("ineffective", rules=1, resets=1)
        self.init()
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: self.simulator.calls().get("retry", 0) > 0, "it is asked for again")
        wait_until(lambda: (self.estate.status("SecurityGroup/web") or {}).get("phase") == "converged", "it is in effect")
        self.assertEqual(1, self.simulator.calls()["retry"])
        self.assertEqual(0, agent.stop())
        self.assert_group_converged("web-0", "web-1")

    def test_they_are_progress(self):
        self.simulator.do("ineffective", rules=1, resets=1000)
        self.init()
        agent = self.start_agent("--interval", "1s")
        status = wait_until(lambda: self.row_that_says("not in effect"), "it is told")
        self.assertEqual("progressing", status["phase"])
        self.assertTrue(HTTP_TEXT in status["message"] or DNS_TEXT in status["message"], status)
        self.assertEqual(0, agent.stop())

    def row_that_says(self, words):
        row = self.estate.status("SecurityGroup/web")
        return row if row and words in row["message"] else None


class Faults(Groups):
    """Whatever becomes of the first call of each class that changes something: it is done once."""

    def run_with(self, fault):
        for call in MAKING:
            self.simulator.fault(f"{call}:1={fault}")
        self.init()
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")
        for call in REMOVING:
            self.simulator.fault(f"{call}:1={fault}")
        self.group(rules=[HTTP], attach=[])
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified(rules=1)
        self.estate.remove("SecurityGroup", "web")
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["theirs"], [g["name"] for g in self.simulator.state("groups")])
        self.assertEqual(self.theirs, self.of("theirs"))

    def test_replies_are_lost(self):
        self.run_with("drop-reply")

    def test_it_says_500_and_does_it(self):
        self.run_with("500-after")

    def test_replies_are_cut(self):
        self.run_with("truncate")

    def test_replies_are_garbage(self):
        self.run_with("garbage")

    def test_requests_are_lost(self):
        self.run_with("drop-request")

    def test_it_says_500_and_does_nothing(self):
        self.run_with("500")

    def test_it_asks_to_wait(self):
        self.run_with("503")

    def test_it_says_no(self):
        """A lock, perhaps: another try finds it gone. A group that was refused is another matter: that lasts."""
        self.simulator.fault("rule:1=refuse")
        self.simulator.fault("bind:1=refuse")
        self.init()
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")


class Kills(Groups):
    """kill -9 around every call that changes something."""

    def apply_and_kill(self, call):
        """Ends muster while its call is at the vendor's, which carries it out."""
        self.simulator.fault(f"{call}:1=hang-after")
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.simulator.calls().get(call, 0) > 0, f"{call} is called")
        end_process(apply)
        self.simulator.clear_faults()

    def apply_and_kill_soon(self, call):
        """Ends muster a moment after the vendor has heard of it."""
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: apply.poll() is not None or self.simulator.calls().get(call, 0) > 0, f"{call} is called")
        end_process(apply)

    def run_with(self, kill):
        self.init()
        for call in MAKING:
            kill(call)
        self.assert_code(0, self.estate.apply())
        self.assert_group_converged("web-0", "web-1")
        self.simulator.reset_calls()
        self.group(rules=[HTTP], attach=[])
        for call in ("rule-delete", "unbind"):
            kill(call)
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified(rules=1)
        self.estate.remove("SecurityGroup", "web")
        self.estate.policy(prune=True)
        kill("group-delete")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["theirs"], [g["name"] for g in self.simulator.state("groups")])
        self.assertEqual(self.theirs, self.of("theirs"))

    def test_while_the_call_is_out(self):
        self.run_with(self.apply_and_kill)

    def test_a_moment_after(self):
        self.run_with(self.apply_and_kill_soon)


class Quirks(Groups):
    """A vendor that prints rules in another form than they were written in."""

    simulator_arguments = ["--quirks"]

    def test_converges(self):
        self.converge()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified("web-0", "web-1")


# The tests of the base class are its own.
for derived in (NotInEffect, Faults, Kills, Quirks):
    for name in [name for name in dir(Groups) if name.startswith("test_") and name not in vars(derived)]:
        setattr(derived, name, None)

if __name__ == "__main__":
    unittest.main()
