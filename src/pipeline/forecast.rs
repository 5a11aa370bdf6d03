//! What reading will cost: requests and time, computed from what is configured and what is assumed.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{
    aws::FINDINGS_PAGE,
    domain::{Question, window::WindowRules},
};

/// How often Security Hub's own findings get a new `UpdatedAt` without a change: every 18 h (archived
/// Security Hub guide). It is what puts most findings into the windows of a quiet day.
pub const REFRESHED_EVERY: SignedDuration = SignedDuration::from_hours(18);
/// The part of all findings that is taken to be behind open incidents, and so asked for by id.
pub const WATCHED_PART: f64 = 0.05;
/// History is read in two windows: what is configured, and everything older.
const BACKFILL_WINDOWS: u64 = 2;

/// What a forecast is computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// Findings in sight of each vantage that is asked.
    pub findings: Vec<u64>,
    /// Accounts whose role is assumed.
    pub sessions: u64,
    /// Requests for accounts' Regions at each look around.
    pub regions_requests: u64,
    /// Requests for the administrator's members at each look around.
    pub members_requests: u64,
    /// How often a vantage is asked for news at least, however quiet it is.
    pub poll_interval_max: Duration,
    /// How often each clock ticks, and how far each reaches.
    pub rules: WindowRules,
    /// Requests a second that one account and Region are asked.
    pub per_second: u32,
    /// How many scopes are asked at the same time.
    pub concurrency: usize,
    /// How often accounts and Regions are listed.
    pub refresh: Duration,
    /// How long a session of an account's role lasts.
    pub session: Duration,
}

/// What reading will cost.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Forecast {
    /// Findings that are taken to be there.
    pub findings: u64,
    /// `GetFindings` requests until all history is recorded.
    pub backfill_requests: u64,
    /// The same for the scope with the most findings.
    pub backfill_requests_largest_scope: u64,
    /// Seconds until all history is recorded, if AWS answers as fast as it may be asked.
    pub backfill_secs: f64,
    /// `GetFindings` requests a minute from then on, if all has news.
    pub steady: Steady,
    /// Those of its tail, if all is quiet.
    pub quiet_tail_per_minute: f64,
    /// The same for the scope with the most findings.
    pub steady_largest_scope: Steady,
    /// Which part of its quota the scope with the most findings uses, 0 to 1 and beyond.
    pub quota_share_largest_scope: f64,
    /// Which part of what all readers together can ask is used, 0 to 1 and beyond.
    pub readers_share: f64,
    /// Sessions of accounts' roles a minute.
    pub assume_role_per_minute: f64,
    /// Requests for accounts' Regions a minute.
    pub describe_regions_per_minute: f64,
    /// Requests for the administrator's members a minute.
    pub list_members_per_minute: f64,
}

/// `GetFindings` requests a minute by clock.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Steady {
    /// What is new.
    pub tail_per_minute: f64,
    /// Findings behind open incidents, by id.
    pub watch_per_minute: f64,
    /// Late deliveries.
    pub late_per_minute: f64,
    /// Everything, compared.
    pub reconcile_per_minute: f64,
}

impl Steady {
    /// All clocks together.
    #[must_use]
    pub fn per_minute(&self) -> f64 {
        self.tail_per_minute
            + self.watch_per_minute
            + self.late_per_minute
            + self.reconcile_per_minute
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tail_per_minute: self.tail_per_minute + other.tail_per_minute,
            watch_per_minute: self.watch_per_minute + other.watch_per_minute,
            late_per_minute: self.late_per_minute + other.late_per_minute,
            reconcile_per_minute: self.reconcile_per_minute + other.reconcile_per_minute,
        }
    }
}

/// Forecasts what reading will cost.
///
/// A scope is read page by page, so it never takes more than its own quota; readers take scopes from
/// one queue. So history takes as long as the largest scope, or as all requests together shared
/// among the readers, whichever is longer.
#[must_use]
pub fn forecast(basis: &Basis) -> Forecast {
    let largest = basis.findings.iter().copied().max().unwrap_or(0);
    let requests: u64 = basis.findings.iter().map(|n| backfill_requests(*n)).sum();
    let largest_requests = if basis.findings.is_empty() {
        0
    } else {
        backfill_requests(largest)
    };
    let per_second = f64::from(basis.per_second.max(1));
    let readers = real(count(basis.concurrency.min(basis.findings.len()).max(1)));
    let steady = basis
        .findings
        .iter()
        .map(|n| steady(*n, basis.rules))
        .fold(Steady::default(), Steady::plus);
    let steady_largest = if basis.findings.is_empty() {
        Steady::default()
    } else {
        self::steady(largest, basis.rules)
    };
    let quiet = WindowRules {
        tail_every: SignedDuration::try_from(basis.poll_interval_max)
            .unwrap_or(SignedDuration::MAX)
            .max(basis.rules.tail_every),
        ..basis.rules
    };
    let quiet_tail = basis
        .findings
        .iter()
        .map(|n| self::steady(*n, quiet).tail_per_minute);
    let looks_per_minute = 60.0 / basis.refresh.as_secs_f64();
    Forecast {
        findings: basis.findings.iter().sum(),
        backfill_requests: requests,
        backfill_requests_largest_scope: largest_requests,
        backfill_secs: (real(largest_requests) / per_second)
            .max(real(requests) / (per_second * readers)),
        steady,
        steady_largest_scope: steady_largest,
        quota_share_largest_scope: steady_largest.per_minute() / (per_second * 60.0),
        readers_share: steady.per_minute() / (per_second * 60.0 * readers),
        // A session is refreshed when 80 % of its time is over, give or take.
        assume_role_per_minute: real(basis.sessions) / (basis.session.as_secs_f64() * 0.8 / 60.0),
        describe_regions_per_minute: real(basis.regions_requests) * looks_per_minute,
        list_members_per_minute: real(basis.members_requests) * looks_per_minute,
        quiet_tail_per_minute: quiet_tail.sum(),
    }
}

/// All findings are taken to be in one of the windows; each of the others takes a request to say
/// that it is empty.
fn backfill_requests(findings: u64) -> u64 {
    pages(real(findings)) + BACKFILL_WINDOWS - 1
}

fn steady(findings: u64, rules: WindowRules) -> Steady {
    let findings = real(findings);
    let within = |reach: SignedDuration| {
        let part = reach.as_secs_f64() / REFRESHED_EVERY.as_secs_f64();
        findings * part.min(1.0)
    };
    let ticks = |every: SignedDuration| 60.0 / every.as_secs_f64().max(1.0);
    let tail_reach = rules.tail_every + rules.overlap;
    let ids = real(count(Question::MAX_IDS));
    Steady {
        tail_per_minute: ticks(rules.tail_every) * real(pages(within(tail_reach))),
        watch_per_minute: ticks(rules.watch_every) * (findings * WATCHED_PART / ids).ceil(),
        late_per_minute: ticks(rules.late_every) * real(pages(within(rules.late_reach))),
        reconcile_per_minute: ticks(rules.reconcile_every) * real(pages(findings)),
    }
}

/// Pages for so many findings: at least one, to hear that there are none.
fn pages(findings: f64) -> u64 {
    let pages = (findings / f64::from(FINDINGS_PAGE)).ceil().max(1.0);
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number, not negative, far below where it would not fit"
    )]
    let pages = pages as u64;
    pages
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "an estimate needs no more than 52 bits"
)]
fn real(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(findings: Vec<u64>) -> Basis {
        Basis {
            sessions: 10,
            regions_requests: 10,
            members_requests: 0,
            poll_interval_max: Duration::from_mins(5),
            findings,
            rules: WindowRules {
                tail_every: SignedDuration::from_secs(60),
                overlap: SignedDuration::from_mins(10),
                watch_every: SignedDuration::from_mins(5),
                late_every: SignedDuration::from_hours(1),
                late_reach: SignedDuration::from_hours(48),
                reconcile_every: SignedDuration::from_hours(24),
                backfill: SignedDuration::from_hours(24 * 90),
            },
            per_second: 3,
            concurrency: 4,
            refresh: Duration::from_mins(10),
            session: Duration::from_hours(1),
        }
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }

    #[test]
    fn history_takes_as_long_as_the_largest_scope_at_its_quota() {
        let forecast = forecast(&basis(vec![30_000, 0, 0, 0]));
        assert_eq!(forecast.backfill_requests_largest_scope, 301);
        assert_eq!(forecast.backfill_requests, 301 + 3 * 2);
        near(forecast.backfill_secs, 301.0 / 3.0);
    }

    #[test]
    fn many_scopes_wait_for_the_readers() {
        let forecast = forecast(&basis(vec![100; 400]));
        assert_eq!(forecast.backfill_requests, 800);
        near(forecast.backfill_secs, 800.0 / (3.0 * 4.0));
    }

    #[test]
    fn every_clock_asks_at_its_own_pace() {
        let forecast = forecast(&basis(vec![1_000]));
        let steady = forecast.steady;
        // 11 minutes of 18 hours touch 11 of 1,000 findings: one page.
        near(steady.tail_per_minute, 1.0);
        // Quiet, it is asked every five minutes, and 15 of 1,000 findings are in each window.
        near(forecast.quiet_tail_per_minute, 0.2);
        // 50 ids, 20 a request, every 5 minutes.
        near(steady.watch_per_minute, 3.0 / 5.0);
        // All 1,000 were refreshed within 48 hours.
        near(steady.late_per_minute, 10.0 / 60.0);
        near(steady.reconcile_per_minute, 10.0 / 1_440.0);
        near(
            forecast.quota_share_largest_scope,
            steady.per_minute() / 180.0,
        );
        near(forecast.assume_role_per_minute, 10.0 / 48.0);
        near(forecast.describe_regions_per_minute, 1.0);
    }

    #[test]
    fn without_scopes_nothing_is_asked() {
        let forecast = forecast(&basis(Vec::new()));
        assert_eq!(forecast.backfill_requests, 0);
        near(forecast.backfill_secs, 0.0);
        near(forecast.steady.per_minute(), 0.0);
    }
}
