//! What this room runs on: settings that cannot hold nonsense.

use std::{collections::BTreeMap, time::Duration};

use secrecy::SecretString;

use super::{roll::Wanted, selection::Selection};
use crate::domain::{Account, AccountId, Partition, Region};

/// How many `GetFindings` requests are under way at once, in all Regions together.
pub(super) const IN_FLIGHT: usize = 64;
/// AWS's quota for `GetFindings` is 3 a second and 6 at once, per account and Region (overview of the
/// API model).
pub(super) const PER_SECOND: u32 = 3;

/// How fast one account may be asked in one Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Requests per second; 0 counts as 1.
    pub per_second: u32,
    /// Requests at once, after a pause; 0 counts as 1.
    pub burst: u32,
}

impl Pace {
    /// The pace under a quota of so many a second and twice as many at once. One less at once, so
    /// that requests which the network pushes together still fit.
    pub(super) fn within(per_second: u32) -> Self {
        Self {
            per_second,
            burst: per_second.saturating_mul(2).saturating_sub(1),
        }
    }
}

/// Where accounts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccountSource {
    Organization,
    HubMembers,
    List(Vec<Account>),
}

/// Where Regions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RegionSource {
    Enabled,
    List(Vec<Region>),
}

/// The role that is assumed in every account.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) external_id: Option<SecretString>,
    pub(super) session_name: String,
    pub(super) duration: Duration,
    pub(super) session_tags: BTreeMap<String, String>,
    pub(super) source_identity: Option<String>,
    /// The ARN of a role that is assumed first, and as which everything else is asked.
    pub(super) via: Option<String>,
}

impl Role {
    /// How long a session lasts, as STS takes it.
    pub(super) fn duration_secs(&self) -> i32 {
        i32::try_from(self.duration.as_secs()).unwrap_or(i32::MAX)
    }
}

/// Credentials for simulators, in place of the SDK's usual sources.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: SecretString,
}

/// What this room runs on.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) partition: Partition,
    pub(super) region: Region,
    pub(super) endpoint_url: Option<String>,
    pub(super) role: Role,
    pub(super) accounts: AccountSource,
    pub(super) selection: Selection,
    pub(super) regions: RegionSource,
    pub(super) wanted: Wanted,
    pub(super) refresh: Duration,
    pub(super) in_flight: usize,
    pub(super) pace: Pace,
    pub(super) keys: Option<Keys>,
}

impl Config {
    /// The partition that everything is in.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Where STS and Organizations are asked.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// How often to look for new accounts and Regions.
    #[must_use]
    pub fn refresh(&self) -> Duration {
        self.refresh
    }

    /// How fast one account may be asked in one Region.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// How long a session of an account's role lasts.
    #[must_use]
    pub fn session_duration(&self) -> Duration {
        self.role.duration
    }

    /// Whether accounts must be asked for their Regions.
    #[must_use]
    pub fn asks_regions(&self) -> bool {
        self.regions == RegionSource::Enabled
    }

    /// Whether it can be known which units are above accounts.
    #[must_use]
    pub fn knows_units(&self) -> bool {
        self.accounts == AccountSource::Organization
    }

    /// Whether it can be known which tags accounts have.
    #[must_use]
    pub fn knows_tags(&self) -> bool {
        let has_tags = |account: &Account| account.learned.tags.iter().any(|tags| !tags.is_empty());
        match &self.accounts {
            AccountSource::Organization => true,
            AccountSource::HubMembers => false,
            AccountSource::List(listed) => listed.iter().any(has_tags),
        }
    }

    /// What is asked of accounts beside what selects them; nothing unless said otherwise.
    #[must_use]
    pub fn with_wanted(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }

    /// Bounds the `GetFindings` requests under way at once; 64 unless said otherwise, at least 1.
    #[must_use]
    pub fn with_in_flight(self, in_flight: usize) -> Self {
        Self {
            in_flight: in_flight.max(1),
            ..self
        }
    }

    /// Sets how fast one account may be asked in one Region; just under AWS's quota unless said otherwise.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Signs with these keys instead of what the SDK finds on the machine. For simulators.
    #[must_use]
    pub fn with_keys(
        self,
        access_key_id: impl Into<String>,
        secret_access_key: SecretString,
    ) -> Self {
        let keys = Keys {
            access_key_id: access_key_id.into(),
            secret_access_key,
        };
        Self {
            keys: Some(keys),
            ..self
        }
    }

    /// The ARN of the role in one account.
    pub(super) fn role_arn(&self, account: &AccountId) -> String {
        format!(
            "arn:{}:iam::{account}:role/{}",
            self.partition, self.role.name
        )
    }
}
