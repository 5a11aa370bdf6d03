//! From where each scope is seen, as AWS says.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::ControlFlow,
    sync::Arc,
};

use tracing::warn;

use crate::{
    aws::{Aggregation, Aws, AwsError, RegionState, for_each},
    domain::{Account, AccountId, Coverage, CoverageState, Outlook, Region, Scope, Sight, Vantage},
    observe::Printable,
};

use super::Regions;

/// How many Regions are asked for the administrator's members at the same time.
const AT_ONCE: usize = 8;

/// From where one scope is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// From a wide vantage.
    From(Vantage),
    /// It is not, so it is asked itself.
    Itself,
    /// It is not, and nobody looks: how that counts, and in words why.
    Not(CoverageState, String),
}

/// What one account sees of the others.
#[derive(Debug, Clone)]
pub struct Lookout {
    administrator: AccountId,
    ask_unseen: bool,
    states: Vec<RegionState>,
    by_region: BTreeMap<Region, InRegion>,
}

/// What is seen of one Region.
#[derive(Debug, Clone)]
enum InRegion {
    Members(Vantage, BTreeSet<AccountId>),
    /// It is not linked to the home Region.
    Unlinked,
    /// Who is seen from there could not be found out.
    Trouble(Vantage, AwsError),
}

impl Lookout {
    /// Asks what the administrator sees; `None` where every scope is asked itself.
    ///
    /// # Errors
    /// If the administrator cannot be asked at all, or sees nobody.
    pub async fn ask(aws: &Arc<Aws>, outlook: &Outlook) -> Result<Option<Self>, AwsError> {
        let Outlook::Wide {
            administrator,
            home_region_only,
            ask_unseen,
        } = outlook
        else {
            return Ok(None);
        };
        let states = aws.regions(administrator).await?;
        let home = if *home_region_only {
            Some(Home::ask(aws, administrator).await?)
        } else {
            None
        };
        let enabled = states.iter().filter(|state| state.enabled);
        let regions: Vec<Region> = enabled.map(|state| state.region.clone()).collect();
        let mut lookout = Self {
            administrator: administrator.clone(),
            ask_unseen: *ask_unseen,
            states,
            by_region: BTreeMap::new(),
        };
        lookout.ask_regions(aws, home, regions).await;
        lookout.refuse_nobody(*home_region_only)?;
        Ok(Some(lookout))
    }

    async fn ask_regions(&mut self, aws: &Arc<Aws>, home: Option<Home>, regions: Vec<Region>) {
        let is_shown = |region: &Region| {
            home.as_ref()
                .is_none_or(|home| home.aggregation.shows(region))
        };
        let (to_ask, unlinked): (Vec<_>, Vec<_>) = regions
            .into_iter()
            .partition(|region| self.ask_unseen || is_shown(region));
        self.by_region.extend(
            unlinked
                .into_iter()
                .map(|region| (region, InRegion::Unlinked)),
        );
        let administrator = self.administrator.clone();
        let ask = |region: Region| {
            let aws = Arc::clone(aws);
            let at = Scope {
                account: administrator.clone(),
                region,
            };
            async move {
                let members = aws.seen_from(&at).await;
                (at, members)
            }
        };
        for_each(AT_ONCE, to_ask, ask, |(at, members)| {
            let region = at.region.clone();
            // What the home Region lacks is seen from the Region itself.
            let home = home.as_ref().filter(|home| home.aggregation.shows(&region));
            let vantage = home.map_or_else(|| administrator_at(at), |home| home.vantage.clone());
            let found = match (members, home) {
                (Err(error), _) => InRegion::Trouble(vantage, error),
                (Ok(members), Some(home)) => InRegion::Members(vantage, &members & &home.members),
                (Ok(members), None) => InRegion::Members(vantage, members),
            };
            self.by_region.insert(region, found);
            ControlFlow::Continue(())
        })
        .await;
    }

    /// An account that is no administrator hears of no members, and of no error either.
    fn refuse_nobody(&self, home_region_only: bool) -> Result<(), AwsError> {
        let sees_nobody = |found: &InRegion| matches!(found, InRegion::Members(_, accounts) if accounts.len() <= 1);
        // One account alone may gather its Regions.
        if home_region_only || !self.by_region.values().all(sees_nobody) {
            return Ok(());
        }
        Err(AwsError::Selection {
            key: "sync.administrator".to_owned(),
            reason: format!(
                "Security Hub lists no members to account {} in any Region; name its delegated \
                 administrator",
                self.administrator
            ),
        })
    }

    /// Where the members could not be listed for a reason that passes, what was seen before counts:
    /// the last time, or by an earlier run from the same vantage. Where nothing was, the Region stays
    /// in trouble, and costs no other.
    pub(super) fn remember(&mut self, before: Option<&Self>, stored: &[Coverage]) {
        for (region, found) in &mut self.by_region {
            let InRegion::Trouble(vantage, error) = found else {
                continue;
            };
            if !passes(error) {
                continue;
            }
            let known = before.and_then(|before| before.by_region.get(region));
            if let Some(known @ InRegion::Members(..)) = known {
                *found = known.clone();
                continue;
            }
            let seen = stored.iter().filter(|known| {
                known.scope.region == *region && known.seen_from.as_ref() == Some(vantage)
            });
            let accounts: BTreeSet<_> = seen.map(|known| known.scope.account.clone()).collect();
            if !accounts.is_empty() {
                *found = InRegion::Members(vantage.clone(), accounts);
            }
        }
    }

    /// Whether some members are not known for a reason that passes, so that it is worth asking soon.
    pub(super) fn is_in_passing_trouble(&self) -> bool {
        let mut found = self.by_region.values();
        found.any(|found| matches!(found, InRegion::Trouble(_, error) if passes(error)))
    }

    /// The Regions in which accounts are looked for where nothing else is known.
    #[must_use]
    pub fn enabled_regions(&self) -> Vec<Region> {
        let enabled = self.states.iter().filter(|state| state.enabled);
        enabled.map(|state| state.region.clone()).collect()
    }

    /// The Regions of an account: its own list, or those of the administrator. The account itself is
    /// not asked.
    #[must_use]
    pub fn regions_of(&self, account: &Account) -> Regions {
        if !account.active {
            return Regions::Inactive;
        }
        let Some(listed) = &account.regions else {
            let all = self.states.iter().map(|state| RegionState {
                // What the administrator has turned off says nothing of the account.
                enabled: true,
                region: state.region.clone(),
            });
            return Regions::Listed(all.collect());
        };
        let listed = listed.iter().map(|region| RegionState {
            region: region.clone(),
            enabled: true,
        });
        Regions::Listed(listed.collect())
    }

    /// From where a scope is seen.
    #[must_use]
    pub fn of(&self, scope: &Scope) -> Seen {
        let unseen = |why: &str, remedy: &str| {
            if self.ask_unseen {
                return Seen::Itself;
            }
            let words = format!(
                "{why}; {remedy}, set sync.unseen = \"ask\" to ask the account itself, or leave it \
                 out"
            );
            Seen::Not(CoverageState::Stale, words)
        };
        match self.by_region.get(&scope.region) {
            Some(InRegion::Members(vantage, accounts)) if accounts.contains(&scope.account) => {
                Seen::From(vantage.clone())
            }
            Some(InRegion::Members(vantage, _)) => unseen(
                &format!(
                    "Security Hub's administrator {} does not see this account here: it is no \
                     associated member in this Region{}",
                    self.administrator,
                    match vantage.sight {
                        Sight::Aggregator =>
                            format!(" and in the home Region {}", vantage.at.region),
                        Sight::Administrator | Sight::Member => String::new(),
                    }
                ),
                "enable Security Hub and associate the account",
            ),
            Some(InRegion::Unlinked) => unseen(
                "this Region is not linked to Security Hub's home Region",
                "link it in the settings of cross-Region aggregation",
            ),
            Some(InRegion::Trouble(_, error)) => Seen::Not(
                error.coverage(),
                format!("the administrator's members here are not known: {error}"),
            ),
            None => Seen::Not(
                CoverageState::RegionDisabled,
                format!(
                    "the administrator {} has not enabled this Region, so nothing is seen of it; \
                     enable it there, or leave it out of regions.list",
                    self.administrator
                ),
            ),
        }
    }

    /// The Regions whose members could not be listed, and why.
    pub fn troubles(&self) -> impl Iterator<Item = (Scope, &AwsError)> {
        self.by_region.iter().filter_map(|(region, found)| {
            let InRegion::Trouble(_, error) = found else {
                return None;
            };
            let at = Scope {
                account: self.administrator.clone(),
                region: region.clone(),
            };
            Some((at, error))
        })
    }
}

/// The home Region and who is a member there.
struct Home {
    aggregation: Aggregation,
    vantage: Vantage,
    members: BTreeSet<AccountId>,
}

impl Home {
    async fn ask(aws: &Aws, administrator: &AccountId) -> Result<Self, AwsError> {
        let aggregation = aws.aggregation(administrator).await?;
        let at = Scope {
            account: administrator.clone(),
            region: aggregation.home.clone(),
        };
        Ok(Self {
            members: aws.seen_from(&at).await?,
            vantage: Vantage {
                at,
                sight: Sight::Aggregator,
            },
            aggregation,
        })
    }
}

fn passes(error: &AwsError) -> bool {
    let state = error.coverage();
    matches!(state, CoverageState::Throttled | CoverageState::Unreachable)
}

fn administrator_at(at: Scope) -> Vantage {
    Vantage {
        at,
        sight: Sight::Administrator,
    }
}

/// Those of some scopes that a wide vantage is known to show now, asked afresh: the census may be minutes
/// old, and what is out of sight is not gone. Where it cannot be found out, that is no trouble of the
/// vantage: what it does show is read as ever, and the next comparison asks again.
pub(super) async fn still_in_sight(
    aws: &Aws,
    vantage: &Vantage,
    scopes: impl IntoIterator<Item = Scope>,
) -> HashSet<Scope> {
    let mut by_region: BTreeMap<Region, Vec<Scope>> = BTreeMap::new();
    for scope in scopes {
        by_region
            .entry(scope.region.clone())
            .or_default()
            .push(scope);
    }
    if by_region.is_empty() {
        return HashSet::new();
    }
    let home = match vantage.sight {
        Sight::Member => return by_region.into_values().flatten().collect(),
        Sight::Administrator => None,
        Sight::Aggregator => match Home::ask(aws, &vantage.at.account).await {
            Ok(home) => Some(home),
            Err(error) => {
                cannot_tell(&vantage.at, &error);
                return HashSet::new();
            }
        },
    };
    let mut seen = HashSet::new();
    for (region, scopes) in by_region {
        let at = Scope {
            account: vantage.at.account.clone(),
            region: region.clone(),
        };
        let is_shown = match &home {
            Some(home) => home.aggregation.shows(&region),
            None => region == vantage.at.region,
        };
        if !is_shown {
            continue;
        }
        let members = match aws.seen_from(&at).await {
            Ok(members) => members,
            Err(error) => {
                cannot_tell(&at, &error);
                continue;
            }
        };
        let is_member = |scope: &Scope| {
            members.contains(&scope.account)
                && home
                    .as_ref()
                    .is_none_or(|home| home.members.contains(&scope.account))
        };
        seen.extend(scopes.into_iter().filter(is_member));
    }
    seen
}

fn cannot_tell(at: &Scope, error: &AwsError) {
    warn!(
        scope = %at, error = %Printable(error),
        "cannot list the members of {at}: what is missing there counts as gone after the next comparison"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Complete, Timestamp};

    fn region(name: &str) -> Region {
        Region::new(name)
    }

    fn scope(account: &str, region: &str) -> Scope {
        Scope {
            account: account.into(),
            region: region.into(),
        }
    }

    fn lookout(ask_unseen: bool) -> Lookout {
        let members = |at: &str, accounts: &[&str]| {
            let accounts = accounts.iter().map(|id| AccountId::from(*id)).collect();
            InRegion::Members(administrator_at(scope("1", at)), accounts)
        };
        let trouble = |at: &str, error| InRegion::Trouble(administrator_at(scope("1", at)), error);
        Lookout {
            administrator: "1".into(),
            ask_unseen,
            states: Vec::new(),
            by_region: [
                (region("a"), members("a", &["1", "2"])),
                (region("b"), InRegion::Unlinked),
                (region("c"), trouble("c", AwsError::NotSubscribed)),
                (
                    region("d"),
                    trouble("d", AwsError::Throttled { retry_after: None }),
                ),
            ]
            .into(),
        }
    }

    #[test]
    fn what_is_not_seen_is_never_taken_for_seen() {
        let at = |lookout: &Lookout, account, region| match lookout.of(&scope(account, region)) {
            Seen::From(vantage) => vantage.to_string(),
            Seen::Itself => "itself".to_owned(),
            Seen::Not(state, _) => state.as_str().to_owned(),
        };
        let table = [
            ("2", "a", "administrator of 1/a", "administrator of 1/a"),
            ("3", "a", "stale", "itself"),
            ("2", "b", "stale", "itself"),
            // Whether it is seen is not known, so asking it would read it twice.
            ("2", "c", "not-subscribed", "not-subscribed"),
            ("2", "z", "region-disabled", "region-disabled"),
        ];
        for (account, region, reported, asked) in table {
            assert_eq!(at(&lookout(false), account, region), reported, "{region}");
            assert_eq!(at(&lookout(true), account, region), asked, "{region}");
        }
    }

    fn stored(at: Scope, seen_from: Option<Vantage>) -> Coverage {
        Coverage {
            scope: at,
            account_name: String::new(),
            state: CoverageState::Ok,
            since: Timestamp::UNIX_EPOCH,
            seen_from,
            complete: Complete::default(),
            progress: None,
            trouble: None,
        }
    }

    #[test]
    fn trouble_that_passes_leaves_what_was_known_and_without_that_costs_its_region_alone() {
        let mut now = lookout(false);
        now.remember(None, &[]);
        assert!(now.is_in_passing_trouble());
        let unknown = now.of(&scope("2", "d"));
        assert!(matches!(unknown, Seen::Not(CoverageState::Throttled, _)));
        assert!(matches!(now.of(&scope("2", "a")), Seen::From(_)));

        let mut before = lookout(false);
        let known = InRegion::Members(administrator_at(scope("1", "d")), ["2".into()].into());
        before.by_region.insert(region("d"), known);
        now.remember(Some(&before), &[]);
        assert!(!now.is_in_passing_trouble());
        assert!(matches!(now.of(&scope("2", "d")), Seen::From(_)));
        assert!(matches!(now.of(&scope("2", "c")), Seen::Not(..)));
    }

    #[test]
    fn what_an_earlier_run_saw_counts_if_it_was_from_the_same_vantage() {
        let there = administrator_at(scope("1", "d"));
        let elsewhere = administrator_at(scope("9", "d"));
        let mut now = lookout(false);
        now.remember(
            None,
            &[
                stored(scope("2", "d"), Some(there)),
                stored(scope("3", "d"), Some(elsewhere)),
                stored(scope("4", "d"), None),
            ],
        );
        assert!(matches!(now.of(&scope("2", "d")), Seen::From(_)));
        for unseen in ["3", "4"] {
            assert!(matches!(now.of(&scope(unseen, "d")), Seen::Not(..)));
        }
    }
}
