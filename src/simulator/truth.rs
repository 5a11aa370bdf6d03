//! What is true in a simulation, for tests to compare with, and the switches that change it.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{
    clock,
    faults::Faults,
    labelled::{self, Label},
    life,
    locks::{read, write},
    shared::Shared,
    stats::RequestCount,
    world::Reach,
};

/// What holds for one scope now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeTruth {
    /// The account.
    pub account_id: String,
    /// Its name.
    pub account_name: String,
    /// The Region.
    pub region: String,
    /// What a client meets that tries to read it, faults included.
    pub reach: Reach,
    /// Findings that exist here, readable or not.
    pub findings: usize,
}

/// What holds for the whole organization now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Accounts, the management account included.
    pub accounts: usize,
    /// Regions of the simulation.
    pub regions: usize,
    /// All findings.
    pub findings: usize,
    /// Findings in scopes that can be read.
    pub readable_findings: usize,
    /// Every scope, account by account.
    pub scopes: Vec<ScopeTruth>,
}

/// What the organization says of an account now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountTruth {
    /// Name and id of each unit above it, innermost first.
    pub above: Vec<(String, String)>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A hand on a running simulation. Clones reach for the same one.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Counts and readability of every scope.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let (world, faults) = (read(&self.shared.world), read(&self.shared.faults));
        let scopes: Vec<ScopeTruth> = world
            .scopes()
            .map(|scope| ScopeTruth {
                account_id: world.account_id(scope).to_owned(),
                account_name: world
                    .organization
                    .accounts
                    .get(world.account_of(scope))
                    .map_or_else(String::new, |account| account.name.clone()),
                region: world.region_name(scope).to_owned(),
                reach: world.reach(scope, &faults),
                findings: world.count(scope),
            })
            .collect();
        let readable = scopes.iter().filter(|scope| scope.reach == Reach::Ok);
        Truth {
            accounts: world.organization.accounts.len(),
            regions: world.regions.len(),
            findings: scopes.iter().map(|scope| scope.findings).sum(),
            readable_findings: readable.map(|scope| scope.findings).sum(),
            scopes,
        }
    }

    /// The findings of a scope, as JSON, whether they can be read or not; `None` for a scope that
    /// does not exist.
    #[must_use]
    pub fn findings(&self, account_id: &str, region: &str) -> Option<Vec<String>> {
        let world = read(&self.shared.world);
        let scope = world.scope_named(account_id, region)?;
        Some(
            world
                .texts(scope)
                .map(std::borrow::Cow::into_owned)
                .collect(),
        )
    }

    /// What the organization says of an account; `None` if it has no such account.
    #[must_use]
    pub fn account(&self, account_id: &str) -> Option<AccountTruth> {
        let world = read(&self.shared.world);
        let organization = &world.organization;
        let position = organization.position(account_id)?;
        let account = organization.accounts.get(position)?;
        let mut above = Vec::new();
        let mut next = account.unit;
        while let Some(unit) = next.and_then(|position| organization.units.get(position)) {
            above.push((unit.name.to_owned(), unit.id.clone()));
            next = unit.parent;
        }
        let tags = account.tags.iter();
        Some(AccountTruth {
            above,
            tags: tags.map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        })
    }

    /// Moves an account into a unit, by the unit's name. Says whether there are both.
    #[must_use]
    pub fn move_account(&self, account_id: &str, unit: &str) -> bool {
        let mut world = write(&self.shared.world);
        let organization = &mut world.organization;
        let unit = organization.units.iter().position(|u| u.name == unit);
        let position = organization.position(account_id);
        let account = position.and_then(|at| organization.accounts.get_mut(at));
        let (Some(unit), Some(account)) = (unit, account) else {
            return false;
        };
        account.unit = Some(unit);
        true
    }

    /// Gives a tag of an account another value. Says whether it has the tag.
    #[must_use]
    pub fn retag_account(&self, account_id: &str, key: &str, value: &str) -> bool {
        let mut world = write(&self.shared.world);
        let organization = &mut world.organization;
        let position = organization.position(account_id);
        let account = position.and_then(|at| organization.accounts.get_mut(at));
        let mut tags = account.into_iter().flat_map(|account| &mut account.tags);
        let Some(tag) = tags.find(|(name, _)| *name == key) else {
            return false;
        };
        value.clone_into(&mut tag.1);
        true
    }

    /// One finding of a scope, as JSON: the one so many places behind the oldest.
    #[must_use]
    pub fn finding(&self, account_id: &str, region: &str, place: usize) -> Option<String> {
        let world = read(&self.shared.world);
        let scope = world.scope_named(account_id, region)?;
        let (_, index) = world.held(scope)?.by_time.iter().nth(place)?;
        world.text(scope, *index).map(std::borrow::Cow::into_owned)
    }

    /// The faults that are on.
    #[must_use]
    pub fn faults(&self) -> Faults {
        read(&self.shared.faults).clone()
    }

    /// Replaces all faults.
    pub fn set_faults(&self, faults: Faults) {
        *write(&self.shared.faults) = faults;
        write(&self.shared.world).sight_changed();
    }

    /// Ends every session that is still good, and says how many there were.
    #[must_use]
    pub fn revoke_sessions(&self) -> usize {
        self.shared.keychain.revoke_all(self.shared.clock.wall())
    }

    /// Moves the clock forward: sessions and page tokens age, findings expire. Says how many expired.
    #[must_use]
    pub fn advance(&self, by: SignedDuration) -> usize {
        self.shared.clock.advance(by);
        write(&self.shared.world).expire(self.shared.clock.world())
    }

    /// The time in the world of findings.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        clock::timestamp(self.shared.clock.world())
    }

    /// Lets this many things happen, as `live` would over time.
    pub fn live_steps(&self, steps: usize) {
        for _ in 0..steps {
            life::step(&self.shared);
        }
    }

    /// Stores a finding in a scope as if its provider had sent it, replacing the one of the same
    /// product and id, whatever its time. Says whether there is such a scope and the finding has an
    /// id, a product and a readable `UpdatedAt`.
    #[must_use]
    pub fn put(&self, account_id: &str, region: &str, finding: &Value) -> bool {
        let mut world = write(&self.shared.world);
        let scope = world.scope_named(account_id, region);
        scope.is_some_and(|scope| world.put_value(scope, finding))
    }

    /// Whether the home Region gets copies of findings that appear in other Regions from now on, as AWS
    /// sends them sooner or later. Switching it on makes all copies that wait.
    pub fn copy_findings(&self, copy: bool) {
        write(&self.shared.world).copy_findings(copy);
    }

    /// Switches an account's `ControlFindingGenerator`, as its administrator does for every member:
    /// `SECURITY_CONTROL` when `on`, else `STANDARD_CONTROL`. Says whether it was the other one. What
    /// follows from it takes hours, and happens when it is called for.
    #[must_use]
    pub fn consolidate(&self, account_id: &str, on: bool) -> bool {
        let mut world = write(&self.shared.world);
        let account = world.organization.position(account_id);
        account.is_some_and(|account| world.consolidate(account, on))
    }

    /// Archives the account's control findings of the shape before the last switch, with the reason
    /// that Security Hub gives. Says how many.
    #[must_use]
    pub fn archive_outdated(&self, account_id: &str) -> usize {
        let mut world = write(&self.shared.world);
        let account = world.organization.position(account_id);
        let now = self.shared.clock.world();
        account.map_or(0, |account| world.archive_outdated(account, now))
    }

    /// Writes what takes their place, as their checks go now. Says how many.
    #[must_use]
    pub fn write_renewed(&self, account_id: &str) -> usize {
        let mut world = write(&self.shared.world);
        let account = world.organization.position(account_id);
        let now = self.shared.clock.world();
        account.map_or(0, |account| world.write_renewed(account, now))
    }

    /// Fills every scope that can be read with findings of so many hosts, made from true problems, and says
    /// which finding stems from which.
    #[must_use]
    pub fn put_labelled(&self, hosts: usize) -> Vec<Label> {
        let now = self.shared.clock.world();
        let mut world = write(&self.shared.world);
        let made = labelled::make(&world, hosts, now);
        let labels = made
            .iter()
            .map(|made| labelled::label(&world, made))
            .collect();
        for one in made {
            world.put_value(one.scope, &one.finding);
        }
        labels
    }

    /// Takes a finding away; says whether it was there.
    #[must_use]
    pub fn remove(&self, account_id: &str, region: &str, product_arn: &str, id: &str) -> bool {
        let mut world = write(&self.shared.world);
        let Some(scope) = world.scope_named(account_id, region) else {
            return false;
        };
        let Some(index) = world.find(scope, product_arn, id) else {
            return false;
        };
        world.remove(scope, index);
        true
    }

    /// How many requests were answered so far.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.shared.answered()
    }

    /// What has been asked so far.
    #[must_use]
    pub fn stats(&self) -> Vec<RequestCount> {
        self.shared.stats.lines()
    }
}
