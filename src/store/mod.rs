//! Where everything is kept: trait [`Store`], and the engines behind it.
//!
//! Knows rows, transactions, leases, and how raw findings are packed.
//! Does not know AWS, sinks, or why anything is asked of it. No transaction handle leaves this
//! room: each verb of [`Store`] is one whole transaction, and each may be repeated safely.

mod error;
mod open;
mod page;
mod query;
mod sqlite;
mod tidy;

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    correlate::{MatchSettings, Rulebook},
    domain::{
        AccountId, Acknowledgement, BegunWindow, Coverage, CoverageState, FindingKey, Incident,
        IncidentId, IncidentState, IncidentTurn, Learned, Partition, Scope, Silence, SyncProgress,
        Timestamp, Vantage, Window,
        decision::Assessment,
        delivery::{Delivery, Settlement},
    },
};

pub use error::StoreError;
pub use open::{Access, StoreUrl, open};
pub use page::{FindingRecord, PageOutcome, PageRecord, Reached, RejectedRecord};
pub use query::{
    ClockSummary, CoverageSummary, DeliveryTally, Detail, Explained, ExplainedIssue, FindingFilter,
    FindingTally, Gap, GapTotals, IncidentBrief, IncidentFilter, IncidentIssue, IncidentTally,
    KnownFinding, Measures, RejectedFinding, Rest, StoreSize, StoredDelivery, StoredFinding,
    StoredIncident, Tallies,
};
pub use tidy::{Chore, Retention, Tidied};

/// One scope as discovery found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CensusEntry {
    /// The scope.
    pub scope: Scope,
    /// What people call the account; text from outside.
    pub account_name: String,
    /// What stands in the way of reading it, and in words why; `None` if nothing is known to.
    pub trouble: Option<(CoverageState, String)>,
    /// The wide vantage that shows it; `None` if it is asked itself, or nobody looks.
    pub seen_from: Option<Vantage>,
}

/// What a poll needs to know of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeProgress {
    /// How far it is recorded; `None` before first contact.
    pub progress: Option<SyncProgress>,
    /// Windows that were begun and not finished, at most one of each kind.
    pub begun: Vec<BegunWindow>,
    /// When findings behind open incidents were last asked for by id.
    pub watched_at: Option<Timestamp>,
    /// Whether that was a turn of a round with others to come.
    pub watch_goes_on: bool,
    /// How many findings a reconcile window did not meet and that were not asked for by id yet.
    pub suspects: u32,
    /// When the last of the scopes that a wide vantage shows came into its sight. What they held
    /// before is read with a comparison that begins after it.
    pub sight_changed_at: Option<Timestamp>,
}

/// Which touched issues a step of deciding looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// Those that something new has touched.
    ByNews,
    /// Any.
    ByAnything,
}

/// What one step of deciding did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decided {
    /// Touched issues that were looked at.
    pub issues: usize,
    /// Resources with new relations whose issues were touched.
    pub stirred: usize,
    /// Incidents that were opened.
    pub opened: usize,
    /// Deliveries that are owed now and were not before.
    pub owed: usize,
}

/// What became of a person's word that they take an incident on, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledging {
    /// It is written.
    Done,
    /// It was so before. Who takes an incident on that somebody else had taken on has it now.
    Again,
    /// The incident is over, in this state: there is nothing to take on.
    Over(IncidentState),
    /// There is no such incident.
    Unknown,
}

/// A silence that somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSilence {
    /// Which issues; at least one key is given.
    pub matching: MatchSettings,
    /// Who asks.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub ends_at: Timestamp,
}

/// Verbs of the store. Each is one transaction, and what it promises holds after a crash.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// The partition that everything in it is of.
    fn partition(&self) -> &Partition;

    /// Takes a complete census: new scopes are waiting to be read, known ones take the trouble that
    /// discovery met, and those that the census does not name become stale.
    async fn take_census(&self, census: Vec<CensusEntry>, now: Timestamp)
    -> Result<(), StoreError>;

    /// Writes what was found out about accounts; what was not stays as it was, and so do accounts that
    /// are not named. Issues of accounts of which something else is known now are decided again, so that
    /// routes reach them.
    async fn note_accounts(&self, learned: Vec<(AccountId, Learned)>) -> Result<(), StoreError>;

    /// What is known about reading each scope, ordered by account and Region.
    async fn coverage(&self) -> Result<Vec<Coverage>, StoreError>;

    /// Notes that a vantage could not be read, and why in words. What was recorded stays.
    async fn note_trouble(
        &self,
        vantage: &Vantage,
        state: CoverageState,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// How far a vantage is recorded.
    async fn progress(&self, vantage: &Vantage) -> Result<ScopeProgress, StoreError>;

    /// Persists that a window is begun, and first contact if this is it. Its bounds stay pinned
    /// until its last page is recorded, across restarts.
    async fn begin_window(
        &self,
        vantage: &Vantage,
        window: Window,
        progress: SyncProgress,
    ) -> Result<(), StoreError>;

    /// Findings that a vantage shows and that are behind open incidents, to be asked for by id: those
    /// that follow the last ones of [`Store::note_watched`].
    async fn watched(&self, vantage: &Vantage, limit: u32)
    -> Result<Vec<KnownFinding>, StoreError>;

    /// Notes that findings behind open incidents were asked for, up to the last one; `None` when
    /// they were all, and the next turn begins with the first.
    async fn note_watched(
        &self,
        vantage: &Vantage,
        last: Option<i64>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The same for many vantages in sight of which there was nothing to ask for, each with the time
    /// when that was found.
    async fn note_unwatched(&self, vantages: Vec<(Vantage, Timestamp)>) -> Result<(), StoreError>;

    /// Findings that a vantage should show and that its reconcile window did not meet.
    async fn suspects(
        &self,
        vantage: &Vantage,
        limit: u32,
    ) -> Result<Vec<KnownFinding>, StoreError>;

    /// Clears suspects that were asked for by id. Those that AWS did not have become gone, unless a
    /// newer version of them arrived meanwhile; their issues are touched. Returns how many did.
    async fn clear_suspects(
        &self,
        asked: Vec<i64>,
        absent: Vec<i64>,
        now: Timestamp,
    ) -> Result<u32, StoreError>;

    /// The scope that was compared with the vantage that shows it longest ago, if that was at `before` or
    /// earlier, or never. Only where the vantage has read all of it: before, absence says nothing.
    async fn gap_due(&self, before: Timestamp) -> Result<Option<(Scope, Vantage)>, StoreError>;

    /// Those of some findings, in the versions in which they were shown, that are not stored, or gone,
    /// or stored in an older version.
    async fn lacking(
        &self,
        shown: Vec<(FindingKey, Timestamp)>,
    ) -> Result<Vec<(FindingKey, Timestamp)>, StoreError>;

    /// Notes what comparing a scope came to, in place of the last time. Returns the sums.
    async fn note_gap(&self, gap: Gap) -> Result<GapTotals, StoreError>;

    /// What the last comparison of each scope came to, the largest gaps first. Not of scopes that are
    /// seen from elsewhere now.
    async fn gaps(&self) -> Result<Vec<Gap>, StoreError>;

    /// Records pages: findings, what became of them, the issues that they touch, and, with a
    /// window's last page, how far its scope is recorded. Idempotent. All pages or none.
    async fn record(
        &self,
        pages: Vec<PageRecord>,
        now: Timestamp,
    ) -> Result<Vec<PageOutcome>, StoreError>;

    /// Touches every issue if the rulebook is another one than before, so that a route reaches what
    /// was there before it. Returns whether it is. What was history stays history.
    async fn adopt(&self, rulebook: &Rulebook) -> Result<bool, StoreError>;

    /// Looks at no more than `limit` touched issues, the first by number, decides what has become true of them, writes
    /// it with the deliveries it owes, and clears the marks.
    async fn decide(
        &self,
        rulebook: &Rulebook,
        touched: Touched,
        limit: u32,
        now: Timestamp,
    ) -> Result<Decided, StoreError>;

    /// Leases deliveries of a sink that are due. Begins an attempt for each: if nothing is settled
    /// before the lease ends, the attempt is in doubt.
    async fn lease_deliveries(
        &self,
        sink: &str,
        limit: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Begins the attempt of a leased delivery anew: the request follows at once. What is in doubt
    /// after a crash is then this moment, and not the earlier one of the lease.
    async fn intend(&self, delivery: i64, now: Timestamp) -> Result<(), StoreError>;

    /// Writes what became of a leased delivery, and ends the lease.
    async fn settle(
        &self,
        delivery: i64,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// An incident with its worst issues, each with the finding that reports it best.
    async fn brief(
        &self,
        incident: IncidentId,
        issues: u32,
    ) -> Result<Option<IncidentBrief>, StoreError>;

    /// What happened to an incident since it was opened, in order; the last 200 turns of it.
    async fn turns(&self, incident: IncidentId) -> Result<Vec<IncidentTurn>, StoreError>;

    /// Writes that a person has taken an incident on. It stays open, and nobody else is told for that.
    async fn acknowledge(
        &self,
        incident: IncidentId,
        word: Acknowledgement,
    ) -> Result<Acknowledging, StoreError>;

    /// Writes that a person takes an incident on no longer; `word` says who says so.
    async fn unacknowledge(
        &self,
        incident: IncidentId,
        word: Acknowledgement,
    ) -> Result<Acknowledging, StoreError>;

    /// Adds a silence that begins now, and returns its number. Issues that it is over are decided
    /// again. At most 500 may be in force.
    async fn add_silence(&self, new: NewSilence, now: Timestamp) -> Result<i64, StoreError>;

    /// Ends a silence, so that what is still a problem is told. Returns whether it was in force.
    async fn expire_silence(&self, id: i64, now: Timestamp) -> Result<bool, StoreError>;

    /// Silences in force and those that ended in the last 90 days, those that end last first.
    async fn silences(&self) -> Result<Vec<Silence>, StoreError>;

    /// Findings that a filter selects, worst first, newest first among equals.
    async fn findings(&self, filter: FindingFilter) -> Result<Vec<StoredFinding>, StoreError>;

    /// Findings of an id, each with its issue and the incidents of that.
    async fn explain(&self, id: &str) -> Result<Vec<Explained>, StoreError>;

    /// What a rulebook makes of issues, waiting to be decided or not: of no more than `limit` of those
    /// whose numbers follow `after`, in their order. Writes nothing. Who reads all in steps may meet
    /// some before and others after a change.
    async fn assessed(
        &self,
        rulebook: &Rulebook,
        after: i64,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Assessment>, StoreError>;

    /// Incidents whose numbers follow `after`, in their order, no more than `limit`. Of a group's the
    /// last one is the one that changes.
    async fn incidents_after(&self, after: i64, limit: u32) -> Result<Vec<Incident>, StoreError>;

    /// Raw findings that could not be read, newest first.
    async fn rejected(&self, limit: u32) -> Result<Vec<RejectedFinding>, StoreError>;

    /// Incidents that a filter selects, open ones first, worst first, newest first among equals.
    async fn incidents(&self, filter: IncidentFilter) -> Result<Vec<StoredIncident>, StoreError>;

    /// Takes one small step of tidying up: removes a little of what was kept for long enough, packs a
    /// little anew, or gives a little room back. Never removes what AWS still has, nor what an
    /// incident needs that is not over. Goes round by itself: a step that fails is left out until the
    /// next round, and where a round stood is forgotten with the process.
    async fn tidy(&self, retention: Retention, now: Timestamp) -> Result<Tidied, StoreError>;

    /// Counts, every kind one by one. They are kept with what they count: nothing is scanned.
    async fn tallies(&self) -> Result<Tallies, StoreError>;

    /// Counts and coverage for metrics and pages. However large the store is, the answer tells no more
    /// than `detail` one by one, and sums the rest. Costs one pass over the scopes and none over
    /// findings, issues or incidents.
    async fn measure(&self, detail: Detail) -> Result<Measures, StoreError>;
}
