//! Discovery: which accounts and Regions there are.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    aws::{Aws, AwsError},
    domain::{Account, AccountId, Clock, Coverage, CoverageState, Outlook, Region, Scope, Vantage},
    observe::{Printable, Pulse},
    store::{CensusEntry, Store},
};

use super::{
    Daemon,
    lookout::{Lookout, Seen},
    schedule::Schedule,
    sights::Sights,
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
    #[error("cannot find out what Security Hub's administrator sees: {0}")]
    Lookout(#[source] AwsError),
    #[error("{0}")]
    Store(#[from] crate::store::StoreError),
}

/// The loop that takes the census.
pub(super) struct Discoverer {
    aws: Arc<Aws>,
    store: Arc<dyn Store>,
    schedule: Arc<Schedule>,
    sights: Arc<Sights>,
    outlook: Outlook,
    /// What the administrator saw last time.
    last: Option<Lookout>,
    clock: Clock,
    pulse: Pulse,
    interval: Duration,
}

impl Discoverer {
    pub(super) fn new(daemon: &Daemon, schedule: Arc<Schedule>, sights: Arc<Sights>) -> Self {
        let patience = PATIENCE.max(daemon.pace.discover_interval * 3);
        Self {
            aws: Arc::clone(&daemon.aws),
            store: Arc::clone(&daemon.store),
            schedule,
            sights,
            outlook: daemon.outlook.clone(),
            last: None,
            clock: daemon.clock.clone(),
            pulse: daemon.health.expect(NAME, patience),
            interval: daemon.pace.discover_interval,
        }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = self.step() => done,
            };
            let wait = match done {
                Ok(soon) => {
                    self.pulse.succeeded();
                    if soon {
                        RETRY.min(self.interval)
                    } else {
                        self.interval
                    }
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

    /// Takes one complete census, stores it, and schedules what can be read. Returns whether the next
    /// is worth taking soon.
    async fn step(&mut self) -> Result<bool, DiscoverError> {
        self.pulse.beat();
        // What is scheduled below is read in windows that AWS's clock has a say in.
        self.aws.hear_the_time().await;
        let accounts = self.take_roll().await?;
        let listed = accounts.len();
        let stored = self.store.coverage().await?;
        let known = known_regions(&stored);
        let mut soon = false;
        let census = match self.look_out(&stored).await? {
            None => self.ask_each(accounts, &known).await?,
            Some(lookout) => {
                soon = lookout.is_in_passing_trouble();
                seen_from_afar(lookout, accounts, &known)
            }
        };
        let mut sights: HashMap<Vantage, HashSet<Scope>> = HashMap::new();
        let mut vantages = HashSet::new();
        for entry in &census {
            if let Some(vantage) = &entry.seen_from {
                let followed = sights.entry(vantage.clone()).or_default();
                followed.insert(entry.scope.clone());
                vantages.insert(vantage.clone());
            } else if is_polled(entry, &self.outlook) {
                vantages.insert(Vantage::member(entry.scope.clone()));
            }
        }
        info!(
            accounts = listed,
            scopes = census.len(),
            vantages = vantages.len(),
            "took the census"
        );
        // Before the store is told since when a scope is in sight, so that no window that begins later
        // passes it over.
        self.sights.widen(&sights);
        self.store.take_census(census, self.clock.now()).await?;
        self.sights.set(sights);
        self.schedule.set(vantages).await;
        Ok(soon)
    }

    /// The accounts, whose facts are stored before any of their findings. What could not be found out
    /// holds nobody up: what was known of it stays.
    async fn take_roll(&self) -> Result<Vec<Account>, DiscoverError> {
        let roll = self.aws.roll().await.map_err(DiscoverError::Accounts)?;
        for (_, error) in &roll.troubles {
            warn!(error = %Printable(error), "cannot find out all that routes ask of accounts");
        }
        let learned = roll.accounts.iter().map(|account| {
            let Account { id, learned, .. } = account;
            (id.clone(), learned.clone())
        });
        self.store.note_accounts(learned.collect()).await?;
        Ok(roll.accounts)
    }

    /// Asks every account for its Regions.
    async fn ask_each(
        &self,
        accounts: Vec<Account>,
        known: &BTreeMap<AccountId, Vec<Region>>,
    ) -> Result<Vec<CensusEntry>, DiscoverError> {
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
        let mut census = Vec::new();
        survey(&self.aws, accounts, |account, regions| {
            self.pulse.beat();
            let before = known.get(&account.id).map(Vec::as_slice);
            let before = before.unwrap_or_default();
            census.extend(entries(&account, regions, before, &fallback));
        })
        .await;
        Ok(census)
    }

    /// What the administrator sees now, where there is one to ask.
    async fn look_out(&mut self, stored: &[Coverage]) -> Result<Option<&Lookout>, DiscoverError> {
        let asked = Lookout::ask(&self.aws, &self.outlook).await;
        let Some(mut lookout) = asked.map_err(DiscoverError::Lookout)? else {
            return Ok(None);
        };
        for (at, error) in lookout.troubles() {
            warn!(scope = %at, error = %Printable(error), "cannot list the members of {at}");
        }
        lookout.remember(self.last.as_ref(), stored);
        Ok(Some(self.last.insert(lookout)))
    }
}

/// The census of accounts that are not asked themselves, as far as the administrator sees them.
fn seen_from_afar(
    lookout: &Lookout,
    accounts: Vec<Account>,
    known: &BTreeMap<AccountId, Vec<Region>>,
) -> Vec<CensusEntry> {
    let fallback = lookout.enabled_regions();
    let mut census = Vec::new();
    for account in accounts {
        let before = known.get(&account.id).map(Vec::as_slice);
        let regions = lookout.regions_of(&account);
        let before = before.unwrap_or_default();
        let mut of_account = entries(&account, regions, before, &fallback);
        for entry in &mut of_account {
            if entry.trouble.is_none() {
                match lookout.of(&entry.scope) {
                    Seen::Itself => {}
                    Seen::From(vantage) => entry.seen_from = Some(vantage),
                    Seen::Not(state, why) => entry.trouble = Some((state, why)),
                }
            }
        }
        census.extend(of_account);
    }
    census
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
        seen_from: None,
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

/// Whether a poll can find out more: where nothing is in the way, and where a role may be assumed again
/// before the next census. What stands in an administrator's way changes by the next census only.
fn is_polled(entry: &CensusEntry, outlook: &Outlook) -> bool {
    match &entry.trouble {
        None => true,
        Some((state, _)) => *outlook == Outlook::Members && *state == CoverageState::RoleMissing,
    }
}

fn known_regions(coverage: &[Coverage]) -> BTreeMap<AccountId, Vec<Region>> {
    let mut known: BTreeMap<AccountId, Vec<Region>> = BTreeMap::new();
    for scope in coverage {
        // A Region that left the configuration must not come back through this door.
        if scope.state != CoverageState::Stale {
            let Scope { account, region } = scope.scope.clone();
            known.entry(account).or_default().push(region);
        }
    }
    known
}
