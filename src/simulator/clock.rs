//! The simulator's time: the machine's clock, moved forward when somebody asks.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Nanoseconds since 1970, as the index keeps them. Good until the year 2262.
pub(super) type Nanos = i64;

pub(super) const SECOND: Nanos = 1_000_000_000;
pub(super) const HOUR: Nanos = 3_600 * SECOND;
pub(super) const DAY: Nanos = 24 * HOUR;

/// Two readings of one clock: the world's, which may have been started at any moment, and the
/// wall's, which real clients sign with.
#[derive(Debug)]
pub(super) struct Clock {
    started_at: Nanos,
    wall_at: Nanos,
    started: Instant,
    advanced: AtomicI64,
}

impl Clock {
    pub(super) fn starting_at(now: Option<Timestamp>) -> Self {
        Self {
            started_at: nanos(now.unwrap_or_else(Timestamp::now)),
            wall_at: nanos(Timestamp::now()),
            started: Instant::now(),
            advanced: AtomicI64::new(0),
        }
    }

    /// When the world was made.
    pub(super) fn started_at(&self) -> Nanos {
        self.started_at
    }

    /// Now, in the world of findings.
    pub(super) fn world(&self) -> Nanos {
        self.since(self.started_at)
    }

    /// Now, for sessions: a client compares their expiry with its own clock. Where a test pauses the
    /// runtime's time and moves it by hand, sessions age with it.
    pub(super) fn wall(&self) -> Nanos {
        self.since(self.wall_at)
    }

    fn since(&self, at_the_start: Nanos) -> Nanos {
        let elapsed = i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX);
        at_the_start
            .saturating_add(elapsed)
            .saturating_add(self.advanced())
    }

    /// A session's time as the client's machine would tell it.
    pub(super) fn on_the_machine(&self, at: Nanos) -> Nanos {
        at.saturating_sub(self.advanced())
    }

    /// Moves both readings forward; sessions age, findings expire.
    pub(super) fn advance(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX).max(0);
        self.advanced.fetch_add(by, Ordering::Relaxed);
    }

    fn advanced(&self) -> Nanos {
        self.advanced.load(Ordering::Relaxed)
    }
}

/// A timestamp as [`Nanos`].
pub(super) fn nanos(at: Timestamp) -> Nanos {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}

/// [`Nanos`] as a timestamp.
pub(super) fn timestamp(at: Nanos) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(at)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `2026-01-02T03:04:05Z`, as STS and EC2 write it.
pub(super) fn whole_seconds(at: Nanos) -> String {
    format!("{:.0}", timestamp(at))
}

/// Seconds since 1970, as Organizations writes its timestamps.
pub(super) fn epoch_seconds(at: Nanos) -> i64 {
    timestamp(at).as_second()
}
