//! What an operator asks before the daemon runs: `check --online` and `plan`.

use std::{collections::BTreeSet, fs};

use hubwatch::simulator::{Options, Reach};
use serde_json::Value;

use super::support::Bench;

fn small() -> Options {
    Options {
        accounts: 3,
        regions: 2,
        findings: 50,
        ..Options::default()
    }
}

/// The scopes that the simulator's truth says so of, as `account/region`.
fn scopes(bench: &Bench, reach: Reach) -> BTreeSet<String> {
    let scopes = bench.simulator.world().truth().scopes.into_iter();
    let scopes = scopes.filter(|scope| scope.reach == reach);
    scopes
        .map(|scope| format!("{}/{}", scope.account_id, scope.region))
        .collect()
}

fn accounts(scopes: &BTreeSet<String>) -> BTreeSet<String> {
    let ids = scopes.iter().map(|scope| scope.split_once('/').unwrap().0);
    ids.map(str::to_owned).collect()
}

fn failure<'a>(report: &'a Value, outcome: &str) -> &'a Value {
    let failures = report["failures"].as_array().unwrap();
    let mut found = failures.iter().filter(|f| f["outcome"] == outcome);
    let failure = found
        .next()
        .unwrap_or_else(|| panic!("{outcome}: {report}"));
    assert!(found.next().is_none(), "two groups for {outcome}: {report}");
    failure
}

fn failed_scopes(failure: &Value) -> BTreeSet<String> {
    let scopes = failure["scopes"].as_array().unwrap().iter();
    let name = |s: &Value| {
        let (account, region) = (s["account"].as_str(), s["region"].as_str());
        format!("{}/{}", account.unwrap(), region.unwrap())
    };
    scopes.map(name).collect()
}

#[tokio::test]
async fn an_organization_that_is_set_up_well_has_no_problems() {
    let bench = Bench::start(small()).await;
    let (code, said, progress) = bench.run(&["check", "--online"]).await;
    assert_eq!(code, Some(0), "{said}{progress}");
    assert!(
        said.contains("6 of 6 accounts x Regions can be read"),
        "{said}"
    );
    assert!(said.contains("no problems"), "{said}");
    assert!(said.contains("not tried: sinks.jira, sinks.mail"), "{said}");
    assert!(progress.contains("3 of 3 accounts asked"), "{progress}");
    let store = bench.path("hubwatch.db");
    assert!(!store.exists(), "checking keeps nothing");
}

#[tokio::test]
async fn every_failure_is_grouped_with_the_others_of_its_cause_and_says_what_to_add() {
    let bench = Bench::start(Options::default()).await;
    let (code, said, _) = bench.run(&["check", "--online", "--output", "json"]).await;
    assert_eq!(code, Some(3), "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();

    let missing = failure(&report, "role_missing");
    assert_eq!(missing["action"], "sts:AssumeRole");
    let ids: BTreeSet<String> = serde_json::from_value(missing["accounts"].clone()).unwrap();
    assert_eq!(ids, accounts(&scopes(&bench, Reach::RoleMissing)));
    assert_eq!(
        failed_scopes(missing),
        BTreeSet::new(),
        "said once an account"
    );
    let statements = &missing["add"];
    let principal = statements[0]["statement"]["Principal"]["AWS"].as_str();
    assert_eq!(principal, report["caller"].as_str());
    let own = "arn:aws:iam::*:role/hubwatch-read";
    assert_eq!(statements[1]["statement"]["Resource"], own);

    let denied = failure(&report, "denied");
    assert_eq!(denied["action"], "securityhub:GetFindings");
    assert_eq!(failed_scopes(denied), scopes(&bench, Reach::Denied));
    // The simulator denies explicitly, which no statement lifts.
    assert_eq!(denied["add"], serde_json::json!([]));
    let off = failure(&report, "not_subscribed");
    assert_eq!(failed_scopes(off), scopes(&bench, Reach::NotSubscribed));
    let readable = scopes(&bench, Reach::Ok).len();
    assert_eq!(report["readable_scopes"], readable);

    let (code, table, _) = bench.run(&["check", "--online"]).await;
    assert_eq!(code, Some(3));
    assert!(
        table.contains("to add to the trust policy of the role"),
        "{table}"
    );
    let secret = &bench.simulator.endpoints().external_id;
    assert!(!said.contains(secret) && !table.contains(secret));
}

#[tokio::test]
async fn nothing_that_works_is_a_failure() {
    let bench = Bench::start(small()).await;
    fs::write(bench.path("external-id"), "another-one").unwrap();
    let (code, said, _) = bench.run(&["check", "--online"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("3 accounts: "), "{said}");
    assert!(said.contains("0 of 0 accounts x Regions"), "{said}");

    let config = bench.path("hubwatch.toml");
    let mut check = bench.hubwatch(&["check", "--online", "--config", config.to_str().unwrap()]);
    let refused = check.env("AWS_SECRET_ACCESS_KEY", "wrong").output().await;
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stdout).unwrap();
    assert!(said.contains("sts:GetCallerIdentity"), "{said}");
}

#[tokio::test]
async fn a_plan_counts_what_is_there_and_uses_what_the_store_knows() {
    let bench = Bench::start(small()).await;
    let plan = async |arguments: &[&str]| -> Value {
        let (code, said, progress) = bench.run(arguments).await;
        assert_eq!(code, Some(0), "{said}{progress}");
        serde_json::from_str(&said).unwrap()
    };
    let typed = plan(&["plan", "--findings", "2500", "--output", "json"]).await;
    assert_eq!(typed["accounts"], 3);
    assert_eq!(typed["scopes"], 6);
    assert_eq!(typed["findings"], 15_000);
    assert_eq!(typed["backfill_requests"], 6 * 26);
    // 26 requests at 3 a second, all six at once.
    let secs = typed["backfill_secs"].as_f64().unwrap();
    assert!((secs - 26.0 / 3.0).abs() < 0.01, "{secs}");
    // One page of accounts, our own Regions, and two requests for each account.
    assert_eq!(typed["discovery_requests"], 8);

    let assumed = plan(&["plan", "--output", "json"]).await;
    assert_eq!(assumed["findings"], 6_000);
    let (code, ..) = bench.run(&["sync"]).await;
    assert_eq!(code, Some(0));
    let known = plan(&["plan", "--output", "json"]).await;
    let truth = bench.simulator.world().truth();
    // What the store lacks is assumed.
    let empty = truth.scopes.iter().filter(|s| s.findings == 0).count();
    assert_eq!(known["findings"], truth.findings + 1_000 * empty);
    assert!(
        known["findings_from"]
            .as_str()
            .unwrap()
            .contains("the store")
    );

    let (code, table, _) = bench.run(&["plan"]).await;
    assert_eq!(code, Some(0));
    for part in ["history: time", "sync.poll_interval = 10s", "of its quota"] {
        assert!(table.contains(part), "{part} in {table}");
    }
}

#[tokio::test]
async fn accounts_that_cannot_be_asked_count_with_our_own_regions() {
    let bench = Bench::start(Options::default()).await;
    let (code, said, _) = bench.run(&["plan", "--output", "json"]).await;
    assert_eq!(code, Some(3), "{said}");
    let plan: Value = serde_json::from_str(&said).unwrap();
    let missing = accounts(&scopes(&bench, Reach::RoleMissing)).len();
    assert_eq!(plan["accounts_in_trouble"], missing);
    let truth = bench.simulator.world().truth();
    let left_out = [Reach::Suspended, Reach::RegionDisabled];
    let read = truth.scopes.iter().filter(|s| !left_out.contains(&s.reach));
    assert_eq!(plan["scopes"], read.count());
}
