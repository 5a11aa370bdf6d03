//! Mute times of routes, with everything around them: nobody is told while one lasts, and afterwards
//! people are told of what is left, once.

use std::{collections::BTreeSet, fs, time::Duration};

use hubwatch::{
    domain::{Clock, Timestamp, delivery::DeliveryState},
    simulator::{Faults, Options, Quota},
    store::{Store, StoredIncident},
};
use jiff::SignedDuration;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::Bench;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn options(seed: u64) -> Options {
    Options {
        accounts: 3,
        regions: 2,
        findings: 300,
        seed,
        administrator: false,
        quota: Quota::OFF,
        faults: Faults::none(),
        ..Options::default()
    }
}

/// An organization whose route is muted from an hour ago until two hours ahead, and when that ends.
async fn muted(seed: u64, begin: Timestamp) -> (Bench, Timestamp) {
    let bench = Bench::start(options(seed)).await;
    let clock = |at: Timestamp| at.strftime("%H:%M").to_string();
    let end = begin + HOUR * 2;
    let mute = format!(
        "mute = [{{ from = \"{}\", to = \"{}\" }}]\nfirst_sync",
        clock(begin - HOUR),
        clock(end)
    );
    let path = bench.path("hubwatch.toml");
    let settings = fs::read_to_string(&path).unwrap();
    assert!(settings.contains("first_sync"));
    fs::write(&path, settings.replace("first_sync", &mute)).unwrap();
    let seconds = end.as_second().rem_euclid(60);
    let end = Timestamp::from_second(end.as_second() - seconds).unwrap();
    (bench, end)
}

/// Waits until it is so.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come to be that {what}");
}

async fn is_decided(store: &dyn Store) -> bool {
    store.tallies().await.unwrap().touched == 0
}

fn is_open(stored: &&StoredIncident) -> bool {
    stored.incident.state.is_active()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_in_a_mute_time_and_afterwards_of_what_is_left_and_once() {
    let begin = Timestamp::now();
    let (bench, end) = muted(61, begin).await;
    let world = bench.simulator.world();
    let clock = Clock::fixed(begin);

    // Everything is found and decided, and nobody hears of it.
    let daemon = bench.loops(&clock).await;
    let (stop, watching) = (CancellationToken::new(), daemon.clone());
    let mut running = tokio::task::JoinSet::new();
    running.spawn(daemon.run(stop.clone()));
    assert!(watching.until_synced(&stop, |_| {}).await.is_synced());
    let store = watching.store.clone();
    until("all is decided", async || is_decided(&*store).await).await;
    let before = bench.incidents().await;
    assert!(before.len() > 10, "{}", before.len());
    for stored in &before {
        assert_eq!(stored.incident.muted_until, Some(end));
        assert!(stored.deliveries.is_empty());
    }

    // Analysts suppress all that one account and Region has.
    let scope = bench.some_scope();
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    for raw in world.findings(account, region).unwrap() {
        let mut finding: Value = serde_json::from_str(&raw).unwrap();
        finding["Workflow"]["Status"] = "SUPPRESSED".into();
        assert!(world.put(account, region, &finding));
    }
    clock.set(begin + SignedDuration::from_mins(6));
    until("some incidents are over", async || {
        let incidents = bench.incidents().await;
        let there = incidents.iter().filter(is_open).filter(|stored| {
            let incident = &stored.incident;
            incident.account == scope.account && incident.region.as_ref() == Some(&scope.region)
        });
        there.count() == 0
    })
    .await;
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();
    drop((watching, store));

    // A new process, in the last minute.
    clock.set(end - SignedDuration::from_secs(30));
    let daemon = bench.loops(&clock).await;
    let (stop, watching) = (CancellationToken::new(), daemon.clone());
    running.spawn(daemon.run(stop.clone()));
    assert!(watching.until_synced(&stop, |_| {}).await.is_synced());
    let store = watching.store.clone();
    until("all is decided", async || is_decided(&*store).await).await;
    assert!(bench.simulator.booth().jira.tickets().is_empty());

    // The mute time ends; notices gather for a moment, so time goes on.
    clock.set(end);
    until("all that is left is told", async || {
        clock.set(clock.now() + SignedDuration::from_secs(2));
        let incidents = bench.incidents().await;
        incidents.iter().filter(is_open).all(|stored| {
            let sent = |delivery: &_| matches!(delivery, DeliveryState::Delivered);
            stored.deliveries.len() == 2 && stored.deliveries.iter().all(|d| sent(&d.state))
        })
    })
    .await;
    stop.cancel();
    running.join_next().await.unwrap().unwrap().unwrap();

    let incidents = bench.incidents().await;
    let (left, over): (Vec<_>, Vec<_>) = incidents.iter().partition(is_open);
    assert!(!left.is_empty() && !over.is_empty(), "{}", incidents.len());
    assert!(over.iter().all(|stored| stored.deliveries.is_empty()));
    assert!(incidents.iter().all(|s| s.incident.muted_until.is_none()));
    let ours: BTreeSet<_> = left
        .iter()
        .flat_map(|stored| &stored.deliveries)
        .filter(|delivery| delivery.sink == "jira")
        .map(|delivery| delivery.reference.clone().unwrap())
        .collect();
    let theirs = bench.simulator.booth().jira.tickets();
    assert_eq!(theirs.len(), left.len());
    assert_eq!(ours, theirs.into_iter().map(|ticket| ticket.key).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_told_until_when_a_route_is_muted() {
    let (bench, end) = muted(62, Timestamp::now()).await;
    let (code, _, err) = bench.run(&["sync"]).await;
    assert_eq!(code, Some(0), "{err}");
    let incident = bench.incidents().await.remove(0).incident;
    let id = incident.id.unwrap().to_string();
    let (_, shown, _) = bench.run(&["incidents", "show", &id]).await;
    let expected = format!("Nobody was told: its route is muted until {end}");
    assert!(shown.contains(&expected), "{shown}");
    let (_, listed, _) = bench.run(&["incidents", "list"]).await;
    assert!(listed.contains(&format!("muted until {end}")), "{listed}");

    let filter = ["--severity", "CRITICAL", "--status", "open", "--limit", "1"];
    let list = ["findings", "list", "--output", "ndjson"];
    let (_, found, _) = bench.run(&[&list[..], &filter].concat()).await;
    let finding: Value = serde_json::from_str(&found).unwrap();
    let (_, way, _) = bench
        .run(&["explain", finding["id"].as_str().unwrap()])
        .await;
    let expected = format!("=> nobody was told yet: route bad is muted until {end}");
    assert!(way.contains(&expected), "{way}");
}
