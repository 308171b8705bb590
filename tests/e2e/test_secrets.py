# SPDX-License-Identifier: MIT
"""A canary for a token: it is in no output, log, ledger, error or process list."""

import base64
import os
import unittest

from harness import TOKEN, TestCase, finish, wait_until

FORMS = [TOKEN.encode(), base64.b64encode(TOKEN.encode()).rstrip(b"="), TOKEN.encode().hex().encode()]


class Canary(TestCase):
    def assert_clean(self, data, where):
        data = data if isinstance(data, bytes) else data.encode()
        for form in FORMS:
            self.assertNotIn(form, data, f"the token is in {where}")

    def assert_run_clean(self, *arguments, **options):
        result = self.estate.run(*arguments, **options)
        self.assert_clean(result.out, f"the output of {arguments}")
        self.assert_clean(result.err, f"the errors of {arguments}")
        return result

    def assert_files_clean(self):
        for parent, _, names in os.walk(self.root):
            for name in names:
                with open(os.path.join(parent, name), "rb") as file:
                    self.assert_clean(file.read(), name)

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


if __name__ == "__main__":
    unittest.main()
