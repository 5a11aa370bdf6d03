//! Which issues a route selects.

use std::collections::BTreeSet;

use crate::domain::{AccountId, IssueIdentity, Region, Severity};

/// The word for resources that are in no Region, where Regions are listed.
pub(super) const GLOBAL: &str = "global";

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
    pub(super) fn selects(&self, identity: &IssueIdentity, severity: Severity) -> bool {
        let region = identity.region.as_ref().map_or(GLOBAL, Region::as_str);
        self.severities.contains(&severity)
            && (self.accounts.is_empty() || self.accounts.contains(&identity.account))
            && allows(&self.regions, region)
            && allows(&self.resources, &identity.resource_kind)
            && allows(&self.problems, &identity.problem)
    }
}

fn allows(patterns: &[Pattern], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
}
