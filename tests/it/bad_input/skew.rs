//! Clocks that do not agree: ours and AWS's.

use hubwatch::domain::{Clock, CoverageState, Timestamp, Vantage};
use jiff::{SignedDuration, fmt::rfc2822};
use serde_json::{Value, json};

use super::{Line, meddler::Answer};

/// The time of AWS's clock when ours is ahead by so much.
fn theirs(ahead: SignedDuration) -> String {
    let at = Timestamp::now() - ahead;
    rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap()
}

/// A finding that a provider has just updated.
fn updated(line: &Line, id: &str, at: Timestamp) {
    let (account, region) = line.place();
    let world = line.bench.simulator.world();
    let raw = world.findings(&account, &region).unwrap();
    let mut finding: Value = serde_json::from_str(&raw[0]).unwrap();
    finding["Id"] = id.into();
    finding["UpdatedAt"] = at.to_string().into();
    assert!(world.put(&account, &region, &finding));
}

async fn watermark(line: &Line) -> Timestamp {
    let scope = line.bench.some_scope();
    let known = line
        .store()
        .progress(&Vantage::member(scope))
        .await
        .unwrap();
    known.progress.unwrap().watermark
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_ahead_moves_no_watermark_over_what_is_to_come() {
    let begin = Timestamp::now();
    let mut line = Line::lay(1, 20, Clock::fixed(begin)).await;
    // More than the overlap, less than what makes AWS refuse us by its documentation.
    let ahead = SignedDuration::from_mins(14);
    line.meddler
        .meddle(move |_, answer| answer.set("date", &theirs(ahead)));
    line.run();
    line.until_synced().await;
    line.clock.set(begin + SignedDuration::from_mins(1));
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let slack = SignedDuration::from_secs(10);
    let aws_now = begin + SignedDuration::from_mins(1) - ahead;
    assert!(watermark(&line).await <= aws_now + slack);

    // An hour before the late clock: the tail has to find it.
    updated(
        &line,
        "just-updated",
        aws_now + SignedDuration::from_secs(30),
    );
    line.clock.set(begin + SignedDuration::from_mins(3));
    line.until_there("just-updated").await;
    line.end().await.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_behind_does_not_delay_news() {
    let begin = Timestamp::now();
    let mut line = Line::lay(1, 20, Clock::fixed(begin)).await;
    let behind = SignedDuration::from_mins(4);
    line.meddler
        .meddle(move |_, answer| answer.set("date", &theirs(-behind)));
    line.run();
    line.until_synced().await;
    updated(&line, "just-updated", begin + behind);
    line.clock.set(begin + SignedDuration::from_mins(1));
    line.until_there("just-updated").await;
    // What AWS's clock says is no reason to run ahead of ours.
    assert!(watermark(&line).await <= begin + SignedDuration::from_mins(1));
    line.end().await.assert_store_equals_hub().await;
}

/// A signature refused for its time, in AWS's words.
fn refuse(answer: &mut Answer, code: &str, said: &str) {
    answer.status = 403;
    answer.set("date", "Tue, 24 Nov 2026 07:00:00 GMT");
    answer.set("x-amzn-errortype", code);
    answer.body = json!({"message": said}).to_string().into();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_aws_refuses_is_named_with_aws_s_time_until_it_is_right() {
    let refusals = [
        (
            "InvalidSignatureException",
            "Signature expired: 20261124T100000Z is now earlier than 20261124T105500Z (20261124T110000Z - 5 min.)",
        ),
        (
            "InvalidSignatureException",
            "Signature not yet current: 20261124T130000Z is still later than 20261124T120500Z (20261124T120000Z + 5 min.)",
        ),
        ("RequestExpired", "Request has expired."),
    ];
    let mut line = Line::lay(1, 20, Clock::system()).await;
    line.run();
    line.until_synced().await;
    for (code, said) in refusals {
        line.meddler.meddle(move |asked, answer| {
            if asked.is_findings() {
                refuse(answer, code, said);
            }
        });
        let coverage = until(&line, CoverageState::Unreachable).await;
        let error = coverage.error().unwrap();
        for words in ["clock differs too much", "2026-11-24T07:00:00Z", "NTP"] {
            assert!(error.contains(words), "{words} in {error}");
        }
        assert!(coverage.last_complete().is_some());
        line.meddler.leave_alone();
        until(&line, CoverageState::Ok).await;
    }
    line.end().await.assert_store_equals_hub().await;
}

async fn until(line: &Line, state: CoverageState) -> hubwatch::domain::Coverage {
    for _ in 0..300 {
        let coverage = line.store().coverage().await.unwrap();
        if coverage[0].state == state {
            return coverage.into_iter().next().unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("never {state:?}: {:?}", line.store().coverage().await);
}
