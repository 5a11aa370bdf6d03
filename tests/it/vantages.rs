//! From where findings are seen: each vantage, and changing between them on one store.

use std::time::Duration;

use hubwatch::{
    domain::{Clock, Coverage, CoverageState, Outlook, Standing, Timestamp},
    pipeline::{Daemon, Failed},
    simulator::{Faults, Options, Quota},
    store::{FindingFilter, Store, StoredFinding},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::Bench;

/// Everything can be read, and the second account is Security Hub's administrator.
fn options(seed: u64) -> Options {
    Options {
        accounts: 4,
        regions: 3,
        findings: 400,
        seed,
        quota: Quota::OFF,
        faults: Faults::none(),
        ..Options::default()
    }
}

/// The loops, while they run.
struct Run {
    daemon: Daemon,
    stop: CancellationToken,
    running: JoinSet<Result<(), Failed>>,
}

impl Run {
    async fn start(bench: &Bench, clock: &Clock, outlook: Outlook) -> Self {
        Self::of(Daemon {
            outlook,
            ..bench.loops(clock).await
        })
    }

    fn of(daemon: Daemon) -> Self {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(daemon.clone().run(stop.clone()));
        Self {
            daemon,
            stop,
            running,
        }
    }

    fn store(&self) -> &dyn Store {
        &*self.daemon.store
    }

    /// Waits until every scope is as it should be, nothing waits to be decided, and nothing is owed.
    async fn until(&self, what: &str, is: impl Fn(&Coverage) -> bool) {
        for _ in 0..600 {
            let coverage = self.store().coverage().await.unwrap();
            let tallies = self.store().tallies().await.unwrap();
            let owed = tallies
                .deliveries
                .iter()
                .filter(|d| d.state.as_str() == "pending");
            let owed: u64 = owed.map(|d| d.count).sum();
            let done = !coverage.is_empty() && coverage.iter().all(&is);
            if done && tallies.touched == 0 && owed == 0 {
                return;
            }
            self.pass(Duration::from_millis(100)).await;
        }
        let mut coverage = self.store().coverage().await.unwrap();
        coverage.retain(|c| !is(c));
        let tallies = self.store().tallies().await.unwrap();
        panic!("not {what}: {coverage:?}, {:?}", tallies.deliveries);
    }

    /// Lets time pass, by the test's clock, too: what is owed falls due.
    async fn pass(&self, by: Duration) {
        tokio::time::sleep(by).await;
        let clock = &self.daemon.clock;
        clock.set(clock.now() + by);
    }

    /// Waits until everything was compared at a time or later.
    async fn until_compared(&self, at: Timestamp) {
        let compared =
            |c: &Coverage| c.state == CoverageState::Ok && c.complete.reconcile >= Some(at);
        self.until("compared", compared).await;
    }

    /// Waits until everything was read by the vantages of today.
    async fn until_read(&self, at: Timestamp) {
        let read = |c: &Coverage| {
            let tail = c.progress.as_ref().map(|progress| progress.watermark);
            c.state == CoverageState::Ok && tail >= Some(at)
        };
        self.until("read", read).await;
    }

    async fn finding(&self, id: &str) -> Option<StoredFinding> {
        finding(self.store(), id).await
    }

    async fn stop(mut self) {
        self.stop.cancel();
        self.running.join_next().await.unwrap().unwrap().unwrap();
    }
}

async fn finding(store: &dyn Store, id: &str) -> Option<StoredFinding> {
    let filter = FindingFilter {
        id: Some(id.to_owned()),
        ..FindingFilter::default()
    };
    store.findings(filter).await.unwrap().into_iter().next()
}

async fn gone(store: &dyn Store) -> Vec<StoredFinding> {
    let filter = FindingFilter {
        standings: vec![Standing::Gone],
        ..FindingFilter::default()
    };
    store.findings(filter).await.unwrap()
}

fn wide(bench: &Bench, home_region_only: bool) -> Outlook {
    let administrator = bench.simulator.endpoints().administrator_account_id.clone();
    Outlook::Wide {
        administrator: administrator.unwrap().as_str().into(),
        home_region_only,
        ask_unseen: false,
    }
}

/// A member and a Region that is not the home Region.
fn linked_scope(bench: &Bench) -> (String, String) {
    let truth = bench.simulator.world().truth();
    let scope = truth
        .scopes
        .iter()
        .rfind(|scope| scope.findings > 3 && scope.region != truth.scopes[0].region)
        .unwrap();
    (scope.account_id.clone(), scope.region.clone())
}

/// A finding that nobody has seen before, on a resource of its own.
fn new_finding(account: &str, region: &str, id: &str, at: Timestamp) -> Value {
    json!({
        "SchemaVersion": "2018-10-08",
        "Id": id,
        "ProductArn": format!("arn:aws:securityhub:{region}::product/aws/securityhub"),
        "GeneratorId": "security-control/S3.2",
        "AwsAccountId": account,
        "Region": region,
        "Types": ["Software and Configuration Checks"],
        "CreatedAt": at.to_string(),
        "FirstObservedAt": at.to_string(),
        "UpdatedAt": at.to_string(),
        "Severity": {"Label": "CRITICAL"},
        "Title": "S3 buckets should not be public",
        "Description": "The bucket can be read by everyone.",
        "Resources": [{"Type": "AwsS3Bucket", "Id": format!("arn:aws:s3:::bucket-{id}")}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.2"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE"
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_the_vantage_tells_nobody_twice_loses_no_news_and_makes_nothing_gone() {
    let bench = Bench::start(options(41)).await;
    let world = bench.simulator.world();
    let (account, region) = linked_scope(&bench);
    let clock = Clock::fixed(Timestamp::now());
    let begin = clock.now();
    let outlooks = [
        Outlook::Members,
        wide(&bench, false),
        Outlook::Members,
        wide(&bench, true),
        wide(&bench, false),
        wide(&bench, true),
        Outlook::Members,
    ];
    let mut told = None;
    for (turn, outlook) in (0..).zip(outlooks) {
        let now = begin + SignedDuration::from_hours(60 * turn);
        clock.set(now);
        if turn > 0 {
            // It appears while hubwatch is down.
            let id = format!("news-{turn}");
            let appeared = new_finding(&account, &region, &id, now - SignedDuration::from_mins(1));
            assert!(world.put(&account, &region, &appeared));
        }
        let run = Run::start(&bench, &clock, outlook.clone()).await;
        run.until_read(now).await;
        let day = now + SignedDuration::from_hours(25);
        clock.set(day);
        run.until_compared(day).await;
        run.stop().await;

        bench.assert_store_equals_hub().await;
        let found = bench.store();
        assert_eq!(gone(&*found).await, [], "{outlook:?}");
        bench.assert_one_ticket_each().await;
        let tickets = bench.simulator.booth().jira.tickets().len();
        let mails = bench.simulator.booth().mail.mails().len();
        let before = told.replace((tickets, mails));
        if let Some((tickets_before, mails_before)) = before {
            let more = (tickets - tickets_before, mails - mails_before);
            assert_eq!(more, (1, 1), "turn {turn}, {outlook:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_leaves_the_administrator_is_stale_and_what_is_deleted_is_gone() {
    let bench = Bench::start(options(42)).await;
    let world = bench.simulator.world();
    let (account, region) = linked_scope(&bench);
    let clock = Clock::fixed(Timestamp::now());
    let begin = clock.now();
    let run = Run::start(&bench, &clock, wide(&bench, false)).await;
    run.until("read", |c| c.state == CoverageState::Ok).await;
    let coverage = run.store().coverage().await.unwrap();
    assert!(coverage.iter().all(|c| c.seen_from.is_some()));

    // The member leaves, and somewhere else a finding is deleted. The census comes after the
    // comparison.
    let truth = world.truth();
    let other = truth
        .scopes
        .iter()
        .find(|s| s.findings > 3 && s.account_id != account)
        .unwrap();
    let deleted = &world.findings(&other.account_id, &other.region).unwrap()[0];
    let deleted: Value = serde_json::from_str(deleted).unwrap();
    let id = deleted["Id"].as_str().unwrap();
    let product = deleted["ProductArn"].as_str().unwrap();
    assert!(world.remove(&other.account_id, &other.region, product, id));
    let left = format!("{account}/{region}");
    world.set_faults(Faults {
        disassociated: [left].into(),
        ..Faults::none()
    });
    let later = begin + SignedDuration::from_hours(25);
    clock.set(later);
    run.until_compared(later).await;
    for _ in 0..100 {
        if !gone(run.store()).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let all_gone = gone(run.store()).await;
    assert_eq!(all_gone.len(), 1);
    assert_eq!(run.finding(id).await.unwrap().standing, Standing::Gone);
    run.stop().await;

    let of =
        |c: &Coverage| c.scope.account.as_str() == account && c.scope.region.as_str() == region;
    let run = Run::start(&bench, &clock, wide(&bench, false)).await;
    let stale = |c: &Coverage| (c.state == CoverageState::Stale) == of(c);
    run.until("stale", stale).await;
    let coverage = run.store().coverage().await.unwrap();
    let stale = coverage.iter().find(|c| of(c)).unwrap();
    let words = stale.error().unwrap();
    assert!(words.contains("no associated member"), "{words}");
    assert!(stale.last_complete() >= Some(begin), "{stale:?}");
    run.stop().await;

    // It comes back; meanwhile it was closed to us, not empty.
    let tickets = bench.simulator.booth().jira.tickets().len();
    world.set_faults(Faults::none());
    let last = later + SignedDuration::from_mins(30);
    clock.set(last);
    let run = Run::start(&bench, &clock, wide(&bench, false)).await;
    run.until("back", |c| c.state == CoverageState::Ok).await;
    run.stop().await;
    assert_eq!(gone(&*bench.store()).await.len(), 1);
    assert_eq!(bench.simulator.booth().jira.tickets().len(), tickets);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_administrator_does_not_see_is_reported_or_asked_itself() {
    let bench = Bench::start(options(43)).await;
    let world = bench.simulator.world();
    let (account, region) = linked_scope(&bench);
    world.set_faults(Faults {
        disassociated: [format!("{account}/{region}")].into(),
        ..Faults::none()
    });
    let clock = Clock::fixed(Timestamp::now());
    let of =
        |c: &Coverage| c.scope.account.as_str() == account && c.scope.region.as_str() == region;
    let run = Run::start(&bench, &clock, wide(&bench, false)).await;
    let reported = |c: &Coverage| {
        if of(c) {
            c.state == CoverageState::Stale && c.last_complete().is_none()
        } else {
            c.state == CoverageState::Ok
        }
    };
    run.until("reported", reported).await;
    run.stop().await;

    let asks = match wide(&bench, true) {
        Outlook::Wide {
            administrator,
            home_region_only,
            ..
        } => Outlook::Wide {
            administrator,
            home_region_only,
            ask_unseen: true,
        },
        Outlook::Members => unreachable!(),
    };
    let run = Run::start(&bench, &clock, asks).await;
    let asked = |c: &Coverage| c.state == CoverageState::Ok && c.seen_from.is_none() == of(c);
    run.until("asked", asked).await;
    run.stop().await;
    bench.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_comes_late_is_seen_and_one_that_never_came_is_not_taken_for_gone() {
    let bench = Bench::start(options(44)).await;
    let world = bench.simulator.world();
    let (account, region) = linked_scope(&bench);
    let clock = Clock::fixed(Timestamp::now());
    let begin = clock.now();
    // Met by asking the member, and never copied to the home Region.
    world.copy_findings(false);
    let never = new_finding(&account, &region, "never-copied", begin);
    assert!(world.put(&account, &region, &never));
    let run = Run::start(&bench, &clock, Outlook::Members).await;
    run.until("read", |c| c.state == CoverageState::Ok).await;
    run.stop().await;

    let later = begin + SignedDuration::from_hours(25);
    clock.set(later);
    let run = Run::start(&bench, &clock, wide(&bench, true)).await;
    run.until_read(later).await;
    let late = new_finding(&account, &region, "copied-late", later);
    assert!(world.put(&account, &region, &late));
    clock.set(later + SignedDuration::from_mins(30));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        run.finding("copied-late").await,
        None,
        "a test that cannot fail"
    );
    let still = run.finding("never-copied").await.unwrap();
    assert_eq!(still.standing, Standing::Open);

    world.copy_findings(true);
    // Copying again does not bring what was never copied: take that away for the home Region.
    let product = never["ProductArn"].as_str().unwrap();
    assert!(world.remove(&account, &region, product, "never-copied"));
    clock.set(later + SignedDuration::from_mins(62));
    for _ in 0..100 {
        if run.finding("copied-late").await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(run.finding("copied-late").await.is_some());

    // A day later the home Region still lacks it, which proves nothing; after its time it is gone.
    let day = later + SignedDuration::from_hours(30);
    clock.set(day);
    run.until_compared(day).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(gone(run.store()).await, []);
    let expired = day + SignedDuration::from_hours(98 * 24);
    clock.set(expired);
    run.until_compared(expired).await;
    for _ in 0..100 {
        if !gone(run.store()).await.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let gone = gone(run.store()).await;
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].gone.as_deref(), Some("expired"));
    assert!(gone[0].raw.contains("never-copied"));
    run.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_is_not_linked_to_the_home_region_is_not_covered_by_it() {
    let bench = Bench::start(options(45)).await;
    let world = bench.simulator.world();
    let (_, region) = linked_scope(&bench);
    world.set_faults(Faults {
        unlinked_regions: [region.clone()].into(),
        ..Faults::none()
    });
    let clock = Clock::fixed(Timestamp::now());
    let run = Run::start(&bench, &clock, wide(&bench, true)).await;
    let told = |c: &Coverage| {
        let expected = if c.scope.region.as_str() == region {
            CoverageState::Stale
        } else {
            CoverageState::Ok
        };
        c.state == expected
    };
    run.until("told", told).await;
    run.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_member_shows_and_the_home_region_does_not_is_reported() {
    let bench = Bench::start(options(46)).await;
    let world = bench.simulator.world();
    let (account, region) = linked_scope(&bench);
    let clock = Clock::fixed(Timestamp::now());
    let begin = clock.now();
    world.copy_findings(false);
    let earlier = begin - SignedDuration::from_hours(3);
    let never = new_finding(&account, &region, "never-copied", earlier);
    assert!(world.put(&account, &region, &never));

    let mut daemon = bench.loops(&clock).await;
    daemon.outlook = wide(&bench, true);
    daemon.pace.gaps_interval = Some(Duration::from_secs(3_600));
    let run = Run::of(daemon);
    let others = world.truth().scopes.len() - 1;
    for _ in 0..300 {
        // The place where the home Region is asked is not compared with itself.
        if run.store().gaps().await.unwrap().len() == others {
            break;
        }
        run.pass(Duration::from_millis(100)).await;
    }
    let gaps = run.store().gaps().await.unwrap();
    assert_eq!(gaps.len(), others, "{gaps:?}");
    let lacking: Vec<_> = gaps.iter().filter(|gap| gap.missing > 0).collect();
    assert_eq!(lacking.len(), 1, "{gaps:?}");
    let gap = lacking[0];
    assert_eq!(gap.scope.account.as_str(), account);
    assert_eq!(gap.scope.region.as_str(), region);
    assert_eq!(
        (gap.missing, gap.example.as_deref()),
        (1, Some("never-copied"))
    );
    let words = gap.words.as_deref().unwrap();
    assert!(
        words.starts_with("the home Region us-east-1 lacks 1 findings"),
        "{words}"
    );
    let compared: u64 = gaps.iter().map(|gap| gap.compared).sum();
    assert!(compared > 100, "a test that cannot fail: {compared}");
    // It only reports: what it saw at the member is not recorded.
    assert_eq!(run.finding("never-copied").await, None);

    // Once the copy is there, it is no gap, even before a window brings it.
    world.copy_findings(true);
    clock.set(begin + SignedDuration::from_mins(61));
    for _ in 0..300 {
        let gaps = run.store().gaps().await.unwrap();
        if gaps.iter().all(|gap| gap.missing == 0) {
            break;
        }
        run.pass(Duration::from_millis(100)).await;
    }
    let gaps = run.store().gaps().await.unwrap();
    assert!(gaps.iter().all(|gap| gap.words.is_none()), "{gaps:?}");
    assert!(run.finding("never-copied").await.is_some());
    run.stop().await;

    let (code, table, _) = bench.run(&["coverage", "--gaps"]).await;
    assert_eq!(code, Some(0), "{table}");
    assert!(table.contains("aggregator of"), "{table}");
}

#[tokio::test]
async fn a_check_and_a_plan_ask_the_vantage_and_not_the_members() {
    let bench = Bench::start(options(47)).await;
    let (account, region) = linked_scope(&bench);
    bench.simulator.world().set_faults(Faults {
        // Nobody but the administrator lets us in.
        role_missing_accounts: bench
            .simulator
            .world()
            .truth()
            .scopes
            .iter()
            .map(|scope| scope.account_id.clone())
            .filter(|id| {
                Some(id)
                    != bench
                        .simulator
                        .endpoints()
                        .administrator_account_id
                        .as_ref()
            })
            .collect(),
        disassociated: [format!("{account}/{region}")].into(),
        ..Faults::none()
    });
    let administrator = bench.simulator.endpoints().administrator_account_id.clone();
    let config = bench.path("hubwatch.toml");
    for (vantage, asked) in [("administrator", 3), ("aggregator", 1)] {
        let run = async |arguments: &[&str]| -> (Option<i32>, Value) {
            let mut all = arguments.to_vec();
            all.extend(["--output", "json", "--config", config.to_str().unwrap()]);
            let mut command = bench.hubwatch(&all);
            let output = command
                .env("HUBWATCH_SYNC__VANTAGE", vantage)
                .env(
                    "HUBWATCH_SYNC__ADMINISTRATOR",
                    administrator.as_ref().unwrap(),
                )
                .output()
                .await
                .unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            let json = serde_json::from_str(&said);
            (
                output.status.code(),
                json.unwrap_or_else(|_| {
                    panic!("{said}{}", String::from_utf8_lossy(&output.stderr))
                }),
            )
        };
        let (code, report) = run(&["check", "--online"]).await;
        assert_eq!(code, Some(3), "{report}");
        assert_eq!(report["scopes"], 12);
        assert_eq!(report["readable_scopes"], 11);
        let failures = report["failures"].as_array().unwrap();
        assert_eq!(failures.len(), 1, "{report}");
        assert_eq!(failures[0]["outcome"], "stale");
        assert_eq!(failures[0]["scopes"][0]["account"], account.as_str());

        let (code, plan) = run(&["plan", "--findings", "250"]).await;
        assert_eq!(code, Some(0), "{plan}");
        assert_eq!(plan["vantages"], asked);
        assert_eq!((&plan["scopes"], &plan["unseen"]), (&json!(11), &json!(1)));
        assert_eq!(plan["findings"], 11 * 250);
        // 28 pages, and of each vantage another window that is found empty.
        assert_eq!(plan["backfill_requests"], 28 + asked);
    }
}
