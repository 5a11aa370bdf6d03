"""What the measurements share that watch a running daemon: its settings, its process, its store."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def settings(where, directory, administrator, poll_interval, backfill="1d", extra_aws="", tell="silent"):
    """A configuration file that follows the simulated organization; returns its path."""
    for name, secret in (("external-id", "external_id"), ("jira-token", "jira_api_token")):
        (directory / name).write_text(where[secret])
        os.chmod(directory / name, 0o600)
    config = directory / "hubwatch.toml"
    config.write_text(
        f"""
[aws]
region = "{where["region"]}"
endpoint_url = "{where["aws_endpoint_url"]}"
{extra_aws}
[aws.role]
name = "{where["role_name"]}"
external_id_file = "{directory}/external-id"
[accounts]
exclude = {{ ids = {json.dumps([administrator] if administrator else [])} }}
refresh = "1h"
[sync]
poll_interval = "{poll_interval}s"
poll_interval_max = "{poll_interval}s"
backfill = "{backfill}"
[store]
url = "sqlite://{directory}/hubwatch.db"
[http]
listen = "127.0.0.1:0"
[log]
filter = "warn"
[[routes]]
name = "high-and-critical"
match = {{ severity = ">=HIGH" }}
sinks = ["jira"]
first_sync = "{tell}"
[sinks.jira]
type = "jira"
url = "{where["jira_url"]}"
email = "{where["jira_email"]}"
api_token_file = "{directory}/jira-token"
project = "{where["jira_project"]}"
issue_type = "Task"
"""
    )
    return config


class Process:
    """A process, and what the kernel says it has cost so far."""

    def __init__(self, pid):
        self.pid = pid

    def cpu(self):
        """Seconds of user and system time."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mb(self, which="VmHWM"):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(which):
                return int(line.split()[1]) / 1024
        return 0.0

    def written_mb(self):
        for line in Path(f"/proc/{self.pid}/io").read_text().splitlines():
            if line.startswith("write_bytes"):
                return int(line.split()[1]) / 1e6
        return 0.0


class Daemon(Process):
    """`hubwatch run` beside a simulation."""

    def __init__(self, hubwatch, config, where, directory, wrap=()):
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": where["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": where["secret_access_key"],
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.log = directory / "daemon.log"
        self.database = directory / "hubwatch.db"
        with open(self.log, "wb") as log:
            command = [*wrap, str(hubwatch), "run", "--config", str(config)]
            self.child = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        super().__init__(self.child.pid)

    def ask(self, question, *values):
        """One answer of the store, read beside the daemon; nothing while there is no store yet."""
        if self.child.poll() is not None:
            sys.exit(f"the daemon ended with {self.child.returncode}:\n{self.log.read_text()[-4000:]}")
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as store:
                return store.execute(question, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def wait_for(self, what, question, enough, within, look_every=2.0):
        """Waits until the store's first answer is enough."""
        begun = time.monotonic()
        while time.monotonic() - begun < within:
            rows = self.ask(question)
            if rows and rows[0][0] is not None and enough(rows[0][0]):
                return time.monotonic() - begun
            time.sleep(look_every)
        sys.exit(f"not within {within} s: {what}; the store says {self.ask(question)}\n{self.log.read_text()[-4000:]}")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def judge(name, value, bar, good):
    print(f"{'met ' if good else 'MISSED'}  {name}: {value} (bar {bar})")
    return good


def report(measurement, figures):
    """One line for programs."""
    print(json.dumps({"measurement": measurement, **figures}))
