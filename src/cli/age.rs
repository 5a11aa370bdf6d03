//! How long ago something was, in a few characters.

use crate::domain::Timestamp;

/// Units by their seconds, the largest first.
const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

/// How long ago a time was, in the largest unit that fits: `42s`, `7m`, `3h`, `12d`.
pub(super) fn age(at: Timestamp, now: Timestamp) -> String {
    let secs = now.duration_since(at).as_secs().max(0);
    let fitting = UNITS.into_iter().find(|(unit, _)| secs >= *unit);
    let (unit, name) = fitting.unwrap_or((1, "s"));
    format!("{}{name}", secs / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_largest_unit_that_fits() {
        let at = |secs: i64| Timestamp::from_second(secs).unwrap();
        let table = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (7_199, "1h"),
            (86_399, "23h"),
            (86_400 * 400, "400d"),
            // Another machine's clock runs ahead.
            (-5, "0s"),
        ];
        for (secs, text) in table {
            assert_eq!(age(at(0), at(secs)), text);
        }
    }
}
