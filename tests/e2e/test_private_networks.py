# SPDX-License-Identifier: MIT
"""Private networks with the machines on them, and what a tenant may use.

A network is made before its machines and goes after them. Whether it is at the cloud router, and its firewall on, no listing shows: both are sent
again only where they should be otherwise than was sent last, or where nobody knows what came of that.
"""

import os
import subprocess
import unittest

from harness import TestCase, end_process, wait_until, web

PLAN = """\
TenantQuota/limits on star: of tenant app-1                                   specs/tenantquota-limits.yaml:1
  ~ limits           quota     cpu 1000000000 -> 100, memory 1000000000MiB -> 200GiB, storage 1000000000GiB -> 10TiB, \
addresses 1000000000 -> 5, networks 1000000000 -> 4
Network/app on star: it is not there yet                                      specs/network-app.yaml:1
  + app              network   app tier
  ~ app              network   routed false -> true  waits
  ~ app              network   firewall not known -> true  waits
    waits: its network goes first
MachineSet/web on star: count is 2, 0 exist                                   specs/machineset-web.yaml:1
  + web-0            machine   template tmpl-7, 4 cpu, 8GiB, after app
  + web-1            machine   template tmpl-7, 4 cpu, 8GiB, after app

Plan: 3 to create, 3 to change, 0 to delete, 0 blocked, 0 unknown. About 6 requests.
"""


class NetworkCase(TestCase):
    """A set of two machines on a network of ours, which is at the router; and a network of somebody else's, which nobody touches."""

    def setUp(self):
        super().setUp()
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=2, network={"ref": "app"})
        self.network()
        self.simulator.do("router-add", name="edge", online=True)
        self.simulator.do("network-add", name="theirs", description="not ours", gate=True)
        self.theirs = self.the("theirs")

    def network(self, name="app", **spec):
        if ("Network", name) not in self.estate.documents:
            spec = {"provider": "star", "description": "app tier", "routed": True, "firewall": True} | spec
        self.estate.write("Network", name, **spec)

    def networks(self, name="app"):
        return [network for network in self.simulator.state("networks") if network["name"] == name]

    def the(self, name="app"):
        """The one network of that name."""
        found = self.networks(name)
        self.assertEqual(1, len(found), f"{len(found)} networks are named {name}")
        return found[0]

    def assert_as_specified(self, machines=("web-0", "web-1"), description="app tier", routed=True, firewall=True):
        network = self.the()
        self.assertEqual((description, routed, firewall), (network["description"], bool(network["router"]), network["gate"]))
        self.assertEqual({network["id"]} if machines else set(),
                         {self.simulator.named(machine)["network"] for machine in machines})
        self.assertEqual(self.theirs, self.the("theirs"), "what is somebody else's is as it was")

    def assert_network_converged(self, **expected):
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified(**expected)
        self.assertEqual([], self.plan()["actions"])
        self.assertEqual("converged", self.estate.status("Network/app")["phase"])

    def acting(self):
        return [call for call, _ in self.simulator.acting()]

    def actions(self):
        return [(a["action"], a["kind"], a["name"]) for a in self.plan()["actions"]]


class Networks(NetworkCase):
    def test_from_nothing(self):
        self.init()
        planned = self.plan()["actions"]
        self.assertEqual([("create", "Network", "app"), ("update", "Network", "app"), ("update", "Network", "app"),
                          ("create", "Machine", "web-0"), ("create", "Machine", "web-1")],
                         [(a["action"], a["kind"], a["name"]) for a in planned])
        network, routed = planned[0]["id"], planned[1]["id"]
        self.assertEqual([{"field": "routed", "from": "false", "to": "true"}], planned[1]["changes"])
        self.assertEqual([network], planned[1]["dependsOn"])
        for machine in planned[3:]:
            self.assertEqual([network, routed], machine["dependsOn"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["network", "router-join"], self.acting()[:2])
        self.assertEqual(["create", "create", "gate"], sorted(self.acting()[2:]))
        self.assert_network_converged()

    def test_a_silent_pass_asks_for_little(self):
        self.converge()
        self.plan()
        calls = self.simulator.calls()
        self.assertEqual((1, 1, 2), (calls["list"], calls["network-list"], calls["reads"]))

    def test_the_least(self):
        """Neither router nor firewall is spoken of: nobody touches them."""
        self.network(description=None, routed=None, firewall=None)
        self.converge()
        self.assert_network_converged(description="", routed=False, firewall=False)

    def test_a_network_without_machines(self):
        self.estate.remove("MachineSet", "web")
        self.init()
        self.assert_code(0, self.estate.apply("--target", "Network/app"))
        self.assert_network_converged(machines=())

    def test_a_target_brings_its_network(self):
        self.network("other", description="another")
        self.init()
        self.assert_code(0, self.estate.apply("--target", "MachineSet/web"))
        self.assert_as_specified()
        self.assertEqual([], self.networks("other"))

    def test_the_description_changes_in_place(self):
        self.converge()
        before = self.the()
        self.network(description="front tier")
        action = self.only_action()
        self.assertEqual(("update", "Network", before["id"]), (action["action"], action["kind"], action["vendorId"]))
        self.assertEqual([{"field": "description", "from": "app tier", "to": "front tier"}], action["changes"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["network-change"], self.acting())
        self.assertEqual(before | {"description": "front tier"}, self.the())
        self.assert_network_converged(description="front tier")

    def test_what_a_person_changed_comes_back(self):
        self.converge()
        before = self.the()
        self.simulator.do("network-change", id=before["id"], description="mine", name="my own")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["network-change"] * 2, self.acting())
        self.assertEqual(before, self.the())
        self.assert_network_converged()

    def test_what_a_person_changed_is_only_reported(self):
        self.converge()
        self.network(onDrift="report", firewall=False)
        self.simulator.do("network-change", id=self.the()["id"], description="mine", name="my own")
        plan = self.estate.run("plan")
        for words in ("description is mine, spec says app tier", "is named my own at the vendor",
                      "firewall is true, spec says false"):
            self.assertIn(words + "; only reported, as onDrift says", plan.out)
        self.assertEqual([], self.actions())

    def test_to_the_router_and_away(self):
        self.network(routed=False)
        self.converge()
        self.assert_network_converged(routed=False)
        for routed in (True, False, True):
            self.network(routed=routed)
            self.assert_code(0, self.estate.apply())
            self.assertEqual(["router-join" if routed else "router-leave"], self.acting())
            self.assert_network_converged(routed=routed)

    def test_the_firewall(self):
        self.converge()
        for firewall in (False, True):
            self.network(firewall=firewall)
            self.assert_code(0, self.estate.apply())
            self.assertEqual(["gate"], self.acting())
            self.assert_network_converged(firewall=firewall)
        self.network(firewall=None)
        self.assert_network_converged()

    def test_machines_come_once_there_is_a_router(self):
        """The vendor refuses for as long as there is none; nothing is made on a network that is not as its spec says."""
        self.simulator.do("router-delete", name="edge")
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertEqual(["network"] + ["router-join"] * 5 + ["gate"], self.acting())
        for resource in ("Network/app", "MachineSet/web"):
            status = self.estate.status(resource)
            self.assertEqual(("failed", "refused"), (status["phase"], status["reason"]))
            self.assertIn("no router", status["message"])
        self.simulator.do("router-add", name="edge", online=True)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged()

    def test_a_deleted_network_comes_back(self):
        self.estate.machine_set(count=0)
        self.converge()
        before = self.the()
        self.simulator.do("network-delete", id=before["id"])
        self.assertEqual([], self.actions(), "one look is not believed")
        self.assert_code(0, self.estate.apply())
        self.assertNotEqual(before["id"], self.the()["id"])
        self.assert_network_converged(machines=())

    def test_machines_stay_on_the_network_that_is_gone(self):
        """They cannot move: that is told, and new ones come on the new network."""
        self.converge()
        before = self.the()
        self.simulator.do("network-delete", id=before["id"])
        self.assert_code(0, self.estate.apply())
        self.estate.machine_set(count=3)
        plan = self.estate.run("plan").out
        self.assertIn(f"web-0 and 1 more: network is {before['id']} (on web-0), spec says {self.the()['id']}", plan)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([before["id"]] * 2 + [self.the()["id"]],
                         [self.simulator.named(name)["network"] for name in web(0, 1, 2)])

    def test_machines_move_to_another_network_by_being_made_anew(self):
        self.converge()
        self.network("front", description="front tier")
        self.assert_code(0, self.estate.apply())
        self.estate.machine_set(network={"ref": "front"})
        self.assertIn("it cannot change in place, so the machine keeps it", self.estate.run("plan").out)
        self.estate.machine_set(onDrift="replace", rollout={"maxUnavailable": 2, "minReady": "0s"})
        self.assert_code(0, self.estate.apply())
        self.assertEqual({self.the("front")["id"]}, {machine["network"] for machine in self.simulator.machines()})
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([], self.networks())

    def test_a_stranger_of_that_name_is_a_conflict(self):
        self.simulator.do("network-add", name="app", description="old")
        stranger = self.the()["id"]
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        status = self.estate.status("Network/app")
        self.assertEqual(("blocked", "conflict"), (status["phase"], status["reason"]))
        self.assertIn(f"muster adopt Network/app {stranger}", status["message"])
        self.assertIn("Network/app goes first", self.estate.status()["message"])
        self.assert_code(0, self.estate.run("adopt", "Network/app", stranger))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(stranger, self.the()["id"])
        self.assert_network_converged()

    def test_an_adopted_network_keeps_its_name_and_its_router(self):
        self.simulator.do("network-add", name="Old One", description="old", router="vr-1", gate=True)
        stranger = self.the("Old One")["id"]
        self.init()
        self.assert_code(0, self.estate.run("adopt", "Network/app", stranger))
        self.network(firewall=None)
        self.assert_code(0, self.estate.apply())
        self.assertEqual({"create", "network-change", "router-join"}, set(self.acting()))
        adopted = self.the("Old One")
        self.assertEqual((stranger, "app tier", "vr-1", True),
                         tuple(adopted[key] for key in ("id", "description", "router", "gate")))
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.network(routed=False)
        self.assert_code(0, self.estate.apply())
        self.assertIsNone(self.the("Old One")["router"] or None)

    def test_an_adopted_network_that_nobody_wants_routed_stays_where_it_is(self):
        self.simulator.do("network-add", name="app", description="app tier", router="vr-1")
        self.network(routed=None, firewall=None)
        self.init()
        self.assert_code(0, self.estate.run("adopt", "Network/app", self.the()["id"]))
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged(firewall=False)

    def test_a_network_that_is_there_already_by_its_id(self):
        self.estate.remove("Network", "app")
        self.estate.machine_set(network=self.theirs["id"])
        self.converge()
        self.assertEqual({self.theirs["id"]}, {machine["network"] for machine in self.simulator.machines()})
        self.assertEqual([self.theirs], self.simulator.state("networks"))

    def test_forgotten(self):
        self.converge()
        self.assert_code(0, self.estate.run("forget", "Network/app"))
        self.estate.machine_set(network=self.the()["id"])
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified()

    def test_no_spec_names_it_and_nothing_is_pruned(self):
        self.converge()
        self.estate.remove("MachineSet", "web")
        self.estate.remove("Network", "app")
        self.assertIn(f"app ({self.the()['id']}) is orphaned: kept, because prune is off", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified()

    def test_all_is_pruned_machines_first(self):
        self.converge()
        self.estate.remove("MachineSet", "web")
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True)
        actions = {(a["kind"], a["action"], a["name"]): a for a in self.plan()["actions"]}
        leaves, goes = actions["Network", "update", "app"], actions["Network", "delete", "app"]
        self.assertEqual([leaves["id"]], goes["dependsOn"])
        self.assertEqual(sorted(actions["Machine", "delete", name]["id"] for name in web(0, 1)), sorted(leaves["dependsOn"]))
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["delete", "delete", "router-leave", "network-delete"], self.acting())
        self.assertEqual([self.theirs], self.simulator.state("networks"))
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_a_network_with_machines_is_not_pruned(self):
        self.converge()
        self.estate.machine_set(network=self.the()["id"])
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertIn("MachineSet/web wants its machines on it", self.estate.run("plan").out)
        self.estate.machine_set(network="pg-12")
        plan = self.estate.run("plan").out
        self.assertIn("web-0 and 1 more are on it: a network goes after its machines", plan)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assert_as_specified()

    def test_what_may_not_go_stays_at_its_router(self):
        self.converge()
        self.estate.remove("MachineSet", "web")
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True, maxDeletes=0)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertEqual({True}, {bool(a["blocked"]) for a in self.plan()["actions"]})

    def test_networks_count_for_the_limits(self):
        self.estate.policy(maxCreates=2)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.estate.policy(maxCreates=3)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged()

    def test_paused(self):
        self.network(paused=True)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.network(paused=None)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged()

    def test_a_renamed_network_keeps_what_it_is(self):
        self.converge()
        document = self.estate.documents["Network", "app"]
        self.estate.remove("Network", "app")
        self.estate.write("Network", "front", **document, formerly="app")
        self.estate.machine_set(count=3, network={"ref": "front"})
        self.assertEqual([("create", "Machine", "web-2")], self.actions())
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["create"], self.acting())
        self.assert_as_specified(machines=("web-0", "web-1", "web-2"))

    def test_what_a_person_must_decide_keeps_machines_waiting(self):
        """Another one of its name turned up while nobody knew whether it was made."""
        self.simulator.fault("network:1=drop-request")
        self.init()
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.simulator.calls()["network"] > 0, "the network is asked for")
        self.simulator.do("network-add", name="app")
        self.simulator.do("network-add", name="app")
        self.assertEqual(3, apply.wait(60))
        self.assertEqual(2, len(self.networks()))
        for resource in ("Network/app", "MachineSet/web"):
            status = self.estate.status(resource)
            self.assertEqual(("blocked", "parked"), (status["phase"], status["reason"]), status)
        self.assert_names([])

    def test_a_saved_plan(self):
        self.init()
        path = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", path))
        self.assert_code(0, self.estate.apply("--plan", path))
        self.assert_network_converged()

    def test_a_snapshot_plans_the_same(self):
        self.converge()
        self.network(description="front tier", routed=False)
        self.network("other")
        self.estate.machine_set(count=3)
        path = os.path.join(self.root, "snapshot.json")
        live = self.plan("--save-snapshot", path)
        self.assertEqual(live["actions"], self.plan("--snapshot", path)["actions"])

    def test_it_is_explained(self):
        self.converge()
        out = self.estate.run("explain", "Network/app").out
        self.assertRegex(out, rf"(?m)^ *ledger +{self.the()['id']}, ours since .*; made by muster$")
        self.assertIn('made with spec {"description":"app tier"}, routed true, firewall true', out)

    def test_an_export_names_what_they_are_on(self):
        self.converge()
        self.assertIn(f"network: {self.the()['id']}", self.estate.run("export", "star").out)

    def test_the_plan_as_text(self):
        self.estate.write("TenantQuota", "limits", provider="star", tenant="app-1", cpu=100, memory="200GiB", storage="10TiB",
                          addresses=5, networks=4)
        self.init()
        self.assertEqual(PLAN, self.estate.run("plan").out.replace(self.estate.specs, "specs"))

    def test_what_a_spec_may_not_say(self):
        self.estate.provider("moon", type="starvcenter", endpoint=self.simulator.endpoint, auth={"tokenEnv": "STAR_TOKEN"})
        self.network("lan", provider="moon")
        for network, words in (({"ref": "lan"}, "is Network/lan of Provider/moon"), ({"ref": "web"}, "there is no such Network"),
                               ({"ref": "apps"}, "did you mean app?")):
            self.estate.machine_set(network=network)
            result = self.estate.run("validate")
            self.assert_code(1, result)
            self.assertIn(words, result.out + result.err)
        self.estate.machine_set(network="app")
        result = self.estate.run("validate")
        self.assert_code(0, result)
        self.assertIn("is taken for the provider's own id, though Network/app has the same name", result.out + result.err)


class Faults(NetworkCase):
    """Whatever becomes of the first call of each class: it is done once."""

    making = ["network", "router-join", "gate"]

    def run_with(self, fault):
        for call in self.making:
            self.simulator.fault(f"{call}:1={fault}")
        self.init()
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged()
        for call in ("network-change", "router-leave", "gate"):
            self.simulator.fault(f"{call}:1={fault}")
        self.network(description="front tier", routed=False, firewall=False)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged(description="front tier", routed=False, firewall=False)
        self.network(routed=True)
        self.assert_code(0, self.estate.apply())
        self.estate.remove("MachineSet", "web")
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True)
        self.simulator.reset_calls()
        for call in ("router-leave", "network-delete"):
            self.simulator.fault(f"{call}:1={fault}")
        self.assert_code(0, self.estate.apply())
        self.assertEqual([self.theirs], self.simulator.state("networks"))

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

    def test_a_wish_that_is_taken_back_in_between(self):
        """Nobody knows what came of the call: what was sent before it is no evidence any more."""
        self.converge()
        self.simulator.fault("router-leave:1=hang-after")
        self.network(routed=False)
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.simulator.calls()["router-leave"] > 0, "it leaves")
        end_process(apply)
        self.simulator.clear_faults()
        self.network(routed=True)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged()


class Kills(NetworkCase):
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
        for call in ("network", "router-join", "gate", "create"):
            kill(call)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged()
        self.simulator.reset_calls()
        self.network(description="front tier", firewall=False)
        for call in ("network-change", "gate"):
            kill(call)
        self.assert_code(0, self.estate.apply())
        self.assert_network_converged(description="front tier", firewall=False)
        self.simulator.reset_calls()
        self.estate.remove("MachineSet", "web")
        self.estate.remove("Network", "app")
        self.estate.policy(prune=True)
        for call in ("delete", "router-leave", "network-delete"):
            kill(call)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([self.theirs], self.simulator.state("networks"))
        self.assert_names([])

    def test_while_the_call_is_out(self):
        self.run_with(self.apply_and_kill)

    def test_a_moment_after(self):
        self.run_with(self.apply_and_kill_soon)


class Quirks(NetworkCase):
    """A vendor that prints numbers for texts, and nothing for what is empty."""

    simulator_arguments = ["--quirks"]

    def test_converges(self):
        self.network(description="")
        self.converge()
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.network(description="app tier")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["network-change"], self.acting())
        self.assert_network_converged()


class Quotas(TestCase):
    """What the tenant may use, and two machines of it."""

    limits = {"cpu": 100, "memory": "200GiB", "storage": "10TiB", "addresses": 5, "networks": 4}
    sent = {"cpu": 100, "memory": 200 * 1024, "storage": 10 * 1024, "ip": 5, "vpc": 4}

    def setUp(self):
        super().setUp()
        self.estate.provider(options={"tenant": "app-1"})
        self.estate.machine_set(count=2)
        self.quota()

    def quota(self, name="limits", **spec):
        if ("TenantQuota", name) not in self.estate.documents:
            spec = {"provider": "star", "tenant": "app-1"} | self.limits | spec
        self.estate.write("TenantQuota", name, **spec)

    def tenant(self, tenant="app-1"):
        found = [t for t in self.simulator.state("tenants") if t["id"] == tenant]
        self.assertEqual(1, len(found))
        return {key: found[0][key] for key in self.sent}

    def assert_quota_converged(self, **sent):
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertEqual(self.sent | sent, self.tenant())
        self.assertEqual("converged", self.estate.status("TenantQuota/limits")["phase"])

    def test_it_is_set_and_then_left_alone(self):
        self.init()
        action = self.plan()["actions"][0]
        self.assertEqual(("update", "TenantQuota", "limits", "app-1"),
                         tuple(action[key] for key in ("action", "kind", "name", "vendorId")))
        self.assertEqual([("cpu", "100"), ("memory", "200GiB"), ("storage", "10TiB"), ("addresses", "5"), ("networks", "4")],
                         [(change["field"], change["to"]) for change in action["changes"]])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["create", "create", "quota"], sorted(call for call, _ in self.simulator.acting()))
        self.assert_quota_converged()

    def test_what_a_person_changed_comes_back(self):
        self.converge()
        self.simulator.do("quota", tenant="app-1", cpu=64, memory=1024, storage=10240, ip=5, vpc=4)
        action = self.only_action()
        self.assertEqual([{"field": "cpu", "from": "64", "to": "100"}, {"field": "memory", "from": "1GiB", "to": "200GiB"}],
                         action["changes"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("quota", "app-1")], self.simulator.acting())
        self.assert_quota_converged()

    def test_what_a_person_changed_is_only_reported(self):
        self.converge()
        self.quota(onDrift="report")
        self.simulator.do("quota", tenant="app-1", cpu=64, memory=204800, storage=10240, ip=5, vpc=4)
        self.assertIn("limits: cpu is 64, spec says 100; only reported, as onDrift says", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_without_a_spec_it_stays_as_it_is(self):
        self.converge()
        self.estate.remove("TenantQuota", "limits")
        self.estate.policy(prune=True)
        self.assertEqual([], self.plan()["actions"])
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertEqual(self.sent, self.tenant())
        self.assertIsNone(self.estate.status("TenantQuota/limits"))

    def test_a_quota_below_what_is_used_is_the_vendors_to_decide(self):
        self.converge()
        self.quota(cpu=1)
        self.assert_code(0, self.estate.apply())
        self.assert_quota_converged(cpu=1)

    def test_another_tenant(self):
        self.simulator.do("quota", tenant="app-2", cpu=1)
        self.quota("others", tenant="app-2", cpu=7)
        self.converge()
        self.assertEqual(self.sent | {"cpu": 7}, self.tenant("app-2"))
        self.assert_quota_converged()

    def test_a_tenant_that_there_is_not(self):
        """That is told, and nothing else is kept from being done."""
        self.quota("others", tenant="app-9")
        self.init()
        self.assert_code(3, self.estate.apply())
        status = self.estate.status("TenantQuota/others")
        self.assertEqual(("failed", "refused"), (status["phase"], status["reason"]))
        self.assertIn("star shows no quota of tenant app-9", status["message"])
        self.assert_quota_alone()

    def assert_quota_alone(self):
        self.assert_names(web(0, 1))
        self.assertEqual(self.sent, self.tenant())

    def test_machines_wait_for_a_quota_that_is_raised(self):
        self.simulator.do("quota", tenant="app-1", cpu=4, memory=1000000, storage=100000, ip=5, vpc=4)
        self.init()
        actions = self.plan()["actions"]
        self.assertEqual(["TenantQuota", "Machine", "Machine"], [a["kind"] for a in actions])
        self.assertEqual([[actions[0]["id"]]] * 2, [a["dependsOn"] for a in actions[1:]])
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["quota", "create", "create"], [call for call, _ in self.simulator.acting()])
        self.assert_quota_converged()

    def test_a_quota_that_is_lowered_counts_as_it_will_be(self):
        self.quota(cpu=4)
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertEqual([("quota", "app-1")], self.simulator.acting())
        self.assertIn("the plan adds 8 of cpu where 4 is left", self.estate.run("plan").out + self.estate.run("plan").err)

    def test_networks_count_for_the_quota(self):
        self.quota(networks=1)
        self.estate.write("Network", "app", provider="star")
        self.estate.write("Network", "front", provider="star")
        self.init()
        self.assert_code(3, self.estate.apply())
        self.assertEqual([("quota", "app-1")], self.simulator.acting())
        result = self.estate.run("plan")
        self.assertIn("the plan adds 2 of networks where 1 is left", result.out + result.err)
        self.quota(networks=2)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(2, len(self.simulator.state("networks")))

    def test_nothing_is_adopted(self):
        self.init()
        result = self.estate.run("adopt", "TenantQuota/limits", "app-1")
        self.assert_code(1, result)
        self.assertIn("is always there", result.out + result.err)

    def test_it_is_explained(self):
        self.converge()
        self.assertIn("change spec", self.estate.run("explain", "TenantQuota/limits").out)
        self.assertIn("limits", self.estate.run("history", "TenantQuota/limits").out)

    def test_a_snapshot_plans_the_same(self):
        self.converge()
        self.quota(cpu=64)
        self.estate.machine_set(count=3)
        path = os.path.join(self.root, "snapshot.json")
        live = self.plan("--save-snapshot", path)
        self.assertEqual(live["actions"], self.plan("--snapshot", path)["actions"])

    def test_whatever_becomes_of_the_call(self):
        self.init()
        for i, fault in enumerate(("drop-reply", "500-after", "truncate", "garbage", "drop-request", "500", "503")):
            self.simulator.reset_calls()
            self.simulator.clear_faults()
            self.simulator.fault(f"quota:1={fault}")
            self.quota(cpu=50 + i)
            self.assert_code(0, self.estate.apply())
            self.assert_quota_converged(cpu=50 + i)

    def test_killed_while_the_call_is_out(self):
        self.converge()
        self.quota(cpu=64)
        self.simulator.fault("quota:1=hang-after")
        apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.simulator.calls()["quota"] > 0, "the quota is changed")
        end_process(apply)
        self.simulator.clear_faults()
        self.estate.remove("TenantQuota", "limits")
        self.assert_code(0, self.estate.apply())
        self.quota(cpu=64)
        self.assert_code(0, self.estate.apply())
        self.assert_quota_converged(cpu=64)

    def test_two_of_one_tenant(self):
        self.quota("again")
        result = self.estate.run("validate")
        self.assert_code(1, result)
        self.assertIn("a tenant has one quota", result.out + result.err)


if __name__ == "__main__":
    unittest.main()
