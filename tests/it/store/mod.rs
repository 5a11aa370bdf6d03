//! The contract of the store, whatever the engine.

mod accounts;
mod acknowledging;
mod asking;
mod comparing;
mod counting;
mod covering;
mod deciding;
mod delivering;
mod muting;
mod opening;
mod recording;
mod relating;
mod seeing;
mod silencing;
mod stalls;
mod tidying;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use hubwatch::{
    correlate::{RouteSettings, Rulebook},
    domain::{
        BegunWindow, Change, ClockKind, CoverageState, Partition, Scope, Severity, Standing,
        SyncProgress, Timestamp, Vantage, Window,
        delivery::{Receipt, Settlement},
        window::{ORIGIN, WindowKind},
    },
    pipeline::ReadPage,
    store::{
        Access, CensusEntry, Detail, FindingFilter, IncidentFilter, PageRecord, Reached, Store,
        StoreUrl, Touched, open,
    },
};
use jiff::SignedDuration;
use serde_json::json;

const NOW: &str = "2026-05-01T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at(NOW)
}

fn scope() -> Scope {
    Scope {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    }
}

/// The scope, asked itself.
fn here() -> Vantage {
    Vantage::member(scope())
}

fn aws() -> Partition {
    "aws".into()
}

fn store(directory: &Path) -> Arc<dyn Store> {
    let url = StoreUrl::Sqlite(directory.join("hubwatch.db"));
    open(&url, &Access::Write(aws())).unwrap()
}

/// A control finding on a bucket of its own.
struct Raw {
    id: String,
    updated_at: String,
    severity: &'static str,
    compliance: &'static str,
    workflow: &'static str,
    title: String,
}

fn raw(id: &str) -> Raw {
    Raw {
        id: id.to_owned(),
        updated_at: "2026-05-01T10:00:00.000Z".to_owned(),
        severity: "CRITICAL",
        compliance: "FAILED",
        workflow: "NEW",
        title: "S3 buckets should not be public".to_owned(),
    }
}

impl Raw {
    fn text(&self) -> String {
        json!({
            "SchemaVersion": "2018-10-08",
            "Id": self.id,
            "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
            "GeneratorId": "security-control/S3.2",
            "AwsAccountId": "111122223333",
            "Region": "eu-west-1",
            "Types": ["Software and Configuration Checks"],
            "CreatedAt": "2026-04-01T10:00:00.000Z",
            "UpdatedAt": self.updated_at,
            "Severity": {"Label": self.severity},
            "Title": self.title,
            "Description": "The bucket can be read by everyone.",
            "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::bucket-{}", self.id)}],
            "Compliance": {"Status": self.compliance, "SecurityControlId": "S3.2"},
            "Workflow": {"Status": self.workflow},
            "RecordState": "ACTIVE"
        })
        .to_string()
    }
}

fn tail(start: &str, end: &str) -> Window {
    Window {
        kind: WindowKind::Tail,
        start: at(start),
        end: at(end),
    }
}

fn a_tail() -> Window {
    tail("2026-05-01T11:50:00Z", NOW)
}

fn a_backfill() -> Window {
    Window {
        kind: WindowKind::Backfill,
        start: at("2026-02-01T00:00:00Z"),
        end: now(),
    }
}

/// A page of raw texts, read as the pipeline reads it.
fn page(window: Window, last: bool, raws: &[String]) -> PageRecord {
    let body = format!("{{\"Findings\":[{}]}}", raws.join(","));
    let read = ReadPage::read(body.into(), &scope(), &aws()).unwrap();
    let reached = if last {
        Reached::End(window)
    } else {
        Reached::Nothing
    };
    PageRecord {
        vantage: here(),
        history: window.kind == WindowKind::Backfill,
        sweep: (window.kind == WindowKind::Reconcile).then_some(window.end),
        reached,
        body: read.body,
        findings: read.findings.into(),
        rejected: read.rejected,
    }
}

async fn record(store: &dyn Store, window: Window, raws: &[String]) -> Vec<(Change, u32)> {
    let outcomes = store
        .record(vec![page(window, false, raws)], now())
        .await
        .unwrap();
    outcomes[0].changes.clone().into_iter().collect()
}

async fn raws_of(store: &dyn Store) -> Vec<String> {
    let found = store.findings(FindingFilter::default()).await.unwrap();
    found.into_iter().map(|finding| finding.raw).collect()
}

/// One route to two sinks.
fn rulebook(first_sync: &str) -> Rulebook {
    let settings: RouteSettings = serde_json::from_value(json!({
        "name": "all", "match": {"severity": ">=HIGH"}, "sinks": ["jira", "mail"],
        "first_sync": first_sync,
    }))
    .unwrap();
    Rulebook::new(vec![settings.validate(&["jira", "mail"]).unwrap()])
}

fn entry(account: &str, trouble: Option<CoverageState>) -> CensusEntry {
    CensusEntry {
        scope: Scope {
            account: account.into(),
            region: "eu-west-1".into(),
        },
        account_name: format!("account {account}"),
        trouble: trouble.map(|state| (state, "why".to_owned())),
        seen_from: None,
    }
}

async fn states(store: &dyn Store) -> Vec<CoverageState> {
    store
        .coverage()
        .await
        .unwrap()
        .iter()
        .map(|scope| scope.state)
        .collect()
}

/// Everything, as a comparison asks for it.
fn a_comparison() -> Window {
    Window {
        kind: WindowKind::Reconcile,
        start: ORIGIN,
        end: now(),
    }
}

/// A store with findings `a` and `b`, told of, and a comparison begun.
async fn compared(directory: &Path) -> Arc<dyn Store> {
    let store = store(directory);
    record(&*store, a_tail(), &[raw("a").text(), raw("b").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let progress = SyncProgress::first_contact(now());
    store
        .begin_window(&here(), a_comparison(), progress)
        .await
        .unwrap();
    store
}
