//! What goes wrong, and for how long: shares of bad answers, accounts and Regions that cannot be read,
//! a store that fails.

use std::{collections::BTreeSet, sync::Arc};

use hubwatch::{
    domain::Sight,
    simulator::{Faults, Handle},
};

use crate::{
    dice::Dice,
    outlook::Outlook,
    plan::{Plan, Promise},
    witness::Witness,
};

pub(crate) struct Trouble {
    dice: Dice,
    promise: Promise,
    world: Handle,
    witness: Arc<Witness>,
    /// What pages are like even when nothing is wrong.
    usual: Faults,
    /// Accounts, our own first.
    accounts: Vec<String>,
    scopes: Vec<String>,
    /// Security Hub's administrator, where there is one.
    administrator: Option<String>,
}

impl Trouble {
    pub(crate) fn new(
        plan: &Plan,
        world: Handle,
        administrator: Option<String>,
        witness: &Arc<Witness>,
    ) -> Self {
        let scopes = world.truth().scopes;
        let mut accounts: Vec<String> = scopes.iter().map(|s| s.account_id.clone()).collect();
        accounts.dedup();
        Self {
            dice: Dice::new(plan.seed, 0xfa17),
            promise: plan.promise,
            witness: Arc::clone(witness),
            usual: plan.options.faults.clone(),
            accounts,
            scopes: scopes
                .iter()
                // The first Region is always on, at AWS too.
                .filter(|s| s.region != scopes[0].region)
                .map(|s| format!("{}/{}", s.account_id, s.region))
                .collect(),
            world,
            administrator,
        }
    }

    /// Other trouble than before, or none.
    pub(crate) fn turn(&mut self) {
        if self.administrator.is_some() && self.promise == Promise::All {
            // Copies that come later than providers may be late: only a comparison finds them.
            self.world.copy_findings(!self.dice.percent(25));
        }
        if self.dice.percent(20) {
            self.world.set_faults(self.usual.clone());
            self.witness.fail(0);
            return;
        }
        // Only a comparison of everything can make up for answers that are not true.
        let untrue = if self.promise == Promise::All {
            0.15
        } else {
            0.0
        };
        let services: &[&str] = self.dice.among(&[
            &[],
            &[],
            &["securityhub"],
            &["sts"],
            &["ec2", "organizations"],
        ]);
        let outage = self.dice.percent(10);
        let faults = Faults {
            throttle: if outage { 1.0 } else { self.dice.share(0.3) },
            server_error: self.dice.share(0.3),
            slow: self.dice.share(0.2),
            slow_millis: self.dice.among(&[800, 25_000]),
            cut: self.dice.share(0.3),
            stale_reads: self.dice.share(untrue),
            shifting_pages: self.dice.share(untrue),
            short_pages: self.usual.short_pages.max(self.dice.share(0.7)),
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            ..self.closed_doors(25)
        };
        self.world.set_faults(faults);
        let failing = if self.dice.percent(30) { 300 } else { 0 };
        self.witness.fail(failing);
    }

    /// Some members, never all of them.
    pub(crate) fn troubled(&mut self) -> BTreeSet<String> {
        let half = self.accounts.len() / 2;
        self.accounts.iter().skip(1).take(half).cloned().collect()
    }

    /// Deep trouble, for these accounts alone.
    pub(crate) fn turn_on(&mut self, troubled: &BTreeSet<String>) {
        let few = self.dice.among(&[true, false, false]);
        let services: &[&str] = self.dice.among(&[&[], &["securityhub"], &["securityhub"]]);
        let kind = self.dice.up_to(3);
        let share = |one| if kind == one { 1.0 } else { 0.0 };
        self.world.set_faults(Faults {
            throttle: share(0),
            server_error: share(1),
            slow: share(2),
            slow_millis: 30_000,
            cut: share(3),
            denied_accounts: troubled.iter().take(usize::from(few)).cloned().collect(),
            services: services.iter().map(|name| (*name).to_owned()).collect(),
            accounts: troubled.clone(),
            ..self.usual.clone()
        });
    }

    /// The end: bad answers are over, and some doors stay closed.
    pub(crate) fn end(&mut self, outlook: Outlook) -> Faults {
        let mut faults = Faults {
            short_pages: self.usual.short_pages,
            ..self.closed_doors(12)
        };
        self.world.copy_findings(true);
        if let Some(administrator) = self.administrator.as_ref().filter(|_| outlook.is_wide()) {
            // An administrator that cannot be asked at all leaves everything as it was known: then
            // there is no census to judge. In single Regions it may be closed.
            faults.role_missing_accounts.remove(administrator);
            faults.suspended_accounts.remove(administrator);
            faults.departed_accounts.remove(administrator);
            if outlook.sight == Sight::Aggregator {
                faults.denied_accounts.remove(administrator);
            }
        }
        self.world.set_faults(faults.clone());
        self.witness.fail(0);
        faults
    }

    /// Sessions are ended under the daemon's hands.
    pub(crate) fn revoke(&self) {
        let _ended = self.world.revoke_sessions();
    }

    /// Accounts and Regions that cannot be read, each by a chance of its own. Our own account is
    /// never suspended and never leaves.
    fn closed_doors(&mut self, share: u32) -> Faults {
        let members: Vec<String> = self.accounts.iter().skip(1).cloned().collect();
        let (all, scopes) = (self.accounts.clone(), self.scopes.clone());
        Faults {
            denied_accounts: self.some(&all, share),
            role_missing_accounts: self.some(&members, share / 2),
            suspended_accounts: self.some(&members, share / 2),
            departed_accounts: self.some(&members, share / 2),
            hub_off: self.some(&scopes, share / 2),
            region_off: self.some(&scopes, share / 3),
            disassociated: self.out_of_sight(share / 2),
            unlinked_regions: self.unlinked(share / 2),
            ..Faults::none()
        }
    }

    /// Members that are none of the administrator's. One always is, because nobody can tell an
    /// administrator without any from an account that is no administrator.
    fn out_of_sight(&mut self, share: u32) -> BTreeSet<String> {
        let Some(administrator) = self.administrator.clone() else {
            return BTreeSet::new();
        };
        let scopes = self.world.truth().scopes;
        let others = scopes.iter().skip(1);
        let others = others.filter(|scope| scope.account_id != administrator);
        let names = others.map(|scope| format!("{}/{}", scope.account_id, scope.region));
        let names: Vec<String> = names.collect();
        self.some(&names, share)
    }

    fn unlinked(&mut self, share: u32) -> BTreeSet<String> {
        if self.administrator.is_none() {
            return BTreeSet::new();
        }
        let scopes = self.world.truth().scopes;
        let first = &scopes[0];
        let regions = scopes.iter().filter(|s| s.account_id == first.account_id);
        let linked = regions.skip(1).map(|scope| scope.region.clone());
        let linked: Vec<String> = linked.collect();
        self.some(&linked, share)
    }

    fn some(&mut self, all: &[String], share: u32) -> BTreeSet<String> {
        all.iter()
            .filter(|_| self.dice.percent(share))
            .cloned()
            .collect()
    }
}
