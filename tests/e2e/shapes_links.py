# SPDX-License-Identifier: MIT
"""What muster is killed at, of what hangs on machines: mappings, which are found by their mark, and rules of access, by what they say."""

from shapes import Existing

SSH = {"provider": "star", "machine": "web-0", "port": 22, "address": "203.0.113.10", "outerPort": 2222, "protocol": "tcp"}
RULE = {"provider": "star", "firewall": "edge", "machineSet": "web", "protocol": "tcp", "ports": "80", "from": ["10.0.0.0/8"]}


class MappingCreate(Existing):
    """What is there in the end leads to its machine, and is there once; somebody else's is as it was."""

    may_act = ("mapping",)
    mappings = {"muster:ssh": "2222", "theirs": "22"}  # by their descriptions, the ports outside

    def begin(self):
        super().begin()
        self.simulator.do("add", name="theirs", cpu=1, memory=1024)
        theirs = self.simulator.named("theirs")
        self.simulator.do("mapping-add", machine=theirs["id"], type="port", outerAddress="203.0.113.10", outerPort="22",
                          innerAddress=theirs["address"], innerPort="22", protocol="tcp", description="theirs")

    def change(self):
        self.estate.write("PortMapping", "ssh", **SSH)

    def check(self):
        there = self.state("mappings")
        self.assertEqual(sorted(self.mappings.items()), sorted((m["description"], m["outerPort"]) for m in there))
        for mapping in there:
            if mapping["description"] == "muster:ssh":
                machine = self.simulator.named("web-0")
                self.assertEqual((machine["id"], machine["address"]), (mapping["machine"], mapping["innerAddress"]))


class MappingReplace(MappingCreate):
    """The old one goes first, since its place is taken; killed in between, it is made all the same."""

    may_act = ("mapping", "mapping-delete")
    mappings = {"muster:ssh": "2223", "theirs": "22"}

    def begin(self):
        self.estate.write("PortMapping", "ssh", **SSH)
        super().begin()

    def change(self):
        self.estate.write("PortMapping", "ssh", outerPort=2223, onDrift="replace")


class MappingLeaves(MappingReplace):
    """Pruned with its machines, before them."""

    count = 0
    may_act = ("mapping-delete", "delete")
    mappings = {"theirs": "22"}

    def begin(self):
        self.machine_set(count=2)
        super().begin()

    def change(self):
        self.machine_set(count=0)
        self.estate.policy(maxDeletes="100%", prune=True)
        self.estate.remove("PortMapping", "ssh")


class AccessCreate(Existing):
    """Each machine has its rule once; an equal one of somebody else's is as it was."""

    may_act = ("acl",)
    ports = "80"

    def begin(self):
        super().begin()
        self.simulator.do("add", name="theirs", cpu=1, memory=1024)
        for name in ("theirs", "web-0"):
            machine = self.simulator.named(name)
            self.simulator.do("acl-add", machine=machine["id"], type="net_gate", target=machine["address"], source="10.0.0.0/8",
                              ports="80", protocol="tcp", description="theirs")
        self.foreign = [row for row in self.state("acls") if row["description"] == "theirs"]

    def change(self):
        self.estate.write("AccessRule", "web-in", **RULE)

    def check(self):
        there = self.state("acls")
        self.assertEqual(self.foreign, [row for row in there if row["description"] == "theirs"])
        self.assertEqual(sorted((m["address"], self.ports) for m in self.simulator.machines() if m["id"] in self.before.values()),
                         sorted((row["target"], row["ports"]) for row in there if row["description"] != "theirs"))


class AccessChange(AccessCreate):
    may_act = ("acl", "acl-delete")
    ports = "8080"

    def begin(self):
        self.estate.write("AccessRule", "web-in", **RULE)
        super().begin()

    def change(self):
        self.estate.write("AccessRule", "web-in", ports="8080")


LINK_SHAPES = [MappingCreate, MappingReplace, MappingLeaves, AccessCreate, AccessChange]
