# SPDX-License-Identifier: MIT
"""Private networks, and the machines on them: made before these, and deleted after them.

Whether a network is at the cloud router, and its firewall on, no listing shows: both are sent again only where they should be otherwise than was
sent last, or where nobody knows what came of that.
"""

import os
import subprocess
import unittest

from harness import wait_until, web
from networks import NetworkCase

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


if __name__ == "__main__":
    unittest.main()
