# SPDX-License-Identifier: MIT
"""The agent: keeps it so, follows the specs as they change, talks to the service manager, and makes room for commands."""

import os
import signal
import time
import unittest

from harness import TestCase, wait_until, web


class Agent(TestCase):
    def setUp(self):
        super().setUp()
        self.init()

    def converged(self, names):
        def look():
            status = self.estate.status()
            return self.simulator.names() == names and status and status["phase"] == "converged"

        wait_until(look, f"the agent made {', '.join(names) or 'nothing'}")

    def start(self, *arguments, **options):
        agent = self.start_agent("--interval", "1s", *arguments, **options)
        agent.wait_for("READY=1")
        return agent

    def write_broken(self):
        path = os.path.join(self.estate.specs, "broken.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("apiVersion: muster/v1\nkind: MachineSet\nmetadata: {name: db}\nspec: {provider: nobody}\n")
        return path

    def test_creates_and_repairs(self):
        agent = self.start()
        self.converged(web(0, 1, 2, 3, 4))
        self.simulator.do("delete", name="web-2")
        self.simulator.do("stop", name="web-1")
        wait_until(lambda: "web-2" in self.simulator.names() and self.simulator.named("web-1")["state"] == 1,
                   "the agent repaired both")
        self.converged(web(0, 1, 2, 3, 4))
        self.assertEqual(0, agent.stop())

    def test_a_changed_spec_is_picked_up_within_three_seconds(self):
        self.start_agent("--interval", "1h").wait_for("READY=1")
        self.converged(web(0, 1, 2, 3, 4))
        self.estate.machine_set(count=7)
        wait_until(lambda: self.simulator.calls()["create"] == 7, "the new spec is carried out", deadline=3)
        self.converged(web(0, 1, 2, 3, 4, 5, 6))

    def test_a_tree_that_moves_is_left_alone_until_it_is_still(self):
        self.start_agent("--interval", "1h").wait_for("READY=1")
        self.converged(web(0, 1, 2, 3, 4))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.estate.machine_set(count=7)
            time.sleep(0.2)
        self.assertEqual(5, self.simulator.calls()["create"])
        self.converged(web(0, 1, 2, 3, 4, 5, 6))

    def test_bad_specs_keep_the_last_good_ones(self):
        agent = self.start()
        self.converged(web(0, 1, 2, 3, 4))
        path = self.write_broken()
        self.estate.machine_set(count=7)
        wait_until(lambda: "last good" in agent.log(), "the agent says that it keeps the last good specs")
        self.assertIn("broken.yaml:4", agent.log())
        self.simulator.do("delete", name="web-1")
        wait_until(lambda: self.simulator.calls()["create"] == 6, "the last good specs are still kept")
        self.converged(web(0, 1, 2, 3, 4))
        os.unlink(path)
        self.converged(web(0, 1, 2, 3, 4, 5, 6))
        self.assertEqual(0, agent.stop())

    def test_specs_that_go_away_delete_nothing(self):
        self.estate.policy(maxDeletes="100%", prune=True)
        agent = self.start()
        self.converged(web(0, 1, 2, 3, 4))
        os.rename(self.estate.specs, self.estate.specs + ".away")
        wait_until(lambda: "last good" in agent.log(), "the agent says that it keeps the last good specs")
        os.rename(self.estate.specs + ".away", self.estate.specs)
        self.assertEqual(0, self.simulator.calls()["delete"])
        self.converged(web(0, 1, 2, 3, 4))

    def test_bad_specs_at_the_start(self):
        self.write_broken()
        result = self.estate.run("agent")
        self.assert_code(1, result)
        self.assertIn("broken.yaml:4", result.err)

    def test_hangup_looks_at_once(self):
        agent = self.start_agent("--interval", "1h")
        self.converged(web(0, 1, 2, 3, 4))
        self.simulator.do("stop", name="web-3")
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.simulator.named("web-3")["state"] == 1, "the agent looked and repaired", deadline=10)

    def test_tells_the_service_manager(self):
        agent = self.start(watchdog=400000)
        self.converged(web(0, 1, 2, 3, 4))
        wait_until(lambda: any(line.startswith("STATUS=5 of 5 machines ready") for line in agent.messages()), "STATUS=")
        seen = agent.messages().count("WATCHDOG=1")
        wait_until(lambda: agent.messages().count("WATCHDOG=1") >= seen + 3, "WATCHDOG=1 again and again", deadline=5)
        self.assertEqual(0, agent.stop())
        messages = agent.messages()
        self.assertEqual(1, messages.count("READY=1"))
        self.assertIn("STOPPING=1", messages)
        self.assertLess(messages.index("READY=1"), messages.index("STOPPING=1"))

    def test_stops_cleanly_in_mid_create(self):
        self.simulator.fault("create=delay=1s")
        agent = self.start()
        wait_until(lambda: self.simulator.acting(), "the agent creates")
        self.assertEqual(0, agent.stop(deadline=25))
        self.simulator.clear_faults()
        self.simulator.reset_calls()
        before = len(self.simulator.names())
        self.assertEqual(5, before)
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_observes_and_never_acts(self):
        agent = self.start("--observe")
        wait_until(lambda: agent.log().count("would create") == 5, "the agent tells what it would do")
        self.estate.machine_set(count=6)
        wait_until(lambda: "would create web-5" in agent.log(), "the agent tells what is new")
        self.assert_no_act()
        self.assertEqual(0, agent.stop())

    def test_an_outage_is_survived(self):
        agent = self.start()
        self.converged(web(0, 1, 2, 3, 4))
        self.simulator.fault("any=drop-request")
        wait_until(lambda: self.estate.status()["phase"] == "unknown", "the status says that nothing is known")
        self.simulator.do("stop", name="web-0")
        self.simulator.clear_faults()
        wait_until(lambda: self.simulator.named("web-0")["state"] == 1, "the agent carries on")
        self.assertEqual(0, agent.stop())

    def test_a_second_agent_is_told_who_holds_the_ledger(self):
        agent = self.start()
        for command in (["agent"], ["apply", "--yes"]):
            result = self.estate.run(*command)
            self.assert_code(1, result)
            self.assertIn(str(agent.process.pid), result.err)


class Beside(TestCase):
    """Commands that the running agent carries out."""

    def setUp(self):
        super().setUp()
        self.converge()
        self.agent = self.start_agent("--interval", "1s")
        self.agent.wait_for("READY=1")

    def test_forget_and_adopt(self):
        id_ = self.simulator.named("web-4")["id"]
        self.estate.machine_set(count=4, paused=True)
        wait_until(lambda: self.estate.status()["phase"] == "paused", "the agent follows the new spec")
        self.assert_code(0, self.estate.run("forget", "web-4"))
        self.assertEqual(web(0, 1, 2, 3), sorted(self.estate.owned()))
        self.assert_code(0, self.estate.run("adopt", "web-4", id_))
        self.assertEqual(id_, self.estate.owned()["web-4"])
        self.assert_no_act()
        self.assertEqual(0, self.agent.stop())

    def test_adopt_refused(self):
        result = self.estate.run("adopt", "web-7", "vm-4711")
        self.assert_code(1, result)
        self.assertIn("vm-4711", result.err)

    def test_a_stranger_in_our_place(self):
        self.simulator.do("add", name="web-5")
        self.estate.machine_set(count=6)
        wait_until(lambda: self.estate.status()["reason"] == "conflict", "the status says that there is a conflict")
        self.assert_no_act()
        self.assert_code(0, self.estate.run("adopt", "web-5", self.simulator.named("web-5")["id"]))
        wait_until(lambda: self.estate.status()["phase"] == "converged", "all is well")
        self.assertEqual(0, self.simulator.calls()["create"])

    def test_accept_loss(self):
        for name in self.simulator.names():
            self.simulator.do("delete", name=name)
        wait_until(lambda: self.estate.status()["reason"] == "held", "the agent holds")
        wait_until(lambda: any("accept-loss" in line for line in self.agent.messages()), "STATUS= says what to do")
        looks = self.simulator.calls()["list"]
        wait_until(lambda: self.simulator.calls()["list"] >= looks + 3, "the agent looked again and again")
        self.assert_no_act()
        self.assert_code(0, self.estate.run("accept-loss", "star"))
        wait_until(lambda: self.simulator.names() == web(0, 1, 2, 3, 4), "the machines are made anew")


if __name__ == "__main__":
    unittest.main()
