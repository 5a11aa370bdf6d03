//! How far this machine's clock is from AWS's.
//!
//! Every answer of AWS says when it was given. A clock that runs ahead would move watermarks over
//! times that have not come yet for AWS, and what is updated in them would be found by the slower
//! clocks alone. So windows end when AWS's clock, too, says that their end has come.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextRef},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822::DateTimeParser};
use prometheus::Gauge;
use tracing::{info, warn};

use crate::domain::Clock;

/// AWS's `Date` has whole seconds, and answers take a while. What is less than this is no skew; the
/// overlap of windows is longer.
const TOLERATED: SignedDuration = SignedDuration::from_secs(5);
/// From here on an operator is told: AWS refuses signatures that are five minutes off.
const WORTH_A_WORD: SignedDuration = SignedDuration::from_secs(60);

/// No answer has come yet.
const UNKNOWN: i64 = i64::MIN;

/// What the last answer said about our clock. An interceptor of the clients whose answers count.
#[derive(Debug, Clone)]
pub(super) struct Skew(Arc<Known>);

#[derive(Debug)]
struct Known {
    clock: Clock,
    /// Positive when ours is ahead; [`UNKNOWN`] at first.
    ahead_ms: AtomicI64,
    told: AtomicBool,
    gauge: Gauge,
}

impl Skew {
    pub(super) fn new(clock: Clock, gauge: Gauge) -> Self {
        Self(Arc::new(Known {
            clock,
            ahead_ms: AtomicI64::new(UNKNOWN),
            told: AtomicBool::new(false),
            gauge,
        }))
    }

    /// Whether some answer has told the time.
    pub(super) fn is_known(&self) -> bool {
        self.0.ahead_ms.load(Ordering::Relaxed) != UNKNOWN
    }

    /// Learns from the `Date` of an answer that has just begun to arrive. One that cannot be read
    /// says nothing.
    fn learn(&self, date: Option<&str>) {
        let Some(theirs) = date.and_then(moment) else {
            return;
        };
        let ahead = self.0.clock.now().duration_since(theirs);
        let millis = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        self.0.ahead_ms.store(millis, Ordering::Relaxed);
        self.0.gauge.set(ahead.as_secs_f64());
        self.tell(ahead);
    }

    /// A time of ours as AWS's clock has it if ours is ahead; the same if it is not. Never later
    /// than what was given: a clock that is behind delays news and loses none.
    pub(super) fn not_ahead(&self, ours: Timestamp) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.0.ahead_ms.load(Ordering::Relaxed));
        if ahead <= TOLERATED {
            return ours;
        }
        ours.checked_sub(ahead).unwrap_or(ours)
    }

    /// Says once that the clock is off, and once that it is right again.
    fn tell(&self, ahead: SignedDuration) {
        let is_off = ahead.abs() >= WORTH_A_WORD;
        if self.0.told.swap(is_off, Ordering::Relaxed) == is_off {
            return;
        }
        let secs = ahead.as_secs();
        if is_off {
            warn!(
                ahead_secs = secs,
                "this machine's clock is {secs} s ahead of AWS's (behind, if negative); correct it, for \
                 example with NTP: AWS refuses requests when it is five minutes off"
            );
        } else {
            info!("this machine's clock agrees with AWS's again");
        }
    }
}

impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "Skew"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.learn(context.response().headers().get("date"));
        Ok(())
    }
}

/// The moment of a `Date` header.
pub(super) fn moment(date: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(date.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn skew(ours: &str) -> Skew {
        Skew::new(Clock::fixed(at(ours)), Gauge::new("a", "b").unwrap())
    }

    #[test]
    fn a_clock_that_is_ahead_is_held_back_and_one_that_is_behind_is_not_pushed() {
        let date = Some("Sun, 01 Mar 2026 10:00:00 GMT");
        let table = [
            ("2026-03-01T10:00:03Z", "2026-03-01T10:00:03Z"),
            ("2026-03-01T10:00:20Z", "2026-03-01T10:00:00Z"),
            ("2026-03-01T13:00:00Z", "2026-03-01T10:00:00Z"),
            ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"),
        ];
        for (ours, agreed) in table {
            let skew = skew(ours);
            skew.learn(date);
            assert_eq!(skew.not_ahead(at(ours)), at(agreed), "{ours}");
        }
    }

    #[test]
    fn the_last_answer_counts_and_one_without_a_date_says_nothing() {
        let ours = "2026-03-01T10:00:00Z";
        let skew = skew(ours);
        assert!(!skew.is_known());
        assert_eq!(skew.not_ahead(at(ours)), at(ours));
        skew.learn(Some("Sun, 01 Mar 2026 09:00:00 GMT"));
        for nothing in [None, Some(""), Some("yesterday")] {
            skew.learn(nothing);
            assert_eq!(skew.not_ahead(at(ours)), at("2026-03-01T09:00:00Z"));
        }
        skew.learn(Some("Sun, 01 Mar 2026 10:00:00 GMT"));
        assert_eq!(skew.not_ahead(at(ours)), at(ours));
    }
}
