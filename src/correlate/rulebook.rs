//! The routes and rules, and the questions that are asked of them.

use crate::domain::{
    Digest, Timestamp,
    decision::{Assessment, Decision, Facts, Known, Neighbour, TouchedIssue},
};

use super::{
    Hush, Route, Rules, Subject, assess, decide, matcher::Matcher, route, silence::silenced_until,
};

/// The routes of a configuration, in its order, which is the order in which they are asked, and its
/// correlation rules. Names of routes must differ: incidents belong to a route by its name.
#[derive(Debug, Clone)]
pub struct Rulebook {
    routes: Vec<Route>,
    rules: Rules,
}

impl Rulebook {
    /// A rulebook of these routes, and all rules as they are built in.
    #[must_use]
    pub fn new(routes: Vec<Route>) -> Self {
        Self {
            routes,
            rules: Rules::default(),
        }
    }

    /// The same with these rules.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// A fingerprint of everything that it decides by. Another one means that what was decided
    /// before may have to be decided anew; nothing else is read into it.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&[&format!("{self:?}")])
    }

    /// Its routes, in the order of the configuration.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What a touched issue's findings add up to. Where its parts have changed, the issues near it that
    /// are anchors of rules have to be assessed again.
    #[must_use]
    pub fn facts(&self, touched: &TouchedIssue) -> Facts {
        assess::facts(touched)
    }

    /// The issue as its findings make it, raised by the rules that fire for it among its neighbours, and
    /// whether people want to hear of it. Neighbours are only asked of issues whose parts are anchors.
    #[must_use]
    pub fn assess(
        &self,
        touched: &TouchedIssue,
        neighbours: &[Neighbour],
        hushes: &[Hush],
    ) -> Assessment {
        let mut issue = assess::assess(touched);
        self.rules.weigh(&mut issue, neighbours);
        issue.silenced_until = silenced_until(hushes, Subject::of(&issue));
        issue
    }

    /// Whether routes or silences ask what is known of issues beside what makes them one. Where none does,
    /// [`TouchedIssue::about`] may be left empty.
    #[must_use]
    pub fn asks_about(&self, hushes: &[Hush]) -> bool {
        let mut matchers = self.routes.iter().map(|route| &route.matcher);
        matchers.any(Matcher::asks_about) || hushes.iter().any(Hush::asks_about)
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
