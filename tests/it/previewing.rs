//! `hubwatch rules preview`: what it says a configuration would do is what that configuration does.

use std::{collections::BTreeMap, fs};

use hubwatch::{domain::Timestamp, store::StoredIncident};
use jiff::SignedDuration;
use serde_json::Value;

use crate::support::Bench;

/// The bench's configuration with other routes, as `new.toml`.
fn write_new(bench: &Bench, routes: &str) -> String {
    let old = fs::read_to_string(bench.path("hubwatch.toml")).unwrap();
    let (before, rest) = old.split_once("[[routes]]").unwrap();
    let (_, sinks) = rest.split_once("[sinks.jira]").unwrap();
    let path = bench.path("new.toml");
    fs::write(&path, format!("{before}{routes}\n[sinks.jira]{sinks}")).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn preview(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String, String) {
    let all = [&["rules", "preview"], arguments].concat();
    let output = bench.hubwatch(&all).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// How many deliveries each sink has.
fn deliveries(incidents: &[StoredIncident]) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for delivery in incidents.iter().flat_map(|stored| &stored.deliveries) {
        *found.entry(delivery.sink.clone()).or_default() += 1;
    }
    found
}

/// The sum of a key over the rows of a route.
fn sum(report: &Value, route: &str, key: &str) -> usize {
    let rows = report["routes"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["route"] == route);
    let sum: u64 = rows.map(|row| row[key].as_u64().unwrap()).sum();
    usize::try_from(sum).unwrap()
}

/// Four routes, the first of which is muted from an hour ago until two hours ahead.
fn new_routes() -> String {
    let hours = |hours: i64| Timestamp::now() + SignedDuration::from_hours(hours);
    format!(
        r#"
        [[routes]]
        name = "critical"
        match = {{ severity = "CRITICAL" }}
        sinks = ["jira"]
        first_sync = "notify"
        continue = true
        mute = [{{ from = "{}", to = "{}" }}]

        [[routes]]
        name = "bad"
        match = {{ severity = ">=HIGH", products = ["Security Hub"] }}
        sinks = ["jira", "mail"]
        first_sync = "notify"

        [[routes]]
        name = "by-account"
        match = {{ severity = ">=MEDIUM" }}
        group_by = "account"
        sinks = ["mail"]
        first_sync = "notify"

        [[routes]]
        name = "low"
        match = {{ severity = "LOW" }}
        sinks = ["mail"]
        "#,
        hours(-1).strftime("%H:%M"),
        hours(2).strftime("%H:%M"),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_preview_says_is_what_the_configuration_then_does() {
    let bench = Bench::synced(4, 400, 71).await;
    let new = write_new(&bench, &new_routes());
    let before = bench.incidents().await;
    let (code, out, err) = preview(&bench, &["--config", &new, "--output", "json"]).await;
    assert_eq!(code, Some(0), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(bench.incidents().await, before, "nothing was written");

    let config = bench.path("hubwatch.toml");
    fs::copy(&new, config).unwrap();
    let (code, _, err) = bench.run(&["sync"]).await;
    assert_eq!(code, Some(0), "{err}");
    let after = bench.incidents().await;

    let is_open = |stored: &&StoredIncident| stored.incident.state.is_active();
    for route in ["critical", "bad", "by-account", "low"] {
        let of_route = |stored: &&StoredIncident| stored.incident.route == route;
        let open: Vec<_> = after.iter().filter(is_open).filter(of_route).collect();
        assert!(!open.is_empty(), "{route}");
        assert_eq!(sum(&report, route, "open_incidents"), open.len(), "{route}");
        let held = open.iter().filter(|s| s.incident.muted_until.is_some());
        assert_eq!(sum(&report, route, "held"), held.count(), "{route}");
        let issues: u32 = open.iter().map(|s| s.incident.open_issues).sum();
        let issues = usize::try_from(issues).unwrap();
        assert_eq!(sum(&report, route, "open_issues"), issues, "{route}");
        let told = open.iter().filter(|s| !s.deliveries.is_empty()).count();
        let over = sum(&report, route, "over_incidents");
        let said = sum(&report, route, "told");
        let held = sum(&report, route, "held");
        assert!(
            (told + held..=told + held + over).contains(&said),
            "{route}"
        );
    }
    // What was there before is history, and that route is silent of it.
    assert_eq!(sum(&report, "low", "owed_at_once"), 0);
    assert_eq!(sum(&report, "low", "told"), 0);
    assert!(sum(&report, "by-account", "owed_at_once") > 0);
    assert!(sum(&report, "critical", "held") > 0);

    let (was, is) = (deliveries(&before), deliveries(&after));
    let mut owed: BTreeMap<String, u64> = BTreeMap::new();
    for row in report["sinks"].as_array().unwrap() {
        let sink = row["sink"].as_str().unwrap().to_owned();
        *owed.entry(sink).or_default() += row["owed_at_once"].as_u64().unwrap();
    }
    assert!(owed["mail"] > 0);
    for (sink, owed) in owed {
        let count = |of: &BTreeMap<String, u64>| of.get(&sink).copied().unwrap_or_default();
        assert_eq!(owed, count(&is) - count(&was), "{sink}");
    }

    let count = |n: usize| Value::from(u64::try_from(n).unwrap());
    let difference = &report["difference"];
    let was_open: Vec<_> = before.iter().filter(is_open).collect();
    let is_still = |old: &&&StoredIncident| {
        let same = |new: &&StoredIncident| new.incident.id == old.incident.id;
        after.iter().filter(is_open).any(|new| same(&new))
    };
    let kept = was_open.iter().filter(is_still).count();
    assert!(kept > 0 && kept < was_open.len());
    assert_eq!(difference["kept"], count(kept));
    assert_eq!(difference["ended"], count(was_open.len() - kept));
    let all_open = after.iter().filter(is_open).count();
    assert_eq!(difference["opened"], count(all_open - kept));
    assert_eq!(difference["left_behind"], 0);
    for (key, state) in [("opened_examples", "opened"), ("ended_examples", "ended")] {
        let examples = difference[key].as_array().unwrap();
        let all = difference[state].as_u64().unwrap();
        assert_eq!(
            examples.len(),
            usize::try_from(all.min(10)).unwrap(),
            "{key}"
        );
    }

    // From here on it would do nothing.
    let (_, out, _) = preview(&bench, &["--config", &new, "--output", "json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    let difference = &report["difference"];
    assert_eq!(difference["kept"], count(all_open));
    for none in ["opened", "reopened", "ended", "left_behind"] {
        assert_eq!(difference[none], 0, "{none}");
    }
    for sink in report["sinks"].as_array().unwrap() {
        assert_eq!(sink["owed_at_once"], 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_reads_any_store_beside_the_daemon_and_says_what_is_wrong() {
    let bench = Bench::synced(4, 400, 72).await;
    let renamed = write_new(
        &bench,
        "[[routes]]\nname = \"renamed\"\nsinks = [\"mail\"]\nfirst_sync = \"notify\"",
    );
    let elsewhere = fs::read_to_string(&renamed).unwrap();
    let elsewhere = elsewhere.replace("hubwatch.db", "elsewhere.db");
    fs::write(&renamed, elsewhere).unwrap();

    let daemon = bench.daemon();
    bench.address().await;
    let store = format!("sqlite://{}", bench.path("hubwatch.db").display());
    let with_store = ["--config", &renamed, "--store", &store];
    let (code, out, err) = preview(&bench, &with_store).await;
    assert_eq!(code, Some(0), "{err}");
    let open = bench.incidents().await;
    let open = open.iter().filter(|s| s.incident.state.is_active()).count();
    assert!(out.contains(&format!("{open} would be new")), "{out}");
    let kept = format!("{open} would tell nobody any more");
    assert!(out.contains(&kept), "{out}");
    let row = out
        .lines()
        .find(|line| line.contains("renamed") && line.contains("CRITICAL"));
    assert!(row.is_some(), "{out}");
    assert!(err.contains("issues looked at"), "{err}");
    assert_eq!(crate::support::terminate(daemon).await, Some(0));

    let (code, _, err) = preview(&bench, &["--config", &renamed]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("has `hubwatch run` or"), "{err}");
    write_new(&bench, "[[routes]]\nname = \"renamed\"\nsinks = []");
    let (code, _, err) = preview(&bench, &["--config", &renamed]).await;
    assert_eq!(code, Some(2));
    assert!(err.contains("routes[0].sinks"), "{err}");
    let nowhere = ["--config", &renamed, "--store", "nowhere"];
    let (code, _, _) = preview(&bench, &nowhere).await;
    assert_eq!(code, Some(2));
}
