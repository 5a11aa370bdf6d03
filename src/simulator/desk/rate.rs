//! Token buckets, kept as the instant at which each would be full again.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// Buckets beyond this many are forgotten once they are full again, or all at once if none is.
const BUCKETS_MAX: usize = 10_000;

/// A steady rate and how much may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Requests per second in the long run; zero reads as one.
    pub per_second: u32,
    /// Requests that may come at once; zero reads as one.
    pub burst: u32,
}

impl Limit {
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }

    fn depth(self) -> Duration {
        self.interval().saturating_mul(self.burst.max(1))
    }
}

/// The answer of a bucket that was asked for one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Taken; this many are left.
    Yes { remaining: u32 },
    /// Empty; there will be one after this long.
    Wait(Duration),
}

/// One bucket per name.
#[derive(Debug, Default)]
pub(crate) struct Buckets(RwLock<HashMap<String, Instant>>);

impl Buckets {
    /// Takes one token from the bucket called `name`.
    pub(crate) fn take(&self, name: &str, limit: Limit, now: Instant) -> Taken {
        let mut buckets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(name) {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        let full_at = buckets.get(name).copied().unwrap_or(now).max(now);
        let after = full_at + limit.interval();
        let owed = after.duration_since(now);
        match limit.depth().checked_sub(owed) {
            None => Taken::Wait(owed.saturating_sub(limit.depth())),
            Some(left) => {
                buckets.insert(name.to_owned(), after);
                let remaining = left.as_nanos() / limit.interval().as_nanos().max(1);
                Taken::Yes {
                    remaining: u32::try_from(remaining).unwrap_or(u32::MAX),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        per_second: 2,
        burst: 3,
    };

    #[test]
    fn a_burst_passes_and_then_waits_for_the_rate() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        let left: Vec<_> = (0..3).map(|_| buckets.take("a", LIMIT, start)).collect();
        let yes = |remaining| Taken::Yes { remaining };
        assert_eq!(left, [yes(2), yes(1), yes(0)]);
        assert_eq!(
            buckets.take("a", LIMIT, start),
            Taken::Wait(Duration::from_millis(500))
        );
        assert_eq!(buckets.take("b", LIMIT, start), yes(2));
        let later = start + Duration::from_millis(500);
        assert_eq!(buckets.take("a", LIMIT, later), yes(0));
    }

    #[test]
    fn many_names_do_not_grow_without_bound() {
        let (buckets, now) = (Buckets::default(), Instant::now());
        for name in 0..BUCKETS_MAX * 2 {
            buckets.take(&name.to_string(), LIMIT, now);
        }
        assert!(buckets.0.read().unwrap().len() <= BUCKETS_MAX);
    }
}
