//! What a poll of a scope has to read.

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::{BegunWindow, SyncProgress, window::WindowKind, window::WindowRules},
    store::ScopeProgress,
};

/// What one poll reads, the most urgent first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// How far the scope is recorded.
    pub(super) progress: SyncProgress,
    /// What is new.
    pub(super) tail: Option<BegunWindow>,
    /// Whether findings behind open incidents are to be asked for by id.
    pub(super) watch: bool,
    /// The windows of the slower clocks, in order: late deliveries, and one of history or comparison.
    pub(super) others: Vec<BegunWindow>,
}

/// Plans a poll. A window that was begun keeps its bounds.
pub(super) fn plan(known: &ScopeProgress, now: Timestamp, rules: WindowRules) -> Plan {
    let progress = known
        .progress
        .unwrap_or_else(|| SyncProgress::first_contact(now));
    let begun = |kind| {
        let mut all = known.begun.iter().copied();
        all.find(|begun| begun.window.kind == kind)
    };
    let tail = begun(WindowKind::Tail).or_else(|| {
        let due = progress.is_tail_due(now, rules);
        due.then(|| BegunWindow::at_start(progress.tail_window(now, rules)))
    });
    let late = begun(WindowKind::Late)
        .or_else(|| progress.late_window(now, rules).map(BegunWindow::at_start));
    let whole = begun(WindowKind::Backfill)
        .or_else(|| progress.backfill_window(rules).map(BegunWindow::at_start))
        .or_else(|| begun(WindowKind::Reconcile))
        .or_else(|| {
            let everything = if sight_is_newer(known, &progress) {
                progress.everything(now)
            } else {
                progress.reconcile_window(now, rules)
            };
            everything.map(BegunWindow::at_start)
        });
    let watched = known.watched_at.unwrap_or(progress.first_contact);
    let watch_is_due = known.watch_goes_on || elapsed(watched, now) >= rules.watch_every;
    Plan {
        progress,
        tail,
        watch: progress.is_backfilled() && watch_is_due,
        others: late.into_iter().chain(whole).collect(),
    }
}

/// Whether a wide vantage shows scopes whose history it has not read yet: a comparison does.
fn sight_is_newer(known: &ScopeProgress, progress: &SyncProgress) -> bool {
    let changed_at = known.sight_changed_at;
    changed_at.is_some_and(|at| at > progress.reconciled_at)
}

fn elapsed(since: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::window::ORIGIN;

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

    fn known(progress: Option<SyncProgress>, begun: Vec<BegunWindow>) -> ScopeProgress {
        ScopeProgress {
            progress,
            begun,
            watched_at: None,
            watch_goes_on: false,
            suspects: 0,
            sight_changed_at: None,
        }
    }

    fn kinds(plan: &Plan) -> Vec<WindowKind> {
        let windows = plan.tail.iter().chain(&plan.others);
        windows.map(|begun| begun.window.kind).collect()
    }

    #[test]
    fn first_contact_reads_history_up_to_now() {
        let now = at("2026-05-01T00:00:00Z");
        let plan = plan(&known(None, vec![]), now, RULES);
        assert_eq!(kinds(&plan), [WindowKind::Backfill]);
        assert_eq!(plan.others[0].window.end, now);
        assert!(!plan.watch);
    }

    #[test]
    fn history_does_not_starve_the_tail() {
        let progress = SyncProgress::first_contact(at("2026-05-01T00:00:00Z"));
        let plan = plan(
            &known(Some(progress), vec![]),
            at("2026-05-01T00:01:00Z"),
            RULES,
        );
        assert_eq!(kinds(&plan), [WindowKind::Tail, WindowKind::Backfill]);
    }

    #[test]
    fn a_window_that_was_begun_keeps_its_bounds_after_a_restart() {
        let progress = SyncProgress::first_contact(at("2026-05-01T00:00:00Z"));
        let mut begun = BegunWindow::at_start(progress.backfill_window(RULES).unwrap());
        begun.from = at("2026-04-01T00:00:00Z");
        let plan = plan(
            &known(Some(progress), vec![begun]),
            at("2026-05-02T00:00:00Z"),
            RULES,
        );
        assert!(plan.others.contains(&begun));
    }

    #[test]
    fn what_came_into_sight_is_read_with_a_comparison_at_once() {
        let begin = at("2026-05-01T00:00:00Z");
        let read = SyncProgress {
            history_from: ORIGIN,
            ..SyncProgress::first_contact(begin)
        };
        let came = |progress, came| {
            let known = ScopeProgress {
                sight_changed_at: Some(at(came)),
                ..known(Some(progress), vec![])
            };
            let plan = plan(&known, at("2026-05-01T00:10:00Z"), RULES);
            kinds(&plan).contains(&WindowKind::Reconcile)
        };
        assert!(came(read, "2026-05-01T00:09:00Z"));
        assert!(!came(read, "2026-05-01T00:00:00Z"), "seen from the start");
        let unread = SyncProgress::first_contact(begin);
        assert!(!came(unread, "2026-05-01T00:09:00Z"), "history comes first");
    }

    #[test]
    fn a_round_of_the_watch_goes_on_until_all_were_asked_for() {
        let now = at("2026-05-01T00:01:00Z");
        let progress = SyncProgress {
            history_from: ORIGIN,
            ..SyncProgress::first_contact(at("2026-04-01T00:00:00Z"))
        };
        for watch_goes_on in [false, true] {
            let known = ScopeProgress {
                watched_at: Some(at("2026-05-01T00:00:59Z")),
                watch_goes_on,
                ..known(Some(progress), vec![])
            };
            assert_eq!(plan(&known, now, RULES).watch, watch_goes_on);
        }
    }

    #[test]
    fn a_day_later_every_clock_ticks_in_the_order_of_urgency() {
        let progress = SyncProgress {
            history_from: ORIGIN,
            ..SyncProgress::first_contact(at("2026-05-01T00:00:00Z"))
        };
        let plan = plan(
            &known(Some(progress), vec![]),
            at("2026-05-02T00:00:00Z"),
            RULES,
        );
        let order = [WindowKind::Tail, WindowKind::Late, WindowKind::Reconcile];
        assert_eq!(kinds(&plan), order);
        assert!(plan.watch);
    }
}
