//! What rooms say about the settings they are given.

use std::{fmt, path::Path};

use secrecy::SecretString;

/// Something wrong with a setting. Holds the key and advice, never the value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, relative to the section that was checked, such as `api_token_file`.
    pub key: String,
    /// What is wrong and what would be right: a lowercase fragment without a full stop.
    pub message: String,
}

impl Problem {
    /// A problem with one key.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
        }
    }

    /// The same problem, seen from the section around it.
    #[must_use]
    pub fn within(self, section: &str) -> Self {
        let key = if self.key.is_empty() {
            section.to_owned()
        } else {
            format!("{section}.{}", self.key)
        };
        Self { key, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Reads a secret from the file a setting names. Errors are fit for a [`Problem`]'s message.
pub type ReadSecret<'a> = &'a dyn Fn(&Path) -> Result<SecretString, String>;
