//! The whole of hubwatch as a process, against the simulated organization.

use std::{collections::BTreeSet, time::Duration};

use hubwatch::{
    domain::{CoverageState, Timestamp, Vantage, delivery::DeliveryState},
    simulator::{Faults, Options, Quota, desk, jira},
};

use crate::support::{Bench, kill_9, tail, terminate};

/// A small organization with one account or Region of each kind of trouble.
fn options(seed: u64) -> Options {
    Options {
        accounts: 10,
        regions: 3,
        findings: 1_200,
        seed,
        jira: jira::Settings {
            search_lag: Duration::from_secs(1),
            ..jira::Settings::default()
        },
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_in_the_middle_of_the_first_sync_changes_nothing_in_the_end() {
    let bench = Bench::start(options(7)).await;
    for millis in [400, 700, 1_100, 1_600, 2_300] {
        let daemon = bench.daemon();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        kill_9(daemon).await;
    }
    let daemon = bench.daemon();
    bench.until_settled().await;
    assert_eq!(terminate(daemon).await, Some(0), "{}", tail(&bench.log()));
    bench.assert_store_equals_hub().await;
    bench.assert_one_ticket_each().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_jira_loses_make_no_second_ticket() {
    let bench = Bench::start(options(11)).await;
    let faults = desk::Faults {
        lose_answer: desk::Chance::probability(0.2),
        throttle: desk::Chance::probability(0.03),
        fail_after: desk::Chance::probability(0.1),
        writes_only: true,
        ..desk::Faults::default()
    };
    bench.simulator.booth().jira.set_faults(faults);
    let daemon = bench.daemon();
    bench.until_settled().await;
    terminate(daemon).await;
    let struck = bench.simulator.booth().jira.faults_struck();
    assert!(struck.values().sum::<u64>() > 20, "{struck:?}");
    bench.assert_one_ticket_each().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_asks_for_patience_is_left_alone_whatever_is_owed() {
    let bench = Bench::start(options(37)).await;
    let faults = desk::Faults {
        throttle: desk::Chance::always(),
        retry_after_secs: 3_600,
        ..desk::Faults::default()
    };
    bench.simulator.booth().jira.set_faults(faults);
    let daemon = bench.daemon();
    // The mails go out, and each incident owes a ticket as well.
    let mails = || bench.simulator.booth().mail.mails_accepted();
    for _ in 0..300 {
        if mails() > 100 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(mails() > 100, "{}", tail(&bench.log()));
    terminate(daemon).await;
    let struck: u64 = bench.simulator.booth().jira.faults_struck().values().sum();
    assert!((1..=4).contains(&struck), "asked {struck} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_on_the_way_loses_nothing() {
    let faults = Faults {
        throttle: 0.1,
        server_error: 0.05,
        cut: 0.05,
        short_pages: 0.3,
        ..Faults::default()
    };
    let bench = Bench::start(Options {
        faults,
        ..options(13)
    })
    .await;
    let daemon = bench.daemon();
    bench.until_settled().await;
    bench.simulator.world().set_faults(Faults::default());
    // What met trouble is asked again within an interval.
    tokio::time::sleep(Duration::from_secs(12)).await;
    bench.until_settled().await;
    terminate(daemon).await;
    bench.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_are_what_prometheus_expects() {
    let bench = Bench::start(options(17)).await;
    let daemon = bench.daemon();
    let address = bench.address().await;
    bench.until_settled().await;
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}"))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/livez").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    let (status, page) = get("/").await;
    assert!(status == 200 && page.contains("open incidents"), "{page}");
    assert_eq!(get("/incidents/1").await.0, 200);
    assert_eq!(get("/incidents/x%22").await.0, 404);

    // Scopes that had nothing new are noted a little later.
    let noted = "hubwatch_clock_lag_seconds{clock=\"tail\"";
    for _ in 0..100 {
        if get("/metrics").await.1.contains(noted) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (status, metrics) = get("/metrics").await;
    assert_eq!(status, 200);
    for name in [
        "hubwatch_build_info{",
        "hubwatch_findings{account=",
        "hubwatch_scopes{state=\"denied\"}",
        "hubwatch_scope_last_complete_timestamp_seconds{",
        "hubwatch_clock_lag_seconds{clock=\"backfill\",part=\"1\"}",
        "hubwatch_clock_scopes_never_complete{clock=\"backfill\"} 0",
        "hubwatch_series_left_out{metric=\"hubwatch_findings\"} 0",
        "hubwatch_loop_turning{loop=\"read\"} 1",
        "hubwatch_loop_succeeding{loop=\"deliver to jira\"} 1",
        "hubwatch_loop_turns_total{loop=\"record\",outcome=\"succeeded\"}",
        "hubwatch_store_rows{table=\"findings\"}",
        "hubwatch_store_wal_bytes",
        "hubwatch_aws_requests_total{",
        "hubwatch_deliveries{sink=\"jira\",state=\"delivered\"}",
        "process_resident_memory_bytes",
    ] {
        assert!(metrics.contains(name), "no {name} in\n{metrics}");
    }
    // Scrapers that come at once see every series, not each other's half.
    let scopes = series(&metrics);
    let mut scrapes = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let url = format!("http://{address}/metrics");
        scrapes.spawn(async move { reqwest::get(url).await.unwrap().text().await.unwrap() });
    }
    while let Some(scrape) = scrapes.join_next().await {
        assert_eq!(series(&scrape.unwrap()), scopes);
    }
    assert_eq!(promtool(metrics).await, "");
    terminate(daemon).await;
}

/// How many series there are of findings and of coverage.
fn series(metrics: &str) -> [usize; 2] {
    ["hubwatch_findings{", "hubwatch_scope_state{"]
        .map(|name| metrics.lines().filter(|l| l.starts_with(name)).count())
}

/// What `promtool check metrics` has to say.
async fn promtool(metrics: String) -> String {
    use std::process::Stdio;
    use tokio::io::AsyncWriteExt as _;
    let mut promtool = tokio::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is needed; run the tests with `make test`");
    let mut input = promtool.stdin.take().unwrap();
    let writing = async move {
        input.write_all(metrics.as_bytes()).await.unwrap();
    };
    let (output, ()) = tokio::join!(promtool.wait_with_output(), writing);
    let output = output.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sync_reads_everything_and_sends_nothing() {
    let bench = Bench::start(Options {
        malformed: 0.05,
        ..options(19)
    })
    .await;
    let (code, out, err) = bench.run(&["sync"]).await;
    // Some accounts cannot be read.
    assert_eq!(code, Some(3), "{err}");
    assert!(out.starts_with("synced: 30 accounts x Regions"), "{out}");
    assert_eq!(bench.simulator.booth().jira.ticket_count(), 0);
    assert!(bench.incidents().await.iter().all(|incident| {
        incident
            .deliveries
            .iter()
            .all(|delivery| delivery.state == DeliveryState::Pending)
    }));

    let (code, out, _) = bench
        .run(&["findings", "list", "--rejected", "--output", "json"])
        .await;
    assert_eq!(code, Some(0));
    let rejected: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    assert!(!rejected.is_empty());
    assert!(
        rejected
            .iter()
            .all(|r| r["reason"].is_string() && r["raw"].is_string())
    );

    let (_, raw, _) = bench
        .run(&["findings", "list", "--raw", "--limit", "0"])
        .await;
    let mut ours: Vec<&str> = raw.lines().collect();
    assert!(ours.len() > 500, "{}", ours.len());
    // Exactly as the hub holds them, for an account that can be read.
    let truth = bench.simulator.world().truth();
    let scope = truth
        .scopes
        .iter()
        .filter(|s| s.reach == hubwatch::simulator::Reach::Ok)
        .max_by_key(|s| s.findings)
        .unwrap();
    let theirs = bench
        .simulator
        .world()
        .findings(&scope.account_id, &scope.region)
        .unwrap();
    ours.sort_unstable();
    let found = theirs
        .iter()
        .filter(|raw| ours.binary_search(&raw.as_str()).is_ok())
        .count();
    let unread = theirs.len() - found;
    assert!(
        found > 10 && unread <= rejected.len(),
        "{found} of {}",
        theirs.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sync_asks_every_scope_again() {
    // More than are asked at the same time, so that the last ones have to wait.
    let bench = Bench::start(Options {
        accounts: 40,
        ..options(29)
    })
    .await;
    bench.run(&["sync"]).await;
    assert!(!bench.path("hubwatch.db-wal").exists(), "closed cleanly");
    let (before, _) = last_complete(&bench).await;
    // What was read less than half an interval ago is not asked again.
    tokio::time::sleep(Duration::from_secs(6)).await;
    bench.simulator.world().set_faults(Faults {
        slow: 1.0,
        slow_millis: 600,
        services: ["securityhub".to_owned()].into(),
        ..Faults::default()
    });
    let (_, out, err) = bench.run(&["sync"]).await;
    assert!(out.starts_with("synced"), "{out}\n{err}");
    let (_, oldest) = last_complete(&bench).await;
    assert!(oldest > before, "{oldest} is of the sync before {before}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_account_holds_when_it_lets_us_in_is_history() {
    let bench = Bench::start(options(31)).await;
    let world = bench.simulator.world();
    let scope = bench.some_scope();
    let denied: BTreeSet<String> = world
        .truth()
        .scopes
        .into_iter()
        .map(|scope| scope.account_id)
        .collect();
    world.set_faults(Faults {
        denied_accounts: denied,
        ..Faults::default()
    });
    bench.run(&["sync"]).await;
    assert!(bench.incidents().await.is_empty());

    let known = bench
        .store()
        .progress(&Vantage::member(scope.clone()))
        .await
        .unwrap();
    assert_eq!(known.progress, None, "nobody has answered yet");
    world.set_faults(Faults::default());
    bench.run(&["sync"]).await;
    let known = bench
        .store()
        .progress(&Vantage::member(scope.clone()))
        .await
        .unwrap();
    assert!(known.progress.unwrap().is_backfilled());
}

/// When the readable scopes were last read to an end: the newest such time, and the oldest.
async fn last_complete(bench: &Bench) -> (Timestamp, Timestamp) {
    let coverage = bench.store().coverage().await.unwrap();
    let times = coverage.iter().filter(|c| c.state == CoverageState::Ok);
    let times: Vec<Timestamp> = times.map(|c| c.last_complete().unwrap()).collect();
    (*times.iter().max().unwrap(), *times.iter().min().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_history_is_read_in_parts_and_whole() {
    let bench = Bench::start(Options {
        accounts: 1,
        regions: 1,
        findings: 12_000,
        quota: Quota::OFF,
        administrator: false,
        ..options(29)
    })
    .await;
    let config = bench.path("hubwatch.toml");
    let output = bench
        .hubwatch(&["sync", "--config", config.to_str().unwrap()])
        .env("HUBWATCH_AWS__REQUESTS_PER_SECOND", "1000")
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), output)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    bench.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_find_a_finding_and_what_to_do_about_it() {
    let bench = Bench::start(options(23)).await;
    bench.run(&["sync"]).await;
    let list = [
        "findings",
        "list",
        "--severity",
        "CRITICAL",
        "--status",
        "open",
    ];
    let (code, out, _) = bench
        .run(&[&list[..], &["--output", "ndjson"]].concat())
        .await;
    assert_eq!(code, Some(0));
    let findings: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!findings.is_empty());
    assert!(
        findings
            .iter()
            .all(|f| f["severity"] == "CRITICAL" && f["status"] == "open")
    );

    let advised = findings
        .iter()
        .find(|f| f["remediation"].is_string())
        .unwrap();
    let id = advised["id"].as_str().unwrap();
    let (code, out, _) = bench.run(&["findings", "show", id]).await;
    assert_eq!(code, Some(0));
    assert!(out.contains("What to do") && out.contains(id), "{out}");

    let (code, _, err) = bench.run(&["findings", "show", "no-such-finding"]).await;
    assert_eq!(code, Some(1));
    assert!(err.contains("findings list"), "{err}");

    let (code, out, _) = bench
        .run(&["coverage", "--state", "denied", "--output", "json"])
        .await;
    assert_eq!(code, Some(3));
    let denied: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    assert!(
        denied[0]["error"]
            .as_str()
            .unwrap()
            .contains("securityhub:GetFindings"),
        "{out}"
    );
    // No terminal: rows stay one line and nothing is coloured.
    let (_, table, _) = bench.run(&list).await;
    assert!(!table.contains('\u{1b}'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_shows_both_sides_to_agree() {
    let mut demo = tokio::process::Command::new(env!("CARGO_BIN_EXE_hubwatch"));
    let demo = demo
        .args([
            "demo",
            "--exit-when-synced",
            "--listen",
            "127.0.0.1:0",
            "--findings",
            "800",
        ])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), demo)
        .await
        .unwrap()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
    assert!(out.contains("both sides agree"), "{out}");
}
