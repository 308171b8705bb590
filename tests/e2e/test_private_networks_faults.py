# SPDX-License-Identifier: MIT
"""Whatever becomes of a call about a private network: nothing is made twice, and what is somebody else's is as it was."""

import subprocess
import unittest

from harness import end_process, wait_until
from networks import NetworkCase


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


if __name__ == "__main__":
    unittest.main()
