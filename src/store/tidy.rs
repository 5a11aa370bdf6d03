//! What is kept for how long, and what tidying up comes to.

use jiff::SignedDuration;

/// How long what nobody needs any more is kept; `None` for ever.
///
/// What AWS still has is kept as long as AWS has it, whatever became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Findings that are gone, unless an incident needs them that is not over.
    pub gone: Option<SignedDuration>,
    /// Incidents that are resolved and that nobody was told of.
    pub incidents: Option<SignedDuration>,
    /// Raw findings that could not be read, since they were last met.
    pub rejected: Option<SignedDuration>,
}

/// One kind of tidying up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chore {
    /// Removes findings.
    Findings,
    /// Removes incidents.
    Incidents,
    /// Removes issues that have nothing left.
    Issues,
    /// Removes relations that no finding states any more.
    Relations,
    /// Removes raw findings that could not be read.
    Rejected,
    /// Packs what is left of bodies anew.
    Bodies,
    /// Gives pages back to the file system.
    Pages,
}

impl Chore {
    /// All of them, in the order of a round: each makes work for those behind it.
    pub const ALL: [Self; 7] = [
        Self::Findings,
        Self::Incidents,
        Self::Issues,
        Self::Relations,
        Self::Rejected,
        Self::Bodies,
        Self::Pages,
    ];

    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Incidents => "incidents",
            Self::Issues => "issues",
            Self::Relations => "relations",
            Self::Rejected => "rejected",
            Self::Bodies => "bodies",
            Self::Pages => "pages",
        }
    }

    /// The chore behind this one; `None` at the end of a round.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let mut rest = Self::ALL.into_iter().skip_while(|chore| *chore != self);
        rest.nth(1)
    }
}

/// What one step of tidying up came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tidied {
    /// What was looked for.
    pub chore: Chore,
    /// How many were removed, packed anew (findings) or given back (pages).
    pub count: u64,
    /// Whether everything has been looked at once.
    pub is_round_done: bool,
}
