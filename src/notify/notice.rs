//! An incident as people are told of it.

use jiff::Timestamp;

use crate::domain::{AccountId, IncidentId, Region, Remediation, Severity, delivery::Occasion};

/// An incident as people are told of it. Every text except the mark and the page's URL comes from
/// outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What the far side is asked for later: unique for an incident and a sink, the same after a
    /// restart, made of ASCII letters, digits and hyphens only, at most 255 of them.
    pub mark: String,
    /// Why people are told.
    pub occasion: Occasion,
    /// Number within one store.
    pub incident: IncidentId,
    /// What is wrong, in one line.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// The account that has the problem.
    pub account: AccountId,
    /// What people call the account; empty where nobody said.
    pub account_name: String,
    /// Whose it is; `None` where nobody said.
    pub owner: Option<String>,
    /// The Region that has it; `None` for a global resource.
    pub region: Option<Region>,
    /// The resource's canonical id.
    pub resource: String,
    /// ASFF type of the resource.
    pub resource_kind: String,
    /// Since when a finding reports it.
    pub since: Timestamp,
    /// What is wrong, worst first.
    pub problems: Vec<NoticeProblem>,
    /// How many more there are, left out of `problems`.
    pub more_problems: u32,
    /// Where to see it in the AWS console.
    pub console_url: Option<String>,
    /// Our own page about it.
    pub page_url: Option<String>,
}

/// One open issue of the incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeProblem {
    /// One line for people.
    pub title: String,
    /// The problem's canonical name, such as `control:EC2.19`.
    pub problem: String,
    /// How bad.
    pub severity: Severity,
    /// What makes it worse than its findings say, as a sum; `None` where nothing does.
    pub worse: Option<String>,
    /// A paragraph.
    pub description: String,
    /// What the provider advises.
    pub remediation: Remediation,
    /// Since when a finding reports it.
    pub since: Timestamp,
    /// How many findings report it.
    pub findings: u32,
    /// The provider's id of one of them.
    pub finding_id: String,
}
