//! Where the daemon lives: its settings, its file, and the loops that are started, stopped and cut off.

use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};

use hubwatch::{
    aws::{Aws, Pace as AwsPace},
    config,
    correlate::Rulebook,
    domain::Clock,
    observe::{Health, new_registry},
    pipeline::{Daemon, Failed, Pace, PipelineMetrics},
    simulator::{Quota, Running},
    store::{Access, Store, StoreError, StoreUrl, open},
};
use secrecy::SecretString;
use tokio::task::{JoinSet, yield_now};
use tokio_util::sync::CancellationToken;

use crate::{
    outlook::Outlook,
    plan::Plan,
    time::Time,
    witness::{Watched, Witness},
};

/// How often to look whether what was cut off has let go of the file.
const LOOKS: u32 = 1_000_000;

pub(crate) struct House {
    directory: tempfile::TempDir,
    pace: Pace,
    quota: Quota,
    witness: Arc<Witness>,
    /// Accounts that the settings leave out.
    pub(crate) left_out: BTreeSet<String>,
    /// From where findings are seen, from the next start on.
    pub(crate) outlook: Outlook,
    /// What routes do with what was there before.
    first_sync: &'static str,
    running: JoinSet<Result<(), Failed>>,
    stop: CancellationToken,
}

impl House {
    pub(crate) fn new(plan: &Plan, witness: &Arc<Witness>) -> Self {
        Self {
            directory: directory(),
            pace: plan.pace.clone(),
            quota: plan.options.quota,
            witness: Arc::clone(witness),
            left_out: BTreeSet::new(),
            outlook: plan.outlooks.first,
            first_sync: if plan.outlooks.are_wide() {
                "silent"
            } else {
                "notify"
            },
            running: JoinSet::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Starts the loops on what is on disk.
    pub(crate) async fn start(&mut self, simulator: &Running, clock: &Clock) {
        assert!(self.running.is_empty(), "one at a time");
        let store = self.open().await;
        let daemon = self.daemon(simulator, clock, store).await;
        self.stop = CancellationToken::new();
        self.running.spawn(daemon.run(self.stop.clone()));
    }

    /// Cuts everything off at once, as a crash does. What is committed stays.
    pub(crate) async fn crash(&mut self) {
        self.running.shutdown().await;
    }

    /// Stops the loops as an operator does, and expects them to end in time.
    pub(crate) async fn stop(&mut self, time: &mut Time) {
        self.stop.cancel();
        time.pass(self.pace.drain + Duration::from_secs(1)).await;
        let ended = self
            .running
            .try_join_next()
            .expect("the daemon did not end");
        ended.unwrap().unwrap();
    }

    /// Whether no daemon runs.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Panics when a loop has ended by itself.
    pub(crate) fn must_run(&mut self) {
        if let Some(ended) = self.running.try_join_next() {
            panic!("the daemon ended by itself: {ended:?}");
        }
    }

    /// The store, for a look beside the daemon.
    pub(crate) fn look(&self) -> Arc<dyn Store> {
        open(&self.url(), &Access::Read).unwrap()
    }

    fn url(&self) -> StoreUrl {
        StoreUrl::Sqlite(self.directory.path().join("hubwatch.db"))
    }

    /// Opens the store for writing, once nobody else does.
    async fn open(&self) -> Arc<dyn Store> {
        for _ in 0..LOOKS {
            match open(&self.url(), &Access::Write("aws".into())) {
                Ok(inner) => {
                    return Arc::new(Watched {
                        inner,
                        witness: Arc::clone(&self.witness),
                    });
                }
                Err(StoreError::Busy(_)) => yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the store is still held");
    }

    async fn daemon(&self, simulator: &Running, clock: &Clock, store: Arc<dyn Store>) -> Daemon {
        let config = self.settings(simulator);
        let at = simulator.endpoints();
        let registry = new_registry().unwrap();
        let secret = SecretString::from(at.secret_access_key.clone());
        let mut aws = config.aws.with_keys(&at.access_key_id, secret);
        if self.quota == Quota::OFF {
            aws = aws.with_pace(AwsPace {
                per_second: 1_000,
                burst: 1_000,
            });
        }
        // Signatures and sessions are of the machine's time, findings of the world's.
        let aws = Aws::connect(aws, Clock::system(), &registry).await.unwrap();
        Daemon {
            aws: Arc::new(aws),
            store,
            outlook: config.sync.outlook,
            rulebook: Arc::new(Rulebook::new(config.routes).with_rules(config.rules)),
            sinks: Vec::new(),
            clock: clock.clone(),
            pace: self.pace.clone(),
            health: Health::new(),
            metrics: PipelineMetrics::new(&registry).unwrap(),
            owner: config.owner,
            page_url: None,
        }
    }

    fn settings(&self, simulator: &Running) -> config::Config {
        let at = simulator.endpoints();
        let dir = self.directory.path();
        fs::write(dir.join("external-id"), &at.external_id).unwrap();
        fs::write(dir.join("token"), "none").unwrap();
        let left_out: Vec<&String> = self.left_out.iter().collect();
        let text = format!(
            r#"
            aws = {{ region = "{}", endpoint_url = "{}", role = {{ name = "{}", external_id_file = "{dir}/external-id" }} }}
            accounts = {{ exclude = {{ ids = {left_out:?} }} }}
            {sync}
            store = {{ url = "sqlite://{dir}/hubwatch.db" }}
            [[routes]]
            name = "bad"
            match = {{ severity = ">=HIGH" }}
            sinks = ["nobody"]
            first_sync = "{first_sync}"
            [sinks.nobody]
            type = "jira"
            url = "http://127.0.0.1:1"
            email = "hubwatch@example.com"
            api_token_file = "{dir}/token"
            project = "SEC"
            issue_type = "Task"
            "#,
            at.region,
            at.aws_endpoint_url,
            at.role_name,
            dir = dir.display(),
            sync = self
                .outlook
                .settings(at.administrator_account_id.as_deref()),
            first_sync = self.first_sync,
        );
        let path = dir.join("hubwatch.toml");
        fs::write(&path, text).unwrap();
        config::load(Some(&path), []).unwrap()
    }
}

/// In memory where the machine has such a place: a life commits thousands of times.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}
