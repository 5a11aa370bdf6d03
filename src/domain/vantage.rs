//! Where findings are seen from.

use std::fmt;

use super::{AccountId, Scope};

/// How much is in sight from a vantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sight {
    /// The account's own findings in the Region: the vantage and the scope are one.
    Member,
    /// Those of all members of Security Hub's administrator in the Region.
    Administrator,
    /// Those of all members in all Regions that are linked to this one, the home Region. They are
    /// copies, which come later than the originals.
    Aggregator,
}

impl Sight {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Member, Self::Administrator, Self::Aggregator];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Administrator => "administrator",
            Self::Aggregator => "aggregator",
        }
    }

    /// The reverse of [`Sight::as_str`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sight| sight.as_str() == word)
    }
}

/// The account and Region that is asked, and how much is in sight from there. How far one is
/// recorded says nothing of another, even at the same place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Vantage {
    /// The account and Region that is asked, and whose request budget pays.
    pub at: Scope,
    /// How much is in sight.
    pub sight: Sight,
}

impl Vantage {
    /// A scope that is asked itself.
    #[must_use]
    pub fn member(scope: Scope) -> Self {
        Self {
            at: scope,
            sight: Sight::Member,
        }
    }

    /// Whether scopes beside the one that is asked are in sight.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.sight != Sight::Member
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sight {
            Sight::Member => write!(f, "{}", self.at),
            Sight::Administrator | Sight::Aggregator => {
                write!(f, "{} of {}", self.sight.as_str(), self.at)
            }
        }
    }
}

/// Which vantages an operator chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Every account is asked in every Region.
    Members,
    /// One account sees the others.
    Wide {
        /// Security Hub's delegated administrator.
        administrator: AccountId,
        /// Whether its home Region alone is asked, which others are linked to.
        home_region_only: bool,
        /// Whether what it does not see is asked itself; otherwise coverage says that nobody looks.
        ask_unseen: bool,
    },
}
