# SPDX-License-Identifier: MIT
"""Finovy with the real programs: hosts that nothing marks as ours, by the hour and for periods, paid for by a wallet."""

import subprocess
import unittest

from harness import DEADLINE, end_process, wait_until
from vendors import Credentials, Lifecycle, Outcomes, Secrets, VendorCase


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

    def test_a_recovery_that_is_cut_short_again_and_again(self):
        """Nobody knows any more what came when: a person is asked, and nothing is made meanwhile."""
        self.estate.provider(settle="1h")
        self.simulator.fault("create:1=drop-reply")
        for _ in range(3):
            apply = self.start_muster("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.simulator.reset_calls()
            wait_until(lambda: self.simulator.calls()["list"] >= 3, "it looks what became of it")
            end_process(apply)
        made = len(self.ids())
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("stopped again and again", result.out)
        self.assertEqual(made, len(self.ids()))

    def test_a_creation_that_waits_and_comes_about(self):
        self.simulator.do("waiting", machines=1, made=True)
        self.assert_five_and_no_more()

    def test_a_creation_that_waits_for_ever(self):
        self.simulator.do("waiting", machines=1, made=False)
        self.assert_five_and_no_more()


class FinovyCredentials(Credentials, VendorCase):
    name = "finovy"


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


class FinovySecrets(Secrets, VendorCase):
    name = "finovy"
    keys = ("hostAccount", "hostPw")


if __name__ == "__main__":
    unittest.main()
