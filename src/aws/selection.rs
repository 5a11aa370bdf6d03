//! Which accounts are followed: what `accounts.include` and `accounts.exclude` name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::domain::{Account, AccountId};

/// A tag's key, and the values of which it must have one.
pub(super) type WantedTags = BTreeMap<String, BTreeSet<String>>;
/// The tags that each account has.
pub(super) type AccountTags = HashMap<AccountId, BTreeMap<String, String>>;

/// Accounts that one of the two keys names: by id, by a unit above them, or by their tags. One of
/// the three is enough; of several tags, an account must have all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) ids: BTreeSet<AccountId>,
    pub(super) ous: BTreeSet<String>,
    pub(super) tags: WantedTags,
}

/// Which accounts are followed. What is excluded stays out, whatever includes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) include: Named,
    pub(super) exclude: Named,
}

/// What the organization says about the accounts that the selection cannot tell by their ids.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The accounts below each unit that the selection names, however deep.
    pub(super) below: HashMap<String, HashSet<AccountId>>,
    /// The tags of the accounts for which [`Selection::needs_tags`].
    pub(super) tags: AccountTags,
}

impl Named {
    fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.ous.is_empty() && self.tags.is_empty()
    }

    /// Whether it names the account by its id or its place.
    fn names_place_of(&self, account: &AccountId, facts: &Facts) -> bool {
        self.ids.contains(account)
            || self.ous.iter().any(|ou| {
                let below = facts.below.get(ou);
                below.is_some_and(|below| below.contains(account))
            })
    }

    fn names(&self, account: &AccountId, facts: &Facts) -> bool {
        self.names_place_of(account, facts) || has_all(facts.tags.get(account), &self.tags)
    }
}

impl Selection {
    /// The units whose accounts must be known, each with the key that names it.
    pub(super) fn ous(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let keys = [
            ("accounts.include.ous", &self.include),
            ("accounts.exclude.ous", &self.exclude),
        ];
        keys.into_iter()
            .flat_map(|(key, named)| named.ous.iter().map(move |ou| (key, ou.as_str())))
    }

    /// Whether the account's tags decide: only then are they worth a request.
    pub(super) fn needs_tags(&self, account: &AccountId, facts: &Facts) -> bool {
        if self.exclude.names_place_of(account, facts) {
            return false;
        }
        let to_include =
            !self.include.tags.is_empty() && !self.include.names_place_of(account, facts);
        to_include || (!self.exclude.tags.is_empty() && self.includes(account, facts))
    }

    /// Whether the account is followed.
    pub(super) fn selects(&self, account: &AccountId, facts: &Facts) -> bool {
        self.includes(account, facts) && !self.exclude.names(account, facts)
    }

    fn includes(&self, account: &AccountId, facts: &Facts) -> bool {
        self.include.is_empty() || self.include.names(account, facts)
    }

    /// The ids that are named and not there: accounts leave, so this is worth a word and no more.
    pub(super) fn absent(&self, accounts: &[Account]) -> Vec<AccountId> {
        let there: HashSet<_> = accounts.iter().map(|account| &account.id).collect();
        let named = self.include.ids.iter();
        named.filter(|id| !there.contains(id)).cloned().collect()
    }
}

fn has_all(tags: Option<&BTreeMap<String, String>>, wanted: &WantedTags) -> bool {
    let Some(tags) = tags.filter(|_| !wanted.is_empty()) else {
        return false;
    };
    wanted
        .iter()
        .all(|(key, values)| tags.get(key).is_some_and(|value| values.contains(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ids: &[&str], ous: &[&str], tags: &[(&str, &[&str])]) -> Named {
        Named {
            ids: ids.iter().map(|id| AccountId::from(*id)).collect(),
            ous: ous.iter().map(|ou| (*ou).to_owned()).collect(),
            tags: tags
                .iter()
                .map(|(key, values)| {
                    let values = values.iter().map(|v| (*v).to_owned()).collect();
                    ((*key).to_owned(), values)
                })
                .collect(),
        }
    }

    /// Account 1 is in `ou-a`; 2 is in `ou-b`; 3 is in neither. 1 and 3 are tagged.
    fn facts() -> Facts {
        let below = |ou: &str, id: &str| (ou.to_owned(), HashSet::from([AccountId::from(id)]));
        let tags = |id: &str, tags: &[(&str, &str)]| {
            let tags = tags
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            (AccountId::from(id), tags)
        };
        Facts {
            below: [below("ou-a", "1"), below("ou-b", "2")].into(),
            tags: [
                tags("1", &[("env", "prod"), ("team", "x")]),
                tags("3", &[("env", "dev"), ("team", "x")]),
            ]
            .into(),
        }
    }

    #[test]
    fn accounts_are_named_by_id_unit_or_all_of_their_tags_and_exclusion_wins() {
        let nothing = || named(&[], &[], &[]);
        let table = [
            (nothing(), nothing(), "123"),
            (named(&["1"], &["ou-b"], &[]), nothing(), "12"),
            (named(&["1", "2"], &[], &[]), named(&["2"], &[], &[]), "1"),
            (nothing(), named(&[], &["ou-a"], &[]), "23"),
            (
                named(&[], &[], &[("env", &["prod", "dev"])]),
                nothing(),
                "13",
            ),
            (
                named(&[], &[], &[("env", &["dev"]), ("team", &["x"])]),
                nothing(),
                "3",
            ),
            (
                named(&[], &[], &[("env", &["dev"]), ("team", &["y"])]),
                nothing(),
                "",
            ),
            (nothing(), named(&[], &[], &[("team", &["x"])]), "2"),
            (
                named(&["3"], &["ou-a"], &[]),
                named(&[], &[], &[("env", &["dev"])]),
                "1",
            ),
        ];
        for (include, exclude, expected) in table {
            let selection = Selection { include, exclude };
            let selected: String = ["1", "2", "3"]
                .into_iter()
                .filter(|id| selection.selects(&AccountId::from(*id), &facts()))
                .collect();
            assert_eq!(selected, expected, "{selection:?}");
        }
    }

    #[test]
    fn tags_are_asked_only_where_they_decide() {
        let facts = facts();
        let needs = |include: Named, exclude: Named| -> String {
            let selection = Selection { include, exclude };
            ["1", "2", "3"]
                .into_iter()
                .filter(|id| selection.needs_tags(&AccountId::from(*id), &facts))
                .collect()
        };
        let tag = || named(&[], &["ou-a"], &[("env", &["prod"])]);
        assert_eq!(
            needs(named(&["1"], &[], &[]), named(&["2"], &["ou-a"], &[])),
            ""
        );
        assert_eq!(needs(tag(), named(&["2"], &[], &[])), "3");
        assert_eq!(needs(named(&["1"], &[], &[]), tag()), "");
        assert_eq!(needs(named(&["2"], &[], &[]), tag()), "2");
        assert_eq!(needs(named(&[], &[], &[]), tag()), "23");
    }
}
