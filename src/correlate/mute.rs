//! Times of the week in which a route tells nobody.

mod settings;

use jiff::{
    SignedDuration,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};

use crate::domain::Timestamp;

pub use settings::MuteSettings;
pub(super) use settings::mutes;

/// How far mute times that follow one another are followed. A week that leaves a gap leaves it in one
/// of two weeks, even where clocks that are put forward skip it in the other.
const HORIZON: SignedDuration = SignedDuration::from_hours(15 * 24);

/// A time of day on some days of the week, by the clocks of one place.
#[derive(Debug, Clone)]
pub(super) struct Mute {
    /// The days on which it begins.
    days: Vec<Weekday>,
    from: Time,
    /// On the same day if it is after `from`, and on the next one if not.
    to: Time,
    zone: TimeZone,
}

/// When the mute time ends that `now` is in, or the last of those that follow one another without a
/// gap; `None` if it is in none.
pub(super) fn muted_until(mutes: &[Mute], now: Timestamp) -> Option<Timestamp> {
    let horizon = now.saturating_add(HORIZON).unwrap_or(Timestamp::MAX);
    let mut until = None;
    let mut at = now;
    while let Some(end) = mutes.iter().filter_map(|mute| mute.end(at)).max() {
        until = Some(end);
        if end >= horizon {
            break;
        }
        at = end;
    }
    until
}

/// Whether they leave no time at which people could be told.
fn is_always(mutes: &[Mute]) -> bool {
    // A Monday like any other: what is asked must not depend on when it is.
    let monday = Timestamp::constant(1_767_571_200, 0);
    muted_until(mutes, monday).is_some_and(|until| until.duration_since(monday) >= HORIZON)
}

impl Mute {
    /// When it ends, if it is that time.
    fn end(&self, at: Timestamp) -> Option<Timestamp> {
        let today = self.zone.to_datetime(at).date();
        // What began yesterday may go on over midnight.
        let days = [today.yesterday().ok(), Some(today)];
        let periods = days
            .into_iter()
            .flatten()
            .filter_map(|day| self.period(day));
        periods
            .filter(|(from, to)| *from <= at && at < *to)
            .map(|(_, to)| to)
            .max()
    }

    /// From when to when it is, if it begins on that day.
    fn period(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        if !self.days.contains(&day.weekday()) {
            return None;
        }
        let last = if self.to > self.from {
            day
        } else {
            day.tomorrow().ok()?
        };
        let from = self.moment(day.to_datetime(self.from), Edge::From)?;
        let to = self.moment(last.to_datetime(self.to), Edge::To)?;
        Some((from, to))
    }

    /// When the clocks of its place show a time.
    fn moment(&self, shown: DateTime, edge: Edge) -> Option<Timestamp> {
        let at = self.zone.to_ambiguous_timestamp(shown);
        match (at.offset(), edge) {
            (AmbiguousOffset::Unambiguous { .. }, _) => at.unambiguous().ok(),
            // Shown twice, when clocks are put back: quiet has both.
            (AmbiguousOffset::Fold { .. }, Edge::From) => at.earlier().ok(),
            (AmbiguousOffset::Fold { .. }, Edge::To) => at.later().ok(),
            // Never shown, when clocks are put forward: the moment at which they are is the one that
            // passes for it.
            (AmbiguousOffset::Gap { .. }, _) => {
                let before = at.earlier().ok()?;
                let transition = self.zone.following(before).next()?;
                Some(transition.timestamp())
            }
        }
    }
}

/// The beginning or the end of a period.
#[derive(Debug, Clone, Copy)]
enum Edge {
    From,
    To,
}

#[cfg(test)]
mod tests;
