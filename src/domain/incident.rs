//! Issues worth telling people about together.

use std::fmt;

use jiff::Timestamp;

use super::{AccountId, Digest, Region, Severity};

/// An incident's number within one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The life of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// At least one of its issues is open.
    Open,
    /// None is open, and analysts suppressed at least one.
    Suppressed,
    /// All were seen resolved.
    Resolved,
}

impl IncidentState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Suppressed, Self::Resolved];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
        }
    }

    /// The reverse of [`IncidentState::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// Issues worth telling people about together; the unit of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Number within one store; `None` until it is written.
    pub id: Option<IncidentId>,
    /// The route that selected its issues.
    pub route: String,
    /// Which issues belong to it: the fingerprint of the route and of what it groups by.
    pub group: Digest,
    /// One line for people; may hold text from outside.
    pub title: String,
    /// The worst of its open issues, or of all when none is open.
    pub severity: Severity,
    /// Whether it is over.
    pub state: IncidentState,
    /// The account, when all its issues share one.
    pub account: AccountId,
    /// The Region, when the resource has one.
    pub region: Option<Region>,
    /// The canonical resource that its issues are about.
    pub resource: String,
    /// ASFF type of that resource.
    pub resource_kind: String,
    /// How many of its issues are open.
    pub open_issues: u32,
    /// When it was opened here.
    pub opened_at: Timestamp,
    /// When something about it last changed.
    pub changed_at: Timestamp,
    /// Whether all its issues were there before hubwatch came.
    pub history: bool,
    /// Whether the route's sinks were told of it, or are owed a notice.
    pub told: bool,
}
