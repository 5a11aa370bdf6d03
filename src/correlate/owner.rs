//! Who an incident belongs to, by the tags of its resource and its account.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::{Tags, settings::Problem};

/// The most tags that may be named.
const TAGS_MAX: usize = 20;
/// The longest key that AWS allows for a tag (tagging best practices, "Tag naming limits").
const KEY_MAX: usize = 128;

/// `[owner]`, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnerSettings {
    /// Keys of tags that name an owner, the one that counts most first; letters must agree in case. None
    /// by default.
    pub tags: Vec<String>,
}

/// The keys of tags that name an owner, the one that counts most first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerTags(Vec<String>);

impl OwnerSettings {
    /// The keys.
    ///
    /// # Errors
    /// Keys that no tag has, and too many of them.
    pub fn validate(self) -> Result<OwnerTags, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (number, key) in (1..).zip(&self.tags) {
            let wrong = if key.trim().is_empty() {
                "is empty"
            } else if key.chars().count() > KEY_MAX {
                "is longer than the key of a tag can be"
            } else if !seen.insert(key) {
                "repeats an earlier entry"
            } else {
                continue;
            };
            problems.push(Problem::new("tags", format!("entry {number} {wrong}")));
        }
        if self.tags.len() > TAGS_MAX {
            problems.push(Problem::new("tags", format!("names more than {TAGS_MAX}")));
        }
        if problems.is_empty() {
            Ok(OwnerTags(self.tags))
        } else {
            Err(problems)
        }
    }
}

impl OwnerTags {
    /// Whether no tag names an owner, so that nobody need know any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The owner of what has these tags: the value of the first key that the resource has, else that the
    /// account has. A blank value names nobody. Text from outside.
    #[must_use]
    pub fn owner<'t>(&self, resource: &'t Tags, account: &'t Tags) -> Option<&'t str> {
        let named = |tags: &'t Tags| {
            let values = self.0.iter().filter_map(|key| tags.get(key));
            values.map(|value| value.trim()).find(|v| !v.is_empty())
        };
        named(resource).or_else(|| named(account))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner_tags(keys: &[&str]) -> Result<OwnerTags, Vec<Problem>> {
        let tags = keys.iter().map(|key| (*key).to_owned()).collect();
        OwnerSettings { tags }.validate()
    }

    #[test]
    fn the_first_tag_of_the_resource_names_the_owner_and_else_the_first_of_the_account() {
        type Pairs<'a> = &'a [(&'a str, &'a str)];
        let keys = owner_tags(&["Owner", "team"]).unwrap();
        let tags = |pairs: &[(&str, &str)]| -> Tags {
            let owned = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            owned.collect()
        };
        let account: Pairs<'_> = &[("Owner", "it"), ("team", "platform")];
        let table: [(Pairs<'_>, Pairs<'_>, Option<&str>); 8] = [
            (&[("team", "a"), ("Owner", "b")], account, Some("b")),
            (&[("team", "a")], account, Some("a")),
            (&[("owner", "a")], account, Some("it")),
            (&[("Owner", " "), ("team", " a ")], account, Some("a")),
            (&[("Owner", "")], account, Some("it")),
            (&[], &[("team", "platform")], Some("platform")),
            (&[], &[("owner", "x")], None),
            (&[], &[], None),
        ];
        for (resource, account, expected) in table {
            let (resource, account) = (tags(resource), tags(account));
            let owner = keys.owner(&resource, &account);
            assert_eq!(owner, expected, "{resource:?} {account:?}");
        }
        assert_eq!(OwnerTags::default().owner(&tags(account), &tags(&[])), None);
    }

    #[test]
    fn what_cannot_be_the_key_of_a_tag_is_an_error() {
        assert_eq!(owner_tags(&[]), Ok(OwnerTags::default()));
        assert_eq!(
            owner_tags(&["a", " ", "a", &"k".repeat(129)])
                .unwrap_err()
                .len(),
            3
        );
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(owner_tags(&many).unwrap_err().len(), 1);
    }
}
