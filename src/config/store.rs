//! `[store]`: where findings are kept.

use serde::Deserialize;

use crate::{domain::settings::Problem, store::StoreUrl};

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
    /// The engine, and where it keeps them.
    pub url: StoreUrl,
}

impl Settings {
    pub(super) fn validate(self) -> Result<StoreConfig, Vec<Problem>> {
        match StoreUrl::parse(&self.url) {
            Ok(url) => Ok(StoreConfig { url }),
            Err(problem) => Err(vec![problem.within("url")]),
        }
    }
}
