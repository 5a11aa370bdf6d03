//! Polling: the windows of a scope, page by page, to their end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use thiserror::Error;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    asff,
    aws::{Aws, AwsError},
    domain::{
        Clock, CoverageState, Partition, Scope, SyncProgress, Timestamp, Window,
        window::{WindowKind, WindowRules},
    },
    observe::Printable,
    store::{ScopeProgress, Store, StoreError},
};

use super::{Daemon, Pace, PipelineMetrics, backoff, page, record::Recorder, schedule::Schedule};

/// How many pages a window may have: at a hundred findings each, more than any scope holds. It ends
/// a far side that gives tokens for ever.
const MAX_PAGES: u32 = 1_000_000;
/// How often a window is begun again in one poll because AWS no longer takes its page token.
const MAX_RESTARTS: u32 = 3;
/// How long a scope is left alone after trouble that only a person can end.
const TROUBLE_WAIT: Duration = Duration::from_secs(5 * 60);

/// Why a poll did not get to the end.
#[derive(Debug, Error)]
enum PollError {
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("the answer of AWS cannot be read: {0}")]
    Malformed(#[from] asff::Malformed),
    #[error("the answers of AWS do not come to an end")]
    Endless,
    /// hubwatch is told to stop.
    #[error("stopped")]
    Stopped,
}

/// One of the readers.
pub(super) struct Poller {
    aws: Arc<Aws>,
    store: Arc<dyn Store>,
    partition: Partition,
    schedule: Arc<Schedule>,
    recorder: Recorder,
    clock: Clock,
    pace: Pace,
    metrics: PipelineMetrics,
}

impl Poller {
    pub(super) fn new(daemon: &Daemon, schedule: Arc<Schedule>, recorder: Recorder) -> Self {
        Self {
            aws: Arc::clone(&daemon.aws),
            store: Arc::clone(&daemon.store),
            partition: daemon.store.partition().clone(),
            schedule,
            recorder,
            clock: daemon.clock.clone(),
            pace: daemon.pace.clone(),
            metrics: daemon.metrics.clone(),
        }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            let scope = tokio::select! {
                () = stop.cancelled() => return,
                scope = self.schedule.take() => scope,
            };
            let wait = self.step(&scope, &stop).await;
            self.schedule.give_back(scope, Instant::now() + wait).await;
        }
    }

    /// Reads what a scope has to say, and returns how long it may be left alone.
    async fn step(&self, scope: &Scope, stop: &CancellationToken) -> Duration {
        match self.poll(scope, stop).await {
            Ok(complete) if complete => jittered(self.pace.poll_interval),
            // More history waits: go on at once, behind the scopes that are due already.
            Ok(_) => Duration::ZERO,
            Err(PollError::Stopped) => Duration::ZERO,
            Err(error) => self.note_trouble(scope, &error).await,
        }
    }

    /// Reads the tail if it is due, and one window of history if some is missing. Returns whether
    /// all history is recorded.
    async fn poll(&self, scope: &Scope, stop: &CancellationToken) -> Result<bool, PollError> {
        let known = self.store.progress(scope).await?;
        let now = self.clock.now();
        let plan = plan(&known, now, self.pace.poll_interval, self.pace.rules);
        for window in &plan.windows {
            self.read_window(
                scope,
                *window,
                plan.progress,
                known.begun.contains(window),
                stop,
            )
            .await?;
        }
        let after = plan
            .windows
            .iter()
            .fold(plan.progress, |progress, w| progress.after(*w));
        Ok(after.is_backfilled())
    }

    async fn read_window(
        &self,
        scope: &Scope,
        window: Window,
        progress: SyncProgress,
        begun: bool,
        stop: &CancellationToken,
    ) -> Result<(), PollError> {
        let mut restarts = 0;
        loop {
            match self.read_pages(scope, window, progress, begun, stop).await {
                Err(PollError::Aws(AwsError::StaleToken)) if restarts < MAX_RESTARTS => {
                    restarts += 1;
                    debug!(%scope, "a page token went stale; the window is read again");
                }
                read => return read,
            }
        }
    }

    async fn read_pages(
        &self,
        scope: &Scope,
        window: Window,
        progress: SyncProgress,
        begun: bool,
        stop: &CancellationToken,
    ) -> Result<(), PollError> {
        let mut token: Option<String> = None;
        let mut findings = 0;
        for pages in 1..=MAX_PAGES {
            if stop.is_cancelled() {
                return Err(PollError::Stopped);
            }
            let read = self.page(scope, window, token.as_deref(), stop).await?;
            // A tail that fits in one page needs no row of its own: read again, it is the same.
            let goes_on = window.kind == WindowKind::Backfill || read.next_token.is_some();
            if pages == 1 && goes_on && !begun {
                // Its bounds stay pinned, so that a restart goes on with the same question. Only
                // once AWS has answered: a scope that refuses us for weeks is met when it lets us
                // in, and what it holds by then is history.
                self.store.begin_window(scope, window, progress).await?;
            }
            findings += read.record.findings.len();
            self.recorder.record(read.record).await?;
            match read.next_token {
                None => {
                    self.finished(scope, window, pages, findings);
                    return Ok(());
                }
                same if same == token => return Err(PollError::Endless),
                next => token = next,
            }
        }
        Err(PollError::Endless)
    }

    /// One page, asked for again while that may help.
    async fn page(
        &self,
        scope: &Scope,
        window: Window,
        token: Option<&str>,
        stop: &CancellationToken,
    ) -> Result<page::ReadPage, PollError> {
        let mut waits = backoff::page_waits();
        loop {
            let error = match self.aws.findings_page(scope, &window, token).await {
                Ok(body) => match self.read_body(body, scope, window) {
                    Ok(read) => return Ok(read),
                    Err(malformed) => PollError::Malformed(malformed),
                },
                Err(error) => PollError::Aws(error),
            };
            let Some(hint) = wait_hint(&error) else {
                return Err(error);
            };
            let Some(wait) = waits.next() else {
                return Err(error);
            };
            debug!(%scope, error = %Printable(&error), "a page is asked for again");
            tokio::select! {
                () = stop.cancelled() => return Err(PollError::Stopped),
                () = sleep(hint.max(wait)) => {}
            }
        }
    }

    fn read_body(
        &self,
        body: Bytes,
        scope: &Scope,
        window: Window,
    ) -> Result<page::ReadPage, asff::Malformed> {
        page::read(body, scope, window, &self.partition)
    }

    fn finished(&self, scope: &Scope, window: Window, pages: u32, findings: usize) {
        self.metrics.window_read(window.kind);
        match window.kind {
            WindowKind::Backfill => {
                info!(%scope, pages, findings, start = %window.start, "recorded history");
            }
            WindowKind::Tail => debug!(%scope, pages, findings, "recorded the tail"),
        }
    }

    async fn note_trouble(&self, scope: &Scope, error: &PollError) -> Duration {
        let state = match error {
            PollError::Aws(error) => error.coverage(),
            // The scope is fine; we are not. Its coverage stays as it was.
            PollError::Store(error) => {
                warn!(%scope, %error, "a poll met trouble with the store");
                return self.pace.poll_interval;
            }
            PollError::Malformed(_) | PollError::Endless | PollError::Stopped => {
                CoverageState::Unreachable
            }
        };
        let words = error.to_string();
        warn!(%scope, state = state.as_str(), error = %Printable(&words), "cannot read {scope}");
        if let Err(error) = self
            .store
            .note_trouble(scope, state, &words, self.clock.now())
            .await
        {
            warn!(%scope, %error, "cannot note why {scope} cannot be read");
        }
        let passes = matches!(state, CoverageState::Throttled | CoverageState::Unreachable);
        if passes {
            self.pace.poll_interval
        } else {
            jittered(TROUBLE_WAIT.max(self.pace.poll_interval))
        }
    }
}

/// The windows that a poll reads, in order, and the progress they start from.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    windows: Vec<Window>,
    progress: SyncProgress,
}

/// The tail comes first: history never starves it. A window that was begun keeps its bounds.
fn plan(known: &ScopeProgress, now: Timestamp, interval: Duration, rules: WindowRules) -> Plan {
    let progress = known
        .progress
        .unwrap_or_else(|| SyncProgress::first_contact(now));
    let begun = |kind| {
        known
            .begun
            .iter()
            .copied()
            .find(|window| window.kind == kind)
    };
    let interval = jiff::SignedDuration::try_from(interval).unwrap_or(jiff::SignedDuration::MAX);
    // Half an interval, so that jitter in the schedule never skips a turn.
    let waited = now.duration_since(progress.watermark);
    // A clock that was set back must not keep the scope from being read until it has caught up.
    let tail_due = waited >= interval / 2 || waited.is_negative();
    let tail =
        begun(WindowKind::Tail).or_else(|| tail_due.then(|| progress.tail_window(now, rules)));
    let backfill = begun(WindowKind::Backfill).or_else(|| progress.backfill_window(rules));
    Plan {
        windows: tail.into_iter().chain(backfill).collect(),
        progress,
    }
}

/// Whether asking again may help, and how long to wait for it at least.
fn wait_hint(error: &PollError) -> Option<Duration> {
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

/// Ten per cent more or less, so that scopes do not march in step.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(0.9 + 0.2 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const RULES: WindowRules = WindowRules {
        overlap: SignedDuration::from_mins(10),
        backfill: SignedDuration::from_hours(24 * 90),
    };
    const INTERVAL: Duration = Duration::from_secs(60);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn kinds(plan: &Plan) -> Vec<WindowKind> {
        plan.windows.iter().map(|window| window.kind).collect()
    }

    #[test]
    fn first_contact_reads_history_up_to_now() {
        let now = at("2026-05-01T00:00:00Z");
        let plan = plan(
            &ScopeProgress {
                progress: None,
                begun: vec![],
            },
            now,
            INTERVAL,
            RULES,
        );
        assert_eq!(kinds(&plan), [WindowKind::Backfill]);
        assert_eq!(plan.windows[0].end, now);
    }

    #[test]
    fn history_does_not_starve_the_tail() {
        let progress = SyncProgress::first_contact(at("2026-05-01T00:00:00Z"));
        let known = ScopeProgress {
            progress: Some(progress),
            begun: vec![],
        };
        let plan = plan(&known, at("2026-05-01T00:01:00Z"), INTERVAL, RULES);
        assert_eq!(kinds(&plan), [WindowKind::Tail, WindowKind::Backfill]);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_the_tail_from_being_read() {
        let known = ScopeProgress {
            progress: Some(SyncProgress {
                history_from: crate::domain::window::ORIGIN,
                ..SyncProgress::first_contact(at("2026-05-01T01:00:00Z"))
            }),
            begun: vec![],
        };
        let plan = plan(&known, at("2026-05-01T00:55:00Z"), INTERVAL, RULES);
        assert_eq!(kinds(&plan), [WindowKind::Tail]);
    }

    #[test]
    fn a_window_that_was_begun_keeps_its_bounds_after_a_restart() {
        let progress = SyncProgress::first_contact(at("2026-05-01T00:00:00Z"));
        let begun = progress.backfill_window(RULES).unwrap();
        let known = ScopeProgress {
            progress: Some(progress),
            begun: vec![begun],
        };
        let plan = plan(&known, at("2026-05-02T00:00:00Z"), INTERVAL, RULES);
        assert!(plan.windows.contains(&begun));
    }
}
