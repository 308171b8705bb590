# SPDX-License-Identifier: MIT
"""Load balancers when replies are lost, muster is killed, or too little is left: no two of anything, and never nothing behind one."""

import os
import signal
import time
import unittest

from balancers import FRONT, FULL, SHOP, Balanced, certificate
from harness import TestCase, finish, wait_until, web

# Each mutating call of these kinds, and what in the specs makes muster send it.
CALLS = {
    "balancer": None,
    "backend": {"sets": 3},
    "backend-change": {"spec": {"backends": [{"machineSet": "web", "port": 8080, "weight": 9}]}},
    "backend-delete": {"sets": 1},
    "balancer-change": {"spec": {"maxConnections": 2000}},
    "balancer-stop": {"spec": {"enabled": False}},
    "balancer-start": {"spec": {"enabled": True}, "before": {"enabled": False}},
    "certificate": {"certificate": True},
    "balancer-delete": {"remove": True},
}


class Faults(Balanced):
    shop = FULL | {"protocol": "https", "frontend": FRONT | {"port": 443}}

    def setUp(self):
        super().setUp()
        self.paths = certificate(self.root, "shop")
        self.change(certificate={"certFile": self.paths[0], "keyFile": self.paths[1]})
        self.estate.provider(settle="2s", timeout="2s")

    def prepare(self, call):
        """Brings the estate to where the next apply makes the call; the number of times that it is to be made."""
        wants = CALLS[call]
        if wants is None:
            self.init()
            return 1
        if "before" in wants:
            self.change(**wants["before"])
        self.converge()
        if "sets" in wants:
            self.estate.machine_set(count=wants["sets"])
        if "spec" in wants:
            self.change(**wants["spec"])
        if "certificate" in wants:
            certificate(self.root, "shop")
        if "remove" in wants:
            self.estate.policy(prune=True)
            self.estate.remove("LoadBalancer", "shop")
        return 2 if call == "backend-change" else 1

    def assert_as_wanted(self, call):
        """One of everything, and the rest of the world is as it should be."""
        names = [balancer["name"] for balancer in self.state("balancers")]
        self.assertEqual([] if call == "balancer-delete" else ["shop"], names)
        if call != "balancer-delete":
            machines = sorted(self.simulator.names())
            self.assertEqual(machines, self.behind())
        self.assert_silent()

    def assert_survives(self, fault, times_of_create):
        for call in CALLS:
            with self.subTest(call=call):
                self.doCleanups()
                self.setUp()
                times = self.prepare(call)
                self.simulator.reset_calls()
                self.simulator.fault(f"{call}:1={fault}")
                self.assert_code(0, self.estate.apply())
                made = self.simulator.calls().get(call, 0)
                self.assertEqual(times_of_create(call, times), made)
                self.assert_as_wanted(call)

    def test_every_reply_lost(self):
        # That a certificate was taken nobody shows: it is sent again.
        self.assert_survives("drop-reply", lambda call, times: times + (call == "certificate"))

    def test_every_call_acted_upon_and_answered_500(self):
        self.assert_survives("500-after", lambda call, times: times + (call == "certificate"))

    def test_every_call_not_done(self):
        self.assert_survives("500", lambda call, times: times + 1)

    def test_killed_in_every_call(self):
        for call in CALLS:
            with self.subTest(call=call):
                self.doCleanups()
                self.setUp()
                times = self.prepare(call)
                self.simulator.reset_calls()
                self.simulator.fault(f"{call}:1=hang-after")
                apply = self.start_muster("apply", "--yes")
                wait_until(lambda: self.simulator.calls().get(call, 0) > 0, f"the {call} is sent")
                apply.send_signal(signal.SIGKILL)
                apply.wait()
                self.simulator.clear_faults()
                self.assert_code(0, self.estate.apply())
                self.assertEqual(times + (call == "certificate"), self.simulator.calls()[call])
                self.assert_as_wanted(call)


class Last(Balanced):
    """What is ready behind the balancer while its machines go one after the other."""

    def watch(self, process):
        """The fewest machines that were ready behind the balancer while the process ran: one whose cores change while it runs is."""
        fewest = 100
        while process.poll() is None:
            state = self.simulator._ask("state")
            running = {machine["id"] for machine in state["machines"] if machine["state"] == 1 and machine["work"] in ("none", "cpu")}
            fewest = min(fewest, len([backend for backend in state["backends"] if backend["machine"] in running]))
            time.sleep(0.01)
        return fewest

    def roll(self, **spec):
        self.converge()
        self.estate.machine_set(**spec)
        apply = self.start_muster("apply", "--yes", "--timeout", "50s")
        fewest = self.watch(apply)
        return fewest, finish(apply)

    def test_a_rolling_replacement_leaves_one(self):
        fewest, result = self.roll(template="tmpl-8", onDrift="replace", rollout={"minReady": "0s", "maxUnavailable": 2})
        self.assert_code(0, result)
        self.assertGreaterEqual(fewest, 1)
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_a_single_one_is_not_taken_away(self):
        self.estate.machine_set(count=1)
        self.converge()
        self.estate.machine_set(template="tmpl-8", onDrift="replace", rollout={"minReady": "0s"})
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assert_no_act()
        self.assertIn("is the last back end of LoadBalancer/shop that is ready", result.out)
        self.assertEqual(("blocked", "held"), tuple(self.estate.status("LoadBalancer/shop")[key] for key in ("phase", "reason")))
        self.estate.machine_set(count=2)
        self.assert_code(0, self.estate.apply())
        self.assert_behind(web(0, 1))
        self.assert_silent()

    def test_a_rolling_restart_leaves_one(self):
        self.simulator.fault("cpu:1-20=refuse")
        self.converge()
        self.estate.machine_set(cpu=8, restart="rolling", rollout={"minReady": "0s", "maxUnavailable": 2})
        apply = self.start_muster("apply", "--yes", "--timeout", "50s")
        wait_until(lambda: self.simulator.calls().get("cpu", 0) >= 10, "changes were refused")
        self.simulator.clear_faults()
        self.assertGreaterEqual(self.watch(apply), 1)
        self.assert_code(0, finish(apply))
        self.assert_silent()

    def test_a_set_of_another_takes_over_without_a_gap(self):
        self.converge()
        self.estate.machine_set("api", count=2)
        self.estate.machine_set(count=0)
        self.change(backends=[{"machineSet": "api", "port": 8080}, {"machineSet": "web", "port": 8080}])
        apply = self.start_muster("apply", "--yes", "--timeout", "50s")
        self.assertGreaterEqual(self.watch(apply), 1)
        self.assert_code(0, finish(apply))
        self.assert_behind(["api-0", "api-1"])
        self.assert_silent()

    def test_zero_is_zero(self):
        self.converge()
        self.estate.machine_set(count=0)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(([], []), (self.simulator.machines(), self.state("backends")))
        self.assert_silent()

    def test_a_balancer_that_was_not_selected_keeps_its_machines(self):
        self.converge()
        self.estate.machine_set(count=1)
        result = self.estate.apply("--target", "web")
        self.assert_code(3, result)
        self.assert_no_act()
        self.assertIn("it is behind LoadBalancer/shop, which is not selected", result.out)
        self.assert_code(0, self.estate.apply("--target", "LoadBalancer/shop"))
        self.assert_behind(web(0))

    def test_a_paused_balancer_keeps_its_machines(self):
        self.change(paused=True)
        self.converge_paused()
        self.estate.machine_set(count=1)
        self.simulator.reset_calls()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()

    def converge_paused(self):
        self.change(paused=False)
        self.converge()
        self.change(paused=True)

    def test_an_approved_scale_in_and_replacement(self):
        self.converge()
        self.estate.machine_set(template="tmpl-8", onDrift="replace", rollout={"minReady": "0s"})
        saved = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", saved))
        self.assert_code(0, self.estate.apply("--plan", saved))
        self.assert_behind(web(0, 1))
        self.assert_silent()


class Quota(TestCase):
    """What a plan adds is held against what the tenant may use, before the first call."""

    def setUp(self):
        super().setUp()
        self.estate.provider(options={"tenant": "app-1"})
        self.init()

    def test_too_little_is_said_before_the_first_call(self):
        self.simulator.do("quota", tenant="app-1", cpu=19, memory=1000000, storage=100000)
        plan = self.estate.run("plan")
        self.assert_code(0, plan)
        self.assertIn("Provider/star: the plan adds 20 of cpu where 19 is left", plan.err)
        self.assertEqual(5, self.plan()["summary"]["blocked"])
        self.simulator.reset_calls()
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assert_no_act()
        status = self.estate.status()
        self.assertEqual(("blocked", "capacity"), (status["phase"], status["reason"]))
        self.simulator.do("quota", tenant="app-1", cpu=20, memory=1000000, storage=100000)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5, len(self.simulator.machines()))

    def test_memory_and_growth(self):
        self.assert_code(0, self.estate.apply())
        self.simulator.do("quota", tenant="app-1", cpu=64, memory=5 * 8192 + 8192, storage=100000)
        self.estate.machine_set(memory="16GiB")
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("40GiB of memory where 8GiB is left", result.err + result.out)
        self.assertEqual({8192}, {machine["memory"] for machine in self.simulator.machines()})

    def test_what_is_deleted_goes_on(self):
        self.assert_code(0, self.estate.apply())
        self.simulator.do("quota", tenant="app-1", cpu=20, memory=1000000, storage=100000)
        self.estate.machine_set("api", count=2)
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5, len(self.simulator.machines()))

    def test_it_is_not_asked_for_without_need(self):
        self.assert_code(0, self.estate.apply())
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(0, self.simulator.calls()["lookup"])

    def test_one_that_cannot_be_read_keeps_nothing_back(self):
        for fault in ("refuse", "500", "garbage"):
            self.simulator.clear_faults()
            self.simulator.fault(f"lookup={fault}")
            self.assertIn("what may still be used is not known", self.estate.run("plan").err)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5, len(self.simulator.machines()))

    def test_a_snapshot_has_it(self):
        self.simulator.do("quota", tenant="app-1", cpu=19, memory=1000000, storage=100000)
        snapshot = os.path.join(self.root, "snapshot.json")
        self.assert_code(0, self.estate.run("plan", "--save-snapshot", snapshot))
        self.assertIn("the plan adds 20 of cpu where 19 is left", self.estate.run("plan", "--snapshot", snapshot).err)


if __name__ == "__main__":
    unittest.main()
