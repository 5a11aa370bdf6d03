//! The simulated organization, tried with clients that nobody here wrote.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use hubwatch::{
    domain::{
        Clock, Question, Timestamp, Window,
        window::{ORIGIN, WindowKind},
    },
    simulator::{Faults, Options, Reach, Simulator},
};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::Command,
};

use crate::support::Bench;

/// A Python that has boto3: the one named by `HUBWATCH_TEST_PYTHON`, or the first on the path.
#[expect(
    clippy::disallowed_methods,
    reason = "the ban keeps the environment out of the product; this chooses what tests it"
)]
fn python() -> PathBuf {
    std::env::var_os("HUBWATCH_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_and_the_aws_cli_find_the_simulator_to_be_aws() {
    drive("aws.py", &["boto3"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jiras_own_client_and_smtplib_find_the_simulator_to_be_a_desk() {
    drive("desk.py", &["jira", "requests"]).await;
}

/// Runs a script of `tests/clients` against `hubwatch simulate`, as anybody would.
async fn drive(script: &str, needs: &[&str]) {
    let python = python();
    for module in needs {
        let import = ["-c", &format!("import {module}")];
        let has = Command::new(&python)
            .args(import)
            .stderr(Stdio::null())
            .status()
            .await;
        let has = has.is_ok_and(|status| status.success());
        assert!(has, "{} has no {module}; run `make test`", python.display());
    }
    let mut simulate = Command::new(env!("CARGO_BIN_EXE_hubwatch"))
        .args([
            "simulate",
            "--accounts",
            "45",
            "--regions",
            "5",
            "--findings",
            "4000",
        ])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut announced = BufReader::new(simulate.stdout.take().unwrap());
    announced.read_line(&mut line).await.unwrap();

    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(script);
    let mut child = Command::new(&python)
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(line.as_bytes())
        .await
        .unwrap();
    let output = tokio::time::timeout(Duration::from_secs(300), child.wait_with_output())
        .await
        .expect("the script took over five minutes")
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{complained}");
}

#[tokio::test]
async fn life_changes_findings_and_time_takes_them_away() {
    let running = Simulator::start(Options::default()).await.unwrap();
    let world = running.world();
    let before = world.truth();
    world.live_steps(500);
    let after = world.truth();
    assert!(after.findings > before.findings, "some appeared");
    for scope in &after.scopes {
        let findings = world.findings(&scope.account_id, &scope.region).unwrap();
        assert_eq!(findings.len(), scope.findings);
        for text in findings {
            let finding: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(finding["AwsAccountId"], scope.account_id.as_str());
        }
    }
    assert_eq!(
        world.advance(SignedDuration::from_hours(24 * 100)),
        after.findings
    );
    assert_eq!(
        world.truth().findings,
        0,
        "nothing was updated within 90 days"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_fault_changes_what_can_be_read_and_not_what_is_there() {
    let running = Simulator::start(Options::default()).await.unwrap();
    let world = running.world();
    let before = world.truth();
    let readable = before
        .scopes
        .iter()
        .find(|scope| scope.reach == Reach::Ok)
        .unwrap();
    let account_id = readable.account_id.clone();
    world.set_faults(Faults {
        denied_accounts: [account_id.clone()].into(),
        ..Faults::none()
    });
    let after = world.truth();
    assert_eq!(after.findings, before.findings);
    assert!(after.readable_findings < before.readable_findings);
    let of_account = after
        .scopes
        .iter()
        .filter(|scope| scope.account_id == account_id);
    assert!(of_account.into_iter().all(|scope| scope.reach != Reach::Ok));
    running.stop().await;
}

#[tokio::test]
async fn a_page_that_is_asked_for_again_has_a_token_that_is_still_good() {
    let options = Options {
        accounts: 1,
        regions: 1,
        findings: 150,
        token_lifetime_secs: 60,
        faults: Faults::none(),
        ..Options::default()
    };
    let bench = Bench::start(options).await;
    let world = bench.simulator.world();
    let clock = Clock::fixed(Timestamp::now());
    let aws = bench.loops(&clock).await.aws;
    let window = Window {
        kind: WindowKind::Backfill,
        start: ORIGIN,
        end: clock.now(),
    };
    let (scope, question) = (bench.some_scope(), Question::Updated(window));
    for _ in 0..4 {
        let first = aws.findings_page(&scope, &question, None).await.unwrap();
        let page: Value = serde_json::from_slice(&first).unwrap();
        let token = page["NextToken"].as_str();
        assert!(token.is_some());
        aws.findings_page(&scope, &question, token).await.unwrap();
        let _expired = world.advance(SignedDuration::from_secs(45));
    }
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused_at_the_start() {
    let refused = [
        Options {
            accounts: 0,
            ..Options::default()
        },
        Options {
            regions: 35,
            ..Options::default()
        },
        Options {
            listen: [0, 0, 0, 0].into(),
            ..Options::default()
        },
    ];
    for options in refused {
        assert!(Simulator::start(options).await.is_err());
    }
}
