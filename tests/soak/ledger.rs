//! What was done to each finding, so that what the store says of it can be judged.

use std::collections::BTreeMap;

use hubwatch::domain::Timestamp;
use serde_json::Value;

use crate::news::News;

/// A finding, as AWS tells it apart from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) product: String,
    pub(crate) id: String,
}

impl Key {
    pub(crate) fn of(account: &str, region: &str, finding: &Value) -> Self {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            product: text("ProductArn"),
            id: text("Id"),
        }
    }
}

/// The last that was done to a finding.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// Delivered at this time of the world, with an `UpdatedAt` that the tail must meet.
    Prompt(Timestamp),
    /// Delivered later than the tail reaches back, or changed without moving its time.
    OutOfTail,
    /// Taken away.
    Removed { at: Timestamp },
}

/// Every deed.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    deeds: BTreeMap<Key, Deed>,
    /// Findings that were there at some time and gone at another.
    pub(crate) wavering: std::collections::BTreeSet<Key>,
    /// What somebody has to be told of.
    pub(crate) news: News,
}

impl Ledger {
    pub(crate) fn note(&mut self, key: Key, deed: Deed) {
        if matches!(deed, Deed::Removed { .. }) {
            self.wavering.insert(key.clone());
        }
        self.deeds.insert(key, deed);
    }

    pub(crate) fn deed(&self, key: &Key) -> Option<Deed> {
        self.deeds.get(key).copied()
    }
}
