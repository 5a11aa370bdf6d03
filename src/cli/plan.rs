//! `hubwatch plan`: what reading will cost.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use crate::{
    aws::{Aws, FINDINGS_PAGE, Operation},
    config::Config,
    domain::{Account, Clock, CoverageState, Outlook, Question, Region, Scope, Vantage},
    observe::{new_registry, telemetry},
    pipeline::{
        Basis, Forecast, Lookout, REFRESHED_EVERY, Regions, Seen, WATCHED_PART, forecast, survey,
    },
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
/// Members on a page of Security Hub's list.
const MEMBERS_PAGE: usize = 50;

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
    let extent = Extent::ask(&aws, &config.sync.outlook).await?;
    let (known, source) = findings_known(args.findings, &config).await;
    let usual = args.findings.unwrap_or(USUAL_FINDINGS);
    let of = |scope: &Scope| known.get(scope).copied().unwrap_or(usual);
    let findings = extent.vantages.values();
    let findings = findings.map(|scopes| scopes.iter().map(of).sum());
    let basis = basis(&config, &extent, findings.collect());
    let plan = Plan {
        accounts: extent.accounts,
        accounts_asked: extent.active,
        accounts_in_trouble: extent.in_trouble,
        scopes: extent.vantages.values().map(Vec::len).sum(),
        vantages: extent.vantages.len(),
        unseen: extent.unseen,
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
    /// Accounts x Regions that the administrator does not see, and that nobody reads.
    unseen: usize,
    /// What is asked, and the accounts x Regions that each shows.
    vantages: BTreeMap<Vantage, Vec<Scope>>,
    /// Requests that list the administrator's members, where there is one.
    members_requests: usize,
}

impl Extent {
    async fn ask(aws: &Arc<Aws>, outlook: &Outlook) -> anyhow::Result<Self> {
        let accounts = aws.accounts().await.context("cannot list accounts")?;
        let mut extent = Self {
            accounts: accounts.len(),
            active: 0,
            in_trouble: 0,
            disabled_regions: 0,
            unseen: 0,
            vantages: BTreeMap::new(),
            members_requests: 0,
        };
        let lookout = Lookout::ask(aws, outlook)
            .await
            .context("cannot find out what Security Hub's administrator sees")?;
        match lookout {
            None => extent.ask_each(aws, accounts).await?,
            Some(lookout) => extent.look_from(&lookout, &accounts),
        }
        Ok(extent)
    }

    /// What an administrator sees of the accounts.
    fn look_from(&mut self, lookout: &Lookout, accounts: &[Account]) {
        self.in_trouble = lookout.troubles().count();
        self.members_requests =
            lookout.enabled_regions().len() * accounts.len().div_ceil(MEMBERS_PAGE);
        for account in accounts {
            let Regions::Listed(states) = lookout.regions_of(account) else {
                continue;
            };
            self.active += 1;
            for state in states {
                let scope = scope(account, state.region);
                match lookout.of(&scope) {
                    Seen::From(vantage) => self.reads(vantage, scope),
                    Seen::Itself => self.reads(Vantage::member(scope.clone()), scope),
                    Seen::Not(CoverageState::RegionDisabled, _) => self.disabled_regions += 1,
                    Seen::Not(..) => self.unseen += 1,
                }
            }
        }
    }

    fn reads(&mut self, vantage: Vantage, scope: Scope) {
        self.vantages.entry(vantage).or_default().push(scope);
    }

    async fn ask_each(&mut self, aws: &Arc<Aws>, accounts: Vec<Account>) -> anyhow::Result<()> {
        let home = aws.home_regions().await.context("cannot list Regions")?;
        let mut progress = Steps::new("accounts asked for their Regions", accounts.len());
        survey(aws, accounts, |account, regions| {
            progress.step();
            let states = match regions {
                Regions::Inactive => return,
                Regions::Listed(states) => states,
                // The daemon goes on with our own Regions, too.
                Regions::Trouble(_) => {
                    self.in_trouble += 1;
                    home.clone()
                }
            };
            self.active += 1;
            for state in states {
                if state.enabled {
                    let scope = scope(&account, state.region);
                    self.reads(Vantage::member(scope.clone()), scope);
                } else {
                    self.disabled_regions += 1;
                }
            }
        })
        .await;
        progress.finish();
        Ok(())
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

fn basis(config: &Config, extent: &Extent, findings: Vec<u64>) -> Basis {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let asked = extent.vantages.keys().map(|vantage| &vantage.at.account);
    let sessions = asked.collect::<BTreeSet<_>>().len();
    let asks_regions = match (&config.sync.outlook, config.aws.asks_regions()) {
        (_, false) => 0,
        (Outlook::Members, true) => extent.active,
        (Outlook::Wide { .. }, true) => 1,
    };
    Basis {
        findings,
        sessions: count(sessions),
        regions_requests: count(asks_regions),
        members_requests: count(extent.members_requests),
        poll_interval_max: config.sync.poll_interval_max,
        rules: config.sync.rules,
        per_second: config.aws.pace().per_second,
        concurrency: config.sync.concurrency,
        refresh: config.aws.refresh(),
        session: config.aws.session_duration(),
    }
}

/// Requests for one look at all accounts: the list, and for each account a session and its Regions.
fn discovery_requests(config: &Config, extent: &Extent) -> usize {
    if let Outlook::Wide {
        home_region_only, ..
    } = &config.sync.outlook
    {
        // A session, the Regions, and two requests about the aggregator.
        let about = 2 + if *home_region_only { 2 } else { 0 };
        return extent.accounts.div_ceil(ACCOUNTS_PAGE) + about + extent.members_requests;
    }
    let each = if config.aws.asks_regions() { 2 } else { 1 };
    extent.accounts.div_ceil(ACCOUNTS_PAGE) + extent.active * each + each - 1
}

#[derive(Debug, Serialize)]
struct Plan {
    accounts: usize,
    accounts_asked: usize,
    accounts_in_trouble: usize,
    scopes: usize,
    /// What is asked for them.
    vantages: usize,
    /// Accounts x Regions that the administrator does not see, and that nobody reads.
    unseen: usize,
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
                self.reading(config),
            ),
            line(
                "findings",
                self.forecast.findings.to_string(),
                self.findings_from.clone(),
            ),
            line(
                "requests to look around",
                self.discovery_requests.to_string(),
                looking_around(config),
            ),
        ];
        lines.extend(self.backfill(config));
        lines.extend(self.steady(config));
        lines
    }

    fn reading(&self, config: &Config) -> String {
        let off = format!("{} more are off", self.disabled_regions);
        match config.sync.outlook {
            Outlook::Members => format!("read; {off}"),
            Outlook::Wide { .. } => format!(
                "read by asking {} vantages; {} more are out of the administrator's sight and not \
                 read, {off}",
                self.vantages, self.unseen
            ),
        }
    }

    fn backfill(&self, config: &Config) -> Vec<Line> {
        let per_second = config.aws.pace().per_second;
        vec![
            Line {
                what: "history: requests",
                figure: self.forecast.backfill_requests.to_string(),
                how: format!(
                    "two windows for each account and Region that is asked, {} findings a request; \
                     {} for the largest",
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
            Line {
                what: "then: tail where all is quiet",
                figure: rate(self.forecast.quiet_tail_per_minute),
                how: format!(
                    "sync.poll_interval_max = {}, which every account and Region reaches that shows \
                     nothing new for long enough",
                    duration(config.sync.poll_interval_max.as_secs_f64())
                ),
            },
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
                how: "of every account that is asked, each accounts.refresh".to_owned(),
            },
            Line {
                what: "then: members listed",
                figure: rate(self.forecast.list_members_per_minute),
                how: "of the administrator in every Region, each accounts.refresh".to_owned(),
            },
        ]
    }
}

fn looking_around(config: &Config) -> String {
    let list = Operation::ListAccounts;
    match config.sync.outlook {
        Outlook::Members => format!(
            "{list} and, for each account, {} and {}",
            Operation::AssumeRole,
            Operation::DescribeRegions
        ),
        Outlook::Wide { .. } => format!(
            "{list}, and of the administrator alone {}, {} and {} in every Region",
            Operation::AssumeRole,
            Operation::DescribeRegions,
            Operation::ListMembers
        ),
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
