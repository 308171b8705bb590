# SPDX-License-Identifier: MIT
"""What the tests of every vendor with the real programs share: what its specs look like, and the tests that hold for all of them."""

import os
import random
import subprocess
import time

from harness import TOKEN, TestCase, end_process, web

KILLS = int(os.environ.get("MUSTER_KILLS", "6"))
SEED = int(os.environ.get("MUSTER_SEED", str(random.randrange(10**6))))


class Vendor:
    """What one vendor's specs and simulator look like."""

    def __init__(self, vendor, provider, machines, arguments=(), token=TOKEN, variant=None, template=None, running=1, stops=True):
        self.vendor, self.provider, self.machines = vendor, provider, machines
        self.arguments = list(arguments) + (["--variant", variant] if variant else [])
        self.token, self.template, self.running, self.stops = token, template, running, stops


OPENDCP_TEMPLATE = {
    "cloud": "fake", "instanceType": "small", "cpu": 1, "memory": "2GiB", "image": "img1", "region": "r", "zone": "z",
    "systemDisk": "cloud_efficiency", "credit": "500h",
}
JIMV = {"template": "1", "cpu": 2, "memory": "4GiB", "lease": "90d"}
VENDORS = {
    "starvcenter": Vendor(
        "starvcenter", {"auth": {"tokenEnv": "STAR_TOKEN"}}, {"template": "tmpl-7", "cpu": 4, "memory": "8GiB", "network": "pg-12"}),
    "opendcp": Vendor("opendcp", {}, {"template": {"ref": "small"}}, token=None, template=OPENDCP_TEMPLATE, stops=False),
    "finovy": Vendor("finovy", {"auth": {"tokenEnv": "STAR_TOKEN"}}, {"template": "pkg-small", "image": "4005"}, running=2),
    "finovy-older": Vendor(
        "finovy", {"auth": {"tokenEnv": "STAR_TOKEN"}}, {"template": "pkg-small", "image": "4005"}, variant="older"),
    "finovy-exclusive": Vendor(
        "finovy", {"auth": {"tokenEnv": "STAR_TOKEN"}, "options": {"exclusive": "true"}},
        {"template": "pkg-small", "image": "4005"}, running=2),
    "finovy-quirks": Vendor(
        "finovy", {"auth": {"tokenEnv": "STAR_TOKEN"}}, {"template": "pkg-small", "image": "4005"}, arguments=["--quirks"],
        running=3),
    "jimv-2017": Vendor("jimv", {}, JIMV, variant="2017", token=None, running=1),
    "jimv-0.8": Vendor(
        "jimv", {"auth": {"login": "admin", "passwordEnv": "STAR_TOKEN"}, "options": {"api": "0.8"}},
        JIMV | {"bandwidth": "100Mbit/s"}, variant="0.8", running=2),
}


class VendorCase(TestCase):
    """Tests that hold for every vendor; a class for each says which."""

    name = None
    elders = 2

    def setUp(self):
        self.kind = VENDORS[self.name]
        self.simulator_arguments = ["--machines", str(self.elders), *self.kind.arguments]
        super().setUp()

    def start_simulator(self, *arguments, **options):
        return super().start_simulator(*arguments, vendor=self.kind.vendor, token=self.kind.token, **options)

    def make_estate(self):
        for kind, name in list(self.estate.documents):
            self.estate.remove(kind, name)
        self.estate.write(
            "Provider", "star", type=self.kind.vendor, endpoint=self.simulator.endpoint, confirm="1s", settle="2s",
            **self.kind.provider)
        if self.kind.template:
            self.estate.write("MachineTemplate", "small", provider="star", **self.kind.template)
        self.machine_set(count=5)
        self.estate.policy(maxDeletes="100%")

    def machine_set(self, **spec):
        self.estate.write("MachineSet", "web", **({"provider": "star"} | self.kind.machines | spec))

    def ids(self):
        return {machine["id"] for machine in self.simulator.machines()}

    def assert_ours(self, count, foreign):
        """So many machines run and are ours, and what was somebody else's is there as it was."""
        owned = self.estate.owned()
        self.assertEqual(sorted(web(*range(count))), sorted(owned))
        self.assertEqual(self.ids(), set(owned.values()) | foreign)
        states = {machine["id"]: machine["state"] for machine in self.simulator.machines()}
        self.assertEqual({self.kind.running}, {states[vendor_id] for vendor_id in owned.values()})

    def assert_quiet(self):
        """Another apply sends nothing that acts."""
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()


class Lifecycle:
    def setUp(self):
        super().setUp()
        self.make_estate()
        self.foreign = self.ids()
        self.converge()

    def test_grows_and_shrinks(self):
        self.assert_ours(5, self.foreign)
        self.assert_quiet()
        self.machine_set(count=8)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(8, self.foreign)
        self.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(3, self.foreign)
        self.assert_quiet()

    def test_a_lost_machine_comes_back(self):
        lost = self.estate.owned()["web-2"]
        self.simulator.do("delete", id=lost)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(5, self.foreign)
        self.assertNotEqual(lost, self.estate.owned()["web-2"])

    def test_a_stopped_machine_is_started(self):
        if not self.kind.stops:
            self.skipTest("no status of this vendor shows it")
        self.simulator.do("stop", id=self.estate.owned()["web-1"])
        self.assert_code(0, self.estate.apply())
        self.assert_ours(5, self.foreign)

    def test_a_failed_machine_is_made_anew(self):
        if self.kind.vendor == "finovy":
            self.skipTest("no status of this vendor shows it")
        failed = self.estate.owned()["web-3"]
        self.machine_set(count=5, replaceFailed="always")
        self.simulator.do("fail", id=failed)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(5, self.foreign)
        self.assertNotEqual(failed, self.estate.owned()["web-3"])

    def test_an_empty_listing_is_not_believed(self):
        self.simulator.fault("list=empty")
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("accept-loss", result.out + result.err)
        self.simulator.clear_faults()
        self.assert_ours(5, self.foreign)
        self.assert_quiet()

    def test_a_page_in_place_of_a_listing_is_no_listing(self):
        self.simulator.fault("list=html")
        result = self.estate.run("plan")
        self.assert_code(1, result)
        self.assertIn("?", result.out)
        self.assert_no_act()
        self.simulator.clear_faults()
        self.assert_quiet()

    def test_everything_goes_when_nothing_is_wanted(self):
        self.machine_set(count=0)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(self.foreign, self.ids())


class Outcomes:
    """Creates of unknown outcome: never a double, and at the end all of them."""

    def setUp(self):
        super().setUp()
        self.make_estate()
        self.foreign = self.ids()
        self.init()

    def assert_five_and_no_more(self):
        """Whatever came of the calls; what nothing can tell apart is parked, and a person decides."""
        result = self.estate.apply()
        self.simulator.clear_faults()
        if result.code != 0 and "parked" in result.out:
            self.assertLessEqual(len(self.ids() - self.foreign), 5, result)
            return
        self.assert_code(0, result)
        self.assert_ours(5, self.foreign)
        self.assert_quiet()

    def test_a_lost_reply(self):
        self.simulator.fault("create:1=drop-reply")
        self.assert_five_and_no_more()

    def test_a_lost_request(self):
        self.simulator.fault("create:1=drop-request")
        self.assert_five_and_no_more()

    def test_an_error_after_it_was_done(self):
        self.simulator.fault("create:1=500-after")
        self.assert_five_and_no_more()

    def test_half_a_reply(self):
        self.simulator.fault("create:1=truncate")
        self.assert_five_and_no_more()

    def test_a_refusal(self):
        self.simulator.fault("create:1=refuse")
        result = self.estate.apply("--timeout", "20s")
        self.assertIn(result.code, (0, 3), result)
        self.assertLessEqual(len(self.ids() - self.foreign), 5)

    def test_kill_and_kill_again(self):
        """kill -9 at random moments: as many machines as were asked for, or slots that wait for a person."""
        print(f"MUSTER_SEED={SEED} makes these moments again", flush=True)
        moments = random.Random(SEED)
        for _ in range(KILLS):
            apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0, 0.5))
            end_process(apply)
            self.assertLessEqual(len(self.ids() - self.foreign), 5)
        self.assert_five_and_no_more()


class Credentials:
    def test_a_wrong_secret(self):
        self.make_estate()
        self.init()
        if not self.kind.token:
            self.skipTest("this vendor takes anybody")
        self.estate.environment["STAR_TOKEN"] = "wrong"
        result = self.estate.run("plan")
        self.assert_code(1, result)
        self.assertNotIn("wrong", result.out + result.err)
        self.assert_no_act()

    def test_no_secret_at_all(self):
        self.make_estate()
        if not self.kind.token:
            self.skipTest("this vendor takes anybody")
        del self.estate.environment["STAR_TOKEN"]
        result = self.estate.run("plan")
        self.assert_code(1, result)
        self.assertIn("STAR_TOKEN", result.err)


class Secrets:
    """What vendors print of their machines' passwords stands nowhere."""

    keys = ()

    def test_passwords_of_machines_are_in_nothing_that_is_kept_or_shown(self):
        self.make_estate()
        self.converge()
        secrets = {machine[key] for machine in self.simulator.machines() for key in self.keys} - {""}
        self.assertNotEqual(set(), secrets)
        secrets.add(TOKEN)
        shown = ""
        for command in (["plan"], ["plan", "-o", "json"], ["list", "-o", "json"], ["status"], ["history"], ["explain", "web-0"]):
            result = self.estate.run(*command)
            shown += result.out + result.err
        with open(self.estate.state, "rb") as ledger:
            kept = ledger.read()
        for secret in secrets:
            self.assertNotIn(secret, shown)
            self.assertNotIn(secret.encode(), kept)
