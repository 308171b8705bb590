# SPDX-License-Identifier: MIT
"""Every vendor with the real programs: growing, shrinking, repair, lost replies, bad listings, kill -9, and four at once."""

import os
import random
import subprocess
import time
import unittest

from harness import DEADLINE, TOKEN, TestCase, end_process, wait_until, web

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


class OpendcpLifecycle(Lifecycle, VendorCase):
    name = "opendcp"

    def test_the_template_goes_when_it_is_pruned(self):
        self.machine_set(count=0)
        self.estate.policy(maxDeletes="100%", prune=True)
        self.estate.remove("MachineSet", "web")
        self.estate.remove("MachineTemplate", "small")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(1, len(self.simulator._ask("state")["clusters"]))
        self.assertEqual(self.foreign, self.ids())

    def test_another_template_rolls_the_machines_over(self):
        self.estate.write("MachineTemplate", "small", provider="star", onDrift="replace", **(self.kind.template | {"cpu": 2}))
        self.machine_set(count=3, onDrift="replace", rollout={"minReady": "1s"})
        before = set(self.estate.owned().values())
        self.assert_code(0, self.estate.apply())
        self.assert_ours(3, self.foreign)
        self.assertEqual(set(), before & set(self.estate.owned().values()))
        clusters = self.simulator._ask("state")["clusters"]
        self.assertEqual(["elder", "small.2"], [cluster["body"]["Name"] for cluster in clusters])

    def test_a_changed_template_is_reported(self):
        self.estate.write("MachineTemplate", "small", provider="star", **(self.kind.template | {"cpu": 2}))
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertIn("cpu is 1, spec says 2", str(plan["diagnostics"]))

    def test_a_machine_of_somebody_else_blocks_scaling_in(self):
        cluster = [c for c in self.simulator._ask("state")["clusters"] if c["body"]["Name"] == "small"][0]
        self.simulator.do("add", template=str(cluster["id"]))
        self.machine_set(count=3)
        plan = self.plan()
        self.assertEqual(2, plan["summary"]["blocked"])
        self.assertIn("not ours", plan["actions"][0]["blocked"])

    def test_credit_is_topped_up(self):
        cluster = [c for c in self.simulator._ask("state")["clusters"] if c["body"]["Name"] == "small"][0]
        self.simulator.do("credit", template=str(cluster["id"]), hours=20)
        action = self.only_action()
        self.assertEqual(("update", "MachineTemplate"), (action["action"], action["kind"]))
        self.assertEqual([{"field": "credit", "from": "20h", "to": "500h"}], [
            change | {"from": "20h", "to": "500h"} for change in action["changes"]])
        self.assert_code(0, self.estate.apply())
        cluster = [c for c in self.simulator._ask("state")["clusters"] if c["body"]["Name"] == "small"][0]
        self.assertEqual(500, cluster["credit"])


class OpendcpOutcomes(Outcomes, VendorCase):
    name = "opendcp"

    def test_fewer_than_asked_for(self):
        """What is missing is asked for again, once it is sure that it does not come."""
        self.simulator.do("room", machines=3)
        apply = self.start_muster("apply", "--yes", "--timeout", "45s", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: len(self.ids() - self.foreign) == 3, "three of five")
        self.simulator.do("room", machines=100)
        self.assertEqual(0, apply.wait(DEADLINE))
        self.assert_ours(5, self.foreign)

    def test_one_that_is_never_listed_is_reported(self):
        self.simulator.do("unlisted", machines=1)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("no listing shows it", result.out + result.err)
        self.assertEqual(5, len(self.ids() - self.foreign))
        self.simulator.reset_calls()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()


class OpendcpCap(VendorCase):
    name = "opendcp"
    elders = 1000

    def test_a_list_that_may_have_stopped_is_no_count(self):
        self.make_estate()
        self.init()
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertEqual(1000, len(self.ids()))
        self.assertIn("more than it shows", result.out + result.err)


class FinovyLifecycle(Lifecycle, VendorCase):
    name = "finovy"

    def test_a_plan_tells_its_price(self):
        self.machine_set(count=8)
        self.assertIn("+3.30 CNY an hour on star.", self.estate.run("plan").out)
        self.machine_set(count=3)
        self.assertIn("-2.20 CNY an hour on star.", self.estate.run("plan").out)

    def test_a_package_that_does_not_fit_is_told_before_anything_is_made(self):
        for spec, words in (
                ({"template": "pkg-none"}, "no package pkg-none"), ({"image": "1"}, "no image 1"),
                ({"image": "507"}, "of the same type"), ({"template": "pkg-rent"}, "for periods only")):
            self.machine_set(count=6, **spec)
            plan = self.plan()
            self.assertEqual(1, plan["summary"]["blocked"], plan)
            self.assertIn(words, plan["actions"][0]["blocked"])

    def test_an_empty_wallet_is_told(self):
        self.simulator.do("wallet", machines=1)
        self.machine_set(count=8)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("the wallet is empty", result.out + result.err)
        self.assertEqual("capacity", self.estate.status()["reason"])
        self.assert_ours(6, self.foreign)

    def test_machines_for_a_period(self):
        self.estate.write("MachineSet", "rent", provider="star", count=2, template="pkg-rent", image="4005",
                          billing={"mode": "period", "unit": "day", "number": 3})
        self.assert_code(0, self.estate.apply())
        machines = [machine for machine in self.simulator.machines() if machine["period"]]
        self.assertEqual([3 * 86400 * 1000] * 2, [machine["expires"] - machine["created"] for machine in machines])


class FinovyOutcomes(Outcomes, VendorCase):
    name = "finovy"

    def test_somebody_makes_one_meanwhile(self):
        """Six came where five were made: nothing tells them apart, so a person is asked."""
        apply = self.start_muster("apply", "--yes", "--timeout", "30s", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: len(self.ids() - self.foreign) == 5, "five machines")
        self.simulator.do("add", template="pkg-small")
        self.assertEqual(3, apply.wait(DEADLINE))
        self.assertEqual(6, len(self.ids() - self.foreign))
        status = self.estate.status()
        self.assertEqual(("blocked", "parked"), (status["phase"], status["reason"]))


    def test_a_creation_that_waits_and_comes_about(self):
        self.simulator.do("waiting", machines=1, made=True)
        self.assert_five_and_no_more()

    def test_a_creation_that_waits_for_ever(self):
        self.simulator.do("waiting", machines=1, made=False)
        self.assert_five_and_no_more()


class FinovyQuirksLifecycle(Lifecycle, VendorCase):
    name = "finovy-quirks"


class FinovyExclusiveLifecycle(Lifecycle, VendorCase):
    name = "finovy-exclusive"


class FinovyExclusiveOutcomes(Outcomes, VendorCase):
    name = "finovy-exclusive"


class FinovyOlderDocument(VendorCase):
    """Rows without a status: counted, and never started or stopped."""

    name = "finovy-older"

    def test_converges_without_knowing_the_power(self):
        self.make_estate()
        self.converge()
        self.machine_set(count=5, power="stopped")
        self.assert_quiet()


class Jimv2017Lifecycle(Lifecycle, VendorCase):
    name = "jimv-2017"


class Jimv2017Outcomes(Outcomes, VendorCase):
    name = "jimv-2017"


class Jimv08Lifecycle(Lifecycle, VendorCase):
    name = "jimv-0.8"

    def test_a_session_that_is_over_is_opened_anew(self):
        self.simulator.do("expire")
        self.machine_set(count=6)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(6, self.foreign)

    def test_cpu_changes_while_the_machine_is_off(self):
        self.machine_set(count=2, cpu=4, restart="rolling", rollout={"minReady": "1s"})
        self.assert_code(0, self.estate.apply())
        owned = self.estate.owned().values()
        self.assertEqual({4}, {machine["cpu"] for machine in self.simulator.machines() if machine["id"] in owned})
        self.assert_ours(2, self.foreign)

    def test_a_silent_host_loses_nobody(self):
        self.simulator.do("host", name="kvm-1", state="silent")
        self.assertEqual([], self.plan()["actions"])


class Jimv08Outcomes(Outcomes, VendorCase):
    name = "jimv-0.8"


class Jimv08Credentials(Credentials, VendorCase):
    name = "jimv-0.8"


class JimvOfTheOtherEra:
    """The specs are of one era and the server of the other: said at once, with what to write, and nothing is done."""

    specs = says = None

    def test_the_other_era_is_told(self):
        self.kind = VENDORS[self.specs]
        self.make_estate()
        result = self.estate.run("plan")
        self.assert_code(1, result)
        self.assertIn(self.says, result.err)
        self.assert_code(1, self.estate.apply("--init"))
        self.assert_no_act()


class Jimv2017AtAServerOf08(JimvOfTheOtherEra, VendorCase):
    name, specs, says = "jimv-0.8", "jimv-2017", 'options: {api: "0.8"}'


class Jimv08AtAServerOf2017(JimvOfTheOtherEra, VendorCase):
    name, specs, says = "jimv-2017", "jimv-0.8", 'options.api (now "0.8")'


class Disks:
    """Data disks: made, named, attached, grown, kept through a replacement, deleted with their slot."""

    def setUp(self):
        super().setUp()
        self.make_estate()
        self.machine_set(count=2, disks=[{"name": "data", "size": "10GiB"}])
        self.converge()

    def disks(self):
        """Data disks of the simulator: (guest, size), sorted."""
        state = self.simulator._ask("state")
        guests = {machine["id"] for machine in state["machines"]}
        return sorted((disk["guest"], disk["size"]) for disk in state["disks"] if disk["id"] not in guests)

    def test_every_machine_has_its_disk(self):
        owned = self.estate.owned()
        self.assertEqual(sorted((owned[name], 10) for name in web(0, 1)), self.disks())
        self.assert_quiet()

    def test_a_disk_grows_and_never_shrinks(self):
        self.machine_set(count=2, disks=[{"name": "data", "size": "20GiB"}])
        self.assert_code(0, self.estate.apply())
        self.assertEqual({20}, {size for _, size in self.disks()})
        self.machine_set(count=2, disks=[{"name": "data", "size": "10GiB"}])
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("cannot shrink", result.out)
        self.assertEqual({20}, {size for _, size in self.disks()})

    def test_a_disk_goes_with_its_slot_and_the_plan_says_so(self):
        self.machine_set(count=1, disks=[{"name": "data", "size": "10GiB"}])
        deletes = {action["name"] for action in self.plan()["actions"] if action["action"] == "delete"}
        self.assertEqual({"web-1", "web-1/data"}, deletes)
        self.assert_code(0, self.estate.apply())
        self.assertEqual([(self.estate.owned()["web-0"], 10)], self.disks())

    def test_a_disk_outlives_its_machine_when_that_is_made_anew(self):
        before = sorted(disk["id"] for disk in self.simulator._ask("state")["disks"])
        self.machine_set(count=2, disks=[{"name": "data", "size": "10GiB"}], replaceFailed="always")
        self.simulator.do("fail", id=self.estate.owned()["web-0"])
        self.assert_code(0, self.estate.apply())
        owned = self.estate.owned()
        self.assertEqual(sorted((owned[name], 10) for name in web(0, 1)), self.disks())
        guests = set(owned.values()) | self.ids()
        after = sorted(disk["id"] for disk in self.simulator._ask("state")["disks"] if disk["id"] not in guests)
        self.assertEqual([disk for disk in before if disk not in guests and disk in after], after)

    def test_a_disk_that_nobody_names_is_kept(self):
        self.machine_set(count=2, disks=[])
        plan = self.plan()
        self.assertEqual([], plan["actions"])
        self.assertEqual(2, plan["summary"]["orphaned"])

    def test_a_forgotten_machine_keeps_its_disk(self):
        self.assert_code(0, self.estate.run("forget", "web-1"))
        self.machine_set(count=1, disks=[{"name": "data", "size": "10GiB"}])
        self.assert_quiet()
        self.assertEqual(2, len(self.disks()))

    def test_a_released_machine_keeps_its_disk(self):
        self.machine_set(count=1, release=["web-1"], disks=[{"name": "data", "size": "10GiB"}])
        self.assert_quiet()
        self.assertEqual(2, len(self.disks()))
        self.assert_quiet()


class Jimv2017Disks(Disks, VendorCase):
    name = "jimv-2017"


class Jimv08Disks(Disks, VendorCase):
    name = "jimv-0.8"


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


class JimvSecrets(Secrets, VendorCase):
    name = "jimv-0.8"
    keys = ("password", "vncPassword")


class FinovySecrets(Secrets, VendorCase):
    name = "finovy"
    keys = ("hostAccount", "hostPw")


class FourAtOnce(TestCase):
    """Four providers in one apply; a dead one stops none of the others."""

    def test_one_is_dead(self):
        self.simulator.end()
        self.estate.write("Provider", "star", type="starvcenter", endpoint=self.simulator.endpoint,
                          auth={"tokenEnv": "STAR_TOKEN"}, confirm="1s", settle="1s")
        simulators = {}
        for name in ("opendcp", "finovy", "jimv-2017"):
            kind, account = VENDORS[name], name.split("-")[0]
            simulators[account] = self.start_simulator(*kind.arguments, vendor=kind.vendor, token=kind.token)
            self.estate.write("Provider", account, type=kind.vendor, endpoint=simulators[account].endpoint, confirm="1s",
                              settle="1s", **kind.provider)
            if kind.template:
                self.estate.write("MachineTemplate", "small", provider=account, **kind.template)
            self.estate.write("MachineSet", f"on-{account}", **({"provider": account, "count": 3} | kind.machines))
        result = self.estate.run("apply", "--yes", "--init")
        self.assert_code(3, result)
        for account, simulator in simulators.items():
            self.assertEqual(3, len(simulator.machines()), account)
            self.assertEqual("converged", self.estate.status(f"MachineSet/on-{account}")["phase"])
        self.assertEqual("unknown", self.estate.status()["phase"])
        self.assertIn("connect", self.estate.status()["message"])


if __name__ == "__main__":
    unittest.main()
