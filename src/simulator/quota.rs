//! Token buckets, one per account and Region, kept as the time at which each would be full again.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{
    clock::{Nanos, SECOND},
    options::Quota,
};

/// Buckets of one operation.
#[derive(Debug)]
pub(super) struct Buckets {
    interval: Nanos,
    tolerance: Nanos,
    /// The moment each bucket is full again; never locked, so that buckets do not wait for each other.
    full_at: Vec<AtomicI64>,
}

impl Buckets {
    pub(super) fn new(quota: Quota, scopes: usize) -> Self {
        let interval = if quota.per_second > 0.0 {
            nanos(1.0 / quota.per_second)
        } else {
            0
        };
        Self {
            interval,
            tolerance: nanos(quota.burst.max(1.0) / quota.per_second.max(f64::MIN_POSITIVE)),
            full_at: (0..scopes).map(|_| AtomicI64::new(0)).collect(),
        }
    }

    /// Takes a token, or says that there is none.
    pub(super) fn take(&self, scope: usize, now: Nanos) -> bool {
        let Some(full_at) = self.full_at.get(scope) else {
            return true;
        };
        if self.interval == 0 {
            return true;
        }
        full_at
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                let after = full_at.max(now).saturating_add(self.interval);
                (after <= now.saturating_add(self.tolerance)).then_some(after)
            })
            .is_ok()
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a float cast saturates, and a bucket refilled to the nanosecond is exact enough"
)]
fn nanos(seconds: f64) -> Nanos {
    (seconds * SECOND as f64) as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_allows_its_burst_and_then_its_rate() {
        let buckets = Buckets::new(Quota::GET_FINDINGS, 2);
        let taken = (0..20).filter(|_| buckets.take(0, SECOND)).count();
        assert_eq!(taken, 6);
        let later = (0..20).filter(|_| buckets.take(0, 2 * SECOND)).count();
        assert_eq!(later, 3);
        assert!(buckets.take(1, SECOND), "another scope has its own bucket");
    }

    #[test]
    fn no_quota_refuses_nothing() {
        let buckets = Buckets::new(Quota::OFF, 1);
        assert!((0..1000).all(|_| buckets.take(0, 0)));
    }
}
