//! How bad a finding is, and who said so.

use std::fmt;

/// How bad, in Security Hub's five steps, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// No problem was found.
    Informational,
    /// No action needed on its own.
    Low,
    /// To be dealt with, not urgently.
    Medium,
    /// A priority.
    High,
    /// To be dealt with at once.
    Critical,
}

impl Severity {
    /// All of them, least first.
    pub const ALL: [Self; 5] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Security Hub's label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// Reads Security Hub's label, in any case; `None` for anything else.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str().eq_ignore_ascii_case(label.trim()))
    }

    /// Security Hub's own ranges for `Severity.Normalized` (API model): 0, 1–39, 40–69, 70–89,
    /// 90–100. Values outside are clamped.
    #[must_use]
    pub fn from_normalized(normalized: f64) -> Self {
        match normalized {
            n if n >= 90.0 => Self::Critical,
            n if n >= 70.0 => Self::High,
            n if n >= 40.0 => Self::Medium,
            n if n > 0.0 => Self::Low,
            _ => Self::Informational,
        }
    }

    /// A small number for a database column; higher is worse.
    #[must_use]
    pub fn rank(self) -> u8 {
        match self {
            Self::Informational => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }

    /// The reverse of [`Severity::rank`]; `None` for a number that it never gives.
    #[must_use]
    pub fn from_rank(rank: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.rank() == rank)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which field a severity was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeveritySource {
    /// `Severity.Label`, which an analyst's change also sets.
    Label,
    /// `Severity.Normalized`, of findings older than labels.
    Normalized,
    /// `ProductFields["aws/securityhub/SeverityLabel"]`, of the oldest findings.
    LegacyLabel,
    /// `FindingProviderFields.Severity`, when nothing else says.
    Provider,
    /// Nothing says; taken as informational.
    Absent,
}

impl SeveritySource {
    /// What it is called in sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Normalized => "normalized number",
            Self::LegacyLabel => "label in ProductFields",
            Self::Provider => "provider's own label",
            Self::Absent => "lack of any severity",
        }
    }
}
