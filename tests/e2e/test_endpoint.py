# SPDX-License-Identifier: MIT
"""The agent's endpoint: what it shows and to whom, what clients cannot do to it, and plans with its snapshots."""

import base64
import contextlib
import http.client
import http.server
import json
import os
import re
import resource
import socket
import stat
import threading
import time
import unittest

from harness import TOKEN, Estate, TestCase, end_process, wait_until, web

BEARER = "canary-bearer-51d0"
PAGES = ["/healthz", "/readyz", "/v1/status", "/v1/snapshot", "/metrics"]
OPEN_PAGES = ["/healthz", "/readyz"]

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def parse_metrics(text):
    """(name, labels as they stand) -> value; fails on what Prometheus would refuse, and on a family without its head."""
    assert text.endswith("\n"), "no newline at the end"
    families, samples, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = re.fullmatch(rf"# HELP ({NAME}) \S.*", line)[1]
            assert current not in families, f"{current} comes twice"
            families[current] = None
        elif line.startswith("# TYPE "):
            name, kind = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line).groups()
            assert name == current and families[name] is None, line
            assert (kind == "counter") == name.endswith("_total"), line
            families[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line!r}"
            assert match[1] == current and families[current], f"{line} is not below its head"
            assert (match[1], match[2]) not in samples, f"{line} comes twice"
            assert families[current] == "gauge" or float(match[3]) >= 0, line
            samples[match[1], match[2]] = float(match[3])
    return samples


class Reply:
    def __init__(self, reply):
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:500]!r}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(address, path, method="GET", body=None, token=None, **headers):
    """`address` is (host, port), or the path of a socket."""
    connection = UnixConnection(address) if isinstance(address, str) else http.client.HTTPConnection(*address, timeout=30)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with contextlib.closing(connection):
        connection.request(method, path, body=body, headers=headers)
        return Reply(connection.getresponse())


class EndpointCase(TestCase):
    def setUp(self):
        super().setUp()
        self.init()

    def start(self, *arguments, listen="127.0.0.1:0", interval="1s", token=None):
        if token:
            self.estate.environment["MUSTER_SNAPSHOT_TOKEN"] = token
        agent = self.start_agent("--interval", interval, "--listen", listen, *arguments)
        self.estate.environment.pop("MUSTER_SNAPSHOT_TOKEN", None)
        agent.wait_for("READY=1")
        where = re.search(r"listening on (\S+)\n", agent.log())[1]
        if where.startswith("http://"):
            host, port = where[len("http://"):].rsplit(":", 1)
            self.url, self.address = where + "/v1/snapshot", (host, int(port))
        else:
            self.url, self.address = where, where[len("unix:"):]
        return agent

    def converge_agent(self, *arguments, **options):
        agent = self.start(*arguments, **options)
        wait_until(lambda: (self.estate.status() or {}).get("phase") == "converged", "the agent converged")
        return agent

    def get(self, path, status=200, **options):
        reply = ask(self.address, path, **options)
        self.assertEqual(status, reply.status, reply)
        return reply

    def plan_with(self, where, *arguments, code=0, token=None):
        """Plans far from the ledger and every other secret."""
        environment = {key: value for key, value in self.estate.environment.items() if key != "STAR_TOKEN"}
        environment["MUSTER_STATE"] = os.path.join(self.root, "elsewhere", "muster.db")
        if token is not None:
            environment["MUSTER_SNAPSHOT_TOKEN"] = token
        result = self.estate.run("plan", "--snapshot", where, *arguments, env=environment)
        self.assert_code(code, result)
        return result

    def assert_failure(self, where, words, **options):
        """One clear sentence."""
        result = self.plan_with(where, code=1, **options)
        self.assertEqual("", result.out)
        self.assertEqual(1, result.err.count("muster: error: "), result)
        self.assertIn(words, result.err)
        return result


class Pages(EndpointCase):
    def test_what_is_shown(self):
        agent = self.converge_agent()
        self.assertEqual(b"ok\n", self.get("/healthz").body)
        self.assertEqual(b"ready\n", self.get("/readyz?verbose").body)
        status = self.get("/v1/status")
        self.assertEqual(self.estate.run("status", "-o", "json").out.encode(), status.body)
        self.assertEqual("application/json", status.headers["Content-Type"])
        self.assertEqual("no-store", status.headers["Cache-Control"])
        snapshot = json.loads(self.get("/v1/snapshot").body)
        self.assertEqual("muster.snapshot/v1", snapshot["format"])
        self.assertEqual(5, len(snapshot["accounts"]["star"]["machines"]))
        self.assertEqual(0, agent.stop())
        with self.assertRaises(ConnectionRefusedError):
            ask(self.address, "/healthz")

    def test_metrics(self):
        self.converge_agent()
        self.simulator.do("delete", name="web-1")
        wait_until(lambda: "web-1" in self.simulator.names(), "the agent repaired it")
        wait_until(lambda: 6 == self.samples().get(
            ("muster_calls_total", 'provider="star",action="create",outcome="done"')), "the call is counted")
        samples = self.samples()
        wait_until(lambda: self.samples()["muster_open_calls", 'provider="star"'] == 0, "every call is settled")
        of_web = 'resource="MachineSet/web",provider="star"'
        self.assertEqual(5, samples["muster_resource_desired", of_web])
        self.assertEqual(1, samples["muster_provider_readable", 'provider="star"'])
        self.assertEqual(0, samples["muster_parked", 'provider="star"'])
        self.assertEqual(1, samples["muster_ready", None])
        self.assertAlmostEqual(
            time.time(), samples["muster_provider_last_complete_look_timestamp_seconds", 'provider="star"'], delta=10)
        self.assertLess(samples["muster_provider_last_pass_duration_seconds", 'provider="star"'], 60)
        self.assertTrue([name for name, _ in samples if name == "muster_build_info"])
        self.assertEqual(1, sum(value for (name, _), value in samples.items() if name == "muster_resources"))
        self.assertLess(5, samples["muster_requests_total", 'provider="star",type="act"'])

    def samples(self):
        reply = self.get("/metrics")
        self.assertEqual("text/plain; version=0.0.4; charset=utf-8", reply.headers["Content-Type"])
        return parse_metrics(reply.body.decode())

    def test_a_pause_and_a_parked_machine_are_shown(self):
        self.converge_agent()
        self.assert_code(0, self.estate.run("pause", "MachineSet/web", "--reason", 'a "quoted" \\ reason'))
        wait_until(lambda: self.samples()["muster_resources", 'phase="paused"'] == 1, "it is paused")
        self.assertEqual(self.estate.run("status", "-o", "json").out.encode(), self.get("/v1/status").body)

    def test_what_is_not_there(self):
        self.start()
        for path in ("/", "/healthz/", "/v1", "/v1/snapshots", "/V1/status", "//healthz", "/%68ealthz", "/v1/../metrics"):
            self.get(path, status=404)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            for path in PAGES:
                self.assertEqual("GET, HEAD", self.get(path, status=405, method=method).headers["Allow"])

    def test_heads(self):
        self.converge_agent("--observe")
        for path in PAGES:
            whole, head = self.get(path), self.get(path, method="HEAD")
            self.assertEqual(b"", head.body)
            if path != "/metrics":
                self.assertEqual(whole.headers["Content-Length"], head.headers["Content-Length"], path)
            self.assertEqual(whole.headers["Content-Type"], head.headers["Content-Type"])

    def converge_agent(self, *arguments, **options):
        if "--observe" in arguments:
            self.converge()
        return super().converge_agent(*arguments, **options)

    def test_not_ready_before_every_provider_was_looked_at(self):
        self.converge()
        self.simulator.fault("list=delay=8s")
        self.start()
        reply = self.get("/readyz", status=503)
        self.assertEqual(b"Provider/star has not been looked at\n", reply.body)
        self.get("/healthz")
        self.assertEqual({}, json.loads(self.get("/v1/snapshot").body)["accounts"])
        self.assertIn("the snapshot does not hold it", self.plan_with(self.url, code=1).out)
        self.assertEqual(0, self.samples()["muster_ready", None])
        wait_until(lambda: ask(self.address, "/readyz").status == 200, "the provider was looked at")

    def test_a_provider_that_cannot_be_read(self):
        self.converge_agent("--observe")
        self.simulator.fault("list=500")
        wait_until(lambda: self.samples()["muster_provider_readable", 'provider="star"'] == 0, "it cannot be read")
        self.get("/readyz")
        self.assertIn("it could not be read when the snapshot was taken", self.plan_with(self.url, code=1).out)

    def test_while_the_ledger_cannot_be_written(self):
        agent = self.converge_agent()
        limit = resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
        self.simulator.do("delete", name="web-3")
        wait_until(lambda: ask(self.address, "/readyz").status == 503, "the agent is not ready")
        resource.prlimit(agent.process.pid, resource.RLIMIT_FSIZE, limit)
        self.assertEqual(b"the ledger is not open\n", ask(self.address, "/readyz").body)
        for path in ("/v1/status", "/v1/snapshot"):
            reply = self.get(path, status=503)
            self.assertEqual("5", reply.headers["Retry-After"])
        self.assertEqual(0, self.samples()["muster_ready", None])
        self.get("/healthz")
        self.assert_failure(self.url, "answers with 503: the ledger is not open")
        wait_until(lambda: ask(self.address, "/readyz").status == 200, "the ledger is open again")
        wait_until(lambda: "web-3" in self.simulator.names(), "the agent repaired it")
        self.get("/v1/snapshot")


class Places(EndpointCase):
    def test_from_the_environment(self):
        self.estate.environment["MUSTER_LISTEN"] = "127.0.0.1:0"
        agent = self.start_agent()
        agent.wait_for("READY=1")
        self.assertRegex(agent.log(), r"listening on http://127\.0\.0\.1:[1-9][0-9]*\n")

    def test_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("a machine without IPv6")
        agent = self.start_agent("--listen", "[::1]:0")
        agent.wait_for("READY=1")
        where = re.search(r"listening on (http://\[::1\]:\d+)\n", agent.log())[1]
        wait_until(lambda: self.estate.status(), "the agent works")
        self.plan_with(where + "/v1/snapshot", token="x")

    def test_wrong_addresses(self):
        for address in ("", "9469", ":9469", "localhost:9469", "127.0.0.1", "127.0.0.1:65536", "unix:", "unix:" + "x" * 200):
            result = self.estate.run("agent", "--listen", address)
            self.assert_code(64, result)
        self.assert_code(64, self.estate.run("plan", "--listen", "127.0.0.1:0"))

    def test_a_port_that_is_taken(self):
        self.start()
        other = self.other_estate()
        result = other.run("agent", "--listen", "%s:%d" % self.address)
        self.assert_code(1, result)
        self.assertIn("Address already in use", result.err)

    def other_estate(self):
        root = os.path.join(self.root, "other")
        os.mkdir(root)
        estate = Estate(root, self.simulator.endpoint)
        self.assert_code(0, estate.run("init", "--yes"))
        return estate

    def test_an_address_of_others_wants_a_token(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            result = self.estate.run("agent", "--listen", address)
            self.assert_code(1, result)
            self.assertIn(f"{address} can be reached from other machines: set MUSTER_SNAPSHOT_TOKEN", result.err)
        for token in ("", "with blank", "with\nline", "\u00e4"):
            self.estate.environment["MUSTER_SNAPSHOT_TOKEN"] = token
            for address in ("0.0.0.0:0", "127.0.0.1:0"):
                result = self.estate.run("agent", "--listen", address)
                self.assert_code(1, result)
                self.assertIn("MUSTER_SNAPSHOT_TOKEN", result.err)
                self.assertFalse(token and token in result.err)
        self.start(listen="0.0.0.0:0", token=BEARER)
        self.get("/metrics", status=401)
        self.get("/metrics", token=BEARER)

    def test_a_socket(self):
        path = os.path.join(self.root, "agent.sock")
        agent = self.converge_agent(listen="unix:" + path)
        state = os.lstat(path)
        self.assertTrue(stat.S_ISSOCK(state.st_mode))
        self.assertEqual(0o600, stat.S_IMODE(state.st_mode))
        self.assertEqual(b"ok\n", self.get("/healthz").body)
        self.assertIn("No changes", self.plan_with("unix:" + path).out)

        other = self.other_estate()
        result = other.run("agent", "--listen", "unix:" + path)
        self.assert_code(1, result)
        self.assertIn(f"another process listens on {path}", result.err)
        result = self.estate.run("agent", "--listen", "unix:" + path)  # the ledger is held: not even looked at
        self.assert_code(1, result)
        self.get("/healthz")

        end_process(agent.process)  # kill -9
        self.assertTrue(os.path.exists(path))
        self.assert_failure("unix:" + path, f"connection refused by {path}")
        agent = self.start(listen="unix:" + path)
        self.get("/healthz")
        self.assertEqual(0, agent.stop())
        self.assertFalse(os.path.exists(path))

    def test_what_is_no_socket_is_left_alone(self):
        path = os.path.join(self.root, "precious")
        with open(path, "w", encoding="utf-8") as file:
            file.write("precious")
        for place, words in ((path, "is no socket"), (self.root, "is no socket"), (path + "/x", "cannot be reached")):
            result = self.estate.run("agent", "--listen", "unix:" + place)
            self.assert_code(1, result)
            self.assertIn(words, result.err)
        with open(path, encoding="utf-8") as file:
            self.assertEqual("precious", file.read())


class Secrets(EndpointCase):
    def test_the_token_is_required(self):
        self.converge_agent(token=BEARER)
        for path in OPEN_PAGES:
            self.get(path)
            self.get(path, token="wrong")
        for path in [*PAGES, "/elsewhere"]:
            if path in OPEN_PAGES:
                continue
            for headers in ({}, {"token": "wrong"}, {"token": BEARER[:-1]}, {"token": BEARER + "x"}, {"token": BEARER * 2},
                            {"Authorization": BEARER}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "},
                            {"Authorization": "Basic " + base64.b64encode(BEARER.encode()).decode()}):
                reply = self.get(path, status=401, **headers)
                self.assertEqual('Bearer realm="muster"', reply.headers["WWW-Authenticate"])
            self.get(f"{path}?token={BEARER}", status=401)
        for path in PAGES:
            self.get(path, token=BEARER)
        self.get("/metrics", Authorization="bearer  " + BEARER)
        self.get("/elsewhere", status=404, token=BEARER)

        self.assert_failure(self.url, "MUSTER_SNAPSHOT_TOKEN is not set")
        self.assert_failure(self.url, "the one in MUSTER_SNAPSHOT_TOKEN is not it", token="wrong")
        self.assert_failure(self.url, "MUSTER_SNAPSHOT_TOKEN is set and empty", token="")
        self.plan_with(self.url, token=BEARER)

    def test_canaries(self):
        agent = self.converge_agent("--log-level", "debug", token=BEARER)
        self.get("/v1/status", status=401, token="wrong")
        said = b"".join(self.get(path, token=BEARER).body for path in PAGES)
        for arguments in ([], ["-o", "json"], ["-o", "markdown"]):
            result = self.plan_with(self.url, "--log-level", "debug", *arguments, token=BEARER)
            said += (result.out + result.err).encode()
        for where in (self.url + "x", "http://127.0.0.1:1/v1/snapshot", "http://0.0.0.0:%d/v1/status" % self.address[1]):
            said += self.plan_with(where, "--log-level", "debug", code=1, token=BEARER).err.encode()
        with open(f"/proc/{agent.process.pid}/cmdline", "rb") as file:
            said += file.read()
        self.assertEqual(0, agent.stop())
        for parent, _, names in os.walk(self.root):
            for name in names:
                if name == "notify":
                    continue
                with open(os.path.join(parent, name), "rb") as file:
                    said += file.read()
        self.assertIn(b"MachineSet/web", said)
        for token in (TOKEN, BEARER):
            for form in (token.encode(), base64.b64encode(token.encode()).rstrip(b"="), token.encode().hex().encode()):
                self.assertNotIn(form, said)

    def test_an_unencrypted_token_is_warned_of(self):
        self.converge_agent(token=BEARER)
        warning = "goes over the network unencrypted"
        self.assertNotIn(warning, self.plan_with(self.url, token=BEARER).err)
        self.assertIn(warning, self.plan_with(self.url.replace("127.0.0.1", "0.0.0.0"), token=BEARER).err)


class Clients(EndpointCase):
    """None of them stops the agent, or keeps others out for long."""

    def raw(self, data):
        connection = socket.create_connection(self.address, timeout=30)
        self.addCleanup(connection.close)
        with contextlib.suppress(OSError):
            connection.sendall(data)
        return connection

    def read_all(self, connection):
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                data += piece
        return data

    def test_wrong_requests(self):
        self.start()
        head = b"GET /v1/status HTTP/1.1\r\nHost: a\r\n"
        for data in (b"\r\n\r\n", b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"\x00" * 5000 + b"\r\n\r\n",
                     b"GET /" + b"x" * 200000 + b" HTTP/1.1\r\n\r\n", head + b"X: " + b"x" * 200000 + b"\r\n\r\n",
                     head + b"X: y\r\n" * 50000 + b"\r\n", head + b"Content-Length: 100000\r\n\r\n",
                     head + b"Content-Length: -1\r\n\r\n", head + b"Content-Length: 18446744073709551617\r\n\r\n",
                     head + b"Transfer-Encoding: chunked\r\n\r\n" + b"fff\r\n" + b"x" * 0xfff + b"\r\n" + b"fff\r\n" + b"x" * 0xfff):
            connection = self.raw(data)
            with contextlib.suppress(OSError):  # the server may have hung up already
                connection.shutdown(socket.SHUT_WR)
            answer = self.read_all(connection)
            self.assertRegex(answer[:13] or b"HTTP/1.1 4", rb"^HTTP/1\.[01] (4|501)", data[:60])
        self.get("/healthz")

    def test_a_body_is_not_needed_and_does_no_harm(self):
        self.start()
        self.get("/healthz", body=b"x" * 100)
        self.get("/healthz", status=413, body=b"x" * 5000)

    def test_one_request_for_each_connection(self):
        self.start()
        answer = self.read_all(self.raw(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 3))
        self.assertEqual(1, answer.count(b"HTTP/1.1 200"))

    def test_many_that_say_nothing(self):
        agent = self.converge_agent()
        idle = [self.raw(b"GET /v1/snapshot HTTP/1.1\r\nHost: a\r\nX-") for _ in range(80)]
        self.simulator.do("delete", name="web-2")
        wait_until(lambda: "web-2" in self.simulator.names(), "the agent repairs meanwhile", deadline=15)
        wait_until(lambda: self.answers(), "they are shown out", deadline=30)
        for connection in idle:
            connection.close()
        self.assertEqual(0, agent.stop())

    def answers(self):
        try:
            return ask(self.address, "/healthz").status == 200
        except OSError:
            return False

    def test_a_stop_waits_for_no_client(self):
        agent = self.start()
        self.raw(b"GET /healthz HT")
        began = time.monotonic()
        self.assertEqual(0, agent.stop())
        self.assertLess(time.monotonic() - began, 10)


class Snapshots(EndpointCase):
    def test_the_same_plan_without_a_look(self):
        self.converge()
        self.simulator.do("add", name="other", count=3)
        self.simulator.do("stop", name="web-1")
        self.simulator.do("rename", name="web-3", to="mine")
        self.estate.machine_set(count=7, cpu=8, protect=["web-4"])
        self.estate.machine_set("db", count=2)
        self.assertTrue(self.assert_same_plan()["actions"])

    def test_the_same_plan_with_a_create_of_unknown_outcome(self):
        self.simulator.fault("create:2=drop-reply")
        self.estate.provider(settle="1h")
        self.assert_code(3, self.estate.apply("--timeout", "2s"))
        self.simulator.clear_faults()
        self.assert_same_plan()

    def test_the_same_plan_with_a_loss(self):
        self.converge()
        for name in web(0, 1, 2, 3, 4):
            self.simulator.do("delete", name=name)
        self.assertEqual(1, self.assert_same_plan()["summary"]["unknown"])

    def plan_without_reads(self):
        """None: somebody read, the agent perhaps; a plan that did would do so each time."""
        self.simulator.reset_calls()
        plan = self.plan_with(self.url, "-o", "json").json()
        return plan if self.simulator.calls()["reads"] == 0 else None

    def assert_same_plan(self):
        self.start("--observe", interval="1h")
        wait_until(lambda: ask(self.address, "/readyz").status == 200, "the agent looked")
        live = self.estate.run("plan", "-o", "json").json()
        shown = wait_until(self.plan_without_reads, "a plan in a moment in which the agent does not look, either")
        for plan in (live, shown):
            for requests in plan["requests"].values():
                requests["read"] = None
        self.assertEqual(live, shown)
        return live

    def test_its_age_is_that_of_the_look(self):
        self.converge()
        self.start("--observe", interval="1h")
        wait_until(lambda: ask(self.address, "/readyz").status == 200, "the agent looked")
        first = json.loads(self.get("/v1/snapshot").body)["at"]
        time.sleep(2)  # the test is of time that passes
        self.assertEqual(first, json.loads(self.get("/v1/snapshot").body)["at"])
        self.assertRegex(self.plan_with(self.url).err, r"a snapshot of \S+Z, [0-9]+s ago")

    def test_new_specs_are_shown_when_they_are_followed(self):
        self.converge_agent(interval="1h")
        self.estate.machine_set(count=6)
        self.assertIn("1 to create", self.plan_with(self.url).out)
        wait_until(lambda: len(json.loads(self.get("/v1/snapshot").body)["accounts"]["star"]["machines"]) == 6,
                   "the new machine is seen")
        wait_until(lambda: "No changes" in self.plan_with(self.url).out, "nothing is left to do")

    def test_a_provider_elsewhere_is_not_what_was_seen(self):
        self.converge_agent("--observe", interval="1h")
        listener = socket.create_server(("127.0.0.1", 0))  # answers nothing
        self.addCleanup(listener.close)
        self.estate.provider(endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}/starvcenter/services/cloudresource")
        wait_until(lambda: json.loads(self.get("/v1/snapshot").body)["accounts"] == {}, "nothing is known of the new one")
        self.get("/readyz", status=503)

    def converge_agent(self, *arguments, **options):
        self.converge()
        return super().converge_agent(*arguments, **options)

    def test_of_another_estate(self):
        self.converge_agent("--observe")
        self.estate.policy("other")
        self.assert_failure(self.url, 'a snapshot of the estate "default"')

    def test_wrong_urls(self):
        for where in ("http://", "https:///v1/snapshot", "http://me:secret@127.0.0.1/v1/snapshot", "http://a b/", "unix:"):
            result = self.estate.run("plan", "--snapshot", where)
            self.assert_code(64, result)
            self.assertNotIn("secret", result.err)

    def serve(self, status, body, content_type="application/json", **headers):
        """A server that is no agent; its URL, and the requests that came."""
        requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(dict(self.headers))
                self.send_response(status)
                for name, value in ({"Content-Type": content_type, "Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}/v1/snapshot", requests

    def test_what_is_no_snapshot(self):
        html = b"<!DOCTYPE html><title>Log in</title>"
        for answer, words in (((200, html, "text/html"), "answers with a web page and no snapshot"),
                              ((200, b"\n " + html), "answers with a web page and no snapshot"),
                              ((200, b""), "not JSON"), ((200, b"{}"), "its format is not muster.snapshot/v1"),
                              ((200, b"[" * 100000), "nested"), ((200, b'{"format": "muster.snapshot/v1"}'), "is no snapshot"),
                              ((204, b""), "answers with 204"), ((403, b"{}"), "wants the agent's bearer token (403)"),
                              ((404, b"{}"), "an agent's snapshot is at /v1/snapshot"),
                              ((500, html, "text/html"), "answers with 500 and no snapshot"),
                              ((503, b"the ledger is not open\n\x1b[31mred", "text/plain"), "with 503: the ledger is not open\n")):
            url, _ = self.serve(*answer)
            self.assert_failure(url + "?key=hidden", words)
        self.assertNotIn("hidden", self.assert_failure(url + "?key=hidden", words).err)
        url, _ = self.serve(200, b"{}", **{"Content-Length": "1000"})
        self.assert_failure(url, "of 1000 bytes")

    def test_a_token_follows_no_redirect(self):
        second, seen = self.serve(200, b"{}")
        first, asked = self.serve(302, b"", Location=second)
        self.assert_failure(first, "redirects to another address (302), which is not followed", token=BEARER)
        self.assertEqual("Bearer " + BEARER, asked[0]["Authorization"])
        self.assertEqual([], seen)

    def test_nobody_there(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.close()
        self.assert_failure(f"http://127.0.0.1:{port}/v1/snapshot", f"connection refused by 127.0.0.1:{port}")
        self.assert_failure("unix:" + os.path.join(self.root, "nothing"), "No such file or directory")
        self.start()
        self.assert_failure(self.url.replace("/v1/snapshot", "/v1/status"), "its format is not muster.snapshot/v1")
        self.assert_failure(self.url.replace("/v1/snapshot", ""), "an agent's snapshot is at /v1/snapshot")
        self.assert_failure(self.url.replace("http:", "https:"), "TLS")


if __name__ == "__main__":
    unittest.main()
