# SPDX-License-Identifier: MIT
"""The plan for people: runs folded, a reason said once, as wide as the terminal, and as a comment on a pull request."""

import fcntl
import os
import pty
import re
import struct
import termios
import unittest

from harness import TestCase, wait_until

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Text(TestCase):
    def on_a_terminal(self, columns, *arguments):
        """What plan writes on a terminal of that width."""
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = self.estate.environment | {"TERM": "xterm"}
        process = self.start_muster("plan", *arguments, stdout=terminal, env=environment)
        said = bytearray()
        os.set_blocking(controller, False)

        def ended():
            try:
                said.extend(os.read(controller, 65536))
            except BlockingIOError:
                return process.poll() is not None
            return False

        wait_until(ended, "plan ends")
        os.close(terminal)
        os.close(controller)
        return said.decode().replace("\r\n", "\n")

    def test_runs_are_folded_and_a_reason_is_said_once(self):
        self.estate.machine_set(count=12)
        self.converge()
        self.estate.machine_set(count=2)
        self.estate.machine_set("db", count=20)
        self.simulator.do("add", name="db-7")
        out = self.estate.run("plan").out
        self.assertRegex(out, r"(?m)^  \+ db-0\.\.db-6 +machine +template tmpl-7, 4 cpu, 8GiB, network pg-12$")
        self.assertRegex(out, r"(?m)^  ! db-7 +machine +create .* blocked: a machine named db-7 \(vm-\d+\) is there and is not ours")
        self.assertRegex(out, r"(?m)^  \+ db-8\.\.db-19 +machine ")
        self.assertEqual(1, out.count("10 to delete on star"))
        self.assertRegex(out, r"(?m)^  ! web-")

    def test_a_reason_of_its_own_is_shown(self):
        self.converge()
        self.simulator.do("delete", name="web-2")
        self.simulator.do("rename", name="web-3", to="mine")
        out = self.estate.run("plan").out
        self.assertRegex(out, r"(?m)^  \+ web-2 .*: web-2 \(vm-\d+\) is gone from the listing  waits: a second look must")
        self.assertRegex(out, r"(?m)^  ~ web-3 +machine +name mine -> web-3: it was renamed to mine at the vendor$")

    def test_as_wide_as_the_terminal(self):
        self.init()
        wide, narrow = self.on_a_terminal(200), self.on_a_terminal(60)
        for text, columns in ((wide, 200), (narrow, 60)):
            self.assertIn("\x1b[32m+\x1b[0m web-0..web-4", text)
            lines = ESCAPE.sub("", text).splitlines()
            self.assertTrue(lines[0].endswith("machineset-web.yaml:1"), lines[0])
            for line in lines[1:-2]:
                self.assertLessEqual(len(line), columns)
        self.assertEqual(200, len(ESCAPE.sub("", wide).splitlines()[0]))
        self.assertLess(len(wide.splitlines()), len(narrow.splitlines()))
        self.assertNotIn("\x1b", self.on_a_terminal(80, "--color", "never"))

    def test_markdown(self):
        self.init()
        result = self.estate.run("plan", "-o", "markdown")
        self.assert_code(0, result)
        self.assertTrue(result.out.startswith("**Plan:** 5 to create, "), result)
        self.assertIn("| + | `web-0..web-4` | machine | `template tmpl-7, 4 cpu, 8GiB, network pg-12` |\n", result.out)

    def test_markdown_has_its_limit(self):
        self.converge()
        for ordinal in range(0, 2400, 2):
            self.simulator.do("add", name=f"web-{ordinal + 10}")
        self.estate.machine_set(count=2400)
        out = self.estate.run("plan", "-o", "markdown").out
        self.assertLessEqual(len(out), 65000)
        self.assertTrue(out.startswith("**Plan:** "))
        self.assertRegex(out, r" \|\n\n… and \d+ more: `muster plan` shows all\n$")


if __name__ == "__main__":
    unittest.main()
