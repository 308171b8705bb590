# SPDX-License-Identifier: MIT
"""Data disks with the real programs: made with their machines, kept as the specs say, never doubled, and never anybody else's."""

import unittest

from harness import TestCase, web
from vendors import VendorCase

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


class TooSmall(Disks):
    """A disk never shrinks: to ask for that is an error of the plan, and everything else is done."""

    def setUp(self):
        super().setUp()
        self.resize(LARGER)
        self.converge()
        self.resize(DATA)

    WORDS = "size is 20GiB, spec says 10GiB; a disk cannot shrink: write size: 20GiB or more"

    def test_every_plan_shows_the_error(self):
        result = self.estate.run("plan", "-o", "json")
        self.assert_code(1, result)
        plan = result.json()
        self.assertEqual([], plan["actions"])
        self.assertEqual([{"severity": "error", "resource": "MachineSet/web", "message": f"web-{n}/data: {self.WORDS}"} for n in (0, 1)],
                         plan["diagnostics"])
        self.assertIn(f"error: MachineSet/web: web-0/data: {self.WORDS}\n", result.err)
        result = self.estate.run("plan")
        self.assert_code(1, result)
        self.assertIn(f"    error: web-1/data: {self.WORDS}\n", result.out)
        self.assertIn("Plan: 0 to create, 0 to change, 0 to delete, 0 blocked, 0 unknown, 2 errors.", result.out)
        result = self.estate.run("plan", "-o", "markdown")
        self.assert_code(1, result)
        self.assertIn(f"- error: `web-1/data`: `{self.WORDS}`\n", result.out)
        self.assert_code(1, self.estate.run("plan", "--detailed-exitcode"))
        self.assert_no_act()

    def test_everything_else_is_done(self):
        self.resize(DATA, LOGS, count=3, cpu=8)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("cannot shrink", result.out)
        self.assertEqual(0, self.simulator.calls()["disk-resize"])
        for machine in web(0, 1):
            self.assertEqual([(f"muster:{machine}/data", 20), (f"muster:{machine}/logs", 5)], self.of(machine))
            self.assertEqual(8, self.simulator.named(machine)["cpu"])
        self.assertEqual([("muster:web-2/data", 10), ("muster:web-2/logs", 5)], self.of("web-2"))
        status = self.estate.status()
        self.assertEqual(("failed", "refused"), (status["phase"], status["reason"]))
        self.assertIn(self.WORDS, status["message"])
        self.resize({"name": "data", "size": "20GiB"}, LOGS)
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2), ("data", 20), ("logs", 5))

    def test_a_saved_plan_does_the_rest_as_well(self):
        self.resize(DATA, LOGS)
        self.assert_code(1, self.estate.run("plan", "--out", self.root + "/saved.json"))
        self.assert_code(3, self.estate.run("apply", "--plan", self.root + "/saved.json"))
        self.assert_disks(web(0, 1), ("data", 20), ("logs", 5))

    def test_where_drift_is_only_reported_it_is_no_error(self):
        self.resize(DATA, onDrift="report")
        self.assertIn("web-0/data: size is 20GiB, spec says 10GiB; only reported, as onDrift says",
                      [d["message"] for d in self.plan()["diagnostics"]])
        self.assert_settled(web(0, 1), ("data", 20))


class Unknown(Disks):
    """What cannot be read of one machine's disks leaves those alone, and nothing else."""

    count = 3

    def setUp(self):
        super().setUp()
        self.estate.provider(concurrency=1, timeout="1s")  # one question after the other, so that a fault meets the one it is for
        self.converge()

    def fail_second(self, fault, looks=1):
        """The second of three questions in each of so many looks; it is asked again twice where that could help, at once where all wait for it."""
        tries = {"refuse": [2], "hang": [2], "503": [2, 3, 4]}.get(fault, [2, 4, 5])
        for look in range(looks):
            for n in tries:
                self.simulator.fault(f"disk-list:{n + look * (2 + len(tries))}={fault}")

    def test_in_the_plan(self):
        self.resize(LARGER, LOGS)
        for fault in ("500", "html", "truncate", "garbage", "hang", "refuse", "503"):
            with self.subTest(fault=fault):
                self.simulator.reset_calls()
                self.simulator.clear_faults()
                self.fail_second(fault)
                result = self.estate.run("plan", "-o", "json")
                self.assert_code(1, result)
                plan = result.json()
                self.assertEqual(sorted((verb, f"web-{n}/{disk}") for n in (0, 2) for verb, disk in (("update", "data"), ("create", "logs"))),
                                 sorted((a["action"], a["name"]) for a in plan["actions"]))
                self.assertEqual(1, plan["summary"]["unknown"])
                found = [d for d in plan["diagnostics"] if d["severity"] == "error"]
                self.assertEqual(1, len(found), plan["diagnostics"])
                self.assertRegex(found[0]["message"], "^web-1: its disks are not known: .+; nothing is done about them$")
                self.assert_no_act()

    def test_in_text_and_in_a_snapshot(self):
        self.fail_second("html")
        snapshot = self.root + "/snapshot.json"
        result = self.estate.run("plan", "--save-snapshot", snapshot)
        self.assert_code(1, result)
        self.assertRegex(result.out, r"(?m)^  \? web-1 +its disks are not known: ")
        self.simulator.clear_faults()
        offline = self.estate.run("plan", "--snapshot", snapshot)
        self.assert_code(1, offline)
        self.assertEqual(result.out, offline.out)

    def test_the_others_are_seen_to_and_that_one_afterwards(self):
        self.resize(LARGER)
        self.fail_second("refuse", looks=200)
        self.assert_code(3, self.estate.apply("--timeout", "6s"))
        self.assertEqual([20, 10, 20], [self.the(machine)["size"] for machine in web(0, 1, 2)])
        status = self.estate.status()
        self.assertEqual("unknown", status["phase"])
        self.assertIn("web-1: its disks are not known", status["message"])
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2), ("data", 20))

    def test_a_disk_is_not_missed_by_a_look_that_could_not_see_it(self):
        """One look lacks it; the next ones say nothing. Then it is there after all, and no second one was made."""
        disk = self.the("web-1")
        self.simulator.do("disk-change", id=disk["id"], description="hidden")
        self.assertIn(self.estate.run("apply", "--yes", "--timeout", "1s").code, (0, 3))
        self.assertEqual("hidden", disk and [d for d in self.all_disks() if d["id"] == disk["id"]][0]["description"])
        self.simulator.do("disk-change", id=disk["id"], description=disk["description"])
        self.fail_second("refuse", looks=200)
        self.assert_code(3, self.estate.apply("--timeout", "5s"))
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(disk["id"], self.the("web-1")["id"])
        self.assert_settled(web(0, 1, 2), ("data", 10))

    def test_when_nobody_s_disks_can_be_read_the_machines_are_seen_to(self):
        self.simulator.fault("disk-list=500")
        self.estate.machine_set(count=4, cpu=8)
        result = self.estate.apply("--timeout", "10s")
        self.assert_code(3, result)
        self.assertEqual({8}, {self.simulator.named(machine)["cpu"] for machine in web(0, 1, 2, 3)})
        self.assertEqual([], self.of("web-3"))
        self.simulator.clear_faults()
        self.assert_code(0, self.estate.apply())
        self.assert_settled(web(0, 1, 2, 3), ("data", 10))


class TooSmallAtJimv:
    """The same where the vendor itself would shrink the disk, and lose what is on it."""

    def test_it_is_an_error_and_not_sent(self):
        self.make_estate()
        self.machine_set(count=2, disks=[LARGER])
        self.converge()
        self.machine_set(count=3, disks=[DATA])
        result = self.estate.run("plan", "-o", "json")
        self.assert_code(1, result)
        self.assertEqual([{"severity": "error", "resource": "MachineSet/web", "message": f"web-{n}/data: {TooSmall.WORDS}"}
                          for n in (0, 1)], result.json()["diagnostics"])
        self.assert_code(3, self.estate.apply())
        self.assertEqual(0, self.simulator.calls()["disk-resize"])
        guests = {machine["id"] for machine in self.simulator.machines()}
        sizes = sorted(disk["size"] for disk in self.simulator.state("disks") if disk["id"] not in guests)
        self.assertEqual([10, 20, 20], sizes)


class TooSmallAtJimv2017(TooSmallAtJimv, VendorCase):
    name = "jimv-2017"


class TooSmallAtJimv08(TooSmallAtJimv, VendorCase):
    name = "jimv-0.8"


del VendorCase  # it has no tests of its own

if __name__ == "__main__":
    unittest.main()
