//! Durations as people write them, within bounds.

use std::{ops::RangeInclusive, time::Duration};

use super::settings::Problem;

/// Reads `60s`, `10m` or `90d`.
///
/// # Errors
/// What is no duration, or out of bounds, is a problem that states them.
pub fn read(key: &str, text: &str, bounds: RangeInclusive<Duration>) -> Result<Duration, Problem> {
    match humantime::parse_duration(text) {
        Ok(duration) if bounds.contains(&duration) => Ok(duration),
        Ok(_) | Err(_) => Err(Problem::new(
            key,
            format!(
                "expected a duration from {} to {}",
                written(*bounds.start()),
                written(*bounds.end()),
            ),
        )),
    }
}

/// In the largest unit that needs no fraction, as an operator would type it.
fn written(duration: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let secs = duration.as_secs();
    for (unit, name) in UNITS {
        if secs > 0 && secs.is_multiple_of(unit) {
            return format!("{}{name}", secs / unit);
        }
    }
    format!("{secs}s")
}

/// A day.
pub const DAY: Duration = Duration::from_hours(24);
