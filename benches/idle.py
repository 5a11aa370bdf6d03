#!/usr/bin/env python3
"""What following very many scopes costs when nothing happens. `make bench` runs it.

Starts the simulator and the daemon on one machine, lets the daemon read every scope once (few
findings, so that this is soon over), and then watches
how long it is from one poll of a scope to the next, for every scope, by the watermarks in the store. CPU time is the kernel's, of each process by itself.

With --as-if-read the first reading is left out: once the daemon has listed the scopes it is stopped,
the store is told that the history of every scope is recorded, and the daemon is started again. What is
measured afterwards is the same, because nothing new comes either way.

A short run has fewer scopes and asks them more often: 1,667 accounts every 10 s are as many requests
a second as 10,000 accounts every 60 s.
"""

import argparse
import contextlib
import shlex
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from daemon import Daemon, Process, judge, percentile, report, settings
from full_sync import Simulation

MEMORY_BAR_MB = 512
BACKFILLED = "SELECT count(*) FROM scopes WHERE history_from <= 0 AND state = 'ok'"
WATERMARKS = "SELECT id, watermark FROM scopes WHERE state = 'ok' AND history_from <= 0"
OLDEST = "SELECT min(watermark) FROM scopes WHERE state = 'ok' AND history_from <= 0"


# A scope as it is when its history was read just now.
READ = """
    UPDATE scopes SET first_contact = ?1, watermark = ?1, history_from = 0, late_at = ?1, reconciled_at = ?1,
                      watched_at = ?1, state = 'ok'
    WHERE state IN ('backfilling', 'ok')
"""


def start(options, simulation, directory):
    """A daemon that has read every scope once, and how long that took."""
    config = settings(simulation.where, directory, simulation.administrator, options.interval)
    arguments = (options.hubwatch, config, simulation.where, directory, options.wrap)
    begun = time.time()
    daemon = Daemon(*arguments)
    if options.as_if_read:
        census = "SELECT count(*) FROM scopes"
        daemon.wait_for("the census", census, lambda known: known >= simulation.scopes, options.within, look_every=0.5)
        daemon.stop()
        now = int(time.time() * 1e6)
        with contextlib.closing(sqlite3.connect(daemon.database)) as store, store:
            store.execute("DELETE FROM windows")
            store.execute(READ, (now,))
        daemon = Daemon(*arguments)
        daemon.wait_for("the first cycle", OLDEST, lambda oldest: oldest > now, options.within)
    else:
        read = lambda count: count >= simulation.scopes
        daemon.wait_for("the first reading", BACKFILLED, read, options.within)
    return daemon, time.time() - begun


def watch(options, simulation, daemon):
    """Watches cycles, and says what they took."""
    simulator = Process(simulation.process.pid)
    time.sleep(options.settle)
    before = (time.time(), daemon.cpu(), simulator.cpu(), simulation.asked(), daemon.written_mb())
    gaps, last = [], {}
    # A scope's watermark is the time of its last poll. Seen often enough, none is missed.
    while time.time() - before[0] < options.cycles * options.interval:
        for scope, watermark in daemon.ask(WATERMARKS):
            if last.get(scope, watermark) != watermark:
                gaps.append((watermark - last[scope]) / 1e6)
            last[scope] = watermark
        time.sleep(options.interval / 6)
    after = (time.time(), daemon.cpu(), simulator.cpu(), simulation.asked(), daemon.written_mb())
    took, ours, theirs, asked, written = (b - a for a, b in zip(before, after))
    return {
        "scopes": simulation.scopes,
        "poll_interval_s": options.interval,
        "polls": len(gaps),
        "cycle_p50_s": round(percentile(gaps, 0.5), 1),
        "cycle_p99_s": round(percentile(gaps, 0.99), 1),
        "cycle_max_s": round(max(gaps), 1),
        "requests_per_s": asked / took,
        "daemon_cores": ours / took,
        "simulator_cores": theirs / took,
        "daemon_ms_per_request": ours / asked * 1e3,
        "simulator_ms_per_request": theirs / asked * 1e3,
        "daemon_peak_mb": daemon.memory_mb(),
        "daemon_mb": daemon.memory_mb("VmRSS"),
        "written_mb_per_s": written / took,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hubwatch", required=True, help="the release binary")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--regions", type=int, default=17)
    parser.add_argument("--findings", type=int, default=2_000)
    parser.add_argument("--interval", type=int, default=60, help="seconds; the shortest is 10")
    parser.add_argument("--cycles", type=int, default=3, help="how many intervals are looked at")
    parser.add_argument("--settle", type=float, default=30, help="seconds between the first reading and the first cycle")
    parser.add_argument("--within", type=float, default=1_800, help="how long the first reading may take")
    parser.add_argument("--as-if-read", action="store_true", help="leave the first reading out; see above")
    parser.add_argument("--directory", help="where the database is made")
    parser.add_argument("--wrap", type=shlex.split, default=[], help="a command to run the daemon under")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hubwatch-idle-", dir=options.directory) as directory:
        directory = Path(directory)
        simulation = Simulation(options.hubwatch, directory, options.accounts, options.regions, options.findings, 1)
        try:
            daemon, first = start(options, simulation, directory)
            try:
                figures = {"first_reading_s": round(first, 1), "as_if_read": options.as_if_read, **watch(options, simulation, daemon)}
            finally:
                daemon.stop()
        finally:
            simulation.stop()
    print(
        f"{figures['scopes']} scopes every {options.interval} s: {figures['requests_per_s']:.0f} requests a second; daemon "
        f"{figures['daemon_cores']:.2f} cores ({figures['daemon_ms_per_request']:.3f} ms a request), simulator "
        f"{figures['simulator_cores']:.2f} cores; first reading {figures['first_reading_s']:.0f} s; "
        f"{figures['written_mb_per_s']:.1f} MB a second written"
    )
    # Jitter makes every interval up to a tenth shorter or longer.
    bar = options.interval * 1.1 + 2
    slow = figures["cycle_p99_s"]
    took = f"{figures['cycle_p50_s']:.1f} s in the middle, {slow:.1f} s at the 99th percentile, {figures['cycle_max_s']:.1f} s at most"
    good = judge("from poll to poll of a scope", took, f"<= {bar:.0f} s at the 99th: the interval, its jitter and 2 s", slow <= bar)
    peak = figures["daemon_peak_mb"]
    good &= judge("peak memory", f"{peak:.0f} MB", f"< {MEMORY_BAR_MB} MB", peak < MEMORY_BAR_MB)
    report("idle", figures)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
