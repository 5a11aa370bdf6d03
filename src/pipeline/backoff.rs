//! How long to wait before trying again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// Waits between tries of one page: from half a second, doubled, with jitter, five times.
pub(super) fn page_waits() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(20))
        .with_max_times(5)
        .with_jitter()
        .build()
}

/// The wait before a delivery's next attempt: from five seconds, doubled up to half an hour, with
/// jitter. `attempts` counts those that were made.
pub(super) fn delivery_wait(attempts: u32) -> Duration {
    const LONGEST: Duration = Duration::from_secs(30 * 60);
    let nth = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_secs(5))
        .with_max_delay(LONGEST)
        .without_max_times()
        .with_jitter()
        .build()
        .nth(nth.min(32))
        .unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_wait_longer_each_time_up_to_a_bound() {
        assert!(delivery_wait(1) < Duration::from_secs(11));
        assert!(delivery_wait(5) >= Duration::from_secs(80));
        for attempts in [9, 20, u32::MAX] {
            let wait = delivery_wait(attempts);
            assert!(wait >= Duration::from_secs(20 * 60), "{wait:?}");
            assert!(wait <= Duration::from_secs(60 * 60), "{wait:?}");
        }
    }
}
