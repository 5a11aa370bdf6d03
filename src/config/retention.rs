//! `[retention]`: how long what nobody needs any more is kept.

use std::{ops::RangeInclusive, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;

use crate::domain::duration::{self, DAY};
use crate::{domain::settings::Problem, store::Retention};

const LONGEST: Duration = Duration::from_hours(3650 * 24);
const GONE: RangeInclusive<Duration> = Duration::ZERO..=LONGEST;
const INCIDENTS: RangeInclusive<Duration> = DAY..=LONGEST;
const REJECTED: RangeInclusive<Duration> = Duration::ZERO..=LONGEST;
/// Keeps for ever.
const NEVER: &str = "never";

/// `[retention]` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    gone: String,
    incidents: String,
    rejected: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            gone: "90d".to_owned(),
            incidents: "365d".to_owned(),
            rejected: "90d".to_owned(),
        }
    }
}

impl Settings {
    pub(super) fn validate(self) -> Result<Retention, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut read = |key, text: &str, bounds| {
            if text == NEVER {
                return None;
            }
            match duration::read(key, text, bounds) {
                // The bounds keep it far from where it would not fit.
                Ok(duration) => SignedDuration::try_from(duration).ok(),
                Err(problem) => {
                    let message = format!("{}, or \"{NEVER}\"", problem.message);
                    problems.push(Problem::new(key, message));
                    None
                }
            }
        };
        let retention = Retention {
            gone: read("gone", &self.gone, GONE),
            incidents: read("incidents", &self.incidents, INCIDENTS),
            rejected: read("rejected", &self.rejected, REJECTED),
        };
        if problems.is_empty() {
            Ok(retention)
        } else {
            Err(problems)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_removed_that_is_kept_for_ever_and_at_once_means_at_once() {
        let settings = Settings {
            gone: "0s".to_owned(),
            incidents: NEVER.to_owned(),
            rejected: "2d".to_owned(),
        };
        let retention = settings.validate().unwrap();
        assert_eq!(retention.gone, Some(SignedDuration::ZERO));
        assert_eq!(retention.incidents, None);
        assert_eq!(retention.rejected, Some(SignedDuration::from_hours(48)));
    }

    #[test]
    fn what_is_no_duration_is_told_with_what_would_be() {
        let settings = Settings {
            gone: "soon".to_owned(),
            incidents: "1h".to_owned(),
            ..Settings::default()
        };
        let problems = settings.validate().unwrap_err();
        let told: Vec<_> = problems.iter().map(|p| (&*p.key, &*p.message)).collect();
        assert_eq!(
            told,
            [
                ("gone", "expected a duration from 0s to 3650d, or \"never\""),
                (
                    "incidents",
                    "expected a duration from 1d to 3650d, or \"never\""
                ),
            ]
        );
    }
}
