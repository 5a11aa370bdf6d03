//! `[http]`: where the API, metrics and status page are served.

use std::{
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::domain::settings::{Problem, ReadSecret};

/// A token shorter than this can be guessed.
const TOKEN_MIN: usize = 16;

/// How many series one metric may have.
const MAX_SERIES: RangeInclusive<usize> = 100..=1_000_000;

/// `[http]` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    listen: String,
    token_file: Option<PathBuf>,
    page_url: Option<String>,
    max_series: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:9465".to_owned(),
            token_file: None,
            page_url: None,
            max_series: 20_000,
        }
    }
}

/// Where and to whom we answer.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Beyond loopback only with a token.
    pub listen: SocketAddr,
    /// What a client must bear; visible ASCII.
    pub token: Option<SecretString>,
    /// Where people reach the status page, without a slash at its end; notices link to it.
    pub page_url: Option<String>,
    /// How many series a metric by account and Region has, at most; what is beyond is summed. 100 to
    /// 1000000.
    pub max_series: usize,
}

impl Settings {
    pub(super) fn validate(self, read_secret: ReadSecret<'_>) -> Result<HttpConfig, Vec<Problem>> {
        let mut problems = Vec::new();
        let listen = self.listen.parse().unwrap_or_else(|_| {
            problems.push(Problem::new(
                "listen",
                "expected an address and port, such as 127.0.0.1:9465 or [::1]:9465",
            ));
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
        });
        let token = match self.token_file {
            None => None,
            Some(path) => match read_secret(&path).and_then(checked_token) {
                Ok(token) => Some(token),
                Err(message) => {
                    problems.push(Problem::new("token_file", message));
                    None
                }
            },
        };
        if token.is_none() && !listen.ip().is_loopback() {
            problems.push(Problem::new(
                "token_file",
                "is required to listen beyond loopback",
            ));
        }
        let page_url = self.page_url.map(|url| {
            if !is_base_url(&url) {
                problems.push(Problem::new(
                    "page_url",
                    "expected a base URL such as https://hubwatch.example.com",
                ));
            }
            url.trim_end_matches('/').to_owned()
        });
        if !MAX_SERIES.contains(&self.max_series) {
            let (least, most) = (MAX_SERIES.start(), MAX_SERIES.end());
            problems.push(Problem::new(
                "max_series",
                format!("expected a whole number from {least} to {most}"),
            ));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(HttpConfig {
            listen,
            token,
            page_url,
            max_series: self.max_series,
        })
    }
}

fn checked_token(token: SecretString) -> Result<SecretString, String> {
    let text = token.expose_secret();
    if text.len() < TOKEN_MIN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "expected a file with at least {TOKEN_MIN} letters, digits and signs, without spaces"
        ));
    }
    Ok(token)
}

/// Whether paths can be put behind the URL, and it can stand in a page or a mail as it is.
fn is_base_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:[]%".contains(&b);
    !host.is_empty() && rest.bytes().all(safe)
}
