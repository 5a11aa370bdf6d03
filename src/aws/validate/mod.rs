//! From what the operator typed to what this room runs on.

mod accounts;
mod role;

use std::time::Duration;

use accounts::{check_accounts, check_selection};
use role::check_role;

use super::{
    config::{Config, IN_FLIGHT, PER_SECOND, Pace, RegionSource},
    roll::Wanted,
    settings::{AwsSection, RegionsSection, Settings},
};
use crate::domain::{
    Partition, Region,
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
        let role = check_role(&self.aws.role, &partition, read_secret, &mut found);
        let accounts = check_accounts(&self.accounts, &mut found);
        let selection = check_selection(&self.accounts, &accounts, &mut found);
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
            selection,
            regions,
            wanted: Wanted::default(),
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
    use figment::{
        Figment,
        providers::{Format, Toml},
    };
    use secrecy::SecretString;

    use super::*;
    use crate::{aws::config::AccountSource, domain::AccountId};

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
}
