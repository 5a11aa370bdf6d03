//! `[sync]`: how often scopes are asked, and how far back.

use std::{ops::RangeInclusive, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;

use super::duration::{self, DAY};
use crate::domain::{settings::Problem, window::WindowRules};

const POLL_INTERVAL: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(1);
const OVERLAP: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(7 * 24);
const BACKFILL: RangeInclusive<Duration> = DAY..=Duration::from_hours(365 * 24);
const WATCH: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);
const LATE: RangeInclusive<Duration> = Duration::from_mins(10)..=Duration::from_hours(24);
const LATE_REACH: RangeInclusive<Duration> =
    Duration::from_hours(1)..=Duration::from_hours(14 * 24);
const RECONCILE: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(14 * 24);
const CONCURRENCY: RangeInclusive<usize> = 1..=1024;

/// `[sync]` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    poll_interval: String,
    overlap: String,
    watch_interval: String,
    late_interval: String,
    late_reach: String,
    reconcile_interval: String,
    backfill: String,
    concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            poll_interval: "60s".to_owned(),
            overlap: "10m".to_owned(),
            watch_interval: "5m".to_owned(),
            late_interval: "1h".to_owned(),
            late_reach: "48h".to_owned(),
            reconcile_interval: "1d".to_owned(),
            backfill: "90d".to_owned(),
            concurrency: 64,
        }
    }
}

/// How scopes are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncConfig {
    /// How often each scope is asked for what is new. 10 s to 1 h.
    pub poll_interval: Duration,
    /// How windows are laid out.
    pub rules: WindowRules,
    /// How many scopes are asked at the same time, at most. 1 to 1024.
    pub concurrency: usize,
}

impl Settings {
    pub(super) fn validate(self) -> Result<SyncConfig, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut read = |key, text: &str, bounds| match duration::read(key, text, bounds) {
            Ok(duration) => duration,
            Err(problem) => {
                problems.push(problem);
                Duration::ZERO
            }
        };
        let poll_interval = read("poll_interval", &self.poll_interval, POLL_INTERVAL);
        let overlap = read("overlap", &self.overlap, OVERLAP);
        let watch = read("watch_interval", &self.watch_interval, WATCH);
        let late = read("late_interval", &self.late_interval, LATE);
        let late_reach = read("late_reach", &self.late_reach, LATE_REACH);
        let reconcile = read("reconcile_interval", &self.reconcile_interval, RECONCILE);
        let backfill = read("backfill", &self.backfill, BACKFILL);
        if !CONCURRENCY.contains(&self.concurrency) {
            problems.push(Problem::new(
                "concurrency",
                format!(
                    "expected a whole number from {} to {}",
                    CONCURRENCY.start(),
                    CONCURRENCY.end()
                ),
            ));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(SyncConfig {
            poll_interval,
            rules: WindowRules {
                tail_every: signed(poll_interval),
                overlap: signed(overlap),
                watch_every: signed(watch),
                late_every: signed(late),
                late_reach: signed(late_reach),
                reconcile_every: signed(reconcile),
                backfill: signed(backfill),
            },
            concurrency: self.concurrency,
        })
    }
}

/// The bounds keep durations far from where this would not fit.
fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
