# SPDX-License-Identifier: MIT
"""Runs the real programs over real sockets: a simulated vendor, a folder of specs, and a private ledger.

Every wait has a condition and a deadline; a test that would wait for a time alone says why.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

BIN_DIR = os.environ.get("MUSTER_BIN_DIR") or os.path.join(os.path.dirname(__file__), "../../build/sanitize")
MUSTER = os.path.join(BIN_DIR, "muster")
MUSTER_SIM = os.path.join(BIN_DIR, "muster-sim")

TOKEN = "canary-7f3a90c1d2"
DEADLINE = 60  # seconds; for anything that ought to happen

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until(condition, what, deadline=DEADLINE):
    """Returns the first true value of condition()."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline} s")
        time.sleep(0.02)


def end_process(process):
    if process.poll() is None:
        process.kill()
    process.wait()


class Simulator:
    """muster-sim as a process. Its console is do(): what a person does behind muster's back."""

    def __init__(self, *arguments, token=TOKEN, ready_delay="100ms", vendor="starvcenter"):
        command = [MUSTER_SIM, vendor, "--ready-delay", ready_delay, *arguments]
        if token:
            command += ["--token", token]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            self.url = re.fullmatch(r"listening on (http://\S+)\n", self.process.stdout.readline())[1]
            self.endpoint = re.fullmatch(r"endpoint: (http://\S+)\n", self.process.stdout.readline())[1]
        except BaseException:
            self.end()
            raise

    def end(self):
        end_process(self.process)
        self.process.stdout.close()

    def _ask(self, path, body=None):
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data=body)
        with _direct.open(request, timeout=DEADLINE) as reply:
            return json.load(reply)

    def state(self, kind):
        """All things of a kind that there are, as "machines" or "groups"."""
        return self._ask("state")[kind]

    def machines(self):
        return self.state("machines")

    def names(self):
        return sorted((machine["name"] for machine in self.machines()), key=natural)

    def named(self, name):
        """The one machine of that name."""
        found = [machine for machine in self.machines() if machine["name"] == name]
        assert len(found) == 1, f"{len(found)} machines are named {name}"
        return found[0]

    def calls(self):
        return self._ask("calls")

    def acting(self):
        """(class, what it was about) of each call that acts since the last reset."""
        return [(entry["class"], entry["subject"]) for entry in self._ask("log")]

    def reset_calls(self):
        self._ask("calls/reset", b"{}")

    def do(self, verb, **arguments):
        self._ask(verb, json.dumps(arguments).encode())

    def fault(self, rule):
        self.do("fault", rule=rule)

    def clear_faults(self):
        self._ask("faults/clear", b"{}")


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def web(*ordinals):
    return [f"web-{ordinal}" for ordinal in ordinals]


class Result:
    """How a run of muster ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit code {self.code}\n--- standard output\n{self.out}\n--- standard error\n{self.err}"


class Estate:
    """A folder of specs and a ledger, and muster run on them. Without an endpoint there are no specs yet."""

    def __init__(self, root, endpoint=None):
        self.root = root
        self.specs = os.path.join(root, "specs")
        self.state = os.path.join(root, "state", "muster.db")
        self.home = os.path.join(root, "home")
        os.mkdir(self.specs)
        os.mkdir(os.path.dirname(self.state), 0o700)
        os.mkdir(self.home)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.home, "LANG": "C.UTF-8", "MUSTER_STATE": self.state, "STAR_TOKEN": TOKEN,
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.documents = {}
        if endpoint:
            self.provider(endpoint=endpoint)
            self.machine_set()

    def provider(self, name="star", **spec):
        """Writes the Provider, or changes it. A field of None goes."""
        usual = {"type": "starvcenter", "auth": {"tokenEnv": "STAR_TOKEN"}, "confirm": "1s", "settle": "1s"}
        self._write("Provider", name, usual, spec)

    def machine_set(self, name="web", **spec):
        usual = {"provider": "star", "count": 5, "template": "tmpl-7", "cpu": 4, "memory": "8GiB", "network": "pg-12"}
        self._write("MachineSet", name, usual, spec)

    def write(self, kind, name, **spec):
        """Any other resource, or one of another vendor."""
        self._write(kind, name, {}, spec)

    def policy(self, name="default", **spec):
        self._write("Policy", name, {}, spec)

    def remove(self, kind, name):
        del self.documents[kind, name]
        os.unlink(self._path(kind, name))

    def _path(self, kind, name):
        return os.path.join(self.specs, f"{kind.lower()}-{name}.yaml")

    def _write(self, kind, name, usual, spec):
        merged = self.documents.get((kind, name), usual) | spec
        merged = {key: value for key, value in merged.items() if value is not None}
        self.documents[kind, name] = merged
        document = {"apiVersion": "muster/v1", "kind": kind, "metadata": {"name": name}, "spec": merged}
        path = self._path(kind, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)  # JSON is YAML
        os.rename(path + ".new", path)

    def start(self, *arguments, **options):
        """muster as a process; the caller ends it."""
        command = [MUSTER, *arguments]
        if arguments and arguments[0] in ("init", "validate", "plan", "apply", "agent"):
            command.append(self.specs)
        elif arguments and arguments[0] in ("adopt", "forget", "accept-loss", "retry", "pause", "resume", "explain", "export"):
            command += ["-f", self.specs]
        usual = {
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
            "env": self.environment, "cwd": self.root,
        }
        return subprocess.Popen(command, **(usual | options))

    def run(self, *arguments, deadline=DEADLINE, **options):
        process = self.start(*arguments, **options)
        return finish(process, deadline)

    def apply(self, *arguments, **options):
        """Out of time before the test is, so that muster itself says what it waits for."""
        return self.run("apply", "--yes", "--timeout", f"{DEADLINE - 15}s", *arguments, **options)

    def status(self, resource="MachineSet/web"):
        """What status says of one resource; None: nothing."""
        result = self.run("status", "-o", "json")
        assert result.code == 0, result
        rows = [row for row in result.json()["resources"] if row["name"] == resource]
        return rows[0] if rows else None

    def owned(self):
        """name -> vendor's id of every machine in the ledger."""
        result = self.run("list", "-o", "json")
        assert result.code == 0, result
        return {machine["name"]: machine["id"] for machine in result.json()["machines"]}


def finish(process, deadline=DEADLINE):
    """Waits for a muster to end, and tells how it ended."""
    try:
        out, err = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"no end within {deadline} s: {Result(None, _text(out), _text(err))}") from None
    result = Result(process.returncode, _text(out), _text(err))
    if "Sanitizer" in result.err or "runtime error:" in result.err:
        raise AssertionError(f"a sanitizer stopped it: {result}")
    return result


def _text(data):
    return (data or b"").decode("utf-8", "replace")


class Agent:
    """`muster agent` as a process, with its log in a file, and what it tells the service manager."""

    def __init__(self, estate, *arguments, watchdog=None):
        self.notify_path = os.path.join(estate.root, "notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.notify_path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        self.notify.setblocking(False)
        self.told = []
        environment = estate.environment | {"NOTIFY_SOCKET": self.notify_path}
        if watchdog:
            environment["WATCHDOG_USEC"] = str(watchdog)
        self.log_path = os.path.join(estate.root, "agent.log")
        with open(self.log_path, "wb") as log:
            self.process = estate.start("agent", *arguments, env=environment, stdout=log, stderr=log)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def messages(self):
        """All that the service manager was told so far, line by line."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told += self.notify.recv(65536).decode().splitlines()
        return self.told

    def wait_for(self, message, deadline=DEADLINE):
        wait_until(lambda: self._alive() and message in self.messages(), f"the agent tells {message}", deadline)

    def _alive(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the agent ended with {self.process.returncode}:\n{self.log()}")
        return True

    def stop(self, deadline=DEADLINE):
        """A clean stop; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(deadline)
        if "Sanitizer" in self.log() or "runtime error:" in self.log():
            raise AssertionError(f"a sanitizer stopped the agent:\n{self.log()}")
        return code

    def end(self):
        end_process(self.process)
        self.notify.close()


class TestCase(unittest.TestCase):
    """A simulator of its own and an estate of 5 machines `web`, without a ledger yet."""

    simulator_arguments = []

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="muster-e2e-")
        self.addCleanup(shutil.rmtree, self.root)
        self.simulator = self.start_simulator(*self.simulator_arguments)
        self.estate = Estate(self.root, self.simulator.endpoint)

    def start_simulator(self, *arguments, **options):
        simulator = Simulator(*arguments, **options)
        self.addCleanup(simulator.end)
        return simulator

    def start_agent(self, *arguments, **options):
        agent = Agent(self.estate, *arguments, **options)
        self.addCleanup(agent.end)
        return agent

    def start_muster(self, *arguments, **options):
        process = self.estate.start(*arguments, **options)

        def end():
            end_process(process)
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()

        self.addCleanup(end)
        return process

    def init(self):
        self.assert_code(0, self.estate.run("init", "--yes"))

    def converge(self, *arguments):
        """Makes the ledger where there is none, applies, and forgets the calls that it took."""
        if not os.path.exists(self.estate.state):
            self.init()
        result = self.estate.apply(*arguments)
        self.assert_code(0, result)
        self.simulator.reset_calls()
        return result

    def plan(self, *arguments):
        """The plan as JSON."""
        result = self.estate.run("plan", "-o", "json", *arguments)
        self.assert_code(0, result)
        return result.json()

    def assert_code(self, code, result):
        self.assertEqual(code, result.code, result)

    def assert_names(self, names):
        self.assertEqual(sorted(names, key=natural), self.simulator.names())

    def assert_no_act(self):
        self.assertEqual([], self.simulator.acting())

    def assert_converged(self, names=None):
        """Another apply finds nothing to do, every machine is ours and runs, and nobody else's was made."""
        self.simulator.reset_calls()
        self.assert_code(0, self.estate.apply())
        self.assert_no_act()
        if names is None:
            return
        self.assert_names(names)
        self.assertEqual({machine["name"]: machine["id"] for machine in self.simulator.machines()}, self.estate.owned())
        self.assertEqual([], [machine for machine in self.simulator.machines() if machine["state"] != 1])

    def only_action(self, plan=None):
        actions = (plan or self.plan())["actions"]
        self.assertEqual(1, len(actions), actions)
        return actions[0]
