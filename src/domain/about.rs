//! What is known of an issue beside what makes it one.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

/// Keys and values; text from outside.
pub type Tags = BTreeMap<String, String>;

/// What the organization says of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountFacts {
    /// Ids of the root and the organizational units above it, outermost first.
    pub ous: Vec<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What was found out about an account. `None` is what was not: it is not the same as nothing, and takes
/// nothing away from what was known before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Learned {
    /// As [`AccountFacts::ous`]. Where the organization does not place its accounts, those that somebody
    /// asks about, in no order.
    pub ous: Option<Vec<String>>,
    /// As [`AccountFacts::tags`].
    pub tags: Option<Tags>,
}

impl AccountFacts {
    /// What is known now.
    #[must_use]
    pub fn learn(self, learned: Learned) -> Self {
        Self {
            ous: learned.ous.unwrap_or(self.ous),
            tags: learned.tags.unwrap_or(self.tags),
        }
    }
}

/// What is known of an issue beside what makes it one. Routes and silences may ask for it; where none
/// does, it is left empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Products whose findings report it, each once, in order.
    pub products: Vec<Arc<str>>,
    /// Types of those findings, each once, in order.
    pub types: Vec<Arc<str>>,
    /// Tags of its resource, as the finding says them that was updated last.
    pub resource_tags: Tags,
    /// What the organization says of its account.
    pub account: Arc<AccountFacts>,
}
