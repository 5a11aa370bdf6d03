//! A simulated organization and the real `hubwatch` beside it.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use hubwatch::{
    aws::Aws,
    config,
    correlate::Rulebook,
    domain::{Clock, CoverageState, Scope, delivery::DeliveryState},
    notify::{HttpClient, choose},
    observe::{Health, new_registry},
    pipeline::{Daemon, Pace, PipelineMetrics},
    simulator::{Faults, Options, Quota, Reach, Running, Simulator},
    store::{Access, IncidentFilter, Store, StoreUrl, StoredIncident, open},
};
use secrecy::SecretString;
use tokio::process::{Child, Command};

/// How long a sync of these small organizations may take.
const SYNC_WITHIN: Duration = Duration::from_secs(120);

/// A simulated organization, and a directory with settings that point to it.
pub(crate) struct Bench {
    pub(crate) simulator: Running,
    directory: tempfile::TempDir,
}

impl Bench {
    /// A small organization without faults, read once.
    pub(crate) async fn synced(accounts: usize, findings: usize, seed: u64) -> Self {
        let bench = Self::start(Options {
            accounts,
            regions: 2,
            findings,
            seed,
            quota: Quota::OFF,
            faults: Faults::none(),
            ..Options::default()
        })
        .await;
        let (code, _, err) = bench.run(&["sync"]).await;
        assert_eq!(code, Some(0), "{err}");
        bench
    }

    pub(crate) async fn start(options: Options) -> Self {
        let simulator = Simulator::start(options).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let bench = Self {
            simulator,
            directory,
        };
        bench.write_settings();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write_settings(&self) {
        let at = self.simulator.endpoints();
        let dir = self.directory.path().display();
        for (name, secret) in [
            ("external-id", &at.external_id),
            ("jira-token", &at.booth.jira_api_token),
            ("sendgrid-key", &at.booth.sendgrid_api_key),
        ] {
            fs::write(self.path(name), secret).unwrap();
        }
        let settings = format!(
            r#"
            aws = {{ region = "{}", endpoint_url = "{}", role = {{ name = "{}", external_id_file = "{dir}/external-id" }} }}
            accounts = {{ refresh = "10s" }}
            sync = {{ poll_interval = "10s", poll_interval_max = "10s" }}
            store = {{ url = "sqlite://{dir}/hubwatch.db" }}
            http = {{ listen = "127.0.0.1:0" }}
            log = {{ format = "human", filter = "info" }}
            [[routes]]
            name = "bad"
            match = {{ severity = ">=HIGH" }}
            sinks = ["jira", "mail"]
            first_sync = "notify"
            [sinks.jira]
            type = "jira"
            url = "{}"
            email = "{}"
            api_token_file = "{dir}/jira-token"
            project = "{}"
            issue_type = "Task"
            search_lag = "3s"
            [sinks.mail]
            type = "email"
            via = "sendgrid"
            api_url = "{}"
            api_key_file = "{dir}/sendgrid-key"
            from = "hubwatch@example.com"
            to = ["oncall@example.com"]
            "#,
            at.region,
            at.aws_endpoint_url,
            at.role_name,
            at.booth.jira_url,
            at.booth.jira_email,
            at.booth.jira_project,
            at.booth.sendgrid_url,
        );
        fs::write(self.path("hubwatch.toml"), settings).unwrap();
    }

    /// The `hubwatch` command with the simulator's keys and nothing else of our environment.
    pub(crate) fn hubwatch(&self, arguments: &[&str]) -> Command {
        let at = self.simulator.endpoints();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubwatch"));
        command
            .args(arguments)
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", &at.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &at.secret_access_key)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// A command that takes `--config`, run to its end: exit code, standard output and error.
    pub(crate) async fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let config = self.path("hubwatch.toml");
        let mut all = arguments.to_vec();
        all.extend(["--config", config.to_str().unwrap()]);
        let output = tokio::time::timeout(SYNC_WITHIN, self.hubwatch(&all).output())
            .await
            .expect("the command took too long")
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// The daemon; its log goes to `daemon.log`.
    pub(crate) fn daemon(&self) -> Child {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("daemon.log"))
            .unwrap();
        let config = self.path("hubwatch.toml");
        self.hubwatch(&["run", "--config", config.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    /// The daemon's own address, once it says so.
    pub(crate) async fn address(&self) -> String {
        for _ in 0..600 {
            let log = self.log();
            let line = log
                .lines()
                .rev()
                .find(|line| line.contains("hubwatch is up"));
            if let Some(rest) = line.and_then(|line| line.split("address=").nth(1)) {
                return rest.split_whitespace().next().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the daemon did not come up:\n{}", self.log());
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        open(&StoreUrl::Sqlite(self.path("hubwatch.db")), &Access::Read).unwrap()
    }

    /// Waits until everything is read and decided and nothing is owed.
    pub(crate) async fn until_settled(&self) {
        let settled = async {
            loop {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let url = StoreUrl::Sqlite(self.path("hubwatch.db"));
                if let Ok(store) = open(&url, &Access::Read)
                    && is_settled(store.as_ref()).await
                {
                    return;
                }
            }
        };
        if tokio::time::timeout(SYNC_WITHIN, settled).await.is_err() {
            panic!("not settled in time:\n{}", tail(&self.log()));
        }
    }

    /// The store holds what the simulator holds, scope by scope, and coverage says what each
    /// scope is like.
    pub(crate) async fn assert_store_equals_hub(&self) {
        let store = self.store();
        let mut here: BTreeMap<(String, String), usize> = BTreeMap::new();
        for tally in store.tallies().await.unwrap().findings {
            let scope = (
                tally.scope.account.to_string(),
                tally.scope.region.to_string(),
            );
            *here.entry(scope).or_default() += usize::try_from(tally.count).unwrap();
        }
        let states: BTreeMap<(String, String), CoverageState> = store
            .coverage()
            .await
            .unwrap()
            .into_iter()
            .map(|c| {
                (
                    (c.scope.account.to_string(), c.scope.region.to_string()),
                    c.state,
                )
            })
            .collect();
        let truth = self.simulator.world().truth();
        for scope in &truth.scopes {
            let key = (scope.account_id.clone(), scope.region.clone());
            let state = states.get(&key).copied();
            assert_eq!(state, Some(expected(scope.reach)), "{key:?}");
            if scope.reach == Reach::Ok {
                let count = here.get(&key).copied().unwrap_or_default();
                assert_eq!(count, scope.findings, "{key:?}");
            }
        }
    }

    /// An account and Region that can be read once there is no trouble.
    pub(crate) fn some_scope(&self) -> Scope {
        let truth = self.simulator.world().truth();
        let readable = truth.scopes.iter().find(|s| s.reach == Reach::Ok).unwrap();
        Scope {
            account: readable.account_id.as_str().into(),
            region: readable.region.as_str().into(),
        }
    }

    pub(crate) async fn incidents(&self) -> Vec<StoredIncident> {
        self.store()
            .incidents(IncidentFilter::default())
            .await
            .unwrap()
    }

    /// One ticket for each incident: none missing, none twice.
    pub(crate) async fn assert_one_ticket_each(&self) {
        let references: Vec<Option<String>> = self
            .incidents()
            .await
            .iter()
            .map(|incident| {
                let jira = incident
                    .deliveries
                    .iter()
                    .find(|delivery| delivery.sink == "jira");
                jira.and_then(|delivery| delivery.reference.clone())
            })
            .collect();
        let mut ours: Vec<String> = references.into_iter().map(|r| r.unwrap()).collect();
        ours.sort();
        assert!(!ours.is_empty(), "a test that cannot fail");
        let tickets = self.simulator.booth().jira.tickets();
        let mut theirs: Vec<String> = tickets.into_iter().map(|ticket| ticket.key).collect();
        theirs.sort();
        assert_eq!(ours, theirs);
    }
}

/// Whether everything is read and decided and nothing is owed.
pub(crate) async fn is_settled(store: &dyn Store) -> bool {
    let (Ok(coverage), Ok(tallies)) = (store.coverage().await, store.tallies().await) else {
        return false;
    };
    let reading = coverage.iter().any(|c| {
        matches!(
            c.state,
            CoverageState::Backfilling | CoverageState::Throttled
        )
    });
    let pending = tallies
        .deliveries
        .iter()
        .any(|d| d.state == DeliveryState::Pending);
    !coverage.is_empty() && !reading && tallies.touched == 0 && !pending
}

fn expected(reach: Reach) -> CoverageState {
    match reach {
        Reach::Ok => CoverageState::Ok,
        Reach::Suspended => CoverageState::Suspended,
        Reach::RoleMissing => CoverageState::RoleMissing,
        Reach::Denied => CoverageState::Denied,
        Reach::NotSubscribed => CoverageState::NotSubscribed,
        Reach::RegionDisabled => CoverageState::RegionDisabled,
    }
}

/// Ends a process as the system does, without a chance to clean up.
pub(crate) async fn kill_9(mut child: Child) {
    child.start_kill().unwrap();
    child.wait().await.unwrap();
}

/// Asks a process to end, and returns its exit code.
pub(crate) async fn terminate(mut child: Child) -> Option<i32> {
    let id = child.id().unwrap().to_string();
    let asked = Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .await
        .unwrap();
    assert!(asked.success());
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
    ended
        .expect("the daemon did not drain in time")
        .unwrap()
        .code()
}

impl Bench {
    /// The daemon's loops in this process, by a clock of the test's. Polls follow each other
    /// quickly; which windows are due is for the clock to say.
    pub(crate) async fn loops(&self, clock: &Clock) -> Daemon {
        self.loops_through(clock, &self.simulator.endpoints().aws_endpoint_url)
            .await
    }

    /// The same, with something between them and the simulated AWS.
    pub(crate) async fn loops_through(&self, clock: &Clock, aws_endpoint_url: &str) -> Daemon {
        let at = self.simulator.endpoints();
        let through = ("HUBWATCH_AWS__ENDPOINT_URL".into(), aws_endpoint_url.into());
        let config = config::load(Some(&self.path("hubwatch.toml")), [through]).unwrap();
        let secret = SecretString::from(at.secret_access_key.clone());
        let registry = new_registry().unwrap();
        let aws_config = config.aws.with_keys(&at.access_key_id, secret);
        let access = Access::Write(aws_config.partition().clone());
        let aws = Aws::connect(aws_config, Clock::system(), &registry)
            .await
            .unwrap();
        let http = HttpClient::new().unwrap();
        let sinks = config.sinks.iter();
        Daemon {
            aws: Arc::new(aws),
            store: open(&config.store.url, &access).unwrap(),
            outlook: config.sync.outlook,
            rulebook: Arc::new(Rulebook::new(config.routes).with_rules(config.rules)),
            sinks: sinks
                .map(|(name, sink)| Arc::from(choose(name, sink, &http)))
                .collect(),
            clock: clock.clone(),
            pace: Pace {
                poll_interval: Duration::from_millis(300),
                poll_interval_max: Duration::from_millis(300),
                gaps_interval: None,
                discover_interval: Duration::from_secs(60),
                rules: config.sync.rules,
                retention: config.retention,
                workers: 8,
                drain: Duration::from_secs(10),
            },
            health: Health::new(),
            metrics: PipelineMetrics::new(&registry).unwrap(),
            owner: config.owner,
            page_url: None,
        }
    }
}

/// The last lines of a log.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
