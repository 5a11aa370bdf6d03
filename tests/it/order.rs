//! Whatever order findings come in, however often, in whatever pages and through whichever vantage,
//! the issues and incidents in the end are the same.
//!
//! Each case is an account with findings of a simulated host, and versions of each: failed, passed,
//! suppressed, archived, replaced, raised, renamed, refreshed, made anew under another id. Many cases
//! share one store, as accounts do. What has to be equal, once everything is decided at the end:
//!
//! - *Decided once*, in steps of 1, 7 or 1000 issues: all issues (status, severity, title), and all
//!   incidents with state, severity, title, members and what they owe.
//! - *Decided in between* as well: all issues, and of the incidents that are not over state, severity,
//!   title, open members and what they owe; nothing more, since a problem that came and went on the
//!   way is remembered. No group has two incidents.
//!
//! What depends on order by nature is left out: the times, the turns, and who was told of incidents that
//! are over; versions of one finding that bear the same `UpdatedAt` (the last to come wins); and, where
//! decisions are taken in between, findings that in the end are evidence neither way
//! (`NOT_AVAILABLE`, or replaced), since their issues stay what they were.
//!
//! `HUBWATCH_ORDER_SEEDS=0..100000 cargo test --test it whatever_the_order` runs others than the
//! two thousand of every test run.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::Path,
    sync::Arc,
};

use hubwatch::{
    correlate::{RouteSettings, Rulebook},
    domain::{Scope, Sight, SyncProgress, Timestamp, Vantage, Window, window::WindowKind},
    pipeline::ReadPage,
    simulator::{Faults, Options, Simulator},
    store::{Access, CensusEntry, PageRecord, Reached, Store, StoreUrl, Touched, open},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::snapshot::{Group, Identity, Incident, Issue, Look};

/// The cases of every test run.
const SEEDS: Range<u64> = 0..2_000;
/// Cases in one store.
const TOGETHER: u64 = 250;
/// How many issues one step of deciding looks at, by turns.
const STEPS: [u32; 3] = [1_000, 7, 1];
/// Pages in one commit.
const COMMIT: usize = 20;
/// The account that sees all others.
const ADMINISTRATOR: &str = "999988887777";

/// When the accounts were met; every finding is younger.
fn met_at() -> Timestamp {
    "2026-04-01T00:00:00Z".parse().unwrap()
}

fn later(minutes: i64) -> Timestamp {
    met_at() + SignedDuration::from_mins(minutes)
}

/// One version of a finding, as a scope sends it.
#[derive(Debug, Clone)]
struct Sent {
    region: String,
    account: String,
    text: String,
}

/// An account of its own and what is sent of it.
#[derive(Debug)]
struct Case {
    seed: u64,
    account: String,
    /// Whether every finding is evidence one way or the other in the end.
    is_clear: bool,
    /// Finding by finding, each from the oldest version to the newest.
    sent: Vec<Sent>,
}

/// Findings of simulated hosts, host by host, that cases are made of.
struct Templates(Vec<Vec<(String, Value)>>);

impl Templates {
    async fn make() -> Self {
        let options = Options {
            accounts: 5,
            regions: 3,
            findings: 2_400,
            seed: 41,
            administrator: false,
            faults: Faults::none(),
            ..Options::default()
        };
        let simulator = Simulator::start(options).await.unwrap();
        let world = simulator.world();
        let mut hosts = Vec::new();
        for scope in world.truth().scopes {
            let found = world.findings(&scope.account_id, &scope.region).unwrap();
            for host in found.chunks(12) {
                let parsed = host.iter().map(|text| {
                    let finding = serde_json::from_str(text).unwrap();
                    (scope.account_id.clone(), finding)
                });
                hosts.push(parsed.collect());
            }
        }
        Self(hosts)
    }

    /// Everything about a case follows from its seed.
    fn case(&self, seed: u64) -> Case {
        let mut dice = fastrand::Rng::with_seed(seed ^ 0x0ade_0001);
        let account = format!("{:012}", 100_000_000_000 + seed);
        let is_clear = dice.bool();
        let host = &self.0[dice.usize(..self.0.len())];
        let mut sent = Vec::new();
        for number in 0..dice.usize(3..9) {
            let (of, template) = &host[dice.usize(..host.len())];
            let mut finding = template.clone();
            let id = format!("{}-{seed}-{number}", template["Id"].as_str().unwrap());
            finding["Id"] = id.into();
            lead_life(&mut dice, finding, is_clear, |version| {
                let text = version.to_string().replace(of, &account);
                let region = template["Region"].as_str();
                let arn = template["ProductArn"].as_str().unwrap();
                sent.push(Sent {
                    region: region.or(arn.split(':').nth(3)).unwrap().to_owned(),
                    account: account.clone(),
                    text,
                });
            });
        }
        Case {
            seed,
            account,
            is_clear,
            sent,
        }
    }
}

/// The versions of a finding, each with a time of its own.
fn lead_life(
    dice: &mut fastrand::Rng,
    mut finding: Value,
    is_clear: bool,
    mut send: impl FnMut(&Value),
) {
    let mut at = dice.i64(1..60);
    finding["CreatedAt"] = later(at).to_string().into();
    if finding.get("FirstObservedAt").is_some() {
        finding["FirstObservedAt"] = finding["CreatedAt"].clone();
    }
    for rest in (0..dice.usize(1..5)).rev() {
        at += dice.i64(1..600);
        finding["UpdatedAt"] = later(at).to_string().into();
        change(dice, &mut finding, is_clear && rest == 0);
        send(&finding);
    }
}

fn change(dice: &mut fastrand::Rng, finding: &mut Value, must_be_clear: bool) {
    let compliance = ["FAILED", "FAILED", "PASSED", "WARNING", "NOT_AVAILABLE"];
    match dice.u8(..8) {
        0..=2 if finding.get("Compliance").is_some() => {
            finding["Compliance"]["Status"] = compliance[dice.usize(..5)].into();
            finding["Workflow"] = json!({"Status": "NEW"});
        }
        0..=3 => {
            let words = ["NEW", "NEW", "NOTIFIED", "SUPPRESSED", "RESOLVED"];
            finding["Workflow"] = json!({"Status": words[dice.usize(..5)]});
        }
        4 => finding["RecordState"] = ["ACTIVE", "ARCHIVED"][dice.usize(..2)].into(),
        5 => {
            finding["RecordState"] = "ARCHIVED".into();
            let fields = &mut finding["ProductFields"];
            if fields.is_null() {
                *fields = json!({});
            }
            fields["ArchivalReasons:0/ReasonCode"] = "CONSOLIDATED_CONTROL_FINDINGS_UPDATE".into();
        }
        6 => {
            let label = ["LOW", "MEDIUM", "HIGH", "CRITICAL"][dice.usize(..4)];
            finding["Severity"] = json!({"Label": label});
            finding["Title"] = format!("title {}", dice.u8(..4)).into();
        }
        // Nothing but the time moves.
        _ => {}
    }
    if must_be_clear {
        if finding["Compliance"]["Status"] == "NOT_AVAILABLE" {
            finding["Compliance"]["Status"] = "FAILED".into();
        }
        if let Some(fields) = finding["ProductFields"].as_object_mut() {
            fields.remove("ArchivalReasons:0/ReasonCode");
        }
    }
}

/// How what is sent reaches the store.
struct Way {
    dice: Option<fastrand::Rng>,
    step: u32,
    decides_between: bool,
}

impl Way {
    /// As it happened, each account asked itself, decided once.
    fn plain() -> Self {
        Self {
            dice: None,
            step: 1_000,
            decides_between: false,
        }
    }

    fn pages(&mut self, cases: &[Case]) -> Vec<PageRecord> {
        let mut sent: Vec<&Sent> = cases.iter().flat_map(|case| &case.sent).collect();
        let Some(dice) = &mut self.dice else {
            return by_vantage(sent, |sent| (member(sent), 100));
        };
        let again: Vec<&Sent> = sent.iter().copied().filter(|_| dice.u8(..3) == 0).collect();
        sent.extend(again);
        dice.shuffle(&mut sent);
        by_vantage(sent, |sent| {
            let sight = match dice.u8(..8) {
                0 => return (member(sent), dice.usize(1..4)),
                1..=4 => Sight::Administrator,
                _ => Sight::Aggregator,
            };
            let region = match sight {
                Sight::Aggregator => "us-east-1",
                Sight::Member | Sight::Administrator => sent.region.as_str(),
            };
            (wide(region, sight), dice.usize(1..100))
        })
    }

    async fn go(&mut self, cases: &[Case], database: &Path) {
        let store = store(cases, database).await;
        let rules = rulebook();
        let pages = self.pages(cases);
        let mut now = 0;
        for commit in pages.chunks(COMMIT) {
            store.record(commit.to_vec(), later(now)).await.unwrap();
            if self.decides_between {
                // Hours pass, but less than it takes for a problem to be another incident.
                now = (now + 120).min(6 * 24 * 60);
                decide(&*store, &rules, self.step.max(7), later(now)).await;
            }
        }
        decide(&*store, &rules, self.step, later(7 * 24 * 60 - 60)).await;
    }
}

/// Pages of what is sent, in its order as far as pages of several vantages allow. The first thing in a
/// page says how many there are in it.
fn by_vantage(
    sent: Vec<&Sent>,
    mut choose: impl FnMut(&Sent) -> (Vantage, usize),
) -> Vec<PageRecord> {
    let mut begun: BTreeMap<String, (Vantage, usize, Vec<&str>)> = BTreeMap::new();
    let mut pages = Vec::new();
    for sent in sent {
        let (vantage, size) = choose(sent);
        let key = format!("{vantage:?}");
        let page = begun
            .entry(key.clone())
            .or_insert_with(|| (vantage, size, Vec::new()));
        page.2.push(&sent.text);
        if page.2.len() >= page.1 {
            let (vantage, _, texts) = begun.remove(&key).unwrap();
            pages.push(page_of(vantage, &texts));
        }
    }
    let rest = begun.into_values();
    pages.extend(rest.map(|(vantage, _, texts)| page_of(vantage, &texts)));
    pages
}

fn page_of(vantage: Vantage, texts: &[&str]) -> PageRecord {
    let body = format!("{{\"Findings\":[{}]}}", texts.join(","));
    let read = ReadPage::read(body.into(), &vantage.at, &"aws".into()).unwrap();
    assert!(read.rejected.is_empty(), "{:?}", read.rejected);
    PageRecord {
        vantage,
        history: false,
        sweep: None,
        reached: Reached::Nothing,
        body: read.body,
        findings: read.findings.into(),
        rejected: Vec::new(),
    }
}

fn member(sent: &Sent) -> Vantage {
    Vantage::member(Scope {
        account: sent.account.as_str().into(),
        region: sent.region.as_str().into(),
    })
}

fn wide(region: &str, sight: Sight) -> Vantage {
    let at = Scope {
        account: ADMINISTRATOR.into(),
        region: region.into(),
    };
    Vantage { at, sight }
}

/// A store that has met every account.
async fn store(cases: &[Case], database: &Path) -> Arc<dyn Store> {
    let url = StoreUrl::Sqlite(database.to_owned());
    let store = open(&url, &Access::Write("aws".into())).unwrap();
    let sent = cases.iter().flat_map(|case| &case.sent);
    let scopes: BTreeSet<Scope> = sent.map(|sent| member(sent).at).collect();
    let entry = |scope: &Scope| CensusEntry {
        scope: scope.clone(),
        account_name: "an account".to_owned(),
        trouble: None,
        seen_from: None,
    };
    let census = scopes.iter().map(entry).collect();
    store.take_census(census, met_at()).await.unwrap();
    let first = SyncProgress::first_contact(met_at());
    let window = Window {
        kind: WindowKind::Tail,
        start: met_at(),
        end: met_at(),
    };
    for scope in scopes {
        let vantage = Vantage::member(scope);
        store.begin_window(&vantage, window, first).await.unwrap();
    }
    store
}

fn rulebook() -> Rulebook {
    let routes = [
        json!({"name": "by-resource", "group_by": "resource", "match": {"severity": ">=LOW"}}),
        json!({"name": "by-issue", "group_by": "issue", "match": {"severity": ">=HIGH"}}),
        json!({"name": "by-control", "group_by": "control", "match": {"problems": ["control:*"]}}),
        json!({"name": "by-account", "group_by": "account", "match": {"severity": "CRITICAL"}}),
    ];
    let route = |mut route: Value| {
        route["sinks"] = json!(["jira", "mail"]);
        route["continue"] = true.into();
        route["first_sync"] = "silent".into();
        let settings: RouteSettings = serde_json::from_value(route).unwrap();
        settings.validate(&["jira", "mail"]).unwrap()
    };
    Rulebook::new(routes.into_iter().map(route).collect())
}

async fn decide(store: &dyn Store, rules: &Rulebook, step: u32, now: Timestamp) {
    loop {
        let decided = store.decide(rules, Touched::ByAnything, step, now).await;
        if decided.unwrap().issues == 0 {
            return;
        }
    }
}

/// What a store says of one account.
#[derive(Debug, Default, PartialEq)]
struct End {
    issues: BTreeMap<Identity, Issue>,
    incidents: BTreeMap<Group, Incident>,
}

/// What it says of each.
fn ends(database: &Path) -> BTreeMap<String, End> {
    let look = Look::at(database);
    let mut ends: BTreeMap<String, End> = BTreeMap::new();
    for (name, issue) in look.issues() {
        let account = name.split(' ').next().unwrap().to_owned();
        ends.entry(account).or_default().issues.insert(name, issue);
    }
    for (group, incident) in look.incidents() {
        let end = ends.entry(incident.account.clone()).or_default();
        end.incidents.insert(group, incident);
    }
    ends
}

/// Of the incidents that are not over, what does not depend on the way.
fn active(end: &End) -> BTreeMap<Group, Incident> {
    let is_open = |name: &Identity| {
        end.issues
            .get(name)
            .is_some_and(|issue| issue.status == Some(0))
    };
    let active = end.incidents.iter().filter(|(_, of)| of.state == "open");
    active
        .map(|(group, of)| {
            let members = of.members.iter().filter(|name| is_open(name)).cloned();
            (
                group.clone(),
                Incident {
                    members: members.collect(),
                    ..of.clone()
                },
            )
        })
        .collect()
}

/// What is wrong with a case that went two ways.
fn difference(case: &Case, plain: &End, other: &End, decided_between: bool) -> Option<String> {
    if !decided_between {
        return (plain != other).then(|| format!("{plain:#?}\nbecame\n{other:#?}"));
    }
    if let Some(twice) = other.incidents.keys().find(|(_, _, earlier)| *earlier > 0) {
        return Some(format!("two incidents of {twice:?}"));
    }
    let same = plain.issues == other.issues && active(plain) == active(other);
    (case.is_clear && !same).then(|| {
        let (before, after) = (active(plain), active(other));
        format!(
            "{:#?}\n{before:#?}\nbecame\n{:#?}\n{after:#?}",
            plain.issues, other.issues
        )
    })
}

/// Sends the cases of one store in several ways. Returns how many issues and incidents there were.
async fn compare(templates: &Templates, seeds: Range<u64>) -> (usize, usize) {
    let cases: Vec<Case> = seeds.clone().map(|seed| templates.case(seed)).collect();
    let directory = tempfile::tempdir().unwrap();
    let database = |name: &str| directory.path().join(name);
    Way::plain().go(&cases, &database("plain.db")).await;
    let plain = ends(&database("plain.db"));
    for decides_between in [false, true] {
        let turn = usize::try_from(seeds.start / TOGETHER).unwrap();
        let mut way = Way {
            dice: Some(fastrand::Rng::with_seed(seeds.start)),
            step: STEPS[turn % STEPS.len()],
            decides_between,
        };
        let file = database(&format!("{decides_between}.db"));
        way.go(&cases, &file).await;
        let other = ends(&file);
        assert_eq!(plain.len(), cases.len());
        for case in &cases {
            let (plain, other) = (&plain[&case.account], &other[&case.account]);
            if let Some(wrong) = difference(case, plain, other, decides_between) {
                panic!(
                    "seed {} ({case:#?}) in steps of {}: {wrong}\nagain: HUBWATCH_ORDER_SEEDS={}..{} (seed {}, decided in between: {decides_between})",
                    case.seed, way.step, seeds.start, seeds.end, case.seed
                );
            }
        }
    }
    let count = |of: fn(&End) -> usize| plain.values().map(of).sum();
    (
        count(|end| end.issues.len()),
        count(|end| end.incidents.len()),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the ban keeps the environment out of the product; this chooses what tests it"
)]
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("HUBWATCH_ORDER_SEEDS") else {
        return SEEDS;
    };
    let (first, end) = text
        .split_once("..")
        .expect("HUBWATCH_ORDER_SEEDS=FIRST..END");
    first.parse().unwrap()..end.parse().unwrap()
}

#[test]
fn whatever_the_order_issues_and_incidents_are_the_same() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let templates = runtime().block_on(Templates::make());
    let seeds = seeds();
    let stores = seeds.clone().step_by(usize::try_from(TOGETHER).unwrap());
    let stores: Vec<Range<u64>> = stores
        .map(|first| first..(first + TOGETHER).min(seeds.end))
        .collect();
    let half = stores.len().div_ceil(2);
    let (mut issues, mut incidents) = (0, 0);
    std::thread::scope(|scope| {
        let work = |stores: Vec<Range<u64>>| {
            let templates = &templates;
            scope.spawn(move || {
                let each = stores.into_iter();
                each.map(|seeds| runtime().block_on(compare(templates, seeds)))
                    .fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
            })
        };
        let (first, second) = stores.split_at(half);
        for found in [work(first.to_vec()), work(second.to_vec())] {
            let (of_issues, of_incidents) = found.join().unwrap();
            issues += of_issues;
            incidents += of_incidents;
        }
    });
    let cases = usize::try_from(seeds.end - seeds.start).unwrap();
    println!("{cases} cases: {issues} issues, {incidents} incidents");
    assert!(
        issues > 2 * cases && incidents > 2 * cases,
        "a test that cannot fail"
    );
}
