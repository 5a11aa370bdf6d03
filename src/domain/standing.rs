//! Whether a finding speaks of a problem that is there now.

/// What a finding says about its problem now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The problem is there.
    Open,
    /// The check could not be made (`NOT_AVAILABLE`): no evidence for the problem, nor against.
    Unassessed,
    /// An analyst chose not to hear of it.
    Suppressed,
    /// The check passed, or an analyst resolved it.
    Resolved,
    /// The provider archived it.
    Archived,
    /// Security Hub no longer has it: a complete sweep did not meet it, and asked for by id it was
    /// not there either.
    Gone,
    /// The provider archived it because another finding takes its place, as Security Hub does when
    /// consolidated control findings are switched on or off: no evidence that anything was mended.
    Replaced,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Open,
        Self::Unassessed,
        Self::Suppressed,
        Self::Resolved,
        Self::Archived,
        Self::Gone,
        Self::Replaced,
    ];

    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unassessed => "unassessed",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
            Self::Archived => "archived",
            Self::Gone => "gone",
            Self::Replaced => "replaced",
        }
    }

    /// A small number for a database column.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Unassessed => 1,
            Self::Suppressed => 2,
            Self::Resolved => 3,
            Self::Archived => 4,
            Self::Gone => 5,
            Self::Replaced => 6,
        }
    }

    /// The reverse of [`Standing::code`]; `None` for a number that it never gives.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }
}
