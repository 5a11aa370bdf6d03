//! What a rulebook would make of what is stored, as counts.

mod outcome;

use std::collections::{BTreeMap, HashMap};

use crate::domain::{
    Digest, Incident, IncidentId, IssueStatus, Severity, Timestamp, decision::Assessment,
};

use super::{FirstSync, Route, Rulebook, decide::lifecycle, route};

pub use outcome::{Counts, Differing, Outcome};

/// Counts what a rulebook would make of incidents and issues that go by: first every incident, in the
/// order of their numbers, and then every issue. Keeps a sketch of about a hundred bytes for each
/// incident, and nothing of an issue. Says what [`Rulebook::decide`] would do if every issue were
/// touched.
#[derive(Debug)]
pub struct Preview<'r> {
    rulebook: &'r Rulebook,
    now: Timestamp,
    outcome: Outcome,
    sketches: HashMap<Digest, Sketch>,
}

/// An incident that is or would be.
#[derive(Debug, Default)]
struct Sketch {
    /// The place of its route; `None` where there is no such route.
    route: Option<usize>,
    open: u32,
    over: u32,
    /// Its worst issue, with the severity; an open one if there is any.
    worst: Option<(Severity, i64)>,
    /// Whether an open issue is news that no silence is over.
    is_news: bool,
    /// Whether an issue that is over was news.
    was_news: bool,
    stored: Option<Stored>,
}

/// What the store has of a group: its last incident.
#[derive(Debug)]
struct Stored {
    id: IncidentId,
    severity: Severity,
    is_active: bool,
    /// Whether it has been over for so long that the next one is a new one.
    is_final: bool,
    told: bool,
}

impl<'r> Preview<'r> {
    /// A preview of what a rulebook would decide at a time.
    #[must_use]
    pub fn new(rulebook: &'r Rulebook, now: Timestamp) -> Self {
        Self {
            rulebook,
            now,
            outcome: Outcome {
                routes: vec![BTreeMap::new(); rulebook.routes().len()],
                ..Outcome::default()
            },
            sketches: HashMap::new(),
        }
    }

    /// Takes an incident as it is.
    pub fn incident(&mut self, incident: &Incident) {
        let Some(id) = incident.id else {
            return;
        };
        let routes = self.rulebook.routes();
        let place = routes.iter().position(|r| r.name() == incident.route);
        let lifecycle = lifecycle(place.and_then(|place| routes.get(place)));
        let sketch = self.sketches.entry(incident.group).or_default();
        sketch.route = place;
        sketch.stored = Some(Stored {
            id,
            severity: incident.severity,
            is_active: incident.state.is_active(),
            is_final: lifecycle.is_final(incident, self.now),
            told: incident.told,
        });
    }

    /// Takes an issue as the rulebook assesses it.
    pub fn issue(&mut self, issue: &Assessment) {
        self.outcome.issues += 1;
        let routes = self.rulebook.routes();
        let having = route::having(routes, issue);
        let has = |route: &Route| having.iter().any(|having| having.name() == route.name());
        if issue.status == IssueStatus::Open {
            self.outcome.open_issues += 1;
            if having.is_empty() {
                *self.outcome.unrouted.entry(issue.severity).or_default() += 1;
            }
        }
        for (place, route) in routes.iter().enumerate() {
            if issue.status != IssueStatus::Open {
                self.over(place, route, issue, has(route));
            } else if has(route) {
                let sketch = self.sketches.entry(route.group(issue)).or_default();
                sketch.open(place, route, issue, self.now);
                if let Some(counts) = self.outcome.routes.get_mut(place) {
                    counts.entry(issue.severity).or_default().issues += 1;
                }
            }
        }
    }

    /// Takes an issue that is over. What was so before hubwatch came has never opened an incident; of
    /// what came later, severity says whether it would have. It says nothing once a check has passed,
    /// which is informational; then an incident that the store has of the same group does.
    fn over(&mut self, place: usize, route: &Route, issue: &Assessment, has: bool) {
        if has && !issue.history {
            let sketch = self.sketches.entry(route.group(issue)).or_default();
            sketch.over(place, issue, true);
        } else if route.selects_but_for_severity(issue)
            && let Some(sketch) = self.sketches.get_mut(&route.group(issue))
            && sketch
                .stored
                .as_ref()
                .is_some_and(|stored| !stored.is_active)
        {
            sketch.over(place, issue, false);
        }
    }

    /// What all that went by comes to.
    #[must_use]
    pub fn outcome(mut self) -> Outcome {
        for sketch in self.sketches.values() {
            let route = sketch.route.and_then(|at| self.rulebook.routes().get(at));
            let is_muted = route.is_some_and(|route| route.muted_until(self.now).is_some());
            sketch.count(&mut self.outcome, is_muted);
        }
        self.outcome.opened.tidy();
        self.outcome.ended.tidy();
        self.outcome
    }
}

impl Sketch {
    fn open(&mut self, place: usize, route: &Route, issue: &Assessment, now: Timestamp) {
        if self.open == 0 {
            self.worst = None;
        }
        self.route = Some(place);
        self.open += 1;
        self.worse(issue);
        self.is_news |=
            is_news(route, issue) && issue.silenced_until.is_none_or(|until| until <= now);
    }

    fn over(&mut self, place: usize, issue: &Assessment, was_news: bool) {
        self.route = Some(place);
        self.over += 1;
        if self.open == 0 {
            self.worse(issue);
        }
        self.was_news |= was_news;
    }

    fn worse(&mut self, issue: &Assessment) {
        if self.worst.is_none_or(|(worst, _)| issue.severity > worst) {
            self.worst = Some((issue.severity, issue.id));
        }
    }

    fn count(&self, outcome: &mut Outcome, is_muted: bool) {
        let is_active = self.stored.as_ref().is_some_and(|stored| stored.is_active);
        if self.open == 0 && is_active {
            self.count_ended(outcome);
        }
        let Some((severity, issue)) = self.worst else {
            return;
        };
        let Some(by_severity) = self.route.and_then(|at| outcome.routes.get_mut(at)) else {
            return;
        };
        let counts = by_severity.entry(severity).or_default();
        let live = self.stored.as_ref().filter(|stored| !stored.is_final);
        let was_told = live.is_some_and(|stored| stored.told);
        if self.open == 0 {
            counts.over += 1;
        } else {
            counts.open += 1;
            if self.is_news && !was_told {
                *(if is_muted {
                    &mut counts.held
                } else {
                    &mut counts.owed
                }) += 1;
            }
            match live {
                Some(stored) if stored.is_active => outcome.kept += 1,
                Some(_) => outcome.reopened += 1,
                None => outcome.opened.note(severity, issue),
            }
        }
        // One that would be over for want of issues would never have been opened.
        let stored = self.stored.as_ref();
        let ever_told =
            stored.is_some_and(|stored| stored.told && (self.open > 0 || !stored.is_active));
        if ever_told || self.is_news || self.was_news {
            counts.told += 1;
        } else {
            counts.untold += 1;
        }
    }

    fn count_ended(&self, outcome: &mut Outcome) {
        let Some(stored) = &self.stored else {
            return;
        };
        if self.route.is_some() {
            outcome.ended.note(stored.severity, stored.id);
        } else {
            outcome.left_behind += 1;
        }
    }
}

/// Whether people want to hear of an issue as far as its age goes.
fn is_news(route: &Route, issue: &Assessment) -> bool {
    !issue.history || route.first_sync() == FirstSync::Notify
}

#[cfg(test)]
mod tests;
