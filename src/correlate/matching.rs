//! What an operator writes about the issues that a route or a silence is for, and what is wrong with it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{AccountId, Region, Severity, settings::Problem};

use super::{
    controls,
    matcher::{Matcher, Pattern},
};

/// The kinds of problems that issues have.
pub(super) const PROBLEM_KINDS: [&str; 8] = [
    "control",
    "cve",
    "vulnerability",
    "port",
    "threat",
    "sensitive-data",
    "access",
    "product",
];

/// What a problem of no known kind is told.
const KIND_ADVICE: &str = "must begin with control:, cve:, vulnerability:, port:, threat:, sensitive-data:, access: or product:";

/// Macie's classes of sensitive data (Macie user guide, "Types of sensitive data findings").
const DATA_CLASSES: [&str; 5] = [
    "Credentials",
    "CustomIdentifier",
    "Financial",
    "Multiple",
    "Personal",
];

/// Which issues a route selects: those that every given key allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatchSettings {
    /// `>=HIGH`, which is the default, one label, or a list of labels.
    pub severity: Option<SeveritySettings>,
    /// Ids of accounts.
    pub accounts: Vec<String>,
    /// Names of Regions, or beginnings of them before a `*`; `global` for resources in no Region.
    pub regions: Vec<String>,
    /// ASFF types of resources, or beginnings of them before a `*`.
    pub resources: Vec<String>,
    /// Problems, such as `control:EC2.19`, or beginnings of them before a `*`.
    pub problems: Vec<String>,
}

/// The ways to write severities.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum SeveritySettings {
    /// `>=HIGH`, or one label.
    One(String),
    /// Labels.
    Many(Vec<String>),
}

impl MatchSettings {
    /// Whether no key is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Turns what was typed into a matcher, and notes what is wrong with it.
pub(super) fn matcher(settings: &MatchSettings, problems: &mut Vec<Problem>) -> Matcher {
    let is_account = |id: &str| AccountId::from(id).is_well_formed();
    let is_region = |name: &str| Region::from(name.trim_end_matches('*')).is_well_formed();
    check_list("match.accounts", &settings.accounts, problems, |id| {
        (!is_account(id)).then_some("is not an account id of twelve digits")
    });
    check_list("match.regions", &settings.regions, problems, |name| {
        (!is_region(name)).then_some("is not the name of a Region, nor the beginning of one")
    });
    check_list("match.resources", &settings.resources, problems, |kind| {
        let letters = |b: u8| b.is_ascii_alphanumeric();
        let name = kind.strip_suffix('*').unwrap_or(kind);
        let is_kind = !name.is_empty() && name.bytes().all(letters);
        (!is_kind).then_some("is not a resource type such as AwsS3Bucket, nor the beginning of one")
    });
    check_list(
        "match.problems",
        &settings.problems,
        problems,
        wrong_problem,
    );
    let patterns = |written: &[String]| written.iter().map(|text| Pattern::new(text)).collect();
    Matcher {
        severities: severities(settings.severity.as_ref(), problems),
        accounts: settings
            .accounts
            .iter()
            .map(|id| AccountId::from(id.as_str()))
            .collect(),
        regions: patterns(&settings.regions),
        resources: patterns(&settings.resources),
        problems: patterns(&settings.problems),
    }
}

fn check_list(
    key: &str,
    entries: &[String],
    problems: &mut Vec<Problem>,
    wrong: impl Fn(&str) -> Option<&'static str>,
) {
    for (number, entry) in (1..).zip(entries) {
        if let Some(wrong) = wrong(entry) {
            problems.push(Problem::new(key, format!("entry {number} {wrong}")));
        }
    }
}

/// Why no issue can have this problem, if none can.
fn wrong_problem(written: &str) -> Option<&'static str> {
    let Some((kind, name)) = written.split_once(':') else {
        return Some(KIND_ADVICE);
    };
    if !PROBLEM_KINDS.contains(&kind) {
        return Some(KIND_ADVICE);
    }
    if name.is_empty() {
        return Some("names nothing: write a * at the end for all of its kind");
    }
    let (is_right, wrong) = match kind {
        "control" => (
            controls::canonical(name) == name,
            "is an old standard's rule: write the security control that it became",
        ),
        "cve" => (
            "CVE-".starts_with(name.trim_end_matches('*')) || name.starts_with("CVE-"),
            "is not a CVE id such as CVE-2021-44228, nor the beginning of one",
        ),
        "port" => (
            is_port(name),
            "is no port such as tcp/443 or inside/tcp/443, nor the beginning of one",
        ),
        "threat" => (
            is_threat(name),
            "is no threat such as Recon:EC2/Portscan, without what follows a . or !, nor the beginning of one",
        ),
        "sensitive-data" => (
            is_data_class(name),
            "is no class of sensitive data: Credentials, CustomIdentifier, Financial, Multiple or Personal",
        ),
        "access" => (
            is_access(name),
            "is no access such as external or unused-iam-role, nor the beginning of one",
        ),
        _ => (true, ""),
    };
    (!is_right).then_some(wrong)
}

fn is_port(name: &str) -> bool {
    let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'/' | b'-');
    let start = name.strip_suffix('*');
    start.unwrap_or(name).bytes().all(letters) && (start.is_some() || name.contains('/'))
}

fn is_threat(name: &str) -> bool {
    let start = name.strip_suffix('*');
    let purpose = start.unwrap_or(name).split(':').next().unwrap_or_default();
    let is_whole = name.contains(':') && name.contains('/');
    // Security Hub's own spelling has categories before the purpose; the family has no variant.
    !purpose.contains('/') && !name.contains(['.', '!']) && (start.is_some() || is_whole)
}

fn is_data_class(name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(start) => DATA_CLASSES.iter().any(|class| class.starts_with(start)),
        None => DATA_CLASSES.contains(&name),
    }
}

fn is_access(name: &str) -> bool {
    let letters = |b: u8| b.is_ascii_lowercase() || b == b'-';
    name.strip_suffix('*').unwrap_or(name).bytes().all(letters)
}

/// The severities that are allowed: `HIGH` and above where none is given.
fn severities(
    settings: Option<&SeveritySettings>,
    problems: &mut Vec<Problem>,
) -> BTreeSet<Severity> {
    const KEY: &str = "match.severity";
    let from = |least: Severity| Severity::ALL.into_iter().filter(move |s| *s >= least);
    let mut unknown = |what: &str| {
        let labels = Severity::ALL.map(Severity::as_str).join(", ");
        problems.push(Problem::new(
            KEY,
            format!("{what}: the labels are {labels}"),
        ));
    };
    let labels = match settings {
        None => return from(Severity::High).collect(),
        Some(SeveritySettings::One(text)) => {
            if let Some(least) = text.trim().strip_prefix(">=") {
                let Some(least) = Severity::from_label(least) else {
                    unknown("is not >= and a label");
                    return BTreeSet::new();
                };
                return from(least).collect();
            }
            std::slice::from_ref(text)
        }
        Some(SeveritySettings::Many(labels)) => labels.as_slice(),
    };
    let mut allowed = BTreeSet::new();
    for (number, label) in (1..).zip(labels) {
        match Severity::from_label(label) {
            Some(severity) => {
                allowed.insert(severity);
            }
            None => unknown(&format!("entry {number} is not a label")),
        }
    }
    if labels.is_empty() {
        unknown("is empty, so that nothing matches");
    }
    allowed
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_written_in_three_ways() {
        let severities = |severity: &str| {
            let json = format!(r#"{{"severity":{severity}}}"#);
            let settings: MatchSettings = serde_json::from_str(&json).unwrap();
            let mut problems = Vec::new();
            let allowed = super::severities(settings.severity.as_ref(), &mut problems);
            (allowed.into_iter().collect::<Vec<_>>(), problems.len())
        };
        use Severity::{Critical, High, Low, Medium};
        assert_eq!(
            severities(r#"">= medium""#),
            (vec![Medium, High, Critical], 0)
        );
        assert_eq!(severities(r#""LOW""#), (vec![Low], 0));
        assert_eq!(
            severities(r#"["LOW","CRITICAL"]"#),
            (vec![Low, Critical], 0)
        );
        assert_eq!(severities("[]").1, 1);
        assert_eq!(severities(r#"">=SEVERE""#).1, 1);
        assert_eq!(severities(r#"">HIGH""#).1, 1);
    }

    #[test]
    fn a_problem_that_issues_have_can_be_matched() {
        for written in [
            "control:EC2.19",
            "control:EC2.*",
            "cve:*",
            "cve:CVE-2026-*",
            "product:aws/guardduty/*",
            "port:tcp/443",
            "port:inside/tcp/8000-8100",
            "port:udp/*",
            "threat:Recon:EC2/Portscan",
            "threat:Backdoor:*",
            "threat:Crypto*",
            "sensitive-data:Financial",
            "sensitive-data:*",
            "access:external",
            "access:unused-*",
        ] {
            assert_eq!(wrong_problem(written), None, "{written}");
        }
    }

    #[test]
    fn a_problem_that_no_issue_can_have_is_an_error() {
        for written in [
            "EC2.19",
            "ports:tcp/443",
            "control:",
            "control:PCI.EC2.5",
            "control:cis-aws-foundations-benchmark/v/3.0.0/5.2",
            "cve:log4j",
            "port:443",
            "port:TCP/443",
            "threat:TTPs/Discovery/Recon:EC2-Portscan",
            "threat:Backdoor:EC2/C&CActivity.B!DNS",
            "threat:Portscan",
            "sensitive-data:PII",
            "sensitive-data:financial*",
            "access:External Access Granted",
        ] {
            assert!(wrong_problem(written).is_some(), "{written}");
        }
    }
}
