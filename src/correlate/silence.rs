//! Issues that nobody is to be told of for a while.

use crate::domain::{Severity, Timestamp, settings::Problem};

use super::{
    matcher::{Matcher, Subject},
    matching::{MatchSettings, SeveritySettings, matcher},
};

/// A silence, ready to be asked.
#[derive(Debug, Clone)]
pub struct Hush {
    matcher: Matcher,
    until: Timestamp,
}

impl Hush {
    /// A silence over the issues that all given keys allow, of any severity unless one is given.
    ///
    /// # Errors
    /// Everything that is wrong with the keys; and that none is given, since a silence over
    /// everything is a daemon that tells nobody.
    pub fn new(matching: MatchSettings, until: Timestamp) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        if matching.is_empty() {
            problems.push(Problem::new("", "give at least one key to match"));
        }
        let any = SeveritySettings::One(format!(">={}", Severity::Informational.as_str()));
        let matching = MatchSettings {
            severity: matching.severity.or(Some(any)),
            ..matching
        };
        let matcher = matcher(&matching, &mut problems);
        if problems.is_empty() {
            Ok(Self { matcher, until })
        } else {
            Err(problems)
        }
    }

    /// Whether it is over such an issue.
    #[must_use]
    pub fn covers(&self, issue: Subject<'_>) -> bool {
        self.matcher.selects(issue)
    }

    /// Whether it asks what is known of an issue beside what makes it one.
    #[must_use]
    pub fn asks_about(&self) -> bool {
        self.matcher.asks_about()
    }
}

/// Until when nobody is to be told of such an issue; `None` where no silence is over it.
pub(super) fn silenced_until(hushes: &[Hush], issue: Subject<'_>) -> Option<Timestamp> {
    let over = hushes.iter().filter(|hush| hush.covers(issue));
    over.map(|hush| hush.until).max()
}
