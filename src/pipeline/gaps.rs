//! The gap detector: what an account shows of itself and a wide vantage does not.
//!
//! One account and Region at a time, slowly, from the account's own request budget: what it finds
//! never delays what is followed. It compares and reports; what the vantage turns out to have is
//! recorded, what it lacks is not.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    aws::Aws,
    domain::{
        Clock, ClockKind, FindingKey, Partition, Question, Scope, Sight, Timestamp, Vantage,
        Window,
        window::{ORIGIN, WindowKind},
    },
    observe::{Printable, Pulse},
    store::{Gap, PageRecord, Reached, Store},
};

use super::{
    Daemon, PipelineMetrics, backoff,
    page::ReadPage,
    poll::{MAX_PAGES, PollError, wait_hint},
    record::Recorder,
};

/// The name of this loop.
const NAME: &str = "gaps";
/// How long an account may take to be compared before that counts as stuck.
const PATIENCE: Duration = Duration::from_hours(2);
/// How long to wait between pages and between accounts: others come first.
const PAUSE: Duration = Duration::from_secs(1);
/// How often to look whether a comparison is due, at most.
const IDLE: Duration = Duration::from_mins(1);
/// How long a finding may take to reach a vantage before its absence counts. AWS states no figure
/// for copies to the home Region.
const SETTLES_WITHIN: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);
/// How many of the findings that are lacking are looked for once more; the others are counted as
/// they are.
const CONFIRMED: usize = 200;

/// The loop that looks for gaps.
pub(super) struct GapDetector {
    aws: Arc<Aws>,
    store: Arc<dyn Store>,
    partition: Partition,
    recorder: Recorder,
    clock: Clock,
    every: Duration,
    idle: Duration,
    metrics: PipelineMetrics,
    pulse: Pulse,
    stop: CancellationToken,
}

/// What a comparison has found so far.
#[derive(Default)]
struct Found {
    compared: u64,
    /// What the store lacks, or has in an older version, by the version that the account shows.
    lacking: BTreeMap<FindingKey, Timestamp>,
    /// How many more were not kept.
    more: u64,
}

impl GapDetector {
    pub(super) fn new(
        daemon: &Daemon,
        every: Duration,
        recorder: Recorder,
        stop: CancellationToken,
    ) -> Self {
        Self {
            aws: Arc::clone(&daemon.aws),
            store: Arc::clone(&daemon.store),
            partition: daemon.store.partition().clone(),
            recorder,
            clock: daemon.clock.clone(),
            every,
            idle: IDLE.min(daemon.pace.poll_interval),
            metrics: daemon.metrics.clone(),
            pulse: daemon.health.expect(NAME, PATIENCE),
            stop,
        }
    }

    pub(super) async fn run(self) {
        while !self.stop.is_cancelled() {
            self.pulse.beat();
            let wait = match self.step().await {
                Ok(true) => {
                    self.pulse.succeeded();
                    PAUSE.min(self.idle)
                }
                Ok(false) => {
                    self.pulse.succeeded();
                    self.idle
                }
                Err(PollError::Stopped) => return,
                Err(error) => {
                    let words = error.to_string();
                    warn!(error = %Printable(&words), "looking for gaps failed; it is tried again");
                    self.pulse.failed(&words);
                    IDLE
                }
            };
            self.pulse.rest(Some(wait));
            self.rest(wait).await;
        }
    }

    /// Compares the scope that was compared longest ago, if it is time. Returns whether it was.
    async fn step(&self) -> Result<bool, PollError> {
        let now = self.clock.now();
        let every = jiff::SignedDuration::try_from(self.every).unwrap_or(jiff::SignedDuration::MAX);
        let before = now.saturating_sub(every).unwrap_or(Timestamp::MIN);
        let Some((scope, vantage)) = self.store.gap_due(before).await? else {
            return Ok(false);
        };
        let mut gap = Gap {
            scope: scope.clone(),
            vantage: vantage.clone(),
            checked_at: now,
            compared: 0,
            missing: 0,
            example: None,
            words: None,
        };
        match self.compare(&scope, &vantage).await {
            Ok(found) => conclude(&mut gap, &found),
            Err(error @ (PollError::Store(_) | PollError::Stopped)) => return Err(error),
            Err(error) => gap.words = Some(format!("cannot be compared: {error}")),
        }
        self.report(&gap);
        let totals = self.store.note_gap(gap).await?;
        self.metrics.gaps(totals);
        Ok(true)
    }

    fn report(&self, gap: &Gap) {
        let (scope, vantage) = (&gap.scope, &gap.vantage);
        match &gap.words {
            None => info!(%scope, compared = gap.compared, "{vantage} shows all that {scope} does"),
            Some(words) => warn!(
                %scope, missing = gap.missing, words = %Printable(words),
                "{vantage} does not show all that {scope} does"
            ),
        }
    }

    /// Reads everything that the account shows of itself, and looks for what is not stored.
    async fn compare(&self, scope: &Scope, vantage: &Vantage) -> Result<Found, PollError> {
        let now = self.clock.now();
        let window = Window {
            kind: WindowKind::Reconcile,
            start: ORIGIN,
            end: now.saturating_sub(SETTLES_WITHIN).unwrap_or(ORIGIN),
        };
        let question = Question::Updated(window);
        let mut found = Found::default();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            self.pulse.beat();
            let page = self.page(scope, &question, token.as_deref()).await?;
            let shown = page.findings.iter().map(|record| &record.finding);
            // An administrator that is asked as a member shows the others, too.
            let own = shown.filter(|finding| finding.key.scope() == *scope);
            let own: Vec<_> = own.map(|f| (f.key.clone(), f.updated_at)).collect();
            found.compared += u64::try_from(own.len()).unwrap_or(0);
            for (key, version) in self.store.lacking(own).await? {
                if found.lacking.len() < CONFIRMED {
                    found.lacking.insert(key, version);
                } else {
                    found.more += 1;
                }
            }
            match page.next_token {
                None => {
                    self.look_once_more(vantage, &mut found).await?;
                    return Ok(found);
                }
                same if same == token => return Err(PollError::Endless),
                next => token = next,
            }
            self.rest(PAUSE.min(self.idle)).await;
        }
        Err(PollError::Endless)
    }

    /// Asks the vantage for what is lacking by id: what it has is no gap, only not read yet.
    async fn look_once_more(&self, vantage: &Vantage, found: &mut Found) -> Result<(), PollError> {
        let ids: Vec<String> = found.lacking.keys().map(|key| key.id.clone()).collect();
        for some in ids.chunks(Question::MAX_IDS) {
            let question = Question::Ids(some.to_vec());
            let mut token: Option<String> = None;
            for _ in 0..MAX_PAGES {
                let page = self.page(&vantage.at, &question, token.as_deref()).await?;
                let next = page.next_token.clone();
                for record in &page.findings {
                    let finding = &record.finding;
                    let lacks = found.lacking.get(&finding.key);
                    if lacks.is_some_and(|version| *version <= finding.updated_at) {
                        found.lacking.remove(&finding.key);
                    }
                }
                self.record(vantage, page, found).await?;
                match next {
                    None => break,
                    same if same == token => return Err(PollError::Endless),
                    next => token = next,
                }
            }
        }
        Ok(())
    }

    /// Records what was found after all.
    async fn record(
        &self,
        vantage: &Vantage,
        page: ReadPage,
        found: &Found,
    ) -> Result<(), PollError> {
        let mut findings = page.findings;
        findings.retain(|record| !found.lacking.contains_key(&record.finding.key));
        let record = PageRecord {
            vantage: vantage.clone(),
            history: false,
            sweep: None,
            reached: Reached::Nothing,
            body: page.body,
            findings: findings.into(),
            rejected: Vec::new(),
        };
        self.recorder.record(record, ClockKind::Reconcile).await?;
        Ok(())
    }

    /// One page, asked for again while that may help.
    async fn page(
        &self,
        at: &Scope,
        question: &Question,
        token: Option<&str>,
    ) -> Result<ReadPage, PollError> {
        let mut waits = backoff::page_waits();
        loop {
            if self.stop.is_cancelled() {
                return Err(PollError::Stopped);
            }
            let error = match self.aws.findings_page(at, question, token).await {
                Ok(body) => match ReadPage::read(body, at, &self.partition) {
                    Ok(page) => return Ok(page),
                    Err(malformed) => PollError::Malformed(malformed),
                },
                Err(error) => PollError::Aws(error),
            };
            let (Some(hint), Some(wait)) = (wait_hint(&error), waits.next()) else {
                return Err(error);
            };
            self.rest(hint.max(wait)).await;
        }
    }

    async fn rest(&self, wait: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = sleep(wait) => {}
        }
    }
}

/// What a comparison came to, in numbers and words.
fn conclude(gap: &mut Gap, found: &Found) {
    gap.compared = found.compared;
    gap.missing = u64::try_from(found.lacking.len()).unwrap_or(u64::MAX) + found.more;
    gap.example = found.lacking.keys().next().map(|key| key.id.clone());
    if gap.missing == 0 {
        return;
    }
    let n = gap.missing;
    gap.words = Some(match gap.vantage.sight {
        Sight::Aggregator => format!(
            "the home Region {} lacks {n} findings that the account shows, or has them in an older \
             version; check that this Region is linked and that the account is a member both here \
             and there; what is older than the link is copied when it is next updated, and \
             sync.vantage = \"administrator\" or \"members\" reads it at once",
            gap.vantage.at.region
        ),
        Sight::Administrator | Sight::Member => format!(
            "the administrator {} lacks {n} findings that the account shows, or has them in an older \
             version; check that the account is its associated member in this Region, or set \
             sync.vantage = \"members\"",
            gap.vantage.at.account
        ),
    });
}
