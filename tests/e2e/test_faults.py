# SPDX-License-Identifier: MIT
"""The vendor lies, loses replies, or shows nothing for a while: no double, no delete, and the status says what is waited for."""

import unittest

from harness import TestCase, finish, wait_until, web


class Replies(TestCase):
    """A create whose outcome is unknown."""

    def assert_recovers(self, rule, creates):
        self.estate.provider(settle="2s", timeout="2s")
        self.init()
        self.simulator.fault(rule)
        apply = self.start_muster("apply", "--yes")
        self.wait_for_status()
        result = finish(apply)
        self.assert_code(0, result)
        self.assertEqual(creates, self.simulator.calls()["create"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def wait_for_status(self):
        def waiting():
            status = self.estate.status()
            return status and status["phase"] == "progressing" and "create ended without" in status["message"]

        wait_until(waiting, "the status says that a create has an unknown outcome")

    def test_reply_lost_after_the_server_acted(self):
        self.assert_recovers("create:3=drop-reply", creates=5)

    def test_every_reply_lost(self):
        self.assert_recovers("create=drop-reply", creates=5)

    def test_500_after_the_server_acted(self):
        self.assert_recovers("create:2-3=500-after", creates=5)

    def test_truncated_reply(self):
        self.assert_recovers("create:1=truncate", creates=5)

    def test_garbage(self):
        self.assert_recovers("create:5=garbage", creates=5)

    def test_no_reply_in_time_though_the_server_acted(self):
        self.assert_recovers("create:4=hang-after", creates=5)

    def test_500_and_nothing_done(self):
        self.assert_recovers("create:2=500", creates=6)

    def test_connection_lost_and_nothing_done(self):
        self.assert_recovers("create:1=drop-request", creates=6)

    def test_503_with_retry_after(self):
        self.assert_recovers("create:1=503", creates=6)

    def test_a_delete_whose_reply_is_lost(self):
        self.converge()
        self.estate.machine_set(count=3)
        self.simulator.fault("delete=drop-reply")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(2, self.simulator.calls()["delete"])
        self.assert_converged(web(0, 1, 2))

    def test_a_delete_that_was_not_done(self):
        self.converge()
        self.estate.machine_set(count=3)
        self.simulator.fault("delete:1=500")
        self.assert_code(0, self.estate.apply())
        self.assertEqual(3, self.simulator.calls()["delete"])
        self.assert_converged(web(0, 1, 2))

    def test_a_refusal_leaves_the_rest_going_on(self):
        self.init()
        self.simulator.fault("create:1=refuse")
        result = self.estate.apply()
        self.assertIn(result.code, (0, 3), result)
        self.simulator.clear_faults()
        self.assert_converged_in_the_end()

    def assert_converged_in_the_end(self):
        self.assert_code(0, self.estate.apply())
        self.assert_converged(web(0, 1, 2, 3, 4))


class Listings(TestCase):
    """The listing is not to be trusted for a while."""

    def setUp(self):
        super().setUp()
        self.converge()

    def assert_waits(self, fault, words, phases=("unknown", "blocked")):
        self.estate.machine_set(count=6)
        agent = self.start_agent("--interval", "1s")
        wait_until(lambda: (self.estate.status() or {}).get("ready") == 6, "the agent made the sixth machine")
        self.simulator.reset_calls()
        self.simulator.fault(f"list={fault}")

        def told():
            status = self.estate.status()
            return status and status["phase"] in phases and words in status["message"]

        wait_until(told, "the status says what it waits for")
        looks = self.simulator.calls()["list"]
        wait_until(lambda: self.simulator.calls()["list"] >= looks + 3, "the agent looked again and again")
        self.assert_no_act()

        self.simulator.clear_faults()
        wait_until(lambda: self.estate.status()["phase"] == "converged", "the status says that all is well")
        self.assert_no_act()
        self.assertEqual(0, agent.stop())
        self.assert_converged(web(0, 1, 2, 3, 4, 5))

    def test_empty(self):
        self.assert_waits("empty", "6 of the 6 machines")

    def test_short(self):
        """Two of six are shown; four are missing, which is no loss yet: only what a second look confirms is made anew."""
        self.estate.provider(confirm="1h")
        self.assert_waits("short", "", phases=("progressing",))

    def test_html(self):
        self.assert_waits("html", "")

    def test_a_row_twice(self):
        """Rows are told apart by their ids: nothing is missing and nothing is too many."""
        self.simulator.fault("list=duplicate")
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_500(self):
        self.assert_waits("500", "500")


class Losses(TestCase):
    def setUp(self):
        super().setUp()
        self.converge()

    def test_all_gone_at_once_is_held_until_accepted(self):
        for name in self.simulator.names():
            self.simulator.do("delete", name=name)
        result = self.estate.apply()
        self.assert_code(3, result)
        self.assertIn("accept-loss", result.out + result.err)
        self.assert_no_act()
        status = self.estate.status()
        self.assertEqual(("blocked", "held"), (status["phase"], status["reason"]))
        self.assertIn("accept-loss", status["message"])

        result = self.estate.run("accept-loss", "star")
        self.assert_code(0, result)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(5, self.simulator.calls()["create"])
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_a_hold_ends_when_they_return(self):
        self.simulator.fault("list=empty")
        self.assert_code(3, self.estate.apply())
        self.assertEqual("held", self.estate.status()["reason"])
        self.simulator.clear_faults()
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_accept_loss_of_nothing(self):
        result = self.estate.run("accept-loss", "star")
        self.assert_no_act()
        self.assert_converged(web(0, 1, 2, 3, 4))
        self.assertTrue(result.out + result.err)

    def test_more_than_a_fifth_is_held_and_less_is_repaired(self):
        self.estate.machine_set(count=20)
        self.converge()
        for name in web(1, 3, 5, 7):
            self.simulator.do("delete", name=name)
        self.assert_code(0, self.estate.apply())
        self.assertEqual(4, self.simulator.calls()["create"])

        self.simulator.reset_calls()
        for name in web(1, 3, 5, 7, 9):
            self.simulator.do("delete", name=name)
        self.assert_code(3, self.estate.apply())
        self.assert_no_act()
        self.assertEqual("held", self.estate.status()["reason"])


if __name__ == "__main__":
    unittest.main()
