//! Discovery: which accounts and Regions there are.

use std::{collections::BTreeMap, sync::Arc};

use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    aws::{Aws, AwsError},
    domain::{Account, AccountId, Clock, Coverage, CoverageState, Region, Scope},
    observe::{Printable, Pulse},
    store::{CensusEntry, Store},
};

use super::{
    Daemon,
    schedule::Schedule,
    survey::{Regions, survey},
};

/// The name of this loop.
pub(super) const NAME: &str = "discover";
/// How long listing accounts may take without a sign, or fail, before that counts: with tags it is a
/// request for each account, and a restart would only begin anew. It does not follow from how often
/// accounts are listed.
const PATIENCE: Duration = Duration::from_mins(30);
/// How soon to try again after a failure.
const RETRY: Duration = Duration::from_secs(30);

/// Why there is no census.
#[derive(Debug, thiserror::Error)]
enum DiscoverError {
    #[error("cannot list accounts: {0}")]
    Accounts(#[source] AwsError),
    #[error("cannot list Regions: {0}")]
    HomeRegions(#[source] AwsError),
    #[error("{0}")]
    Store(#[from] crate::store::StoreError),
}

/// The loop that takes the census.
pub(super) struct Discoverer {
    aws: Arc<Aws>,
    store: Arc<dyn Store>,
    schedule: Arc<Schedule>,
    clock: Clock,
    pulse: Pulse,
    interval: Duration,
}

impl Discoverer {
    pub(super) fn new(daemon: &Daemon, schedule: Arc<Schedule>) -> Self {
        let patience = PATIENCE.max(daemon.pace.discover_interval * 3);
        Self {
            aws: Arc::clone(&daemon.aws),
            store: Arc::clone(&daemon.store),
            schedule,
            clock: daemon.clock.clone(),
            pulse: daemon.health.expect(NAME, patience),
            interval: daemon.pace.discover_interval,
        }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = self.step() => done,
            };
            let wait = match done {
                Ok(()) => {
                    self.pulse.succeeded();
                    self.interval
                }
                Err(error) => {
                    let words = error.to_string();
                    warn!(error = %Printable(&words), "discovery failed; what is known stays");
                    self.pulse.failed(&words);
                    RETRY.min(self.interval)
                }
            };
            self.pulse.rest(Some(wait));
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
        }
    }

    /// Takes one complete census, stores it, and schedules what can be read.
    async fn step(&self) -> Result<(), DiscoverError> {
        self.pulse.beat();
        // What is scheduled below is read in windows that AWS's clock has a say in.
        self.aws.hear_the_time().await;
        let accounts = self.aws.accounts().await.map_err(DiscoverError::Accounts)?;
        let home = self
            .aws
            .home_regions()
            .await
            .map_err(DiscoverError::HomeRegions)?;
        let fallback: Vec<Region> = home
            .into_iter()
            .filter(|state| state.enabled)
            .map(|state| state.region)
            .collect();
        let known = known_regions(self.store.coverage().await?);
        let listed = accounts.len();
        let mut census = Vec::new();
        survey(&self.aws, accounts, |account, regions| {
            self.pulse.beat();
            let before = known.get(&account.id).map(Vec::as_slice);
            let before = before.unwrap_or_default();
            census.extend(entries(&account, regions, before, &fallback));
        })
        .await;
        let polled = census
            .iter()
            .filter(|entry| is_polled(entry))
            .map(|e| e.scope.clone());
        let polled: Vec<Scope> = polled.collect();
        info!(
            accounts = listed,
            scopes = census.len(),
            polled = polled.len(),
            "took the census"
        );
        self.store.take_census(census, self.clock.now()).await?;
        self.schedule.set(polled).await;
        Ok(())
    }
}

/// One entry for each Region of an account. Where the account cannot be asked, the Regions that it
/// had before, or those that our own account has: no data must never read as no scopes.
fn entries(
    account: &Account,
    regions: Regions,
    before: &[Region],
    fallback: &[Region],
) -> Vec<CensusEntry> {
    let entry = |region: &Region, trouble: Option<(CoverageState, String)>| CensusEntry {
        scope: Scope {
            account: account.id.clone(),
            region: region.clone(),
        },
        account_name: account.name.clone(),
        trouble,
    };
    let assumed = if before.is_empty() { fallback } else { before };
    match regions {
        Regions::Listed(states) => states
            .iter()
            .map(|state| {
                let off = (!state.enabled).then(|| {
                    let why = "the account has not enabled this Region; \
                               enable it there, or leave it out of regions.list";
                    (CoverageState::RegionDisabled, why.to_owned())
                });
                entry(&state.region, off)
            })
            .collect(),
        Regions::Inactive => {
            let why = "the account is suspended or closed; its findings are kept as they were";
            let trouble = Some((CoverageState::Suspended, why.to_owned()));
            assumed
                .iter()
                .map(|region| entry(region, trouble.clone()))
                .collect()
        }
        Regions::Trouble(error) => {
            warn!(account = %account.id, error = %Printable(&error), "cannot list the account's Regions");
            // Trouble that passes by itself is left for the polls to find.
            let trouble = (error.coverage() == CoverageState::RoleMissing)
                .then(|| (CoverageState::RoleMissing, error.to_string()));
            assumed
                .iter()
                .map(|region| entry(region, trouble.clone()))
                .collect()
        }
    }
}

/// Whether a poll can find out more. A Region that is off or an account that is suspended changes
/// by the next census only.
fn is_polled(entry: &CensusEntry) -> bool {
    !matches!(
        entry.trouble,
        Some((CoverageState::Suspended | CoverageState::RegionDisabled, _))
    )
}

fn known_regions(coverage: Vec<Coverage>) -> BTreeMap<AccountId, Vec<Region>> {
    let mut known: BTreeMap<AccountId, Vec<Region>> = BTreeMap::new();
    for scope in coverage {
        // A Region that left the configuration must not come back through this door.
        if scope.state != CoverageState::Stale {
            known
                .entry(scope.scope.account)
                .or_default()
                .push(scope.scope.region);
        }
    }
    known
}
