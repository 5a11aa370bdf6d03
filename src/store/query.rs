//! What can be asked of the store, and what it answers.

use crate::domain::{
    AccountId, Incident, IncidentState, IssueIdentity, IssueStatus, Region, Scope, Severity,
    Standing, Timestamp,
    delivery::{DeliveryState, Occasion},
};

/// Which findings to list. Empty lists and `None` select everything.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    /// The provider's id, exactly.
    pub id: Option<String>,
    /// Accounts.
    pub accounts: Vec<String>,
    /// Regions.
    pub regions: Vec<String>,
    /// This severity or worse.
    pub at_least: Option<Severity>,
    /// Product names, in any case.
    pub products: Vec<String>,
    /// Compliance statuses, in any case.
    pub compliance: Vec<String>,
    /// Workflow statuses, in any case.
    pub workflow: Vec<String>,
    /// Whether the problem is there.
    pub standings: Vec<Standing>,
    /// Text within the canonical resource, in any case.
    pub resource: Option<String>,
    /// Updated at this time or later.
    pub since: Option<Timestamp>,
    /// No more than this many; `None` for all.
    pub limit: Option<u32>,
}

/// A finding as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    /// The account and Region that it belongs to.
    pub scope: Scope,
    /// The JSON exactly as AWS last sent it.
    pub raw: String,
    /// Whether its problem is there.
    pub standing: Standing,
    /// The number of the issue that it belongs to.
    pub issue: i64,
    /// That issue's resource.
    pub resource: String,
    /// That issue's problem.
    pub problem: String,
    /// When hubwatch first recorded it.
    pub first_recorded_at: Timestamp,
    /// Why it is no longer there, as a fixed word: expired or deleted.
    pub gone: Option<String>,
}

/// A finding that is to be asked for by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFinding {
    /// Its number within one store.
    pub number: i64,
    /// The JSON exactly as AWS last sent it.
    pub raw: String,
}

/// A raw finding that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedFinding {
    /// The scope that was asked.
    pub scope: Scope,
    /// Why, as a fixed word.
    pub reason: String,
    /// Why, in words.
    pub detail: String,
    /// Its id, where that much could be read.
    pub id: Option<String>,
    /// The JSON exactly as AWS sent it.
    pub raw: String,
    /// When it was first met.
    pub first_seen_at: Timestamp,
}

/// Which incidents to list.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    /// In one of these states; empty for all.
    pub states: Vec<IncidentState>,
    /// Accounts; empty for all.
    pub accounts: Vec<String>,
    /// This severity or worse.
    pub at_least: Option<Severity>,
    /// No more than this many; `None` for all.
    pub limit: Option<u32>,
}

/// An incident with what was sent about it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredIncident {
    /// The incident.
    pub incident: Incident,
    /// Sink, occasion, state and reference of each delivery.
    pub deliveries: Vec<(String, Occasion, DeliveryState, Option<String>)>,
}

/// An incident as a notice needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentBrief {
    /// The incident.
    pub incident: Incident,
    /// What people call the account.
    pub account_name: String,
    /// Its worst issues, open ones first.
    pub issues: Vec<IncidentIssue>,
    /// How many issues were left out of `issues`.
    pub more_issues: u32,
}

/// One issue of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentIssue {
    /// Which problem on which resource.
    pub identity: IssueIdentity,
    /// One line for people.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Whether the problem is there.
    pub status: IssueStatus,
    /// Since when a finding reports it.
    pub since: Timestamp,
    /// How many findings report it.
    pub findings: u32,
    /// The account and Region of the finding that reports it best.
    pub scope: Scope,
    /// That finding, exactly as AWS last sent it.
    pub raw: String,
}

/// How many findings there are of one kind in one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingTally {
    /// The scope.
    pub scope: Scope,
    /// How bad.
    pub severity: Severity,
    /// Whether the problem is there.
    pub standing: Standing,
    /// How many.
    pub count: u64,
}

/// How many incidents there are of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentTally {
    /// The account.
    pub account: AccountId,
    /// The Region, when the resource has one.
    pub region: Option<Region>,
    /// How bad.
    pub severity: Severity,
    /// Whether it is over.
    pub state: IncidentState,
    /// Whether no sink was told, because it was there before hubwatch came.
    pub silent: bool,
    /// How many.
    pub count: u64,
}

/// How many deliveries there are of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryTally {
    /// The sink.
    pub sink: String,
    /// Where they stand.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
    /// When the oldest became owed.
    pub oldest: Timestamp,
}

/// Counts for metrics and summaries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies {
    /// Findings by scope, severity and standing.
    pub findings: Vec<FindingTally>,
    /// How many raw findings could not be read, by reason.
    pub rejected: Vec<(String, u64)>,
    /// Issues by status.
    pub issues: Vec<(IssueStatus, u64)>,
    /// Incidents by account, Region, severity and state.
    pub incidents: Vec<IncidentTally>,
    /// Deliveries by sink and state.
    pub deliveries: Vec<DeliveryTally>,
    /// Issues that are waiting to be decided.
    pub touched: u64,
    /// Bytes that the database takes.
    pub bytes: u64,
}
