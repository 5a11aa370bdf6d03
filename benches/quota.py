#!/usr/bin/env python3
"""How much of AWS's quota a backfill uses, and how often it is refused. `make bench` runs it.

The simulator enforces 3 GetFindings a second and 6 at once for each account and Region. The daemon
reads the history of a few scopes with many pages each. Time counts from the first answer, what the burst
gives for nothing is not counted as use, and a scope that holds less than the quota lets through in
that time needs no more of it than that.
"""

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

from daemon import Daemon, judge, report, settings
from full_sync import Simulation

PER_SECOND, BURST = 3.0, 6
USED_BAR, THROTTLED_BAR = 0.95, 0.01
BACKFILLED = "SELECT count(*) FROM scopes WHERE history_from <= 0 AND state = 'ok'"


def measure(options, accounts, findings):
    with tempfile.TemporaryDirectory(prefix="hubwatch-quota-", dir=options.directory) as directory:
        directory = Path(directory)
        simulation = Simulation(options.hubwatch, directory, accounts, 1, findings, 1, quota=PER_SECOND)
        try:
            config = settings(simulation.where, directory, simulation.administrator, 60, backfill="90d")
            daemon = Daemon(options.hubwatch, config, simulation.where, directory)
            try:
                while not simulation.asked():
                    time.sleep(0.02)
                begun, pages = time.monotonic(), [(0.0, simulation.asked())]
                while daemon.ask(BACKFILLED) < [(simulation.scopes,)]:
                    time.sleep(0.1)
                    pages.append((time.monotonic() - begun, simulation.asked()))
                given, refused = simulation.asked(), simulation.asked("throttled")
            finally:
                daemon.stop()
        finally:
            simulation.stop()
    busy = [(at, count) for at, count in pages if at <= options.window]
    (took, count) = busy[-1]
    spare = BURST * simulation.scopes
    # Small scopes end before large ones, and need no more than what they hold.
    needed = [math.ceil(size / 100) - BURST for size in simulation.sizes]
    usable = sum(min(pages, PER_SECOND * took) for pages in needed)
    return {
        "scopes": simulation.scopes,
        "findings": simulation.findings,
        "seconds": round(took, 1),
        "pages": count,
        "used": (count - spare) / usable,
        "throttled": refused / (given + refused),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hubwatch", required=True, help="the release binary")
    parser.add_argument("--scopes", type=int, nargs="+", default=[1, 20])
    parser.add_argument("--findings", type=int, default=20_000, help="in each scope; a third of a second's worth makes a page")
    parser.add_argument("--window", type=float, default=40, help="seconds that are looked at")
    parser.add_argument("--directory", help="where databases are made")
    options = parser.parse_args()
    good = True
    for scopes in options.scopes:
        figures = measure(options, scopes, options.findings * scopes)
        name = f"{figures['scopes']} scopes of {figures['findings']} findings"
        used, refused = figures["used"], figures["throttled"]
        good &= judge(f"quota used, {name}", f"{used:.1%}", f">= {USED_BAR:.0%}", used >= USED_BAR)
        good &= judge(f"throttled, {name}", f"{refused:.2%}", f"< {THROTTLED_BAR:.0%}", refused < THROTTLED_BAR)
        report("quota", figures)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
