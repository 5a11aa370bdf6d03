//! What we know about reading each scope.

use jiff::Timestamp;

use super::{Scope, SyncProgress, Vantage, window::WindowKind};

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
}

/// The clocks that a scope is read by: one for each kind of window, and the one that asks by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockKind {
    /// What is new since the watermark.
    Tail,
    /// Findings behind open incidents, by id.
    Watch,
    /// What providers delivered late.
    Late,
    /// Everything, to find what changed in silence and what is no longer there.
    Reconcile,
    /// What was there before we came.
    Backfill,
}

impl ClockKind {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 5] = [
        Self::Tail,
        Self::Watch,
        Self::Late,
        Self::Reconcile,
        Self::Backfill,
    ];

    /// The word for labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tail => "tail",
            Self::Watch => "watch",
            Self::Late => "late",
            Self::Reconcile => "reconcile",
            Self::Backfill => "backfill",
        }
    }
}

impl From<WindowKind> for ClockKind {
    fn from(kind: WindowKind) -> Self {
        match kind {
            WindowKind::Tail => Self::Tail,
            WindowKind::Late => Self::Late,
            WindowKind::Backfill => Self::Backfill,
            WindowKind::Reconcile => Self::Reconcile,
        }
    }
}

/// Up to when each clock has looked at everything that it asks for; `None` when it never has.
///
/// The end of the last window that was recorded whole, not the time at which that happened: it says
/// how old our knowledge is. A round of asking by id counts from its begin. History ends where we
/// came in, so for it this is when the last window of it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Complete {
    /// See [`ClockKind::Tail`].
    pub tail: Option<Timestamp>,
    /// See [`ClockKind::Watch`].
    pub watch: Option<Timestamp>,
    /// See [`ClockKind::Late`].
    pub late: Option<Timestamp>,
    /// See [`ClockKind::Reconcile`].
    pub reconcile: Option<Timestamp>,
    /// See [`ClockKind::Backfill`].
    pub backfill: Option<Timestamp>,
}

impl Complete {
    /// One of them.
    #[must_use]
    pub fn of(&self, clock: ClockKind) -> Option<Timestamp> {
        match clock {
            ClockKind::Tail => self.tail,
            ClockKind::Watch => self.watch,
            ClockKind::Late => self.late,
            ClockKind::Reconcile => self.reconcile,
            ClockKind::Backfill => self.backfill,
        }
    }

    /// The newest of those that read windows.
    #[must_use]
    pub fn last_window(&self) -> Option<Timestamp> {
        [self.tail, self.late, self.reconcile, self.backfill]
            .into_iter()
            .flatten()
            .max()
    }
}

/// The last trouble with reading a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it was, with what to do about it.
    pub words: String,
    /// When it was last met.
    pub at: Timestamp,
    /// When it was over; `None` while it lasts.
    pub over_at: Option<Timestamp>,
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
    /// The vantage that shows its findings; `None` where the scope is asked itself.
    pub seen_from: Option<Vantage>,
    /// Up to when each clock has looked, of that vantage where there is one.
    pub complete: Complete,
    /// How far it is recorded; `None` before first contact.
    pub progress: Option<SyncProgress>,
    /// The last trouble, over or not.
    pub trouble: Option<Trouble>,
}

impl Coverage {
    /// The end of the newest window that was recorded whole.
    #[must_use]
    pub fn last_complete(&self) -> Option<Timestamp> {
        self.complete.last_window()
    }

    /// The trouble that lasts, in words, with what to do about it.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        let lasting = self.trouble.as_ref().filter(|t| t.over_at.is_none())?;
        Some(&lasting.words)
    }
}
