//! Every line of the sample files becomes a finding or a rejection with a reason; none is dropped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hint::black_box,
    ops::Range,
    time::Duration,
};

use hubwatch::{
    asff::{self, Reading, Rejection},
    correlate,
    domain::{Finding, Partition, Scope},
};
use tokio::time::Instant;

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

/// Samples of real findings, one a line: the file that the build was told of, or else the one beside
/// the project.
fn samples() -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/asff/samples.ndjson");
    let path = option_env!("HUBWATCH_TEST_SAMPLES").unwrap_or(beside);
    fs::read_to_string(path).ok()
}

#[test]
fn every_sample_is_read_or_rejected_with_a_reason() {
    let Some(lines) = samples() else {
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
    let findings: Vec<_> = lines
        .lines()
        .filter_map(|raw| Some(read_one(raw).ok()?.finding))
        .collect();
    println!("naming them takes {:?}", cost_of_identity(&findings));
    let total = read + rejected.values().sum::<usize>();
    assert_eq!(total, lines.lines().count());
    assert!(total > 0);
}

/// The samples' issues by problem: how many findings and issues each has, and its first resource.
#[test]
fn the_samples_make_issues_that_can_be_reviewed() {
    let Some(lines) = samples() else {
        println!("skipped: no samples beside the project");
        return;
    };
    let mut problems: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for raw in lines.lines() {
        let Ok(reading) = read_one(raw) else { continue };
        let issue = correlate::identify(&reading.finding);
        let region = issue
            .region
            .as_ref()
            .map_or("global", |region| region.as_str());
        let place = format!("{} {region} {}", issue.account, issue.resource);
        let (findings, places) = problems.entry(issue.problem).or_default();
        *findings += 1;
        places.insert(place);
    }
    for (problem, (findings, places)) in &problems {
        let first = places.first().map_or("", String::as_str);
        println!("{findings:4} {:4} {problem:60} {first}", places.len());
    }
    assert!(problems.keys().all(|problem| problem.contains(':')));
}

/// How long naming the issues of all these findings takes: the best of some rounds.
fn cost_of_identity(findings: &[Finding]) -> Duration {
    let round = || {
        let start = Instant::now();
        for finding in findings {
            black_box(correlate::identify(black_box(finding)));
        }
        start.elapsed()
    };
    (0..50).map(|_| round()).min().unwrap_or_default()
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

/// A page of samples with a few bytes changed, taken out, put in twice, or cut off behind.
fn spoilt(page: &[u8], dice: &mut fastrand::Rng) -> Vec<u8> {
    const TELLING: &[u8] = b"{}[]\",:\\u0\0\n\xff\xc3dnt-9eE";
    let mut body = page.to_vec();
    for _ in 0..dice.usize(1..6) {
        let at = dice.usize(..body.len());
        let until = (at + dice.usize(..40)).min(body.len());
        match dice.u8(..5) {
            0 => body[at] = dice.u8(..),
            1 => body[at] = TELLING[dice.usize(..TELLING.len())],
            2 => drop(body.drain(at..until)),
            3 => {
                let again = body[at..until].to_vec();
                body.splice(at..at, again);
            }
            _ => body.insert(at, TELLING[dice.usize(..TELLING.len())]),
        }
        if body.is_empty() {
            break;
        }
    }
    if dice.u8(..8) == 0 {
        body.truncate(dice.usize(..=body.len()));
    }
    body
}

/// Every finding of a page lies within it, behind the one before, and is read or rejected.
fn check_page(body: &[u8]) -> (usize, usize) {
    let Ok(page) = asff::split_page(body) else {
        return (0, 0);
    };
    let within = body.as_ptr_range();
    let mut places: Vec<Range<*const u8>> = Vec::new();
    places.extend(page.raws.iter().map(|raw| raw.as_bytes().as_ptr_range()));
    places.extend(page.garbled.iter().map(|raw| raw.as_ptr_range()));
    places.sort_by_key(|place| place.start);
    assert!(
        places
            .iter()
            .all(|p| p.start >= within.start && p.end <= within.end)
    );
    assert!(places.windows(2).all(|two| two[0].end <= two[1].start));
    let read = page.raws.iter().filter_map(|raw| {
        let reading = read_one(raw).ok()?;
        assert_eq!(asff::splice(raw, &reading.stamps).as_deref(), Some(*raw));
        Some(correlate::identify(&reading.finding).key())
    });
    (read.count(), places.len())
}

#[test]
fn whatever_is_done_to_a_page_it_is_read_or_refused_and_nothing_else() {
    let lines: Vec<&str> = include_str!("../data/findings.ndjson")
        .lines()
        .filter(|line| line.ends_with('}'))
        .chain([
            include_str!("../data/control.json"),
            include_str!("../data/legacy.json"),
        ])
        .collect();
    let body = format!("{{\"Findings\":[{}],\"NextToken\":\"t\"}}", lines.join(","));
    #[expect(
        clippy::disallowed_methods,
        reason = "the ban keeps the environment out of the product; this chooses how long a test is"
    )]
    let rounds = std::env::var("HUBWATCH_TEST_FUZZ").ok();
    let rounds: u64 = rounds
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(5_000);
    let (mut read, mut split) = (0, 0);
    for seed in 0..rounds {
        let body = spoilt(body.as_bytes(), &mut fastrand::Rng::with_seed(seed));
        let checked = std::panic::catch_unwind(|| check_page(&body));
        let (r, s) = checked.unwrap_or_else(|_| panic!("seed {seed} breaks it"));
        read += r;
        split += s;
    }
    println!("{rounds} pages: {split} findings, {read} of them read");
    assert!(read > 0 && split > read, "a test that cannot fail");
}
