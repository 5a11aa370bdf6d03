//! `hubwatch plan`: what reading will cost.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::{
    aws::{Aws, FINDINGS_PAGE, Operation},
    config::Config,
    domain::{Account, Clock, Question, Region, Scope},
    observe::{new_registry, telemetry},
    pipeline::{Basis, Forecast, REFRESHED_EVERY, Regions, WATCHED_PART, forecast, survey},
    store::{self, Access},
};

use super::{
    ConfigArgs, Exit,
    output::{self, Format, Output, Row},
    progress::Steps,
};

/// Findings taken to be in a scope of which nothing is known.
const USUAL_FINDINGS: u64 = 1_000;
/// Accounts on a page of the organization's list.
const ACCOUNTS_PAGE: usize = 20;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Findings to expect in each account and Region, in place of what the store holds, or of 1000
    /// where it holds nothing.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=100_000_000))]
    findings: Option<u64>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

pub(super) const EXAMPLES: &str = "Examples:\n  hubwatch plan --config hubwatch.toml\n  \
     hubwatch plan --config hubwatch.toml --findings 5000 --output json\n\n\
     Asks AWS for accounts and Regions, and reads no findings.\n\n\
     Exit codes: 0 done; 1 failed; 2 wrong configuration; 3 done, and some accounts could not be \
     asked for their Regions.";

pub(super) async fn run(args: &PlanArgs) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    telemetry::init(&config.log)?;
    let aws = Arc::new(Aws::connect(config.aws.clone(), Clock::system(), &new_registry()?).await?);
    let extent = Extent::ask(&aws).await?;
    let (known, source) = findings_known(args.findings, &config).await;
    let usual = args.findings.unwrap_or(USUAL_FINDINGS);
    let findings = extent
        .scopes
        .iter()
        .map(|scope| known.get(scope).copied().unwrap_or(usual));
    let basis = basis(&config, extent.active, findings.collect());
    let plan = Plan {
        accounts: extent.accounts,
        accounts_asked: extent.active,
        accounts_in_trouble: extent.in_trouble,
        scopes: basis.findings.len(),
        disabled_regions: extent.disabled_regions,
        findings_from: source,
        discovery_requests: discovery_requests(&config, &extent),
        forecast: forecast(&basis),
    };
    match args.output {
        Format::Json => output::json(&plan)?,
        Format::Table => {
            output::print(Output::Table, &plan.lines(&config))?;
        }
    }
    Ok(if plan.accounts_in_trouble == 0 {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

/// What there is to read.
struct Extent {
    accounts: usize,
    active: usize,
    /// Accounts that could not be asked for their Regions.
    in_trouble: usize,
    disabled_regions: usize,
    scopes: Vec<Scope>,
}

impl Extent {
    async fn ask(aws: &Arc<Aws>) -> anyhow::Result<Self> {
        let accounts = aws.accounts().await.context("cannot list accounts")?;
        let home = aws.home_regions().await.context("cannot list Regions")?;
        let mut progress = Steps::new("accounts asked for their Regions", accounts.len());
        let mut extent = Self {
            accounts: accounts.len(),
            active: 0,
            in_trouble: 0,
            disabled_regions: 0,
            scopes: Vec::new(),
        };
        survey(aws, accounts, |account, regions| {
            progress.step();
            let states = match regions {
                Regions::Inactive => return,
                Regions::Listed(states) => states,
                // The daemon goes on with our own Regions, too.
                Regions::Trouble(_) => {
                    extent.in_trouble += 1;
                    home.clone()
                }
            };
            extent.active += 1;
            for state in states {
                if state.enabled {
                    extent.scopes.push(scope(&account, state.region));
                } else {
                    extent.disabled_regions += 1;
                }
            }
        })
        .await;
        progress.finish();
        Ok(extent)
    }
}

fn scope(account: &Account, region: Region) -> Scope {
    Scope {
        account: account.id.clone(),
        region,
    }
}

/// Findings by scope as the store knows them, and where the figures come from, in words.
async fn findings_known(typed: Option<u64>, config: &Config) -> (HashMap<Scope, u64>, String) {
    if let Some(findings) = typed {
        let source = format!("--findings: {findings} in each account and Region");
        return (HashMap::new(), source);
    }
    let tallies = match store::open(&config.store.url, &Access::Read) {
        Ok(store) => store.tallies().await.ok(),
        Err(_) => None,
    };
    let mut known: HashMap<Scope, u64> = HashMap::new();
    for tally in tallies.into_iter().flat_map(|tallies| tallies.findings) {
        *known.entry(tally.scope).or_default() += tally.count;
    }
    let source = if known.is_empty() {
        format!("assumed: {USUAL_FINDINGS} in each account and Region; say better with --findings")
    } else {
        format!("as in the store, and {USUAL_FINDINGS} where it holds nothing yet")
    };
    (known, source)
}

fn basis(config: &Config, accounts: usize, findings: Vec<u64>) -> Basis {
    Basis {
        findings,
        accounts: u64::try_from(accounts).unwrap_or(u64::MAX),
        rules: config.sync.rules,
        per_second: config.aws.pace().per_second,
        concurrency: config.sync.concurrency,
        refresh: config.aws.refresh(),
        session: config.aws.session_duration(),
        asks_regions: config.aws.asks_regions(),
    }
}

/// Requests for one look at all accounts: the list, and for each account a session and its Regions.
fn discovery_requests(config: &Config, extent: &Extent) -> usize {
    let each = if config.aws.asks_regions() { 2 } else { 1 };
    extent.accounts.div_ceil(ACCOUNTS_PAGE) + extent.active * each + each - 1
}

#[derive(Debug, Serialize)]
struct Plan {
    accounts: usize,
    accounts_asked: usize,
    accounts_in_trouble: usize,
    scopes: usize,
    disabled_regions: usize,
    findings_from: String,
    discovery_requests: usize,
    #[serde(flatten)]
    forecast: Forecast,
}

#[derive(Debug, Serialize)]
struct Line {
    what: &'static str,
    figure: String,
    how: String,
}

impl Row for Line {
    const HEADINGS: &'static [&'static str] = &["What", "Figure", "How it is computed"];

    fn cells(&self) -> Vec<String> {
        vec![self.what.to_owned(), self.figure.clone(), self.how.clone()]
    }
}

impl Plan {
    fn lines(&self, config: &Config) -> Vec<Line> {
        let line = |what, figure: String, how: String| Line { what, figure, how };
        let mut lines = vec![
            line(
                "accounts",
                self.accounts.to_string(),
                format!(
                    "{} are asked, the others are suspended or closed; {} could not be asked for \
                     their Regions and count with our own (`hubwatch check --online` says why)",
                    self.accounts_asked, self.accounts_in_trouble
                ),
            ),
            line(
                "accounts x Regions",
                self.scopes.to_string(),
                format!("read; {} more are off", self.disabled_regions),
            ),
            line(
                "findings",
                self.forecast.findings.to_string(),
                self.findings_from.clone(),
            ),
            line(
                "requests to look around",
                self.discovery_requests.to_string(),
                format!(
                    "{} and, for each account, {} and {}",
                    Operation::ListAccounts,
                    Operation::AssumeRole,
                    Operation::DescribeRegions
                ),
            ),
        ];
        lines.extend(self.backfill(config));
        lines.extend(self.steady(config));
        lines
    }

    fn backfill(&self, config: &Config) -> Vec<Line> {
        let per_second = config.aws.pace().per_second;
        vec![
            Line {
                what: "history: requests",
                figure: self.forecast.backfill_requests.to_string(),
                how: format!(
                    "two windows for each account and Region, {} findings a request; {} for the \
                     largest",
                    FINDINGS_PAGE, self.forecast.backfill_requests_largest_scope
                ),
            },
            Line {
                what: "history: time",
                figure: duration(self.forecast.backfill_secs),
                how: format!(
                    "at {per_second} requests a second for each account and Region (AWS's quota), \
                     sync.concurrency = {} of them at once",
                    config.sync.concurrency
                ),
            },
        ]
    }

    fn steady(&self, config: &Config) -> Vec<Line> {
        let (all, rules) = (self.forecast.steady, config.sync.rules);
        let every =
            |what, per_minute: f64, key: &str, every: jiff::SignedDuration, how: &str| Line {
                what,
                figure: rate(per_minute),
                how: format!("{key} = {}; {how}", duration(every.as_secs_f64())),
            };
        vec![
            every(
                "then: tail",
                all.tail_per_minute,
                "sync.poll_interval",
                rules.tail_every,
                &format!(
                    "findings are taken to be refreshed every {}",
                    duration(REFRESHED_EVERY.as_secs_f64())
                ),
            ),
            every(
                "then: watch",
                all.watch_per_minute,
                "sync.watch_interval",
                rules.watch_every,
                &format!(
                    "{} of the findings are taken to be behind open incidents, {} a request",
                    percent(WATCHED_PART),
                    Question::MAX_IDS
                ),
            ),
            every(
                "then: late",
                all.late_per_minute,
                "sync.late_interval",
                rules.late_every,
                "all that sync.late_reach covers",
            ),
            every(
                "then: reconcile",
                all.reconcile_per_minute,
                "sync.reconcile_interval",
                rules.reconcile_every,
                "every finding",
            ),
            Line {
                what: "then: all findings requests",
                figure: rate(all.per_minute()),
                how: format!(
                    "{} for the largest account and Region, {} of its quota; {} of what \
                     sync.concurrency allows in all",
                    rate(self.forecast.steady_largest_scope.per_minute()),
                    percent(self.forecast.quota_share_largest_scope),
                    percent(self.forecast.readers_share)
                ),
            },
            Line {
                what: "then: roles assumed",
                figure: rate(self.forecast.assume_role_per_minute),
                how: "one session an account, refreshed at 80 % of aws.role.duration".to_owned(),
            },
            Line {
                what: "then: Regions asked",
                figure: rate(self.forecast.describe_regions_per_minute),
                how: "every account, each accounts.refresh".to_owned(),
            },
        ]
    }
}

fn rate(per_minute: f64) -> String {
    format!("{per_minute:.1}/min")
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

fn duration(secs: f64) -> String {
    // What is less than a second is said as one: nobody plans with it.
    let secs = Duration::try_from_secs_f64(secs.ceil().max(1.0)).unwrap_or(Duration::MAX);
    humantime::format_duration(secs).to_string()
}
