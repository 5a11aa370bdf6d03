//! How well findings are sorted into issues, measured on a world of which the simulator knows the true
//! problems: it has made every finding from one, and says from which. Pairs of findings are counted.
//!
//! - *Precision*: of the pairs in one issue, how many stem from one true problem.
//! - *Recall*: of the pairs from one true problem, how many are in one issue.
//!
//! `make reduction` does the same with 200 accounts and prints how many findings, issues and incidents
//! there are.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hubwatch::{
    correlate::{RouteSettings, Rulebook},
    domain::{Clock, Outlook, Standing, Timestamp},
    pipeline::Daemon,
    simulator::{Faults, Options, Quota, labelled::Label},
    store::{FindingFilter, StoredFinding},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{snapshot::Look, support::Bench};

/// A synced store, and the truth.
struct Sorted {
    bench: Bench,
    labels: Vec<Label>,
    clock: Clock,
}

/// Account, Region, product and id.
type Address = (String, String, String, String);

/// How the findings of a store were sorted, against the truth.
#[derive(Debug, Default, PartialEq)]
struct Score {
    findings: usize,
    issues: usize,
    problems: usize,
    /// Pairs in one issue that stem from one problem, pairs in one issue, pairs from one problem.
    pairs: (usize, usize, usize),
    /// True problems that are several issues, and those issues.
    split: BTreeMap<String, BTreeSet<String>>,
    /// Issues of several true problems, and those problems.
    mixed: BTreeMap<String, BTreeSet<String>>,
}

impl Sorted {
    async fn start(accounts: usize, regions: usize, hosts: usize) -> Self {
        let begin = Timestamp::now();
        let bench = Bench::start(Options {
            accounts,
            regions,
            findings: 0,
            seed: 1,
            quota: Quota::OFF,
            faults: Faults::none(),
            now: Some(begin),
            ..Options::default()
        })
        .await;
        Self {
            labels: bench.simulator.world().put_labelled(hosts),
            bench,
            clock: Clock::fixed(begin),
        }
    }

    /// Reads everything once from a vantage, and decides it.
    async fn sync(&self, outlook: Outlook) {
        let world = self.bench.simulator.world();
        let _expired = world.advance(SignedDuration::from_mins(30));
        self.clock.set(world.now());
        let mut daemon = Daemon {
            outlook,
            rulebook: Arc::new(rulebook()),
            sinks: Vec::new(),
            ..self.bench.loops(&self.clock).await
        };
        daemon.pace.workers = 16;
        let synced = daemon.sync_once(CancellationToken::new(), |_| {}).await;
        assert!(synced.unwrap().is_synced());
    }

    async fn findings(&self) -> Vec<StoredFinding> {
        let store = self.bench.store();
        store.findings(FindingFilter::default()).await.unwrap()
    }

    async fn score(&self) -> Score {
        let truths: BTreeMap<Address, &str> = self.labels.iter().map(labelled).collect();
        assert_eq!(
            truths.len(),
            self.labels.len(),
            "labels that share an address"
        );
        let findings = self.findings().await;
        // How often each issue and each problem meet.
        let mut meetings: BTreeMap<(&str, i64), usize> = BTreeMap::new();
        let mut names: BTreeMap<i64, String> = BTreeMap::new();
        for finding in &findings {
            let truth = truths[&address(finding)];
            *meetings.entry((truth, finding.issue)).or_default() += 1;
            let name = || format!("{} {}", finding.problem, finding.resource);
            names.entry(finding.issue).or_insert_with(name);
        }
        let mut issues: BTreeMap<i64, (usize, BTreeSet<&str>)> = BTreeMap::new();
        let mut problems: BTreeMap<&str, (usize, BTreeSet<i64>)> = BTreeMap::new();
        for ((truth, issue), count) in &meetings {
            let of_issue = issues.entry(*issue).or_default();
            of_issue.0 += count;
            of_issue.1.insert(*truth);
            let of_problem = problems.entry(*truth).or_default();
            of_problem.0 += count;
            of_problem.1.insert(*issue);
        }
        let pairs = |counts: &mut dyn Iterator<Item = usize>| counts.map(|n| n * (n - 1) / 2).sum();
        let split = problems.iter().filter(|(_, (_, issues))| issues.len() > 1);
        let mixed = issues.iter().filter(|(_, (_, truths))| truths.len() > 1);
        Score {
            findings: findings.len(),
            issues: issues.len(),
            problems: problems.len(),
            pairs: (
                pairs(&mut meetings.values().copied()),
                pairs(&mut issues.values().map(|(count, _)| *count)),
                pairs(&mut problems.values().map(|(count, _)| *count)),
            ),
            split: split
                .map(|(truth, (_, issues))| {
                    let of = issues.iter().map(|issue| names[issue].clone());
                    ((*truth).to_owned(), of.collect())
                })
                .collect(),
            mixed: mixed
                .map(|(issue, (_, truths))| {
                    let of = truths.iter().map(|truth| (*truth).to_owned());
                    (names[issue].clone(), of.collect())
                })
                .collect(),
        }
    }

    fn administrator(&self, home_region_only: bool) -> Outlook {
        let at = self.bench.simulator.endpoints();
        let administrator = at.administrator_account_id.as_deref().unwrap();
        Outlook::Wide {
            administrator: administrator.into(),
            home_region_only,
            ask_unseen: false,
        }
    }
}

fn labelled(label: &Label) -> (Address, &str) {
    let address = (
        label.account_id.clone(),
        label.region.clone(),
        label.product_arn.clone(),
        label.id.clone(),
    );
    (address, label.truth.as_str())
}

fn address(finding: &StoredFinding) -> Address {
    let raw: Value = serde_json::from_str(&finding.raw).unwrap();
    let word = |name: &str| raw[name].as_str().unwrap().to_owned();
    (
        finding.scope.account.to_string(),
        finding.scope.region.to_string(),
        word("ProductArn"),
        word("Id"),
    )
}

/// Everything, grouped in each way.
fn rulebook() -> Rulebook {
    let route = |group_by: &str| {
        let settings = json!({
            "name": group_by, "group_by": group_by, "sinks": ["jira"], "first_sync": "silent",
            "continue": true,
        });
        let settings: RouteSettings = serde_json::from_value(settings).unwrap();
        settings.validate(&["jira"]).unwrap()
    };
    Rulebook::new(
        ["issue", "resource", "control", "account"]
            .map(route)
            .to_vec(),
    )
}

impl Score {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "for people"
    )]
    fn precision(&self) -> f64 {
        self.pairs.0 as f64 / self.pairs.1 as f64
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "for people"
    )]
    fn recall(&self) -> f64 {
        self.pairs.0 as f64 / self.pairs.2 as f64
    }

    fn assert_perfect(&self, from: &str) {
        let (split, mixed) = (&self.split, &self.mixed);
        assert!(
            mixed.is_empty(),
            "{from}: issues that mix problems: {mixed:#?}"
        );
        assert!(
            split.is_empty(),
            "{from}: problems that are split: {split:#?}"
        );
        assert_eq!(self.issues, self.problems, "{from}");
        assert_eq!((self.precision(), self.recall()), (1.0, 1.0), "{from}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_true_problem_is_one_issue_from_whichever_vantage_it_is_seen() {
    let sorted = Sorted::start(8, 2, 2).await;
    let mut scores = Vec::new();
    for (from, outlook) in [
        ("members", Outlook::Members),
        ("administrator", sorted.administrator(false)),
        ("aggregator", sorted.administrator(true)),
    ] {
        sorted.sync(outlook).await;
        let score = sorted.score().await;
        score.assert_perfect(from);
        assert_eq!(score.findings, sorted.labels.len(), "{from}");
        scores.push(score);
    }
    assert_eq!(scores[0], scores[1]);
    assert_eq!(scores[0], scores[2]);
    // What makes it worth something: problems that many report, each in words of its own.
    let mut reporters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for label in &sorted.labels {
        reporters
            .entry(&label.truth)
            .or_default()
            .insert(label.reporter);
    }
    let several = reporters.values().filter(|by| by.len() > 1).count();
    assert!(several > 30, "{several}");
    assert!(
        scores[0].findings > 3 * scores[0].problems,
        "{:?}",
        scores[0].pairs
    );
}

/// Prints what becomes of the findings of 200 accounts; see `make reduction`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; make reduction"]
async fn reduction_of_an_organization_with_all_standards_on() {
    let (accounts, regions, hosts) = (200, 3, 2);
    let sorted = Sorted::start(accounts, regions, hosts).await;
    sorted.sync(Outlook::Members).await;
    let score = sorted.score().await;
    let findings = sorted.findings().await;
    let open = findings.iter().filter(|f| f.standing == Standing::Open);
    let look = Look::at(&sorted.bench.path("hubwatch.db"));
    let issues = look.issues();
    let open_issues = issues.values().filter(|issue| issue.status == Some(0));
    let mut incidents: BTreeMap<String, usize> = BTreeMap::new();
    for ((route, ..), incident) in look.incidents() {
        *incidents.entry(route).or_default() += usize::from(incident.state == "open");
    }
    let mut reporters: BTreeMap<&str, usize> = BTreeMap::new();
    for label in &sorted.labels {
        *reporters.entry(label.reporter).or_default() += 1;
    }
    println!("{accounts} accounts, {regions} Regions, {hosts} hosts in each, seed 1");
    println!("{:34} {:>9} {:>9}", "", "all", "open");
    println!(
        "{:34} {:>9} {:>9}",
        "findings",
        findings.len(),
        open.count()
    );
    println!(
        "{:34} {:>9} {:>9}",
        "issues",
        issues.len(),
        open_issues.count()
    );
    for (route, count) in &incidents {
        println!(
            "{:34} {:>9} {count:>9}",
            format!("incidents, group_by = {route}"),
            ""
        );
    }
    println!(
        "true problems {}, split {}, issues that mix several {}",
        score.problems,
        score.split.len(),
        score.mixed.len()
    );
    println!(
        "pairwise precision {:.6}, recall {:.6}",
        score.precision(),
        score.recall()
    );
    println!("findings by reporter: {reporters:?}");
    score.assert_perfect("members");
}
