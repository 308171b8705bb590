# SPDX-License-Identifier: MIT
"""How muster behaves in a shell: completion, manual pages, progress on a terminal, Ctrl-C, closed pipes, and -q."""

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
import unittest

from harness import BIN_DIR, DEADLINE, MUSTER, TestCase, web

CONTROL_A, CONTROL_C, TAB = b"\x01", b"\x03", b"\t"
ERASE = "\r\x1b[K"


class Terminal:
    """A program on a pseudo terminal of its own, and all that it has written there so far."""

    def __init__(self, test, command, columns=100, **options):
        self.controller, terminal = pty.openpty()
        test.addCleanup(os.close, self.controller)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.before = termios.tcgetattr(terminal)
        self.process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
        test.addCleanup(self._end)
        self.terminal = terminal
        test.addCleanup(os.close, terminal)
        self.said = ""

    def _end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _read(self, seconds):
        if select.select([self.controller], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.said += os.read(self.controller, 65536).decode("utf-8", "replace")
                return True
        return False

    def wait_for(self, pattern):
        """The match of the pattern in what was written."""
        end = time.monotonic() + DEADLINE
        while not (match := re.search(pattern, self.said)):
            if time.monotonic() > end:
                raise AssertionError(f"{pattern} is not in {self.said!r}")
            self._read(0.1)
        return match

    def send(self, data):
        os.write(self.controller, data)

    def finish(self):
        """The exit code, when all that was written is read."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"no end: {self.said!r}")
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def screen(self):
        """The lines that a person sees at the end."""
        lines = [re.sub(r"^.*\r\x1b\[K", "", line) for line in self.said.replace("\r\n", "\n").split("\n")]
        return [re.sub(r"\x1b\[[0-9?;]*[a-zA-Z]", "", line) for line in lines]


def shell_environment(home):
    return {"PATH": f"{os.path.abspath(BIN_DIR)}:{os.environ['PATH']}", "HOME": home, "TERM": "xterm", "PS1": "$ ",
            "LANG": "C.UTF-8", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}


class Completion(TestCase):
    """The scripts in the real shells, on a terminal: TAB, then the line as it is now is printed instead of run."""

    def setUp(self):
        super().setUp()
        self.converge()
        os.mkdir(os.path.join(self.root, "here"))
        with open(os.path.join(self.root, "here", "some-file"), "w", encoding="utf-8"):
            pass

    def environment(self):
        return shell_environment(self.estate.home) | {"MUSTER_STATE": self.estate.state}

    def check(self, shell, prepare):
        for typed, expected in (
            ("muster pla", "muster plan"),
            ("muster plan --detail", "muster plan --detailed-exitcode"),
            ("muster plan -o js", "muster plan -o json"),
            ("muster plan --output=js", "muster plan --output=json"),
            ("muster completion f", "muster completion fish"),
            ("muster validate here/so", "muster validate here/some-file"),
            ("muster plan --state here/so", "muster plan --state here/some-file"),
            ("muster plan --state=here/so", "muster plan --state=here/some-file"),
            (f"muster status -f {self.estate.specs} MachineS", f"muster status -f {self.estate.specs} MachineSet/web"),
            (f"muster accept-loss -f {self.estate.specs} s", f"muster accept-loss -f {self.estate.specs} star"),
            ("muster list web-3", "muster list web-3"),  # out of the ledger: it was made above
            ("muster list we", "muster list web"),
        ):
            with self.subTest(shell=shell[0], typed=typed):
                terminal = Terminal(self, shell, env=self.environment(), cwd=self.root)
                terminal.send(prepare.encode() + b"; echo prepared $((40 + 2))\n")
                terminal.wait_for("prepared 42")
                terminal.send(typed.encode() + TAB + CONTROL_A + b"echo line: \n")
                line = terminal.wait_for(r"[\r\n]line: ([^\r\n]*)[\r\n]")[1]
                self.assertEqual(expected, line.strip())

    def test_bash(self):
        self.check(["bash", "--norc", "--noprofile", "-i"], "source <(muster completion bash)")

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        self.check(["zsh", "-f", "-i"],
                   f"autoload -Uz compinit; compinit -u -d {self.root}/dump; source <(muster completion zsh)")

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        for typed, expected in (
            ("muster pla", ["plan"]),
            ("muster plan --output=j", ["--output=json"]),
            ("muster plan --state=here/so", ["--state=here/some-file"]),
            ("muster plan here/so", ["here/some-file"]),
            ("muster list web-", web(0, 1, 2, 3, 4)),
            (f"muster status -f {self.estate.specs} Mach", ["MachineSet/web"]),
        ):
            with self.subTest(typed=typed):
                result = subprocess.run(
                    ["fish", "--no-config", "-c", f"muster completion fish | source; complete -C '{typed}'"],
                    env=self.environment(), cwd=self.root, capture_output=True, text=True, timeout=DEADLINE, check=True)
                self.assertEqual(expected, [line.split("\t")[0] for line in result.stdout.splitlines()])
                self.assertEqual("", result.stderr)

    def test_silent_and_without_effect(self):
        before = sorted(os.listdir(os.path.dirname(self.estate.state)))
        self.simulator.reset_calls()
        for words in (["status", ""], ["status", "--state", "/no/such", ""], ["adopt", "-f", "/no/such", ""], [],
                      ["x", ""]):
            result = self.estate.run("__complete", *words)
            self.assert_code(0, result)
            self.assertEqual("", result.err)
        self.assertEqual(before, sorted(os.listdir(os.path.dirname(self.estate.state))))
        self.assertEqual(0, self.simulator.calls()["reads"])

    def test_unknown_shell(self):
        result = self.estate.run("completion", "tcsh")
        self.assert_code(64, result)
        self.assertIn("bash, zsh or fish", result.err)


class Manual(TestCase):
    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.root, "man1")
        self.assert_code(0, self.estate.run("help", "--man", self.folder))

    def test_a_page_for_each_command(self):
        listed = self.estate.run("help").out.split("Commands:")[1].split("A first run:")[0]
        commands = re.findall(r"(?m)^  ([a-z-]+) ", listed)
        self.assertEqual({"muster.1"} | {f"muster-{name}.1" for name in commands}, set(os.listdir(self.folder)))

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_groff_has_nothing_to_say(self):
        for name in os.listdir(self.folder):
            with self.subTest(page=name):
                result = subprocess.run(["groff", "-mandoc", "-Tutf8", "-ww", os.path.join(self.folder, name)],
                                        capture_output=True, text=True, timeout=DEADLINE, check=True)
                self.assertEqual("", result.stderr)
                self.assertIn("EXIT STATUS", re.sub("\x1b\\[[0-9;]*m|.\b", "", result.stdout))

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_has_nothing_to_say(self):
        for name in os.listdir(self.folder):
            with self.subTest(page=name):
                result = subprocess.run(["mandoc", "-Tlint", "-Wstyle", name], cwd=self.folder, capture_output=True,
                                        text=True, timeout=DEADLINE, check=False)
                self.assertEqual("", result.stdout + result.stderr)

    def test_a_folder_that_cannot_be_made(self):
        result = self.estate.run("help", "--man", "/no/such/folder")
        self.assert_code(1, result)
        self.assertIn("/no/such/folder", result.err)


class Progress(TestCase):
    simulator_arguments = ["--latency", "300ms"]

    def setUp(self):
        super().setUp()
        self.init()

    def start_simulator(self, *arguments, **options):
        return super().start_simulator(*arguments, ready_delay="2500ms", **options)

    def apply(self, *arguments, columns=100, **environment):
        command = [MUSTER, "apply", *arguments, self.estate.specs]
        return Terminal(self, command, columns=columns, env=self.estate.environment | {"TERM": "xterm"} | environment)

    def test_one_line_is_drawn_anew(self):
        terminal = self.apply("--yes")
        self.assertEqual(0, terminal.finish(), terminal.said)
        drawn = re.findall(r"\x1b\[\?7l(.*?)\x1b\[\?7h", terminal.said)
        told = re.compile(r"\d/5 machines ready, \d in flight, \d+s; MachineSet/web: .*")
        self.assertTrue(any(told.fullmatch(line) for line in drawn), drawn)
        for line in drawn:
            self.assertNotIn("\n", line)
        screen = terminal.screen()
        self.assertFalse([line for line in screen if "in flight" in line], screen)
        created = re.compile(r"  web-\d on star: created as vm-\d+")
        self.assertEqual(5, len([line for line in screen if created.fullmatch(line)]), screen)
        self.assertTrue([line for line in screen if "Converged." in line], screen)

    def test_never_wider_than_the_terminal(self):
        terminal = self.apply("--yes", columns=30)
        self.assertEqual(0, terminal.finish(), terminal.said)
        drawn = re.findall(r"\x1b\[\?7l(.*?)\x1b\[\?7h", terminal.said)
        self.assertTrue(drawn)
        self.assertLess(max(len(line) for line in drawn), 30)

    def test_a_dumb_terminal_gets_plain_lines(self):
        terminal = self.apply("--yes", TERM="dumb")
        self.assertEqual(0, terminal.finish(), terminal.said)
        self.assertNotIn("\x1b", terminal.said)
        self.assertIn("created as", terminal.said)

    def test_colours(self):
        for environment, arguments, colored in (
            ({}, (), True), ({"NO_COLOR": "1"}, (), False), ({"NO_COLOR": ""}, (), True),
            ({"NO_COLOR": "1"}, ("--color", "always"), True), ({}, ("--color", "never"), False),
        ):
            with self.subTest(environment=environment, arguments=arguments):
                terminal = Terminal(self, [MUSTER, "plan", *arguments, self.estate.specs],
                                    env=self.estate.environment | {"TERM": "xterm"} | environment)
                self.assertEqual(0, terminal.finish(), terminal.said)
                self.assertEqual(colored, "\x1b[32m" in terminal.said)

    def test_quiet(self):
        result = self.estate.apply("--quiet")
        self.assert_code(0, result)
        self.assertEqual("", result.err)
        self.assertIn("Converged.", result.out)
        self.estate.machine_set(count="many")
        result = self.estate.apply("-q")
        self.assert_code(1, result)
        self.assertIn("error:", result.err)

    def test_quiet_on_a_terminal(self):
        terminal = self.apply("--yes", "-q", "--color", "never")
        self.assertEqual(0, terminal.finish(), terminal.said)
        self.assertNotIn("\x1b", terminal.said)
        self.assertNotIn("created as", terminal.said)


class Interrupted(TestCase):
    simulator_arguments = ["--latency", "2s"]

    def setUp(self):
        super().setUp()
        self.init()

    def apply(self, *arguments):
        return self.start("apply", *arguments)

    def start(self, *arguments):
        return Terminal(self, [MUSTER, *arguments, self.estate.specs], env=self.estate.environment | {"TERM": "xterm"})

    def check_restored(self, terminal):
        self.assertEqual(terminal.before, termios.tcgetattr(terminal.terminal))
        self.assertEqual(terminal.said.count("\x1b[?7l"), terminal.said.count("\x1b[?7h"))
        self.assertFalse([line for line in terminal.screen() if "in flight," in line], terminal.screen())

    def test_once_waits_for_what_is_in_flight(self):
        terminal = self.apply("--yes")
        terminal.wait_for("5 in flight")
        terminal.send(CONTROL_C)
        self.assertEqual(3, terminal.finish(), terminal.said)
        screen = terminal.screen()
        self.assertEqual(1, len([line for line in screen if "a second Ctrl-C ends at once" in line]), screen)
        self.assertTrue([line for line in screen if "Stopped; not converged:" in line], screen)
        self.check_restored(terminal)
        self.assert_names(web(0, 1, 2, 3, 4))
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_twice_ends_at_once(self):
        self.simulator.fault("create=hang")
        terminal = self.apply("--yes")
        terminal.wait_for("5 in flight")
        terminal.send(CONTROL_C)
        terminal.wait_for("a second Ctrl-C")
        started = time.monotonic()
        terminal.send(CONTROL_C)
        self.assertEqual(3, terminal.finish(), terminal.said)
        self.assertLess(time.monotonic() - started, 15)  # the first one alone would wait 20 s
        self.check_restored(terminal)

    def test_at_the_question(self):
        terminal = self.apply()
        terminal.wait_for(r"\[y/N\] $")
        terminal.send(CONTROL_C)
        self.assertNotEqual(0, terminal.finish(), terminal.said)
        self.assertIn("stopped; nothing was changed", terminal.screen()[-2])
        self.check_restored(terminal)
        self.assert_no_act()

    def test_while_it_reads(self):
        for command in ("plan", "apply"):
            with self.subTest(command=command):
                terminal = self.start(command)
                terminal.wait_for("reading star; 1 request sent")
                terminal.send(CONTROL_C)
                self.assertNotEqual(0, terminal.finish(), terminal.said)
                self.assertEqual(terminal.before, termios.tcgetattr(terminal.terminal))


class Validate(TestCase):
    def test_github(self):
        self.assertEqual("", self.estate.run("validate", "-o", "github").out)
        self.estate.machine_set("odd,1:2%", count="many")
        result = self.estate.run("validate", "-o", "github")
        self.assert_code(1, result)
        self.assertEqual("", result.err)
        for line in result.out.splitlines():
            self.assertRegex(line, r"^::error file=[^,:]*machineset-odd%2C1%3A2%25\.yaml,line=\d+,col=\d+::[^:].*$")
        self.assertIn("odd,1:2%25", result.out)  # the message keeps what only a property may not have


class Pipes(TestCase):
    def closed_reader(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        return writer

    def test_a_reader_that_left_is_no_error(self):
        self.converge()
        for arguments in (["plan"], ["plan", "-o", "json"], ["list"], ["status"], ["help"], ["version"], ["validate"]):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments, stdout=self.closed_reader())
                self.assert_code(0, result)
                self.assertEqual("", result.err)

    def test_apply_goes_on_without_readers(self):
        self.init()
        self.assert_code(0, self.estate.run("apply", "--yes", stdout=self.closed_reader(), stderr=self.closed_reader()))
        self.assert_converged(web(0, 1, 2, 3, 4))

    def test_closed_descriptors(self):
        self.init()
        command = 'exec "$@" <&- >&- 2>&-'
        result = subprocess.run(["sh", "-c", command, "sh", MUSTER, "apply", "--yes", self.estate.specs],
                                env=self.estate.environment, timeout=DEADLINE, check=False)
        self.assertEqual(0, result.returncode)
        self.assert_converged(web(0, 1, 2, 3, 4))


class Words(TestCase):
    def test_near_commands_and_options(self):
        for arguments, words in (
            (["plna"], "there is no command 'plna' (did you mean 'plan'?); try 'muster help'"),
            (["help", "aply"], "there is no command 'aply' (did you mean 'apply'?); try 'muster help'"),
            (["plan", "--ouput", "json"],
             "there is no option '--ouput' (did you mean '--output'?); try 'muster help plan'"),
            (["plan", "--observe"], "'plan' does not take the option '--observe' (agent does); try 'muster help plan'"),
            (["plan", "-o", "ansible"], "'plan' has no output format 'ansible': write text (default)"),
            (["plan", "--version"], "'--version' stands alone"),
        ):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments)
                self.assert_code(64, result)
                self.assertIn(words, result.err)

    def test_escaped_once(self):
        self.init()
        for arguments in (["plan", "--no-such\x1b[31m"], ["plan", "/no-such\x1b[31m"], ["validate", "/no-such\x1b[31m"],
                          ["list", "no-such\x1b[31m"], ["\x1b[31m"]):
            with self.subTest(arguments=arguments):
                result = self.estate.run(*arguments)
                self.assertNotEqual(0, result.code)
                self.assertIn("\\x1b[31m", result.err)
                self.assertNotIn("\\\\", result.err)

    def test_the_same_work_gives_the_same_text(self):
        self.converge()
        self.estate.machine_set(count=7, cpu=8)
        first = self.estate.run("plan", "--color", "always")
        self.assertEqual(first.out, self.estate.run("plan", "--color", "always").out)
        self.assertEqual(self.estate.run("list").out, self.estate.run("list").out)


if __name__ == "__main__":
    unittest.main()
