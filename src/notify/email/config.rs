//! Settings of an e-mail sink.

use std::{collections::BTreeSet, path::PathBuf};

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    domain::settings::{Problem, ReadSecret},
    notify::settings::Checks,
};

const API_URL: &str = "https://api.sendgrid.com";
/// SendGrid's limit for one request.
const RECIPIENTS_MAX: usize = 1_000;

/// What the operator typed, less `type`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `sendgrid`, the default and only choice of this version.
    pub via: Option<String>,
    /// The address that mail comes from; the service has to know it.
    pub from: Option<String>,
    /// Who gets the mail. Everyone sees everyone else.
    #[serde(default)]
    pub to: Vec<String>,
    /// A file with the API key.
    pub api_key_file: Option<PathBuf>,
    /// The service's base URL, such as `https://api.eu.sendgrid.com`, where it is not the usual one.
    pub api_url: Option<String>,
}

/// What an e-mail sink runs on.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) api_key: SecretString,
    pub(super) api_url: Url,
}

impl Settings {
    /// Checks everything and reads the key; on failure, all that is wrong.
    pub fn validate(self, read_secret: ReadSecret<'_>) -> Result<Config, Vec<Problem>> {
        let mut checks = Checks::default();
        checks.only("via", self.via, "sendgrid");
        let from = checks.address("from", self.from);
        let to = recipients(&mut checks, self.to);
        let api_key = checks.secret("api_key_file", self.api_key_file, read_secret);
        let api_url = self.api_url.or_else(|| Some(API_URL.to_owned()));
        let api_url = checks.base_url("api_url", api_url);
        let config = (|| {
            Some(Config {
                from: from?,
                to,
                api_key: api_key?,
                api_url: api_url?,
            })
        })();
        checks.finish(config)
    }
}

fn recipients(checks: &mut Checks, addresses: Vec<String>) -> Vec<String> {
    if addresses.is_empty() {
        checks.note("to", "has to name at least one address");
    }
    if addresses.len() > RECIPIENTS_MAX {
        checks.note("to", "may name at most 1000 addresses");
    }
    // SendGrid refuses a request that lists one address twice.
    let mut seen = BTreeSet::new();
    let mut accepted = Vec::new();
    for (place, address) in addresses.into_iter().enumerate() {
        let key = format!("to[{place}]");
        if !seen.insert(address.to_ascii_lowercase()) {
            checks.note(&key, "is there twice");
            continue;
        }
        accepted.extend(checks.address(&key, Some(address)));
    }
    accepted
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(_: &Path) -> Result<SecretString, String> {
        Ok("SG.s3cret".into())
    }

    fn settings(to: &[&str]) -> Settings {
        Settings {
            from: Some("hubwatch@example.com".to_owned()),
            to: to.iter().map(|&a| a.to_owned()).collect(),
            api_key_file: Some("/etc/hubwatch/sendgrid-key".into()),
            ..Settings::default()
        }
    }

    fn keys(settings: Settings) -> Vec<String> {
        settings
            .validate(&read)
            .unwrap_err()
            .into_iter()
            .map(|p| p.key)
            .collect()
    }

    #[test]
    fn defaults_are_filled_in_and_the_key_is_never_shown() {
        let config = settings(&["oncall@example.com"]).validate(&read).unwrap();
        assert_eq!(config.api_url.as_str(), "https://api.sendgrid.com/");
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn everything_that_is_missing_is_reported_at_once() {
        assert_eq!(keys(Settings::default()), ["from", "to", "api_key_file"]);
    }

    #[test]
    fn an_address_that_is_there_twice_is_refused_before_the_service_does() {
        let twice = settings(&["a@example.com", "b@example.com", "A@Example.com"]);
        assert_eq!(keys(twice), ["to[2]"]);
    }

    #[test]
    fn other_services_are_not_there_yet() {
        let mut other = settings(&["a@example.com"]);
        other.via = Some("mailgun".to_owned());
        other.api_url = Some("http://mail.example.com".to_owned());
        let problems = other.validate(&read).unwrap_err();
        assert_eq!(
            problems[0].message,
            "only \"sendgrid\" is available in this version"
        );
        assert_eq!(problems[1].key, "api_url");
    }
}
