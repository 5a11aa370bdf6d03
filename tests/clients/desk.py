"""Drives the simulated Jira and mail services with clients from elsewhere.

Reads the JSON line that `hubwatch simulate --output json` prints, from standard input. Needs the
PyPI packages `jira` and `requests`; `smtplib` comes with Python. Exits non-zero at the first
surprise.
"""

import json
import smtplib
import sys
from email.message import EmailMessage

import requests
from jira import JIRA, JIRAError


def data_center(url, token):
    client = JIRA(url, token_auth=token, max_retries=0)
    label = "desk-py-dc"
    fields = {
        "project": "SEC",
        "issuetype": {"name": "Bug"},
        "summary": 'Port 22 "open" ü',
        "description": "h1. What\n{code}x{code}",
        "labels": [label],
        "priority": {"name": "High"},
    }
    issue = client.create_issue(fields=fields)
    found = client.search_issues(f'labels = "{label}"', maxResults=10)
    assert [it.key for it in found] == [issue.key], found
    client.add_comment(issue, "seen again")
    client.transition_issue(issue, "Done", resolution={"name": "Won't Do"}, comment="bye")
    again = client.issue(issue.key)
    assert again.fields.status.name == "Done", again.fields.status
    assert again.fields.resolution.name == "Won't Do", again.fields.resolution
    assert [it.body for it in client.comments(again)] == ["seen again", "bye"]
    again.update(fields={"summary": "new"}, update={"labels": [{"add": "two"}]})
    assert client.issue(issue.key).fields.labels == [label, "two"]
    other = client.create_issue(fields=fields | {"summary": "second"})
    client.create_issue_link("Duplicate", other, again)
    try:
        client.create_issue(fields=fields | {"severity": "x"})
        raise SystemExit("an unknown field was taken")
    except JIRAError as refused:
        assert refused.status_code == 400 and "cannot be set" in refused.text, refused
    other.delete()


def cloud(url, email, token):
    client = JIRA(
        url, basic_auth=(email, token), options={"rest_api_version": "3"}, max_retries=0
    )
    document = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "hello"}]}],
    }
    fields = {
        "project": {"key": "SEC"},
        "issuetype": {"name": "Task"},
        "summary": "from the cloud",
        "description": document,
        "labels": ["desk-py-cloud"],
    }
    issue = client.create_issue(fields=fields)
    found = client.enhanced_search_issues("labels = desk-py-cloud", maxResults=10)
    assert [it.key for it in found] == [issue.key], found
    client.add_comment(issue, document)
    assert client.project("SEC").name == "Security"
    assert [it.name for it in client.priorities()][0] == "Highest"
    assert [it["name"] for it in client.transitions(issue)] == ["In Progress", "Done"]


def mail(addresses):
    body = {
        "personalizations": [{"to": [{"email": "a@example.com"}]}],
        "from": {"email": "hub@example.com"},
        "subject": "s",
        "content": [{"type": "text/plain", "value": "t"}],
    }
    headers = {"Authorization": f"Bearer {addresses['sendgrid_api_key']}"}
    sent = requests.post(f"{addresses['sendgrid_url']}/v3/mail/send", json=body, headers=headers)
    assert sent.status_code == 202, sent.text
    form = {"from": "hub@example.com", "to": ["a@example.com", "b@example.com"], "subject": "s"}
    for extra in ({"data": form | {"text": "t"}}, {"data": form, "files": {"text": (None, "t")}}):
        sent = requests.post(
            f"{addresses['mailgun_url']}/v3/{addresses['mailgun_domain']}/messages",
            auth=("api", addresses["mailgun_api_key"]),
            **extra,
        )
        assert sent.status_code == 200, sent.text


def smtp(host, port, user, password):
    message = EmailMessage()
    message["From"], message["To"] = "Hub <hub@example.com>", "a@example.com"
    message["Subject"] = "über 🔥 " + "long " * 40
    message.set_content("grün\n.\n..dots\n" + "x" * 900 + "\n")
    message.add_alternative("<p>grün</p>", subtype="html")
    with smtplib.SMTP(host, port, timeout=10) as client:
        client.login(user, password)
        assert client.send_message(message) == {}
        try:
            client.sendmail("hub@example.com", ["nobody"], b"x")
            raise SystemExit("a bad recipient was taken")
        except smtplib.SMTPRecipientsRefused:
            pass


def main():
    addresses = json.loads(sys.stdin.readline())
    data_center(addresses["jira_dc_url"], addresses["jira_pat"])
    cloud(addresses["jira_url"], addresses["jira_email"], addresses["jira_api_token"])
    mail(addresses)
    host, port = addresses["smtp_host"], addresses["smtp_port"]
    smtp(host, port, addresses["smtp_username"], addresses["smtp_password"])
    print("desk: ok")


main()
