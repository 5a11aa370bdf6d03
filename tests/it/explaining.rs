//! `hubwatch explain`: who was told of a finding, or the step at which its way ended.

use hubwatch::simulator::{Faults, Options, Quota};
use serde_json::Value;

use crate::support::Bench;

/// The ids of findings that a filter selects.
async fn ids(bench: &Bench, filter: &[&str]) -> Vec<String> {
    let list = ["findings", "list", "--output", "ndjson", "--limit", "0"];
    let (code, out, err) = bench.run(&[&list[..], filter].concat()).await;
    assert_eq!(code, Some(0), "{err}");
    let id = |line: &str| {
        let finding: Value = serde_json::from_str(line).unwrap();
        finding["id"].as_str().unwrap().to_owned()
    };
    out.lines().map(id).collect()
}

async fn explained(bench: &Bench, id: &str) -> Value {
    let (code, out, err) = bench.run(&["explain", id, "--output", "json"]).await;
    assert_eq!(code, Some(0), "{err}");
    let mut ways: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(ways.len(), 1, "{out}");
    ways.remove(0)
}

fn says(way: &Value, words: &str) -> bool {
    let verdict = way["verdict"].as_array().unwrap();
    verdict.iter().any(|s| s.as_str().unwrap().contains(words))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_finding_was_told_or_has_the_step_that_stopped_it() {
    let bench = Bench::synced(3, 300, 51).await;
    let critical = ids(&bench, &["--severity", "CRITICAL", "--status", "open"]).await;
    let way = explained(&bench, &critical[0]).await;
    assert_eq!(way["issue"]["status"], "open");
    assert_eq!(way["incidents"].as_array().unwrap().len(), 1, "{way}");
    assert!(says(&way, "jira is owed a notice"), "{way}");

    // Every finding's way ends somewhere, and none is said to be told whose issue makes no incident.
    let (mut told, mut unselected, mut over) = (0, 0, 0);
    for id in ids(&bench, &[]).await {
        let way = explained(&bench, &id).await;
        let has_incident = !way["incidents"].as_array().unwrap().is_empty();
        let is_open = way["issue"]["status"] == "open";
        assert_eq!(says(&way, "is owed a notice"), has_incident, "{way}");
        if has_incident {
            told += 1;
        } else if is_open {
            assert!(says(&way, "does not select it: match.severity"), "{way}");
            unselected += 1;
        } else {
            assert!(says(&way, "nobody was told"), "{way}");
            over += 1;
        }
        if told.min(unselected).min(over) >= 3 {
            break;
        }
    }
    assert!(
        told.min(unselected).min(over) > 0,
        "{told} {unselected} {over}"
    );

    let (code, out, _) = bench.run(&["explain", &critical[0]]).await;
    assert_eq!(code, Some(0));
    assert!(
        out.contains("Issue ") && out.contains("=> jira is owed"),
        "{out}"
    );
    let (code, _, err) = bench.run(&["explain", "no-such-finding"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("findings list"), "{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_silence_is_over_names_the_silence() {
    let bench = Bench::synced(3, 300, 52).await;
    let open = ids(&bench, &["--severity", "LOW", "--status", "open"]).await;
    let mut problem = None;
    for id in &open {
        let way = explained(&bench, id).await;
        if way["incidents"].as_array().unwrap().is_empty() {
            let name = way["issue"]["problem"].as_str().unwrap().to_owned();
            problem = Some((id.clone(), name));
            break;
        }
    }
    let (id, problem) = problem.unwrap();
    let add = ["silences", "add", "--for", "1h", "--by", "jane"];
    let why = ["--reason", "a test", "--problem", &problem];
    let (code, _, err) = bench.run(&[&add[..], &why].concat()).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(says(&explained(&bench, &id).await, "waits to be decided"));
    bench.run(&["sync"]).await;
    let way = explained(&bench, &id).await;
    assert!(says(&way, "a silence is over its issue until"), "{way}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_that_an_earlier_one_keeps_an_issue_from_says_which() {
    let bench = Bench::start(Options {
        accounts: 2,
        regions: 2,
        findings: 300,
        seed: 53,
        quota: Quota::OFF,
        faults: Faults::none(),
        ..Options::default()
    })
    .await;
    let path = bench.path("hubwatch.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let first = "[[routes]]\nname = \"controls\"\nmatch = { severity = \">=HIGH\", problems = [\"control:*\"] }\n\
                 sinks = [\"mail\"]\nfirst_sync = \"notify\"\n[[routes]]";
    std::fs::write(&path, settings.replace("[[routes]]", first)).unwrap();
    let (code, _, err) = bench.run(&["sync"]).await;
    assert_eq!(code, Some(0), "{err}");

    let (mut first, mut second) = (0, 0);
    for id in ids(&bench, &["--severity", "HIGH", "--status", "open"]).await {
        let way = explained(&bench, &id).await;
        if way["issue"]["status"] != "open" {
            continue;
        }
        let problem = way["issue"]["problem"].as_str().unwrap();
        let is_first = problem.starts_with("control:");
        let incidents = way["incidents"].as_array().unwrap();
        assert_eq!(incidents.len(), 1, "{way}");
        assert_eq!(
            incidents[0]["route"],
            if is_first { "controls" } else { "bad" },
            "{way}"
        );
        let behind =
            "route bad would select it, but an earlier route has it: controls does not continue";
        assert_eq!(says(&way, behind), is_first, "{way}");
        assert_eq!(says(&way, "jira is owed a notice"), !is_first, "{way}");
        if is_first {
            first += 1;
        } else {
            second += 1;
        }
        if first.min(second) >= 3 {
            break;
        }
    }
    assert!(first.min(second) > 0, "{first} {second}");
}
