//! `[sync]`: how often scopes are asked, and how far back.

use std::{ops::RangeInclusive, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;

use crate::domain::duration::{self, DAY};
use crate::domain::{AccountId, Outlook, settings::Problem, window::WindowRules};

const POLL_INTERVAL: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(1);
/// A finding in a scope where nothing happened for an hour is news after five minutes at the latest.
const POLL_INTERVAL_MAX: Duration = Duration::from_mins(5);
const OVERLAP: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(7 * 24);
const BACKFILL: RangeInclusive<Duration> = DAY..=Duration::from_hours(365 * 24);
const WATCH: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24);
const LATE: RangeInclusive<Duration> = Duration::from_mins(10)..=Duration::from_hours(24);
const LATE_REACH: RangeInclusive<Duration> =
    Duration::from_hours(1)..=Duration::from_hours(14 * 24);
const RECONCILE: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(14 * 24);
const GAPS: RangeInclusive<Duration> = Duration::from_hours(1)..=Duration::from_hours(30 * 24);
const CONCURRENCY: RangeInclusive<usize> = 1..=1024;

/// `[sync]` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    vantage: String,
    administrator: Option<String>,
    unseen: String,
    poll_interval: String,
    poll_interval_max: Option<String>,
    overlap: String,
    watch_interval: String,
    late_interval: String,
    late_reach: String,
    reconcile_interval: String,
    backfill: String,
    gaps_interval: String,
    concurrency: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            vantage: "members".to_owned(),
            administrator: None,
            unseen: "report".to_owned(),
            poll_interval: "60s".to_owned(),
            poll_interval_max: None,
            overlap: "10m".to_owned(),
            watch_interval: "5m".to_owned(),
            late_interval: "1h".to_owned(),
            late_reach: "48h".to_owned(),
            reconcile_interval: "1d".to_owned(),
            backfill: "90d".to_owned(),
            gaps_interval: "off".to_owned(),
            concurrency: 64,
        }
    }
}

/// How scopes are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncConfig {
    /// From where findings are seen.
    pub outlook: Outlook,
    /// How often what had news lately is asked for more. 10 s to 1 h.
    pub poll_interval: Duration,
    /// How often everything is asked for news at least, however quiet it is. From `poll_interval` to
    /// 1 h.
    pub poll_interval_max: Duration,
    /// How often what is seen from afar is compared with what accounts show of themselves; `None` for
    /// never. 1 h to 30 d.
    pub gaps_interval: Option<Duration>,
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
        // Left out, it is no promise that anybody relies on, so a longer interval moves it along.
        let poll_interval_max = match &self.poll_interval_max {
            Some(typed) => read("poll_interval_max", typed, POLL_INTERVAL),
            None => POLL_INTERVAL_MAX.max(poll_interval),
        };
        let gaps_interval = match self.gaps_interval.as_str() {
            "off" => None,
            typed => Some(read("gaps_interval", typed, GAPS)),
        };
        let overlap = read("overlap", &self.overlap, OVERLAP);
        let watch = read("watch_interval", &self.watch_interval, WATCH);
        let late = read("late_interval", &self.late_interval, LATE);
        let late_reach = read("late_reach", &self.late_reach, LATE_REACH);
        let reconcile = read("reconcile_interval", &self.reconcile_interval, RECONCILE);
        let backfill = read("backfill", &self.backfill, BACKFILL);
        if problems.is_empty() && poll_interval_max < poll_interval {
            let message = "must be sync.poll_interval or longer";
            problems.push(Problem::new("poll_interval_max", message));
        }
        let outlook = outlook(&self, &mut problems);
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
            outlook,
            poll_interval,
            poll_interval_max,
            gaps_interval,
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

fn outlook(typed: &Settings, problems: &mut Vec<Problem>) -> Outlook {
    let ask_unseen = match typed.unseen.as_str() {
        "report" => false,
        "ask" => true,
        _ => {
            problems.push(Problem::new("unseen", "must be \"report\" or \"ask\""));
            false
        }
    };
    let home_region_only = match typed.vantage.as_str() {
        "members" => return Outlook::Members,
        "administrator" => false,
        "aggregator" => true,
        _ => {
            let message = "must be \"members\", \"administrator\" or \"aggregator\"";
            problems.push(Problem::new("vantage", message));
            return Outlook::Members;
        }
    };
    let administrator = AccountId::new(typed.administrator.clone().unwrap_or_default());
    if !administrator.is_well_formed() {
        let message = "must be the account of Security Hub's delegated administrator, twelve digits \
                       in quotes, with this sync.vantage";
        problems.push(Problem::new("administrator", message));
    }
    Outlook::Wide {
        administrator,
        home_region_only,
        ask_unseen,
    }
}

/// The bounds keep durations far from where this would not fit.
fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
