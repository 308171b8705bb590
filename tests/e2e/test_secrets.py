# SPDX-License-Identifier: MIT
"""A canary for a token, and one for a certificate's key: in no output, log, ledger, plan, snapshot, error or process list."""

import base64
import os
import unittest

from balancers import SHOP, certificate
from harness import TOKEN, TestCase, finish, wait_until


def forms_of(secret):
    """A secret as it is, and as it might be written."""
    return [secret.encode(), base64.b64encode(secret.encode()).rstrip(b"="), secret.encode().hex().encode()]


class Watching(TestCase):
    """Looks for the secrets in `forms` wherever something is left."""

    forms = forms_of(TOKEN)

    def assert_clean(self, data, where):
        data = data if isinstance(data, bytes) else data.encode()
        for form in self.forms:
            self.assertNotIn(form, data, f"the secret is in {where}")

    def assert_run_clean(self, *arguments, **options):
        result = self.estate.run(*arguments, **options)
        self.assert_clean(result.out, f"the output of {arguments}")
        self.assert_clean(result.err, f"the errors of {arguments}")
        return result

    def assert_files_clean(self, but=()):
        for parent, _, names in os.walk(self.root):
            for name in names:
                if os.path.join(parent, name) in but:
                    continue
                with open(os.path.join(parent, name), "rb") as file:
                    self.assert_clean(file.read(), name)


class Canary(Watching):
    def test_the_canary_would_be_seen(self):
        with self.assertRaises(AssertionError):
            self.assert_clean(f"token {TOKEN} refused", "a text")
        self.assertEqual([], self.simulator.machines())  # and it is the token that the vendor wants

    def test_a_run_of_everything(self):
        debug = ["--log-level", "debug"]
        for arguments in (["validate"], ["plan"], ["plan", "-o", "json"], ["init", "--yes"], ["apply", "--yes"], ["plan"],
                          ["status"], ["status", "-o", "json"], ["list"], ["list", "-o", "json"], ["forget", "web-1"],
                          ["adopt", "web-1"], ["accept-loss", "star"], ["version"], ["help"]):
            self.assert_run_clean(*arguments, *debug)
        self.assert_files_clean()

    def test_failures(self):
        self.assert_run_clean("init", "--yes")
        self.simulator.fault("create=500-after")
        self.simulator.fault("act=redirect")
        self.assert_run_clean("apply", "--yes", "--timeout", "3s", "--log-level", "debug")
        for fault in ("auth", "redirect", "garbage", "500", "html"):
            self.simulator.clear_faults()
            self.simulator.fault(f"list={fault}")
            result = self.assert_run_clean("plan", "--log-level", "debug")
            self.assert_code(1, result)
        self.assert_files_clean()

    def test_process_list(self):
        self.assert_run_clean("init", "--yes")
        self.simulator.fault("create=delay=1s")
        apply = self.start_muster("apply", "--yes", "--log-level", "debug")
        wait_until(lambda: self.simulator.acting(), "the apply creates")
        with open(f"/proc/{apply.pid}/cmdline", "rb") as file:
            self.assert_clean(file.read(), "the process list")
        result = finish(apply)
        self.assert_clean(result.out + result.err, "what apply says")

    def test_a_token_in_a_file(self):
        path = os.path.join(self.root, "token")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        os.chmod(path, 0o600)
        self.estate.provider(auth={"tokenFile": path})
        del self.estate.environment["STAR_TOKEN"]
        self.assert_run_clean("init", "--yes", "--log-level", "debug")
        self.assert_code(0, self.assert_run_clean("apply", "--yes", "--log-level", "debug"))
        os.unlink(path)
        self.assert_files_clean()

    def test_a_token_in_the_service_manager_s_folder(self):
        folder = os.path.join(self.root, "credentials")
        os.mkdir(folder, 0o700)
        with open(os.path.join(folder, "star"), "w", encoding="utf-8") as file:
            file.write(TOKEN)
        self.estate.provider(auth={"tokenFile": "star"})
        self.estate.environment["CREDENTIALS_DIRECTORY"] = folder
        self.assert_code(0, self.assert_run_clean("plan"))

    def test_a_token_that_is_no_header(self):
        for token in (TOKEN + "\r\nX-Other: 1", TOKEN + "\n"):
            self.estate.environment["STAR_TOKEN"] = token
            result = self.assert_run_clean("plan", "--log-level", "debug")
            self.assert_code(1, result)


class Key(Watching):
    """The key of a balancer's certificate, which is sent when it is made and when it is another one."""

    def setUp(self):
        super().setUp()
        self.paths = certificate(self.root, "shop")
        self.take_forms()
        self.estate.write("LoadBalancer", "shop", **SHOP | {
            "protocol": "https", "certificate": {"certFile": self.paths[0], "keyFile": self.paths[1]},
        })

    def take_forms(self):
        """Each line of the key would be too much."""
        with open(self.paths[1], encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if "-----" not in line and len(line) > 16]
        self.forms = [form for line in lines for form in forms_of(line)]

    def assert_all_clean(self):
        self.assert_files_clean(but=self.paths)

    def test_the_key_would_be_seen(self):
        with open(self.paths[1], encoding="utf-8") as file, self.assertRaises(AssertionError):
            self.assert_clean(file.read(), "the key")

    def test_a_run_of_everything(self):
        debug = ["--log-level", "debug"]
        plan, snapshot = (os.path.join(self.root, name) for name in ("plan.json", "snapshot.json"))
        for arguments in (["validate"], ["init", "--yes"], ["plan", "--out", plan, "--save-snapshot", snapshot], ["plan", "-o", "json"],
                          ["plan", "-o", "markdown"], ["apply", "--yes"], ["status", "-o", "json"], ["history"],
                          ["explain", "LoadBalancer/shop"], ["export", "star"]):
            self.assert_run_clean(*arguments, *debug)
        self.assert_all_clean()
        certificate(self.root, "shop")
        self.take_forms()
        result = self.assert_run_clean("apply", "--yes", *debug)
        self.assertIn("certificate sha256:", result.out)
        self.assert_run_clean("history", "-o", "json")
        self.assert_all_clean()
        self.assert_clean(str(self.simulator._ask("state")), "the simulator's state")

    def test_failures(self):
        self.assert_run_clean("init", "--yes")
        for fault in ("refuse", "500", "500-after", "garbage", "redirect", "drop-reply"):
            self.simulator.clear_faults()
            self.simulator.fault(f"balancer={fault}")
            self.assert_run_clean("apply", "--yes", "--timeout", "3s", "--log-level", "debug")
        self.simulator.clear_faults()
        self.assert_code(0, self.assert_run_clean("apply", "--yes", "--log-level", "debug"))
        with open(self.paths[0], "a", encoding="utf-8") as to, open(self.paths[1], encoding="utf-8") as key:
            to.write(key.read())  # the key where only the certificate belongs
        self.simulator.reset_calls()
        self.assert_code(3, self.assert_run_clean("apply", "--yes", "--log-level", "debug"))
        self.assert_no_act()
        self.assert_all_clean()

    def test_process_list(self):
        self.assert_run_clean("init", "--yes")
        self.simulator.fault("balancer=delay=1s")
        apply = self.start_muster("apply", "--yes", "--log-level", "debug")
        wait_until(lambda: self.simulator.calls()["balancer"], "the apply makes the balancer")
        for name in ("cmdline", "environ"):
            with open(f"/proc/{apply.pid}/{name}", "rb") as file:
                self.assert_clean(file.read(), "the process list")
        result = finish(apply)
        self.assert_clean(result.out + result.err, "what apply says")


if __name__ == "__main__":
    unittest.main()
