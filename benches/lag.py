#!/usr/bin/env python3
"""How long after a finding can be read it is recorded, and told. `make bench` runs it.

A thousand scopes live: findings appear, change and pass by themselves. The simulator stamps those
that appear with the time a second before they can be read; the daemon writes when it recorded them,
and when the ticket of their incident was made. Both are processes of one machine and share its clock.
"""

import argparse
import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from daemon import Daemon, judge, percentile, report, settings
from full_sync import Simulation

BACKFILLED = "SELECT count(*) FROM scopes WHERE history_from <= 0 AND state = 'ok'"
# Findings that appeared after the beginning, in microseconds: readable one second after their stamp.
RECORDED = "SELECT recorded_at - updated_at / 1000 - 1000000 FROM findings WHERE updated_at / 1000 > ?1 AND recorded_at > ?1"
# Incidents that opened after the beginning and whose ticket was made: since their newest such finding.
TOLD = """
    SELECT deliveries.settled_at - max(findings.updated_at) / 1000 - 1000000
    FROM deliveries JOIN incidents ON incidents.id = deliveries.incident
    JOIN incident_issues USING (incident) JOIN findings ON findings.issue = incident_issues.issue
    WHERE deliveries.state = 'delivered' AND incidents.opened_at > ?1 AND findings.recorded_at <= incidents.opened_at
    GROUP BY deliveries.id HAVING max(findings.updated_at) / 1000 > ?1
"""
# The promise of the design: poll interval and two seconds.
SLACK_S = 2.0


def live(simulation, steps):
    body = json.dumps({"steps": steps}).encode()
    request = urllib.request.Request(
        simulation.where["control_url"] + "/live", data=body, headers={"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).read()


def measure(options, interval):
    with tempfile.TemporaryDirectory(prefix="hubwatch-lag-", dir=options.directory) as directory:
        directory = Path(directory)
        simulation = Simulation(options.hubwatch, directory, options.accounts, options.regions, options.findings, 1)
        try:
            config = settings(simulation.where, directory, simulation.administrator, interval)
            daemon = Daemon(options.hubwatch, config, simulation.where, directory)
            try:
                daemon.wait_for("the first reading", BACKFILLED, lambda read: read >= simulation.scopes, 600)
                time.sleep(interval)
                begun = time.time()
                until = begun + options.cycles * interval
                while time.time() < until:
                    live(simulation, max(1, options.rate // 4))
                    time.sleep(0.25)
                # What appeared last has its time, too; what takes longer is not left out.
                time.sleep(interval * 1.5 + 5)
                recorded = [row[0] / 1e6 for row in daemon.ask(RECORDED, int(begun * 1e6))]
                told = [row[0] / 1e6 for row in daemon.ask(TOLD, int(begun * 1e6))]
            finally:
                daemon.stop()
        finally:
            simulation.stop()
    both = {"recorded": recorded, "told": told}
    return {
        "scopes": simulation.scopes,
        "poll_interval_s": interval,
        **{f"{name}_{what}": value for name, lags in both.items() for what, value in summary(lags).items()},
    }


def summary(lags):
    if not lags:
        return {"count": 0}
    return {
        "count": len(lags),
        "p50_s": round(percentile(lags, 0.5), 2),
        "p95_s": round(percentile(lags, 0.95), 2),
        "max_s": round(max(lags), 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hubwatch", required=True, help="the release binary")
    parser.add_argument("--accounts", type=int, default=145)
    parser.add_argument("--regions", type=int, default=8)
    parser.add_argument("--findings", type=int, default=5_000)
    parser.add_argument("--intervals", type=int, nargs="+", default=[60, 10], help="poll intervals in seconds")
    parser.add_argument("--cycles", type=int, default=3, help="how many intervals are looked at")
    parser.add_argument("--rate", type=int, default=40, help="things that happen a second; a quarter are new findings")
    parser.add_argument("--directory", help="where databases are made")
    options = parser.parse_args()
    good = True
    for interval in options.intervals:
        figures = measure(options, interval)
        for name in ("recorded", "told"):
            p95 = figures[f"{name}_p95_s"]
            what = f"readable to {name}, {figures['scopes']} scopes every {interval} s, {figures[f'{name}_count']} cases"
            good &= judge(
                what,
                f"{figures[f'{name}_p50_s']:.1f} s at the 50th, {p95:.1f} s at the 95th percentile",
                f"<= {interval + SLACK_S:.0f} s at the 95th",
                p95 <= interval + SLACK_S,
            )
        report("lag", figures)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
