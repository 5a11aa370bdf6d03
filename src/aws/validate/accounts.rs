//! `[accounts]`: where accounts come from, and which of them are followed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Problems, check_region_names};
use crate::{
    aws::{
        config::AccountSource,
        selection::{Named, Selection, WantedTags},
        settings::{AccountSelection, AccountsSection, ListedAccount, TagValues},
    },
    domain::{Account, AccountId, Learned, ids::is_unit},
};

const SOURCES: &str = "must be \"organization\", \"hub-members\" or \"list\"";

pub(super) fn check_accounts(accounts: &AccountsSection, found: &mut Problems) -> AccountSource {
    match accounts.discover.as_deref() {
        None | Some("organization") => {
            refuse_list(accounts, found);
            AccountSource::Organization
        }
        Some("hub-members") => {
            refuse_list(accounts, found);
            AccountSource::HubMembers
        }
        Some("list") => {
            if accounts.list.is_empty() {
                found.add(
                    "accounts.list",
                    "must name an account when accounts.discover is \"list\"",
                );
            }
            let mut seen = BTreeSet::new();
            let mut listed = Vec::with_capacity(accounts.list.len());
            for (at, account) in accounts.list.iter().enumerate() {
                listed.push(check_listed(at, account, &mut seen, found));
            }
            AccountSource::List(listed)
        }
        Some(_) => {
            found.add("accounts.discover", SOURCES);
            AccountSource::Organization
        }
    }
}

fn refuse_list(accounts: &AccountsSection, found: &mut Problems) {
    if !accounts.list.is_empty() {
        found.add(
            "accounts.list",
            "only read when accounts.discover is \"list\"",
        );
    }
}

/// Units and tags are what the organization says of accounts, so it must be asked for them.
pub(super) fn check_selection(
    accounts: &AccountsSection,
    source: &AccountSource,
    found: &mut Problems,
) -> Selection {
    let mut check = |key: &str, typed: &AccountSelection| {
        let named = check_named(key, typed, found);
        if *source != AccountSource::Organization {
            for (what, is_empty) in [
                ("ous", named.ous.is_empty()),
                ("tags", named.tags.is_empty()),
            ] {
                if !is_empty {
                    let key = format!("{key}.{what}");
                    found.add(key, "only known when accounts.discover is \"organization\"");
                }
            }
        }
        named
    };
    Selection {
        include: check("accounts.include", &accounts.include),
        exclude: check("accounts.exclude", &accounts.exclude),
    }
}

fn check_named(key: &str, typed: &AccountSelection, found: &mut Problems) -> Named {
    let mut named = Named::default();
    for (at, id) in typed.ids.iter().enumerate() {
        let id = AccountId::new(id.as_str());
        if !id.is_well_formed() {
            found.add(
                format!("{key}.ids[{at}]"),
                "must be twelve digits, in quotes",
            );
        }
        named.ids.insert(id);
    }
    for (at, ou) in typed.ous.iter().enumerate() {
        if !is_unit(ou) {
            found.add(
                format!("{key}.ous[{at}]"),
                "not the id of a unit or root; write one such as ou-ab12-cdefgh34",
            );
        }
        named.ous.insert(ou.clone());
    }
    named.tags = check_tags(&format!("{key}.tags"), &typed.tags, found);
    named
}

fn check_tags(key: &str, typed: &BTreeMap<String, TagValues>, found: &mut Problems) -> WantedTags {
    let mut tags = WantedTags::new();
    for (tag, values) in typed {
        let values: BTreeSet<_> = match values {
            TagValues::One(value) => [value.clone()].into(),
            TagValues::Many(values) => values.iter().cloned().collect(),
        };
        if tag.is_empty() || values.is_empty() {
            found.add(key, "each tag needs a key and a value, or a list of values");
        }
        tags.insert(tag.clone(), values);
    }
    tags
}

fn check_listed(
    at: usize,
    listed: &ListedAccount,
    seen: &mut BTreeSet<AccountId>,
    found: &mut Problems,
) -> Account {
    let id = AccountId::new(listed.id.as_str());
    let key = format!("accounts.list[{at}]");
    if !id.is_well_formed() {
        found.add(format!("{key}.id"), "must be twelve digits, in quotes");
    } else if !seen.insert(id.clone()) {
        found.add(format!("{key}.id"), "the account is listed twice");
    }
    let regions = listed
        .regions
        .as_ref()
        .map(|regions| check_region_names(&format!("{key}.regions"), regions, found));
    Account {
        name: listed.name.clone().unwrap_or_else(|| listed.id.clone()),
        id,
        active: true,
        regions,
        learned: Learned {
            ous: None,
            tags: Some(listed.tags.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_tags_need_an_organization() {
        for discover in ["hub-members", "list"] {
            let accounts = AccountsSection {
                discover: Some(discover.to_owned()),
                list: if discover == "list" {
                    vec![ListedAccount {
                        id: "111122223333".to_owned(),
                        ..ListedAccount::default()
                    }]
                } else {
                    Vec::new()
                },
                include: AccountSelection {
                    ids: vec!["111122223333".to_owned()],
                    ous: vec!["r-ab12".to_owned()],
                    ..AccountSelection::default()
                },
                exclude: AccountSelection {
                    tags: [("env".to_owned(), TagValues::One("dev".to_owned()))].into(),
                    ..AccountSelection::default()
                },
                refresh: None,
            };
            let mut found = Problems::default();
            let source = check_accounts(&accounts, &mut found);
            check_selection(&accounts, &source, &mut found);
            let keys: Vec<_> = found.0.iter().map(|p| p.key.as_str()).collect();
            assert_eq!(keys, ["accounts.include.ous", "accounts.exclude.tags"]);
        }
    }
}
