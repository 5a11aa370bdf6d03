//! A store that tells on its users: what was asked of it, whether marks moved back, how much came at
//! once. It can fail, too, before the work is done or after.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use hubwatch::{
    correlate::Rulebook,
    domain::{
        AccountId, Acknowledgement, Coverage, CoverageState, FindingKey, Incident, IncidentId,
        IncidentTurn, Learned, Partition, Scope, Silence, SyncProgress, Timestamp, Vantage, Window,
        decision::Assessment,
        delivery::{Delivery, Settlement},
    },
    store::{
        Acknowledging, CensusEntry, Decided, Detail, Explained, FindingFilter, Gap, GapTotals,
        IncidentBrief, IncidentFilter, KnownFinding, Measures, NewSilence, PageOutcome, PageRecord,
        Reached, RejectedFinding, Retention, ScopeProgress, Store, StoreError, StoredFinding,
        StoredIncident, Tallies, Tidied, Touched,
    },
};

/// What was seen, over all crashes.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    busy: AtomicUsize,
    calls: AtomicU64,
    /// How many of ten thousand calls fail.
    failing: AtomicU32,
    most_pages: AtomicUsize,
    /// Whether nothing was written that deciding would have to look at since it found nothing.
    decided: AtomicBool,
    marks: RwLock<BTreeMap<Vantage, SyncProgress>>,
    complaints: RwLock<Vec<String>>,
}

impl Witness {
    /// Whether the store works on something.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }

    /// Grows with every call that begins or ends.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Makes so many of ten thousand calls fail.
    pub(crate) fn fail(&self, of_ten_thousand: u32) {
        self.failing.store(of_ten_thousand, Ordering::SeqCst);
    }

    /// The most pages that were handed over at once.
    pub(crate) fn most_pages(&self) -> usize {
        self.most_pages.load(Ordering::SeqCst)
    }

    /// What must never happen and did.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn complain(&self, what: String) {
        let mut complaints = self
            .complaints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        complaints.push(what);
    }

    /// Compares how far a vantage is recorded with what was seen before.
    pub(crate) fn marks(&self, vantage: &Vantage, now: SyncProgress) {
        let mut marks = self.marks.write().unwrap_or_else(PoisonError::into_inner);
        let before = marks.insert(vantage.clone(), now);
        drop(marks);
        let Some(before) = before else { return };
        let back = now.watermark < before.watermark
            || now.late_at < before.late_at
            || now.reconciled_at < before.reconciled_at
            || now.first_contact != before.first_contact
            || now.history_from > before.history_from;
        if back {
            self.complain(format!("{vantage} went back from {before:?} to {now:?}"));
        }
    }

    fn enter(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::SeqCst);
        self.calls.fetch_add(1, Ordering::SeqCst);
        Busy(self)
    }

    /// Fails now and then; which of the calls it strikes does not depend on what is asked.
    fn stumble(&self, salt: u64) -> Result<(), StoreError> {
        let roll = self
            .calls()
            .wrapping_add(salt)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            >> 33;
        if roll % 10_000 < u64::from(self.failing.load(Ordering::SeqCst)) {
            return Err(StoreError::Unavailable(
                "no space left, for once".to_owned(),
            ));
        }
        Ok(())
    }
}

struct Busy<'a>(&'a Witness);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
        self.0.calls.fetch_add(1, Ordering::SeqCst);
    }
}

/// Something is written that deciding has to look at, even if nobody waits for the outcome.
struct Undecided<'a>(&'a Witness);

impl Drop for Undecided<'_> {
    fn drop(&mut self) {
        self.0.decided.store(false, Ordering::SeqCst);
    }
}

/// The store that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) witness: Arc<Witness>,
}

/// Hands a call on, between two chances to fail.
macro_rules! hand_on {
    ($self:ident . $call:ident ( $($argument:expr),* )) => {{
        let _busy = $self.witness.enter();
        $self.witness.stumble(0)?;
        let done = $self.inner.$call($($argument),*).await?;
        $self.witness.stumble(7)?;
        Ok(done)
    }};
}

#[async_trait]
impl Store for Watched {
    fn partition(&self) -> &Partition {
        self.inner.partition()
    }

    async fn take_census(
        &self,
        census: Vec<CensusEntry>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        hand_on!(self.take_census(census, now))
    }

    async fn note_accounts(&self, learned: Vec<(AccountId, Learned)>) -> Result<(), StoreError> {
        let _undecided = Undecided(&self.witness);
        hand_on!(self.note_accounts(learned))
    }

    async fn coverage(&self) -> Result<Vec<Coverage>, StoreError> {
        hand_on!(self.coverage())
    }

    async fn note_trouble(
        &self,
        vantage: &Vantage,
        state: CoverageState,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        hand_on!(self.note_trouble(vantage, state, error, now))
    }

    async fn progress(&self, vantage: &Vantage) -> Result<ScopeProgress, StoreError> {
        hand_on!(self.progress(vantage))
    }

    async fn begin_window(
        &self,
        vantage: &Vantage,
        window: Window,
        progress: SyncProgress,
    ) -> Result<(), StoreError> {
        hand_on!(self.begin_window(vantage, window, progress))
    }

    async fn watched(
        &self,
        vantage: &Vantage,
        limit: u32,
    ) -> Result<Vec<KnownFinding>, StoreError> {
        hand_on!(self.watched(vantage, limit))
    }

    async fn note_watched(
        &self,
        vantage: &Vantage,
        last: Option<i64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        hand_on!(self.note_watched(vantage, last, now))
    }

    async fn note_unwatched(&self, vantages: Vec<(Vantage, Timestamp)>) -> Result<(), StoreError> {
        hand_on!(self.note_unwatched(vantages))
    }

    async fn suspects(
        &self,
        vantage: &Vantage,
        limit: u32,
    ) -> Result<Vec<KnownFinding>, StoreError> {
        hand_on!(self.suspects(vantage, limit))
    }

    async fn clear_suspects(
        &self,
        asked: Vec<i64>,
        absent: Vec<i64>,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let _undecided = Undecided(&self.witness);
        hand_on!(self.clear_suspects(asked, absent, now))
    }

    async fn gap_due(&self, before: Timestamp) -> Result<Option<(Scope, Vantage)>, StoreError> {
        hand_on!(self.gap_due(before))
    }

    async fn lacking(
        &self,
        shown: Vec<(FindingKey, Timestamp)>,
    ) -> Result<Vec<(FindingKey, Timestamp)>, StoreError> {
        hand_on!(self.lacking(shown))
    }

    async fn note_gap(&self, gap: Gap) -> Result<GapTotals, StoreError> {
        hand_on!(self.note_gap(gap))
    }

    async fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        hand_on!(self.gaps())
    }

    async fn record(
        &self,
        pages: Vec<PageRecord>,
        now: Timestamp,
    ) -> Result<Vec<PageOutcome>, StoreError> {
        let _busy = self.witness.enter();
        self.witness.stumble(0)?;
        // What says that scopes had nothing new holds nothing.
        let bodies = pages.iter().filter(|page| !page.body.is_empty());
        self.witness
            .most_pages
            .fetch_max(bodies.count(), Ordering::SeqCst);
        let complete = pages
            .iter()
            .filter(|page| matches!(page.reached, Reached::End(_)))
            .map(|page| page.vantage.clone());
        let complete: Vec<Vantage> = complete.collect();
        let undecided = Undecided(&self.witness);
        let done = self.inner.record(pages, now).await?;
        drop(undecided);
        for vantage in complete {
            if let Some(progress) = self.inner.progress(&vantage).await?.progress {
                self.witness.marks(&vantage, progress);
            }
        }
        self.witness.stumble(7)?;
        Ok(done)
    }

    async fn adopt(&self, rulebook: &Rulebook) -> Result<bool, StoreError> {
        let _undecided = Undecided(&self.witness);
        hand_on!(self.adopt(rulebook))
    }

    async fn decide(
        &self,
        rulebook: &Rulebook,
        touched: Touched,
        limit: u32,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        // Looked at every five seconds, and days pass here: that nothing is new need not be read
        // from the file each time.
        if self.witness.decided.load(Ordering::SeqCst) {
            return Ok(Decided::default());
        }
        let _busy = self.witness.enter();
        self.witness.stumble(0)?;
        let all = touched == Touched::ByAnything;
        self.witness.decided.store(all, Ordering::SeqCst);
        let done = self.inner.decide(rulebook, touched, limit, now).await;
        if !done.as_ref().is_ok_and(|decided| decided.issues == 0) {
            self.witness.decided.store(false, Ordering::SeqCst);
        }
        self.witness.stumble(7)?;
        done
    }

    async fn lease_deliveries(
        &self,
        sink: &str,
        limit: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        hand_on!(self.lease_deliveries(sink, limit, now, lease_until))
    }

    async fn intend(&self, delivery: i64, now: Timestamp) -> Result<(), StoreError> {
        hand_on!(self.intend(delivery, now))
    }

    async fn settle(
        &self,
        delivery: i64,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        hand_on!(self.settle(delivery, settlement, now))
    }

    async fn brief(
        &self,
        incident: IncidentId,
        issues: u32,
    ) -> Result<Option<IncidentBrief>, StoreError> {
        hand_on!(self.brief(incident, issues))
    }

    async fn findings(&self, filter: FindingFilter) -> Result<Vec<StoredFinding>, StoreError> {
        hand_on!(self.findings(filter))
    }

    async fn explain(&self, id: &str) -> Result<Vec<Explained>, StoreError> {
        hand_on!(self.explain(id))
    }

    async fn assessed(
        &self,
        rulebook: &Rulebook,
        after: i64,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Assessment>, StoreError> {
        hand_on!(self.assessed(rulebook, after, limit, now))
    }

    async fn incidents_after(&self, after: i64, limit: u32) -> Result<Vec<Incident>, StoreError> {
        hand_on!(self.incidents_after(after, limit))
    }

    async fn rejected(&self, limit: u32) -> Result<Vec<RejectedFinding>, StoreError> {
        hand_on!(self.rejected(limit))
    }

    async fn incidents(&self, filter: IncidentFilter) -> Result<Vec<StoredIncident>, StoreError> {
        hand_on!(self.incidents(filter))
    }

    async fn turns(&self, incident: IncidentId) -> Result<Vec<IncidentTurn>, StoreError> {
        hand_on!(self.turns(incident))
    }

    async fn acknowledge(
        &self,
        incident: IncidentId,
        word: Acknowledgement,
    ) -> Result<Acknowledging, StoreError> {
        hand_on!(self.acknowledge(incident, word))
    }

    async fn unacknowledge(
        &self,
        incident: IncidentId,
        word: Acknowledgement,
    ) -> Result<Acknowledging, StoreError> {
        hand_on!(self.unacknowledge(incident, word))
    }

    async fn add_silence(&self, new: NewSilence, now: Timestamp) -> Result<i64, StoreError> {
        hand_on!(self.add_silence(new, now))
    }

    async fn expire_silence(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        hand_on!(self.expire_silence(id, now))
    }

    async fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        hand_on!(self.silences())
    }

    async fn tidy(&self, retention: Retention, now: Timestamp) -> Result<Tidied, StoreError> {
        let _undecided = Undecided(&self.witness);
        hand_on!(self.tidy(retention, now))
    }

    async fn measure(&self, detail: Detail) -> Result<Measures, StoreError> {
        hand_on!(self.measure(detail))
    }

    async fn tallies(&self) -> Result<Tallies, StoreError> {
        hand_on!(self.tallies())
    }
}
