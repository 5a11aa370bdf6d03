//! Input that is not as it should be: each kind has one outcome, and nothing stops the loops.
//! `docs/bad-input.md` lists them.

mod answers;
mod findings;
mod meddler;
mod skew;

use std::time::Duration;

use hubwatch::{
    domain::{Clock, Outlook, Timestamp},
    observe::Health,
    pipeline::Daemon,
    simulator::{Faults, Options, Reach},
    store::{FindingFilter, Store, StoredFinding},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::meddler::Meddler;
use crate::support::Bench;

/// How long any of this may take.
const WITHIN: Duration = Duration::from_secs(90);

/// A simulated organization, something that alters its answers, and the daemon's loops behind it.
struct Line {
    bench: Bench,
    meddler: Meddler,
    clock: Clock,
    daemon: Daemon,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Line {
    /// One Region, so that a scope is named by its account. Nothing runs yet.
    async fn lay(accounts: usize, findings: usize, clock: Clock) -> Self {
        let bench = Bench::start(Options {
            accounts,
            regions: 1,
            findings,
            administrator: false,
            faults: Faults::none(),
            ..Options::default()
        })
        .await;
        let meddler = Meddler::before(&bench.simulator.endpoints().aws_endpoint_url).await;
        let daemon = bench.loops_through(&clock, &meddler.url).await;
        Self {
            bench,
            meddler,
            clock,
            daemon,
            stop: CancellationToken::new(),
            running: JoinSet::new(),
        }
    }

    /// Several Regions, which Security Hub's administrator is asked for. Who is in its sight is looked
    /// at every second. By a clock that stands still.
    async fn lay_wide(regions: usize, home_region_only: bool) -> Self {
        let bench = Bench::start(Options {
            accounts: 3,
            regions,
            findings: 200,
            faults: Faults::none(),
            ..Options::default()
        })
        .await;
        let meddler = Meddler::before(&bench.simulator.endpoints().aws_endpoint_url).await;
        let clock = Clock::fixed(Timestamp::now());
        let mut daemon = bench.loops_through(&clock, &meddler.url).await;
        let administrator = bench.simulator.endpoints().administrator_account_id.clone();
        daemon.outlook = Outlook::Wide {
            administrator: administrator.unwrap().as_str().into(),
            home_region_only,
            ask_unseen: false,
        };
        daemon.pace.discover_interval = Duration::from_secs(1);
        Self {
            bench,
            meddler,
            clock,
            daemon,
            stop: CancellationToken::new(),
            running: JoinSet::new(),
        }
    }

    fn run(&mut self) {
        let (daemon, stop) = (self.daemon.clone(), self.stop.clone());
        self.running
            .spawn(async move { daemon.run(stop).await.unwrap() });
    }

    fn store(&self) -> &dyn Store {
        &*self.daemon.store
    }

    /// Waits until everything is read and decided.
    async fn until_synced(&self) {
        let synced = self.daemon.until_synced(&self.stop, |_| {});
        let state = tokio::time::timeout(WITHIN, synced).await;
        assert!(state.unwrap().is_synced());
    }

    /// Waits until everybody is told, too, which takes a clock that moves.
    async fn until_told(&self) {
        let told = async {
            while self.daemon.until_synced(&self.stop, |_| {}).await.pending > 0 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(WITHIN, told).await.unwrap();
    }

    /// The finding with an id, as it is stored.
    async fn finding(&self, id: &str) -> Option<StoredFinding> {
        let filter = FindingFilter {
            id: Some(id.to_owned()),
            ..FindingFilter::default()
        };
        self.store()
            .findings(filter)
            .await
            .unwrap()
            .into_iter()
            .next()
    }

    async fn until_there(&self, id: &str) -> StoredFinding {
        for _ in 0..200 {
            if let Some(finding) = self.finding(id).await {
                return finding;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{id} is not recorded");
    }

    /// An account that can be read, and the only Region.
    fn place(&self) -> (String, String) {
        let scope = self.bench.some_scope();
        (scope.account.to_string(), scope.region.to_string())
    }

    /// All accounts that can be read.
    fn accounts(&self) -> Vec<String> {
        let truth = self.bench.simulator.world().truth();
        let readable = truth.scopes.into_iter().filter(|s| s.reach == Reach::Ok);
        readable.map(|scope| scope.account_id).collect()
    }

    /// Stops the loops, which must all still be there. They may run again.
    async fn stop_loops(&mut self) {
        assert!(self.running.try_join_next().is_none(), "a loop has ended");
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.unwrap();
        }
        self.stop = CancellationToken::new();
        self.daemon.health = Health::new();
    }

    async fn end(mut self) -> Bench {
        self.stop_loops().await;
        drop(self.daemon);
        self.bench
    }
}
