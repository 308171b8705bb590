# SPDX-License-Identifier: MIT
"""Estates with many machines at every vendor, and the requests that listing them takes, for libcurl alone to send."""

import base64
import contextlib
import json
import os
import shutil
import sys
import tempfile
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
