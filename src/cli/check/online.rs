//! Trying everything that the daemon will do with AWS, short of keeping what it reads.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    aws::{Aws, AwsError, Caller, Operation},
    config::Config,
    domain::{Account, Clock, CoverageState, Outlook, Region, Scope},
    observe::{new_registry, telemetry},
    pipeline::{Lookout, Regions, Seen, probe, survey},
};

use super::{
    super::{
        Exit,
        output::{self, Format},
        progress::Steps,
    },
    report::{Report, Where},
};

pub(super) async fn run(config: &Config, format: Format) -> anyhow::Result<Exit> {
    telemetry::init(&config.log)?;
    let aws = config.aws.clone().with_in_flight(config.sync.concurrency);
    let aws = Arc::new(Aws::connect(aws, Clock::system(), &new_registry()?).await?);
    let mut report = Report::new(config.sinks.keys());
    attempt(config, &aws, &mut report).await;
    report.print(format)?;
    Ok(report.exit())
}

/// Goes on as long as there is something to go on with.
async fn attempt(config: &Config, aws: &Arc<Aws>, report: &mut Report) {
    let caller = match aws.caller().await {
        Ok(caller) => caller,
        Err(error) => {
            report.refused_by_credentials(Operation::CallerIdentity, &error);
            return;
        }
    };
    output::note(format_args!("asking AWS as {}", caller.arn));
    report.caller = Some(caller.arn.clone());
    let mut trial = Trial {
        aws,
        caller,
        report,
    };
    let accounts = match aws.roll().await {
        Ok(roll) => {
            for (tried, error) in &roll.troubles {
                trial.failed(*tried, error, Where::Own);
            }
            roll.accounts
        }
        Err(error) => {
            trial.failed(Operation::ListAccounts, &error, Where::Own);
            return;
        }
    };
    if config.sync.outlook != Outlook::Members {
        trial.try_from_afar(config, &accounts).await;
        return;
    }
    let fallback = match aws.home_regions().await {
        Ok(states) => states
            .into_iter()
            .filter(|state| state.enabled)
            .map(|state| state.region)
            .collect(),
        Err(error) => {
            trial.failed(Operation::DescribeRegions, &error, Where::Own);
            Vec::new()
        }
    };
    let scopes = trial.try_accounts(accounts, &fallback).await;
    let places = scopes.into_iter().map(|scope| (scope, 1)).collect();
    trial.try_places(config.sync.concurrency, places).await;
}

struct Trial<'a> {
    aws: &'a Arc<Aws>,
    caller: Caller,
    report: &'a mut Report,
}

impl Trial<'_> {
    fn failed(&mut self, tried: Operation, error: &AwsError, at: Where) {
        let remedy = self.aws.remedy(error, &self.caller);
        self.report.failed(tried, error, remedy, at);
    }

    /// Tries the role in every account and asks it for its Regions: which scopes are left to try.
    async fn try_accounts(&mut self, accounts: Vec<Account>, fallback: &[Region]) -> Vec<Scope> {
        let mut progress = Steps::new("accounts asked for their Regions", accounts.len());
        let mut scopes = Vec::new();
        let aws = Arc::clone(self.aws);
        survey(&aws, accounts, |account, regions| {
            progress.step();
            self.report.accounts += 1;
            let found = self.regions_to_try(&account, regions, fallback);
            scopes.extend(found.into_iter().map(|region| Scope {
                account: account.id.clone(),
                region,
            }));
        })
        .await;
        progress.finish();
        scopes
    }

    fn regions_to_try(
        &mut self,
        account: &Account,
        regions: Regions,
        fallback: &[Region],
    ) -> Vec<Region> {
        match regions {
            Regions::Inactive => {
                self.report.inactive_accounts += 1;
                Vec::new()
            }
            Regions::Listed(states) => {
                let (on, off): (Vec<_>, Vec<_>) = states.into_iter().partition(|s| s.enabled);
                self.report.disabled_regions += off.len();
                on.into_iter().map(|state| state.region).collect()
            }
            Regions::Trouble(error) => {
                let at = Where::Account(account.id.clone());
                self.failed(Operation::DescribeRegions, &error, at);
                if matches!(error, AwsError::Denied { .. }) {
                    // The role is there: the daemon would try our own Regions, and so do we.
                    fallback.to_vec()
                } else {
                    Vec::new()
                }
            }
        }
    }

    /// Tries what an administrator is asked, and says what it does not see.
    async fn try_from_afar(&mut self, config: &Config, accounts: &[Account]) {
        let lookout = match Lookout::ask(self.aws, &config.sync.outlook).await {
            Ok(Some(lookout)) => lookout,
            Ok(None) => return,
            Err(error) => {
                self.failed(Operation::ListMembers, &error, self.administrator(config));
                return;
            }
        };
        for (at, error) in lookout.troubles() {
            self.failed(Operation::ListMembers, error, Where::Scope(at));
        }
        let mut places: BTreeMap<Scope, usize> = BTreeMap::new();
        for account in accounts {
            self.report.accounts += 1;
            let Regions::Listed(states) = lookout.regions_of(account) else {
                self.report.inactive_accounts += 1;
                continue;
            };
            for state in states {
                let scope = Scope {
                    account: account.id.clone(),
                    region: state.region,
                };
                let asked = match lookout.of(&scope) {
                    Seen::From(vantage) => vantage.at,
                    Seen::Itself => scope,
                    Seen::Not(CoverageState::RegionDisabled, _) => {
                        self.report.disabled_regions += 1;
                        continue;
                    }
                    Seen::Not(state, why) => {
                        self.report.unseen(scope, state, &why);
                        continue;
                    }
                };
                *places.entry(asked).or_default() += 1;
            }
        }
        self.try_places(config.sync.concurrency, places).await;
    }

    fn administrator(&self, config: &Config) -> Where {
        match &config.sync.outlook {
            Outlook::Members => Where::Own,
            Outlook::Wide { administrator, .. } => Where::Account(administrator.clone()),
        }
    }

    /// Asks each place for a finding; each shows so many accounts x Regions.
    async fn try_places(&mut self, at_once: usize, places: BTreeMap<Scope, usize>) {
        let mut progress = Steps::new("accounts x Regions asked for a finding", places.len());
        let aws = Arc::clone(self.aws);
        let to_ask = places.keys().cloned().collect();
        probe(&aws, at_once, to_ask, |scope, answer| {
            progress.step();
            let shown = places.get(&scope).copied().unwrap_or_default();
            self.report.scopes += shown;
            match answer {
                Ok(()) => self.report.readable_scopes += shown,
                Err(error) => {
                    self.failed(Operation::GetFindings, &error, Where::Scope(scope));
                }
            }
        })
        .await;
        progress.finish();
    }
}
