//! Opening the store to look at it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::{
    config::{self, Config},
    store::{self, Access, Store, StoreUrl},
};

/// Which store to look at.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// The configuration file that names the store.
    #[arg(long, value_name = "FILE", required_unless_present = "store")]
    config: Option<PathBuf>,
    /// The store itself, such as sqlite:///var/lib/hubwatch/hubwatch.db.
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    store: Option<String>,
}

impl StoreArgs {
    /// Opens the store for reading; a running daemon is not disturbed.
    pub(super) fn open(&self) -> anyhow::Result<Arc<dyn Store>> {
        let url = self.url()?;
        store::open(&url, &Access::Read).with_context(|| {
            format!("cannot read {url}; has `hubwatch run` or `hubwatch sync` been started yet?")
        })
    }

    /// Opens the store for a person's word; a running daemon goes on.
    pub(super) fn amend(&self) -> anyhow::Result<Arc<dyn Store>> {
        let url = self.url()?;
        store::open(&url, &Access::Amend).with_context(|| {
            format!(
                "cannot write to {url}; has `hubwatch run` or `hubwatch sync` been started yet?"
            )
        })
    }

    /// The configuration, where one is named.
    pub(super) fn load(&self) -> anyhow::Result<Option<Config>> {
        let Some(path) = self.config() else {
            return Ok(None);
        };
        Ok(Some(config::load(Some(path), config::environment())?))
    }

    /// The configuration file, where one is named.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    fn url(&self) -> anyhow::Result<StoreUrl> {
        match (&self.store, &self.config) {
            (Some(url), _) => match StoreUrl::parse(url) {
                Ok(url) => Ok(url),
                Err(problem) => bail!("--store: {}", problem.message),
            },
            (None, config) => Ok(config::load(config.as_deref(), config::environment())?
                .store
                .url),
        }
    }
}
