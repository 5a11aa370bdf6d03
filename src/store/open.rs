//! From a URL to an engine.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::domain::{Partition, settings::Problem};

use super::{Store, StoreError, sqlite::Sqlite};

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite database file.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// Reads `sqlite:///absolute/path` or `sqlite://relative/path`.
    ///
    /// # Errors
    /// A problem with an empty key, for the caller to place.
    pub fn parse(url: &str) -> Result<Self, Problem> {
        match url.split_once("://") {
            Some(("sqlite", path)) if !path.trim_matches('/').is_empty() => {
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            Some(("sqlite", _)) => Err(Problem::new(
                "",
                "names no file; write sqlite:///var/lib/hubwatch/hubwatch.db",
            )),
            Some(("postgres" | "postgresql", _)) => Err(Problem::new(
                "",
                "PostgreSQL is not available in this version; use sqlite:///…",
            )),
            _ => Err(Problem::new(
                "",
                "expected a URL such as sqlite:///var/lib/hubwatch/hubwatch.db",
            )),
        }
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Sqlite(path) => path,
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
        }
    }
}

/// What the store is opened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// The daemon's: creates and migrates what is missing. A store holds one partition.
    Write(Partition),
    /// A person's look: works beside a running daemon, changes nothing, and wants the file to exist.
    Read,
    /// A person's word: works beside a running daemon, and may write what people say of incidents.
    Amend,
}

/// Opens the store.
///
/// # Errors
/// [`StoreError::Unavailable`] if the file cannot be opened or created, [`StoreError::Corrupt`] if
/// it is no database, of another partition, or of a newer version of hubwatch.
pub fn open(url: &StoreUrl, access: &Access) -> Result<Arc<dyn Store>, StoreError> {
    match url {
        StoreUrl::Sqlite(path) => Ok(Arc::new(Sqlite::open(path, access)?)),
    }
}
