//! What a page did to a finding.

use super::Standing;

/// What a page did to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It was not known before.
    Appeared,
    /// Something other than its top-level timestamps is different.
    Altered,
    /// Its problem is there again.
    Reopened,
    /// Its problem is no longer there.
    Resolved,
    /// An analyst chose not to hear of it.
    Suppressed,
    /// Only timestamps moved.
    Refreshed,
    /// Nothing is different, or what came is older than what we have.
    Unchanged,
}

impl Change {
    /// What became of a known finding whose content differs.
    #[must_use]
    pub fn between(before: Standing, after: Standing) -> Self {
        match (before, after) {
            (b, a) if b == a => Self::Altered,
            // Its place was taken, and it is back: the problem was there all the time.
            (Standing::Replaced, Standing::Open) => Self::Altered,
            (_, Standing::Open) => Self::Reopened,
            (_, Standing::Suppressed) => Self::Suppressed,
            (_, Standing::Resolved | Standing::Archived | Standing::Gone) => Self::Resolved,
            (_, Standing::Unassessed | Standing::Replaced) => Self::Altered,
        }
    }

    /// Whether the issue behind the finding has to be looked at again.
    #[must_use]
    pub fn touches_issue(self) -> bool {
        !matches!(self, Self::Refreshed | Self::Unchanged)
    }

    /// The word for labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Altered => "altered",
            Self::Reopened => "reopened",
            Self::Resolved => "resolved",
            Self::Suppressed => "suppressed",
            Self::Refreshed => "refreshed",
            Self::Unchanged => "unchanged",
        }
    }
}
