//! `[aws.role]`: the role, and what its sessions carry.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};

use super::{Problems, duration};
use crate::{
    aws::{config::Role, settings::RoleSection},
    domain::{AccountId, Partition, settings::ReadSecret},
};

/// STS: from 15 minutes to the role's own maximum, which is at most 12 hours.
const SESSION: (Duration, Duration) = (Duration::from_mins(15), Duration::from_hours(12));
/// STS: a role that is assumed as another role.
const LONGEST_CHAINED: Duration = Duration::from_hours(1);
/// STS: the most tags of a session, and the longest key and value of one.
const MOST_TAGS: usize = 50;
const LONGEST_TAG_KEY: usize = 128;
const LONGEST_TAG_VALUE: usize = 256;

pub(super) fn check_role(
    role: &RoleSection,
    partition: &Partition,
    read_secret: ReadSecret<'_>,
    found: &mut Problems,
) -> Role {
    let name = role.name.as_deref().unwrap_or("hubwatch-read");
    if !is_role_name(name) {
        found.add(
            "aws.role.name",
            "not a role name; write the name alone, with its path if it has one, not the ARN",
        );
    }
    let session_name = role.session_name.as_deref().unwrap_or("hubwatch");
    if !(2..=64).contains(&session_name.len()) || !in_set(session_name, "+=,.@-_") {
        found.add(
            "aws.role.session_name",
            "must have 2 to 64 letters, digits or any of _+=,.@-",
        );
    }
    let external_id = check_external_id(role, read_secret, found);
    let key = "aws.role.duration";
    let duration = duration(key, role.duration.as_deref(), "1h", SESSION, found);
    if role.via.is_some() && duration > LONGEST_CHAINED && duration <= SESSION.1 {
        found.add(
            key,
            "must be at most 1h with aws.role.via: AWS ends the sessions of chained roles then",
        );
    }
    check_tags(&role.session_tags, found);
    if let Some(identity) = &role.source_identity
        && (!(2..=64).contains(&identity.len())
            || !in_set(identity, "+=,.@-_")
            || identity.starts_with("aws:"))
    {
        found.add(
            "aws.role.source_identity",
            "must have 2 to 64 letters, digits or any of _+=,.@-",
        );
    }
    if let Some(via) = &role.via
        && !is_role_arn(via, partition)
    {
        found.add(
            "aws.role.via",
            "not the ARN of a role in aws.partition; write one such as \
             arn:aws:iam::111122223333:role/hubwatch",
        );
    }
    Role {
        name: name.to_owned(),
        external_id,
        session_name: session_name.to_owned(),
        duration,
        session_tags: role.session_tags.clone(),
        source_identity: role.source_identity.clone(),
        via: role.via.clone(),
    }
}

fn check_tags(tags: &BTreeMap<String, String>, found: &mut Problems) {
    let key = "aws.role.session_tags";
    // STS tells keys apart whatever their case, and refuses two that differ by nothing else.
    let distinct: BTreeSet<_> = tags.keys().map(|key| key.to_lowercase()).collect();
    if tags.len() > MOST_TAGS {
        found.add(key, format!("must have at most {MOST_TAGS} tags"));
    } else if distinct.len() < tags.len() {
        found.add(key, "two keys differ by their case alone");
    }
    let good_key = |key: &str| {
        (1..=LONGEST_TAG_KEY).contains(&key.chars().count())
            && is_tag_text(key)
            && !key.to_lowercase().starts_with("aws:")
    };
    let good_value = |value: &str| value.chars().count() <= LONGEST_TAG_VALUE && is_tag_text(value);
    if !tags
        .iter()
        .all(|(key, value)| good_key(key) && good_value(value))
    {
        found.add(
            key,
            format!(
                "a key must have 1 to {LONGEST_TAG_KEY} and a value at most {LONGEST_TAG_VALUE} \
                 letters, digits, spaces or any of _.:/=+-@, and no key may begin with aws:"
            ),
        );
    }
}

fn is_tag_text(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

/// `arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME`
fn is_role_arn(arn: &str, partition: &Partition) -> bool {
    let prefix = format!("arn:{partition}:iam::");
    let parts = arn
        .strip_prefix(&prefix)
        .and_then(|rest| rest.split_once(":role/"));
    parts.is_some_and(|(account, name)| {
        AccountId::new(account).is_well_formed() && is_role_name(name)
    })
}

/// IAM: a name of up to 64 of these characters; paths are separated by slashes.
fn is_role_name(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    (1..=64).contains(&last.len()) && !name.starts_with('/') && in_set(name, "+=,.@-_/")
}

fn check_external_id(
    role: &RoleSection,
    read_secret: ReadSecret<'_>,
    found: &mut Problems,
) -> Option<SecretString> {
    let path = role.external_id_file.as_deref()?;
    let key = "aws.role.external_id_file";
    match read_secret(path) {
        Ok(id) => {
            let text = id.expose_secret();
            if !(2..=1224).contains(&text.len()) || !in_set(text, "+=,.@:/-_") {
                found.add(
                    key,
                    "the file must hold 2 to 1224 letters, digits or any of _+=,.@:/-",
                );
            }
            Some(id)
        }
        Err(message) => {
            found.add(key, message);
            None
        }
    }
}

fn in_set(text: &str, marks: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(role: &RoleSection) -> Vec<String> {
        let mut found = Problems::default();
        let no_secret = |_: &std::path::Path| Err("cannot be read".to_owned());
        check_role(role, &Partition::from("aws"), &no_secret, &mut found);
        found.0.into_iter().map(|problem| problem.key).collect()
    }

    fn tagged(tags: &[(&str, &str)]) -> RoleSection {
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        RoleSection {
            session_tags: tags.collect(),
            ..RoleSection::default()
        }
    }

    #[test]
    fn sessions_of_chained_roles_last_an_hour_at_most() {
        let role = |via: Option<&str>, duration: &str| RoleSection {
            via: via.map(str::to_owned),
            duration: Some(duration.to_owned()),
            ..RoleSection::default()
        };
        let hub = Some("arn:aws:iam::111122223333:role/path/hub");
        assert!(problems(&role(hub, "1h")).is_empty());
        assert!(problems(&role(None, "2h")).is_empty());
        assert_eq!(problems(&role(hub, "2h")), ["aws.role.duration"]);
        assert_eq!(problems(&role(hub, "13h")), ["aws.role.duration"]);
    }

    #[test]
    fn only_a_role_of_the_partition_can_be_on_the_way() {
        for arn in [
            "hub",
            "arn:aws-cn:iam::111122223333:role/hub",
            "arn:aws:iam::1:role/hub",
            "arn:aws:iam::111122223333:user/hub",
            "arn:aws:iam::111122223333:role/",
        ] {
            let role = RoleSection {
                via: Some(arn.to_owned()),
                ..RoleSection::default()
            };
            assert_eq!(problems(&role), ["aws.role.via"], "{arn}");
        }
    }

    #[test]
    fn session_tags_and_source_identity_keep_to_the_rules_of_sts() {
        assert!(problems(&tagged(&[("team", "sécurité")])).is_empty());
        assert!(problems(&tagged(&[("a b", "")])).is_empty());
        let long = "x".repeat(257);
        for tags in [
            &[("", "x")][..],
            &[("aws:x", "x")],
            &[("AWS:x", "x")],
            &[("x", "a\nb")],
            &[("x", long.as_str())],
            &[("team", "a"), ("Team", "a")],
        ] {
            assert_eq!(
                problems(&tagged(tags)),
                ["aws.role.session_tags"],
                "{tags:?}"
            );
        }
        for identity in ["x", "aws:me", "a b"] {
            let role = RoleSection {
                source_identity: Some(identity.to_owned()),
                ..RoleSection::default()
            };
            assert_eq!(problems(&role), ["aws.role.source_identity"], "{identity}");
        }
    }
}
