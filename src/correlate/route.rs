//! A route: which issues become incidents, and who hears of them.

use crate::domain::{Digest, Timestamp, decision::Assessment};

use super::{
    group::{GroupBy, Place},
    lifecycle::Lifecycle,
    matcher::{Matcher, Subject},
    mute::{self, Mute},
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
    pub(super) continues: bool,
    pub(super) mutes: Vec<Mute>,
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

    /// Whether later routes are asked, too, of the issues that it selects.
    #[must_use]
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// When the mute time ends that it is in, or the last of those that follow one another; `None`
    /// if it is in none. Never farther away than about two weeks.
    #[must_use]
    pub fn muted_until(&self, now: Timestamp) -> Option<Timestamp> {
        mute::muted_until(&self.mutes, now)
    }

    /// The keys of its `match` that do not allow an issue; none if it selects it.
    #[must_use]
    pub fn refusing(&self, issue: Subject<'_>) -> Vec<&'static str> {
        self.matcher.refusing(issue)
    }

    /// The units and roots that its `match` names: it asks whether accounts are below one of them.
    #[must_use]
    pub fn units(&self) -> &[String] {
        &self.matcher.ous
    }

    /// Whether its `match` asks for tags of accounts.
    #[must_use]
    pub fn asks_tags(&self) -> bool {
        !self.matcher.tags.is_empty()
    }

    /// Whether its `match` allows an issue. An earlier route may have it all the same.
    pub(super) fn selects(&self, issue: &Assessment) -> bool {
        self.matcher.selects(Subject::of(issue))
    }

    /// Whether its `match` would allow an issue if it were as bad as it takes.
    pub(super) fn selects_but_for_severity(&self, issue: &Assessment) -> bool {
        self.matcher.selects_but_for_severity(Subject::of(issue))
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

/// The routes that have an issue: the first that selects it, and those after it for as long as each
/// says `continue`.
pub(super) fn having<'r>(routes: &'r [Route], issue: &Assessment) -> Vec<&'r Route> {
    let mut having = Vec::new();
    for route in routes.iter().filter(|route| route.selects(issue)) {
        having.push(route);
        if !route.continues {
            break;
        }
    }
    having
}
