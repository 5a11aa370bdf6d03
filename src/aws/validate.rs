//! From what the operator typed to what this room runs on.

use std::{collections::BTreeSet, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::{
    config::{AccountSource, Config, IN_FLIGHT, PER_SECOND, Pace, RegionSource, Role},
    settings::{
        AccountSelection, AccountsSection, AwsSection, ListedAccount, RegionsSection, RoleSection,
        Settings,
    },
};
use crate::domain::{
    Account, AccountId, Partition, Region,
    settings::{Problem, ReadSecret},
};

impl Settings {
    /// Checks the settings and reads the secrets they name.
    ///
    /// # Errors
    /// All problems at once, with keys relative to the top of the configuration.
    pub fn validate(self, read_secret: ReadSecret<'_>) -> Result<Config, Vec<Problem>> {
        let mut found = Problems::default();
        let (partition, region, endpoint_url) = check_aws(&self.aws, &mut found);
        let pace = check_pace(self.aws.requests_per_second, &mut found);
        let role = check_role(&self.aws.role, read_secret, &mut found);
        let accounts = check_accounts(&self.accounts, &mut found);
        let include = check_ids("accounts.include.ids", &self.accounts.include, &mut found);
        let exclude = check_ids("accounts.exclude.ids", &self.accounts.exclude, &mut found);
        let regions = check_regions(&self.regions, &mut found);
        let refresh = duration(
            "accounts.refresh",
            self.accounts.refresh.as_deref(),
            "10m",
            (Duration::from_secs(10), Duration::from_secs(86_400)),
            &mut found,
        );
        if !found.0.is_empty() {
            return Err(found.0);
        }
        Ok(Config {
            partition,
            region,
            endpoint_url,
            role,
            accounts,
            include,
            exclude,
            regions,
            refresh,
            in_flight: IN_FLIGHT,
            pace,
            keys: None,
        })
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem::new(key, message));
    }
}

fn check_aws(aws: &AwsSection, found: &mut Problems) -> (Partition, Region, Option<String>) {
    let partition = aws.partition.as_deref().unwrap_or("aws");
    let in_partition = |b: u8| b.is_ascii_lowercase() || b == b'-';
    if !partition.starts_with("aws") || !partition.bytes().all(in_partition) {
        found.add(
            "aws.partition",
            "not a partition; name one such as aws, aws-cn or aws-us-gov",
        );
    }
    let region = Region::new(match (aws.region.as_deref(), usual_region(partition)) {
        (Some(region), _) => region,
        (None, Some(region)) => region,
        (None, None) => {
            found.add("aws.region", "missing; this partition has no usual Region");
            ""
        }
    });
    if aws.region.is_some() && !region.is_well_formed() {
        found.add(
            "aws.region",
            "not a Region name; write one such as eu-west-1",
        );
    } else if aws.region.is_some() && belongs_elsewhere(partition, region.as_str()) {
        found.add(
            "aws.region",
            "this Region is in another partition than aws.partition",
        );
    }
    if let Some(url) = &aws.endpoint_url {
        check_endpoint(url, found);
    }
    (Partition::new(partition), region, aws.endpoint_url.clone())
}

/// A Region that every account of the partition has from the start.
fn usual_region(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" => Some("us-east-1"),
        "aws-cn" => Some("cn-north-1"),
        "aws-us-gov" => Some("us-gov-west-1"),
        "aws-eusc" => Some("eusc-de-east-1"),
        _ => None,
    }
}

/// Whether the Region's name says that it is in another of the partitions we know.
fn belongs_elsewhere(partition: &str, region: &str) -> bool {
    let home = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
    ]
    .into_iter()
    .find_map(|(prefix, home)| region.starts_with(prefix).then_some(home));
    match home {
        Some(home) => home != partition,
        None => ["aws-cn", "aws-us-gov", "aws-eusc"].contains(&partition),
    }
}

fn check_endpoint(url: &str, found: &mut Problems) {
    let key = "aws.endpoint_url";
    match reqwest::Url::parse(url) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => {
            found.add(key, "must start with https:// or http:// and name a host");
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            found.add(key, "must not hold a user name or password");
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            found.add(key, "must end with the host, port or path");
        }
        Ok(_) => {}
        Err(_) => found.add(key, "not a URL; write one such as https://vpce.example.com"),
    }
}

/// An operator lowers it to leave part of the quota to other tools. The upper bound is beyond any
/// quota of AWS: simulators have none.
fn check_pace(per_second: Option<u32>, found: &mut Problems) -> Pace {
    let per_second = per_second.unwrap_or(PER_SECOND);
    if !(1..=10_000).contains(&per_second) {
        found.add(
            "aws.requests_per_second",
            "must be a whole number from 1 to 10000",
        );
    }
    Pace::within(per_second)
}

fn check_role(role: &RoleSection, read_secret: ReadSecret<'_>, found: &mut Problems) -> Role {
    let name = role.name.as_deref().unwrap_or("hubwatch-read");
    // IAM: a name of up to 64 of these characters; paths are separated by slashes.
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.is_empty() || last.len() > 64 || name.starts_with('/') || !in_set(name, "+=,.@-_/") {
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
    Role {
        name: name.to_owned(),
        external_id: check_external_id(role, read_secret, found),
        session_name: session_name.to_owned(),
        // STS: from 15 minutes to the role's own maximum, which is at most 12 hours.
        duration: duration(
            "aws.role.duration",
            role.duration.as_deref(),
            "1h",
            (Duration::from_secs(900), Duration::from_secs(43_200)),
            found,
        ),
    }
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

fn check_accounts(accounts: &AccountsSection, found: &mut Problems) -> AccountSource {
    match accounts.discover.as_deref() {
        None | Some("organization") => {
            if !accounts.list.is_empty() {
                found.add(
                    "accounts.list",
                    "only read when accounts.discover is \"list\"",
                );
            }
            AccountSource::Organization
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
            found.add("accounts.discover", "must be \"organization\" or \"list\"");
            AccountSource::Organization
        }
    }
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
    }
}

fn check_ids(key: &str, selection: &AccountSelection, found: &mut Problems) -> BTreeSet<AccountId> {
    let mut ids = BTreeSet::new();
    for (at, id) in selection.ids.iter().enumerate() {
        let id = AccountId::new(id.as_str());
        if !id.is_well_formed() {
            found.add(format!("{key}[{at}]"), "must be twelve digits, in quotes");
        }
        ids.insert(id);
    }
    ids
}

fn check_regions(regions: &RegionsSection, found: &mut Problems) -> RegionSource {
    match regions.discover.as_deref() {
        None | Some("enabled") => {
            if !regions.list.is_empty() {
                found.add(
                    "regions.list",
                    "only read when regions.discover is \"list\"",
                );
            }
            RegionSource::Enabled
        }
        Some("list") => {
            if regions.list.is_empty() {
                found.add(
                    "regions.list",
                    "must name a Region when regions.discover is \"list\"",
                );
            }
            RegionSource::List(check_region_names("regions.list", &regions.list, found))
        }
        Some(_) => {
            found.add("regions.discover", "must be \"enabled\" or \"list\"");
            RegionSource::Enabled
        }
    }
}

fn check_region_names(key: &str, names: &[String], found: &mut Problems) -> Vec<Region> {
    let mut regions = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let region = Region::new(name.as_str());
        if !region.is_well_formed() {
            found.add(
                format!("{key}[{at}]"),
                "not a Region name; write one such as eu-west-1",
            );
        } else if regions.contains(&region) {
            found.add(format!("{key}[{at}]"), "the Region is listed twice");
        }
        regions.push(region);
    }
    regions
}

fn duration(
    key: &str,
    text: Option<&str>,
    usual: &str,
    (least, most): (Duration, Duration),
    found: &mut Problems,
) -> Duration {
    let text = text.unwrap_or(usual);
    let Ok(duration) = humantime::parse_duration(text) else {
        found.add(key, format!("not a duration; write one such as {usual}"));
        return least;
    };
    if duration < least || duration > most {
        let (least, most) = (
            humantime::format_duration(least),
            humantime::format_duration(most),
        );
        found.add(key, format!("must be from {least} to {most}"));
    }
    duration
}

#[cfg(test)]
mod tests {
    use super::*;
    use figment::{
        Figment,
        providers::{Format, Toml},
    };

    fn settings(toml: &str) -> Settings {
        Figment::from(Toml::string(toml)).extract().unwrap()
    }

    fn no_secrets(_: &std::path::Path) -> Result<SecretString, String> {
        Err("cannot be read".to_owned())
    }

    #[test]
    fn an_empty_configuration_follows_the_organization_in_every_enabled_region() {
        let config = settings("").validate(&no_secrets).unwrap();
        assert_eq!(config.region.as_str(), "us-east-1");
        assert_eq!(
            (config.accounts.clone(), config.regions.clone()),
            (AccountSource::Organization, RegionSource::Enabled)
        );
        assert_eq!(config.refresh, Duration::from_secs(600));
        assert_eq!((config.pace.per_second, config.pace.burst), (3, 5));
        assert_eq!(
            config.role_arn(&AccountId::new("111122223333")),
            "arn:aws:iam::111122223333:role/hubwatch-read"
        );
    }

    #[test]
    fn every_problem_is_reported_at_once_and_no_value_is_repeated() {
        let problems = settings(
            r#"
            [aws]
            partition = "aws-cn"
            region = "us-east-1"
            endpoint_url = "ftp://hunter2"
            requests_per_second = 0
            [aws.role]
            name = "arn:aws:iam::1:role/hunter2"
            external_id_file = "/hunter2"
            session_name = "x"
            duration = "13h"
            [accounts]
            discover = "list"
            list = [{ id = "hunter2" }, { id = "111122223333" }, { id = "111122223333", regions = ["EU"] }]
            include = { ids = ["hunter2"] }
            refresh = "soon"
            [regions]
            discover = "hunter2"
            "#,
        )
        .validate(&no_secrets)
        .unwrap_err();
        let keys: Vec<_> = problems.iter().map(|p| p.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "aws.region",
                "aws.endpoint_url",
                "aws.requests_per_second",
                "aws.role.name",
                "aws.role.session_name",
                "aws.role.external_id_file",
                "aws.role.duration",
                "accounts.list[0].id",
                "accounts.list[2].id",
                "accounts.list[2].regions[0]",
                "accounts.include.ids[0]",
                "regions.discover",
                "accounts.refresh",
            ]
        );
        assert!(!format!("{problems:?}").contains("hunter2"));
    }

    #[test]
    fn an_external_id_is_read_from_its_file_and_never_shown() {
        let read = |_: &std::path::Path| Ok(SecretString::from("s3cr3t-external-id"));
        let config = settings("[aws.role]\nexternal_id_file = \"/run/x\"")
            .validate(&read)
            .unwrap();
        assert!(config.role.external_id.is_some());
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }

    #[test]
    fn exclusion_wins_over_inclusion() {
        let config = settings(
            r#"
            [accounts]
            include = { ids = ["111122223333", "444455556666"] }
            exclude = { ids = ["444455556666"] }
            "#,
        )
        .validate(&no_secrets)
        .unwrap();
        let selects = |id: &str| config.selects(&AccountId::new(id));
        assert!(selects("111122223333"));
        assert!(!selects("444455556666"));
        assert!(!selects("777788889999"));
    }
}
