//! Every line of the sample files becomes a finding or a rejection with a reason; none is dropped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use hubwatch::{
    asff::{self, Reading, Rejection},
    correlate,
    domain::{Partition, Scope},
};

fn read_one(raw: &str) -> Result<Reading, Rejection> {
    let vantage = Scope {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    };
    asff::read(raw, &vantage, &Partition::from("aws"))
}

/// Reads every line and counts: readings, readings with notes, rejections by reason.
fn count(lines: &str) -> (usize, usize, BTreeMap<&'static str, usize>) {
    let (mut read_count, mut noted, mut rejected) = (0, 0, BTreeMap::new());
    for raw in lines.lines() {
        match read_one(raw) {
            Ok(reading) => {
                read_count += 1;
                noted += usize::from(!reading.finding.notes.is_empty());
                let same = asff::splice(raw, &reading.stamps);
                assert_eq!(same.as_deref(), Some(raw), "timestamps do not fit back");
            }
            Err(rejection) => {
                assert!(!rejection.detail.is_empty());
                *rejected.entry(rejection.reason.as_str()).or_default() += 1;
            }
        }
    }
    (read_count, noted, rejected)
}

#[test]
fn every_sample_is_read_or_rejected_with_a_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/asff/samples.ndjson");
    let Ok(lines) = fs::read_to_string(&path) else {
        println!("skipped: no samples beside the project");
        return;
    };
    let (read, noted, rejected) = count(&lines);
    println!("{read} read, {noted} of them with notes, rejected: {rejected:?}");
    let issues: BTreeSet<_> = lines
        .lines()
        .filter_map(|raw| read_one(raw).ok())
        .map(|reading| correlate::identify(&reading.finding).key())
        .collect();
    println!("they report {} issues", issues.len());
    let total = read + rejected.values().sum::<usize>();
    assert_eq!(total, lines.lines().count());
    assert!(total > 0);
}

#[test]
fn our_own_odd_findings_are_read_or_rejected_as_they_should() {
    let (read, noted, rejected) = count(include_str!("../data/findings.ndjson"));
    assert_eq!((read, noted), (3, 1));
    let expected = [
        ("no_account", 1),
        ("not_an_object", 1),
        ("not_json", 1),
        ("unreadable_updated_at", 1),
    ];
    assert_eq!(rejected, BTreeMap::from(expected));
}

#[test]
fn samples_sent_as_pages_are_split_into_the_same_lines() {
    let lines: Vec<&str> = include_str!("../data/findings.ndjson")
        .lines()
        .filter(|line| line.ends_with('}'))
        .collect();
    let body = format!(
        "{{\"Findings\":[{}],\"NextToken\":\"t\"}}",
        lines.join(" ,\n")
    );
    let page = asff::split_page(body.as_bytes()).unwrap();
    assert_eq!(page.raws, lines);
}
