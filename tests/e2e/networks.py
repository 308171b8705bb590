# SPDX-License-Identifier: MIT
"""What the tests of private networks share."""

from harness import TestCase


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
