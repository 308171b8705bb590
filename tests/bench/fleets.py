# SPDX-License-Identifier: MIT
"""Estates with many machines at every vendor, and the requests that listing them takes, for libcurl alone to send."""

import base64
import contextlib
import http.server
import json
import os
import shutil
import sys
import tempfile
import threading
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))

import harness  # noqa: E402
import vendors  # noqa: E402

CONCURRENCY = 8


def saved_state(path, n):
    """A StarVCenter simulator's state with n running machines that are named like those of MachineSet/web."""
    machines = [
        {"id": f"vm-{i + 1}", "name": f"web-{i}", "state": 1, "cpu": 4, "memory": 8192, "template": "tmpl-7", "model": "",
         "network": "pg-12", "address": f"10.{(i + 1) >> 16}.{(i + 1) >> 8 & 255}.{(i + 1) & 255}",
         "created": "2026-01-01 00:00:00", "canShutDown": True, "work": "none", "dueIn": 0, "wanted": 0}
        for i in range(n)
    ]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"format": "muster-sim.starvcenter/v1", "nextSerial": n + 1, "nextTask": 1, "machines": machines}, file)


def run(estate, *arguments):
    result = estate.run(*arguments, deadline=1200)
    if result.code != 0:
        raise SystemExit(result)


@contextlib.contextmanager
def starvcenter(count, existing, *simulator_arguments):
    """A simulator with that many machines, and an estate whose ledger owns them and whose set has `count`."""
    root = tempfile.mkdtemp(prefix="muster-bench-")
    simulator = None
    try:
        path = os.path.join(root, "simulator.json")
        saved_state(path, existing)
        simulator = harness.Simulator("--state", path, *simulator_arguments)
        estate = harness.Estate(root, simulator.endpoint)
        estate.provider(concurrency=CONCURRENCY)
        estate.machine_set(count=count)
        run(estate, "init", "--yes")
        if existing:
            run(estate, "adopt", "MachineSet/web", "--timeout", "10m")
        yield simulator, estate
    finally:
        if simulator:
            simulator.end()
        shutil.rmtree(root)


@contextlib.contextmanager
def fleet(name, n):
    """A simulator of the vendor, and an estate that has made n machines there."""
    if name == "starvcenter":
        with starvcenter(n, n) as both:
            yield both
        return
    kind = vendors.VENDORS[name]
    root = tempfile.mkdtemp(prefix="muster-bench-")
    simulator = None
    try:
        simulator = harness.Simulator(*kind.arguments, vendor=kind.vendor, token=kind.token, ready_delay="0ms")
        estate = harness.Estate(root)
        estate.write("Provider", "star", type=kind.vendor, endpoint=simulator.endpoint, confirm="1s", settle="5s",
                     concurrency=CONCURRENCY, **kind.provider)
        estate.policy(maxCreates=n + 1)
        if kind.template:
            estate.write("MachineTemplate", "small", provider="star", **kind.template)
        if kind.vendor == "finovy":
            simulator.do("wallet", machines=n)
            simulator.do("room", machines=n)
        estate.machine_set(**({"cpu": None, "memory": None, "network": None, "count": n} | kind.machines))
        run(estate, "apply", "--init", "--yes")
        yield simulator, estate
    finally:
        if simulator:
            simulator.end()
        shutil.rmtree(root)


TIERS, TIER = 20, 10  # sets, and machines in each
BALANCERS, RULES, DISKS = 10, 50, 2
GRAPH = f"{TIERS * TIER} machines with {DISKS} disks each, {BALANCERS} balancers, {TIERS} groups of {RULES} rules"


def _write_graph(estate):
    """Twenty tiers of machines with disks and a security group each, and ten balancers with two of the tiers behind them."""
    estate.policy(maxCreates=TIERS * TIER * 10)
    for i in range(TIERS):
        estate.machine_set(f"tier{i}x", count=TIER, disks=[{"name": f"data{k}", "size": "10GiB"} for k in range(DISKS)])
        rules = [{"direction": "in", "protocol": "tcp", "ports": str(1000 + k), "from": [f"10.{i}.{k}.0/24"]} for k in range(RULES)]
        estate.write("SecurityGroup", f"group{i}x", provider="star", description="a tier", tenant="app-1", rules=rules,
                     attach=[{"machineSet": f"tier{i}x"}])
    for i in range(BALANCERS):
        estate.write("LoadBalancer", f"front{i}x", provider="star", tenant="app-1", router="vm-router-1", protocol="http",
                     frontend={"network": "external", "address": f"203.0.113.{10 + i}", "port": 80}, backendPort=8080,
                     backends=[{"machineSet": f"tier{k}x", "port": 8080} for k in (2 * i, 2 * i + 1)])


@contextlib.contextmanager
def graph():
    """A StarVCenter simulator and an estate that has made all of the above there."""
    root = tempfile.mkdtemp(prefix="muster-bench-")
    simulator = harness.Simulator("--ready-delay", "0ms")
    try:
        estate = harness.Estate(root)
        estate.provider(endpoint=simulator.endpoint, concurrency=CONCURRENCY)
        _write_graph(estate)
        run(estate, "apply", "--init", "--yes")
        yield simulator, estate
    finally:
        simulator.end()
        shutil.rmtree(root)


class _Recorder(http.server.BaseHTTPRequestHandler):
    """Hands each request on, and keeps it as a line for bench-fetch."""

    def _hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        url = self.server.target + self.path
        self.server.lines.append(url + (f"\t{body.decode()}" if body else ""))
        headers = {name: self.headers[name] for name in ("KEY_TOKEN", "Content-Type") if name in self.headers}
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=self.command)) as reply:
            answer = reply.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = _hand_on

    def log_message(self, *_):
        pass


def recorded(simulator, estate, *command):
    """The requests that muster sends for the command, as lines for bench-fetch."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    server.target, server.lines = simulator.url, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        estate.provider(endpoint=simulator.endpoint.replace(simulator.url, f"http://127.0.0.1:{server.server_port}"))
        run(estate, *command)
    finally:
        estate.provider(endpoint=simulator.endpoint)
        server.shutdown()
        server.server_close()
    return server.lines


def sign_in(simulator):
    """A session at a JimV server of version 0.8, as a header."""
    body = json.dumps({"login_name": "admin", "password": harness.TOKEN}).encode()
    request = urllib.request.Request(simulator.endpoint + "/api/user/_sign_in", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as reply:
        return "Cookie: " + reply.headers["Set-Cookie"].split(";")[0]


def listing(name, simulator, n):
    """The requests of a plan over n machines of the vendor: headers, and lines for bench-fetch."""
    endpoint = simulator.endpoint
    if name == "starvcenter":
        def form(page):
            numbers = json.dumps({"page.startnum": str(page), "page.everypagenum": "30"}, separators=(",", ":"))
            return "KEY_PARAM=" + urllib.parse.quote(base64.b64encode(numbers.encode()), safe="")

        return [f"KEY_TOKEN: {harness.TOKEN}"], [
            f"{endpoint}/cloudvm/search\t{form(page)}" for page in range(1, (n + 29) // 30 + 1)]
    if name == "opendcp":
        clusters = simulator._ask("state")["clusters"]
        return [], [f"{endpoint}/v1/instance/list", f"{endpoint}/v1/cluster"] + [
            f"{endpoint}/v1/instance/cluster/{cluster['id']}" for cluster in clusters] + [
            f"{endpoint}/v1/cluster/{cluster['id']}" for cluster in clusters]
    if name.startswith("finovy"):
        base = endpoint + "/v1/pve/open/"
        return [f"Finovy-Access-Token: {harness.TOKEN}"], [base + "packAge/0", base + "packAge/1", base + "image"] + [
            f"{base}mypage?page={page}&pageSize=25" for page in range(1, (n + 24) // 25 + 1)]
    return [sign_in(simulator)] if name == "jimv-0.8" else [], [
        f"{endpoint}/api/guests?offset={offset}&limit=200&order_by=id&order=asc" for offset in range(0, max(n - 1, 1), 199)]
