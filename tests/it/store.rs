//! The contract of the store, whatever the engine.

use std::{path::Path, sync::Arc};

use hubwatch::{
    correlate::{RouteSettings, Rulebook},
    domain::{
        BegunWindow, Change, CoverageState, Partition, Scope, Severity, Standing, SyncProgress,
        Timestamp, Window,
        delivery::{Receipt, Settlement},
        window::{ORIGIN, WindowKind},
    },
    pipeline::ReadPage,
    store::{
        Access, CensusEntry, FindingFilter, IncidentFilter, PageRecord, Reached, Store, StoreUrl,
        Touched, open,
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
        scope: scope(),
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

#[tokio::test]
async fn a_page_recorded_twice_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let raws = [raw("a").text(), raw("b").text()];
    assert_eq!(
        record(&*store, a_tail(), &raws).await,
        [(Change::Appeared, 2)]
    );
    let before = store.tallies().await.unwrap();
    assert_eq!(
        record(&*store, a_tail(), &raws).await,
        [(Change::Unchanged, 2)]
    );
    assert_eq!(store.tallies().await.unwrap(), before);
    assert_eq!(raws_of(&*store).await.len(), 2);
}

#[tokio::test]
async fn the_same_finding_twice_in_one_page_is_one_finding() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let newer = Raw {
        updated_at: "2026-05-01T11:00:00Z".to_owned(),
        compliance: "PASSED",
        ..raw("a")
    };
    let raws = [raw("a").text(), newer.text(), raw("a").text()];
    record(&*store, a_tail(), &raws).await;
    assert_eq!(raws_of(&*store).await, [newer.text()]);
    let tallies = store.tallies().await.unwrap().findings;
    let counts: Vec<_> = tallies
        .iter()
        .filter(|t| t.count > 0)
        .map(|t| (t.standing, t.count))
        .collect();
    assert_eq!(counts, [(Standing::Resolved, 1)]);
}

#[tokio::test]
async fn a_refreshed_finding_comes_back_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let neighbour = raw("b").text();
    record(&*store, a_tail(), &[raw("a").text(), neighbour.clone()]).await;
    let newer = Raw {
        updated_at: "2026-05-01T11:00:00.123456+00:00".to_owned(),
        ..raw("a")
    };
    let change = record(&*store, a_tail(), &[newer.text()]).await;
    assert_eq!(change, [(Change::Refreshed, 1)]);
    assert_eq!(raws_of(&*store).await, [newer.text(), neighbour]);
}

#[tokio::test]
async fn an_older_version_never_wins() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    // Later as an instant, though not as text.
    let newer = Raw {
        updated_at: "2026-05-01T09:30:00-05:00".to_owned(),
        ..raw("a")
    };
    let older = Raw {
        updated_at: "2026-05-01T14:29:59.999Z".to_owned(),
        compliance: "PASSED",
        ..raw("a")
    };
    record(&*store, a_tail(), &[newer.text()]).await;
    assert_eq!(
        record(&*store, a_tail(), &[older.text()]).await,
        [(Change::Unchanged, 1)]
    );
    assert_eq!(raws_of(&*store).await, [newer.text()]);
}

#[tokio::test]
async fn an_analysts_change_is_seen_though_updated_at_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    let suppressed = Raw {
        workflow: "SUPPRESSED",
        ..raw("a")
    };
    let change = record(&*store, a_tail(), &[suppressed.text()]).await;
    assert_eq!(change, [(Change::Suppressed, 1)]);
    assert_eq!(raws_of(&*store).await, [suppressed.text()]);
}

#[tokio::test]
async fn bodies_that_no_finding_points_to_are_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text(), raw("b").text()]).await;
    for (id, title) in [("a", "renamed"), ("b", "renamed too")] {
        let renamed = Raw {
            title: title.to_owned(),
            ..raw(id)
        };
        record(&*store, a_tail(), &[renamed.text()]).await;
    }
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("hubwatch.db")).unwrap();
    let bodies: Vec<i64> = database
        .prepare("SELECT live FROM bodies")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(bodies, [1, 1]);
}

#[tokio::test]
async fn progress_moves_with_the_last_page_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let first = SyncProgress::first_contact(now());
    store
        .begin_window(&scope(), a_backfill(), first)
        .await
        .unwrap();

    store
        .record(vec![page(a_backfill(), false, &[raw("a").text()])], now())
        .await
        .unwrap();
    let known = store.progress(&scope()).await.unwrap();
    assert_eq!(
        (known.progress, known.begun),
        (Some(first), vec![BegunWindow::at_start(a_backfill())])
    );

    store
        .record(vec![page(a_backfill(), true, &[])], now())
        .await
        .unwrap();
    let known = store.progress(&scope()).await.unwrap();
    assert_eq!(known.progress.unwrap().history_from, a_backfill().start);
    assert!(known.begun.is_empty());
}

#[tokio::test]
async fn a_batch_is_recorded_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    // The second page ends a window that was never begun, which cannot be.
    let pages = vec![
        page(a_tail(), false, &[raw("a").text()]),
        page(a_tail(), true, &[]),
    ];
    assert!(store.record(pages, now()).await.is_err());
    assert!(raws_of(&*store).await.is_empty());
    assert!(store.tallies().await.unwrap().findings.is_empty());
    // What the failed transaction had learned is forgotten: numbers of scopes and texts.
    assert_eq!(
        record(&*store, a_tail(), &[raw("a").text()]).await,
        [(Change::Appeared, 1)]
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let broken = r#"{"Id":"x","AwsAccountId":"111122223333","UpdatedAt":"yesterday"}"#.to_owned();
    for _ in 0..2 {
        record(&*store, a_tail(), &[raw("a").text(), broken.clone()]).await;
    }
    let rejected = store.rejected(10).await.unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(
        (rejected[0].raw.as_str(), rejected[0].id.as_deref()),
        (&*broken, Some("x"))
    );
    assert_eq!(raws_of(&*store).await.len(), 1);
}

#[tokio::test]
async fn history_is_silent_and_news_is_owed_to_every_sink_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_backfill(), &[raw("old").text()]).await;
    record(&*store, a_tail(), &[raw("new").text()]).await;
    let decided = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.opened, decided.owed), (2, 2, 2));

    // A refresh of everything and a second look change nothing.
    record(&*store, a_tail(), &[raw("new").text(), raw("old").text()]).await;
    let again = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((again.issues, again.owed), (0, 0));
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let told: Vec<_> = incidents
        .iter()
        .map(|i| (i.incident.history, i.deliveries.len()))
        .collect();
    assert!(
        told.contains(&(true, 0)) && told.contains(&(false, 2)),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_old_finding_that_the_tail_meets_before_the_history_is_no_news() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let first = SyncProgress::first_contact(now());
    store
        .begin_window(&scope(), a_backfill(), first)
        .await
        .unwrap();
    // Its provider has just written it anew, as Security Hub does daily; it is a month old.
    let rewritten = Raw {
        updated_at: "2026-05-01T12:00:30Z".to_owned(),
        ..raw("old")
    };
    let later = tail("2026-05-01T11:50:00Z", "2026-05-01T12:01:00Z");
    record(&*store, later, &[rewritten.text()]).await;
    let decided = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.opened, decided.owed), (1, 0));

    // Once all history is recorded, what was not in it is news.
    for start in [a_backfill().start, ORIGIN] {
        let window = Window {
            start,
            ..a_backfill()
        };
        store.begin_window(&scope(), window, first).await.unwrap();
        store
            .record(vec![page(window, true, &[])], now())
            .await
            .unwrap();
    }
    record(&*store, later, &[raw("late").text()]).await;
    let decided = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.opened, decided.owed), (1, 2));
}

#[tokio::test]
async fn new_rules_reach_what_was_there_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let nobody = Rulebook::new(vec![]);
    assert!(store.adopt(&nobody).await.unwrap());
    record(&*store, a_backfill(), &[raw("old").text()]).await;
    record(&*store, a_tail(), &[raw("new").text()]).await;
    store
        .decide(&nobody, Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert!(!store.adopt(&nobody).await.unwrap());

    // What was news is told by the new route; what was history stays silent.
    let rules = rulebook("silent");
    assert!(store.adopt(&rules).await.unwrap());
    let decided = store
        .decide(&rules, Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.opened, decided.owed), (2, 2, 2));
}

#[tokio::test]
async fn a_poll_does_not_overrule_a_census_that_ended_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let progress = SyncProgress::first_contact(now());
    store
        .begin_window(&scope(), a_backfill(), progress)
        .await
        .unwrap();
    let account = scope().account.to_string();
    let suspended = entry(&account, Some(CoverageState::Suspended));
    store.take_census(vec![suspended], now()).await.unwrap();
    store
        .record(vec![page(a_backfill(), true, &[])], now())
        .await
        .unwrap();
    assert_eq!(states(&*store).await, [CoverageState::Suspended]);
}

#[tokio::test]
async fn an_incident_is_resolved_when_its_findings_pass() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let passed = Raw {
        compliance: "PASSED",
        updated_at: NOW.to_owned(),
        ..raw("a")
    };
    record(&*store, a_tail(), &[passed.text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].incident.state.as_str(), "resolved");
}

#[tokio::test]
async fn a_lease_that_ends_unsettled_leaves_the_delivery_in_doubt() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let later = |secs| now() + SignedDuration::from_secs(secs);

    let leased = store
        .lease_deliveries("jira", 8, later(2), later(60))
        .await
        .unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].attempts, leased[0].in_doubt_since), (0, None));
    // Nobody else gets it meanwhile.
    assert!(
        store
            .lease_deliveries("jira", 8, later(3), later(60))
            .await
            .unwrap()
            .is_empty()
    );

    let found = store
        .lease_deliveries("jira", 8, later(61), later(120))
        .await
        .unwrap();
    assert_eq!(
        (found[0].attempts, found[0].in_doubt_since),
        (1, Some(later(2)))
    );

    let receipt = Receipt {
        reference: "SEC-1".to_owned(),
        url: None,
    };
    let settled = Settlement::Delivered(receipt);
    store.settle(found[0].id, settled, later(62)).await.unwrap();
    assert!(
        store
            .lease_deliveries("jira", 8, later(999), later(1999))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_delivery_that_certainly_did_not_land_is_not_in_doubt() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let later = |secs| now() + SignedDuration::from_secs(secs);
    let leased = store
        .lease_deliveries("jira", 8, later(2), later(60))
        .await
        .unwrap();
    let settlement = Settlement::Later {
        due_at: later(30),
        reason: "busy".to_owned(),
        in_doubt_since: None,
    };
    store
        .settle(leased[0].id, settlement, later(3))
        .await
        .unwrap();
    assert!(
        store
            .lease_deliveries("jira", 8, later(29), later(60))
            .await
            .unwrap()
            .is_empty()
    );
    let again = store
        .lease_deliveries("jira", 8, later(31), later(90))
        .await
        .unwrap();
    assert_eq!((again[0].attempts, again[0].in_doubt_since), (1, None));
}

fn entry(account: &str, trouble: Option<CoverageState>) -> CensusEntry {
    CensusEntry {
        scope: Scope {
            account: account.into(),
            region: "eu-west-1".into(),
        },
        account_name: format!("account {account}"),
        trouble: trouble.map(|state| (state, "why".to_owned())),
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
        .begin_window(&scope(), a_comparison(), progress)
        .await
        .unwrap();
    store
}

fn numbers(suspects: &[hubwatch::store::KnownFinding]) -> Vec<i64> {
    suspects.iter().map(|suspect| suspect.number).collect()
}

#[tokio::test]
async fn what_a_comparison_did_not_meet_is_gone_once_it_is_not_found_by_id_either() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    store
        .record(vec![page(a_comparison(), false, &[raw("a").text()])], now())
        .await
        .unwrap();
    // Not before the end of the window.
    assert!(store.suspects(&scope(), 10).await.unwrap().is_empty());
    store
        .record(vec![page(a_comparison(), true, &[])], now())
        .await
        .unwrap();
    let suspects = store.suspects(&scope(), 10).await.unwrap();
    assert_eq!(suspects.len(), 1);
    assert_eq!(suspects[0].raw, raw("b").text());

    let asked = numbers(&suspects);
    assert_eq!(
        store
            .clear_suspects(asked.clone(), asked, now())
            .await
            .unwrap(),
        1
    );
    assert!(store.suspects(&scope(), 10).await.unwrap().is_empty());
    let gone = FindingFilter {
        standings: vec![Standing::Gone],
        ..FindingFilter::default()
    };
    let gone = store.findings(gone).await.unwrap();
    assert_eq!((gone.len(), gone[0].gone.as_deref()), (1, Some("deleted")));

    // Its incident is over, and nobody is told of anything new.
    let decided = store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.owed), (1, 0));
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let states: Vec<_> = incidents
        .iter()
        .map(|i| i.incident.state.as_str())
        .collect();
    assert_eq!(states, ["open", "resolved"]);

    // It comes back as it was.
    let change = record(&*store, a_tail(), &[raw("b").text()]).await;
    assert_eq!(change, [(Change::Reopened, 1)]);
}

#[tokio::test]
async fn a_suspect_that_is_found_by_id_is_not_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    store
        .record(vec![page(a_comparison(), true, &[raw("a").text()])], now())
        .await
        .unwrap();
    let asked = numbers(&store.suspects(&scope(), 10).await.unwrap());
    assert_eq!(store.clear_suspects(asked, vec![], now()).await.unwrap(), 0);
    assert!(store.suspects(&scope(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_suspect_that_was_updated_meanwhile_is_not_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    store
        .record(vec![page(a_comparison(), true, &[raw("a").text()])], now())
        .await
        .unwrap();
    let asked = numbers(&store.suspects(&scope(), 10).await.unwrap());
    let newer = Raw {
        updated_at: NOW.to_owned(),
        ..raw("b")
    };
    record(&*store, a_tail(), &[newer.text()]).await;
    assert_eq!(
        store
            .clear_suspects(asked.clone(), asked, now())
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_long_window_goes_on_behind_what_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    let edge = at("2026-05-01T10:30:00Z");
    let mut part = page(a_comparison(), false, &[raw("a").text()]);
    part.reached = Reached::UpTo(WindowKind::Reconcile, edge);
    store.record(vec![part], now()).await.unwrap();
    let known = store.progress(&scope()).await.unwrap();
    let begun = BegunWindow {
        window: a_comparison(),
        from: edge,
    };
    assert_eq!((known.begun, known.suspects), (vec![begun], 1));
}

#[tokio::test]
async fn an_expired_finding_is_told_from_a_deleted_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    let later = now() + SignedDuration::from_hours(24 * 91);
    store
        .record(vec![page(a_comparison(), true, &[])], later)
        .await
        .unwrap();
    let asked = numbers(&store.suspects(&scope(), 10).await.unwrap());
    assert_eq!(
        store
            .clear_suspects(asked.clone(), asked, later)
            .await
            .unwrap(),
        2
    );
    let findings = store.findings(FindingFilter::default()).await.unwrap();
    assert!(
        findings
            .iter()
            .all(|finding| finding.gone.as_deref() == Some("expired"))
    );
}

#[tokio::test]
async fn findings_behind_open_incidents_are_watched_in_turns() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    record(
        &*store,
        a_tail(),
        &[Raw {
            severity: "LOW",
            ..raw("c")
        }
        .text()],
    )
    .await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let first = numbers(&store.watched(&scope(), 1).await.unwrap());
    store
        .note_watched(&scope(), first.first().copied(), now())
        .await
        .unwrap();
    let second = numbers(&store.watched(&scope(), 10).await.unwrap());
    assert_eq!(
        (first.len(), second.len()),
        (1, 1),
        "the low one is behind no incident"
    );
    assert_ne!(first, second);
    store.note_watched(&scope(), None, now()).await.unwrap();
    assert_eq!(store.watched(&scope(), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn every_scope_is_in_exactly_one_state_through_leaving_and_coming_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let suspended = Some(CoverageState::Suspended);
    store
        .take_census(vec![entry("1", None), entry("2", suspended)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Backfilling, CoverageState::Suspended]
    );

    store
        .take_census(vec![entry("2", None)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Stale, CoverageState::Backfilling]
    );

    store
        .take_census(vec![entry("1", None), entry("2", None)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Backfilling, CoverageState::Backfilling]
    );
}

#[tokio::test]
async fn a_scope_that_cannot_be_read_keeps_its_findings() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let census = vec![entry(scope().account.as_str(), None)];
    store.take_census(census, now()).await.unwrap();
    let first = SyncProgress::first_contact(now());
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    store
        .begin_window(&scope(), everything, first)
        .await
        .unwrap();
    store
        .record(vec![page(everything, true, &[raw("a").text()])], now())
        .await
        .unwrap();
    assert_eq!(states(&*store).await, [CoverageState::Ok]);

    store
        .note_trouble(&scope(), CoverageState::Denied, "no", now())
        .await
        .unwrap();
    let coverage = store.coverage().await.unwrap();
    assert_eq!(coverage[0].state, CoverageState::Denied);
    assert_eq!(coverage[0].last_complete, Some(now()));
    assert_eq!(raws_of(&*store).await.len(), 1);
}

#[tokio::test]
async fn people_can_look_while_the_daemon_writes() {
    let directory = tempfile::tempdir().unwrap();
    let writer = store(directory.path());
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let reader = open(&url, &Access::Read).unwrap();
    record(&*writer, a_tail(), &[raw("a").text()]).await;
    assert_eq!(raws_of(&*reader).await.len(), 1);
    assert!(reader.record(vec![], now()).await.is_err());
}

#[tokio::test]
async fn two_daemons_never_write_to_one_store() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path());
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let error = open(&url, &Access::Write(aws())).unwrap_err();
    assert!(error.to_string().contains("another hubwatch"), "{error}");
    drop(first);
    assert!(open(&url, &Access::Write(aws())).is_ok());
}

#[tokio::test]
async fn what_a_dead_process_had_leased_is_in_doubt_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let dying = store(directory.path());
    record(&*dying, a_tail(), &[raw("a").text()]).await;
    dying
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let later = |secs| now() + SignedDuration::from_secs(secs);
    dying
        .lease_deliveries("jira", 8, later(2), later(600))
        .await
        .unwrap();
    drop(dying);

    let restarted = store(directory.path());
    let leased = restarted
        .lease_deliveries("jira", 8, later(3), later(600))
        .await
        .unwrap();
    assert_eq!(leased[0].in_doubt_since, Some(later(2)));
}

#[tokio::test]
async fn a_store_of_another_partition_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let error = open(&url, &Access::Write("aws-cn".into())).unwrap_err();
    assert!(
        error.to_string().contains("one store for each partition"),
        "{error}"
    );
}

#[tokio::test]
async fn findings_are_filtered_and_ordered() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let raws = [
        Raw {
            severity: "LOW",
            ..raw("low")
        }
        .text(),
        Raw {
            compliance: "PASSED",
            ..raw("passed")
        }
        .text(),
        Raw {
            updated_at: "2026-05-01T11:00:00Z".to_owned(),
            ..raw("newest")
        }
        .text(),
        raw("other").text(),
    ];
    record(&*store, a_tail(), &raws).await;
    let ids = async |filter: FindingFilter| -> Vec<String> {
        let found = store.findings(filter).await.unwrap();
        found
            .iter()
            .map(|f| f.resource.rsplit('-').next().unwrap().to_owned())
            .collect()
    };
    let all = FindingFilter::default;
    let open = FindingFilter {
        standings: vec![Standing::Open],
        ..all()
    };
    assert_eq!(ids(open).await, ["newest", "other", "low"]);
    let bad = FindingFilter {
        at_least: Some(Severity::High),
        limit: Some(1),
        ..all()
    };
    assert_eq!(ids(bad).await, ["newest"]);
    let passed = FindingFilter {
        compliance: vec!["passed".to_owned()],
        ..all()
    };
    assert_eq!(ids(passed).await, ["passed"]);
    let since = FindingFilter {
        since: Some(at("2026-05-01T11:00:00Z")),
        ..all()
    };
    assert_eq!(ids(since).await, ["newest"]);
    let named = FindingFilter {
        id: Some("other".to_owned()),
        ..all()
    };
    assert_eq!(ids(named).await, ["other"]);
    let elsewhere = FindingFilter {
        regions: vec!["us-east-1".to_owned()],
        ..all()
    };
    assert!(ids(elsewhere).await.is_empty());
    let resource = FindingFilter {
        resource: Some("BUCKET-low".to_owned()),
        ..all()
    };
    assert_eq!(ids(resource).await, ["low"]);
}
