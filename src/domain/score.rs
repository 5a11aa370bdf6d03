//! How bad an issue is, and the sum that says so.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Severity;

/// The highest score.
pub const MAX: u8 = 100;

/// A problem elsewhere, or another one on the same resource, that makes an issue worse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The problem's canonical name.
    pub problem: String,
    /// The resource that has it.
    pub resource: String,
}

/// One correlation rule that fired, and what it adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's name.
    pub rule: String,
    /// What it adds to the score.
    pub weight: u8,
    /// Open issues that it fired for: the first few, in order.
    pub causes: Vec<Cause>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl fmt::Display for Reason {
    /// `internet-exploitable 30: control:EC2.19 on arn:…, and 2 more`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rule, self.weight)?;
        for (at, cause) in self.causes.iter().enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{} on {}", cause.problem, cause.resource)?;
        }
        if self.more > 0 {
            write!(f, ", and {} more", self.more)?;
        }
        Ok(())
    }
}

/// How bad an issue is, from 0 to 100: where the range of its findings' severity begins, and what each
/// rule adds that fired. The ranges are those of `Severity.Normalized`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// How bad its findings say it is.
    pub base: Severity,
    /// What made it worse.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl Score {
    /// The score of what no rule fired for.
    #[must_use]
    pub fn of(base: Severity) -> Self {
        Self {
            base,
            reasons: Vec::new(),
        }
    }

    /// The sum, at most 100.
    #[must_use]
    pub fn value(&self) -> u8 {
        let added = self.reasons.iter().map(|reason| reason.weight);
        let sum = added.fold(self.base.least_score(), u8::saturating_add);
        sum.min(MAX)
    }

    /// The severity of the sum. Never less than that of the findings.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::of_score(self.value()).max(self.base)
    }
}

impl fmt::Display for Score {
    /// `100 = HIGH 70 + internet-exploitable 30: …`, which may come to more than the score.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} = {} {}",
            self.value(),
            self.base,
            self.base.least_score()
        )?;
        for (at, reason) in self.reasons.iter().enumerate() {
            write!(f, "{}{reason}", if at == 0 { " + " } else { "; + " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_base_and_the_weights_and_no_more_than_a_hundred() {
        let reason = |weight| Reason {
            rule: "rule".to_owned(),
            weight,
            causes: Vec::new(),
            more: 0,
        };
        let score = |base, weights: &[u8]| Score {
            base,
            reasons: weights.iter().map(|weight| reason(*weight)).collect(),
        };
        let table: [(Severity, &[u8], u8, Severity); 7] = [
            (Severity::Informational, &[], 0, Severity::Informational),
            (Severity::Low, &[], 1, Severity::Low),
            (Severity::Medium, &[30], 70, Severity::High),
            (Severity::Medium, &[29], 69, Severity::Medium),
            (Severity::High, &[30], 100, Severity::Critical),
            (Severity::Critical, &[30, 20], 100, Severity::Critical),
            (Severity::Low, &[100, 100, 100], 100, Severity::Critical),
        ];
        for (base, weights, value, severity) in table {
            let score = score(base, weights);
            assert_eq!(
                (score.value(), score.severity()),
                (value, severity),
                "{base} {weights:?}"
            );
        }
    }

    #[test]
    fn a_severity_begins_where_its_range_does() {
        for severity in Severity::ALL {
            assert_eq!(Severity::of_score(severity.least_score()), severity);
            assert_eq!(Score::of(severity).severity(), severity);
        }
    }

    #[test]
    fn a_score_says_what_it_is_the_sum_of() {
        let score = Score {
            base: Severity::High,
            reasons: vec![Reason {
                rule: "internet-exploitable".to_owned(),
                weight: 30,
                causes: vec![Cause {
                    problem: "control:EC2.19".to_owned(),
                    resource: "sg-1".to_owned(),
                }],
                more: 2,
            }],
        };
        assert_eq!(
            score.to_string(),
            "100 = HIGH 70 + internet-exploitable 30: control:EC2.19 on sg-1, and 2 more"
        );
        assert_eq!(Score::of(Severity::Low).to_string(), "1 = LOW 1");
    }
}
