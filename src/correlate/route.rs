//! A route: which issues become incidents, and who hears of them.

use crate::domain::{Digest, decision::Assessment};

use super::{
    group::{GroupBy, Place},
    lifecycle::Lifecycle,
    matcher::Matcher,
};

/// What becomes of the issues that a first sync finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstSync {
    /// They are told like news.
    Notify,
    /// Nobody is told of an incident while all its open issues were there before hubwatch came.
    Silent,
}

/// Which issues become incidents, how they are grouped, and who hears of them. Made by
/// [`super::RouteSettings::validate`], so it cannot hold nonsense.
#[derive(Debug, Clone)]
pub struct Route {
    pub(super) name: String,
    pub(super) matcher: Matcher,
    pub(super) group_by: GroupBy,
    pub(super) sinks: Vec<String>,
    pub(super) first_sync: FirstSync,
    pub(super) lifecycle: Lifecycle,
}

impl Route {
    /// Its name; incidents keep it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the sinks that hear of its incidents, each once.
    #[must_use]
    pub fn sinks(&self) -> &[String] {
        &self.sinks
    }

    /// What becomes of the issues that a first sync finds.
    #[must_use]
    pub fn first_sync(&self) -> FirstSync {
        self.first_sync
    }

    /// Whether an issue is this route's business.
    pub(super) fn selects(&self, issue: &Assessment) -> bool {
        self.matcher.selects(&issue.identity, issue.severity)
    }

    /// The fingerprint of the group that an issue belongs to on this route.
    pub(super) fn group(&self, issue: &Assessment) -> Digest {
        self.group_by.digest(&self.name, issue)
    }

    /// Where an incident of this issue's group is.
    pub(super) fn place(&self, issue: &Assessment) -> Place {
        self.group_by.place(issue)
    }
}
