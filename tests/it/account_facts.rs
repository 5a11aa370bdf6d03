//! Routes and owners by what the simulated organization says of accounts.

use std::{collections::BTreeSet, fs};

use hubwatch::{
    domain::{Severity, Standing},
    simulator::{AccountTruth, Faults, Options, Quota},
    store::FindingFilter,
};
use serde_json::Value;

use crate::support::{Bench, terminate};

/// The accounts that have something to tell of, and those that are told of.
async fn synced(bench: &Bench) -> (BTreeSet<String>, BTreeSet<String>) {
    // Some accounts of this organization cannot be read, which the exit code says.
    let (_, _, err) = bench.run(&["sync"]).await;
    let filter = FindingFilter {
        at_least: Some(Severity::High),
        standings: vec![Standing::Open],
        ..FindingFilter::default()
    };
    let bad = bench.store().findings(filter).await.unwrap();
    let bad = bad.iter().map(|found| found.scope.account.to_string());
    let incidents = bench.incidents().await;
    let told = incidents.iter().filter(|i| i.incident.state.is_active());
    let told = told.map(|i| i.incident.account.to_string()).collect();
    let bad: BTreeSet<String> = bad.collect();
    assert!(!bad.is_empty(), "{err}");
    (bad, told)
}

fn truth(bench: &Bench, account: &str) -> AccountTruth {
    bench.simulator.world().account(account).unwrap()
}

/// Whether the route of the test has an account.
fn has(bench: &Bench, account: &str) -> bool {
    let truth = truth(bench, account);
    let is_below = truth.above.iter().any(|(name, _)| name == "Workloads");
    is_below && ["prod", "staging"].contains(&&*truth.tags["environment"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_has_the_accounts_of_its_units_and_tags_and_follows_them_when_they_change() {
    let bench = Bench::start(Options {
        accounts: 16,
        regions: 2,
        findings: 800,
        quota: Quota::OFF,
        faults: Faults::none(),
        ..Options::default()
    })
    .await;
    let world = bench.simulator.world();
    let all = world.truth().scopes.into_iter().map(|s| s.account_id);
    let all: BTreeSet<String> = all.collect();
    let above = all.iter().flat_map(|id| truth(&bench, id).above);
    let mut workloads = above.filter(|(name, _)| name == "Workloads");
    let (_, workloads) = workloads.next().unwrap();
    let path = bench.path("hubwatch.toml");
    let settings = fs::read_to_string(&path).unwrap();
    let before = "match = { severity = \">=HIGH\" }";
    assert!(settings.contains(before));
    let after = format!(
        "match = {{ severity = \">=HIGH\", ous = [\"{workloads}\"], \
         tags = {{ environment = [\"prod\", \"stag*\"] }} }}"
    );
    let settings = settings.replace(before, &after);
    fs::write(
        &path,
        format!("owner = {{ tags = [\"team\"] }}\n{settings}"),
    )
    .unwrap();

    let (bad, told) = synced(&bench).await;
    let expected = |bad: &BTreeSet<String>| -> BTreeSet<String> {
        bad.iter().filter(|id| has(&bench, id)).cloned().collect()
    };
    assert_eq!(told, expected(&bad));
    assert!(told.len() > 2 && told.len() < bad.len(), "{told:?} {bad:?}");

    // An incident's owner, where its resource names none, is the account's team.
    let incidents = bench.incidents().await;
    let incident = incidents.first().unwrap();
    let id = incident.incident.id.unwrap().to_string();
    let (_, out, _) = bench
        .run(&["incidents", "show", &id, "--output", "json"])
        .await;
    let shown: Value = serde_json::from_str(&out).unwrap();
    let brief = bench.store().brief(incident.incident.id.unwrap(), 1).await;
    let of_resource = brief.unwrap().unwrap().resource_tags.remove("team");
    let account = incident.incident.account.as_str();
    let team = of_resource.unwrap_or_else(|| truth(&bench, account).tags["team"].clone());
    assert_eq!(shown["owner"], team.as_str());
    let daemon = bench.daemon();
    bench.until_settled().await;
    assert_eq!(terminate(daemon).await, Some(0));
    let tickets = format!("{:?}", bench.simulator.booth().jira.tickets());
    assert!(tickets.contains("Owner"), "no ticket says who owns it");

    // One leaves the unit, one is tagged otherwise, and one comes.
    let mut in_it = told.iter();
    let (leaves, changes) = (in_it.next().unwrap(), in_it.next().unwrap());
    let comes = bad.difference(&told).next().unwrap();
    assert!(world.move_account(leaves, "Sandbox"));
    assert!(world.retag_account(changes, "environment", "dev"));
    assert!(world.move_account(comes, "Production"));
    assert!(world.retag_account(comes, "environment", "prod"));
    let (bad, told) = synced(&bench).await;
    assert_eq!(told, expected(&bad));
    assert!(told.contains(comes) && !told.contains(leaves) && !told.contains(changes));
}
