//! `[store]`: where findings are kept.

use std::path::PathBuf;

use serde::Deserialize;

use crate::domain::settings::Problem;

const EXPECTED: &str = "expected sqlite:// and the path of a file, such as \
                        sqlite:///var/lib/hubwatch/hubwatch.db";

/// `[store]` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Settings {
    url: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "sqlite:///var/lib/hubwatch/hubwatch.db".to_owned(),
        }
    }
}

/// Where findings are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The SQLite database; made when it is not there.
    pub sqlite: PathBuf,
}

impl StoreConfig {
    /// Reads a store's URL: `sqlite:///absolute/path` or `sqlite://path/from/here`.
    ///
    /// # Errors
    /// Says what was expected, and never what was given.
    pub fn from_url(url: &str) -> Result<Self, Problem> {
        let path = url.strip_prefix("sqlite://").unwrap_or_default();
        if path.is_empty() || path.ends_with('/') || path.contains(['?', '#', '\0']) {
            return Err(Problem::new("url", EXPECTED));
        }
        Ok(Self {
            sqlite: PathBuf::from(path),
        })
    }
}

impl Settings {
    pub(super) fn validate(self) -> Result<StoreConfig, Vec<Problem>> {
        StoreConfig::from_url(&self.url).map_err(|problem| vec![problem])
    }
}
