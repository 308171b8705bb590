# SPDX-License-Identifier: MIT
"""What the tests of load balancers share: an estate of machines `web` behind a balancer `shop`."""

import os
import subprocess

from harness import TestCase

FRONT = {"network": "external", "address": "203.0.113.10", "port": 80}
SHOP = {
    "provider": "star", "tenant": "app-1", "router": "vm-router", "protocol": "http", "frontend": FRONT,
    "backends": [{"machineSet": "web", "port": 8080}],
}
FULL = SHOP | {
    "description": "shop front", "frontend": FRONT | {"dedicated": True}, "backendPort": 8080, "urlPath": "/",
    "algorithm": "weighted-round-robin", "health": {"path": "/healthz", "interval": "5s", "timeout": "3s", "retries": 3},
    "idleTimeout": "60s", "maxConnections": 1000, "enabled": True,
    "backends": [{"machineSet": "web", "port": 8080, "weight": 5}],
}


class Balanced(TestCase):
    """Two machines, and `shop` in front of them."""

    count = 2
    shop = SHOP

    def setUp(self):
        super().setUp()
        self.estate.machine_set(count=self.count)
        self.estate.policy(maxDeletes="100%")
        self.estate.write("LoadBalancer", "shop", **self.shop)

    def state(self, what):
        return self.simulator._ask("state")[what]

    def balancers(self):
        return {balancer["name"]: balancer for balancer in self.state("balancers")}

    def balancer(self, name="shop"):
        found = [balancer for balancer in self.state("balancers") if balancer["name"] == name]
        self.assertEqual(1, len(found), found)
        return found[0]

    def backends(self, balancer="shop"):
        """(machine's name, address, port, weight) of each back end of one balancer, sorted."""
        ids = [b["id"] for b in self.state("balancers") if b["name"] == balancer]
        names = {machine["id"]: machine["name"] for machine in self.simulator.machines()}
        return sorted((names.get(b["machine"], b["machine"]), b["address"], b["port"], b["weight"])
                      for b in self.state("backends") if b["balancer"] in ids)

    def behind(self, balancer="shop"):
        """The names of the machines behind it."""
        return [name for name, _, _, _ in self.backends(balancer)]

    def change(self, **spec):
        self.estate.write("LoadBalancer", "shop", **spec)

    def assert_behind(self, names, balancer="shop"):
        """Just these machines are behind it, each once, at the address that it has."""
        addresses = {machine["name"]: machine["address"] for machine in self.simulator.machines()}
        self.assertEqual(sorted(names), self.behind(balancer))
        for name, address, _, _ in self.backends(balancer):
            self.assertEqual(addresses[name], address)

    def assert_silent(self):
        """Another apply has nothing to do, and says so."""
        self.simulator.reset_calls()
        result = self.estate.apply()
        self.assert_code(0, result)
        self.assert_no_act()
        self.assertIn("No changes", result.out)
        return result

    def pointers(self):
        """The machine of each back end, by the back end's id."""
        return {backend["id"]: backend["machine"] for backend in self.state("backends")}

    def assert_order(self, pointers):
        """In the log each back end that there was is removed before its machine goes; and the balancer is never without any."""
        left = dict(pointers)
        added = 0
        for kind, subject in self.simulator.acting():
            if kind == "backend":
                added += 1
            if kind == "backend-delete":
                left.pop(subject, None)
                self.assertTrue(left or added, "the last back end went")
            if kind == "delete":
                self.assertNotIn(subject, left.values())


def certificate(root, name):
    """A new certificate with its key, as files."""
    paths = os.path.join(root, f"{name}.pem"), os.path.join(root, f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths
