# SPDX-License-Identifier: MIT
"""Backups and snapshots: made when they are due, once, and the oldest of ours removed once there are newer ones that are usable.

Whoever else made some finds them as they were. What lasts a day is not waited for: the ledger is told that it was.
"""

import os
import re
import signal
import sqlite3
import unittest

from harness import TestCase, wait_until, web

DAY = 86400
PLAN = """\
BackupPolicy/nightly on star: every 1d, keep 2 of MachineSet/web              specs/backuppolicy-nightly.yaml:1
  + web-0/nightly-3  backup    due: the last is from TIME
  - web-0/nightly-1  backup    backup-1: 2 newer ones are kept  waits: the new one has to be usable first

Plan: 1 to create, 0 to change, 1 to delete, 0 blocked, 0 unknown. About 2 requests.
"""


class Copied(TestCase):
    """Two machines, and a policy that keeps two of them each. One of the first machine is somebody else's."""

    kind, word = "BackupPolicy", "backup"

    def setUp(self):
        super().setUp()
        self.estate.machine_set(count=2)
        self.policy()
        self.theirs = []

    def policy(self, name="nightly", kind=None, **spec):
        kind = kind or self.kind
        if (kind, name) not in self.estate.documents:
            spec = {"provider": "star", "machineSet": "web", "every": "1d", "keep": 2} | spec
        self.estate.write(kind, name, **spec)

    def converge(self, *arguments):
        result = super().converge(*arguments)
        if not self.theirs:
            self.add_theirs("web-0", name="by hand")
        return result

    def add_theirs(self, machine, **arguments):
        self.simulator.do(f"{self.word}-add", machine=self.simulator.named(machine)["id"], usable=True, **arguments)
        self.theirs.append(self.copies()[-1])

    def copies(self, word=None):
        return self.simulator.state(f"{word or self.word}s")

    def ours(self, word=None):
        """Marks of ours, the oldest first."""
        return [copy["description"].removeprefix("muster:") for copy in self.copies(word)
                if copy["description"].startswith("muster:") and copy["id"] not in [theirs["id"] for theirs in self.theirs]]

    def age(self, seconds=DAY, slot="%"):
        """As if so much time had passed since all was made. No boot that goes on knows of that, so it was in another."""
        with sqlite3.connect(self.estate.state) as ledger:
            ledger.execute("UPDATE things SET made_at = made_at - ? WHERE slot LIKE ?", (seconds, slot))
            ledger.execute("UPDATE calls SET made_at = made_at - ?, made_at_boot = 0 WHERE slot LIKE ?", (seconds, slot))
        ledger.close()

    def assert_ours(self, *marks):
        """These are there, each once, and what is somebody else's is as it was."""
        self.assertEqual(sorted(marks), sorted(self.ours()))
        for theirs in self.theirs:
            self.assertIn(theirs, self.copies())

    def assert_silent(self):
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assertEqual([], self.plan()["actions"])
        status = self.estate.status(f"{self.kind}/nightly")
        self.assertEqual(("converged", 2, 2), (status["phase"], status["desired"], status["ready"]))

    def both(self, *numbers, name="nightly"):
        return [f"{machine}/{name}-{number}" for machine in web(0, 1) for number in numbers]


class Policies:
    """What both kinds do alike."""

    def test_from_nothing(self):
        self.init()
        planned = self.plan()["actions"]
        kind = self.word.capitalize()
        self.assertEqual(
            [("create", "Machine", "web-0"), ("create", "Machine", "web-1"),
             ("create", kind, "web-0/nightly-1"), ("create", kind, "web-1/nightly-1")],
            [(a["action"], a["kind"], a["name"]) for a in planned])
        self.assertEqual([f"{self.kind}/nightly"] * 2, [a["resource"] for a in planned[2:]])
        self.assertEqual([[planned[0]["id"]], [planned[1]["id"]]], [a["dependsOn"] for a in planned[2:]])
        self.converge()
        self.assertEqual(["nightly-web-0-1", "nightly-web-1-1"], [copy["name"] for copy in self.copies()[:2]])
        self.assert_ours(*self.both(1))
        self.assert_silent()

    def test_a_silent_pass_asks_once_for_each_machine(self):
        self.converge()
        self.plan()
        calls = self.simulator.calls()
        self.assertEqual(2, calls.get(f"{self.word}-list", 0), calls)
        self.assertEqual(2, calls.get("backup-list", 0) + calls.get("snapshot-list", 0), calls)

    def test_due_and_rotated(self):
        self.converge()
        for number in range(2, 5):
            self.age()
            self.simulator.reset_calls()
            self.assert_code(0, self.estate.apply())
            made = [self.word] * 2
            gone = [f"{self.word}-delete"] * 2 if number > 2 else []
            self.assertEqual(made + gone, [call for call, _ in self.simulator.acting()], "the new ones before any old one goes")
            self.assert_ours(*self.both(number - 1, number))
            self.assert_silent()

    def test_only_what_is_due(self):
        self.converge()
        self.age(slot="web-1/%")
        self.assertEqual(["web-1/nightly-2"], [a["name"] for a in self.plan()["actions"]])
        self.age(seconds=DAY - 3600, slot="web-0/%")
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-0/nightly-1", "web-1/nightly-1", "web-1/nightly-2")

    def test_fewer_are_kept(self):
        self.converge()
        self.age()
        self.assert_code(0, self.estate.apply())
        self.policy(keep=1)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(2))
        self.assert_silent()

    def test_a_new_machine(self):
        self.converge()
        self.estate.machine_set(count=3)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1), "web-2/nightly-1")

    def test_what_is_on_a_machine_goes_with_it(self):
        self.converge()
        self.estate.machine_set(count=1)
        plan = self.estate.run("plan")
        self.assertIn(f"web-1 goes, and with it its 1 {self.word}", plan.out)
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assertEqual(["delete"], [call for call, _ in self.simulator.acting()])
        self.assert_ours("web-0/nightly-1")
        self.estate.machine_set(count=2)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1))
        self.assert_silent()

    def test_a_machine_that_is_made_anew_gets_new_ones(self):
        self.estate.machine_set(replaceFailed="always")
        self.converge()
        self.simulator.do("fail", id=self.simulator.named("web-1")["id"])
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1))
        self.assertEqual({m["id"] for m in self.simulator.machines()}, {copy["machine"] for copy in self.copies()})
        self.assert_silent()

    def test_a_released_machine_keeps_what_it_has(self):
        self.converge()
        self.estate.machine_set(release=["web-1"], count=1)
        self.age()
        self.estate.policy(prune=True, maxDeletes="100%")
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-0/nightly-1", "web-0/nightly-2", "web-1/nightly-1")
        self.estate.remove(self.kind, "nightly")
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-1/nightly-1")

    def test_their_number_hides_no_loss_of_machines(self):
        self.policy(keep=100)
        self.converge()
        for _ in range(4):
            self.age()
            self.assert_code(0, self.estate.apply())
        self.theirs = []
        for machine in self.simulator.machines():
            self.simulator.do("delete", id=machine["id"])
        self.simulator.reset_calls()
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertEqual("held", self.estate.status()["reason"])
        accepted = self.estate.run("accept-loss", "star")
        self.assert_code(0, accepted)
        self.assertIn("gone with it: web-0/nightly-1 ", accepted.out)
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1))
        self.assert_silent()

    def test_one_that_a_person_deleted_is_made_again(self):
        self.converge()
        self.simulator.do(f"{self.word}-delete", description="muster:web-1/nightly-1")
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1))
        self.assert_silent()

    def test_many_that_a_person_deleted_are_not_believed_at_once(self):
        self.converge()
        for mark in self.both(1):
            self.simulator.do(f"{self.word}-delete", description=f"muster:{mark}")
        self.estate.machine_set(count=3)
        self.simulator.reset_calls()
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertEqual(["create"], [call for call, _ in self.simulator.acting()], "machines are not kept waiting")
        status = self.estate.status(f"{self.kind}/nightly")
        self.assertEqual(("blocked", "held"), (status["phase"], status["reason"]))
        self.assertIn("muster accept-loss star", status["message"])
        self.assert_code(0, self.estate.run("accept-loss", "star"))
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1), "web-2/nightly-1")

    def test_a_name_that_is_taken_is_not_given_again(self):
        self.converge()
        self.add_theirs("web-0", name="nightly-web-0-2", description="muster:web-0/nightly-2")
        self.age()
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-0/nightly-1", "web-0/nightly-3", *self.both(1, 2)[2:])
        self.assert_silent()

    def test_two_policies_of_one_set(self):
        """And of the other kind as well, though a machine is locked while one is made."""
        other = {"BackupPolicy": ("SnapshotPolicy", "snapshot"), "SnapshotPolicy": ("BackupPolicy", "backup")}[self.kind]
        self.policy("weekly", every="7d", keep=1)
        self.policy("nightly", kind=other[0], every="1d", keep=1)
        self.converge()
        self.assert_ours(*self.both(1), *self.both(1, name="weekly"))
        self.assertEqual(self.both(1), self.ours(other[1]))
        self.age()
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2), *self.both(1, name="weekly"))
        self.assertEqual(self.both(2), sorted(self.ours(other[1])))
        self.assert_silent()

    def test_a_machine_on_hold_is_not_touched(self):
        self.converge()
        self.age()
        self.estate.machine_set(hold=["web-1"])
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2)[:3])

    def test_a_paused_set_is_not_touched(self):
        self.converge()
        self.age()
        self.simulator.reset_calls()
        self.estate.machine_set(paused=True)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.estate.machine_set(paused=None)
        self.assert_code(0, self.estate.run("pause", f"{self.kind}/nightly"))
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assert_code(0, self.estate.run("resume", f"{self.kind}/nightly"))
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2))

    def test_no_spec_names_it_and_nothing_is_pruned(self):
        self.converge()
        self.age()
        self.estate.remove(self.kind, "nightly")
        plan = self.estate.run("plan")
        self.assertIn(f"2 {self.word}s of 2 machines are orphaned: kept, because prune is off", plan.out)
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_ours(*self.both(1))
        self.policy()
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2))

    def test_pruned_only_within_the_limit(self):
        self.converge()
        self.estate.remove(self.kind, "nightly")
        self.estate.policy(prune=True, maxDeletes=1)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.estate.policy(maxDeletes=2)
        self.assert_code(0, self.estate.apply())
        self.assert_ours()
        self.assert_names(web(0, 1))

    def test_rotation_is_not_counted(self):
        self.estate.policy(maxDeletes=0, maxCreates=2)
        self.converge()
        for _ in range(3):
            self.age()
            self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(3, 4))

    def test_a_renamed_policy_keeps_what_it_owns(self):
        self.converge()
        self.estate.remove(self.kind, "nightly")
        self.policy("daily", formerly="nightly")
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        for _ in range(2):
            self.age()
            self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2, name="daily"))

    def test_one_is_forgotten(self):
        self.converge()
        result = self.estate.run("forget", "web-0/nightly-1")
        self.assert_code(0, result)
        self.assertIn("forgot web-0/nightly-1", result.out)
        self.assertEqual(["web-0", "web-1"], sorted(self.estate.owned()))
        self.theirs.append(self.copies()[0])
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-0/nightly-2", "web-1/nightly-1")

    def test_a_forgotten_machine_takes_its_own_along(self):
        self.converge()
        result = self.estate.run("forget", "web-1")
        self.assert_code(0, result)
        self.assertIn("forgot with it web-1/nightly-1", result.out)
        self.estate.machine_set(count=1)
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        self.assert_ours(*self.both(1))

    def test_none_is_adopted(self):
        self.converge()
        result = self.estate.run("adopt", f"{self.kind}/nightly", self.theirs[0]["id"])
        self.assert_code(1, result)
        self.assertIn(f"a {self.word} is not adopted", result.err)

    def test_not_usable_any_more(self):
        """It is told, another one is made, and no good one goes for it."""
        self.converge()
        self.age()
        self.assert_code(0, self.estate.apply())
        broken = next(copy for copy in self.copies() if copy["description"] == "muster:web-0/nightly-2")
        self.simulator.do(f"{self.word}-change", id=broken["id"], usable=False)
        plan = self.estate.run("plan")
        self.assertIn(f"web-0/nightly-2 ({broken['id']}) is not usable any more", plan.out)
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-0/nightly-1", "web-0/nightly-2", "web-0/nightly-3", *self.both(1, 2)[2:])
        self.age()
        self.assert_code(0, self.estate.apply())
        self.assert_ours("web-0/nightly-3", "web-0/nightly-4", *self.both(2, 3)[2:])

    def test_what_was_approved(self):
        self.init()
        saved = os.path.join(self.root, "plan.json")
        self.assert_code(0, self.estate.run("plan", "--out", saved))
        self.assert_code(0, self.estate.apply("--plan", saved))
        self.assert_ours(*self.both(1))
        for _ in range(2):
            self.age()
            self.assert_code(0, self.estate.run("plan", "--out", saved))
            self.assert_code(0, self.estate.apply("--plan", saved))
        self.assert_ours(*self.both(2, 3))

    def test_what_was_approved_of_machines_that_are_made_anew_or_adopted(self):
        self.converge()
        self.age()
        self.assert_code(0, self.estate.apply())
        self.simulator.do("add", name="old", cpu=4, memory=8192)
        old = self.simulator.named("old")["id"]
        self.estate.machine_set(count=3, replaceFailed="always", adopt={"web-2": old})
        self.simulator.do("fail", id=self.simulator.named("web-1")["id"])
        saved = os.path.join(self.root, "plan.json")
        planned = self.estate.run("plan", "--out", saved)
        self.assert_code(0, planned)
        self.assertIn(f"web-1 goes, and with it all its 2 {self.word}s", planned.out)
        self.assert_code(0, self.estate.apply("--plan", saved))
        self.assert_ours(*self.both(1, 2)[:2], "web-1/nightly-1", "web-2/nightly-1")

    def test_a_plan_out_of_a_snapshot(self):
        self.converge()
        self.age()
        file = os.path.join(self.root, "snapshot.json")
        seen = self.plan("--save-snapshot", file)
        shown = self.plan("--snapshot", file)
        self.assertEqual(seen["actions"], shown["actions"])
        self.assertEqual(2, len(seen["actions"]))

    def test_every_machine_of_many(self):
        self.estate.machine_set(count=30)
        self.converge()
        self.assert_ours(*[f"web-{i}/nightly-1" for i in range(30)])
        self.age()
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*[f"web-{i}/nightly-{n}" for i in range(30) for n in (1, 2)])

    def test_what_is_told(self):
        self.converge()
        status = self.estate.status(f"{self.kind}/nightly")
        self.assertIn(f"the oldest of the last {self.word}s is web-0/nightly-1, from ", status["message"])
        self.assertTrue(status["nextAttempt"])
        explained = self.estate.run("explain", f"{self.kind}/nightly")
        self.assert_code(0, explained)
        self.assertIn(f"2 {self.word}s of 2 machines: 2 usable", explained.out)
        self.assertIn("the last is web-1/nightly-1", explained.out)
        self.assertIn("it is as the spec says; more is due at ", explained.out)
        history = self.estate.run("history", f"{self.kind}/nightly")
        self.assert_code(0, history)
        self.assertEqual(2, history.out.count(f"POST /cloudvm/{self.word}/create"), history)
        self.assertNotIn("nightly", self.estate.run("list").out)
        listed = self.estate.run("list", "-o", "json", f"{self.kind}/nightly")
        self.assert_code(0, listed)
        self.assertEqual([(copy["description"].removeprefix("muster:"), copy["id"], "usable") for copy in self.copies()[:2]],
                         [(m["name"], m["id"], m["state"]) for m in listed.json()["machines"]])

    def test_targets(self):
        """Only the policy, and what it needs; nothing is pruned so."""
        self.policy("weekly")
        self.converge()
        self.age()
        names = [a["name"] for a in self.plan("--target", f"{self.kind}/nightly")["actions"]]
        self.assertEqual(self.both(2), names)

    def test_a_look_that_says_nothing_of_one_machine(self):
        self.converge()
        self.age()
        self.simulator.fault(f"{self.word}-list:1=refuse")
        self.assertEqual(1, len(self.plan()["actions"]))
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2))

    def test_listings_that_lie(self):
        """Empty, or as they were: nothing is made twice, and nothing goes too soon."""
        self.converge()
        for fault in ("empty", "stale"):
            self.age()
            self.simulator.fault(f"{self.word}-list:3-6={fault}")
            self.estate.apply()
            self.simulator.clear_faults()
            self.assert_code(0, self.estate.apply())
            self.assertEqual(4, len(self.ours()), self.ours())
            self.assertEqual(4, len(set(self.ours())))
            self.assert_silent()


class Backups(Policies, Copied):
    def test_plan(self):
        self.estate.machine_set(count=1)
        self.converge()
        for _ in range(2):
            self.age()
            plan = self.estate.run("plan")
            self.assert_code(0, plan)
            self.assert_code(0, self.estate.apply())
        out = re.sub(r"\S*/specs/", "specs/", plan.out)
        self.assertEqual(PLAN, re.sub(r"from \S+Z", "from TIME", out))


class Snapshots(Policies, Copied):
    kind, word = "SnapshotPolicy", "snapshot"


class Quirks(Copied):
    """Types that the document does not have, lists of one, and texts that are null."""

    simulator_arguments = ["--quirks"]

    def test_due_and_rotated(self):
        self.converge()
        for number in range(2, 5):
            self.age()
            self.assert_code(0, self.estate.apply())
            self.assert_ours(*self.both(number - 1, number))
            self.assert_silent()


class Faults(Copied):
    """Each call that makes or deletes one, when nobody hears what became of it."""

    def setUp(self):
        super().setUp()
        self.estate.provider(settle="2s", timeout="2s")

    def prepare(self, call):
        """Brings it to where the next apply makes two of the calls."""
        self.converge()
        if call == f"{self.word}-delete":
            self.age()
            self.assert_code(0, self.estate.apply())
        self.age()
        self.simulator.reset_calls()

    def assert_one_each(self, call):
        deleted = call == f"{self.word}-delete"
        self.assert_ours(*(self.both(2, 3) if deleted else self.both(1, 2)))
        self.assert_silent()

    def each_call(self, work):
        for call in (self.word, f"{self.word}-delete"):
            with self.subTest(call=call):
                self.doCleanups()
                self.setUp()
                self.prepare(call)
                work(call)

    def assert_survives(self, fault, times):
        def work(call):
            self.simulator.fault(f"{call}:1={fault}")
            self.assert_code(0, self.estate.apply())
            self.assertEqual(times, self.simulator.calls()[call])
            self.assert_one_each(call)

        self.each_call(work)

    def test_every_reply_lost(self):
        self.assert_survives("drop-reply", 2)

    def test_every_call_acted_upon_and_answered_500(self):
        self.assert_survives("500-after", 2)

    def test_every_reply_cut_short(self):
        self.assert_survives("truncate", 2)

    def test_every_call_not_done(self):
        self.assert_survives("500", 3)

    def test_every_call_refused(self):
        self.assert_survives("refuse", 3)

    def test_killed_in_every_call(self):
        def work(call):
            self.simulator.fault(f"{call}:1=hang-after")
            apply = self.start_muster("apply", "--yes")
            wait_until(lambda: self.simulator.calls().get(call, 0) > 0, f"the {call} is sent")
            apply.send_signal(signal.SIGKILL)
            apply.wait()
            self.simulator.clear_faults()
            self.assert_code(0, self.estate.apply())
            self.assertEqual(2, self.simulator.calls()[call])
            self.assert_one_each(call)

        self.each_call(work)

    def test_slow_ones_are_waited_for(self):
        """While one is made, and may not be usable for long, no second one is."""
        self.converge()
        self.age()
        self.simulator.fault(f"{self.word}=delay=1500ms")
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1, 2))
        self.assertEqual(2, self.simulator.calls()[self.word])


class SlowFaults(Copied):
    """The vendor needs some seconds for one."""

    def start_simulator(self, *arguments, **options):
        return super().start_simulator(*arguments, ready_delay="2s", **options)

    def test_a_time_of_creation_that_is_that_of_the_end(self):
        """What is being made may be shown with another one than what is made."""
        self.init()
        apply = self.start_muster("apply", "--yes")
        wait_until(lambda: len(self.copies()) == 2, "both are begun")
        wait_until(lambda: self.simulator.calls().get("backup-list", 0) > 4, "both are seen")
        for copy in self.copies():
            self.assertFalse(copy["usable"])
            self.simulator.do("backup-change", id=copy["id"], created="2026-01-02 03:04:05")
        self.assertEqual(0, apply.wait())
        self.assert_ours(*self.both(1))
        self.assert_silent()
        self.simulator.do("backup-change", id=self.copies()[0]["id"], created="2026-01-02 03:04:06")
        plan = self.estate.run("plan")
        self.assertIn("was made at 2026-01-02 03:04:05, and star shows a backup made at 2026-01-02 03:04:06 under that id", plan.out)
        self.policy(keep=1)
        self.age()
        self.estate.apply()
        mark = self.copies()[0]["description"].removeprefix("muster:")
        self.assertIn(mark, self.ours(), "what may be somebody else's is left alone")

    def test_killed_while_they_are_made(self):
        self.init()
        apply = self.start_muster("apply", "--yes")
        wait_until(lambda: len(self.copies()) == 2, "both are begun")
        apply.send_signal(signal.SIGKILL)
        apply.wait()
        self.assertEqual([], [a for a in self.plan()["actions"] if a["kind"] == "Backup"])
        self.assert_code(0, self.estate.apply())
        self.assert_ours(*self.both(1))


class Agents(Copied):
    def test_it_wakes_when_one_is_due(self):
        self.converge()
        self.age(seconds=DAY - 4)
        agent = self.start_agent("--interval", "1h")
        agent.wait_for("READY=1")
        wait_until(lambda: len(self.ours()) == 4, "both are made")
        wait_until(lambda: self.estate.status("BackupPolicy/nightly")["phase"] == "converged", "it is converged")
        self.assertEqual(0, agent.stop())
        self.assert_ours(*self.both(1, 2))
        self.assert_silent()


if __name__ == "__main__":
    unittest.main()
