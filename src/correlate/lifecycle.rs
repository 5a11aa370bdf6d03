//! When an incident that was over is the same one again, and what has happened to it.

use jiff::SignedDuration;

use crate::domain::{Incident, IncidentState, IncidentTurn, Timestamp, Turn};

/// How long an incident that is over can come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifecycle {
    /// If its problem is back within this time, it is reopened; after that there is a new incident.
    pub(super) reopen_within: SignedDuration,
    /// If its problem is back within this time, it never was over: a check that passes and fails by
    /// turns is one incident, and nobody hears of each turn.
    pub(super) damping: SignedDuration,
}

impl Lifecycle {
    /// What holds for incidents whose route the configuration no longer has.
    pub(super) const USUAL: Self = Self {
        reopen_within: SignedDuration::from_hours(7 * 24),
        damping: SignedDuration::from_mins(15),
    };

    /// Whether an incident has been over for so long that nothing about it changes any more.
    pub(super) fn is_final(self, incident: &Incident, now: Timestamp) -> bool {
        let longest = self.reopen_within.max(self.damping);
        incident
            .over_since
            .is_some_and(|since| now.duration_since(since) > longest)
    }

    /// Says what has happened to an incident since it was `before`, and notes in it since when it is
    /// over, and that who had taken on the one before it was reopened has not taken it on again.
    pub(super) fn follow(
        self,
        before: &Incident,
        incident: &mut Incident,
        now: Timestamp,
    ) -> Vec<IncidentTurn> {
        let (was_active, is_active) = (before.state.is_active(), incident.state.is_active());
        let mut turns = Vec::new();
        if is_active {
            if let Some(since) = incident.over_since.take() {
                if now.duration_since(since) <= self.damping {
                    turns.push(Turn::Flapped);
                } else {
                    turns.push(Turn::Reopened);
                    incident.acknowledged = None;
                    incident.state = IncidentState::Open;
                }
            }
        } else {
            incident.over_since = incident.over_since.or(Some(now));
            if incident.state != before.state {
                turns.push(if incident.state == IncidentState::Suppressed {
                    Turn::Suppressed
                } else {
                    Turn::Resolved
                });
            }
        }
        // How bad an incident was when it was over is no measure of how bad it is now.
        if was_active && is_active {
            if incident.severity > before.severity {
                turns.push(Turn::Raised);
            } else if incident.severity < before.severity {
                turns.push(Turn::Lowered);
            }
        }
        let turn = |turn| IncidentTurn {
            turn,
            at: now,
            severity: incident.severity,
            by: None,
            note: None,
        };
        turns.into_iter().map(turn).collect()
    }
}
