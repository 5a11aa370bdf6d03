//! Windows of `UpdatedAt`, and how far a scope is recorded.

use jiff::{SignedDuration, Timestamp};

/// The time before which no finding can have been updated. Security Hub was announced in November
/// 2018; providers may write older times, so this leaves a margin of years.
pub const ORIGIN: Timestamp = Timestamp::constant(1_262_304_000, 0); // 2010-01-01T00:00:00Z

/// Which question a window asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowKind {
    /// What is new since the watermark.
    Tail,
    /// What was there before we came.
    Backfill,
}

impl WindowKind {
    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tail => "tail",
            Self::Backfill => "backfill",
        }
    }

    /// The reverse of [`WindowKind::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Tail, Self::Backfill]
            .into_iter()
            .find(|k| k.as_str() == word)
    }
}

/// The pinned `UpdatedAt` interval of one fetch. Every page of it is asked with the same bounds,
/// because a changed request makes AWS refuse the page token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Which question it asks.
    pub kind: WindowKind,
    /// Inclusive.
    pub start: Timestamp,
    /// Inclusive as far as we rely on it; windows overlap, so it does not matter.
    pub end: Timestamp,
}

/// How windows are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRules {
    /// How far the tail reaches back behind the watermark.
    pub overlap: SignedDuration,
    /// How much history the first backfill window covers. What is older follows in a second one.
    pub backfill: SignedDuration,
}

/// How far a scope is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncProgress {
    /// When the scope was first met: history ends here, and the tail begins.
    pub first_contact: Timestamp,
    /// The scope is completely recorded from `history_from` up to this time. Never moves back.
    pub watermark: Timestamp,
    /// The time down to which history is recorded; [`ORIGIN`] when all of it is.
    pub history_from: Timestamp,
}

impl SyncProgress {
    /// Nothing is recorded yet.
    #[must_use]
    pub fn first_contact(now: Timestamp) -> Self {
        Self {
            first_contact: now,
            watermark: now,
            history_from: now,
        }
    }

    /// Whether all history is recorded.
    #[must_use]
    pub fn is_backfilled(&self) -> bool {
        self.history_from <= ORIGIN
    }

    /// The next window of history, newest first; `None` when all is recorded.
    ///
    /// The first covers what `rules` call history. A second covers everything older: providers
    /// choose `UpdatedAt` freely, so a finding that is still there may carry any time.
    #[must_use]
    pub fn backfill_window(&self, rules: WindowRules) -> Option<Window> {
        if self.is_backfilled() {
            return None;
        }
        let floor = reach_back(self.first_contact, rules.backfill);
        let start = if self.history_from > floor {
            floor
        } else {
            ORIGIN
        };
        Some(Window {
            kind: WindowKind::Backfill,
            start,
            end: self.history_from,
        })
    }

    /// What is new since the watermark.
    #[must_use]
    pub fn tail_window(&self, now: Timestamp, rules: WindowRules) -> Window {
        let start = reach_back(self.watermark, rules.overlap);
        // A clock that was set back must not turn the window around.
        Window {
            kind: WindowKind::Tail,
            start,
            end: now.max(self.watermark),
        }
    }

    /// What is recorded once every page of a window is.
    #[must_use]
    pub fn after(self, complete: Window) -> Self {
        match complete.kind {
            WindowKind::Tail => Self {
                watermark: self.watermark.max(complete.end),
                ..self
            },
            WindowKind::Backfill => Self {
                history_from: self.history_from.min(complete.start),
                ..self
            },
        }
    }
}

fn reach_back(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.saturating_sub(by).unwrap_or(ORIGIN).max(ORIGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: WindowRules = WindowRules {
        overlap: SignedDuration::from_mins(10),
        backfill: SignedDuration::from_hours(24 * 90),
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn history_is_covered_without_a_gap_from_first_contact_to_the_origin() {
        let mut progress = SyncProgress::first_contact(at("2026-03-01T00:00:00Z"));
        let mut edge = progress.first_contact;
        let mut windows = 0;
        while let Some(window) = progress.backfill_window(RULES) {
            assert_eq!(window.end, edge);
            assert!(window.start < window.end);
            edge = window.start;
            progress = progress.after(window);
            windows += 1;
        }
        assert_eq!((edge, windows), (ORIGIN, 2));
    }

    #[test]
    fn the_tail_overlaps_what_is_recorded_and_the_watermark_never_moves_back() {
        let progress = SyncProgress::first_contact(at("2026-03-01T00:00:00Z"));
        let window = progress.tail_window(at("2026-03-01T00:01:00Z"), RULES);
        assert_eq!(window.start, at("2026-02-28T23:50:00Z"));
        let later = progress.after(window);
        assert_eq!(later.watermark, at("2026-03-01T00:01:00Z"));

        // The clock was set back by an hour.
        let window = later.tail_window(at("2026-02-28T23:00:00Z"), RULES);
        assert_eq!(later.after(window).watermark, later.watermark);
        assert!(window.start < window.end);
    }

    #[test]
    fn the_tail_moving_on_does_not_move_the_floor_of_history() {
        let first = SyncProgress::first_contact(at("2026-03-01T00:00:00Z"));
        let moved = first.after(first.tail_window(at("2026-03-05T00:00:00Z"), RULES));
        assert_eq!(moved.backfill_window(RULES), first.backfill_window(RULES));
    }
}
