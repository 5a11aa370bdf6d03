//! What is wrong with a configuration, in words that never hold a configured value.

use std::fmt;

use crate::observe::Printable;

/// One thing wrong, or worth a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The key from the top, such as `sinks.jira-sec.url`; empty when a whole file is meant.
    pub key: String,
    /// The file or the environment variable that set it, or the file where it is missing.
    pub source: String,
    /// What is wrong and what would be right: a lowercase fragment without a full stop.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", Printable(&self.source))?;
        if !self.key.is_empty() {
            write!(f, "{}: ", Printable(&self.key))?;
        }
        write!(f, "{}", Printable(&self.message))
    }
}

/// Everything wrong with a configuration. Displayed, it is one line for each problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// In the order of the sections. Never empty.
    pub problems: Vec<ConfigProblem>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
