# SPDX-License-Identifier: MIT
"""Every vendor with the real programs: growing, shrinking, repair, lost replies, bad listings, kill -9, and four at once."""

import subprocess
import unittest

from harness import DEADLINE, TestCase, wait_until
from vendors import VENDORS, Credentials, Lifecycle, Outcomes, Secrets, VendorCase, web


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

    def test_somebody_makes_one_meanwhile(self):
        """Six came where five were asked for, and no id was heard: a person is asked."""
        self.simulator.fault("create:1=drop-reply")
        apply = self.start_muster("apply", "--yes", "--timeout", "30s", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: len(self.ids() - self.foreign) == 5, "five machines")
        cluster = [c for c in self.simulator._ask("state")["clusters"] if c["body"]["Name"] == "small"][0]
        self.simulator.do("add", template=str(cluster["id"]))
        self.assertEqual(3, apply.wait(DEADLINE))
        self.assertEqual(6, len(self.ids() - self.foreign))
        status = self.estate.status("MachineSet/web")
        self.assertEqual(("blocked", "parked"), (status["phase"], status["reason"]))

    def test_a_template_that_is_refused_ends_the_wait_for_it(self):
        self.estate.write("MachineTemplate", "small", provider="star", **(self.kind.template | {"cloud": "aliyun"}))
        self.assert_code(3, self.estate.apply())
        status = self.estate.status("MachineSet/web")
        self.assertEqual(("failed", "refused"), (status["phase"], status["reason"]))
        self.assertRegex(status["message"], r"^MachineTemplate/small goes first: small: .*account")
        self.assertEqual(self.foreign, self.ids())

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


class Jimv08Export(VendorCase):
    """Guests that others made: what no spec could say of them is left for a person to fill in."""

    name = "jimv-0.8"

    def test_every_field_that_is_needed_is_there(self):
        self.make_estate()
        self.estate.remove("MachineSet", "web")
        text = self.estate.run("export", "star").out
        self.assertIn("template: \"1\"", text)
        for field in ("bandwidth", "lease"):
            self.assertIn(f"{field}: FIXME # the provider does not tell", text)


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

    def test_rows_of_disks_are_folded(self):
        self.machine_set(count=6, disks=[{"name": "data", "size": "10GiB"}])
        self.assertRegex(self.estate.run("plan").out, r"(?m)^  \+ web-2/data\.\.web-5/data +disk +10GiB")

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


class JimvSecrets(Secrets, VendorCase):
    name = "jimv-0.8"
    keys = ("password", "vncPassword")


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
