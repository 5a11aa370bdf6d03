//! The simulated organization, tried with clients that nobody here wrote.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use hubwatch::simulator::{Options, Simulator};
use tokio::{io::AsyncWriteExt, process::Command};

/// A Python that has boto3: the one named by `HUBWATCH_TEST_PYTHON`, or the first on the path.
fn python() -> PathBuf {
    std::env::var_os("HUBWATCH_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_and_the_aws_cli_find_the_simulator_to_be_aws() {
    let python = python();
    let has_boto3 = Command::new(&python)
        .args(["-c", "import boto3"])
        .stderr(Stdio::null())
        .status()
        .await
        .is_ok_and(|status| status.success());
    assert!(
        has_boto3,
        "{} has no boto3; run the tests with `make test`",
        python.display()
    );

    let options = Options {
        accounts: 45,
        regions: 5,
        findings: 4_000,
        ..Options::default()
    };
    let running = Simulator::start(options).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/aws.py");
    let mut child = Command::new(&python)
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let line = serde_json::to_vec(running.endpoints()).unwrap();
    child.stdin.take().unwrap().write_all(&line).await.unwrap();
    let output = tokio::time::timeout(Duration::from_secs(300), child.wait_with_output())
        .await
        .expect("the script took over five minutes")
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{complained}");
    running.stop().await;
}
