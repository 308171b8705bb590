# SPDX-License-Identifier: MIT
"""Load balancers on StarVCenter: made, changed, followed by the machines of sets, replaced and deleted."""

import os
import unittest

from balancers import FRONT, FULL, SHOP, Balanced, certificate
from harness import web


class Growing(Balanced):
    def test_from_nothing_and_then_silent(self):
        self.init()
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("balancer", "shop"), ("create", "web-0"), ("create", "web-1")], sorted(self.simulator.acting()[:3]))
        self.assertEqual(["backend", "backend"], [kind for kind, _ in self.simulator.acting()[3:]])
        self.assert_behind(web(0, 1))
        self.assertIn("2 machines and 3 other things are as the specs say", self.assert_silent().out)
        status = self.estate.status("LoadBalancer/shop")
        self.assertEqual(("converged", 1, 1), (status["phase"], status["desired"], status["ready"]))

    def test_every_field(self):
        self.change(**FULL)
        self.converge()
        balancer = self.balancer()
        wanted = {
            "description": "shop front", "tenant": "app-1", "router": "vm-router", "protocol": "http", "network": "outter",
            "address": "203.0.113.10", "dedicated": True, "port": 80, "backendPort": 8080, "path": "/", "policy": "wrr", "retries": 3,
            "interval": 5, "timeout": 3, "idle": 60, "healthPath": "/healthz", "connections": 1000, "enabled": True,
        }
        self.assertEqual(wanted, {key: balancer[key] for key in wanted})
        self.assertEqual({5}, {weight for _, _, _, weight in self.backends()})
        self.assert_silent()

    def test_the_plan_as_the_contract_has_it(self):
        self.estate.machine_set(count=3)
        self.converge()
        self.estate.machine_set(count=5)
        lines = [line.split("/")[0] if "MachineSet/" in line or "LoadBalancer/" in line else line
                 for line in self.estate.run("plan").out.splitlines()]
        self.assertEqual(["MachineSet", "  + web-3            machine   template tmpl-7, 4 cpu, 8GiB, network pg-12",
                          "  + web-4            machine   template tmpl-7, 4 cpu, 8GiB, network pg-12",
                          "LoadBalancer", "  + web-3:8080       back end  after web-3", "  + web-4:8080       back end  after web-4"],
                         lines[:6])
        self.assertIn("LoadBalancer/shop on star: follows MachineSet/web  ", self.estate.run("plan").out)

    def test_the_plan_as_json_says_what_is_waited_for(self):
        self.init()
        actions = {action["name"]: action for action in self.plan()["actions"]}
        self.assertEqual({"web-0", "web-1", "shop", "web-0:8080", "web-1:8080"}, set(actions))
        for name in web(0, 1):
            waits = {actions[name]["id"], actions["shop"]["id"]}
            self.assertEqual(waits, set(actions[f"{name}:8080"]["dependsOn"]))
            self.assertEqual("BackEnd", actions[f"{name}:8080"]["kind"])
        self.assertEqual("LoadBalancer", actions["shop"]["kind"])

    def test_two_to_six_to_one(self):
        self.converge()
        self.estate.machine_set(count=6)
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1, 2, 3, 4, 5))
        self.assert_silent()
        self.estate.machine_set(count=1)
        pointers = self.pointers()
        self.assert_code(0, self.estate.apply())
        self.assert_order(pointers)
        self.assert_behind(web(0))
        self.assert_silent()
        self.estate.machine_set(count=0)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([], self.state("backends"))
        self.assert_silent()

    def test_a_back_end_waits_for_an_address(self):
        simulator = self.start_simulator("--quirks", ready_delay="1500ms")
        self.simulator = simulator
        self.estate.provider(endpoint=simulator.endpoint)
        self.init()
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_a_machine_that_is_not_ours(self):
        self.simulator.do("add", name="old")
        old = self.simulator.named("old")
        self.change(backends=SHOP["backends"] + [{"machine": old["id"], "address": "10.9.9.9", "port": 9090}])
        self.converge()
        self.assertIn(("old", "10.9.9.9", 9090, 1), self.backends())
        self.assert_silent()
        self.change(backends=SHOP["backends"])
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))

    def test_two_balancers_and_two_sets(self):
        self.estate.machine_set("api", count=1)
        self.estate.write("LoadBalancer", "inner", **SHOP | {
            "frontend": {"network": "internal", "address": "10.1.0.5", "port": 80},
            "backends": [{"machineSet": "api", "port": 81}, {"machineSet": "web", "port": 8080}],
        })
        self.converge()
        self.assert_behind(["api-0", "web-0", "web-1"], "inner")
        self.assert_behind(web(0, 1))
        self.estate.machine_set(count=1)
        pointers = self.pointers()
        self.assert_code(0, self.estate.apply())
        self.assert_order(pointers)
        self.assert_behind(["api-0", "web-0"], "inner")
        self.assert_silent()


class ByHand(Balanced):
    def setUp(self):
        super().setUp()
        self.simulator.do("balancer-add", name="theirs", tenant="app-1", router="vm-router", protocol="http", network="outter",
                          address="203.0.113.99", port=80)
        self.simulator.do("add", name="other")
        self.other = self.simulator.named("other")
        self.theirs = self.balancer("theirs")
        self.converge()

    def add(self, balancer, **fields):
        self.simulator.do("backend-add", balancer=balancer["id"], machine=self.other["id"], address="10.9.9.9", port=9, **fields)

    def test_removed_it_comes_back(self):
        self.simulator.do("backend-delete", id=self.state("backends")[0]["id"])
        action = self.only_action()
        self.assertEqual(("create", "BackEnd", "web-0:8080"), (action["action"], action["kind"], action["name"]))
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_added_it_goes_and_elsewhere_it_stays(self):
        self.add(self.balancer())
        self.add(self.theirs)
        action = self.only_action()
        self.assertEqual(("delete", "BackEnd", f"{self.other['id']}:9"), (action["action"], action["kind"], action["name"]))
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assertEqual(["other"], self.behind("theirs"))
        self.assertEqual(self.theirs, self.balancer("theirs"))
        self.assert_silent()

    def test_twice_is_once_too_often(self):
        one = self.state("backends")[0]
        self.simulator.do("backend-add", balancer=one["balancer"], machine=one["machine"], address=one["address"], port=one["port"])
        self.assertIn("twice", self.only_action()["reason"])
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_disabled_it_is_told(self):
        self.simulator.do("backend-change", id=self.state("backends")[0]["id"], enabled=False)
        self.assertIn("disabled at the vendor", self.estate.run("plan").out)
        self.assert_no_act()

    def test_the_balancer_deleted_comes_back_with_all(self):
        self.simulator.do("balancer-delete", name="shop")
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_the_balancer_renamed_is_named_back(self):
        self.simulator.do("balancer-change", id=self.balancer()["id"], name="else")
        action = self.only_action()
        self.assertEqual([{"field": "name", "from": "else", "to": "shop"}], action["changes"])
        self.assert_code(0, self.estate.apply())
        self.balancer()
        self.assert_silent()

    def test_stopped_it_is_started(self):
        self.simulator.do("balancer-change", id=self.balancer()["id"], enabled=False)
        self.assertEqual("start", self.only_action()["action"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("balancer-start", self.balancer()["id"])], self.simulator.acting())
        self.assertTrue(self.balancer()["enabled"])

    def test_a_machine_deleted_takes_its_back_end_along(self):
        self.simulator.do("delete", name="web-1")
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_a_machine_stopped_stays_behind_it(self):
        self.simulator.do("stop", name="web-1")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["start"], [kind for kind, _ in self.simulator.acting()])
        self.assert_behind(web(0, 1))


class Changing(Balanced):
    shop = FULL

    def setUp(self):
        super().setUp()
        self.converge()
        self.id = self.balancer()["id"]

    def test_many_fields_in_one_call(self):
        self.change(description="new words", maxConnections=2000, idleTimeout="90s", algorithm="round-robin",
                    health={"path": "/up", "interval": "9s", "timeout": "8s", "retries": 4}, frontend=FULL["frontend"] | {"port": 81})
        action = self.only_action()
        self.assertEqual("update", action["action"])
        self.assertEqual(["algorithm", "description", "frontend.port", "health.interval", "health.path", "health.retries",
                          "health.timeout", "idleTimeout", "maxConnections"], sorted(change["field"] for change in action["changes"]))
        self.assertIn("~ shop             balancer  description shop front -> new words, ", self.estate.run("plan").out)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("balancer-change", self.id)], self.simulator.acting())
        balancer = self.balancer()
        self.assertEqual(("new words", 2000, 90, "rr", "/up", 9, 8, 4, 81),
                         tuple(balancer[key] for key in ("description", "connections", "idle", "policy", "healthPath", "interval",
                                                         "timeout", "retries", "port")))
        self.assert_silent()

    def test_a_listing_that_lies_adds_none_again(self):
        self.converge()
        for look in (1, 2):
            self.simulator.do("stop", id=self.simulator.named("web-1")["id"])
            self.simulator.reset_calls()
            self.simulator.fault(f"backend-list:{look}=empty")
            self.assert_code(0, self.estate.apply())
            self.simulator.clear_faults()
            self.assertEqual(0, self.simulator.calls().get("backend", 0))
            self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_changed_by_hand_is_changed_back(self):
        self.simulator.do("balancer-change", id=self.id, connections=500, retries=9)
        self.assertEqual(["health.retries", "maxConnections"], sorted(c["field"] for c in self.only_action()["changes"]))
        self.assert_code(0, self.estate.apply())
        self.assertEqual((1000, 3), (self.balancer()["connections"], self.balancer()["retries"]))

    def test_disabled_by_the_spec(self):
        self.change(enabled=False)
        self.assertEqual("stop", self.only_action()["action"])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("balancer-stop", self.id)], self.simulator.acting())
        self.assert_silent()

    def test_weight_and_port_in_place(self):
        before = {backend["id"] for backend in self.state("backends")}
        self.change(backends=[{"machineSet": "web", "port": 8081, "weight": 7}])
        self.assertEqual({"update"}, {action["action"] for action in self.plan()["actions"]})
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["backend-change"] * 2, [kind for kind, _ in self.simulator.acting()])
        self.assertEqual(before, {backend["id"] for backend in self.state("backends")})
        self.assertEqual({(8081, 7)}, {(port, weight) for _, _, port, weight in self.backends()})
        self.assert_silent()

    def test_another_port_beside_is_another_back_end(self):
        self.change(backends=[{"machineSet": "web", "port": 8080, "weight": 5}, {"machineSet": "web", "port": 9090}])
        self.assert_code(0, self.estate.apply())
        self.assertEqual([8080, 9090, 8080, 9090], [port for _, _, port, _ in self.backends()])
        self.assert_silent()

    def test_reported_only(self):
        self.change(onDrift="report", maxConnections=2000, enabled=False, backends=[{"machineSet": "web", "port": 8081, "weight": 7}])
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        told = str(plan["diagnostics"])
        for words in ("maxConnections is 1000, spec says 2000", "is enabled, spec says disabled", "port is 8080, spec says 8081",
                      "weight is 5, spec says 7"):
            self.assertIn(words, told)
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(3, len(self.behind()))  # how many there are is kept always

    def test_what_cannot_change_is_told(self):
        self.change(urlPath="/shop", backendPort=9090)
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertIn("urlPath is /, spec says /shop; it cannot change in place", str(plan["diagnostics"]))
        self.assertIn("backendPort is 8080, spec says 9090", str(plan["diagnostics"]))
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_connections_as_listings_print_them_are_no_drift(self):
        self.simulator.do("balancer-change", id=self.id, connections=100)
        self.assert_silent()
        self.change(maxConnections=50)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(50, self.balancer()["connections"])
        self.assert_silent()


class Replacing(Balanced):
    shop = FULL | {"onDrift": "replace"}

    def setUp(self):
        super().setUp()
        self.converge()
        self.old = self.balancer()

    def test_the_new_one_first_where_the_fronts_do_not_meet(self):
        self.change(urlPath="/shop", frontend=FULL["frontend"] | {"address": "203.0.113.11"})
        out = self.estate.run("plan").out
        self.assertRegex(out, r"  ± shop\.2 +balancer  http at 203\.0\.113\.11:80, router vm-router, urlPath / -> /shop")
        self.assertRegex(out, r"  - shop +balancer  slb_1: another balancer has taken its place")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["shop.2"], list(self.balancers()))
        self.assert_behind(web(0, 1), "shop.2")
        log = self.simulator.acting()
        self.assertEqual(("balancer", "shop.2"), log[0])
        self.assertEqual(("balancer-delete", self.old["id"]), log[-1])
        self.assertEqual(["backend", "backend", "backend-delete", "backend-delete"], [kind for kind, _ in log[1:-1]])
        self.assert_silent()

    def test_the_old_one_first_where_they_do(self):
        self.change(urlPath="/shop")
        out = self.estate.run("plan").out
        self.assertRegex(out, r"  ± shop +balancer  slb_1, its front is in the way of the new one, urlPath / -> /shop")
        self.assert_code(0, self.estate.apply())
        self.assertEqual("/shop", self.balancer()["path"])
        self.assert_behind(web(0, 1))
        log = [kind for kind, _ in self.simulator.acting()]
        self.assertEqual(["backend-delete", "backend-delete", "balancer-delete", "balancer", "backend", "backend"], log)
        self.assert_silent()

    def test_a_lost_reply_makes_no_third(self):
        self.estate.provider(settle="2s", timeout="2s")
        self.simulator.fault("balancer:1=drop-reply")
        self.change(urlPath="/shop", frontend=FULL["frontend"] | {"address": "203.0.113.11"})
        self.assert_code(0, self.estate.apply())
        self.assertEqual(1, [kind for kind, _ in self.simulator.acting()].count("balancer"))
        self.assertEqual(["shop.2"], list(self.balancers()))
        self.assert_silent()

    def test_an_approved_replacement(self):
        self.change(urlPath="/shop", frontend=FULL["frontend"] | {"address": "203.0.113.11"})
        saved = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", saved))
        self.assert_code(0, self.estate.apply("--plan", saved))
        self.assertEqual(["shop.2"], list(self.balancers()))
        self.assert_silent()

    def test_it_counts_once(self):
        self.estate.policy(maxDeletes=0)
        self.change(urlPath="/shop", frontend=FULL["frontend"] | {"address": "203.0.113.11"})
        plan = self.plan()
        self.assertIn("the limit is 0", [a for a in plan["actions"] if a["action"] == "replace"][0]["blocked"])
        self.assert_code(3, self.estate.apply())
        self.assertEqual({"shop": self.old}, self.balancers())


class Leaving(Balanced):
    def setUp(self):
        super().setUp()
        self.simulator.do("balancer-add", name="theirs", tenant="app-1", router="vm-router", protocol="http", network="outter",
                          address="203.0.113.99", port=80)
        self.converge()

    def test_without_prune_it_is_orphaned(self):
        self.estate.remove("LoadBalancer", "shop")
        result = self.estate.run("plan")
        self.assertIn("shop (slb_2) is orphaned: kept, because prune is off", result.out)
        self.assertEqual(1, self.plan()["summary"]["orphaned"])
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_behind(web(0, 1))

    def test_an_orphan_points_at_no_machine_that_is_gone(self):
        self.estate.remove("LoadBalancer", "shop")
        self.estate.machine_set(count=1)
        pointers = self.pointers()
        self.assert_code(0, self.estate.apply())
        self.assert_order(pointers)
        self.assert_behind(web(0))
        self.simulator.do("delete", name="web-0")
        self.assert_code(0, self.estate.apply())
        self.assertEqual([], self.behind())
        self.assert_silent_orphan()

    def assert_silent_orphan(self):
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()

    def test_with_prune_it_goes_after_its_back_ends(self):
        self.estate.policy(prune=True)
        self.estate.remove("LoadBalancer", "shop")
        out = self.estate.run("plan").out
        self.assertRegex(out, r"  - shop +balancer  slb_2")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["backend-delete", "backend-delete", "balancer-delete"], [kind for kind, _ in self.simulator.acting()])
        self.assertEqual(["theirs"], list(self.balancers()))
        self.assert_silent()

    def test_all_of_it_goes_in_order(self):
        self.estate.policy(prune=True)
        self.estate.remove("LoadBalancer", "shop")
        self.estate.remove("MachineSet", "web")
        pointers = self.pointers()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(([], ["theirs"], []), (self.simulator.machines(), list(self.balancers()), self.state("backends")))
        log = self.simulator.acting()
        for backend, machine in pointers.items():
            self.assertLess(log.index(("backend-delete", backend)), log.index(("delete", machine)))

    def test_renamed_it_keeps_what_it_owns(self):
        before = self.balancer()
        self.estate.write("LoadBalancer", "store", **SHOP | {"formerly": "shop"})
        self.estate.remove("LoadBalancer", "shop")
        self.assert_silent()
        self.assertEqual(before, self.balancer())
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1, 2))
        self.assert_silent()

    def test_forgotten_and_adopted_again(self):
        own = self.balancer()
        self.assert_code(0, self.estate.run("forget", "LoadBalancer/shop"))
        action = [a for a in self.plan()["actions"] if a["kind"] == "LoadBalancer"][0]
        self.assertIn(f"muster adopt LoadBalancer/shop {own['id']}", action["blocked"])
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assert_code(0, self.estate.run("adopt", "LoadBalancer/shop", own["id"]))
        self.assert_silent()

    def test_somebody_else_has_the_front(self):
        self.estate.write("LoadBalancer", "second", **SHOP | {"frontend": FRONT | {"address": "203.0.113.99"}})
        self.assertIn("theirs (slb_1) has that front already", str(self.plan()["actions"]))
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()


class Https(Balanced):
    def setUp(self):
        super().setUp()
        self.paths = certificate(self.root, "shop")
        self.change(protocol="https", frontend=FRONT | {"port": 443},
                    certificate={"certFile": self.paths[0], "keyFile": self.paths[1]})

    def test_made_with_it_and_sent_again_when_it_is_another(self):
        self.converge()
        first = self.balancer()
        self.assertTrue(first["certified"])
        self.assert_silent()
        certificate(self.root, "shop")
        action = self.only_action()
        self.assertEqual("certificate", action["changes"][0]["field"])
        self.assertTrue(action["changes"][0]["to"].startswith("sha256:"))
        self.assert_code(0, self.estate.apply())
        self.assertEqual([("certificate", first["id"])], self.simulator.acting())
        self.assertNotEqual((first["certificate"], first["key"]), (self.balancer()["certificate"], self.balancer()["key"]))
        self.assert_silent()

    def test_a_key_out_of_the_environment_beside_the_spec(self):
        with open(self.paths[1], encoding="utf-8") as file:
            self.estate.environment["SHOP_KEY"] = file.read()
        self.change(certificate={"certFile": os.path.relpath(self.paths[0], self.estate.specs), "keyEnv": "SHOP_KEY"})
        self.converge()
        self.assertTrue(self.balancer()["certified"])
        del self.estate.environment["SHOP_KEY"]
        result = self.estate.run("plan")
        self.assertIn("cannot be compared: the environment variable SHOP_KEY is not set", result.out)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()

    def test_files_that_are_not_there_or_not_that(self):
        self.init()
        for fields, words in (({"certFile": "none.pem"}, "none.pem cannot be opened"),
                              ({"certFile": self.paths[1]}, "holds a private key"),
                              ({"keyFile": self.paths[0]}, "holds no private key in PEM")):
            self.change(certificate={"certFile": self.paths[0], "keyFile": self.paths[1]} | fields)
            action = [a for a in self.plan()["actions"] if a["kind"] == "LoadBalancer"][0]
            self.assertIn(words, action["blocked"])
        self.assert_code(0, self.estate.run("validate"))
        self.assert_code(3, self.estate.apply())
        self.assertEqual([], self.state("balancers"))
        self.assertEqual(2, len(self.simulator.machines()))  # the rest goes on

    def test_one_that_the_vendor_cannot_use_is_told(self):
        self.converge()
        self.simulator.do("balancer-change", id=self.balancer()["id"], certified=False)
        self.assertIn("cannot use the certificate", self.estate.run("plan").out)
        self.assert_code(3, self.estate.apply())
        self.assertEqual("failed", self.estate.status("LoadBalancer/shop")["phase"])

    def test_after_an_adoption_it_is_sent_once(self):
        self.converge()
        own = self.balancer()
        self.assert_code(0, self.estate.run("forget", "LoadBalancer/shop"))
        self.assert_code(0, self.estate.run("adopt", "LoadBalancer/shop", own["id"]))
        self.assertEqual("not known", self.only_action()["changes"][0]["from"])
        self.assert_code(0, self.estate.apply())
        self.assert_silent()

    def test_a_snapshot_knows_nothing_of_certificates(self):
        self.converge()
        snapshot = os.path.join(self.root, "snapshot.json")
        self.assert_code(0, self.estate.run("plan", "--save-snapshot", snapshot))
        os.unlink(self.paths[1])
        result = self.estate.run("plan", "--snapshot", snapshot)
        self.assert_code(0, result)
        self.assertIn("No changes", result.out)


if __name__ == "__main__":
    unittest.main()
