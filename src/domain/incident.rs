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
    /// At least one is open, and a person has taken it on.
    Acknowledged,
    /// None is open, and analysts suppressed at least one.
    Suppressed,
    /// All were seen resolved.
    Resolved,
}

impl IncidentState {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Open,
        Self::Acknowledged,
        Self::Suppressed,
        Self::Resolved,
    ];
    /// Those of incidents that are not over.
    pub const ACTIVE: [Self; 2] = [Self::Open, Self::Acknowledged];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
        }
    }

    /// Whether the incident is not over.
    #[must_use]
    pub fn is_active(self) -> bool {
        Self::ACTIVE.contains(&self)
    }

    /// The reverse of [`IncidentState::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// A person's word that they have taken an incident on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they said, if anything.
    pub note: Option<String>,
}

/// What may happen to an incident after it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It became worse.
    Raised,
    /// It became less bad, and is not over.
    Lowered,
    /// A person took it on.
    Acknowledged,
    /// That person, or another, takes it on no longer.
    Unacknowledged,
    /// It is over: none of its issues is open, and analysts suppressed at least one.
    Suppressed,
    /// It is over: all its issues were seen resolved.
    Resolved,
    /// It was over for no longer than the damping time and is not: it never really was.
    Flapped,
    /// It was over and is not.
    Reopened,
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Raised,
        Self::Lowered,
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::Suppressed,
        Self::Resolved,
        Self::Flapped,
        Self::Reopened,
    ];

    /// The word for columns and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Lowered => "lowered",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
            Self::Flapped => "flapped",
            Self::Reopened => "reopened",
        }
    }

    /// The reverse of [`Turn::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|turn| turn.as_str() == word)
    }
}

/// One turn of an incident's life.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IncidentTurn {
    /// What happened.
    #[serde(rename = "change")]
    pub turn: Turn,
    /// When hubwatch saw it.
    pub at: Timestamp,
    /// How bad the incident was afterwards.
    pub severity: Severity,
    /// Who did it, where a person did.
    pub by: Option<String>,
    /// What they said.
    pub note: Option<String>,
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
    /// How many incidents of this group there were before it. Only the last of a group changes.
    pub earlier: u32,
    /// One line for people; may hold text from outside.
    pub title: String,
    /// The worst of its open issues, or of all when none is open.
    pub severity: Severity,
    /// The score of that issue, from 0 to 100.
    pub score: u8,
    /// Whether it is over.
    pub state: IncidentState,
    /// Since when it is over; `None` while it is not.
    pub over_since: Option<Timestamp>,
    /// Who has taken it on.
    pub acknowledged: Option<Acknowledgement>,
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
    /// Until when nobody is told of it, because a mute time of its route is in the way and nothing
    /// else; `None` where people were told, or would not be told anyway.
    pub muted_until: Option<Timestamp>,
}
