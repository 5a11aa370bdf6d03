//! The four clocks, against the simulated organization and by a clock of the test's.

use std::time::Duration;

use hubwatch::{
    domain::{Clock, Standing, Timestamp},
    simulator::{Faults, Options, Quota, Reach},
    store::{FindingFilter, Store, StoredFinding},
};
use jiff::SignedDuration;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::Bench;

/// Everything can be read, and nothing is asked of the administrator that others show too.
fn options(seed: u64) -> Options {
    Options {
        accounts: 4,
        regions: 2,
        findings: 500,
        seed,
        administrator: false,
        faults: Faults::none(),
        ..Options::default()
    }
}

async fn finding(store: &dyn Store, id: &str) -> Option<StoredFinding> {
    let filter = FindingFilter {
        id: Some(id.to_owned()),
        ..FindingFilter::default()
    };
    store.findings(filter).await.unwrap().into_iter().next()
}

/// Waits until a stored finding is as it should be.
async fn until(store: &dyn Store, id: &str, what: &str, is: impl Fn(&StoredFinding) -> bool) {
    for _ in 0..200 {
        if finding(store, id).await.is_some_and(|finding| is(&finding)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{id} is not {what}: {:?}", finding(store, id).await);
}

fn text<'a>(finding: &'a Value, key: &str) -> &'a str {
    finding[key].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_cursor_sees_is_seen() {
    let bench = Bench::start(options(31)).await;
    let world = bench.simulator.world();
    let begin = Timestamp::now();
    let clock = Clock::fixed(begin);
    let daemon = bench.loops(&clock).await;
    let store = daemon.store.clone();
    let stop = CancellationToken::new();
    let watching = daemon.clone();
    let mut running = tokio::task::JoinSet::new();
    running.spawn(daemon.run(stop.clone()));
    assert!(watching.until_synced(&stop, |_| {}).await.is_synced());

    let truth = world.truth();
    let scope = truth.scopes.iter().filter(|s| s.reach == Reach::Ok);
    let scope = scope.max_by_key(|s| s.findings).unwrap();
    let (account, region) = (&scope.account_id, &scope.region);
    let hub: Vec<Value> = world
        .findings(account, region)
        .unwrap()
        .iter()
        .map(|raw| serde_json::from_str(raw).unwrap())
        .collect();
    let open = |f: &&Value| {
        f["Severity"]["Label"] == "CRITICAL"
            && f["RecordState"] == "ACTIVE"
            && f["Workflow"]["Status"] == "NEW"
            && f["Compliance"]["Status"] != "PASSED"
    };
    let mut critical = hub.iter().filter(open);

    // An analyst suppresses a finding; UpdatedAt does not move. The watch clock sees it.
    let mut silent = critical.next().unwrap().clone();
    silent["Workflow"]["Status"] = "SUPPRESSED".into();
    assert!(world.put(account, region, &silent));
    clock.set(begin + SignedDuration::from_mins(6));
    let is = |standing| move |f: &StoredFinding| f.standing == standing;
    until(
        &*store,
        text(&silent, "Id"),
        "suppressed",
        is(Standing::Suppressed),
    )
    .await;

    // A finding is delivered forty hours late. The late clock sees it.
    let mut late = hub[0].clone();
    late["Id"] = "a-late-delivery".into();
    late["RecordState"] = "ACTIVE".into();
    late["UpdatedAt"] = (begin - SignedDuration::from_hours(40)).to_string().into();
    assert!(world.put(account, region, &late));
    clock.set(begin + SignedDuration::from_mins(62));
    until(&*store, "a-late-delivery", "recorded", |_| true).await;

    // A finding is deleted, and one that no incident watches changes in silence. The comparison
    // sees both, and takes nothing for gone that is there.
    let deleted = critical.next().unwrap();
    assert!(world.remove(
        account,
        region,
        text(deleted, "ProductArn"),
        text(deleted, "Id")
    ));
    let mut quiet = hub
        .iter()
        .find(|f| f["Severity"]["Label"] == "LOW")
        .unwrap()
        .clone();
    quiet["Note"] = serde_json::json!({"Text": "seen", "UpdatedBy": "me"});
    assert!(world.put(account, region, &quiet));
    clock.set(begin + SignedDuration::from_hours(25));
    until(&*store, text(deleted, "Id"), "gone", is(Standing::Gone)).await;
    let noted = |f: &StoredFinding| f.raw.contains("\"seen\"");
    until(&*store, text(&quiet, "Id"), "noted", noted).await;
    let gone = FindingFilter {
        standings: vec![Standing::Gone],
        ..FindingFilter::default()
    };
    let gone = store.findings(gone).await.unwrap();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].gone.as_deref(), Some("deleted"));

    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
}

/// Suppresses every finding of a scope whose id begins with a word, without moving `UpdatedAt`.
fn suppress_silently(world: &hubwatch::simulator::Handle, place: (&str, &str), word: &str) {
    for raw in world.findings(place.0, place.1).unwrap() {
        let mut finding: Value = serde_json::from_str(&raw).unwrap();
        if text(&finding, "Id").starts_with(word) {
            finding["Workflow"]["Status"] = "SUPPRESSED".into();
            assert!(world.put(place.0, place.1, &finding));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_findings_are_watched_all_are_asked_for_in_each_round() {
    const MANY: u32 = 450;
    let bench = Bench::start(Options {
        quota: Quota::OFF,
        ..options(37)
    })
    .await;
    let world = bench.simulator.world();
    let scope = bench.some_scope();
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    let sound = world.findings(account, region).unwrap();
    let mut sound: Value = serde_json::from_str(&sound[0]).unwrap();
    sound["Severity"] = serde_json::json!({"Label": "CRITICAL"});
    sound["RecordState"] = "ACTIVE".into();
    sound["Workflow"] = serde_json::json!({"Status": "NEW"});
    sound["Compliance"] = serde_json::json!({"Status": "FAILED"});
    for n in 0..MANY {
        sound["Id"] = format!("watched-{n}").into();
        assert!(world.put(account, region, &sound));
    }
    let begin = Timestamp::now();
    let clock = Clock::fixed(begin);
    let daemon = bench.loops(&clock).await;
    let store = daemon.store.clone();
    let stop = CancellationToken::new();
    let watching = daemon.clone();
    let mut running = tokio::task::JoinSet::new();
    running.spawn(daemon.run(stop.clone()));
    assert!(watching.until_synced(&stop, |_| {}).await.is_synced());

    suppress_silently(&world, (account, region), "watched-");
    clock.set(begin + SignedDuration::from_mins(6));
    for n in 0..MANY {
        let id = format!("watched-{n}");
        until(&*store, &id, "suppressed", |f| {
            f.standing == Standing::Suppressed
        })
        .await;
    }
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
}
