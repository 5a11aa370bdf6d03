//! The unit of reading: one account in one Region.

use std::fmt;

use super::{AccountId, Learned, Region};

/// One account in one Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Scope {
    /// The account that is asked.
    pub account: AccountId,
    /// The Region that is asked.
    pub region: Region,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// An account as discovery knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What people call it; text from outside.
    pub name: String,
    /// False once AWS says that it is suspended or closed: it is kept, and no longer asked.
    pub active: bool,
    /// The Regions to read when they are configured for this account alone.
    pub regions: Option<Vec<Region>>,
    /// What was found out about it beside.
    pub learned: Learned,
}
