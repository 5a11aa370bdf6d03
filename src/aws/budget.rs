//! How often one account may be asked in one Region.
//!
//! AWS counts `GetFindings` per account and Region, so each pair has a bucket of its own, and one
//! that is throttled does not hold back the others.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::config::Pace;
use crate::domain::Scope;

/// The longest that a request waits here for its turn; about 90 requests at the usual pace.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The lowest rate that throttling leads to, as a part of the usual one.
const SLOWEST: f64 = 1.0 / 12.0;
/// How long a rate takes to come back from nothing to the usual one.
const RECOVERY_SECS: f64 = 120.0;
/// Requests that were under way together are refused together; that is one reason, not many.
const ONE_REFUSAL: Duration = Duration::from_secs(1);
/// How many buckets may gather before the idle ones are dropped.
const SWEEP_AT: usize = 1024;

/// The request budgets of all scopes. Holds one bucket for each scope that was asked lately.
#[derive(Debug)]
pub(super) struct Budgets {
    pace: Pace,
    buckets: RwLock<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    by_scope: HashMap<Scope, Bucket>,
    sweep_at: usize,
}

impl Budgets {
    pub(super) fn new(pace: Pace) -> Self {
        let buckets = Buckets {
            by_scope: HashMap::new(),
            sweep_at: SWEEP_AT,
        };
        Self {
            pace,
            buckets: RwLock::new(buckets),
        }
    }

    /// Waits for the scope's next turn, first come, first served.
    ///
    /// # Errors
    /// If the turn is further away than a request should wait: how far.
    pub(super) async fn acquire(&self, scope: &Scope) -> Result<(), Duration> {
        let now = Instant::now();
        let wait = self.with_bucket(scope, now, |bucket| bucket.take(now))?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Ok(())
    }

    /// AWS asked for less.
    pub(super) fn lower(&self, scope: &Scope, retry_after: Option<Duration>) {
        let now = Instant::now();
        self.with_bucket(scope, now, |bucket| bucket.lower(now, retry_after));
    }

    fn with_bucket<T>(&self, scope: &Scope, now: Instant, act: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.by_scope.get_mut(scope) {
            return act(bucket);
        }
        buckets.make_room(now);
        act(buckets
            .by_scope
            .entry(scope.clone())
            .or_insert_with(|| Bucket::full(self.pace, now)))
    }
}

impl Buckets {
    /// Drops the buckets that say no more than a new one would. Doubling the mark keeps the cost of
    /// looking at them all in proportion to the buckets that were added.
    fn make_room(&mut self, now: Instant) {
        if self.by_scope.len() >= self.sweep_at {
            self.by_scope.retain(|_, bucket| !bucket.is_idle(now));
            self.sweep_at = SWEEP_AT.max(self.by_scope.len().saturating_mul(2));
        }
    }
}

/// One budget: arithmetic alone, given the time.
#[derive(Debug)]
struct Bucket {
    usual_rate: f64,
    burst: f64,
    rate: f64,
    /// Below zero when turns are promised to requests that wait.
    tokens: f64,
    at: Instant,
    lowered_at: Option<Instant>,
    not_before: Instant,
}

impl Bucket {
    fn full(pace: Pace, now: Instant) -> Self {
        let usual_rate = f64::from(pace.per_second.max(1));
        let burst = f64::from(pace.burst.max(1));
        Self {
            usual_rate,
            burst,
            rate: usual_rate,
            tokens: burst,
            at: now,
            lowered_at: None,
            not_before: now,
        }
    }

    /// Takes a turn: how long to wait for it. Refuses, without taking one, what would wait too long.
    fn take(&mut self, now: Instant) -> Result<Duration, Duration> {
        self.refill(now);
        let missing = (1.0 - self.tokens).max(0.0);
        let wait = Duration::from_secs_f64(missing / self.rate)
            .max(self.not_before.saturating_duration_since(now));
        if wait > LONGEST_WAIT {
            return Err(wait);
        }
        self.tokens -= 1.0;
        Ok(wait)
    }

    /// Halves the rate and keeps the pause that AWS asked for.
    fn lower(&mut self, now: Instant, retry_after: Option<Duration>) {
        self.refill(now);
        self.tokens = self.tokens.min(0.0);
        if let Some(pause) = retry_after {
            self.not_before = self.not_before.max(now + pause);
        }
        let same_refusal = self
            .lowered_at
            .is_some_and(|at| now.saturating_duration_since(at) < ONE_REFUSAL);
        if !same_refusal {
            self.rate = (self.rate / 2.0).max(self.usual_rate * SLOWEST);
            self.lowered_at = Some(now);
        }
    }

    fn refill(&mut self, now: Instant) {
        let secs = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + secs * self.rate).min(self.burst);
        self.rate = (self.rate + secs * self.usual_rate / RECOVERY_SECS).min(self.usual_rate);
    }

    fn is_idle(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.burst && self.rate >= self.usual_rate && self.not_before <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        per_second: 3,
        burst: 6,
    };

    fn scope(account: &str) -> Scope {
        Scope {
            account: account.into(),
            region: "eu-west-1".into(),
        }
    }

    /// How many turns there are until `secs` have passed, when every turn is used at once.
    fn turns(bucket: &mut Bucket, from: Instant, secs: u64) -> u32 {
        let end = from + Duration::from_secs(secs);
        let mut now = from;
        let mut turns = 0;
        loop {
            now += bucket.take(now).unwrap();
            if now > end {
                return turns;
            }
            turns += 1;
        }
    }

    #[test]
    fn the_whole_quota_is_used_and_not_more() {
        let start = Instant::now();
        let mut bucket = Bucket::full(PACE, start);
        let turns = turns(&mut bucket, start, 100);
        assert!((304..=306).contains(&turns), "{turns}");
    }

    #[test]
    fn throttling_halves_the_rate_once_for_requests_refused_together_and_it_recovers_slowly() {
        let start = Instant::now();
        let mut bucket = Bucket::full(PACE, start);
        for _ in 0..5 {
            bucket.lower(start, None);
        }
        assert!((bucket.rate - 1.5).abs() < 1e-9);
        let (minute, two) = (Duration::from_secs(59), Duration::from_secs(61));
        bucket.refill(start + minute);
        assert!(bucket.rate < 3.0 && bucket.rate > 2.9, "{}", bucket.rate);
        bucket.refill(start + two);
        assert!((bucket.rate - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_rate_has_a_floor_and_a_pause_is_kept_whatever_its_length() {
        let start = Instant::now();
        let mut bucket = Bucket::full(PACE, start);
        for second in 0..60 {
            bucket.lower(start + Duration::from_secs(second), None);
        }
        assert!(bucket.rate >= 0.25);
        let now = start + Duration::from_secs(60);
        bucket.lower(now, Some(Duration::from_secs(300)));
        assert_eq!(bucket.take(now), Err(Duration::from_secs(300)));
        let later = now + Duration::from_secs(301);
        assert_eq!(bucket.take(later), Ok(Duration::ZERO));
    }

    #[test]
    fn a_turn_too_far_away_is_refused_and_not_taken() {
        let start = Instant::now();
        let mut bucket = Bucket::full(PACE, start);
        let mut waiting = 0;
        while bucket.take(start).is_ok() {
            waiting += 1;
        }
        assert_eq!(waiting, 96, "6 at once and 3 for each of 30 seconds");
        let wait = bucket.take(start).unwrap_err();
        assert!(wait > LONGEST_WAIT && wait < LONGEST_WAIT + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_account_does_not_hold_back_the_others() {
        let budgets = Budgets::new(PACE);
        budgets.lower(&scope("a"), Some(Duration::from_secs(20)));
        let start = Instant::now();
        budgets.acquire(&scope("b")).await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        budgets.acquire(&scope("a")).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_buckets_are_dropped() {
        let budgets = Budgets::new(PACE);
        for number in 0..10 * SWEEP_AT {
            budgets.acquire(&scope(&number.to_string())).await.unwrap();
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        let kept = budgets.buckets.read().unwrap().by_scope.len();
        assert!(kept <= 2 * SWEEP_AT, "{kept}");
    }
}
