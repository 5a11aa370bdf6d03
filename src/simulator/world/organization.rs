//! Accounts, organizational units and tags, from the seed.

use std::collections::HashMap;

use super::super::{
    clock::{DAY, Nanos},
    options::Options,
    random,
};

const TEAMS: &[&str] = &[
    "payments",
    "checkout",
    "ledger",
    "identity",
    "search",
    "catalog",
    "logistics",
    "mobile",
    "data-lake",
    "analytics",
    "ml-platform",
    "marketing",
    "billing",
    "support",
    "crm",
    "fraud",
    "pricing",
    "inventory",
    "media",
    "partner-api",
    "warehouse",
    "reporting",
    "messaging",
    "onboarding",
];
const STAGES: &[(&str, &str)] = &[
    ("prod", "Production"),
    ("staging", "Staging"),
    ("dev", "Development"),
    ("sandbox", "Sandbox"),
];
const ID_LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Life of an account in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum State {
    Active,
    Suspended,
    PendingClosure,
}

impl State {
    pub(in crate::simulator) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
        }
    }
}

/// What keeps an account from being read, apart from its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Oddity {
    None,
    /// The role was never rolled out here.
    NoRole,
    /// The role exists, but a policy denies it `securityhub:GetFindings`.
    Denied,
    /// Security Hub was never enabled in the account's second Region.
    HubOffSomewhere,
}

/// One account.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Account {
    pub(in crate::simulator) id: String,
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) email: String,
    /// Position of its unit; `None` directly under the root.
    pub(in crate::simulator) unit: Option<usize>,
    pub(in crate::simulator) tags: Vec<(&'static str, String)>,
    pub(in crate::simulator) state: State,
    pub(in crate::simulator) oddity: Oddity,
    pub(in crate::simulator) joined: Nanos,
    pub(in crate::simulator) created_here: bool,
    /// Whether control findings come once per check, or once per standard: `ControlFindingGenerator`.
    pub(in crate::simulator) consolidated: bool,
    /// What that setting was when the world was made.
    pub(in crate::simulator) consolidated_first: bool,
    /// How often it was switched.
    pub(in crate::simulator) switches: u64,
}

/// One organizational unit.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Unit {
    pub(in crate::simulator) id: String,
    pub(in crate::simulator) name: &'static str,
    /// Position of the unit above; `None` directly under the root.
    pub(in crate::simulator) parent: Option<usize>,
}

/// The whole organization. The management account is the first one.
#[derive(Debug)]
pub(in crate::simulator) struct Organization {
    pub(in crate::simulator) id: String,
    pub(in crate::simulator) root_id: String,
    pub(in crate::simulator) accounts: Vec<Account>,
    pub(in crate::simulator) units: Vec<Unit>,
    /// Position of the delegated Security Hub administrator.
    pub(in crate::simulator) administrator: Option<usize>,
    by_id: HashMap<String, usize>,
}

/// Position of the management account.
pub(in crate::simulator) const MANAGEMENT: usize = 0;

impl Organization {
    pub(in crate::simulator) fn generate(options: &Options, now: Nanos) -> Self {
        let mut rng = random::generator(&[options.seed, 0x0e6]);
        let mut id = |len| random::letters(&mut rng, ID_LETTERS, len);
        let (org_id, root) = (id(10), id(4));
        let mut unit = |name, parent| Unit {
            id: format!("ou-{root}-{}", id(8)),
            name,
            parent,
        };
        let mut units = vec![
            unit("Security", None),
            unit("Workloads", None),
            unit("Sandbox", None),
            unit("Suspended", None),
        ];
        units.extend(["Production", "Staging", "Development"].map(|name| unit(name, Some(1))));
        let mut organization = Self {
            id: format!("o-{org_id}"),
            root_id: format!("r-{root}"),
            accounts: Vec::with_capacity(options.accounts),
            units,
            administrator: (options.administrator && options.accounts > 1).then_some(1),
            by_id: HashMap::with_capacity(options.accounts),
        };
        for position in 0..options.accounts {
            let account = organization.new_account(options, position, now);
            organization.by_id.insert(account.id.clone(), position);
            organization.accounts.push(account);
        }
        organization
    }

    pub(in crate::simulator) fn position(&self, account_id: &str) -> Option<usize> {
        self.by_id.get(account_id).copied()
    }

    /// `o-…/r-…/ou-…/`, the path of an account's unit.
    pub(in crate::simulator) fn path(&self, unit: Option<usize>) -> String {
        let mut ids = Vec::new();
        let mut next = unit;
        while let Some(unit) = next.and_then(|position| self.units.get(position)) {
            ids.push(unit.id.as_str());
            next = unit.parent;
        }
        ids.extend([self.root_id.as_str(), self.id.as_str()]);
        ids.reverse();
        ids.join("/") + "/"
    }

    fn new_account(&self, options: &Options, position: usize, now: Nanos) -> Account {
        let mut rng = random::generator(&[options.seed, 0xacc, random::word(position)]);
        let id = loop {
            let id = format!("{:012}", rng.u64(100_000_000_000..1_000_000_000_000));
            if !self.by_id.contains_key(&id) {
                break id;
            }
        };
        let (stage, unit_name) = *random::pick(&mut rng, STAGES);
        let team = *random::pick(&mut rng, TEAMS);
        let (name, unit) = match position {
            MANAGEMENT => ("management".to_owned(), None),
            1 => ("security-tooling".to_owned(), self.unit_named("Security")),
            // After the first few hundred, names repeat; a number keeps them apart.
            _ if position > 60 => (
                format!("{team}-{stage}-{position}"),
                self.unit_named(unit_name),
            ),
            _ => (format!("{team}-{stage}"), self.unit_named(unit_name)),
        };
        let (state, oddity) = peculiarity(options.accounts, position);
        let unit = if state == State::Active {
            unit
        } else {
            self.unit_named("Suspended")
        };
        let mut account = Account {
            email: format!("aws+{name}-{position}@example.com"),
            tags: vec![
                ("team", team.to_owned()),
                ("environment", stage.to_owned()),
                ("cost-center", format!("cc-{}", rng.u32(1000..1040))),
            ],
            id,
            name,
            unit,
            state,
            oddity,
            joined: now - rng.i64(100 * DAY..2_000 * DAY),
            created_here: rng.u8(..10) < 8,
            consolidated: rng.u8(..10) < 7,
            consolidated_first: false,
            switches: 0,
        };
        account.consolidated_first = account.consolidated;
        account
    }

    fn unit_named(&self, name: &str) -> Option<usize> {
        self.units.iter().position(|unit| unit.name == name)
    }
}

/// Worlds of six accounts and more have one of each oddity, and larger ones some more.
fn peculiarity(accounts: usize, position: usize) -> (State, Oddity) {
    if accounts < 6 || position < 2 {
        return (State::Active, Oddity::None);
    }
    match position % 250 {
        2 => (State::Suspended, Oddity::None),
        3 => (State::Active, Oddity::NoRole),
        4 => (State::Active, Oddity::Denied),
        5 => (State::Active, Oddity::HubOffSomewhere),
        120 => (State::PendingClosure, Oddity::None),
        _ => (State::Active, Oddity::None),
    }
}
