# SPDX-License-Identifier: MIT
"""The figures: what a plan, a thousand creates and a converged agent cost, beside what libcurl alone costs.

It measures and judges nothing. Every figure is the median of its runs, with the least and the most behind it.
"""

import collections
import http.client
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))

import fleets  # noqa: E402
import harness  # noqa: E402
from fleets import CONCURRENCY  # noqa: E402

FETCH = os.path.join(harness.BIN_DIR, "tests", "bench-fetch")
RUNS = int(os.environ.get("BENCH_RUNS", "7"))
PAGE = 30
TICKS = os.sysconf("SC_CLK_TCK")


class Cost:
    """What one run of a program took. The peak of its memory is time(1)'s to tell: a child of this process begins with ours."""

    def __init__(self, command, stdin=subprocess.DEVNULL, **options):
        with tempfile.NamedTemporaryFile("r") as peak:
            start = time.monotonic()
            process = subprocess.Popen(["/usr/bin/time", "-o", peak.name, "-f", "%M", *command], stdin=stdin,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
            self.out = process.stdout.read().decode()
            _, status, usage = os.wait4(process.pid, 0)
            self.wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            process.stdout.close()
            if process.returncode != 0:
                raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{self.out[-2000:]}")
            self.peak = int(peak.read()) / 1024
        self.cpu = usage.ru_utime + usage.ru_stime


def spread(values, unit, scale=1.0, digits=0):
    """The median, and from where to where the runs went."""
    shown = [f"{value * scale:.{digits}f}" for value in (statistics.median(values), min(values), max(values))]
    return f"{shown[0]} {unit} ({shown[1]}-{shown[2]})"


def processor_time(pid):
    """Seconds that a running process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"{field}:\s+(\d+) kB", file.read())[1]) / 1024


def compare_plan(title, simulator, made, headers, requests):
    """A plan beside libcurl alone, which sends the same requests."""
    path = os.path.join(made.root, "requests")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in requests)
    fetch = [FETCH, str(CONCURRENCY), *headers]
    plan = [harness.MUSTER, "plan", made.specs]
    fetches, plans, server = [], [], []
    for i in range(RUNS + 1):
        before = processor_time(simulator.process.pid)
        with open(path, encoding="utf-8") as file:
            fetched = Cost(fetch, stdin=file)
        server.append(processor_time(simulator.process.pid) - before)
        planned = Cost(plan, env=made.environment)
        if "No changes" not in planned.out:
            raise SystemExit(planned.out[-2000:])
        if i > 0:  # the first only warms up
            fetches.append(fetched)
            plans.append(planned)
    simulator.reset_calls()
    Cost(plan, env=made.environment)
    reads = simulator.calls()["reads"]

    ratios = [p.wall / f.wall for p, f in zip(plans, fetches)]
    print(f"plan over {title}, {CONCURRENCY} requests at once; nothing to change; {RUNS} runs")
    print(f"  simulator's own     {spread([len(requests) / f.wall for f in fetches], 'requests/s')}, {statistics.median(server):.2f} s of CPU")
    print(f"  libcurl alone wall  {spread([f.wall for f in fetches], 'ms', 1000)}   {len(requests)} requests")
    print(f"  muster plan wall    {spread([p.wall for p in plans], 'ms', 1000)}   {reads} requests")
    print(f"  ratio               {spread(ratios, 'times', digits=2)}")
    print(f"  difference          {spread([p.wall - f.wall for p, f in zip(plans, fetches)], 'ms', 1000)}")
    print(f"  libcurl alone CPU   {spread([f.cpu for f in fetches], 'ms', 1000)}, peak {spread([f.peak for f in fetches], 'MB', 1, 1)}")
    print(f"  muster plan CPU     {spread([p.cpu for p in plans], 'ms', 1000)}, peak {spread([p.peak for p in plans], 'MB', 1, 1)}",
          flush=True)


def measure_plan(vendor, n):
    with fleets.fleet(vendor, n) as (simulator, made):
        compare_plan(f"{n} machines at {vendor}", simulator, made, *fleets.listing(vendor, simulator, n))


def measure_graph():
    """The requests are those of a plan, recorded: which of them each call of the vendor's document makes necessary is counted."""
    with fleets.graph() as (simulator, made):
        requests = fleets.recorded(simulator, made, "plan")
        paths = collections.Counter(line.split("\t")[0].removeprefix(simulator.endpoint) for line in requests)
        compare_plan(fleets.GRAPH, simulator, made, [f"KEY_TOKEN: {harness.TOKEN}"], requests)
    print("  of which            " + ", ".join(f"{n} {path}" for path, n in paths.most_common()), flush=True)


class Watch:
    """Asks the simulator again and again how many creates have arrived."""

    def __init__(self, simulator):
        self.connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"))

    def creates(self):
        self.connection.request("GET", "/_sim/calls")
        return json.load(self.connection.getresponse())["create"]

    def first_to_last(self, n):
        """Seconds from the first create's arrival to the last one's, and how exact that is."""
        first = None
        steps = []
        while True:
            asked = time.monotonic()
            creates = self.creates()
            now = time.monotonic()
            steps.append(now - asked)
            if creates > 0 and first is None:
                first = asked
            if creates >= n:
                self.connection.close()
                return now - first, max(steps)
            time.sleep(0.001)


def measure_creates(n, latency):
    runs = min(RUNS, 5)
    ideal = n * latency / CONCURRENCY
    times = []
    for _ in range(runs):
        with fleets.starvcenter(n, 0, "--latency", f"{round(latency * 1000)}ms") as (simulator, made):
            watch = Watch(simulator)
            apply = made.start("apply", "--yes", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            elapsed, _ = watch.first_to_last(n)
            times.append(elapsed + latency)
            if apply.wait(300) != 0:
                raise SystemExit(f"apply ended with {apply.returncode}")
            most = simulator.calls()["mostInFlight"]

    print(f"{n} creates at {latency * 1000:.0f} ms latency, {CONCURRENCY} at once; {runs} runs")
    print(f"  calls x latency / {CONCURRENCY}   {ideal * 1000:.0f} ms")
    print(f"  first sent to last answered  {spread(times, 'ms', 1000)}; at most {most} in flight")
    print(f"  ratio               {spread([t / ideal for t in times], 'times', digits=2)}")
    print(f"  commits             {count_commits(n, latency)}")


def count_commits(n, latency):
    """In a run of its own, because tracing is slow: how often the log of the ledger is synced while n machines are made."""
    with fleets.starvcenter(n, 0, "--latency", f"{round(latency * 1000)}ms") as (_, made):
        trace = os.path.join(made.root, "trace")
        command = ["strace", "-f", "-y", "-o", trace, "-e", "trace=fdatasync,fsync", harness.MUSTER, "apply", "--yes", made.specs]
        Cost(command, env=made.environment)
        with open(trace, encoding="utf-8", errors="replace") as file:
            calls = file.read().splitlines()
    commits = sum("muster.db-wal>" in line for line in calls)
    return f"{commits} syncs of the ledger's log: 1 for {n / commits:.1f} creates (all of apply, from the plan to converged)"


def measure_agent(n, seconds):
    with fleets.starvcenter(n, n) as (simulator, made):
        log = os.path.join(made.root, "agent.log")
        with open(log, "wb") as file:
            agent = made.start("agent", "--interval", "2s", stdout=file, stderr=file)
        try:
            pages = (n + PAGE - 1) // PAGE
            harness.wait_until(lambda: simulator.calls()["list"] >= 3 * pages, "three passes")
            time.sleep(1)  # between two passes
            used, listed = processor_time(agent.pid), simulator.calls()["list"]
            between = []
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                before = simulator.calls()["list"]
                time.sleep(0.3)
                if simulator.calls()["list"] == before:  # nothing moved: this is between passes
                    between.append(memory(agent.pid, "VmRSS"))
            used, listed = processor_time(agent.pid) - used, simulator.calls()["list"] - listed
            peak = memory(agent.pid, "VmHWM")
        finally:
            harness.end_process(agent)
    passes = listed / pages
    print(f"agent converged over {n} machines, {passes:.0f} passes")
    print(f"  memory between      {spread(between, 'MB', 1, 1)}, peak {peak:.1f} MB")
    print(f"  CPU per pass        {used / passes * 1000:.0f} ms")


FIGURES = {
    "plan": lambda: (measure_plan("starvcenter", 10_000), measure_plan("starvcenter", 100_000)),
    "vendors": lambda: [measure_plan(vendor, n) for vendor, n in (
        ("starvcenter", 10_000), ("opendcp", 900), ("finovy-exclusive", 10_000), ("jimv-2017", 10_000), ("jimv-0.8", 10_000))],
    "graph": measure_graph,
    "creates": lambda: measure_creates(1_000, 0.020),
    "agent": lambda: measure_agent(10_000, 20),
}


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in sys.argv[1:] or FIGURES:
        if name not in FIGURES:
            raise SystemExit(f"there is no figure {name}; there are {', '.join(FIGURES)}")
        FIGURES[name]()


if __name__ == "__main__":
    main()
