//! From where a life's daemon sees the others, and what is in sight from there. Worked out from the
//! faults and from `docs/vantages.md`, never from what the daemon says.

use std::collections::BTreeSet;

use hubwatch::{
    domain::{CoverageState, Scope, Sight, Vantage},
    simulator::{Faults, Handle, Reach, ScopeTruth},
};

use crate::{checks, dice::Dice};

/// What the settings say of the vantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outlook {
    pub(crate) sight: Sight,
    /// Whether what the administrator does not see is asked itself.
    asks_unseen: bool,
}

/// A life's vantages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outlooks {
    pub(crate) first: Outlook,
    /// Whether another may be chosen at a restart.
    pub(crate) change: bool,
}

impl Outlook {
    pub(crate) const MEMBERS: Self = Self {
        sight: Sight::Member,
        asks_unseen: false,
    };

    pub(crate) fn draw(dice: &mut Dice, among: &[Sight]) -> Self {
        Self {
            sight: dice.among(among),
            asks_unseen: dice.percent(30),
        }
    }

    pub(crate) fn is_wide(self) -> bool {
        self.sight != Sight::Member
    }

    /// The section of the settings.
    pub(crate) fn settings(self, administrator: Option<&str>) -> String {
        let (vantage, administrator) = match (self.sight, administrator) {
            (Sight::Administrator, Some(id)) => ("administrator", id),
            (Sight::Aggregator, Some(id)) => ("aggregator", id),
            _ => return String::new(),
        };
        let unseen = if self.asks_unseen { "ask" } else { "report" };
        format!(
            r#"sync = {{ vantage = "{vantage}", administrator = "{administrator}", unseen = "{unseen}" }}"#
        )
    }
}

impl Outlooks {
    /// Every account is asked itself, all the time: a world without an administrator.
    pub(crate) const MEMBERS: Self = Self {
        first: Outlook::MEMBERS,
        change: false,
    };

    /// Most lives ask the members.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        use Sight::{Administrator, Aggregator, Member};
        match dice.up_to(99) {
            0..=64 => Self::MEMBERS,
            65..=86 => Self {
                first: Outlook::draw(dice, &[Administrator, Aggregator]),
                change: false,
            },
            _ => Self {
                first: Outlook::draw(dice, &[Member, Administrator, Aggregator]),
                change: true,
            },
        }
    }

    /// Whether there is an administrator in this life.
    pub(crate) fn are_wide(self) -> bool {
        self != Self::MEMBERS
    }
}

/// How findings of a scope have to come to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is asked itself.
    Itself,
    From(Vantage),
    /// They do not: coverage has to say this.
    None(CoverageState),
}

/// The administrator, and what is true around it.
#[derive(Debug, Clone)]
pub(crate) struct Tower {
    pub(crate) administrator: Option<String>,
    home: String,
    /// `ACCOUNT/REGION` where Security Hub is off without any fault.
    hub_off: BTreeSet<String>,
}

impl Tower {
    /// Looks at a world in which nothing is wrong yet.
    pub(crate) fn new(administrator: Option<String>, world: &Handle) -> Self {
        let scopes = world.truth().scopes;
        let off = scopes.iter().filter(|s| s.reach == Reach::NotSubscribed);
        Self {
            administrator,
            home: scopes[0].region.clone(),
            hub_off: off.map(|s| at(&s.account_id, &s.region)).collect(),
        }
    }

    /// How the findings of an account that is listed and active have to come to us.
    pub(crate) fn way(&self, outlook: Outlook, scope: &ScopeTruth, faults: &Faults) -> Way {
        let (Some(administrator), true) = (&self.administrator, outlook.is_wide()) else {
            return Way::Itself;
        };
        let region = &scope.region;
        let there = at(administrator, region);
        if faults.region_off.contains(&there) {
            return Way::None(CoverageState::RegionDisabled);
        }
        let is_gathered =
            outlook.sight == Sight::Aggregator && !faults.unlinked_regions.contains(region);
        if outlook.sight == Sight::Aggregator && !is_gathered && !outlook.asks_unseen {
            return Way::None(CoverageState::Stale);
        }
        // Then it cannot be found out who is a member.
        if faults.denied_accounts.contains(administrator) {
            return Way::None(CoverageState::Denied);
        }
        if faults.hub_off.contains(&there) {
            return Way::None(CoverageState::NotSubscribed);
        }
        let id = &scope.account_id;
        let is_member = id == administrator
            || (self.is_member(id, region, faults)
                && (!is_gathered || self.is_member(id, &self.home, faults)));
        match (is_member, is_gathered) {
            (true, true) => Way::From(self.vantage(administrator, &self.home, outlook.sight)),
            (true, false) => Way::From(self.vantage(administrator, region, Sight::Administrator)),
            (false, _) if outlook.asks_unseen => Way::Itself,
            (false, _) => Way::None(CoverageState::Stale),
        }
    }

    /// Whether the outlook's own vantage would hold the scope's findings back without a word: its
    /// answers are good, and lack them.
    pub(crate) fn hides(&self, outlook: Outlook, scope: &ScopeTruth, faults: &Faults) -> bool {
        match self.way(outlook, scope, faults) {
            Way::From(vantage) => vantage.sight != outlook.sight,
            Way::Itself => outlook.is_wide(),
            Way::None(CoverageState::Denied) => false,
            Way::None(CoverageState::Stale) => true,
            // The home Region answers, whatever the administrator has turned off elsewhere.
            Way::None(_) => outlook.sight == Sight::Aggregator,
        }
    }

    fn is_member(&self, account: &str, region: &str, faults: &Faults) -> bool {
        let name = at(account, region);
        let mut out = [
            &self.hub_off,
            &faults.hub_off,
            &faults.region_off,
            &faults.disassociated,
        ]
        .into_iter();
        !out.any(|names| names.contains(&name))
    }

    fn vantage(&self, account: &str, region: &str, sight: Sight) -> Vantage {
        let at = Scope {
            account: account.into(),
            region: region.into(),
        };
        Vantage { at, sight }
    }
}

/// The vantage to ask how far a scope is recorded.
pub(crate) fn asked(scope: &ScopeTruth, way: Way) -> Vantage {
    match way {
        Way::From(vantage) => vantage,
        Way::Itself | Way::None(_) => checks::asked(scope),
    }
}

fn at(account: &str, region: &str) -> String {
    format!("{account}/{region}")
}
