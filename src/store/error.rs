//! How the store can fail, by what the caller does next.

use thiserror::Error;

/// Why a verb of the store did not happen. Nothing of it was written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process holds the database. The same call may work soon.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The database cannot be reached or written: disk, permissions, path.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored does not make sense, or is of a newer version of hubwatch.
    #[error("the store cannot be understood: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// A fixed word for metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::Corrupt(_) => "corrupt",
        }
    }

    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy(text),
            Some(Code::DatabaseCorrupt | Code::NotADatabase | Code::TypeMismatch) => {
                Self::Corrupt(text)
            }
            Some(_) => Self::Unavailable(text),
            // A row that does not convert: what is stored is not what this version wrote.
            None => Self::Corrupt(text),
        }
    }
}
