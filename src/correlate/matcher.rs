//! Which issues a route selects.

use std::{collections::BTreeSet, sync::Arc};

use crate::domain::{
    About, AccountId, IssueIdentity, Region, Severity, Tags, decision::Assessment,
};

/// The word for resources that are in no Region, where Regions are listed.
pub(super) const GLOBAL: &str = "global";

/// The key of the severities that are allowed.
const SEVERITY: &str = "match.severity";
/// The key of the least score that is.
const SCORE: &str = "match.score";

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

/// Values of one tag: it must be there, and have one of them; any where none is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TagPattern {
    pub(super) key: String,
    pub(super) values: Vec<Pattern>,
}

impl TagPattern {
    fn matches(&self, tags: &Tags) -> bool {
        let value = tags.get(&self.key);
        value.is_some_and(|value| allows(&self.values, value))
    }

    /// Whether it matches all tags that the other matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.key == other.key && covers(&self.values, &other.values)
    }
}

/// What a matcher looks at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What makes it an issue.
    pub identity: &'a IssueIdentity,
    /// How bad it is.
    pub severity: Severity,
    /// How bad, from 0 to 100.
    pub score: u8,
    /// What else is known of it.
    pub about: &'a About,
}

impl<'a> Subject<'a> {
    /// An issue, as it was assessed.
    #[must_use]
    pub fn of(issue: &'a Assessment) -> Self {
        Self {
            identity: &issue.identity,
            severity: issue.severity,
            score: issue.score.value(),
            about: &issue.about,
        }
    }
}

/// Which issues a route selects: those that every key allows. An empty list allows all, except for
/// the severities, which are never empty.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    pub(super) severities: BTreeSet<Severity>,
    /// The least score.
    pub(super) score: u8,
    pub(super) accounts: Vec<AccountId>,
    pub(super) ous: Vec<String>,
    /// Of the account; each must match.
    pub(super) tags: Vec<TagPattern>,
    pub(super) regions: Vec<Pattern>,
    /// Lower case, as are the names that they are held against.
    pub(super) products: Vec<Pattern>,
    pub(super) types: Vec<Pattern>,
    pub(super) resources: Vec<Pattern>,
    /// Each must match.
    pub(super) resource_tags: Vec<TagPattern>,
    pub(super) problems: Vec<Pattern>,
}

impl Matcher {
    /// The keys that do not allow an issue; none if it is selected.
    pub(super) fn refusing(&self, issue: Subject<'_>) -> Vec<&'static str> {
        let refusing = self.keys(issue).into_iter().filter(|(_, allows)| !allows);
        refusing.map(|(key, _)| key).collect()
    }

    pub(super) fn selects(&self, issue: Subject<'_>) -> bool {
        self.severities.contains(&issue.severity)
            && self.keys(issue).into_iter().all(|(_, allows)| allows)
    }

    /// Whether it would select an issue if that were as bad as it takes.
    pub(super) fn selects_but_for_severity(&self, issue: Subject<'_>) -> bool {
        let is_of_severity = |key| key == SEVERITY || key == SCORE;
        let mut keys = self.keys(issue).into_iter();
        keys.all(|(key, allows)| allows || is_of_severity(key))
    }

    /// Whether it looks at what is known of an issue beside what makes it one.
    pub(super) fn asks_about(&self) -> bool {
        let lists = [self.ous.len(), self.tags.len(), self.products.len()];
        lists.iter().any(|len| *len > 0) || !self.types.is_empty() || !self.resource_tags.is_empty()
    }

    /// Each key, and whether it allows the issue.
    fn keys(&self, issue: Subject<'_>) -> [(&'static str, bool); 11] {
        let Subject {
            identity, about, ..
        } = issue;
        let account = &about.account;
        let in_ou = self.ous.is_empty() || self.ous.iter().any(|ou| account.ous.contains(ou));
        [
            (SEVERITY, self.severities.contains(&issue.severity)),
            (SCORE, issue.score >= self.score),
            (
                "match.accounts",
                self.accounts.is_empty() || self.accounts.contains(&identity.account),
            ),
            ("match.ous", in_ou),
            ("match.tags", has_all(&self.tags, &account.tags)),
            ("match.regions", allows(&self.regions, region(identity))),
            (
                "match.products",
                allows_any(&self.products, &about.products, str::to_lowercase),
            ),
            (
                "match.types",
                allows_any(&self.types, &about.types, str::to_owned),
            ),
            (
                "match.resources",
                allows(&self.resources, &identity.resource_kind),
            ),
            (
                "match.resource_tags",
                has_all(&self.resource_tags, &about.resource_tags),
            ),
            ("match.problems", allows(&self.problems, &identity.problem)),
        ]
    }
}

fn region(identity: &IssueIdentity) -> &str {
    identity.region.as_ref().map_or(GLOBAL, Region::as_str)
}

fn allows(patterns: &[Pattern], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
}

/// Whether one of the texts is allowed.
fn allows_any(patterns: &[Pattern], texts: &[Arc<str>], spell: impl Fn(&str) -> String) -> bool {
    patterns.is_empty() || texts.iter().any(|text| allows(patterns, &spell(text)))
}

fn has_all(patterns: &[TagPattern], tags: &Tags) -> bool {
    patterns.iter().all(|pattern| pattern.matches(tags))
}

/// Whether every text that `narrow` allows is one that `wide` allows. An empty list allows all.
pub(super) fn covers(wide: &[Pattern], narrow: &[Pattern]) -> bool {
    let is_covered = |pattern: &Pattern| wide.iter().any(|wide| wide.covers(pattern));
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(is_covered))
}
