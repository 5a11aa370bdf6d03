//! Settings of a Jira sink.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    domain::{
        Severity,
        settings::{Problem, ReadSecret},
    },
    notify::settings::{Checks, is_plain},
};

/// Search is consistent within seconds to minutes (Atlassian, "Search and reconcile").
const SEARCH_LAG: Duration = Duration::from_secs(60);
const SEARCH_LAG_MAX: Duration = Duration::from_secs(3_600);
const LABEL_UNITS_MAX: usize = 255;

/// What the operator typed, less `type`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `cloud`, the default and only choice of this version.
    pub deployment: Option<String>,
    /// The site, or `https://api.atlassian.com/ex/jira/CLOUD-ID` for tokens with scopes.
    pub url: Option<String>,
    /// The site that people open in a browser, where it is not `url`.
    pub browse_url: Option<String>,
    /// The account that the token belongs to.
    pub email: Option<String>,
    /// A file with the API token.
    pub api_token_file: Option<PathBuf>,
    /// Key of the project that tickets are made in.
    pub project: Option<String>,
    /// Name of their issue type; `Task` by default.
    pub issue_type: Option<String>,
    /// Labels that every ticket gets beside its mark.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Jira's priority for each severity; where none is given, Jira chooses.
    #[serde(default)]
    pub priorities: BTreeMap<String, String>,
    /// How long a new ticket may stay invisible to search; 60 s by default.
    pub search_lag: Option<String>,
}

/// What a Jira sink runs on.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) url: Url,
    pub(super) browse_url: Url,
    pub(super) email: String,
    pub(super) api_token: SecretString,
    pub(super) project: String,
    pub(super) issue_type: String,
    pub(super) labels: Vec<String>,
    pub(super) priorities: BTreeMap<Severity, String>,
    pub(super) search_lag: Duration,
}

impl Settings {
    /// Checks everything and reads the token; on failure, all that is wrong.
    pub fn validate(self, read_secret: ReadSecret<'_>) -> Result<Config, Vec<Problem>> {
        let mut checks = Checks::default();
        checks.only("deployment", self.deployment, "cloud");
        let url = checks.base_url("url", self.url);
        let browse_url = match self.browse_url {
            None => url.clone(),
            given => checks.base_url("browse_url", given),
        };
        let email = checks.address("email", self.email);
        let api_token = checks.secret("api_token_file", self.api_token_file, read_secret);
        let project = project(&mut checks, self.project);
        let issue_type = self.issue_type.or_else(|| Some("Task".to_owned()));
        let issue_type = checks.required("issue_type", issue_type);
        check_labels(&mut checks, &self.labels);
        let priorities = priorities(&mut checks, self.priorities);
        let search_lag = checks.duration("search_lag", self.search_lag, SEARCH_LAG, SEARCH_LAG_MAX);
        let config = (|| {
            Some(Config {
                url: url?,
                browse_url: browse_url?,
                email: email?,
                api_token: api_token?,
                project: project?,
                issue_type: issue_type?,
                labels: self.labels,
                priorities,
                search_lag: search_lag?,
            })
        })();
        checks.finish(config)
    }
}

fn project(checks: &mut Checks, text: Option<String>) -> Option<String> {
    let key = checks.required("project", text)?;
    let letters = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if key.bytes().all(letters) && key.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Some(key);
    }
    checks.note(
        "project",
        "has to be the project's key, such as SEC, and not its name",
    );
    None
}

fn check_labels(checks: &mut Checks, labels: &[String]) {
    let fits = |label: &String| {
        is_plain(label)
            && !label.contains(char::is_whitespace)
            && label.encode_utf16().count() <= LABEL_UNITS_MAX
    };
    if !labels.iter().all(fits) {
        checks.note(
            "labels",
            "a label is a word of at most 255 characters without spaces",
        );
    }
}

fn priorities(checks: &mut Checks, given: BTreeMap<String, String>) -> BTreeMap<Severity, String> {
    let mut priorities = BTreeMap::new();
    for (label, name) in given {
        let key = format!("priorities.{label}");
        match Severity::from_label(&label) {
            None => checks.note(
                &key,
                "is not a severity: INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL",
            ),
            Some(_) if !is_plain(&name) => checks.note(&key, "has to be a priority's name"),
            Some(severity) => {
                if priorities.insert(severity, name).is_some() {
                    checks.note(&key, "is given twice");
                }
            }
        }
    }
    priorities
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(_: &Path) -> Result<SecretString, String> {
        Ok("s3cret-token".into())
    }

    fn settings() -> Settings {
        Settings {
            url: Some("https://example.atlassian.net".to_owned()),
            email: Some("bot@example.com".to_owned()),
            api_token_file: Some("/etc/hubwatch/jira-token".into()),
            project: Some("SEC".to_owned()),
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
    fn defaults_are_filled_in_and_the_token_is_never_shown() {
        let config = settings().validate(&read).unwrap();
        assert_eq!(config.issue_type, "Task");
        assert_eq!(config.search_lag, SEARCH_LAG);
        assert_eq!(config.browse_url, config.url);
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn everything_that_is_missing_is_reported_at_once() {
        assert_eq!(
            keys(Settings::default()),
            ["url", "email", "api_token_file", "project"]
        );
    }

    #[test]
    fn every_value_that_cannot_work_is_reported_at_once_and_never_shown() {
        let broken = Settings {
            deployment: Some("data-center".to_owned()),
            url: Some("http://jira.example.com".to_owned()),
            browse_url: Some("hunter2".to_owned()),
            email: Some("hunter2".to_owned()),
            project: Some("hunter2\" OR project = \"X".to_owned()),
            issue_type: Some(" hunter2".to_owned()),
            labels: vec!["hunter2 two".to_owned()],
            priorities: [
                ("URGENT", "x"),
                ("HIGH", ""),
                ("high", "P1"),
                ("High", "P2"),
            ]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
            search_lag: Some("hunter2".to_owned()),
            api_token_file: Some("x".into()),
        };
        let failing = |_: &Path| Err("cannot be read".to_owned());
        let problems = broken.validate(&failing).unwrap_err();
        assert!(
            problems.iter().all(|p| !p.to_string().contains("hunter2")),
            "{problems:?}"
        );
        let keys: Vec<&str> = problems.iter().map(|p| p.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "deployment",
                "url",
                "browse_url",
                "email",
                "api_token_file",
                "project",
                "issue_type",
                "labels",
                "priorities.HIGH",
                "priorities.URGENT",
                "priorities.high",
                "search_lag",
            ]
        );
    }

    #[test]
    fn a_secret_that_would_break_a_header_line_is_refused() {
        let two_lines = |_: &Path| Ok(SecretString::from("a\r\nX: y"));
        let problems = settings().validate(&two_lines).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].key, "api_token_file");
    }
}
