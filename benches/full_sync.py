#!/usr/bin/env python3
"""What a full sync costs, beside a floor and a peer. `make bench` runs it.

Starts the simulator as a process of its own, and lets each of these read the whole organization from
it, in turn, several rounds:

  hubwatch  the daemon's `hubwatch sync` into a fresh SQLite: fetched, stored, correlated, decided
  plain     the same into a database that keeps no marks for deciding and no relations: fetched and stored
  floor     peers/floor: the same pages read and scanned, nothing kept
  boto3     peers/boto3_sync.py: a threaded script that stores the same records in SQLite

What counts is CPU time, user and system, of each process as the kernel accounts it, so that what else
the machine does matters little. The middle of the rounds is taken. Ratios are of one run; absolute
figures say as much about the machine. Every side must end with the same number of findings.

The delegated administrator is left out on every side: it sees everybody's findings again.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import json
import os
import shlex
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
BACKFILL = dt.timedelta(days=90)
ORIGIN = "1970-01-01T00:00:00.000Z"
# The bars, for a run of this size or more: below it, start-up counts.
FLOOR_BAR, BOTO3_BAR, BYTES_BAR, MEMORY_BAR_MB, GROWTH_BAR = 2.5, 15.0, 600, 256, 0.15
CORRELATION_BAR = 0.25


@dataclasses.dataclass
class Cost:
    """What one process cost."""

    findings: int
    requests: int
    user: float
    system: float
    seconds: float
    peak_mb: float
    disk: int = 0

    @property
    def cpu(self):
        return self.user + self.system

    @property
    def per_million(self):
        return self.cpu / self.findings * 1e6


class Simulation:
    """A simulated organization in a process of its own."""

    def __init__(self, hubwatch, directory, accounts, regions, findings, seed, quota=0):
        faults = directory / "faults.json"
        faults.write_text('{"short_pages": 0}')
        command = [hubwatch, "simulate", "--quota", quota, "--faults", faults, "--seed", seed]
        command += ["--accounts", accounts, "--regions", regions, "--findings", findings]
        self.process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, text=True
        )
        self.where = json.loads(self.process.stdout.readline())
        self.administrator = self.where.get("administrator_account_id")
        truth = self.ask("/truth")
        scopes = [
            scope
            for scope in truth["scopes"]
            if scope["reach"] == "ok" and scope["account_id"] != self.administrator
        ]
        self.sizes = [scope["findings"] for scope in scopes]
        self.findings = sum(self.sizes)
        self.scopes = len(scopes)
        self.accounts = {}
        for scope in scopes:
            self.accounts.setdefault(scope["account_id"], []).append(scope["region"])

    def ask(self, path):
        with urllib.request.urlopen(self.where["control_url"] + path, timeout=120) as answer:
            return json.load(answer)

    def pages_given(self):
        return self.asked()

    def asked(self, outcome="ok"):
        """How many GetFindings had this outcome; `throttled` for every kind of refusal by rate."""
        throttled = ("TooManyRequestsException", "LimitExceededException", "ThrottlingException")
        outcomes = throttled if outcome == "throttled" else (outcome,)
        return sum(
            line["requests"]
            for line in self.ask("/stats")
            if line["operation"] == "GetFindings" and line["outcome"] in outcomes
        )

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def measure(command, directory, say=None):
    """Runs a program to its end: what it printed, and what it cost."""
    begun = time.monotonic()
    log = directory / "stderr.log"
    with open(log, "wb") as stderr:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        child.stdin.write(json.dumps(say).encode() if say else b"")
        child.stdin.close()
        printed = child.stdout.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    return child.returncode, printed, log.read_text(errors="replace"), usage, seconds


def cost(command, directory, simulation, say=None, accept=(0,)):
    before = simulation.pages_given()
    code, printed, log, usage, seconds = measure(command, directory, say)
    if code not in accept:
        sys.exit(f"{command[0]} ended with {code}:\n{printed}{log[-4000:]}")
    return printed, Cost(
        findings=0,
        requests=simulation.pages_given() - before,
        user=usage.ru_utime,
        system=usage.ru_stime,
        seconds=seconds,
        peak_mb=usage.ru_maxrss / 1024,
    )


def hubwatch_sync(options, simulation, directory):
    where = simulation.where
    (directory / "external-id").write_text(where["external_id"])
    (directory / "jira-token").write_text(where["jira_api_token"])
    for secret in ("external-id", "jira-token"):
        os.chmod(directory / secret, 0o600)
    database = directory / "hubwatch.db"
    exclude = [simulation.administrator] if simulation.administrator else []
    config = directory / "hubwatch.toml"
    config.write_text(
        f"""
[aws]
region = "{where["region"]}"
endpoint_url = "{where["aws_endpoint_url"]}"
requests_per_second = 10000
[aws.role]
name = "{where["role_name"]}"
external_id_file = "{directory}/external-id"
[accounts]
exclude = {{ ids = {json.dumps(exclude)} }}
[store]
url = "sqlite://{database}"
[log]
filter = "warn"
[[routes]]
name = "high-and-critical"
match = {{ severity = ">=HIGH" }}
group_by = "resource"
sinks = ["jira"]
first_sync = "silent"
[sinks.jira]
type = "jira"
url = "{where["jira_url"]}"
email = "{where["jira_email"]}"
api_token_file = "{directory}/jira-token"
project = "{where["jira_project"]}"
issue_type = "Task"
"""
    )
    os.environ["AWS_ACCESS_KEY_ID"] = where["access_key_id"]
    os.environ["AWS_SECRET_ACCESS_KEY"] = where["secret_access_key"]
    # 'Not readable' is an answer: some accounts are suspended or have no role.
    command = [*options.wrap, options.hubwatch, "sync", "--config", config]
    _, spent = cost(command, directory, simulation, accept=(0, options.incomplete))
    spent.findings = stored(database)
    spent.disk = bytes_of(directory, "hubwatch.db")
    return spent


def plain_sync(options, simulation, directory):
    """The same into a database that takes no marks for deciding and no relations: everything is fetched,
    stored and named by its issue, and nothing is correlated."""
    database = directory / "hubwatch.db"
    schema = sorted((HERE.parent / "src/store/sqlite/migrations").glob("*.sql"))
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for migration in schema:
            connection.executescript(migration.read_text())
        for table in ("touched", "relations", "stirred"):
            connection.execute(
                f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END"
            )
        connection.execute(f"PRAGMA user_version = {len(schema)}")
        connection.commit()
    return hubwatch_sync(options, simulation, directory)


def task(simulation):
    now = dt.datetime.now(dt.timezone.utc)
    text = lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    floor = text(now - BACKFILL)
    names = ("aws_endpoint_url", "region", "access_key_id", "secret_access_key", "role_name", "external_id")
    return {
        **{name: simulation.where[name] for name in names},
        "windows": [[floor, text(now)], [ORIGIN, floor]],
        "exclude": [simulation.administrator],
    }


def floor(options, simulation, directory):
    say = {**task(simulation), "threads": 4, "accounts": list(simulation.accounts.items())}
    printed, spent = cost([options.floor], directory, simulation, say)
    spent.findings = json.loads(printed)["findings"]
    return spent


def boto3(options, simulation, directory):
    database = directory / "boto3.db"
    say = {**task(simulation), "threads": 16, "database": str(database)}
    _, spent = cost([options.python, HERE / "peers/boto3_sync.py"], directory, simulation, say)
    spent.findings = stored(database)
    spent.disk = bytes_of(directory, "boto3.db")
    return spent


def stored(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT count(*) FROM findings").fetchone()[0]


def bytes_of(directory, name):
    """What lies there. `stored` was the last to close it, which folds the write-ahead log into it: the
    log's size is bounded by a setting and says nothing of findings."""
    return sum(file.stat().st_size for file in directory.glob(name + "*") if ".lock" not in file.name)


SIDES = {"hubwatch": hubwatch_sync, "plain": plain_sync, "floor": floor, "boto3": boto3}


def run(options, accounts, findings):
    """Every side over one organization: the middle of its rounds."""
    with tempfile.TemporaryDirectory(prefix="hubwatch-bench-", dir=options.directory) as directory:
        directory = Path(directory)
        world = (accounts, options.regions, findings, options.seed)
        simulation = Simulation(options.hubwatch, directory, *world)
        print(
            f"{simulation.findings} findings in {simulation.scopes} readable scopes of "
            f"{accounts} accounts x {options.regions} Regions"
        )
        rounds = {side: [] for side in options.sides}
        try:
            for number in range(options.rounds):
                # Each round begins with another side, so that none has the quiet moments.
                for side in options.sides[number % len(options.sides) :] + options.sides[: number % len(options.sides)]:
                    place = directory / f"{side}-{number}"
                    place.mkdir()
                    spent = SIDES[side](options, simulation, place)
                    if spent.findings != simulation.findings:
                        sys.exit(f"{side} has {spent.findings} findings, {simulation.findings} are there")
                    rounds[side].append(spent)
                    if not options.keep:
                        shutil.rmtree(place)
        finally:
            simulation.stop()
        if options.keep:
            shutil.copytree(directory, options.keep, dirs_exist_ok=True)
    return {side: middle(costs) for side, costs in rounds.items()}


def middle(costs):
    low = sorted(costs, key=lambda cost: cost.cpu)
    chosen = low[(len(low) - 1) // 2]
    spread = (low[-1].cpu - low[0].cpu) / chosen.cpu * 100
    return chosen, spread


def show(found):
    print(f"{'':10}{'CPU s per':>11}{'':9}{'user':>8}{'system':>8}{'pages':>8}{'wall':>8}{'peak':>9}{'bytes on disk':>15}")
    print(f"{'':10}{'million':>11}{'spread':>9}{'s':>8}{'s':>8}{'':>8}{'s':>8}{'MB':>9}{'per finding':>15}")
    for side, (spent, spread) in found.items():
        disk = f"{spent.disk / spent.findings:.0f}" if spent.disk else "-"
        print(
            f"{side:10}{spent.per_million:11.2f}{spread:8.0f}%{spent.user:8.2f}{spent.system:8.2f}"
            f"{spent.requests:8}{spent.seconds:8.1f}{spent.peak_mb:9.0f}{disk:>15}"
        )


def judge(name, value, bar, good):
    print(f"{'met ' if good else 'MISSED'}  {name}: {value} (bar {bar})")
    return good


def verdicts(found):
    ours, _ = found["hubwatch"]
    good = []
    if "floor" in found:
        ratio = ours.per_million / found["floor"][0].per_million
        good.append(judge("CPU against the floor", f"{ratio:.2f} x", f"<= {FLOOR_BAR} x", ratio <= FLOOR_BAR))
    if "boto3" in found:
        ratio = found["boto3"][0].per_million / ours.per_million
        good.append(judge("CPU less than boto3", f"{ratio:.1f} x", f">= {BOTO3_BAR:.0f} x", ratio >= BOTO3_BAR))
    if "plain" in found:
        added = ours.per_million / found["plain"][0].per_million - 1
        good.append(judge("CPU that correlation adds", f"{added:+.0%}", f"<= {CORRELATION_BAR:.0%}", added <= CORRELATION_BAR))
    each = ours.disk / ours.findings
    good.append(judge("disk", f"{each:.0f} bytes a finding", f"< {BYTES_BAR}", each < BYTES_BAR))
    good.append(judge("peak memory", f"{ours.peak_mb:.0f} MB", f"< {MEMORY_BAR_MB} MB", ours.peak_mb < MEMORY_BAR_MB))
    return all(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hubwatch", required=True, help="the release binary")
    parser.add_argument("--floor", required=True, help="the binary of peers/floor")
    parser.add_argument("--python", default=sys.executable, help="a Python that has boto3")
    parser.add_argument("--accounts", type=int, default=40, help="of the first size; more findings are in more accounts")
    parser.add_argument("--same-accounts", action="store_true", help="the same accounts hold more findings instead")
    parser.add_argument("--regions", type=int, default=4)
    parser.add_argument("--findings", type=int, nargs="+", default=[100_000], help="one or more sizes; growth is judged between the first and the last")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--directory", help="where databases are made; the system's temporary directory by default")
    parser.add_argument("--keep", help="copy databases and settings there at the end")
    parser.add_argument("--wrap", type=shlex.split, default=[], help="a command to run hubwatch under, such as \"perf record -g\"")
    options = parser.parse_args()
    options.incomplete = 3
    good, costs = True, []
    for findings in options.findings:
        accounts = options.accounts
        if not options.same_accounts:
            accounts = max(1, accounts * findings // options.findings[0])
        found = run(options, accounts, findings)
        show(found)
        if "hubwatch" in found:
            good &= verdicts(found)
            costs.append(found["hubwatch"][0].per_million)
    if len(costs) > 1:
        growth = costs[-1] / costs[0] - 1
        good &= judge("cost per finding, last size against first", f"{growth:+.0%}", f"within {GROWTH_BAR:.0%}", growth <= GROWTH_BAR)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
