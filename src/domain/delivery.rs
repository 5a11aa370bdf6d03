//! Notices owed to sinks, and what became of them.

use jiff::Timestamp;

use super::{Digest, IncidentId};

/// Why a notice is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The incident is new.
    Opened,
}

impl Occasion {
    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
        }
    }

    /// The reverse of [`Occasion::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        (word == Self::Opened.as_str()).then_some(Self::Opened)
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Owed: waiting for its time, or leased.
    Pending,
    /// The sink gave a receipt.
    Delivered,
    /// Given up, with the reason; a person may replay it.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The reverse of [`DeliveryState::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// One notice owed to one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Number within one store.
    pub id: i64,
    /// The incident it tells of.
    pub incident: IncidentId,
    /// That incident's group, from which the mark left at the far side is made. It is the same
    /// after the store was lost, so an earlier ticket is found again.
    pub group: Digest,
    /// How many incidents of that group there were before it.
    pub earlier: u32,
    /// Name of the sink.
    pub sink: String,
    /// Why it is owed.
    pub occasion: Occasion,
    /// How many attempts were begun before this one.
    pub attempts: u32,
    /// When the last attempt was begun whose outcome is not known: the process died, or the sink
    /// gave no answer. The far side has to be asked before anything is sent again.
    pub in_doubt_since: Option<Timestamp>,
}

/// What the sink gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The far side's name for what it made: a ticket key, a message id.
    pub reference: String,
    /// Where a person can look at it.
    pub url: Option<String>,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It landed.
    Delivered(Receipt),
    /// To be tried again.
    Later {
        /// When.
        due_at: Timestamp,
        /// Why, in words.
        reason: String,
        /// When the attempt was begun that may have landed all the same, if one may.
        in_doubt_since: Option<Timestamp>,
    },
    /// Given up.
    Dead {
        /// Why, in words.
        reason: String,
    },
}
