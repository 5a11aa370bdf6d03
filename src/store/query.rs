//! What can be asked of the store, and what it answers.

use std::collections::BTreeMap;

use crate::domain::{
    About, AccountId, ClockKind, Coverage, CoverageState, Incident, IncidentId, IncidentState,
    IssueIdentity, IssueStatus, Region, Scope, Score, Severity, Standing, Tags, Timestamp, Vantage,
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

/// What comparing a scope with the wide vantage that shows it came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The scope, which was asked itself.
    pub scope: Scope,
    /// What it was compared with.
    pub vantage: Vantage,
    /// When.
    pub checked_at: Timestamp,
    /// How many findings it showed.
    pub compared: u64,
    /// How many of them the vantage lacks, or has in an older version.
    pub missing: u64,
    /// The id of one of them.
    pub example: Option<String>,
    /// What is wrong and what to do about it; why it could not be compared, if `missing` is 0.
    pub words: Option<String>,
}

/// The sums of the last comparison of every scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GapTotals {
    /// Scopes that were compared.
    pub compared_scopes: u64,
    /// Those of them that could not be.
    pub failed_scopes: u64,
    /// Findings that vantages lack.
    pub missing: u64,
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
    /// This one alone.
    pub id: Option<IncidentId>,
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
    /// What is owed of it, or was.
    pub deliveries: Vec<StoredDelivery>,
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StoredDelivery {
    /// The sink.
    pub sink: String,
    /// Why it is owed.
    pub occasion: Occasion,
    /// Where it stands.
    pub state: DeliveryState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When the next is due, while it is pending.
    pub due_at: Option<Timestamp>,
    /// The far side's name for what it made.
    pub reference: Option<String>,
    /// Why it was not delivered yet, or was given up.
    pub reason: Option<String>,
}

/// A finding, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The finding.
    pub finding: StoredFinding,
    /// The issue that it belongs to.
    pub issue: ExplainedIssue,
    /// The incidents that the issue belongs to, the last first.
    pub incidents: Vec<StoredIncident>,
}

/// An issue, and what stands between it and people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedIssue {
    /// Number within one store.
    pub id: i64,
    /// Which problem on which resource.
    pub identity: IssueIdentity,
    /// Whether the problem is there; `None` before the first decision.
    pub status: Option<IssueStatus>,
    /// How bad, as decided.
    pub severity: Severity,
    /// The sum that says so.
    pub score: Score,
    /// What else is known of it.
    pub about: About,
    /// One line for people.
    pub title: String,
    /// Since when a finding reports it.
    pub since: Timestamp,
    /// Whether it was there before hubwatch came.
    pub history: bool,
    /// Until when nobody is to be told of it.
    pub silenced_until: Option<Timestamp>,
    /// How many findings report it.
    pub findings: u32,
    /// Whether something touched it that is not decided yet.
    pub waits: bool,
}

/// An incident as a notice needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentBrief {
    /// The incident.
    pub incident: Incident,
    /// What people call the account.
    pub account_name: String,
    /// Tags of the resource that it is about.
    pub resource_tags: Tags,
    /// Tags of its account, where they are known.
    pub account_tags: Tags,
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
    /// The sum that says so.
    pub score: Score,
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
    /// When the oldest that is still owed became so.
    pub oldest: Option<Timestamp>,
}

/// What was summed instead of told one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest<K> {
    /// How many kinds are in it.
    pub kinds: u64,
    /// How many there are of them.
    pub sums: BTreeMap<K, u64>,
}

impl<K> Default for Rest<K> {
    fn default() -> Self {
        Self {
            kinds: 0,
            sums: BTreeMap::new(),
        }
    }
}

/// How much room the store takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreSize {
    /// Bytes of the database.
    pub bytes: u64,
    /// How many of them hold nothing and will be used again or given back.
    pub free_bytes: u64,
    /// Bytes of the log of what was written last, which is copied into the database now and then.
    pub wal_bytes: u64,
    /// Rows by table. Those of issues are the decided ones.
    pub rows: Vec<(&'static str, u64)>,
}

/// Counts for metrics and summaries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies {
    /// Findings by scope, severity and standing.
    pub findings: Vec<FindingTally>,
    /// Findings of the kinds that are not told one by one.
    pub other_findings: Rest<(Severity, Standing)>,
    /// How many raw findings could not be read, by reason.
    pub rejected: Vec<(String, u64)>,
    /// Issues by status.
    pub issues: Vec<(IssueStatus, u64)>,
    /// Incidents by account, Region, severity and state.
    pub incidents: Vec<IncidentTally>,
    /// Incidents of the kinds that are not told one by one.
    pub other_incidents: Rest<(Severity, IncidentState)>,
    /// Deliveries by sink and state.
    pub deliveries: Vec<DeliveryTally>,
    /// Issues that are waiting to be decided.
    pub touched: u64,
    /// How much room everything takes.
    pub size: StoreSize,
}

impl Tallies {
    /// All findings.
    #[must_use]
    pub fn all_findings(&self) -> u64 {
        let one_by_one: u64 = self.findings.iter().map(|tally| tally.count).sum();
        one_by_one + self.other_findings.sums.values().sum::<u64>()
    }

    /// All incidents in one of these states.
    #[must_use]
    pub fn incidents_in(&self, states: &[IncidentState]) -> u64 {
        let listed = self
            .incidents
            .iter()
            .map(|tally| (tally.state, tally.count));
        let others = self.other_incidents.sums.iter();
        let others = others.map(|((_, state), count)| (*state, *count));
        let all = listed
            .chain(others)
            .filter(|(state, _)| states.contains(state));
        all.map(|(_, count)| count).sum()
    }
}

/// How far behind one clock is, over all scopes that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockSummary {
    /// How many scopes it has never read to an end.
    pub never: u64,
    /// Up to when it has looked: the part of scopes that have at least this, and the time. The last
    /// is of the scope that is furthest behind.
    pub complete: Vec<(&'static str, Timestamp)>,
}

/// The sum of what is known about reading scopes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CoverageSummary {
    /// How many scopes are in each state.
    pub by_state: BTreeMap<CoverageState, u64>,
    /// How far behind each clock is.
    pub clocks: BTreeMap<ClockKind, ClockSummary>,
    /// Some scopes: those that cannot be read first.
    pub scopes: Vec<Coverage>,
}

impl CoverageSummary {
    /// How many scopes there are.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.by_state.values().sum()
    }

    /// How many scopes are in a state that is one of these.
    #[must_use]
    pub fn count(&self, is: impl Fn(CoverageState) -> bool) -> u64 {
        let counted = self.by_state.iter().filter(|(state, _)| is(**state));
        counted.map(|(_, count)| count).sum()
    }
}

/// How much is told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Detail {
    /// Kinds of findings, and of incidents.
    pub kinds: usize,
    /// Scopes.
    pub scopes: usize,
}

/// The state of the store in numbers, of one moment and of bounded size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measures {
    /// Counts.
    pub tallies: Tallies,
    /// What is known about reading scopes.
    pub coverage: CoverageSummary,
}
