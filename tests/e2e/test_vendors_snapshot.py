# SPDX-License-Identifier: MIT
"""Snapshots of every vendor, with all that its sets need: templates, disks, packages, and creates of unknown outcome."""

import json
import unittest

from snapshots import SnapshotCase
from vendors import VendorCase


class Snapshots(SnapshotCase):
    disks = None

    def setUp(self):
        super().setUp()
        self.make_estate()
        self.set_of(5)
        self.converge()

    def set_of(self, count, **spec):
        self.machine_set(count=count, **(spec | ({"disks": self.disks} if self.disks else {})))

    def test_the_same_plan(self):
        self.simulator.do("delete", id=self.estate.owned()["web-2"])
        self.set_of(7)
        self.assertTrue(self.assert_same_plan()["actions"])
        self.set_of(3)
        self.assertTrue(self.assert_same_plan()["actions"])

    def test_the_same_with_a_create_of_unknown_outcome(self):
        self.estate.provider(settle="1h")
        self.simulator.fault("create:1=drop-reply")
        self.set_of(7)
        self.assert_code(3, self.estate.apply("--timeout", "3s"))
        self.simulator.clear_faults()
        self.assert_same_plan()

    def test_what_was_never_ours_stays_so(self):
        """Planned with other specs: what the ledger once held, or knows as somebody else's, is in the snapshot as such."""
        self.take()
        with open(self.file, encoding="utf-8") as file:
            machines = json.load(file)["accounts"]["star"]["machines"]
        self.assertEqual(5, sum(machine["held"] for machine in machines))


class OpendcpSnapshots(Snapshots, VendorCase):
    name = "opendcp"

    def test_a_template_that_nobody_looked_for_is_unknown(self):
        self.take()
        with open(self.file, encoding="utf-8") as file:
            snapshot = json.load(file)
        del snapshot["accounts"]["star"]["templates"]
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(snapshot, file)
        result = self.plan_with(code=1)
        self.assertRegex(result.out, r"(?m)^  \? +what was seen of it says nothing of any template$")


class FinovySnapshots(Snapshots, VendorCase):
    name = "finovy"


class Jimv2017Snapshots(Snapshots, VendorCase):
    name = "jimv-2017"
    disks = [{"name": "data", "size": "10GiB"}]


class Jimv08Snapshots(Snapshots, VendorCase):
    name = "jimv-0.8"
    disks = [{"name": "data", "size": "10GiB"}]


if __name__ == "__main__":
    unittest.main()
