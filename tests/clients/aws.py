"""Talks to a simulated organization with boto3 and the AWS CLI, which nobody here wrote.

Reads one JSON object on standard input: the line that `hubwatch simulate --output json` prints.
Exits with 0 when everything held, and names what did not otherwise. The AWS CLI is tried when
`aws` is on the path of this Python.
"""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

WHERE = json.load(sys.stdin)
NO_RETRIES = Config(retries={"total_max_attempts": 1})
PATIENT = Config(retries={"mode": "adaptive", "total_max_attempts": 20})


def client(service, region=None, keys=None, config=PATIENT):
    keys = keys or {
        "aws_access_key_id": WHERE["access_key_id"],
        "aws_secret_access_key": WHERE["secret_access_key"],
    }
    return boto3.client(
        service,
        region_name=region or WHERE["region"],
        endpoint_url=WHERE["aws_endpoint_url"],
        config=config,
        **keys,
    )


def assume(account, external_id=None, role=None, via=None, **more):
    answer = (via or client("sts")).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role or WHERE['role_name']}",
        RoleSessionName="client-test",
        ExternalId=external_id or WHERE["external_id"],
        **more,
    )["Credentials"]
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def refused(call, *codes):
    """The error a call fails with; it must be one of these codes."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in codes, f"expected {codes}, got {code}: {error}"
        return error
    raise AssertionError(f"expected {codes}, got an answer")


def control(method, path, body=None):
    request = urllib.request.Request(
        WHERE["control_url"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def readable(truth):
    found = [scope for scope in truth["scopes"] if scope["reach"] == "ok"]
    assert found, "no readable scope in this simulation"
    return found


def without_administrator(scopes):
    return [s for s in scopes if s["account_id"] != WHERE.get("administrator_account_id")]


def identity():
    me = client("sts").get_caller_identity()
    assert me["Account"] == WHERE["management_account_id"], me
    account = without_administrator(readable(control("GET", "/truth")))[-1]["account_id"]
    session = client("sts", keys=assume(account)).get_caller_identity()
    assert session["Account"] == account and ":assumed-role/" in session["Arn"], session


def refusals():
    account = readable(control("GET", "/truth"))[0]["account_id"]
    wrong = {"aws_access_key_id": WHERE["access_key_id"], "aws_secret_access_key": "x" * 40}
    refused(client("sts", keys=wrong).get_caller_identity, "SignatureDoesNotMatch")
    refused(client("ec2", keys=wrong).describe_regions, "SignatureDoesNotMatch", "AuthFailure")
    refused(client("organizations", keys=wrong).list_accounts, "InvalidSignatureException")
    refused(client("securityhub", keys=wrong).get_findings, "InvalidSignatureException")
    unknown = {"aws_access_key_id": "AKIAAAAAAAAAAAAAAAAA", "aws_secret_access_key": "x" * 40}
    refused(client("sts", keys=unknown).get_caller_identity, "InvalidClientTokenId")
    refused(client("securityhub", keys=unknown).get_findings, "UnrecognizedClientException")
    refused(lambda: assume(account, external_id="wrong-id"), "AccessDenied")
    refused(lambda: assume(account, role="no-such-role"), "AccessDenied")
    refused(lambda: assume(account, DurationSeconds=99999), "ValidationError")
    chained = client("sts", keys=assume(account))
    refused(lambda: assume(account, via=chained, DurationSeconds=7200), "ValidationError")


def organization():
    organizations = client("organizations")
    truth = control("GET", "/truth")
    pages = list(organizations.get_paginator("list_accounts").paginate())
    accounts = [account for page in pages for account in page["Accounts"]]
    assert len(accounts) == truth["accounts"], (len(accounts), truth["accounts"])
    assert len({account["Id"] for account in accounts}) == len(accounts)
    assert {account["State"] for account in accounts} >= {"ACTIVE", "SUSPENDED"}, accounts
    for account in accounts:
        assert account["Status"] == account["State"]
        assert isinstance(account["JoinedTimestamp"], dt.datetime)

    seen = []

    def walk(parent):
        within = organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=parent)
        seen.extend(account["Id"] for page in within for account in page["Accounts"])
        units = organizations.get_paginator("list_organizational_units_for_parent")
        for page in units.paginate(ParentId=parent):
            for unit in page["OrganizationalUnits"]:
                walk(unit["Id"])

    root = organizations.list_roots()["Roots"][0]["Id"]
    walk(root)
    assert sorted(seen) == sorted(account["Id"] for account in accounts)
    parents = organizations.list_parents(ChildId=accounts[-1]["Id"])["Parents"]
    assert len(parents) == 1, parents
    tags = organizations.list_tags_for_resource(ResourceId=accounts[-1]["Id"])["Tags"]
    assert {"team", "environment"} <= {tag["Key"] for tag in tags}, tags
    described = organizations.describe_organization()["Organization"]
    assert described["MasterAccountId"] == WHERE["management_account_id"]
    member = without_administrator(readable(truth))[-1]["account_id"]
    if member != WHERE["management_account_id"]:
        stranger = client("organizations", keys=assume(member))
        refused(stranger.list_accounts, "AccessDeniedException")


def regions():
    truth = control("GET", "/truth")
    off = [scope for scope in truth["scopes"] if scope["reach"] == "region-disabled"]
    account = (off or readable(truth))[0]["account_id"]
    keys = assume(account)
    enabled = {r["RegionName"] for r in client("ec2", keys=keys).describe_regions()["Regions"]}
    everything = client("ec2", keys=keys).describe_regions(AllRegions=True)["Regions"]
    assert len(everything) == truth["regions"]
    for scope in (s for s in off if s["account_id"] == account):
        assert scope["region"] not in enabled
        hub = client("securityhub", scope["region"], keys)
        refused(hub.get_findings, "UnrecognizedClientException")
        sts = client("sts", scope["region"], keys)
        refused(sts.get_caller_identity, "InvalidClientTokenId")


def page_through(hub, **request):
    """Every finding of a query, one request after the other, as AWS wants it."""
    pages = []
    paginator = hub.get_paginator("get_findings")
    for page in paginator.paginate(**request, PaginationConfig={"PageSize": 100}):
        pages.append(page["Findings"])
    return [finding for page in pages for finding in page]


def instant(text):
    text = text.replace("Z", "+00:00")
    head, dot, rest = text.partition(".")
    if dot:
        digits = rest.rstrip("+-:0123456789") or rest
        for sign in "+-":
            if sign in rest:
                digits, _, offset = rest.partition(sign)
                text = f"{head}.{digits[:6]:0<6}{sign}{offset}"
    return dt.datetime.fromisoformat(text)


def findings():
    scopes = sorted(without_administrator(readable(control("GET", "/truth"))), key=lambda s: -s["findings"])
    scope = scopes[0]
    keys = assume(scope["account_id"])
    hub = client("securityhub", scope["region"], keys)
    assert hub.describe_hub()["HubArn"].startswith(f"arn:aws:securityhub:{scope['region']}:")
    where = f"/truth/findings?account={scope['account_id']}&region={scope['region']}"
    truth = {finding["Id"]: finding for finding in control("GET", where)}
    assert len(truth) == scope["findings"]

    now = dt.datetime.now(dt.timezone.utc) + dt.timedelta(minutes=1)
    stamp = lambda at: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    window = {"UpdatedAt": [{"Start": stamp(now - dt.timedelta(days=91)), "End": stamp(now)}]}
    ascending = [{"Field": "UpdatedAt", "SortOrder": "asc"}]
    found = page_through(hub, Filters=window, SortCriteria=ascending)
    assert sorted(f["Id"] for f in found) == sorted(truth), "exactly what there is"
    times = [instant(finding["UpdatedAt"]) for finding in found]
    assert times == sorted(times), "not in ascending order"
    assert len(page_through(hub)) == len(truth), "without filters and order"

    week = now - dt.timedelta(days=7)
    recent = {"UpdatedAt": [{"Start": stamp(week), "End": stamp(now)}]}
    descending = [{"Field": "UpdatedAt", "SortOrder": "desc"}]
    got = page_through(hub, Filters=recent, SortCriteria=descending)
    assert {f["Id"] for f in got} == {f["Id"] for f, at in zip(found, times) if at >= week}
    failed = {
        "ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}],
        "RecordState": [{"Value": "ARCHIVED", "Comparison": "NOT_EQUALS"}],
    }
    wanted = {
        f["Id"]
        for f in truth.values()
        if f.get("Compliance", {}).get("Status") == "FAILED" and f["RecordState"] != "ARCHIVED"
    }
    by_number = [{"Field": "SeverityNormalized", "SortOrder": "desc"}]
    got = page_through(hub, Filters=failed, SortCriteria=by_number)
    assert {f["Id"] for f in got} == wanted
    numbers = [f["Severity"].get("Normalized", 0) for f in got]
    assert numbers == sorted(numbers, reverse=True)
    some = list(truth)[:20]
    by_id = {"Id": [{"Value": one, "Comparison": "EQUALS"} for one in some]}
    assert {f["Id"] for f in page_through(hub, Filters=by_id)} == set(some)

    invalid = "InvalidInputException"
    only_start = {"UpdatedAt": [{"Start": stamp(week)}]}
    refused(lambda: hub.get_findings(Filters=only_start), invalid)
    mixed = [{"Value": "a", "Comparison": "EQUALS"}, {"Value": "b", "Comparison": "NOT_EQUALS"}]
    refused(lambda: hub.get_findings(Filters={"Title": mixed}), invalid)
    token = hub.get_findings(Filters=window, SortCriteria=ascending, MaxResults=2)["NextToken"]
    changed = refused(
        lambda: hub.get_findings(Filters=recent, SortCriteria=ascending, MaxResults=2, NextToken=token),
        invalid,
    )
    assert "Input Query has changed" in str(changed)


def updates():
    scope = without_administrator(readable(control("GET", "/truth")))[0]
    hub = client("securityhub", scope["region"], assume(scope["account_id"]))
    finding = hub.get_findings(MaxResults=5)["Findings"][0]
    name = {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}
    missing = {"Id": "no-such-finding", "ProductArn": finding["ProductArn"]}
    answer = hub.batch_update_findings(
        FindingIdentifiers=[name, missing],
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "known", "UpdatedBy": "client-test"},
    )
    assert answer["ProcessedFindings"] == [name], answer
    assert answer["UnprocessedFindings"][0]["ErrorCode"] == "FindingNotFound", answer
    by_id = {"Id": [{"Value": finding["Id"], "Comparison": "EQUALS"}]}
    after = hub.get_findings(Filters=by_id)["Findings"][0]
    assert after["Workflow"]["Status"] == "SUPPRESSED" and after["Note"]["Text"] == "known"
    assert after["UpdatedAt"] == finding["UpdatedAt"], "UpdatedAt must not move"

    account, region = scope["account_id"], scope["region"]
    now = dt.datetime.now(dt.timezone.utc).isoformat()
    ours = {
        "SchemaVersion": "2018-10-08",
        "Id": "client-test/1",
        "ProductArn": f"arn:aws:securityhub:{region}:{account}:product/{account}/default",
        "GeneratorId": "client-test",
        "AwsAccountId": account,
        "CreatedAt": now,
        "UpdatedAt": now,
        "Title": "made by a client",
        "Description": "imported",
        "Severity": {"Label": "LOW"},
        "Types": ["Software and Configuration Checks"],
        "Resources": [{"Type": "Other", "Id": "client-test"}],
    }
    answer = hub.batch_import_findings(Findings=[ours, {**ours, "AwsAccountId": "000000000000"}])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1), answer
    by_id = {"Id": [{"Value": ours["Id"], "Comparison": "EQUALS"}]}
    assert hub.get_findings(Filters=by_id)["Findings"][0]["Title"] == "made by a client"


def administrator():
    account = WHERE.get("administrator_account_id")
    if account is None:
        return
    hub = client("securityhub", keys=assume(account))
    members = [m for page in hub.get_paginator("list_members").paginate() for m in page["Members"]]
    assert members and all(m["AdministratorId"] == account for m in members)
    assert hub.list_finding_aggregators()["FindingAggregators"]
    page = hub.get_findings(MaxResults=100)["Findings"]
    seen = {(f["AwsAccountId"], f["ProductArn"].split(":")[3]) for f in page}
    assert any(found != account for found, _ in seen), "sees members' findings"


def security_groups():
    truth = control("GET", "/truth")
    for scope in sorted(without_administrator(readable(truth)), key=lambda s: -s["findings"]):
        reader = client("ec2", scope["region"], assume(scope["account_id"]))
        groups = reader.describe_security_groups()["SecurityGroups"]
        open_group = next((g for g in groups if "0.0.0.0/0" in json.dumps(g["IpPermissions"])), None)
        if open_group:
            break
    group_id = open_group["GroupId"]
    by_group = [{"Name": "group-id", "Values": [group_id]}]
    pages = reader.get_paginator("describe_security_group_rules").paginate(Filters=by_group)
    rules = [rule for page in pages for rule in page["SecurityGroupRules"]]
    world = [r for r in rules if not r["IsEgress"] and r.get("CidrIpv4") == "0.0.0.0/0"]
    assert world, rules
    attached = reader.describe_network_interfaces(Filters=by_group)["NetworkInterfaces"]
    assert attached[0]["Groups"][0]["GroupId"] == group_id
    ids = [rule["SecurityGroupRuleId"] for rule in world]
    revoke = {"GroupId": group_id, "SecurityGroupRuleIds": ids}
    refused(lambda: reader.revoke_security_group_ingress(**revoke), "UnauthorizedOperation")
    writer = client(
        "ec2", scope["region"], assume(scope["account_id"], role=WHERE["remediation_role_name"])
    )
    refused(lambda: writer.revoke_security_group_ingress(**revoke, DryRun=True), "DryRunOperation")
    answer = writer.revoke_security_group_ingress(**revoke)
    assert answer["Return"] and len(answer["RevokedSecurityGroupRules"]) == len(ids), answer
    refused(
        lambda: writer.revoke_security_group_ingress(**revoke), "InvalidSecurityGroupRuleId.NotFound"
    )
    after = reader.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    assert "0.0.0.0/0" not in json.dumps(after["IpPermissions"])
    permission = {
        "IpProtocol": world[0]["IpProtocol"],
        "FromPort": world[0]["FromPort"],
        "ToPort": world[0]["ToPort"],
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "undone"}],
    }
    undone = writer.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    assert undone["SecurityGroupRules"][0]["Description"] == "undone", undone
    refused(
        lambda: writer.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission]),
        "InvalidPermission.Duplicate",
    )


def throttles():
    scope = without_administrator(readable(control("GET", "/truth")))[-1]
    hub = client("securityhub", scope["region"], assume(scope["account_id"]), config=NO_RETRIES)
    codes = []
    for _ in range(20):
        try:
            hub.get_findings(MaxResults=1)
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert set(codes) == {"TooManyRequestsException"}, codes


def expiry():
    scope = without_administrator(readable(control("GET", "/truth")))[0]
    keys = assume(scope["account_id"])
    hub = client("securityhub", scope["region"], keys)
    hub.describe_hub()
    assert control("POST", "/sessions/revoke")["revoked"] > 0
    refused(hub.describe_hub, "ExpiredTokenException")
    refused(client("sts", keys=keys).get_caller_identity, "ExpiredToken")
    client("securityhub", scope["region"], assume(scope["account_id"])).describe_hub()


def troubles():
    truth = control("GET", "/truth")
    for reach, codes in {
        "denied": ("AccessDeniedException",),
        "not-subscribed": ("InvalidAccessException",),
    }.items():
        for scope in [s for s in truth["scopes"] if s["reach"] == reach][:1]:
            hub = client("securityhub", scope["region"], assume(scope["account_id"]))
            refused(hub.get_findings, *codes)
    for reach in ("suspended", "role-missing"):
        for scope in [s for s in truth["scopes"] if s["reach"] == reach][:1]:
            refused(lambda: assume(scope["account_id"]), "AccessDenied")


def faults():
    scope = max(without_administrator(readable(control("GET", "/truth"))), key=lambda s: s["findings"])
    account, region = scope["account_id"], scope["region"]
    before = control("GET", "/faults")
    keys = assume(account)
    hub = client("securityhub", region, keys, config=NO_RETRIES)
    patient = client("securityhub", region, keys)

    def with_faults(**wanted):
        control("PUT", "/faults", {"services": ["securityhub"], "short_pages": 0, **wanted})

    try:
        with_faults(server_error=1)
        refused(hub.describe_hub, "InternalException")
        with_faults(throttle=1)
        refused(hub.describe_hub, "TooManyRequestsException")
        with_faults(cut=1)
        try:
            hub.describe_hub()
        except (BotoCoreError, ClientError):
            pass
        else:
            raise AssertionError("half an answer was taken for a whole one")
        with_faults(slow=1, slow_millis=400)
        started = time.monotonic()
        hub.describe_hub()
        assert time.monotonic() - started > 0.4
        with_faults(short_pages=0.5)
        got = page_through(patient, SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "asc"}])
        assert len(got) == scope["findings"], "short pages lose nothing"
        with_faults(hub_off=[f"{account}/{region}"])
        refused(patient.get_findings, "InvalidAccessException")
        with_faults(denied_accounts=[account])
        refused(patient.get_findings, "AccessDeniedException")
        with_faults(region_off=[f"{account}/{region}"])
        refused(patient.get_findings, "UnrecognizedClientException")
        for fault in ("role_missing_accounts", "suspended_accounts"):
            with_faults(**{fault: [account]})
            refused(lambda: assume(account), "AccessDenied")
    finally:
        control("PUT", "/faults", before)
    patient.describe_hub()

    finding = patient.get_findings(MaxResults=1)["Findings"][0]
    name = {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}
    by_id = {"Id": [{"Value": finding["Id"], "Comparison": "EQUALS"}]}
    note = {"Text": "just now", "UpdatedBy": "client-test"}
    patient.batch_update_findings(FindingIdentifiers=[name], Note=note)
    try:
        with_faults(stale_reads=1)
        old = patient.get_findings(Filters=by_id)["Findings"][0]
        assert old.get("Note", {}).get("Text") != "just now", "a stale read shows the version before"
    finally:
        control("PUT", "/faults", before)
    assert patient.get_findings(Filters=by_id)["Findings"][0]["Note"]["Text"] == "just now"


def mail():
    message = {
        "FromEmailAddress": "hubwatch@example.com",
        "Destination": {"ToAddresses": ["oncall@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "hello"}, "Body": {"Text": {"Data": "there"}}}},
    }

    def ses(secret):
        return boto3.client(
            "sesv2",
            region_name=WHERE["region"],
            endpoint_url=WHERE["ses_url"],
            aws_access_key_id=WHERE["access_key_id"],
            aws_secret_access_key=secret,
            config=NO_RETRIES,
        )

    assert ses(WHERE["secret_access_key"]).send_email(**message)["MessageId"]
    assert control("GET", "/mails")[-1]["subject"] == "hello"
    try:
        ses("x" * 40).send_email(**message)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
    else:
        raise AssertionError("SES took a wrong signature")


def command_line():
    aws = shutil.which("aws", path=os.path.dirname(sys.executable)) or shutil.which("aws")
    if aws is None:
        print("  the AWS CLI is not installed: skipped")
        return

    def run(*arguments, keys=None):
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": WHERE["aws_endpoint_url"],
            "AWS_DEFAULT_REGION": WHERE["region"],
            "AWS_ACCESS_KEY_ID": WHERE["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": WHERE["secret_access_key"],
            "AWS_MAX_ATTEMPTS": "20",
            "AWS_RETRY_MODE": "adaptive",
        }
        environment.update({name.upper(): value for name, value in (keys or {}).items()})
        output = subprocess.run(
            [aws, *arguments, "--output", "json"], env=environment, capture_output=True, timeout=120
        )
        assert output.returncode == 0, output.stderr.decode()
        return json.loads(output.stdout)

    truth = control("GET", "/truth")
    assert len(run("organizations", "list-accounts")["Accounts"]) == truth["accounts"]
    scope = min(without_administrator(readable(truth)), key=lambda s: abs(s["findings"] - 150))
    keys = assume(scope["account_id"])
    assert run("ec2", "describe-regions", keys=keys)["Regions"]
    found = run("securityhub", "get-findings", "--region", scope["region"], keys=keys)["Findings"]
    assert len(found) == scope["findings"], (len(found), scope)


def main():
    steps = [
        identity, refusals, organization, regions, findings, administrator, security_groups, throttles,
        expiry, troubles, faults, mail, command_line, updates,
    ]
    for step in steps:
        print(step.__name__.replace("_", " "), flush=True)
        step()
    print("all held")


if __name__ == "__main__":
    main()
