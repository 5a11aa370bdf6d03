"""The peer: what a good engineer writes with boto3 to keep Security Hub's findings in SQLite.

Assumes the role into every account of the organization, asks for the Regions that the account has
turned on, and pages GetFindings by UpdatedAt through the windows that it is given. Threads read; one
thread writes, in batches, with WAL and bulk upserts. It stores what hubwatch stores of a finding (the
key, severity, workflow, compliance, times, title, and the raw finding compressed) and nothing that
hubwatch makes of it: no issues, no incidents, no deliveries.

Done as well as boto3 allows: one session, so that service models are read once; one client for each
account and Region, made once; retries left to botocore; zlib at its fastest.

Reads on standard input what `full_sync.py` says; prints how much it read as a line of JSON.
"""

import concurrent.futures
import json
import queue
import sqlite3
import sys
import threading
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PER_COMMIT = 2_000
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=4)

SCHEMA = """
CREATE TABLE findings (
    partition     TEXT NOT NULL,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    product_arn   TEXT NOT NULL,
    id            TEXT NOT NULL,
    title         TEXT NOT NULL,
    product       TEXT,
    severity      TEXT,
    workflow      TEXT,
    compliance    TEXT,
    record_state  TEXT,
    created_at    TEXT,
    updated_at    TEXT NOT NULL,
    resource_type TEXT,
    resource      TEXT,
    raw           BLOB NOT NULL,
    PRIMARY KEY (account, region, product_arn, id)
) WITHOUT ROWID
"""
UPSERT = """
INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    title = excluded.title, product = excluded.product, severity = excluded.severity,
    workflow = excluded.workflow, compliance = excluded.compliance,
    record_state = excluded.record_state, created_at = excluded.created_at,
    updated_at = excluded.updated_at, resource_type = excluded.resource_type,
    resource = excluded.resource, raw = excluded.raw
WHERE excluded.updated_at >= findings.updated_at
"""


class Aws:
    """Clients. Making one is not safe for threads and reads no file twice, so it is done in turn."""

    def __init__(self, task):
        self.task = task
        self.session = boto3.Session(
            aws_access_key_id=task["access_key_id"],
            aws_secret_access_key=task["secret_access_key"],
            region_name=task["region"],
        )
        self.lock = threading.Lock()
        self.sts = self.client("sts")

    def client(self, service, region=None, keys=None):
        with self.lock:
            return self.session.client(
                service,
                region_name=region or self.task["region"],
                endpoint_url=self.task["aws_endpoint_url"],
                config=CONFIG,
                **(keys or {}),
            )

    def accounts(self):
        pages = self.client("organizations").get_paginator("list_accounts").paginate()
        return [
            account["Id"]
            for page in pages
            for account in page["Accounts"]
            if account.get("State", account.get("Status")) == "ACTIVE"
            and account["Id"] not in self.task["exclude"]
        ]

    def assume(self, account):
        answer = self.sts.assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{self.task['role_name']}",
            RoleSessionName="boto3-sync",
            ExternalId=self.task["external_id"],
        )["Credentials"]
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }

    def regions(self, keys):
        answer = self.client("ec2", keys=keys).describe_regions()
        return [region["RegionName"] for region in answer["Regions"]]


def row(finding, region):
    resource = (finding.get("Resources") or [{}])[0]
    return (
        "aws",
        finding["AwsAccountId"],
        finding.get("Region", region),
        finding["ProductArn"],
        finding["Id"],
        finding["Title"],
        finding.get("ProductName"),
        finding.get("Severity", {}).get("Label"),
        finding.get("Workflow", {}).get("Status"),
        finding.get("Compliance", {}).get("Status"),
        finding.get("RecordState"),
        finding.get("CreatedAt"),
        finding["UpdatedAt"],
        resource.get("Type"),
        resource.get("Id"),
        zlib.compress(json.dumps(finding, separators=(",", ":")).encode(), 1),
    )


def read(aws, account, region, keys, rows, counts):
    hub = aws.client("securityhub", region, keys)
    pages = hub.get_paginator("get_findings")
    for start, end in aws.task["windows"]:
        for page in pages.paginate(
            Filters={"UpdatedAt": [{"Start": start, "End": end}]},
            SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "asc"}],
            PaginationConfig={"PageSize": 100},
        ):
            counts.append(len(page["Findings"]))
            rows.put([row(finding, region) for finding in page["Findings"]])


def write(path, rows):
    try:
        write_all(path, rows)
    except BaseException:
        # Whoever waits to hand rows over must not wait for ever.
        while rows.get() is not None:
            pass
        raise


def write_all(path, rows):
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(SCHEMA)
    batch = []
    while (page := rows.get()) is not None:
        batch.extend(page)
        if len(batch) >= PER_COMMIT:
            with database:
                database.executemany(UPSERT, batch)
            batch.clear()
    with database:
        database.executemany(UPSERT, batch)
    database.close()


def main():
    task = json.load(sys.stdin)
    aws = Aws(task)
    rows, counts, skipped = queue.Queue(maxsize=64), [], []
    pool = concurrent.futures.ThreadPoolExecutor(1)
    written = pool.submit(write, task["database"], rows)

    def read_account(account):
        try:
            keys = aws.assume(account)
            regions = aws.regions(keys)
        except ClientError as error:
            skipped.append(f"{account}: {error}")
            return
        for region in regions:
            try:
                read(aws, account, region, keys, rows, counts)
            except ClientError as error:
                skipped.append(f"{account}/{region}: {error}")

    try:
        with concurrent.futures.ThreadPoolExecutor(task["threads"]) as readers:
            list(readers.map(read_account, aws.accounts()))
    finally:
        rows.put(None)
        written.result()
    print(json.dumps({"findings": sum(counts), "requests": len(counts), "skipped": len(skipped)}))


main()
