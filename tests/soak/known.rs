//! What has to be true of each scope, worked out from the faults, the settings and `docs/vantages.md`.

use std::collections::BTreeSet;

use hubwatch::{
    domain::{CoverageState, Vantage},
    simulator::{Faults, Handle, Reach, ScopeTruth},
};

use crate::{
    blinks::Blinks,
    checks,
    ledger::Ledger,
    outlook::{self, Outlook, Tower, Way},
    plan::{Plan, Promise},
};

/// What the test knows of the world.
pub(crate) struct Known<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) world: &'a Handle,
    pub(crate) ledger: &'a Ledger,
    /// Accounts that the settings leave out.
    pub(crate) left_out: &'a BTreeSet<String>,
    pub(crate) outlook: Outlook,
    pub(crate) tower: &'a Tower,
    pub(crate) blinks: &'a Blinks,
}

impl Known<'_> {
    /// The vantage that has to show a scope.
    pub(crate) fn vantage(&self, scope: &ScopeTruth, faults: &Faults) -> Vantage {
        outlook::asked(scope, self.tower.way(self.outlook, scope, faults))
    }

    /// Whether the clocks of this life need not have met all that a scope holds.
    pub(crate) fn may_lack(&self, scope: &ScopeTruth) -> bool {
        self.plan.promise != Promise::All && self.blinks.concern(&checks::name(scope))
    }

    /// Nobody knows the Regions of an account that was never let in, or is not any more: those of our
    /// own account stand in for them. The first Region is on everywhere.
    pub(crate) fn may_be_unmet(&self, scope: &ScopeTruth, expected: CoverageState) -> bool {
        // An administrator may see an account in other Regions alone, which are then what is known.
        let first =
            scope.region == self.world.truth().scopes[0].region && !self.plan.outlooks.are_wide();
        let barred = matches!(
            expected,
            CoverageState::Suspended | CoverageState::RoleMissing
        );
        expected == CoverageState::Stale || (barred && !first)
    }

    /// What coverage has to say of a scope.
    pub(crate) fn expected(&self, scope: &ScopeTruth, faults: &Faults) -> CoverageState {
        let id = &scope.account_id;
        if self.left_out.contains(id) || faults.departed_accounts.contains(id) {
            return CoverageState::Stale;
        }
        if scope.reach == Reach::Suspended {
            return CoverageState::Suspended;
        }
        // What closes an account to us matters only where the account itself is asked.
        match self.tower.way(self.outlook, scope, faults) {
            Way::From(_) => return CoverageState::Ok,
            Way::None(state) => return state,
            Way::Itself => {}
        }
        match scope.reach {
            Reach::Ok => CoverageState::Ok,
            Reach::Suspended => CoverageState::Suspended,
            Reach::RoleMissing => CoverageState::RoleMissing,
            Reach::Denied => CoverageState::Denied,
            Reach::NotSubscribed => CoverageState::NotSubscribed,
            Reach::RegionDisabled => CoverageState::RegionDisabled,
        }
    }
}
