//! What we know about reading each scope.

use jiff::Timestamp;

use super::{Scope, Vantage};

/// What reading a scope is like now. A scope is in exactly one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageState {
    /// Read completely, and followed.
    Ok,
    /// Its history is being read for the first time, or has yet to be.
    Backfilling,
    /// AWS asks us to slow down.
    Throttled,
    /// The role may be assumed, and may not read findings.
    Denied,
    /// The role cannot be assumed: it is missing, or does not trust us. AWS does not say which.
    RoleMissing,
    /// Security Hub is off there.
    NotSubscribed,
    /// The account has not turned this Region on.
    RegionDisabled,
    /// The account is suspended or closed.
    Suspended,
    /// No usable answer: network, service trouble, or an answer that cannot be read.
    Unreachable,
    /// No longer asked or seen: the account or Region left the configuration or organization, or the
    /// administrator's sight.
    Stale,
}

impl CoverageState {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Backfilling,
        Self::Throttled,
        Self::Denied,
        Self::RoleMissing,
        Self::NotSubscribed,
        Self::RegionDisabled,
        Self::Suspended,
        Self::Unreachable,
        Self::Stale,
    ];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Backfilling => "backfilling",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::RoleMissing => "role-missing",
            Self::NotSubscribed => "not-subscribed",
            Self::RegionDisabled => "region-disabled",
            Self::Suspended => "suspended",
            Self::Unreachable => "unreachable",
            Self::Stale => "stale",
        }
    }

    /// The reverse of [`CoverageState::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    /// Whether the scope can be read as far as we know.
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Ok | Self::Backfilling | Self::Throttled)
    }

    /// Whether a poll could change the state: `false` where only discovery can.
    #[must_use]
    pub fn is_polled(self) -> bool {
        !matches!(self, Self::Suspended | Self::Stale)
    }
}

/// What we know about reading one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The scope.
    pub scope: Scope,
    /// What people call the account.
    pub account_name: String,
    /// The state now.
    pub state: CoverageState,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When a window of it was last read to its end.
    pub last_complete: Option<Timestamp>,
    /// The last trouble in words, with what to do about it.
    pub error: Option<String>,
    /// The vantage that shows its findings; `None` where the scope is asked itself.
    pub seen_from: Option<Vantage>,
}
