//! How often a vantage is asked for news.

use std::time::Duration;

/// A vantage that has shown nothing new for some time is left alone for the tenth part of it: where
/// nothing happened for an hour, news that waits six minutes is not late by much.
const QUIET_SHARE: u32 = 10;

/// The bounds within which a vantage is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rhythm {
    /// How long one with news is left alone.
    pub(super) shortest: Duration,
    /// How long any is left alone at most: a promise.
    pub(super) longest: Duration,
    /// The same for one with findings that are asked for by id, which has its own clock.
    pub(super) watched: Duration,
}

impl Rhythm {
    /// How long to leave a vantage alone that has shown nothing new for so long.
    pub(super) fn wait(self, quiet_for: Duration, is_watched: bool) -> Duration {
        let longest = if is_watched {
            self.longest.min(self.watched)
        } else {
            self.longest
        };
        (quiet_for / QUIET_SHARE).clamp(self.shortest, longest.max(self.shortest))
    }

    /// The same, ten per cent more or less so that scopes do not march in step, and never beyond the
    /// promise.
    pub(super) fn jittered(self, wait: Duration) -> Duration {
        let wait = wait.mul_f64(0.9 + 0.2 * fastrand::f64());
        wait.min(self.longest.max(self.shortest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quieter_a_vantage_the_less_it_is_asked_within_the_bounds() {
        let rhythm = Rhythm {
            shortest: Duration::from_secs(60),
            longest: Duration::from_secs(300),
            watched: Duration::from_secs(120),
        };
        let table = [
            (0, false, 60),
            (600, false, 60),
            (900, false, 90),
            (3_000, false, 300),
            (1_000_000, false, 300),
            (1_000_000, true, 120),
            (900, true, 90),
            (0, true, 60),
        ];
        for (quiet, is_watched, expected) in table {
            let wait = rhythm.wait(Duration::from_secs(quiet), is_watched);
            assert_eq!(wait.as_secs(), expected, "{quiet} {is_watched}");
        }
    }

    #[test]
    fn bounds_that_are_one_make_a_steady_rhythm_and_jitter_never_breaks_the_promise() {
        let minute = Duration::from_secs(60);
        let rhythm = Rhythm {
            shortest: minute,
            longest: minute,
            watched: Duration::from_secs(10),
        };
        for is_watched in [false, true] {
            let wait = rhythm.wait(Duration::from_secs(100_000), is_watched);
            assert_eq!(wait, minute);
        }
        for _ in 0..100 {
            let wait = rhythm.jittered(minute);
            assert!(wait <= minute && wait >= minute.mul_f64(0.9), "{wait:?}");
        }
    }
}
