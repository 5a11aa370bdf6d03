//! What is known about touched issues, and what was decided about them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    About, Digest, Incident, IncidentId, IncidentTurn, IssueIdentity, IssueStatus, Parts, Score,
    Severity, Standing, delivery::Occasion, finding::Traits,
};

/// What one finding says for its issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Whether the problem is there.
    pub standing: Standing,
    /// How bad.
    pub severity: Severity,
    /// The finding's title.
    pub title: Arc<str>,
    /// Since when the finding reports it.
    pub since: Timestamp,
    /// What rules ask of it beside.
    pub traits: Traits,
}

/// A touched issue, with every finding that reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TouchedIssue {
    /// Number within one store.
    pub id: i64,
    /// Which problem on which resource.
    pub identity: IssueIdentity,
    /// The number of its resource within the same store.
    pub resource: i64,
    /// What it means for others, as was decided last.
    pub parts: Parts,
    /// What was decided last time; `None` the first time.
    pub status: Option<IssueStatus>,
    /// What its findings say. Never empty.
    pub evidence: Vec<Evidence>,
    /// What else is known of it, if routes or silences ask.
    pub about: Arc<About>,
    /// Whether it was there before hubwatch came.
    pub history: bool,
}

/// What an issue's findings add up to, before rules and silences are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether the problem is there.
    pub status: IssueStatus,
    /// The worst that an open finding says, or any finding when none is open.
    pub severity: Severity,
    /// What it means for others; nothing unless it is open.
    pub parts: Parts,
}

/// An open issue on another's resource or near it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Number within one store.
    pub issue: i64,
    /// Its problem.
    pub problem: Arc<str>,
    /// The resource that it is about.
    pub resource: Arc<str>,
    /// Whether that is the other's own.
    pub here: bool,
    /// What it means for others.
    pub parts: Parts,
    /// Whether it was there before hubwatch came.
    pub history: bool,
}

/// An issue as its findings, rules and silences make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Number within one store.
    pub id: i64,
    /// Which problem on which resource.
    pub identity: IssueIdentity,
    /// Whether the problem is there.
    pub status: IssueStatus,
    /// How bad it is: what its findings say, raised by rules.
    pub severity: Severity,
    /// The sum that says so.
    pub score: Score,
    /// What it means for others; nothing unless it is open.
    pub parts: Parts,
    /// One line for people.
    pub title: Arc<str>,
    /// Since when a finding reports it.
    pub since: Timestamp,
    /// What else is known of it, if routes or silences ask.
    pub about: Arc<About>,
    /// Until when nobody is to be told of it; `None` where no silence is over it.
    pub silenced_until: Option<Timestamp>,
    /// Whether it was there before hubwatch came.
    pub history: bool,
}

/// An issue of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Whether the problem is there.
    pub status: IssueStatus,
    /// How bad.
    pub severity: Severity,
    /// How bad, from 0 to 100.
    pub score: u8,
    /// One line for people.
    pub title: Arc<str>,
    /// Until when nobody is to be told of it; `None` where no silence is over it.
    pub silenced_until: Option<Timestamp>,
    /// Whether it was there before hubwatch came.
    pub history: bool,
}

/// An incident as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownIncident {
    /// The incident.
    pub incident: Incident,
    /// Its issues, by number.
    pub members: BTreeMap<i64, Member>,
}

/// What a decision rests on: the touched issues, the incidents that they belong to, and those of
/// the groups that they would join.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The touched issues, assessed.
    pub issues: Vec<Assessment>,
    /// Incidents by group.
    pub incidents: BTreeMap<Digest, KnownIncident>,
}

/// What has become true of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentDecision {
    /// The incident as it is now; without an id if it is new.
    pub incident: Incident,
    /// What happened to it, in order; nothing when it is new.
    pub turns: Vec<IncidentTurn>,
    /// The issues that joined it.
    pub joined: Vec<i64>,
    /// The issues that left it, because the route selects them no longer.
    pub left: Vec<i64>,
    /// Which sinks must hear of it, and why.
    pub owed: Vec<(String, Occasion)>,
}

impl IncidentDecision {
    /// The incident's number, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<IncidentId> {
        self.incident.id
    }
}

/// What has become true, and who must hear of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// Incidents that are new or different.
    pub incidents: Vec<IncidentDecision>,
}
