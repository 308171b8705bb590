# SPDX-License-Identifier: MIT
"""What muster is killed at, shape by shape: a state, a change of the specs or a command, and what has to be in the end.

A walk is one life of a shape: the command is killed at one point after the other, then run again until nothing is left to do. Then
nothing was made twice, nothing was lost, and what is somebody else's is as it was.
"""

import os
import signal
import sqlite3
import time

from harness import DEADLINE, end_process, finish, web
from vendors import OPENDCP_TEMPLATE, VendorCase

SCHEMA_1 = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../reconcile/schema-1.sql")

# Beside the points of the program: the server has the request, and has or has not done it, and the answer never comes.
IN_FLIGHT = {"in-flight-undone": "hang", "in-flight-done": "hang-after"}

APPLY = ("apply", "--yes", "--timeout", "30s")
PATIENT = ("apply", "--yes", "--timeout", "150s")
TEN_GIB = [{"name": "data", "size": "10GiB"}]


class Shape(VendorCase):
    name = "starvcenter"
    count = 2  # machines that are there in the end
    command = APPLY
    may_act = ()  # the classes of calls that it takes
    ends = (0,)  # how the command may end that is given again
    may_park = False  # where nothing tells what a create made
    running = True
    patient = False  # an order to shut down that may not have come is waited for two minutes, however short `settle` is

    # What a shape says.

    def begin(self):
        """The state that it begins with; that there is a ledger and nothing of ours."""
        self.init()

    def change(self):
        """What the command is to bring about."""

    def watch(self):
        """Called again and again while the command runs."""

    def check(self):
        """What is true in the end, beside the number of the machines."""

    # How it lives.

    def setUp(self):
        super().setUp()
        self.make_estate()
        self.estate.write("Provider", "star", confirm="100ms", settle="1s")
        self.machine_set(count=self.count)
        self.before = {}  # what is ours before the command
        self.runs = []  # for each run of the command: the points that it passed

    def walk(self, *points):
        """Killed at each of the points. Returns how many of them were reached; the rest of them is not tried."""
        self.begin()
        ours = set(self.before.values())
        self.strangers = {vendor_id: machine for vendor_id, machine in self.machines_by_id().items() if vendor_id not in ours}
        self.change()
        self.simulator.reset_calls()
        reached = 0
        for point in points:
            if not self.kill_at(point):
                break
            reached += 1
        self.finish()
        return reached

    def kill_at(self, point):
        name, _, number = point.partition(":")
        if name not in IN_FLIGHT:
            return self.run_command({"MUSTER_FAILPOINT": point}).code == -signal.SIGKILL
        self.simulator.fault(f"act:{number}={IN_FLIGHT[name]}")
        arrived = self.simulator.calls()["acting"] + int(number)
        result = self.run_command({}, lambda: self.simulator.calls()["acting"] >= arrived)
        self.simulator.clear_faults()
        return result.code == -signal.SIGKILL

    def run_command(self, environment, killed_when=lambda: False):
        log = os.path.join(self.root, f"points.{len(self.runs)}")
        process = self.estate.start(*self.command, env=self.estate.environment | environment | {"MUSTER_FAILPOINT_LOG": log})
        end = time.monotonic() + (3 * DEADLINE if self.patient else DEADLINE)
        while process.poll() is None and time.monotonic() < end:
            self.watch()
            if killed_when():
                process.kill()
            time.sleep(0.01)
        result = finish(process, deadline=1)
        with open(log, encoding="ascii") as file:
            self.runs.append(file.read().split())
        return result

    def finish(self):
        """The command again, until it has done what it was to do; then nothing is left to do, or a person has to say."""
        for _ in range(3):
            result = self.run_command({})
            if result.code in self.ends:
                break
        if result.code not in self.ends and self.may_park:
            self.assert_parked(result)
        else:
            self.assertIn(result.code, self.ends, result)
            self.assert_code(0, self.estate.apply())
            self.assert_acts()
            self.assert_all_ours()
            self.check()
            self.assert_quiet()
        self.assertEqual(self.strangers, {key: value for key, value in self.machines_by_id().items() if key in self.strangers})

    # What is asked in the end.

    def owned(self):
        """name -> vendor's id of every machine that is ours, in which way ever."""
        result = self.estate.run("list", "-o", "json")
        self.assert_code(0, result)
        return {machine["name"]: machine["id"] for machine in result.json()["machines"] if machine["state"] != "released"}

    def machines_by_id(self):
        return {machine["id"]: machine for machine in self.simulator.machines()}

    def assert_all_ours(self):
        owned, there = self.owned(), self.machines_by_id()
        self.assertEqual(self.count, len(owned))
        self.assertEqual(set(there), set(owned.values()) | set(self.strangers))
        for vendor_id in owned.values():
            self.assertEqual(self.running, there[vendor_id]["state"] == self.kind.running)

    def assert_parked(self, result):
        """Not more than were asked for; what is there and not ours is named, and the slot says that it waits for a person."""
        status = self.estate.status()
        self.assertEqual(("blocked", "parked"), (status["phase"], status["reason"]), result)
        there = set(self.machines_by_id()) - set(self.strangers)
        owned = set(self.owned().values()) - {None}
        self.assertLessEqual(owned, there)
        self.assertLessEqual(len(there), self.count)
        words = self.estate.run("plan").out
        for vendor_id in there - owned:
            self.assertIn(str(vendor_id), words)
        self.assert_acts()

    def assert_acts(self):
        """No call of a class that it needs none of, and none that names a stranger."""
        acting = self.simulator.acting()
        self.assertLessEqual({call for call, _ in acting}, set(self.may_act))
        self.assertEqual(set(), {about for _, about in acting} & set(self.strangers))

    def state(self, what):
        return self.simulator._ask("state")[what]

    def disks(self):
        """Data disks: id -> (guest, GiB). A guest's first disk has the guest's own id."""
        guests = set(self.machines_by_id())
        return {disk["id"]: (disk["guest"], disk["size"]) for disk in self.state("disks") if disk["id"] not in guests}

    def assert_disks(self, size):
        self.assertEqual(sorted((vendor_id, size) for vendor_id in self.owned().values()), sorted(self.disks().values()))


# Creates, by what tells what they made.


class Create(Shape):
    """The id is in the reply, and the name tells."""

    may_act = ("create",)

    def check(self):
        self.assertEqual(set(web(*range(self.count))), set(self.owned()))


class CreateMany(Create):
    """More than go out in one window, so that some are only intents for a while."""

    count = 35


class CreateJimv2017(Create):
    name = "jimv-2017"


class CreateJimv08(Create):
    """A remark with the ledger's id tells."""

    name = "jimv-0.8"


class CreateFinovy(Create):
    """Nothing tells."""

    name = "finovy"
    may_park = True


class CreateFinovyExclusive(Create):
    name = "finovy-exclusive"


class CreateOpendcp(Create):
    """A template, and several machines of it at once; how many there are tells."""

    name = "opendcp"
    may_act = ("template", "create", "credit")


class CreateOpendcpFewer(Create):
    """Fewer come back than were asked for."""

    name = "opendcp"
    count = 4

    def begin(self):
        self.machine_set(count=1)
        self.converge()
        self.before = self.owned()
        self.machine_set(count=self.count)

    def change(self):
        self.simulator.do("room", machines=1)

    def watch(self):
        """Room for the others comes once the first is there."""
        if len(self.machines_by_id()) > len(self.strangers) + len(self.before):
            self.simulator.do("room", machines=100)


# Changes of what is there.


class Existing(Shape):
    """Begins with two machines that are as they should be, and ends with the same two."""

    def begin(self):
        self.converge()
        self.before = self.owned()

    def check(self):
        self.assertEqual(self.before, self.owned())


class Update(Existing):
    may_act = ("memory",)

    def change(self):
        self.machine_set(count=self.count, memory="16GiB")

    def check(self):
        super().check()
        self.assertEqual({16384}, {self.simulator.named(name)["memory"] for name in self.before})


class UpdateWhileOff(Existing):
    """Shut down, changed and started, one after the other."""

    name = "jimv-0.8"
    command = PATIENT
    patient = True
    may_act = ("shutdown", "poweroff", "cpu", "start")

    def change(self):
        self.machine_set(count=self.count, cpu=4, restart="rolling", rollout={"minReady": "1s"})

    def check(self):
        super().check()
        there = self.machines_by_id()
        self.assertEqual({4}, {there[vendor_id]["cpu"] for vendor_id in self.before.values()})


class Stop(Existing):
    count = 1
    command = PATIENT
    patient = True
    may_act = ("shutdown", "poweroff")
    running = False

    def change(self):
        self.machine_set(count=self.count, power="stopped")


class StopFinovy(Stop):
    name = "finovy"


class Start(Existing):
    may_act = ("start",)

    def change(self):
        for vendor_id in self.before.values():
            self.simulator.do("stop", id=vendor_id)


class StartFinovy(Start):
    name = "finovy"


class Release(Existing):
    """Not ours any more by the spec; nothing is asked of the vendor."""

    count = 1

    def begin(self):
        self.machine_set(count=2)
        super().begin()

    def change(self):
        self.machine_set(count=1, release=["web-1"], protect=["web-0"])
        self.strangers[self.before["web-1"]] = self.machines_by_id()[self.before["web-1"]]

    def check(self):
        self.assertEqual({"web-0": self.before["web-0"]}, self.owned())


class AdoptInSpec(Existing):
    def begin(self):
        self.machine_set(count=1)
        super().begin()
        self.simulator.do("add", name="old", cpu=4, memory=8192)
        self.old = self.simulator.named("old")["id"]

    def change(self):
        del self.strangers[self.old]
        self.machine_set(count=2, adopt={"web-7": self.old})

    def check(self):
        self.assertEqual(self.before | {"web-7": self.old}, self.owned())


class Rename(Existing):
    """The set has another name; machines that are keep theirs."""

    def change(self):
        self.estate.write("MachineSet", "shop", **(self.estate.documents["MachineSet", "web"] | {"formerly": "web"}))
        self.estate.remove("MachineSet", "web")


class Replace(Existing):
    may_act = ("delete", "create")

    def change(self):
        self.machine_set(count=self.count, replaceFailed="always")
        self.simulator.do("fail", id=self.before["web-1"])

    def check(self):
        owned = self.owned()
        self.assertEqual(self.before["web-0"], owned["web-0"])
        self.assertNotEqual(self.before["web-1"], owned["web-1"])


# Less than there was.


class Delete(Existing):
    may_act = ("delete",)
    count = 1

    def begin(self):
        self.machine_set(count=3)
        super().begin()

    def change(self):
        self.machine_set(count=self.count)

    def check(self):
        self.assertEqual({"web-0": self.before["web-0"]}, self.owned())


class DeleteJimv08(Delete):
    name = "jimv-0.8"


class DeleteFinovy(Delete):
    name = "finovy"


class DeleteOpendcp(Delete):
    name = "opendcp"

    def check(self):
        self.assertLessEqual(set(self.owned().values()), set(self.before.values()))


# Data disks.


class DiskCreate(Existing):
    name = "jimv-0.8"
    may_act = ("disk", "disk-attach", "disk-label")

    def change(self):
        self.machine_set(count=self.count, disks=TEN_GIB)

    def check(self):
        super().check()
        self.assert_disks(10)


class DiskCreate2017(DiskCreate):
    """Nothing tells what a create of a disk made."""

    name = "jimv-2017"
    may_park = True


class DiskGrow(DiskCreate):
    may_act = ("disk-resize",)

    def begin(self):
        self.machine_set(count=self.count, disks=TEN_GIB)
        super().begin()

    def change(self):
        self.machine_set(count=self.count, disks=[{"name": "data", "size": "20GiB"}])

    def check(self):
        self.assertEqual(self.before, self.owned())
        self.assert_disks(20)


class DiskMove(DiskCreate):
    """Detached from a machine that failed, attached to the one that takes its place."""

    may_act = ("disk-detach", "delete", "create", "disk-attach", "disk-label")

    def begin(self):
        self.machine_set(count=self.count, disks=TEN_GIB, replaceFailed="always")
        super().begin()
        self.were = set(self.disks())

    def change(self):
        self.simulator.do("fail", id=self.before["web-1"])

    def check(self):
        self.assert_disks(10)
        self.assertEqual(self.were, set(self.disks()))


class DiskDelete(DiskCreate):
    """One goes with its slot."""

    count = 1
    may_act = ("disk-detach", "delete", "disk-delete")

    def begin(self):
        self.machine_set(count=2, disks=TEN_GIB)
        super().begin()

    def change(self):
        self.machine_set(count=1, disks=TEN_GIB)

    def check(self):
        self.assert_disks(10)


class StarDisk:
    """At StarVCenter a disk is made on its machine, and marked in its description."""

    name = "starvcenter"
    may_act = ("disk",)

    def disks(self):
        return {disk["id"]: (disk["machine"], disk["size"]) for disk in self.state("disks") if disk["device"] != "vda"}


class StarDiskCreate(StarDisk, DiskCreate):
    pass


class StarDiskGrow(StarDisk, DiskGrow):
    may_act = ("disk-resize",)


class StarDiskDelete(StarDisk, DiskCreate):
    """No spec names them any more, and the Policy prunes."""

    may_act = ("disk-delete",)

    def begin(self):
        self.machine_set(count=self.count, disks=TEN_GIB)
        super().begin()

    def change(self):
        self.estate.policy(prune=True, maxDeletes="100%")
        self.machine_set(count=self.count, disks=[])

    def check(self):
        self.assertEqual(self.before, self.owned())
        self.assertEqual({}, self.disks())


class StarDiskReplace(StarDisk, DiskCreate):
    """It goes with a machine that failed, and is made anew on the one that takes its place."""

    may_act = ("delete", "create", "disk")

    def begin(self):
        self.machine_set(count=self.count, disks=TEN_GIB, replaceFailed="always")
        super().begin()

    def change(self):
        self.simulator.do("fail", id=self.before["web-1"])

    def check(self):
        self.assertEqual(self.before["web-0"], self.owned()["web-0"])
        self.assertNotEqual(self.before["web-1"], self.owned()["web-1"])
        self.assert_disks(10)


# Backups.


class BackupRotate(Existing):
    """One is made of each machine, and then the one before it goes."""

    may_act = ("backup", "backup-delete")

    def begin(self):
        super().begin()
        self.estate.write("BackupPolicy", "nightly", provider="star", machineSet="web", every="1d", keep=1)
        self.assert_code(0, self.estate.apply())
        for machine in self.before.values():
            self.simulator.do("backup-add", machine=machine, name="by hand", usable=True)
        self.theirs = [backup for backup in self.state("backups") if backup["name"] == "by hand"]

    def change(self):
        """A day goes by."""
        with sqlite3.connect(self.estate.state) as ledger:
            ledger.execute("UPDATE things SET made_at = made_at - 86400")
            ledger.execute("UPDATE calls SET made_at = made_at - 86400, made_at_boot = 0")
        ledger.close()

    def check(self):
        super().check()
        ours = [backup["description"] for backup in self.state("backups") if backup["description"]]
        self.assertEqual([f"muster:{name}/nightly-2" for name in sorted(self.before)], sorted(ours))
        self.assertEqual(self.theirs, [backup for backup in self.state("backups") if not backup["description"]])


# Templates.


class TemplateCredit(Existing):
    name = "opendcp"
    may_act = ("credit",)

    def cluster(self):
        return [each for each in self.state("clusters") if each["body"]["Name"] == "small"][0]

    def change(self):
        self.simulator.do("credit", template=str(self.cluster()["id"]), hours=20)

    def check(self):
        super().check()
        self.assertEqual(500, self.cluster()["credit"])


class TemplateRoll(Existing):
    """Another template is made beside the first, the machines roll over to it, and the first goes."""

    name = "opendcp"
    may_act = ("template", "create", "credit", "delete", "template-delete")

    def change(self):
        self.estate.write("MachineTemplate", "small", provider="star", onDrift="replace", **(OPENDCP_TEMPLATE | {"cpu": 2}))
        self.machine_set(count=self.count, onDrift="replace", rollout={"minReady": "1s"})

    def check(self):
        self.assertEqual(set(), set(self.before.values()) & set(self.owned().values()))
        self.assertEqual(["elder", "small.2"], [each["body"]["Name"] for each in self.state("clusters")])


class TemplateDelete(Existing):
    name = "opendcp"
    count = 0
    may_act = ("delete", "template-delete")

    def begin(self):
        self.machine_set(count=1)
        super().begin()

    def change(self):
        self.estate.policy(maxDeletes="100%", prune=True)
        self.estate.remove("MachineSet", "web")
        self.estate.remove("MachineTemplate", "small")

    def check(self):
        self.assertEqual(["elder"], [each["body"]["Name"] for each in self.state("clusters")])


# The ledger itself.


class Init(Shape):
    command = ("init", "--yes")
    may_act = ("create",)

    def begin(self):
        self.simulator.do("add", name="web-7", cpu=4, memory=8192)

    def check(self):
        self.assertEqual(web(0, 1), sorted(self.owned()))


class ApplyInit(Shape):
    """The ledger is made on the way."""

    command = APPLY + ("--init",)
    may_act = ("create",)

    def begin(self):
        pass


class Upgrade(Shape):
    """A ledger of schema 1, with one machine in it and one create of which nothing is known; it came to nothing."""

    may_act = ("create",)

    def begin(self):
        self.simulator.do("add", name="web-0", cpu=4, memory=8192, template="tmpl-7", network="pg-12")
        self.estate.remove("Policy", "default")
        self.estate.policy("prod", maxDeletes="100%")
        self.before["web-0"] = self.simulator.named("web-0")["id"]
        with open(SCHEMA_1, encoding="utf-8") as file:
            script = file.read().replace("'vm-1'", f"'{self.before['web-0']}'")
        os.close(os.open(self.estate.state, os.O_CREAT, 0o600))
        ledger = sqlite3.connect(self.estate.state)
        ledger.executescript(script)
        ledger.close()

    def check(self):
        self.assertEqual(web(0, 1), sorted(self.owned()))
        self.assertEqual(self.before["web-0"], self.owned()["web-0"])


# What a person asks for.


class Adopt(Existing):
    command = ("adopt", "MachineSet/web")

    def begin(self):
        self.machine_set(count=0)
        super().begin()
        self.machine_set(count=self.count)
        for name in web(0, 1):
            self.simulator.do("add", name=name, cpu=4, memory=8192, template="tmpl-7", network="pg-12")
            self.before[name] = self.simulator.named(name)["id"]


class Forget(Existing):
    """Given again, it says that nothing is known of the machine any more."""

    count = 1
    ends = (0, 1)

    def begin(self):
        self.machine_set(count=2)
        super().begin()
        self.command = ("forget", "web-1")

    def change(self):
        self.machine_set(count=1)
        self.strangers[self.before["web-1"]] = self.machines_by_id()[self.before["web-1"]]

    def check(self):
        self.assertEqual({"web-0": self.before["web-0"]}, self.owned())


class AcceptLoss(Existing):
    """All are gone at once; they are made anew only once a person has said that this is so."""

    command = ("accept-loss", "star")
    may_act = ("create",)

    def change(self):
        for vendor_id in self.before.values():
            self.simulator.do("delete", id=vendor_id)

    def check(self):
        self.assertEqual(set(self.before), set(self.owned()))
        self.assertEqual(set(), set(self.before.values()) & set(self.owned().values()))


class Pause(Existing):
    command = ("pause", "web", "--reason", "night")

    def check(self):
        super().check()
        self.assertEqual("paused", self.estate.status()["phase"])


class Resume(Pause):
    command = ("resume", "web")

    def begin(self):
        super().begin()
        self.assert_code(0, self.estate.run(*Pause.command))

    def check(self):
        Existing.check(self)
        self.assertEqual("converged", self.estate.status()["phase"])


# Networks, which machines are made on; and quotas, which nobody makes.


class NetworkCreate(Create):
    """The network, what no listing shows of it, and then its machines."""

    may_act = ("network", "router-join", "gate", "create")

    def write_network(self):
        self.simulator.do("router-add", name="edge", online=True)
        self.estate.write("Network", "app", provider="star", routed=True, firewall=True)
        self.machine_set(count=self.count, network={"ref": "app"})

    def change(self):
        self.write_network()

    def check(self):
        super().check()
        (network,) = self.state("networks")
        self.assertEqual(("app", True, True), (network["name"], bool(network["router"]), network["gate"]))
        there = self.machines_by_id()
        self.assertEqual({network["id"]}, {there[vendor_id]["network"] for vendor_id in self.owned().values()})


class NetworkDelete(NetworkCreate):
    """The machines go, the network leaves its router, and goes."""

    may_act = ("delete", "router-leave", "network-delete")
    count = 0

    def begin(self):
        self.count = 2
        self.write_network()
        self.converge()
        self.before = self.owned()

    def change(self):
        self.count = 0
        self.estate.policy(prune=True, maxDeletes="100%")
        self.estate.remove("Network", "app")
        self.machine_set(count=0, network="pg-12")

    def check(self):
        self.assertEqual([], self.state("networks"))


class QuotaChange(Existing):
    may_act = ("quota",)

    def change(self):
        self.estate.write("TenantQuota", "limits", provider="star", tenant="app-1", cpu=64, memory="64GiB", storage="1TiB", addresses=2,
                          networks=2)

    def check(self):
        super().check()
        (tenant,) = self.state("tenants")
        self.assertEqual((64, 65536, 1024, 2, 2), tuple(tenant[key] for key in ("cpu", "memory", "storage", "ip", "vpc")))


SHAPES = [
    Create, CreateMany, CreateJimv2017, CreateJimv08, CreateFinovy, CreateFinovyExclusive, CreateOpendcp, CreateOpendcpFewer,
    Update, UpdateWhileOff, Stop, StopFinovy, Start, StartFinovy, Release, AdoptInSpec, Rename, Replace,
    Delete, DeleteJimv08, DeleteFinovy, DeleteOpendcp, DiskCreate, DiskCreate2017, DiskGrow, DiskMove, DiskDelete,
    StarDiskCreate, StarDiskGrow, StarDiskDelete, StarDiskReplace, BackupRotate,
    TemplateCredit, TemplateRoll, TemplateDelete, Init, ApplyInit, Upgrade, Adopt, Forget, AcceptLoss, Pause, Resume,
    NetworkCreate, NetworkDelete, QuotaChange,
]
