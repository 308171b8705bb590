# SPDX-License-Identifier: MIT
"""What the tests of data disks share: an estate of machines `web` with disks, and a machine of somebody else's that has one."""

from harness import TestCase

DATA = {"name": "data", "size": "10GiB"}
LOGS = {"name": "logs", "size": "5GiB"}
LARGER = {"name": "data", "size": "20GiB"}


class Disks(TestCase):
    """Two machines of one disk each at StarVCenter, and one of somebody else's with a disk."""

    count = 2
    disks = [DATA]

    def setUp(self):
        super().setUp()
        self.estate.policy(maxDeletes="100%")
        self.estate.machine_set(count=self.count, disks=self.disks)
        self.simulator.do("add", name="theirs", cpu=1, memory=1024)
        self.simulator.do("disk-add", machine=self.simulator.named("theirs")["id"], size=7, device="vdb")
        self.elders = set(self.simulator.names())

    def all_disks(self):
        return [disk for disk in self.simulator.state("disks") if disk["device"] != "vda"]

    def of(self, machine):
        """The data disks of a machine, sorted: (description, GiB)."""
        vendor_id = self.simulator.named(machine)["id"]
        return sorted((disk["description"] or "", disk["size"]) for disk in self.all_disks() if disk["machine"] == vendor_id)

    def the(self, machine, name="data"):
        """The one disk of that name on the machine."""
        vendor_id = self.simulator.named(machine)["id"]
        found = [d for d in self.all_disks() if d["machine"] == vendor_id and d["description"] == f"muster:{machine}/{name}"]
        self.assertEqual(1, len(found), f"{len(found)} disks of {machine} are named {name}")
        return found[0]

    def assert_disks(self, machines, *disks):
        """Each machine has these disks of ours, once, and no others; and what is somebody else's is as it was."""
        for machine in machines:
            self.assertEqual(sorted((f"muster:{machine}/{name}", size) for name, size in disks), self.of(machine))
        self.assertEqual([("", 7)], self.of("theirs"))
        self.assertEqual(sorted(machines), sorted(set(self.simulator.names()) - self.elders))

    def assert_settled(self, machines, *disks):
        """As assert_disks(), and another apply has nothing to do."""
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_disks(machines, *disks)
        self.assertEqual("converged", self.estate.status()["phase"])

    def actions(self, *arguments):
        return [(a["action"], a["kind"], a["name"]) for a in self.plan(*arguments)["actions"]]

    def resize(self, *disks, **spec):
        self.estate.machine_set(disks=list(disks), **spec)
