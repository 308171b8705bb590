# SPDX-License-Identifier: MIT
"""Mappings of ports and addresses: they lead to their machine wherever it is, go before it goes, and nobody else's is touched.

Nothing is made twice, whatever becomes of a call: of no mapping does the vendor tell the id, it is found by its mark.
"""

import os
import signal
import unittest

from harness import TestCase, wait_until

SSH = {"provider": "star", "description": "jump host", "machine": "web-0", "port": 22, "address": "203.0.113.10", "outerPort": 2222,
       "protocol": "tcp", "from": ["198.51.100.0/24", "192.0.2.7"]}
MAIL = {"provider": "star", "machine": "web-1", "address": "203.0.113.11", "from": ["10.0.0.0/8"], "description": "mail"}


class Mapped(TestCase):
    """Two machines; `ssh` leads to a port of the first, `mail` to the second; and mappings of somebody else's."""

    def setUp(self):
        super().setUp()
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=2)
        self.estate.write("PortMapping", "ssh", **SSH)
        self.estate.write("AddressMapping", "mail", **MAIL)
        self.simulator.do("add", name="theirs", cpu=1, memory=1024)
        theirs = self.simulator.named("theirs")
        self.simulator.do("mapping-add", machine=theirs["id"], type="port", outerAddress="203.0.113.10", outerPort="22",
                          innerAddress=theirs["address"], innerPort="22", protocol="tcp", description="ours, not yours")
        self.simulator.do("mapping-add", machine=theirs["id"], type="ip", outerAddress="203.0.113.12",
                          innerAddress=theirs["address"])
        self.theirs = self.state("theirs")

    def port(self, name="ssh", **spec):
        self.estate.write("PortMapping", name, **spec)

    def address(self, name="mail", **spec):
        self.estate.write("AddressMapping", name, **spec)

    def state(self, machine=None):
        """All mappings, or those that lead to one machine, without their ids."""
        names = {m["id"]: m["name"] for m in self.simulator.machines()}
        rows = [m | {"machine": names[m["machine"]]} for m in self.simulator.state("mappings")]
        return sorted([{k: v for k, v in m.items() if k != "id"} for m in rows if machine in (None, m["machine"])], key=str)

    def mapping(self, name):
        """The one mapping with that mark."""
        found = [m for m in self.simulator.state("mappings") if (m["description"] or "").split(" ")[0] == f"muster:{name}"]
        self.assertEqual(1, len(found), found)
        return found[0]

    def actions(self, *arguments):
        return [(a["action"], a["kind"], a["name"]) for a in self.plan(*arguments)["actions"]]

    def assert_leads(self, name, machine):
        there = self.simulator.named(machine)
        mapping = self.mapping(name)
        self.assertEqual((there["id"], there["address"]), (mapping["machine"], mapping["innerAddress"]))
        return mapping

    def assert_silent(self):
        self.simulator.reset_calls()
        result = self.estate.apply()
        self.assert_code(0, result)
        self.assert_no_act()
        self.assertEqual([], self.plan()["actions"])

    def assert_as_specified(self, ssh="web-0", mail="web-1"):
        """Both are there once, lead to their machines, and the rest of the world is as it was."""
        mapping = self.assert_leads("ssh", ssh)
        self.assertEqual(("port", "203.0.113.10", "2222", "22", "tcp", "192.0.2.7,198.51.100.0/24", "muster:ssh jump host"),
                         tuple(mapping[k] for k in ("type", "outerAddress", "outerPort", "innerPort", "protocol", "source",
                                                    "description")))
        mapping = self.assert_leads("mail", mail)
        self.assertEqual(("ip", "203.0.113.11", "10.0.0.0/8", "muster:mail mail"),
                         tuple(mapping[k] for k in ("type", "outerAddress", "source", "description")))
        self.assertEqual(4, len(self.simulator.state("mappings")))
        self.assertEqual(self.theirs, self.state("theirs"))
        self.assert_silent()
        for resource in ("PortMapping/ssh", "AddressMapping/mail"):
            self.assertEqual("converged", self.estate.status(resource)["phase"])


class Lives(Mapped):
    def test_from_nothing(self):
        self.init()
        planned = self.plan()["actions"]
        self.assertEqual([("create", "Machine", "web-0"), ("create", "Machine", "web-1"), ("create", "PortMapping", "ssh"),
                          ("create", "AddressMapping", "mail")], [(a["action"], a["kind"], a["name"]) for a in planned])
        ids = {a["name"]: a["id"] for a in planned}
        self.assertEqual([[ids["web-0"]], [ids["web-1"]]], [a["dependsOn"] for a in planned[2:]])
        self.converge()
        self.assert_as_specified()

    def test_a_silent_pass_asks_once(self):
        self.converge()
        self.plan()
        self.assertEqual(1, self.simulator.calls().get("mapping-list"))

    def test_an_address_of_the_vendors_choice(self):
        self.address(address=None)
        self.converge()
        self.assertTrue(self.assert_leads("mail", "web-1")["outerAddress"])
        self.assert_silent()

    def test_the_same_written_otherwise(self):
        self.converge()
        self.port(**{"from": ["192.0.2.7/32", "198.51.100.0/24"]})
        self.assert_as_specified()

    def test_it_follows_a_machine_that_is_made_anew(self):
        self.converge()
        before = self.mapping("ssh")["id"]
        self.estate.machine_set(template="tmpl-8", onDrift="replace", rollout={"minReady": "0s", "maxUnavailable": 2})
        actions = self.plan()["actions"]
        self.assertIn(("replace", "PortMapping", "ssh"), [(a["action"], a["kind"], a["name"]) for a in actions])
        self.assert_code(0, self.estate.apply())
        log = self.simulator.acting()
        self.assertLess(log.index(("mapping-delete", before)), min(i for i, (c, _) in enumerate(log) if c == "delete"))
        self.assertEqual(2, len([1 for call, _ in log if call == "mapping"]))
        self.assert_as_specified()

    def test_an_approved_replacement(self):
        self.converge()
        self.estate.machine_set(template="tmpl-8", onDrift="replace", rollout={"minReady": "0s"})
        saved = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", saved))
        self.assert_code(0, self.estate.apply("--plan", saved))
        self.assert_as_specified()

    def test_it_follows_a_machine_that_somebody_deleted(self):
        self.converge()
        self.simulator.do("delete", id=self.simulator.named("web-0")["id"])
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified()

    def test_it_follows_a_machine_that_moved(self):
        self.converge()
        self.simulator.do("move", id=self.simulator.named("web-0")["id"], to="10.9.9.9")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping-delete", "mapping"], [call for call, _ in self.simulator.acting()])
        self.assert_as_specified()

    def test_one_that_leads_nowhere_is_made_anew(self):
        """The vendor keeps it though its machine has another address."""
        self.converge()
        self.simulator.do("mapping-change", id=self.mapping("ssh")["id"], innerAddress="10.9.9.9")
        self.assertEqual([("replace", "PortMapping", "ssh")], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping-delete", "mapping"], [call for call, _ in self.simulator.acting()])
        self.assert_as_specified()

    def test_it_goes_before_its_machine_and_comes_with_it(self):
        self.converge()
        old = self.mapping("mail")["id"]
        self.estate.machine_set(count=1)
        self.assertEqual([("delete", "Machine", "web-1"), ("delete", "AddressMapping", "mail")], self.actions())
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertEqual([("mapping-delete", old)], self.simulator.acting()[:1])
        self.assertEqual(["mapping-delete", "delete"], [call for call, _ in self.simulator.acting()])
        self.assertIn("web-1 is no machine of MachineSet/web, whose count is 1", result.out + result.err)
        self.estate.machine_set(count=2)
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified()

    def test_what_a_person_removed_comes_back(self):
        self.converge()
        self.simulator.do("mapping-delete", id=self.mapping("ssh")["id"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping"], [call for call, _ in self.simulator.acting()])
        self.assert_as_specified()

    def test_a_difference_is_told(self):
        self.converge()
        self.port(port=2022, description="another")
        result = self.estate.apply()
        self.assert_code(0, result)
        self.assert_no_act()
        out = self.estate.run("plan").out
        self.assertIn("ssh: port is 22, spec says 2022; it cannot change in place", out)
        self.assertIn("ssh: description is jump host, spec says another", out)

    def test_a_difference_is_made_anew_where_the_spec_says_so(self):
        self.converge()
        self.port(port=2022, onDrift="replace")
        self.assertEqual("port is 22, spec says 2022", self.only_action()["reason"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping-delete", "mapping"], [call for call, _ in self.simulator.acting()])
        self.assertEqual("2022", self.mapping("ssh")["innerPort"])
        self.assert_silent()

    def test_another_machine_is_a_difference(self):
        self.converge()
        self.port(machine="web-1")
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertIn("ssh: machine is web-0, spec says web-1", self.estate.run("plan").out)
        self.port(onDrift="replace")
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified(ssh="web-1")

    def test_two_change_places(self):
        self.port("web", **SSH | {"outerPort": 8022, "description": "web"})
        self.converge()
        self.port("web", outerPort=2222, onDrift="replace")
        self.port(outerPort=8022, onDrift="replace")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(("8022", "2222"), (self.mapping("ssh")["outerPort"], self.mapping("web")["outerPort"]))
        self.assert_silent()

    def test_one_whose_place_does_not_get_free_is_told(self):
        """Of two in a row the first would go where the second is, and that cannot go where somebody else's is."""
        self.port("web", **SSH | {"outerPort": 8022, "description": "web"})
        self.converge()
        self.port("web", outerPort=22, onDrift="replace")
        self.port(outerPort=8022, onDrift="replace")
        self.port("next", **SSH | {"outerPort": 2222})
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assert_no_act()
        for taken in (self.mapping("web")["id"], self.mapping("ssh")["id"], self.simulator.state("mappings")[0]["id"]):
            self.assertIn(f"({taken}) has that place outside already", result.out + result.err)

    def test_the_place_of_one_that_goes(self):
        self.converge()
        old = self.mapping("ssh")["id"]
        self.estate.remove("PortMapping", "ssh")
        self.port("jump", **SSH)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn(f"PortMapping/ssh ({old}) has that place outside already", result.out + result.err)
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping-delete", "mapping"], [call for call, _ in self.simulator.acting()])
        self.mapping("jump")
        self.assert_silent()

    def test_many_gone_at_once_are_held(self):
        for n in range(8):
            self.port(f"p{chr(97 + n)}", **SSH | {"outerPort": 3000 + n})
        self.converge()
        for row in self.simulator.state("mappings"):
            if "muster:p" in (row["description"] or ""):
                self.simulator.do("mapping-delete", id=row["id"])
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assert_no_act()
        self.assertIn("8 of the 9 port-mappings that muster owns", result.out + result.err)
        self.assert_code(0, self.estate.run("accept-loss", "star"))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping"] * 8, [call for call, _ in self.simulator.acting()])

    def test_a_machine_that_is_not_ours(self):
        self.port(machine=self.simulator.named("theirs")["id"])
        self.converge()
        self.theirs = self.state("theirs")
        self.assert_leads("ssh", "theirs")
        self.assert_silent()

    def test_a_machine_that_is_nowhere(self):
        self.port(machine="vm-999")
        self.init()
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("star shows no machine with the id vm-999", result.out + result.err)
        self.assert_leads("mail", "web-1")

    def test_a_machine_that_is_off_is_waited_for(self):
        self.estate.remove("PortMapping", "ssh")
        self.estate.remove("AddressMapping", "mail")
        self.estate.machine_set(power="stopped")
        self.converge()
        self.port(**SSH)
        self.address(**MAIL)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assert_no_act()
        self.assertIn("its machine does not run", result.out + result.err)
        self.estate.machine_set(power="running")
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified()

    def test_a_place_that_is_taken_is_a_conflict(self):
        for spec, which in (({"outerPort": 22}, 0), ({"address": "203.0.113.12"}, 1)):
            self.port(**SSH | spec)
            self.address(address="203.0.113.13")
            self.init() if not os.path.exists(self.estate.state) else None
            self.simulator.reset_calls()
            result = self.estate.apply()
            self.assert_code(3, result)
            self.assertIn(f"({self.simulator.state('mappings')[which]['id']}) has that place outside already",
                          result.out + result.err)
            self.assertNotIn("muster:ssh", str(self.state()))
        self.assertEqual(self.theirs, self.state("theirs"))

    def test_a_place_that_is_taken_keeps_the_old_one(self):
        self.converge()
        self.port(outerPort=22, onDrift="replace")
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assert_leads("ssh", "web-0")

    def test_one_with_our_mark_is_a_conflict_and_can_be_adopted(self):
        self.estate.remove("PortMapping", "ssh")
        self.converge()
        there = self.simulator.named("web-0")
        self.simulator.do("mapping-add", machine=there["id"], type="port", outerAddress="203.0.113.10", outerPort="2222",
                          innerAddress=there["address"], innerPort="22", protocol="tcp", source="198.51.100.0/24,192.0.2.7",
                          description="muster:ssh jump host")
        self.port(**SSH)
        stranger = self.mapping("ssh")["id"]
        self.assertIn(f"muster adopt PortMapping/ssh {stranger}", self.only_action()["blocked"])
        self.assert_code(3, self.estate.apply())
        self.assert_code(0, self.estate.run("adopt", "PortMapping/ssh", stranger))
        self.assert_silent()
        self.assertEqual(stranger, self.mapping("ssh")["id"])

    def test_one_that_lost_its_mark_is_left_alone(self):
        self.converge()
        self.simulator.do("mapping-change", id=self.mapping("ssh")["id"], description="mine now")
        self.port(port=2022, onDrift="replace")
        self.simulator.reset_calls()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertIn("does not carry the mark", self.estate.run("plan").out)

    def test_a_description_that_the_vendor_cuts_is_no_difference(self):
        self.port(onDrift="replace")
        self.converge()
        self.simulator.do("mapping-change", id=self.mapping("ssh")["id"], description="muster:ssh jum")
        self.assert_silent()
        self.port(description="another")
        self.assert_code(0, self.estate.apply())
        self.assertEqual("muster:ssh another", self.mapping("ssh")["description"])
        self.assert_silent()

    def test_forgotten(self):
        self.converge()
        self.assert_code(0, self.estate.run("forget", "PortMapping/ssh"))
        self.assertIn("is there and is not ours", self.only_action()["blocked"])
        self.assert_leads("ssh", "web-0")

    def test_a_renamed_one_keeps_what_it_owns(self):
        self.converge()
        self.estate.remove("PortMapping", "ssh")
        self.port("jump", **SSH, formerly="ssh")
        self.assertEqual([], self.actions())
        self.assert_silent()

    def test_no_spec_names_it_and_nothing_is_pruned(self):
        self.converge()
        self.estate.remove("PortMapping", "ssh")
        self.assert_silent()
        self.assertIn("is orphaned: kept, because prune is off", self.estate.run("plan").out)
        self.assert_leads("ssh", "web-0")

    def test_no_spec_names_it_and_it_is_pruned(self):
        """It counts under no limit."""
        self.converge()
        self.estate.remove("PortMapping", "ssh")
        self.estate.policy(prune=True, maxDeletes=0)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping-delete"], [call for call, _ in self.simulator.acting()])
        self.assertNotIn("muster:ssh", str(self.state()))
        self.assertEqual(self.theirs, self.state("theirs"))
        self.assert_silent()

    def test_all_is_pruned_in_order(self):
        self.converge()
        for kind, name in (("PortMapping", "ssh"), ("AddressMapping", "mail"), ("MachineSet", "web")):
            self.estate.remove(kind, name)
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["mapping-delete"] * 2 + ["delete"] * 2, [call for call, _ in self.simulator.acting()])
        self.assert_names(["theirs"])
        self.assertEqual(self.theirs, self.state())

    def test_a_limit_keeps_both(self):
        self.converge()
        self.estate.machine_set(count=0)
        self.estate.policy(maxDeletes=0)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assert_leads("ssh", "web-0")

    def test_one_that_was_not_selected_keeps_its_machine(self):
        self.converge()
        self.estate.machine_set(count=1)
        result = self.estate.apply("--target", "MachineSet/web")
        self.assert_code(3, result)
        self.assert_no_act()
        self.assertIn("AddressMapping/mail is about it, and is not selected", result.out + result.err)

    def test_paused(self):
        self.port(paused=True)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertNotIn("muster:ssh", str(self.state()))
        self.port(paused=None)
        self.assert_code(0, self.estate.apply())
        self.assert_as_specified()

    def test_a_paused_one_keeps_its_machine(self):
        self.converge()
        self.address(paused=True)
        self.estate.machine_set(count=1)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.address(paused=None)
        self.assert_code(3, self.estate.apply())
        self.assertEqual(["mapping-delete", "delete"], [call for call, _ in self.simulator.acting()])

    def test_all_mappings_gone_at_once_are_looked_at_twice(self):
        for name in ("a", "b", "c", "d", "e"):
            self.port(name, **SSH | {"outerPort": 3000 + ord(name)})
        self.converge()
        self.simulator.fault("mapping-list:1=empty")
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_a_snapshot_plans_the_same(self):
        self.converge()
        self.port(port=2022, onDrift="replace")
        self.estate.machine_set(count=3)
        path = os.path.join(self.root, "snapshot.json")
        live = self.plan("--save-snapshot", path)
        shown = self.plan("--snapshot", path)
        self.assertEqual((live["actions"], live["summary"]), (shown["actions"], shown["summary"]))

    def test_it_is_explained_and_told(self):
        self.converge()
        out = self.estate.run("explain", "PortMapping/ssh").out
        self.assertRegex(out, r"(?m)^ *spec +.*portmapping-ssh\.yaml:1")
        self.assertRegex(out, rf"(?m)^ *ledger +{self.mapping('ssh')['id']}, ours since .*; made by muster$")
        self.assertIn("ssh", self.estate.run("history", "PortMapping/ssh").out)
        self.assertEqual({"web-0", "web-1"}, set(self.estate.owned()))
        self.assertEqual(2, self.estate.status()["desired"])


class Quirks(Lives):
    """The same of a vendor that writes numbers for texts, capitals, and one row without its list."""

    simulator_arguments = ["--quirks"]


# What makes muster send the call, and how often without a fault.
CALLS = {"mapping": 2, "mapping-delete": 1}


class Faults(Mapped):
    def setUp(self):
        super().setUp()
        self.estate.provider(settle="2s", timeout="2s")

    def prepare(self, call):
        self.init()
        if call == "mapping-delete":
            self.converge()
            self.estate.remove("PortMapping", "ssh")
            self.estate.policy(prune=True)

    def assert_as_wanted(self, call):
        marks = sorted((m["description"] or "").split(" ")[0] for m in self.simulator.state("mappings"))
        self.assertEqual(["", "muster:mail"] + ([] if call == "mapping-delete" else ["muster:ssh"]) + ["ours,"], marks)
        self.assertEqual(self.theirs, self.state("theirs"))
        self.assert_silent()

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


if __name__ == "__main__":
    unittest.main()
