//! Correlation rules: issues that make each other worse.
//!
//! Each rule has an anchor, the issue that becomes worse, and needs: what has to be open beside it, on
//! the same resource or near it. `docs/rules.md` says what each is for.

mod settings;
#[cfg(test)]
mod tests;

use crate::domain::{
    Parts,
    decision::{Assessment, Neighbour},
    score::{Cause, Reason},
};

pub use settings::{RuleSettings, RulesSettings};

/// How many causes of a reason are named.
const CAUSES_NAMED: usize = 5;

/// What has to be open beside an anchor.
#[derive(Debug)]
struct Need {
    /// An issue with any of these parts.
    parts: Parts,
    /// Whether it may be on a related resource.
    near: bool,
}

/// A rule as it is built in.
#[derive(Debug)]
pub struct Rule {
    /// Its name in settings, scores and pages.
    pub name: &'static str,
    /// What it looks for, as the end of a sentence.
    pub summary: &'static str,
    /// What it adds to a score unless settings say otherwise.
    pub weight: u8,
    anchor: Parts,
    needs: &'static [Need],
}

const fn here(parts: Parts) -> Need {
    Need { parts, near: false }
}

const fn near(parts: Parts) -> Need {
    Need { parts, near: true }
}

/// All rules. With the weight 30 a medium issue becomes high and a high one critical, and a low one stays
/// low: what is harmless by itself is no emergency because it can be reached.
pub static RULES: [Rule; 6] = [
    Rule {
        name: "internet-exploitable",
        summary: "a critical or exploitable vulnerability on what the Internet reaches",
        weight: 30,
        anchor: Parts::VULNERABLE,
        needs: &[near(Parts::EXPOSED)],
    },
    Rule {
        name: "threat-on-weak-resource",
        summary: "a threat detected on what the Internet reaches or what is vulnerable",
        weight: 30,
        anchor: Parts::THREAT,
        needs: &[near(Parts::EXPOSED.or(Parts::VULNERABLE))],
    },
    Rule {
        name: "public-sensitive-data",
        summary: "sensitive data where anyone has access",
        weight: 30,
        anchor: Parts::SENSITIVE,
        needs: &[here(Parts::PUBLIC)],
    },
    Rule {
        name: "unusual-use-without-mfa",
        summary: "unusual use of the root user, or of a user, without a second factor",
        weight: 30,
        anchor: Parts::UNUSUAL_USE,
        needs: &[here(Parts::WITHOUT_MFA)],
    },
    Rule {
        name: "leaked-credential-used",
        summary: "unusual use of an identity whose credentials leaked",
        weight: 30,
        anchor: Parts::UNUSUAL_USE,
        needs: &[here(Parts::LEAKED)],
    },
    Rule {
        name: "attack-path",
        summary: "a way in from the Internet, a vulnerability or threat, and behind it an identity that may do nearly everything, or sensitive data",
        weight: 20,
        anchor: Parts::VULNERABLE.or(Parts::THREAT),
        needs: &[
            near(Parts::EXPOSED),
            near(Parts::PRIVILEGED.or(Parts::SENSITIVE)),
        ],
    },
];

/// The rules that are on, each with its weight.
#[derive(Clone)]
pub struct Rules {
    weights: [Option<u8>; RULES.len()],
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            weights: RULES.each_ref().map(|rule| Some(rule.weight)),
        }
    }
}

impl std::fmt::Debug for Rules {
    /// By name: what a rulebook decides by is told from another by this text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.all().map(|(rule, weight)| (rule.name, weight));
        f.debug_map().entries(named).finish()
    }
}

impl Rules {
    /// Every rule with its weight; `None` where it is off.
    pub fn all(&self) -> impl Iterator<Item = (&'static Rule, Option<u8>)> {
        RULES.iter().zip(self.weights)
    }

    /// Raises an open issue by the rules that fire for it. What was history is news when something new
    /// makes it worse.
    ///
    /// `neighbours` are open issues on its resource and near it, in any order.
    pub(super) fn weigh(&self, issue: &mut Assessment, neighbours: &[Neighbour]) {
        for (rule, weight) in self.all() {
            let Some(weight) = weight else { continue };
            if !issue.parts.any_of(rule.anchor) {
                continue;
            }
            let Some(causes) = rule.causes(issue.id, neighbours) else {
                continue;
            };
            issue.history &= causes.iter().all(|cause| cause.history);
            issue.score.reasons.push(reason(rule, weight, &causes));
        }
        issue.severity = issue.score.severity();
    }
}

impl Rule {
    /// What meets the needs beside an anchor; `None` unless all are met.
    fn causes<'n>(&self, anchor: i64, neighbours: &'n [Neighbour]) -> Option<Vec<&'n Neighbour>> {
        let others = || neighbours.iter().filter(|other| other.issue != anchor);
        let meets = |other: &Neighbour, need: &Need| {
            other.parts.any_of(need.parts) && (need.near || other.here)
        };
        let is_met = |need: &Need| others().any(|other| meets(other, need));
        if !self.needs.iter().all(is_met) {
            return None;
        }
        let plays = |other: &&Neighbour| self.needs.iter().any(|need| meets(other, need));
        Some(others().filter(plays).collect())
    }
}

fn reason(rule: &Rule, weight: u8, causes: &[&Neighbour]) -> Reason {
    let cause = |other: &&Neighbour| Cause {
        problem: other.problem.to_string(),
        resource: other.resource.to_string(),
    };
    let mut named: Vec<Cause> = causes.iter().map(cause).collect();
    named.sort_unstable();
    named.dedup();
    let more = named.len().saturating_sub(CAUSES_NAMED);
    named.truncate(CAUSES_NAMED);
    Reason {
        rule: rule.name.to_owned(),
        weight,
        causes: named,
        more: u32::try_from(more).unwrap_or(u32::MAX),
    }
}
