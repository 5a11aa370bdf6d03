//! Which issues a route selects.

use std::collections::BTreeSet;

use crate::domain::{AccountId, IssueIdentity, Region, Severity};

/// The word for resources that are in no Region, where Regions are listed.
pub(super) const GLOBAL: &str = "global";

/// The key of the severities that are allowed.
pub(super) const SEVERITY: &str = "match.severity";

/// A text, or the beginning of one when it was written with a `*` at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    is_prefix: bool,
}

impl Pattern {
    pub(super) fn new(written: &str) -> Self {
        let prefix = written.strip_suffix('*');
        Self {
            text: prefix.unwrap_or(written).to_owned(),
            is_prefix: prefix.is_some(),
        }
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        if self.is_prefix {
            text.starts_with(&self.text)
        } else {
            text == self.text
        }
    }

    /// Whether it matches every text that the other matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.matches(&other.text) && (self.is_prefix || !other.is_prefix)
    }
}

/// Which issues a route selects: those that every list allows. An empty list allows all, except for
/// the severities, which are never empty.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    pub(super) severities: BTreeSet<Severity>,
    pub(super) accounts: Vec<AccountId>,
    pub(super) regions: Vec<Pattern>,
    pub(super) resources: Vec<Pattern>,
    pub(super) problems: Vec<Pattern>,
}

impl Matcher {
    /// The keys that do not allow an issue; none if it is selected.
    pub(super) fn refusing(
        &self,
        identity: &IssueIdentity,
        severity: Severity,
    ) -> Vec<&'static str> {
        let keys = [
            (SEVERITY, self.severities.contains(&severity)),
            (
                "match.accounts",
                self.accounts.is_empty() || self.accounts.contains(&identity.account),
            ),
            ("match.regions", allows(&self.regions, region(identity))),
            (
                "match.resources",
                allows(&self.resources, &identity.resource_kind),
            ),
            ("match.problems", allows(&self.problems, &identity.problem)),
        ];
        let refusing = keys.into_iter().filter(|(_, allows)| !allows);
        refusing.map(|(key, _)| key).collect()
    }

    pub(super) fn selects(&self, identity: &IssueIdentity, severity: Severity) -> bool {
        self.severities.contains(&severity)
            && (self.accounts.is_empty() || self.accounts.contains(&identity.account))
            && allows(&self.regions, region(identity))
            && allows(&self.resources, &identity.resource_kind)
            && allows(&self.problems, &identity.problem)
    }
}

fn region(identity: &IssueIdentity) -> &str {
    identity.region.as_ref().map_or(GLOBAL, Region::as_str)
}

fn allows(patterns: &[Pattern], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
}
