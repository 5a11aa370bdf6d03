//! The pretend organization and every finding in it.
//!
//! Knows which accounts and Regions there are, what can be read of them, and for each finding when
//! it was last updated. The text of a finding is made when somebody asks, unless it has changed
//! since the beginning; so a million findings fit in little memory.
//! Does not know of requests, signatures or quotas.

mod consolidation;
pub(super) mod estate;
mod findings;
pub(super) mod organization;
pub(super) mod regions;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{clock::Nanos, faults::Faults, generate, options::Options, random};
use consolidation::Outdated;
use estate::Place;
use findings::Scope;
use organization::{MANAGEMENT, Oddity, Organization, State};
use regions::Region;
pub(super) use view::{Order, Spot, View};

/// What a client meets when it tries to read a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Findings can be read.
    Ok,
    /// The account is suspended or being closed; its role cannot be assumed.
    Suspended,
    /// The account has no such role.
    RoleMissing,
    /// The role may not call Security Hub.
    Denied,
    /// Security Hub is not enabled here.
    NotSubscribed,
    /// The account has not enabled this Region.
    RegionDisabled,
}

/// Everything there is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) organization: Organization,
    pub(super) regions: &'static [Region],
    started_at: Nanos,
    malformed: f64,
    /// Account by account, Region by Region.
    scopes: Vec<Scope>,
    /// Every finding of the organization by `UpdatedAt`, for those who see several scopes at once.
    by_time: BTreeSet<Spot>,
    /// Counts changes anywhere, so that a prepared answer can be told from an outdated one.
    changes: u64,
    /// Findings of which the home Region has no copy yet, by scope and number; `None` while copies are
    /// made at once.
    uncopied: Option<BTreeSet<(usize, usize)>>,
    /// Findings that wait for others to take their place, by account.
    outdated: BTreeMap<usize, Vec<Outdated>>,
    /// Findings that were archived because others took their place.
    replaced: BTreeSet<Spot>,
}

impl World {
    /// The world of these options, made for the moment `now`.
    pub(super) fn generate(options: &Options, now: Nanos) -> Self {
        let count = options.regions.clamp(1, regions::ALL.len());
        let mut world = Self {
            seed: options.seed,
            organization: Organization::generate(options, now),
            regions: regions::ALL.get(..count).unwrap_or(&regions::ALL),
            started_at: now,
            malformed: options.malformed,
            scopes: Vec::new(),
            by_time: BTreeSet::new(),
            changes: 0,
            uncopied: None,
            outdated: BTreeMap::new(),
            replaced: BTreeSet::new(),
        };
        let weights: Vec<u128> = (0..world.organization.accounts.len() * count)
            .map(|scope| u128::from(world.weight(scope)))
            .collect();
        let total = weights.iter().sum::<u128>().max(1);
        let findings = u128::from(random::word(options.findings));
        let (mut weight_before, mut found_before) = (0, 0);
        let mut spots = Vec::with_capacity(options.findings);
        for (scope, weight) in weights.into_iter().enumerate() {
            // Cutting the running sum makes the counts add up to exactly what was asked for.
            weight_before += weight;
            let found = findings * weight_before / total;
            let count = usize::try_from(found - found_before).unwrap_or(0);
            found_before = found;
            let place = world.place(scope);
            let updated: Vec<Nanos> = (0..count)
                .map(|index| generate::first_updated(place, index, now))
                .collect();
            spots.extend(updated.iter().enumerate().map(|(index, at)| Spot {
                at: *at,
                scope,
                index,
            }));
            world.scopes.push(Scope::new(updated));
        }
        world.by_time = spots.into_iter().collect();
        world
    }

    pub(super) fn scopes(&self) -> std::ops::Range<usize> {
        0..self.scopes.len()
    }

    pub(super) fn scope(&self, account: usize, region: usize) -> usize {
        account * self.regions.len() + region
    }

    pub(super) fn account_of(&self, scope: usize) -> usize {
        scope / self.regions.len()
    }

    pub(super) fn region_of(&self, scope: usize) -> usize {
        scope % self.regions.len()
    }

    pub(super) fn account_id(&self, scope: usize) -> &str {
        let account = self.organization.accounts.get(self.account_of(scope));
        account.map_or("", |account| account.id.as_str())
    }

    pub(super) fn region_name(&self, scope: usize) -> &'static str {
        self.regions
            .get(self.region_of(scope))
            .map_or("", |region| region.name)
    }

    pub(super) fn region_position(&self, name: &str) -> Option<usize> {
        self.regions.iter().position(|region| region.name == name)
    }

    /// The scope of an account id and a Region's name.
    pub(super) fn scope_named(&self, account_id: &str, region: &str) -> Option<usize> {
        Some(self.scope(
            self.organization.position(account_id)?,
            self.region_position(region)?,
        ))
    }

    /// A scope as words for the dice.
    pub(super) fn place(&self, scope: usize) -> Place {
        Place {
            seed: self.seed,
            account: self.account_of(scope),
            region: self.region_of(scope),
        }
    }

    /// How many hosts the scope's findings speak of.
    pub(super) fn hosts(&self, scope: usize) -> usize {
        let findings = self.scopes.get(scope).map_or(0, Scope::numbered);
        findings.div_ceil(generate::PER_HOST).max(1)
    }

    /// What somebody who assumes the role meets here, faults included.
    pub(super) fn reach(&self, scope: usize, faults: &Faults) -> Reach {
        let (account, region) = (self.account_of(scope), self.region_of(scope));
        if self.account_suspended(account, faults) {
            Reach::Suspended
        } else if self.role_missing(account, faults) {
            Reach::RoleMissing
        } else if !self.region_enabled(account, region, faults) {
            Reach::RegionDisabled
        } else if self.denied(account, faults) {
            Reach::Denied
        } else if !self.hub_enabled(account, region, faults) {
            Reach::NotSubscribed
        } else {
            Reach::Ok
        }
    }

    pub(super) fn account_suspended(&self, account: usize, faults: &Faults) -> bool {
        self.organization.accounts.get(account).is_none_or(|found| {
            found.state != State::Active || faults.suspended_accounts.contains(&found.id)
        })
    }

    pub(super) fn role_missing(&self, account: usize, faults: &Faults) -> bool {
        self.organization.accounts.get(account).is_none_or(|found| {
            found.oddity == Oddity::NoRole
                || faults.role_missing_accounts.contains(&found.id)
                || faults.departed_accounts.contains(&found.id)
        })
    }

    pub(super) fn denied(&self, account: usize, faults: &Faults) -> bool {
        self.organization.accounts.get(account).is_none_or(|found| {
            found.oddity == Oddity::Denied || faults.denied_accounts.contains(&found.id)
        })
    }

    pub(super) fn region_enabled(&self, account: usize, region: usize, faults: &Faults) -> bool {
        let scope = self.scope(account, region);
        self.region_on(account, region)
            && !Faults::names_scope(
                &faults.region_off,
                self.account_id(scope),
                self.region_name(scope),
            )
    }

    pub(super) fn hub_enabled(&self, account: usize, region: usize, faults: &Faults) -> bool {
        let scope = self.scope(account, region);
        self.hub_on(account, region)
            && !Faults::names_scope(
                &faults.hub_off,
                self.account_id(scope),
                self.region_name(scope),
            )
    }

    /// Whether Security Hub's administrator has the account as an associated member in a Region.
    pub(super) fn is_member(&self, account: usize, region: usize, faults: &Faults) -> bool {
        let scope = self.scope(account, region);
        !self.account_suspended(account, faults)
            && self.region_enabled(account, region, faults)
            && self.hub_enabled(account, region, faults)
            && !Faults::names_scope(
                &faults.disassociated,
                self.account_id(scope),
                self.region_name(scope),
            )
    }

    /// Opt-in Regions are off for most accounts, but on for those who look after the others.
    fn region_on(&self, account: usize, region: usize) -> bool {
        let opt_in = self.regions.get(region).is_none_or(|region| region.opt_in);
        let place = Place {
            seed: self.seed,
            account,
            region,
        };
        !opt_in || account <= MANAGEMENT + 1 || place.mix(0x0f7, 0).is_multiple_of(5)
    }

    /// In worlds of one Region, the account with the odd hub has it off there.
    fn hub_on(&self, account: usize, region: usize) -> bool {
        let odd = self.regions.len().saturating_sub(1).min(1);
        self.organization
            .accounts
            .get(account)
            .is_some_and(|found| found.oddity != Oddity::HubOffSomewhere || region != odd)
    }

    /// The share of findings that a scope gets: a few accounts have most, the first Regions more than
    /// the others, and large organizations are empty in many places.
    fn weight(&self, scope: usize) -> u64 {
        let (account, region) = (self.account_of(scope), self.region_of(scope));
        let suspended = self
            .organization
            .accounts
            .get(account)
            .is_none_or(|account| account.state != State::Active);
        if suspended || !self.region_on(account, region) || !self.hub_on(account, region) {
            return 0;
        }
        let crowd = 100
            / (1 + Place {
                seed: self.seed,
                account,
                region: 0,
            }
            .mix(0x9e1, 0)
                % 20);
        let place = match region {
            0 => 12,
            1 | 2 => 5,
            _ => 1 + self.place(scope).mix(0x9e2, 0) % 3,
        };
        let large = self.regions.len() * self.organization.accounts.len() > 2_000;
        let empty = large && account > 1 && region > 0 && self.place(scope).mix(0xe3b, 0) % 10 < 6;
        if empty { 0 } else { crowd * place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(accounts: usize, regions: usize, findings: usize) -> Options {
        Options {
            accounts,
            regions,
            findings,
            ..Options::default()
        }
    }

    const NOW: Nanos = 1_767_323_045_678_901_234;

    #[test]
    fn a_world_holds_exactly_the_findings_asked_for() {
        for (accounts, regions, findings) in [(1, 1, 10), (12, 4, 3_000), (300, 17, 1_234)] {
            let world = World::generate(&options(accounts, regions, findings), NOW);
            let counted: usize = world.scopes().map(|scope| world.count(scope)).sum();
            assert_eq!(counted, findings, "{accounts} accounts, {regions} Regions");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_world() {
        let texts = |seed| {
            let world = World::generate(
                &Options {
                    seed,
                    ..options(6, 2, 200)
                },
                NOW,
            );
            world
                .scopes()
                .flat_map(|scope| {
                    world
                        .texts(scope)
                        .map(|text| text.into_owned())
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(3), texts(3));
        assert_ne!(texts(3), texts(4));
    }

    #[test]
    fn a_small_organization_has_one_of_each_trouble() {
        let world = World::generate(&options(8, 5, 500), NOW);
        let met: BTreeSet<Reach> = world
            .scopes()
            .map(|scope| world.reach(scope, &Faults::default()))
            .collect();
        assert_eq!(met.len(), 6, "{met:?}");
    }

    #[test]
    fn every_finding_is_json_of_the_size_of_real_ones_and_found_by_its_id() {
        let world = World::generate(&options(12, 4, 2_000), NOW);
        let (mut bytes, mut products) = (0, BTreeSet::new());
        for scope in world.scopes() {
            for index in 0..world.count(scope) {
                let text = world.text(scope, index).unwrap();
                bytes += text.len();
                let finding: serde_json::Value = serde_json::from_str(&text).unwrap();
                let updated: jiff::Timestamp =
                    finding["UpdatedAt"].as_str().unwrap().parse().unwrap();
                assert_eq!(
                    Some(super::super::clock::nanos(updated)),
                    world.updated(scope, index)
                );
                assert_eq!(finding["AwsAccountId"], world.account_id(scope));
                let (product, id) = (
                    finding["ProductArn"].as_str().unwrap(),
                    finding["Id"].as_str().unwrap(),
                );
                products.insert(product.rsplit("product/").next().unwrap().to_owned());
                assert_eq!(world.find(scope, product, id), Some(index), "{id}");
            }
        }
        assert!(
            (2_000..4_000).contains(&(bytes / 2_000)),
            "{} bytes each",
            bytes / 2_000
        );
        assert!(products.len() > 8, "{products:?}");
    }
}
