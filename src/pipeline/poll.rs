//! Polling: the windows of a vantage, page by page, to their end.

use std::{sync::Arc, time::Duration};

use thiserror::Error;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    asff,
    aws::{Aws, AwsError},
    domain::{
        BegunWindow, Clock, ClockKind, CoverageState, Partition, Question, SyncProgress, Timestamp,
        Vantage, window::WindowKind,
    },
    observe::{Printable, Pulse},
    store::{PageRecord, Reached, ScopeProgress, Store, StoreError},
};

use super::{
    Daemon, Pace, PipelineMetrics,
    aside::{Aside, Turn},
    backoff,
    by_id::Watched,
    page::ReadPage,
    page_token::PageToken,
    plan::{Plan, plan},
    record::Recorder,
    schedule::{Next, Schedule},
    sights::Sights,
};

/// How many pages an answer may have: at a hundred findings each, more than any scope holds. It
/// ends a far side that gives tokens for ever.
pub(super) const MAX_PAGES: u32 = 1_000_000;
/// How many pages of a window are read with one chain of page tokens. Then the window goes on
/// behind what is recorded, with a new first page.
const PART_PAGES: u32 = 50;
/// How often a window is begun again in one poll because AWS no longer takes its page token.
const MAX_RESTARTS: u32 = 3;
/// How long one page may take, with every try, before the reader counts as stuck: well over all waits
/// for the budget and for answers.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long a reader waits for one scope before it turns to another.
const LONGEST_NAP: Duration = Duration::from_secs(5);
/// When a scope in trouble comes back that found all places of those in trouble taken.
const ASIDE_WAIT: Duration = Duration::from_secs(5);
/// How long a scope is left alone after trouble that only a person can end.
const TROUBLE_WAIT: Duration = Duration::from_secs(5 * 60);

/// Why a poll did not get to the end.
#[derive(Debug, Error)]
pub(super) enum PollError {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the answer of AWS cannot be read: {0}; it is asked again by itself")]
    Malformed(#[from] asff::Malformed),
    #[error("the answers of AWS do not come to an end; it is asked again by itself")]
    Endless,
    /// hubwatch is told to stop.
    #[error("stopped")]
    Stopped,
}

/// One of the readers.
pub(super) struct Poller {
    pub(super) aws: Arc<Aws>,
    pub(super) store: Arc<dyn Store>,
    pub(super) partition: Partition,
    schedule: Arc<Schedule>,
    sights: Arc<Sights>,
    aside: Arc<Aside<Vantage>>,
    pub(super) recorder: Recorder,
    pub(super) clock: Clock,
    pace: Pace,
    metrics: PipelineMetrics,
    pulse: Pulse,
    pub(super) stop: CancellationToken,
}

impl Poller {
    pub(super) fn new(
        daemon: &Daemon,
        (schedule, sights): (Arc<Schedule>, Arc<Sights>),
        aside: Arc<Aside<Vantage>>,
        recorder: Recorder,
        stop: CancellationToken,
    ) -> Self {
        Self {
            aws: Arc::clone(&daemon.aws),
            store: Arc::clone(&daemon.store),
            partition: daemon.store.partition().clone(),
            schedule,
            sights,
            aside,
            recorder,
            clock: daemon.clock.clone(),
            pace: daemon.pace.clone(),
            metrics: daemon.metrics.clone(),
            pulse: daemon.health.expect("read", PATIENCE),
            stop,
        }
    }

    /// The time that windows are pinned by. A watermark must not pass times that AWS has yet to
    /// reach, however far our clock is ahead.
    fn now(&self) -> Timestamp {
        self.aws.not_ahead(self.clock.now())
    }

    pub(super) async fn run(self) {
        loop {
            self.pulse.rest(None);
            let vantage = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                vantage = self.schedule.take() => vantage,
            };
            let next = self.step(&vantage).await;
            self.schedule.give_back(vantage, next).await;
        }
    }

    /// Reads what a vantage has to say, and returns when it is to be read again.
    async fn step(&self, vantage: &Vantage) -> Next {
        self.pulse.beat();
        let turn = self.aside.turn(vantage);
        if matches!(turn, Turn::Later) {
            return Next::In(ASIDE_WAIT);
        }
        let polled = self.poll(vantage).await;
        let holds_its_reader = polled.as_ref().err().and_then(wait_hint).is_some();
        self.aside.note(vantage, holds_its_reader);
        match &polled {
            // Trouble of the scope is its coverage; trouble of ours is ours.
            Err(PollError::Store(error)) => self.pulse.failed(&error.to_string()),
            Ok(_) | Err(_) => self.pulse.succeeded(),
        }
        match polled {
            Ok(polled) if polled.is_whole => Next::ByRhythm {
                news: polled.news,
                watched: polled.watched,
            },
            // More waits to be read: go on at once, behind the scopes that are due already.
            Ok(_) | Err(PollError::Stopped) => Next::In(Duration::ZERO),
            Err(error) => Next::In(self.note_trouble(vantage, &error).await),
        }
    }

    /// Reads what is due, then what is to be asked for by id. Of long windows one part is read, so
    /// that they hold no reader for long.
    async fn poll(&self, vantage: &Vantage) -> Result<Polled, PollError> {
        let known = self.store.progress(vantage).await?;
        let now = self.now();
        let Plan {
            mut progress,
            tail,
            watch,
            others,
        } = plan(&known, now, self.pace.rules);
        let mut polled = Polled {
            is_whole: true,
            news: false,
            watched: None,
        };
        if let Some(begun) = tail {
            let persisted = known.begun.contains(&begun);
            let read = self.read_window(vantage, begun, progress, persisted);
            progress = polled.with(read.await?);
        }
        // Before the slower clocks, so that what they cannot read does not keep it from looking.
        if watch {
            let watched = self.watch(vantage).await?;
            // A round that ends with nothing left had something before.
            polled.watched = Some(known.watch_goes_on || watched != Watched::Nothing);
            polled.is_whole &= watched != Watched::Part;
        }
        for begun in others {
            let persisted = known.begun.contains(&begun);
            let read = self.read_window(vantage, begun, progress, persisted);
            progress = polled.with(read.await?);
        }
        if suspects_wait(&known, &progress) {
            self.look_for_suspects(vantage).await?;
        }
        polled.is_whole &= progress.is_backfilled();
        Ok(polled)
    }

    /// Reads the tail to its end, and of another window one part.
    async fn read_window(
        &self,
        vantage: &Vantage,
        begun: BegunWindow,
        progress: SyncProgress,
        known: bool,
    ) -> Result<WindowRead, PollError> {
        let mut reading = Reading {
            begun,
            persisted: known,
            progress,
            findings: 0,
            pages: 0,
            news: false,
        };
        let mut restarts = 0;
        loop {
            match self.read_part(vantage, &mut reading).await {
                Ok(true) => break,
                Ok(false) if begun.window.kind == WindowKind::Tail => {}
                Ok(false) => {
                    return Ok(WindowRead {
                        progress: reading.progress,
                        is_whole: false,
                        news: reading.news,
                    });
                }
                Err(PollError::Aws(AwsError::StaleToken)) if restarts < MAX_RESTARTS => {
                    restarts += 1;
                    debug!(scope = %vantage, "a page token went stale; the window goes on with a new one");
                }
                Err(error) => return Err(error),
            }
        }
        self.finished(vantage, &reading);
        Ok(WindowRead {
            progress: reading.progress.after(reading.begun.window),
            is_whole: true,
            news: reading.news,
        })
    }

    /// Reads pages with one chain of tokens: to the window's end, which returns true, or to the end
    /// of a part.
    async fn read_part(&self, vantage: &Vantage, reading: &mut Reading) -> Result<bool, PollError> {
        let window = reading.begun.window;
        let question = Question::Updated(reading.progress.question(&reading.begun));
        let mut token = PageToken::default();
        let mut ascending = Ascending::default();
        for pages in 1..=MAX_PAGES {
            self.keep_up(vantage, reading).await?;
            let page = self.page(vantage, &question, token.get()).await?;
            let edge = ascending.edge_after(&page);
            // Only behind an edge that moved, or the part would be read for ever.
            let part_ends = edge.filter(|edge| pages >= PART_PAGES && *edge > reading.begun.from);
            let next_token = page.next_token.clone();
            let reached = match (&next_token, part_ends) {
                (None, _) => Reached::End(window),
                (Some(_), Some(edge)) => Reached::UpTo(window.kind, edge),
                (Some(_), None) => Reached::Nothing,
            };
            // A tail that fits in one page needs no row of its own: read again, it is the same. The
            // others begin once AWS has answered: a scope that refuses us for weeks is met when it
            // lets us in, and what it holds by then is history.
            let goes_on = window.kind != WindowKind::Tail || next_token.is_some();
            if goes_on && !reading.persisted {
                self.store
                    .begin_window(vantage, window, reading.progress)
                    .await?;
                reading.persisted = true;
            }
            reading.pages += 1;
            reading.findings += page.findings.len();
            let sweep = (window.kind == WindowKind::Reconcile).then_some(window.end);
            let news = self.record(vantage, page, window.kind.into(), sweep, reached);
            reading.news |= news.await?;
            match (next_token, part_ends) {
                (None, _) => return Ok(true),
                (Some(_), Some(edge)) => {
                    reading.begun.from = edge;
                    return Ok(false);
                }
                (Some(next), None) => token.follow(next)?,
            }
        }
        Err(PollError::Endless)
    }

    /// Reads the tail in between when it is due: neither history nor a comparison delays news.
    async fn keep_up(&self, vantage: &Vantage, reading: &mut Reading) -> Result<(), PollError> {
        if self.stop.is_cancelled() {
            return Err(PollError::Stopped);
        }
        let now = self.now();
        let due = reading.progress.is_tail_due(now, self.pace.rules);
        if !due || reading.begun.window.kind == WindowKind::Tail {
            return Ok(());
        }
        let tail = reading.progress.tail_window(now, self.pace.rules);
        let tail = BegunWindow::at_start(tail);
        // The tail never reads another window in between, so this ends.
        let read = Box::pin(self.read_window(vantage, tail, reading.progress, false)).await?;
        reading.progress = read.progress;
        reading.news |= read.news;
        Ok(())
    }

    /// Records a page, without what a wide vantage shows beside the scopes that are followed. Returns
    /// whether there was anything new in it.
    pub(super) async fn record(
        &self,
        vantage: &Vantage,
        page: ReadPage,
        clock: ClockKind,
        sweep: Option<Timestamp>,
        reached: Reached,
    ) -> Result<bool, PollError> {
        let mut findings = page.findings;
        if let Some(followed) = self.sights.of(vantage) {
            findings.retain(|record| followed.contains(&record.finding.key.scope()));
        }
        let record = PageRecord {
            vantage: vantage.clone(),
            history: clock == ClockKind::Backfill,
            sweep,
            reached,
            body: page.body,
            findings: findings.into(),
            rejected: page.rejected,
        };
        let outcome = self.recorder.record(record, clock).await?;
        Ok(outcome.touched_issues())
    }

    /// One page, asked for again while that may help, and while those in trouble hold no more than
    /// their part of the readers.
    pub(super) async fn page(
        &self,
        vantage: &Vantage,
        question: &Question,
        token: Option<&str>,
    ) -> Result<ReadPage, PollError> {
        let mut waits = backoff::page_waits();
        let mut place = None;
        loop {
            self.pulse.beat();
            let error = match self.aws.findings_page(&vantage.at, question, token).await {
                Ok(body) => match ReadPage::read(body, &vantage.at, &self.partition) {
                    Ok(page) => return Ok(page),
                    Err(malformed) => PollError::Malformed(malformed),
                },
                Err(error) => PollError::Aws(error),
            };
            // A long wait is for the schedule: a reader that sleeps reads nobody else.
            let Some(hint) = wait_hint(&error).filter(|hint| *hint <= LONGEST_NAP) else {
                return Err(error);
            };
            if place.is_none() && !self.aside.is_in_trouble(vantage) {
                place = self.aside.place();
                if place.is_none() {
                    return Err(error);
                }
            }
            let Some(wait) = waits.next() else {
                return Err(error);
            };
            debug!(scope = %vantage, error = %Printable(&error), "a page is asked for again");
            tokio::select! {
                () = self.stop.cancelled() => return Err(PollError::Stopped),
                () = sleep(hint.max(wait)) => {}
            }
        }
    }

    fn finished(&self, vantage: &Vantage, reading: &Reading) {
        let Reading {
            begun,
            findings,
            pages,
            ..
        } = reading;
        let clock = begun.window.kind.as_str();
        self.metrics.window_read(begun.window.kind);
        match begun.window.kind {
            WindowKind::Tail => debug!(scope = %vantage, pages, findings, "recorded the tail"),
            WindowKind::Late | WindowKind::Backfill | WindowKind::Reconcile => {
                info!(scope = %vantage, clock, pages, findings, start = %begun.window.start, "recorded a window");
            }
        }
    }

    async fn note_trouble(&self, vantage: &Vantage, error: &PollError) -> Duration {
        let state = match error {
            PollError::Aws(error) => error.coverage(),
            // What it sent can never be recorded as it is.
            PollError::Store(StoreError::Corrupt(_)) => CoverageState::Unreachable,
            // The scope is fine; we are not. Its coverage stays as it was.
            PollError::Store(error) => {
                warn!(scope = %vantage, %error, "a poll met trouble with the store");
                return self.pace.poll_interval;
            }
            PollError::Malformed(_) | PollError::Endless | PollError::Stopped => {
                CoverageState::Unreachable
            }
        };
        let words = error.to_string();
        warn!(scope = %vantage, state = state.as_str(), error = %Printable(&words), "cannot read {vantage}");
        self.recorder.withdraw(vantage).await;
        let noted = self
            .store
            .note_trouble(vantage, state, &words, self.clock.now())
            .await;
        if let Err(error) = noted {
            warn!(scope = %vantage, %error, "cannot note why {vantage} cannot be read");
        }
        let passes = matches!(state, CoverageState::Throttled | CoverageState::Unreachable);
        if passes {
            self.pace
                .poll_interval
                .max(wait_hint(error).unwrap_or_default())
        } else {
            jittered(TROUBLE_WAIT.max(self.pace.poll_interval))
        }
    }
}

/// What a poll came to.
struct Polled {
    /// Whether everything that was due is read.
    is_whole: bool,
    /// Whether anything was new.
    news: bool,
    /// Whether there are findings to be asked for by id, if it was time to look.
    watched: Option<bool>,
}

impl Polled {
    /// Adds what reading a window came to, and returns how far the vantage is recorded.
    fn with(&mut self, read: WindowRead) -> SyncProgress {
        self.is_whole &= read.is_whole;
        self.news |= read.news;
        read.progress
    }
}

/// What reading a window came to.
struct WindowRead {
    /// How far the vantage is recorded now.
    progress: SyncProgress,
    /// Whether the window was read to its end.
    is_whole: bool,
    /// Whether anything in it was new.
    news: bool,
}

/// A window while it is read.
struct Reading {
    begun: BegunWindow,
    /// Whether the store knows that it was begun.
    persisted: bool,
    progress: SyncProgress,
    findings: usize,
    pages: u32,
    news: bool,
}

/// Whether the pages of an answer come in the order that was asked for.
#[derive(Default)]
struct Ascending {
    newest: Option<Timestamp>,
    broken: bool,
}

impl Ascending {
    /// The newest time up to which everything was met, if the order held so far. An answer out of
    /// order is read to its end instead of in parts.
    fn edge_after(&mut self, page: &ReadPage) -> Option<Timestamp> {
        if let Some((oldest, newest)) = page.span() {
            self.broken |= self.newest.is_some_and(|before| oldest < before);
            self.newest = self.newest.max(Some(newest));
        }
        self.newest.filter(|_| !self.broken)
    }
}

/// Whether asking again may help, and how long to wait for it at least.
pub(super) fn wait_hint(error: &PollError) -> Option<Duration> {
    match error {
        PollError::Aws(AwsError::Throttled { retry_after }) => {
            Some(retry_after.unwrap_or_default())
        }
        // A stale token is cured by the window's first page, not by the same one.
        PollError::Aws(AwsError::StaleToken) => None,
        PollError::Aws(error) if error.is_cured_by_asking_again() => Some(Duration::ZERO),
        PollError::Aws(AwsError::Unreachable { .. } | AwsError::Malformed { .. })
        | PollError::Malformed(_) => Some(Duration::ZERO),
        PollError::Aws(_) | PollError::Store(_) | PollError::Endless | PollError::Stopped => None,
    }
}

/// Whether there may be suspects: some were left, or a comparison has just ended.
fn suspects_wait(known: &ScopeProgress, after: &SyncProgress) -> bool {
    let before = known.progress.map(|progress| progress.reconciled_at);
    known.suspects > 0 || before != Some(after.reconciled_at)
}

/// Ten per cent more or less, so that scopes do not march in step.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.9 + 0.2 * fastrand::f64())
}
