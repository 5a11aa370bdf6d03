//! Consolidated control findings, switched on a store that is synced: every control finding of an
//! account is archived, and others with other ids take their place. People must hear nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

use hubwatch::{
    domain::{Clock, Standing, Timestamp},
    pipeline::{Daemon, Failed},
    simulator::{Faults, Options, Quota},
    store::{FindingFilter, StoredFinding},
};
use jiff::SignedDuration;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    snapshot::{Incident, Issue, Look},
    support::{Bench, is_settled},
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A route of everything, on which history is silent: one word of news, and it tells.
const QUIET_ROUTE: &str = r#"
[[routes]]
name = "everything"
match = { severity = ">=INFORMATIONAL" }
group_by = "issue"
sinks = ["mail"]
first_sync = "silent"
"#;

/// An account whose findings are all recorded and told of, and the daemon that goes on.
struct Synced {
    bench: Bench,
    clock: Clock,
    account: String,
    daemon: Daemon,
    stop: CancellationToken,
    running: JoinSet<Result<(), Failed>>,
}

/// What people were told, and what they see.
#[derive(Debug, PartialEq)]
struct Seen {
    issues: BTreeMap<String, (Option<u8>, u8)>,
    incidents: Vec<(i64, String, u8, bool, BTreeSet<String>)>,
    turns: Vec<(i64, String)>,
    tickets: Value,
    mails: u64,
}

impl Synced {
    async fn start(seed: u64) -> Self {
        let begin = Timestamp::now();
        let bench = Bench::start(Options {
            accounts: 3,
            regions: 2,
            findings: 500,
            seed,
            administrator: false,
            quota: Quota::OFF,
            faults: Faults::none(),
            now: Some(begin),
            ..Options::default()
        })
        .await;
        let settings = bench.path("hubwatch.toml");
        let routes = fs::read_to_string(&settings).unwrap() + QUIET_ROUTE;
        let routes = routes.replace("name = \"bad\"", "name = \"bad\"\ncontinue = true");
        fs::write(&settings, routes).unwrap();
        let scopes = bench.simulator.world().truth().scopes;
        let largest = scopes.iter().max_by_key(|scope| scope.findings).unwrap();
        let clock = Clock::fixed(begin);
        let daemon = bench.loops(&clock).await;
        let synced = Self {
            account: largest.account_id.clone(),
            bench,
            clock,
            daemon: daemon.clone(),
            stop: CancellationToken::new(),
            running: JoinSet::new(),
        };
        synced.let_checks_speak_alone();
        synced.let_nothing_expire(begin);
        synced.run(daemon).await
    }

    async fn run(mut self, daemon: Daemon) -> Self {
        self.running.spawn(daemon.run(self.stop.clone()));
        let synced = self.daemon.until_synced(&self.stop, |_| {}).await;
        assert!(synced.is_synced());
        self.settle().await;
        self
    }

    /// New findings know nothing of what analysts did to the old ones, so that a problem which they
    /// suppressed is open again. That is as it should be, and not what is looked at here. Nor are
    /// Regions that disagree about one identity, which the dice make of them.
    fn let_checks_speak_alone(&self) {
        self.each_hub_finding(|world, region, mut finding| {
            let product = finding["ProductArn"].as_str().unwrap();
            if !product.ends_with("/securityhub") {
                return;
            }
            let resource = finding["Resources"][0]["Id"].as_str().unwrap();
            if resource.contains(":iam:") || resource.contains(":Account:") {
                finding["Compliance"]["Status"] = "FAILED".into();
                finding["Severity"]["Label"] = finding["Severity"]["Original"].clone();
            }
            if finding["Compliance"]["Status"] != "PASSED" {
                finding["Workflow"] = serde_json::json!({"Status": "NEW"});
                finding["WorkflowState"] = "NEW".into();
                assert!(world.put(&self.account, region, &finding));
            }
        });
    }

    /// Findings that nobody updates for ninety days are deleted, and days pass here.
    fn let_nothing_expire(&self, begin: Timestamp) {
        let world = self.bench.simulator.world();
        for scope in world.truth().scopes {
            for raw in world.findings(&scope.account_id, &scope.region).unwrap() {
                let finding: Value = serde_json::from_str(&raw).unwrap();
                let word = |name: &str| finding[name].as_str().unwrap();
                let updated: Timestamp = word("UpdatedAt").parse().unwrap();
                if begin.duration_since(updated) > DAY * 55 {
                    let (account, region) = (&scope.account_id, &scope.region);
                    assert!(world.remove(account, region, word("ProductArn"), word("Id")));
                }
            }
        }
    }

    fn each_hub_finding(&self, mut each: impl FnMut(&hubwatch::simulator::Handle, &str, Value)) {
        let world = self.bench.simulator.world();
        for scope in world.truth().scopes {
            if scope.account_id == self.account {
                for raw in world.findings(&self.account, &scope.region).unwrap() {
                    each(&world, &scope.region, serde_json::from_str(&raw).unwrap());
                }
            }
        }
    }

    /// Whether the account has consolidated control findings, as `DescribeHub` would say.
    fn is_consolidated(&self) -> bool {
        let mut consolidated = false;
        self.each_hub_finding(|_, _, finding| {
            let generator = finding["GeneratorId"].as_str().unwrap_or_default();
            let active = finding["RecordState"] == "ACTIVE";
            consolidated |= active && generator.starts_with("security-control/");
        });
        consolidated
    }

    fn pass(&self, by: SignedDuration) {
        let world = self.bench.simulator.world();
        let _expired = world.advance(by);
        self.clock.set(world.now());
    }

    /// Lets time pass until all that the hub holds of the account is recorded, decided and told.
    async fn settle(&self) {
        for _ in 0..150 {
            self.pass(SignedDuration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(200)).await;
            if self.ours().await == self.theirs() && is_settled(&*self.daemon.store).await {
                return;
            }
        }
        let (ours, theirs) = (self.ours().await, self.theirs());
        let lacking: Vec<_> = theirs.difference(&ours).take(2).collect();
        let too_many: Vec<_> = ours.difference(&theirs).take(2).collect();
        panic!("not settled: lacking {lacking:?}, too many {too_many:?}");
    }

    fn theirs(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        self.each_hub_finding(|_, _, finding| {
            all.insert(finding.to_string());
        });
        all
    }

    async fn ours(&self) -> BTreeSet<String> {
        let ours = self.findings().await.into_iter();
        let there = ours.filter(|finding| finding.standing != Standing::Gone);
        let parsed = there.map(|f| serde_json::from_str::<Value>(&f.raw).unwrap().to_string());
        parsed.collect()
    }

    async fn findings(&self) -> Vec<StoredFinding> {
        let filter = FindingFilter {
            accounts: vec![self.account.clone()],
            ..FindingFilter::default()
        };
        self.daemon.store.findings(filter).await.unwrap()
    }

    fn seen(&self) -> Seen {
        let look = Look::at(&self.bench.path("hubwatch.db"));
        let word = |issue: Issue| (issue.status, issue.severity);
        let issues = look.issues().into_iter();
        let of_control = |name: &String| name.contains(&self.account) && name.contains("control:");
        let incidents = look
            .incidents()
            .into_iter()
            .map(|((route, group, earlier), of)| {
                let Incident {
                    state,
                    severity,
                    told,
                    owed,
                    ..
                } = of;
                let name = format!("{route} {group} {earlier}");
                (
                    i64::from(earlier),
                    format!("{name} {state}"),
                    severity,
                    told,
                    owed,
                )
            });
        let booth = self.bench.simulator.booth();
        Seen {
            issues: issues
                .filter(|(name, _)| of_control(name))
                .map(|(name, issue)| (name, word(issue)))
                .collect(),
            incidents: incidents.collect(),
            turns: look.turns(),
            tickets: serde_json::to_value(booth.jira.tickets()).unwrap(),
            mails: booth.mail.mails_accepted(),
        }
    }

    /// Control findings that say that their problem is there, and in which shape.
    async fn open_shapes(&self) -> BTreeSet<bool> {
        let open = self.findings().await.into_iter();
        open.filter(|f| f.standing == Standing::Open && f.problem.starts_with("control:"))
            .filter(|f| f.raw.contains("product/aws/securityhub\""))
            .map(|f| f.raw.contains("\"GeneratorId\":\"security-control/"))
            .collect()
    }

    async fn end(mut self) {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap().unwrap();
    }
}

/// Which half of what follows from the switch comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum First {
    Archived,
    Written,
}

/// Switches there and back, and looks after each step.
async fn nobody_hears_of_it(seed: u64, first: First) {
    let synced = Synced::start(seed).await;
    let world = synced.bench.simulator.world();
    let account = synced.account.clone();
    let before = synced.seen();
    let open = before
        .issues
        .values()
        .filter(|(status, _)| *status == Some(0));
    assert!(open.count() > 20, "a test that cannot fail");
    assert!(before.mails > 0, "a test that cannot fail");

    let was_on = synced.is_consolidated();
    for on in [!was_on, was_on] {
        assert!(world.consolidate(&account, on));
        for half in 0..2 {
            if (half == 0) == (first == First::Archived) {
                assert!(world.archive_outdated(&account) > 50);
            } else {
                assert!(world.write_renewed(&account) > 30);
            }
            synced.settle().await;
            assert_eq!(synced.seen(), before, "{first:?}, on: {on}, half {half}");
            // Longer than damping.
            synced.pass(MINUTE * 60 * 5);
        }
        assert_eq!(synced.open_shapes().await, BTreeSet::from([on]));
    }
    // What was archived is deleted after thirty days, and what took its place stays.
    synced.pass(DAY * 31);
    synced.settle().await;
    let left = synced.findings().await;
    assert!(left.iter().all(|f| f.standing != Standing::Replaced));
    let gone = left.iter().filter(|f| f.standing == Standing::Gone);
    assert!(gone.count() > 100);
    let after = synced.seen();
    assert_eq!(after.issues, before.issues);
    assert_eq!((after.tickets, after.mails), (before.tickets, before.mails));
    synced.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_is_silent_when_new_findings_come_before_the_old_are_archived() {
    Box::pin(nobody_hears_of_it(5, First::Written)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_switch_is_silent_when_the_old_are_archived_hours_before_new_ones_come() {
    Box::pin(nobody_hears_of_it(6, First::Archived)).await;
}
