//! Windows of `UpdatedAt`, the clocks that ask for them, and how far a scope is recorded.

use jiff::{SignedDuration, Timestamp};

/// The time before which no finding says that it was updated. Security Hub was announced in November
/// 2018, but providers write what they like, and the epoch is what a clock that was never set shows.
pub const ORIGIN: Timestamp = Timestamp::UNIX_EPOCH;
/// What every readable time lies before, as far as a filter of AWS's can say it: findings that claim
/// to be updated in years to come are there all the same.
const FOREVER: Timestamp = Timestamp::constant(253_402_207_200, 0); // 9999-12-30T22:00:00Z
/// How far the tail asks beyond its end: findings that a provider whose clock is ahead has just
/// written, and those of AWS's last minutes where our own clock is behind. AWS refuses requests from
/// a clock that is further off.
const AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// Which question a window asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowKind {
    /// What is new since the watermark.
    Tail,
    /// What providers delivered late.
    Late,
    /// What was there before we came.
    Backfill,
    /// Everything, to find what changed in silence and what is no longer there.
    Reconcile,
}

impl WindowKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tail, Self::Late, Self::Backfill, Self::Reconcile];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tail => "tail",
            Self::Late => "late",
            Self::Backfill => "backfill",
            Self::Reconcile => "reconcile",
        }
    }

    /// The reverse of [`WindowKind::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == word)
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

/// A window that was begun: everything in it before `from` is recorded.
///
/// A long window is read in parts, each with page tokens of its own, so that a restart or a stale
/// token costs one part and not the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BegunWindow {
    /// The window, with its bounds as they were pinned.
    pub window: Window,
    /// Where reading goes on.
    pub from: Timestamp,
}

impl BegunWindow {
    /// Nothing of the window is recorded yet.
    #[must_use]
    pub fn at_start(window: Window) -> Self {
        Self {
            window,
            from: window.start,
        }
    }

    /// What is left of the window.
    #[must_use]
    pub fn rest(&self) -> Window {
        Window {
            start: self.from,
            ..self.window
        }
    }
}

/// What AWS is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Findings whose `UpdatedAt` lies within a window, oldest first.
    Updated(Window),
    /// Findings with one of these ids, at most [`Question::MAX_IDS`].
    Ids(Vec<String>),
}

impl Question {
    /// How many values AWS takes for one attribute of a filter (API model).
    pub const MAX_IDS: usize = 20;
}

/// How often each clock ticks, and how far each reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRules {
    /// How often the tail is read.
    pub tail_every: SignedDuration,
    /// How far the tail reaches back behind the watermark.
    pub overlap: SignedDuration,
    /// How often findings behind open incidents are asked for by id.
    pub watch_every: SignedDuration,
    /// How often late deliveries are looked for.
    pub late_every: SignedDuration,
    /// How late a delivery may be.
    pub late_reach: SignedDuration,
    /// How often everything is compared.
    pub reconcile_every: SignedDuration,
    /// How much history the first backfill window covers. What is older follows in a second one.
    pub backfill: SignedDuration,
}

/// How far a vantage is recorded. Of one that is wide this is about all that it shows, and says nothing
/// of the scopes in its sight when they are asked themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncProgress {
    /// When the scope was first met: history ends here, and the tail begins.
    pub first_contact: Timestamp,
    /// The scope is completely recorded from `history_from` up to this time. Never moves back.
    pub watermark: Timestamp,
    /// The time down to which history is recorded; [`ORIGIN`] when all of it is.
    pub history_from: Timestamp,
    /// The end of the last window that looked for late deliveries.
    pub late_at: Timestamp,
    /// The end of the last window that compared everything.
    pub reconciled_at: Timestamp,
}

impl SyncProgress {
    /// Nothing is recorded yet.
    #[must_use]
    pub fn first_contact(now: Timestamp) -> Self {
        Self {
            first_contact: now,
            watermark: now,
            history_from: now,
            late_at: now,
            reconciled_at: now,
        }
    }

    /// Whether all history is recorded.
    #[must_use]
    pub fn is_backfilled(&self) -> bool {
        self.history_from <= ORIGIN
    }

    /// What is left to ask of a window that was begun. Pinned like its bounds: the same whenever it
    /// is asked.
    ///
    /// A window proves that everything up to its end is recorded, and asks for more: for what says
    /// that it will be updated later. Of history only the newest window does.
    #[must_use]
    pub fn question(&self, begun: &BegunWindow) -> Window {
        let rest = begun.rest();
        let until = match rest.kind {
            WindowKind::Tail => rest.end.saturating_add(AHEAD).unwrap_or(rest.end),
            WindowKind::Backfill if rest.end < self.first_contact => rest.end,
            WindowKind::Backfill | WindowKind::Late | WindowKind::Reconcile => FOREVER,
        };
        Window {
            // A page may have ended beyond the window.
            end: rest.end.max(until).max(rest.start),
            ..rest
        }
    }

    /// Whether the tail is due. Half an interval early, so that jitter never skips a turn; and after
    /// the clock was set back, or nothing would be read until time has caught up.
    #[must_use]
    pub fn is_tail_due(&self, now: Timestamp, rules: WindowRules) -> bool {
        let waited = now.duration_since(self.watermark);
        waited >= rules.tail_every / 2 || waited.is_negative()
    }

    /// What is new since the watermark.
    ///
    /// Until history is recorded it does not reach behind first contact: what was there before is
    /// history, whichever window would find it first.
    #[must_use]
    pub fn tail_window(&self, now: Timestamp, rules: WindowRules) -> Window {
        let back = reach_back(self.watermark, rules.overlap);
        let start = if self.is_backfilled() {
            back
        } else {
            back.max(self.first_contact)
        };
        Window {
            kind: WindowKind::Tail,
            start,
            // A clock that was set back must not turn the window around.
            end: now.max(self.watermark),
        }
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

    /// Late deliveries, when it is time to look for them. Not while history is missing: what it
    /// would find is history.
    ///
    /// It reaches back from the last look, not from now: what came right after that, as late as
    /// deliveries may be, is hours older by now, and days older after an outage.
    #[must_use]
    pub fn late_window(&self, now: Timestamp, rules: WindowRules) -> Option<Window> {
        let due = now.duration_since(self.late_at) >= rules.late_every;
        (due && self.is_backfilled()).then(|| Window {
            kind: WindowKind::Late,
            start: reach_back(self.late_at.min(now), rules.late_reach),
            end: now,
        })
    }

    /// Everything, when it is time to compare it. Not while history is missing.
    #[must_use]
    pub fn reconcile_window(&self, now: Timestamp, rules: WindowRules) -> Option<Window> {
        let due = now.duration_since(self.reconciled_at) >= rules.reconcile_every;
        self.everything(now).filter(|_| due)
    }

    /// Everything, to be compared now. Not while history is missing.
    #[must_use]
    pub fn everything(&self, now: Timestamp) -> Option<Window> {
        self.is_backfilled().then_some(Window {
            kind: WindowKind::Reconcile,
            start: ORIGIN,
            end: now,
        })
    }

    /// What is recorded once every page of a window is.
    #[must_use]
    pub fn after(self, complete: Window) -> Self {
        let Window { kind, start, end } = complete;
        match kind {
            WindowKind::Tail => Self {
                watermark: self.watermark.max(end),
                ..self
            },
            WindowKind::Late => Self {
                late_at: self.late_at.max(end),
                ..self
            },
            WindowKind::Backfill => Self {
                history_from: self.history_from.min(start),
                ..self
            },
            WindowKind::Reconcile => Self {
                reconciled_at: self.reconciled_at.max(end),
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
        tail_every: SignedDuration::from_secs(60),
        overlap: SignedDuration::from_mins(10),
        watch_every: SignedDuration::from_mins(5),
        late_every: SignedDuration::from_hours(1),
        late_reach: SignedDuration::from_hours(48),
        reconcile_every: SignedDuration::from_hours(24),
        backfill: SignedDuration::from_hours(24 * 90),
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn backfilled(first_contact: Timestamp) -> SyncProgress {
        SyncProgress {
            history_from: ORIGIN,
            ..SyncProgress::first_contact(first_contact)
        }
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
        let progress = backfilled(at("2026-03-01T00:00:00Z"));
        let window = progress.tail_window(at("2026-03-01T00:01:00Z"), RULES);
        assert_eq!(window.start, at("2026-02-28T23:50:00Z"));
        let later = progress.after(window);
        assert_eq!(later.watermark, at("2026-03-01T00:01:00Z"));

        // The clock was set back by an hour.
        assert!(later.is_tail_due(at("2026-02-28T23:00:00Z"), RULES));
        let window = later.tail_window(at("2026-02-28T23:00:00Z"), RULES);
        assert_eq!(later.after(window).watermark, later.watermark);
        assert!(window.start < window.end);
    }

    #[test]
    fn the_tail_never_brings_history_as_news() {
        let progress = SyncProgress::first_contact(at("2026-03-01T00:00:00Z"));
        let window = progress.tail_window(at("2026-03-01T00:01:00Z"), RULES);
        assert_eq!(window.start, progress.first_contact);
        assert_eq!(
            progress.late_window(at("2026-03-09T00:00:00Z"), RULES),
            None
        );
        assert_eq!(
            progress.reconcile_window(at("2026-03-09T00:00:00Z"), RULES),
            None
        );
    }

    #[test]
    fn the_tail_moving_on_does_not_move_the_floor_of_history() {
        let first = SyncProgress::first_contact(at("2026-03-01T00:00:00Z"));
        let moved = first.after(first.tail_window(at("2026-03-05T00:00:00Z"), RULES));
        assert_eq!(moved.backfill_window(RULES), first.backfill_window(RULES));
    }

    #[test]
    fn what_claims_to_be_updated_in_times_to_come_is_asked_for() {
        let progress = SyncProgress::first_contact(at("2026-03-01T00:00:00Z"));
        let newest = progress.backfill_window(RULES).unwrap();
        let older = progress.after(newest).backfill_window(RULES).unwrap();
        let tail = progress.tail_window(at("2026-03-01T00:01:00Z"), RULES);
        let known = backfilled(at("2026-03-01T00:00:00Z"));
        let late = known.late_window(at("2026-03-02T00:00:00Z"), RULES);
        let asked = |window| progress.question(&BegunWindow::at_start(window)).end;
        assert_eq!(asked(newest), FOREVER);
        assert_eq!(asked(older), older.end, "or everything would be read again");
        assert_eq!(asked(tail), at("2026-03-01T00:16:00Z"));
        assert_eq!(asked(late.unwrap()), FOREVER);
        // What was asked beyond the end moves no mark beyond it.
        assert_eq!(progress.after(tail).watermark, tail.end);

        // Reading goes on behind a page that ended beyond the window.
        let mut begun = BegunWindow::at_start(tail);
        begun.from = at("2026-03-01T00:15:00Z");
        let rest = progress.question(&begun);
        assert!(rest.start < rest.end);
    }

    #[test]
    fn a_delivery_as_late_as_may_be_is_found_however_long_nobody_looked() {
        let progress = backfilled(at("2026-03-01T00:00:00Z"));
        let delivered = at("2026-03-01T00:00:01Z");
        let updated = delivered - RULES.late_reach;
        let looked = at("2026-03-09T00:00:00Z");
        let late = progress.late_window(looked, RULES).unwrap();
        assert!(late.start <= updated, "{late:?}");
    }

    #[test]
    fn late_and_reconcile_tick_by_themselves() {
        let progress = backfilled(at("2026-03-01T00:00:00Z"));
        assert_eq!(
            progress.late_window(at("2026-03-01T00:59:00Z"), RULES),
            None
        );
        let late = progress
            .late_window(at("2026-03-01T01:00:00Z"), RULES)
            .unwrap();
        assert_eq!(late.start, at("2026-02-27T00:00:00Z"));
        let progress = progress.after(late);
        assert_eq!(
            progress.late_window(at("2026-03-01T01:30:00Z"), RULES),
            None
        );

        assert_eq!(
            progress.reconcile_window(at("2026-03-01T23:00:00Z"), RULES),
            None
        );
        let all = progress
            .reconcile_window(at("2026-03-02T00:00:00Z"), RULES)
            .unwrap();
        assert_eq!((all.start, all.end), (ORIGIN, at("2026-03-02T00:00:00Z")));
        assert_eq!(progress.after(all).watermark, progress.watermark);
    }
}
