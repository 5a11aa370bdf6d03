//! Findings that are not as they should be, between others that are.

use std::{collections::BTreeMap, sync::Arc};

use hubwatch::{
    domain::{Clock, CoverageState, Standing, Timestamp},
    store::{FindingFilter, StoredFinding},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Line;

/// What becomes of a raw finding.
enum Fate {
    /// It is rejected for this reason.
    Rejected(&'static str),
    /// It is recorded as it was sent.
    Kept,
    /// It is recorded, and another one of the page wins over it.
    Beaten,
}
use Fate::{Beaten, Kept, Rejected};

/// A sound finding of an account, with some fields set.
fn sound(account: &str, region: &str, id: &str, changes: &Value) -> Value {
    let mut finding: Value = serde_json::from_str(include_str!("../../data/control.json")).unwrap();
    finding["Id"] = id.into();
    finding["AwsAccountId"] = account.into();
    finding["Region"] = region.into();
    finding["Resources"][0]["Id"] = format!("arn:aws:s3:::bucket-{id}").into();
    finding["Resources"][0]["Type"] = "AwsS3Bucket".into();
    for (key, value) in changes.as_object().unwrap() {
        finding[key] = value.clone();
    }
    finding
}

/// Bad findings by name; the name is their id, unless the id is what is bad.
fn bad_findings(account: &str, region: &str) -> Vec<(&'static str, Vec<u8>, Fate)> {
    let with = |id: &'static str, changes: Value| sound(account, region, id, &changes);
    let text = |id: &'static str, changes: Value| with(id, changes).to_string();
    // What serde_json would not write is put in place of a mark.
    let raw = |id: &'static str, key: &str, written: &[u8]| {
        let marked = text(id, json!({ key: "MARK" }));
        let (before, after) = marked.split_once("\"MARK\"").unwrap();
        [before.as_bytes(), written, after.as_bytes()].concat()
    };
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let old = text(
        "twice",
        json!({"UpdatedAt": "2026-05-01T10:00:00Z", "Title": "old"}),
    );
    let new = text(
        "twice",
        json!({"UpdatedAt": "2026-05-01T13:00:00+02:00", "Title": "new"}),
    );
    let same = |title: &str| text("same-version", json!({ "Title": title }));
    vec![
        // What reading needs is missing or bad.
        (
            "no-updated-at",
            text("no-updated-at", json!({"UpdatedAt": null})).into(),
            Rejected("no_updated_at"),
        ),
        (
            "number-updated-at",
            text("number-updated-at", json!({"UpdatedAt": 5})).into(),
            Rejected("no_updated_at"),
        ),
        (
            "odd-updated-at",
            text("odd-updated-at", json!({"UpdatedAt": "yesterday"})).into(),
            Rejected("unreadable_updated_at"),
        ),
        (
            "no-account",
            text("no-account", json!({"AwsAccountId": null})).into(),
            Rejected("no_account"),
        ),
        (
            "no-product",
            text("no-product", json!({"ProductArn": ""})).into(),
            Rejected("no_product_arn"),
        ),
        (
            "surrogate-id",
            raw("x", "Id", br#""\ud800""#),
            Rejected("no_id"),
        ),
        (
            "known-key-twice",
            raw("known-key-twice", "Title", br#""a","Title":"b""#),
            Rejected("repeated_field"),
        ),
        // It is no JSON at all, and the page with it.
        (
            "not-utf8",
            raw("not-utf8", "Title", b"\"\xff\xfe\""),
            Rejected("not_utf8"),
        ),
        (
            "raw-nul",
            raw("raw-nul", "Title", b"\"a\0b\""),
            Rejected("not_json"),
        ),
        (
            "raw-newline",
            raw("raw-newline", "Title", b"\"a\nb\""),
            Rejected("not_json"),
        ),
        (
            "bare-word",
            raw("bare-word", "Title", b"NaN"),
            Rejected("not_json"),
        ),
        ("a-number", b"12".to_vec(), Rejected("not_an_object")),
        ("a-list", b"[{}]".to_vec(), Rejected("not_an_object")),
        // Odd, and read all the same.
        (
            "offset",
            text(
                "offset",
                json!({"UpdatedAt": "2026-05-01T15:00:00.123+02:00"}),
            )
            .into(),
            Kept,
        ),
        (
            "nanoseconds",
            text(
                "nanoseconds",
                json!({"UpdatedAt": "2026-05-01T13:00:00.123456789Z"}),
            )
            .into(),
            Kept,
        ),
        (
            "no-fraction",
            text("no-fraction", json!({"UpdatedAt": "2026-05-01T13:00:00Z"})).into(),
            Kept,
        ),
        (
            "no-offset",
            text("no-offset", json!({"UpdatedAt": "2026-05-01T13:00:00"})).into(),
            Kept,
        ),
        (
            "epoch",
            text("epoch", json!({"UpdatedAt": "1970-01-01T00:00:00Z"})).into(),
            Kept,
        ),
        (
            "far-future",
            text("far-future", json!({"UpdatedAt": "9000-01-01T00:00:00Z"})).into(),
            Kept,
        ),
        (
            "deep-lists",
            raw("deep-lists", "Deep", deep.as_bytes()),
            Kept,
        ),
        (
            "deep-objects",
            raw("deep-objects", "ProductFields", nested.as_bytes()),
            Kept,
        ),
        (
            "nul-in-title",
            text(
                "nul-in-title",
                json!({"Title": "a\0b\r\nBcc: x", "Description": "\0\u{7}"}),
            )
            .into(),
            Kept,
        ),
        (
            "surrogate-title",
            raw("surrogate-title", "Title", br#""a\ud83d""#),
            Kept,
        ),
        (
            "huge-number",
            raw("huge-number", "Confidence", b"1e400"),
            Kept,
        ),
        (
            "long-number",
            raw("long-number", "Criticality", "9".repeat(10_000).as_bytes()),
            Kept,
        ),
        (
            "unknown-key-twice",
            raw("unknown-key-twice", "Odd", br#"1,"Odd":2"#),
            Kept,
        ),
        (
            "240-kb",
            text("240-kb", json!({"Note": {"Text": "é".repeat(120_000)}})).into(),
            Kept,
        ),
        (
            "another-account",
            sound("999900009999", region, "another-account", &json!({}))
                .to_string()
                .into(),
            Kept,
        ),
        (
            "another-region",
            sound(account, "ap-south-1", "another-region", &json!({}))
                .to_string()
                .into(),
            Kept,
        ),
        // The same finding more than once: the newest version, and of one version what came last.
        ("twice", new.clone().into(), Kept),
        ("twice", old.into(), Beaten),
        ("same-version", same("first").into(), Beaten),
        ("same-version", same("last").into(), Kept),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_finding_costs_itself_and_neither_its_page_nor_the_rest() {
    let mut line = Line::lay(1, 150, Clock::system()).await;
    let (account, region) = line.place();
    let bad = Arc::new(bad_findings(&account, &region));
    let added: Vec<Vec<u8>> = bad.iter().map(|(_, raw, _)| raw.clone()).collect();
    // They stand on the first page of every answer, so they come again and again.
    line.meddler.meddle(move |asked, answer| {
        if asked.is_findings() && !asked.body.contains("NextToken") {
            answer.add_findings(&added);
        }
    });
    line.run();
    line.until_told().await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let rejected = line.store().rejected(1_000).await.unwrap();
    let mut expected = BTreeMap::<&str, usize>::new();
    for (name, raw, fate) in bad.iter() {
        match fate {
            Rejected(reason) => {
                *expected.entry(reason).or_default() += 1;
                let raw = String::from_utf8_lossy(raw);
                let found = rejected.iter().find(|r| r.raw == raw);
                assert_eq!(found.map(|r| r.reason.as_str()), Some(*reason), "{name}");
            }
            Kept => {
                let raw = String::from_utf8(raw.clone()).unwrap();
                let found = line.finding(name).await;
                assert_eq!(found.map(|f| f.raw == raw), Some(true), "{name}");
            }
            Beaten => {}
        }
    }
    assert_eq!(
        rejected.len(),
        expected.values().sum::<usize>(),
        "kept twice"
    );

    // A scope that nobody named is there, and nobody claims to read it.
    let coverage = line.store().coverage().await.unwrap();
    for (account, region) in [("999900009999", region.as_str()), (&account, "ap-south-1")] {
        let found = coverage
            .iter()
            .find(|c| (c.scope.account.as_str(), c.scope.region.as_str()) == (account, region));
        assert_eq!(found.map(|c| c.state), Some(CoverageState::Stale));
    }
    // Whatever stands in them, people were told.
    let incidents = line.bench.incidents().await;
    assert!(
        incidents
            .iter()
            .any(|i| i.incident.title.contains("a\0b")
                || i.incident.resource.contains("nul-in-title"))
    );
    line.bench.assert_one_ticket_each().await;
    let held = line
        .bench
        .simulator
        .world()
        .findings(&account, &region)
        .unwrap();
    let filter = FindingFilter {
        accounts: vec![account],
        regions: vec![region],
        ..FindingFilter::default()
    };
    let stored: Vec<StoredFinding> = line.store().findings(filter).await.unwrap();
    for raw in held {
        assert!(stored.iter().any(|f| f.raw == raw), "lost: {raw}");
    }
    line.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_the_largest_findings_is_recorded_as_it_was_sent() {
    let mut line = Line::lay(1, 10, Clock::system()).await;
    let (account, region) = line.place();
    let world = line.bench.simulator.world();
    for number in 0..120 {
        // Text that does not pack away to nothing.
        let mut dice = fastrand::Rng::with_seed(number);
        let note: String = std::iter::repeat_with(|| dice.alphanumeric())
            .take(238_000)
            .collect();
        let large = sound(
            &account,
            &region,
            &format!("large-{number}"),
            &json!({"Note": {"Text": note}}),
        );
        assert!(world.put(&account, &region, &large));
    }
    line.run();
    line.until_synced().await;
    let finding = line.finding("large-119").await.unwrap();
    let held = world.findings(&account, &region).unwrap();
    assert!(held.contains(&finding.raw));
    line.end().await.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn findings_of_times_to_come_are_read_now_and_gone_when_they_are_gone() {
    let begin = Timestamp::now();
    let mut line = Line::lay(1, 20, Clock::fixed(begin)).await;
    let (account, region) = line.place();
    let world = line.bench.simulator.world();
    let put = |id: &str, at: SignedDuration| {
        let stamp = (begin + at).to_string();
        let finding = sound(&account, &region, id, &json!({"UpdatedAt": stamp}));
        assert!(world.put(&account, &region, &finding));
    };
    put("in-years", SignedDuration::from_hours(24 * 1_000));
    line.run();
    line.until_synced().await;
    line.until_there("in-years").await;

    // Within the tail's reach, and beyond it.
    put("in-minutes", SignedDuration::from_mins(10));
    put("in-days", SignedDuration::from_hours(100));
    line.clock.set(begin + SignedDuration::from_mins(1));
    line.until_there("in-minutes").await;
    assert!(
        line.finding("in-days").await.is_none(),
        "a test that cannot fail"
    );
    line.clock.set(begin + SignedDuration::from_mins(62));
    line.until_there("in-days").await;

    let arn = "arn:aws:securityhub:eu-west-1::product/aws/securityhub";
    assert!(world.remove(&account, &region, arn, "in-years"));
    line.clock.set(begin + SignedDuration::from_hours(26));
    for _ in 0..200 {
        if line.finding("in-years").await.unwrap().standing == Standing::Gone {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(
        line.finding("in-years").await.unwrap().standing,
        Standing::Gone
    );
    assert_ne!(
        line.finding("in-days").await.unwrap().standing,
        Standing::Gone
    );
    line.end().await;
}
