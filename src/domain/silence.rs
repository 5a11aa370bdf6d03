//! What people do not want to hear of for a while.

use jiff::Timestamp;

/// Problems that nobody is to be told of until a time. They are found, shown and counted as ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Number within one store.
    pub id: i64,
    /// Which issues, as a route's `match` in JSON.
    pub matching: String,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub starts_at: Timestamp,
    /// Until when. What is still a problem then is told as if it were new.
    pub ends_at: Timestamp,
}
