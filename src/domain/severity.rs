//! How bad a finding is, and who said so.

use std::fmt;

/// How bad, in Security Hub's five steps, least first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
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

    /// The same ranges for a score from 0 to 100.
    #[must_use]
    pub fn of_score(score: u8) -> Self {
        Self::from_normalized(f64::from(score))
    }

    /// The least score that is this bad: where the range of [`Severity::from_normalized`] begins.
    #[must_use]
    pub fn least_score(self) -> u8 {
        match self {
            Self::Informational => 0,
            Self::Low => 1,
            Self::Medium => 40,
            Self::High => 70,
            Self::Critical => 90,
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
    /// `Severity.Label`.
    Label,
    /// `Severity.Label`, which differs from what the provider says: somebody of the customer's set it, or
    /// an automation rule of theirs.
    Analyst,
    /// `Severity.Normalized`, of findings older than labels.
    Normalized,
    /// `ProductFields["aws/securityhub/SeverityLabel"]`, of the oldest findings.
    LegacyLabel,
    /// `FindingProviderFields.Severity.Label`, when nothing else says.
    Provider,
    /// `Severity.Original`, where the provider's own word is one of Security Hub's.
    Original,
    /// `Severity.Product`, retired, of a product of which the scale is known.
    ProductScale,
    /// Nothing says; taken as informational.
    Absent,
}

impl SeveritySource {
    /// What it is called in sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Analyst => "label, which an analyst or an automation rule set",
            Self::Normalized => "normalized number",
            Self::LegacyLabel => "label in ProductFields",
            Self::Provider => "provider's own label",
            Self::Original => "provider's own word",
            Self::ProductScale => "number on the product's own scale",
            Self::Absent => "lack of any severity",
        }
    }
}
