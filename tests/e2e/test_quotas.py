# SPDX-License-Identifier: MIT
"""What a tenant may use: it is there whatever a spec says, and is as its spec says."""

import os
import subprocess
import unittest

from harness import TestCase, end_process, wait_until, web


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
        self.assertIn("star shows no quota of tenant app-9 that could be read", status["message"])
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
        out = self.estate.run("explain", "TenantQuota/limits").out
        self.assertIn("change spec", out)
        self.assertIn("it is there whatever anybody does", out)
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
