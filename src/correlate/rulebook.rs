//! The routes, and the three questions that are asked of them.

use crate::domain::{
    Digest, Timestamp,
    decision::{Assessment, Decision, Known, TouchedIssue},
};

use super::{Hush, Route, assess, decide, route};

/// The routes of a configuration, in its order, which is the order in which they are asked. Names of routes must differ: incidents belong to a route by its
/// name.
#[derive(Debug, Clone)]
pub struct Rulebook {
    routes: Vec<Route>,
}

impl Rulebook {
    /// A rulebook of these routes.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Self {
        Self { routes }
    }

    /// A fingerprint of everything that it decides by. Another one means that what was decided
    /// before may have to be decided anew; nothing else is read into it.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&[&format!("{:?}", self.routes)])
    }

    /// Its routes, in the order of the configuration.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What a touched issue's findings add up to, and whether people want to hear of it. The same for every rulebook today; asked here
    /// because correlation rules, which raise a severity, are the operator's to switch.
    #[must_use]
    pub fn assess(&self, touched: &TouchedIssue, hushes: &[Hush]) -> Assessment {
        assess::assess(touched, hushes)
    }

    /// The groups that an issue would join: one for each route that has it.
    /// [`Rulebook::decide`] has to know the incidents of these groups, and those that the issue
    /// belongs to already.
    #[must_use]
    pub fn groups(&self, issue: &Assessment) -> Vec<Digest> {
        let having = route::having(&self.routes, issue).into_iter();
        having.map(|route| route.group(issue)).collect()
    }

    /// What has become true of incidents, and who must hear of it.
    ///
    /// How the touched issues are ordered, and into how many calls they are split, changes neither
    /// the incidents in the end nor what is owed, as long as each call knows what the earlier ones
    /// decided. Only the words of an incident that every issue has left are those of its last
    /// issue. Deciding again what was decided before decides nothing.
    #[must_use]
    pub fn decide(&self, known: &Known, now: Timestamp) -> Decision {
        decide::decide(&self.routes, known, now)
    }
}
