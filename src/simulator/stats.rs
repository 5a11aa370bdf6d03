//! What was asked, and how it ended.

use std::{collections::BTreeMap, sync::RwLock};

use serde::Serialize;

use super::locks::{read, write};

/// One line of the statistics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestCount {
    /// As in signatures: `sts`, `securityhub`, …
    pub service: String,
    /// The operation's name, or `unknown`.
    pub operation: String,
    /// `ok` or the error code.
    pub outcome: String,
    /// How often.
    pub requests: u64,
}

type Line = (String, String, String);

/// Counters by service, operation and outcome.
#[derive(Debug, Default)]
pub(super) struct Stats {
    counts: RwLock<BTreeMap<Line, u64>>,
}

impl Stats {
    pub(super) fn count(&self, service: &str, operation: &str, outcome: &str) {
        let line = (service.to_owned(), operation.to_owned(), outcome.to_owned());
        let mut counts = write(&self.counts);
        *counts.entry(line).or_default() += 1;
    }

    pub(super) fn lines(&self) -> Vec<RequestCount> {
        let counts = read(&self.counts);
        counts
            .iter()
            .map(|((service, operation, outcome), requests)| RequestCount {
                service: service.clone(),
                operation: operation.clone(),
                outcome: outcome.clone(),
                requests: *requests,
            })
            .collect()
    }
}
