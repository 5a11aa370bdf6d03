//! What a preview comes to.

use std::collections::BTreeMap;

use crate::domain::{IncidentId, Severity};

/// How many examples are kept of each difference.
pub(super) const EXAMPLES: usize = 10;
/// How many are gathered before the best of them are chosen.
const GATHERED: usize = 100;

/// What would be, by severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Issues that were looked at.
    pub issues: u64,
    /// Those of them that are open.
    pub open_issues: u64,
    /// Open issues that no route has.
    pub unrouted: BTreeMap<Severity, u64>,
    /// What each route has, in the order of the routes.
    pub routes: Vec<BTreeMap<Severity, Counts>>,
    /// Incidents that are not over, and would not be.
    pub kept: u64,
    /// Incidents that would be opened, and examples of them: an issue of each, the worst first.
    pub opened: Differing<i64>,
    /// Incidents that are over, and would be open again, because of what waits to be decided.
    pub reopened: u64,
    /// Incidents that are not over, and would be, because their route has none of their open issues
    /// any more, or because of what waits to be decided.
    pub ended: Differing<IncidentId>,
    /// Incidents that are not over and whose route there would not be: they would follow their issues, and
    /// nobody would be told of them any more.
    pub left_behind: u64,
}

/// What a route has of one severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open issues.
    pub issues: u64,
    /// Incidents that are not over.
    pub open: u64,
    /// Incidents that are over, as far as the store still knows of them.
    pub over: u64,
    /// Incidents of both kinds of which each of its sinks was told, or would have been.
    pub told: u64,
    /// Incidents of both kinds of which nobody would have been.
    pub untold: u64,
    /// Incidents of which each of its sinks would be told at once.
    pub owed: u64,
    /// Incidents of which each would be told when the route's mute time ends.
    pub held: u64,
}

/// How many incidents differ, with some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing<T> {
    /// How many.
    pub count: u64,
    /// Some, the worst first.
    pub examples: Vec<(Severity, T)>,
}

impl<T> Default for Differing<T> {
    fn default() -> Self {
        Self {
            count: 0,
            examples: Vec::new(),
        }
    }
}

impl<T: Ord> Differing<T> {
    pub(super) fn note(&mut self, severity: Severity, example: T) {
        self.count += 1;
        self.examples.push((severity, example));
        if self.examples.len() > GATHERED {
            self.tidy();
        }
    }

    /// Leaves the worst examples; of equally bad ones the first.
    pub(super) fn tidy(&mut self) {
        self.examples
            .sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.cmp(second)));
        self.examples.truncate(EXAMPLES);
    }
}
