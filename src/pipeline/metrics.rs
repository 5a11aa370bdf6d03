//! What the loops count.

use std::time::Duration;

use prometheus::{
    GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
};

use crate::{
    domain::{ClockKind, Timestamp, delivery::Settlement, window::WindowKind},
    observe::Meter,
    store::{Decided, GapTotals, PageOutcome, StoreError, Tidied},
};

use super::Pace;

/// Bounds in seconds for how old findings are when they are recorded: a poll or two, the overlap, and
/// what providers deliver late.
const LAG_SECONDS: &[f64] = &[
    1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21_600.0,
    86_400.0, 172_800.0,
];

/// Bounds in seconds for a step that should be over before anybody notices.
const TIDY_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// Counters of the loops.
#[derive(Debug, Clone)]
pub struct PipelineMetrics {
    changes: IntCounterVec,
    rejected: IntCounter,
    windows: IntCounterVec,
    lag: HistogramVec,
    store_errors: IntCounterVec,
    decided: IntCounter,
    opened: IntCounter,
    attempts: IntCounterVec,
    poll_interval: GaugeVec,
    gaps: IntGauge,
    gap_scopes: IntGaugeVec,
    tidied: IntCounterVec,
    tidy_seconds: Histogram,
}

impl PipelineMetrics {
    /// Makes the counters and registers them.
    ///
    /// # Errors
    /// A name is registered already.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let meter = Meter::new(registry);
        Ok(Self {
            changes: meter.counters(
                "hubwatch_finding_changes_total",
                "Findings recorded, by what became of them.",
                &["change"],
            )?,
            rejected: meter.counter(
                "hubwatch_findings_rejected_total",
                "Raw findings that could not be read, each counted once.",
            )?,
            windows: meter.counters(
                "hubwatch_windows_total",
                "Windows of findings read to their end, by the question they ask.",
                &["clock"],
            )?,
            lag: meter.histograms(
                "hubwatch_finding_lag_seconds",
                "From a finding's UpdatedAt until its version was recorded, by the clock that met it. \
                 History does not count.",
                &["clock"],
                LAG_SECONDS,
            )?,
            store_errors: meter.counters(
                "hubwatch_store_errors_total",
                "Steps that failed in the store, by kind of failure.",
                &["kind"],
            )?,
            decided: meter.counter(
                "hubwatch_issues_decided_total",
                "Touched issues that were looked at.",
            )?,
            opened: meter.counter("hubwatch_incidents_opened_total", "Incidents opened.")?,
            attempts: meter.counters(
                "hubwatch_delivery_attempts_total",
                "Attempts to deliver a notice, by sink and outcome.",
                &["sink", "outcome"],
            )?,
            gaps: meter.gauge(
                "hubwatch_gap_findings",
                "Findings that accounts show and the administrator or home Region lacks, as of each \
                 account's last comparison (sync.gaps_interval).",
            )?,
            gap_scopes: meter.gauges(
                "hubwatch_gap_scopes",
                "Accounts x Regions that were compared with the administrator or home Region, by \
                 whether that worked.",
                &["outcome"],
            )?,
            poll_interval: meter.float_gauges(
                "hubwatch_poll_interval_seconds",
                "How often what is asked is asked for news: with news lately (shortest), and however \
                 quiet it is (longest). A promise, if AWS answers as fast as it may be asked.",
                &["bound"],
            )?,
            tidied: meter.counters(
                "hubwatch_store_tidied_total",
                "What tidying up did: rows removed, findings packed anew (bodies), pages given back.",
                &["chore"],
            )?,
            tidy_seconds: meter.histogram(
                "hubwatch_store_tidy_step_seconds",
                "How long a step of tidying up took, waiting for its turn included.",
                TIDY_SECONDS,
            )?,
        })
    }

    /// What comparisons came to.
    pub(super) fn gaps(&self, totals: GapTotals) {
        let whole = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.gaps.set(whole(totals.missing));
        let compared = totals.compared_scopes - totals.failed_scopes;
        for (outcome, count) in [("compared", compared), ("failed", totals.failed_scopes)] {
            self.gap_scopes
                .with_label_values(&[outcome])
                .set(whole(count));
        }
    }

    /// Says how often scopes are asked.
    pub(super) fn promise(&self, pace: &Pace) {
        let longest = pace.poll_interval_max.max(pace.poll_interval);
        for (bound, interval) in [("shortest", pace.poll_interval), ("longest", longest)] {
            self.poll_interval
                .with_label_values(&[bound])
                .set(interval.as_secs_f64());
        }
    }

    pub(super) fn recorded(&self, outcome: &PageOutcome) {
        for (change, count) in &outcome.changes {
            self.changes
                .with_label_values(&[change.as_str()])
                .inc_by(u64::from(*count));
        }
        self.rejected.inc_by(u64::from(outcome.rejected));
    }

    /// How old new versions of findings were when they were recorded.
    pub(super) fn lagged(&self, clock: ClockKind, versions: &[Timestamp], now: Timestamp) {
        if clock == ClockKind::Backfill {
            return;
        }
        let lag = self.lag.with_label_values(&[clock.as_str()]);
        for version in versions {
            // A provider's clock may run ahead of ours.
            lag.observe(now.duration_since(*version).as_secs_f64().max(0.0));
        }
    }

    pub(super) fn tidied(&self, tidied: Tidied, took: Duration) {
        let chore = tidied.chore.as_str();
        self.tidied.with_label_values(&[chore]).inc_by(tidied.count);
        self.tidy_seconds.observe(took.as_secs_f64());
    }

    pub(super) fn window_read(&self, kind: WindowKind) {
        self.windows.with_label_values(&[kind.as_str()]).inc();
    }

    pub(super) fn store_failed(&self, error: &StoreError) {
        self.store_errors.with_label_values(&[error.label()]).inc();
    }

    pub(super) fn decided(&self, decided: Decided) {
        self.decided
            .inc_by(u64::try_from(decided.issues).unwrap_or(0));
        self.opened
            .inc_by(u64::try_from(decided.opened).unwrap_or(0));
    }

    pub(super) fn attempted(&self, sink: &str, settlement: &Settlement) {
        let outcome = match settlement {
            Settlement::Delivered(_) => "delivered",
            Settlement::Later {
                in_doubt_since: Some(_),
                ..
            } => "unclear",
            Settlement::Later {
                in_doubt_since: None,
                ..
            } => "later",
            Settlement::Dead { .. } => "dead",
        };
        self.attempts.with_label_values(&[sink, outcome]).inc();
    }
}
