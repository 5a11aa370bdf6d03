//! Checks that sinks' settings share. Each notes a problem and goes on, so that all are reported.

use std::{
    fmt::Display,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::settings::{Problem, ReadSecret};

/// RFC 5321, section 4.5.3.1.3, less the angle brackets.
const ADDRESS_BYTES_MAX: usize = 254;

/// What is wrong with one section so far.
#[derive(Debug, Default)]
pub(super) struct Checks {
    problems: Vec<Problem>,
}

impl Checks {
    pub(super) fn note(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(key, message));
    }

    /// A text that has to be there, on one line.
    pub(super) fn required(&mut self, key: &str, text: Option<String>) -> Option<String> {
        match text {
            Some(text) if is_plain(&text) => Some(text),
            Some(_) => self.none(key, "has to be one line of text without space around it"),
            None => self.none(key, "is missing"),
        }
    }

    /// The one choice that this version has.
    pub(super) fn only(&mut self, key: &str, text: Option<String>, choice: &str) {
        if text.is_some_and(|text| text != choice) {
            self.note(
                key,
                format!("only \"{choice}\" is available in this version"),
            );
        }
    }

    /// A secret, read from the file that the setting names.
    pub(super) fn secret(
        &mut self,
        key: &str,
        file: Option<PathBuf>,
        read: ReadSecret<'_>,
    ) -> Option<SecretString> {
        let Some(file) = file else {
            return self.none(key, "is missing");
        };
        match read(Path::new(&file)) {
            // It becomes part of a header line.
            Ok(secret) if is_plain(secret.expose_secret()) => Some(secret),
            Ok(_) => self.none(
                key,
                "the file has to hold the secret on one line, and nothing else",
            ),
            Err(message) => self.none(key, message),
        }
    }

    /// A service's base URL. Secrets travel to it, so it has to be https unless it stays on this
    /// machine.
    pub(super) fn base_url(&mut self, key: &str, text: Option<String>) -> Option<Url> {
        let Some(text) = text else {
            return self.none(key, "is missing");
        };
        let url = match Url::parse(&text) {
            Ok(url) if url.has_host() => url,
            Ok(_) | Err(_) => return self.none(key, "is not a URL such as https://example.com"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return self.none(key, "must not hold a user name or password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return self.none(key, "must not hold a query or fragment");
        }
        match url.scheme() {
            "https" => Some(url),
            "http" if is_loopback(&url) => Some(url),
            _ => self.none(
                key,
                "has to begin with https://; http:// is for loopback addresses only",
            ),
        }
    }

    /// A mail address as mail services take it: ASCII, without a display name.
    pub(super) fn address(&mut self, key: &str, text: Option<String>) -> Option<String> {
        let text = self.required(key, text)?;
        if is_address(&text) {
            Some(text)
        } else {
            self.none(key, "is not a mail address such as oncall@example.com")
        }
    }

    /// A duration such as `60s`, at most `max`.
    pub(super) fn duration(
        &mut self,
        key: &str,
        text: Option<String>,
        default: Duration,
        max: Duration,
    ) -> Option<Duration> {
        let Some(text) = text else {
            return Some(default);
        };
        match humantime::parse_duration(&text) {
            Ok(duration) if duration <= max => Some(duration),
            Ok(_) => self.none(
                key,
                format!("is longer than {}", humantime::format_duration(max)),
            ),
            Err(_) => self.none(key, "is not a duration such as 60s or 5m"),
        }
    }

    /// The settings, if nothing is wrong with them.
    pub(super) fn finish<T>(self, settings: Option<T>) -> Result<T, Vec<Problem>> {
        match settings {
            Some(settings) if self.problems.is_empty() => Ok(settings),
            _ => Err(self.problems),
        }
    }

    fn none<T>(&mut self, key: &str, message: impl Display) -> Option<T> {
        self.note(key, message.to_string());
        None
    }
}

/// The URL of a service's operation: the base's path, if it has one, stays in front.
pub(super) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// Not empty, one line, no space around it.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    // IPv6 hosts are written in brackets.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Not all of RFC 5322: what every mail service takes, and nothing that could become a second
/// address or header.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let in_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let in_domain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    text.len() <= ADDRESS_BYTES_MAX
        && !local.is_empty()
        && local.bytes().all(in_local)
        && domain.split('.').all(|label| !label.is_empty())
        && domain.bytes().all(in_domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_travel_in_the_clear_only_on_this_machine() {
        for (text, ok) in [
            ("https://example.atlassian.net", true),
            ("https://api.atlassian.com/ex/jira/abc/", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
            ("http://example.atlassian.net", false),
            ("http://127.0.0.1.example.com", false),
            ("http://10.0.0.1", false),
            ("ftp://127.0.0.1", false),
            ("https://user:pass@example.com", false),
            ("https://example.com/?token=x", false),
            ("example.com", false),
            ("", false),
        ] {
            let mut checks = Checks::default();
            let url = checks.base_url("url", Some(text.to_owned()));
            assert_eq!(url.is_some(), ok, "{text}");
            assert_eq!(checks.problems.is_empty(), ok, "{text}");
        }
    }

    #[test]
    fn an_address_is_one_address() {
        for (text, ok) in [
            ("oncall@example.com", true),
            ("on.call+aws@mail.example.com", true),
            ("ops@localhost", true),
            ("oncall", false),
            ("@example.com", false),
            ("oncall@", false),
            ("a@b@c", false),
            ("a@example..com", false),
            ("a@example.com,b@example.com", false),
            ("On Call <oncall@example.com>", false),
            ("a@example.com\r\nBcc: b@example.com", false),
        ] {
            assert_eq!(is_address(text), ok, "{text:?}");
        }
    }

    #[test]
    fn a_path_in_the_base_url_is_kept() {
        for (base, want) in [
            ("https://a.example", "https://a.example/rest/x"),
            ("https://a.example/", "https://a.example/rest/x"),
            (
                "https://a.example/ex/jira/1/",
                "https://a.example/ex/jira/1/rest/x",
            ),
        ] {
            assert_eq!(below(&base.parse().unwrap(), "/rest/x").as_str(), want);
        }
    }
}
