//! What an operator writes about the issues that a route or a silence is for, and what is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{AccountId, Region, Severity, ids::is_unit, score::MAX, settings::Problem};

use super::{
    controls,
    matcher::{Matcher, Pattern, TagPattern},
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
    /// `>=70`: this score or a higher one.
    pub score: Option<String>,
    /// Ids of accounts.
    pub accounts: Vec<String>,
    /// Ids of organizational units or roots that the account is below, however deep.
    pub ous: Vec<String>,
    /// Tags of the account, each with a value, or the beginning of one before a `*`, or a list of them;
    /// all must match.
    pub tags: BTreeMap<String, OneOrMany>,
    /// Names of Regions, or beginnings of them before a `*`; `global` for resources in no Region.
    pub regions: Vec<String>,
    /// Names of products, in any case, or beginnings of them before a `*`.
    pub products: Vec<String>,
    /// Types of findings, or beginnings of them before a `*`.
    pub types: Vec<String>,
    /// ASFF types of resources, or beginnings of them before a `*`.
    pub resources: Vec<String>,
    /// Tags of the resource, as those of the account.
    pub resource_tags: BTreeMap<String, OneOrMany>,
    /// Problems, such as `control:EC2.19`, or beginnings of them before a `*`.
    pub problems: Vec<String>,
}

/// One text or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    fn all(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
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
    check_list("match.ous", &settings.ous, problems, |id| {
        (!is_unit(id)).then_some("is not the id of a unit or root, such as ou-ab12-cdefgh34")
    });
    for (key, names) in [
        ("match.products", &settings.products),
        ("match.types", &settings.types),
    ] {
        check_list(key, names, problems, |name| {
            name.trim()
                .is_empty()
                .then_some("is empty: write a * for all")
        });
    }
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
        score: score(settings.score.as_deref(), problems),
        ous: settings.ous.clone(),
        tags: tags("match.tags", &settings.tags, problems),
        products: settings
            .products
            .iter()
            .map(|name| Pattern::new(&name.to_lowercase()))
            .collect(),
        types: patterns(&settings.types),
        resource_tags: tags("match.resource_tags", &settings.resource_tags, problems),
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

/// The least score that is allowed: any where none is given.
fn score(written: Option<&str>, problems: &mut Vec<Problem>) -> u8 {
    let Some(written) = written else { return 0 };
    let number = written.trim().strip_prefix(">=").map(str::trim);
    let least = number.and_then(|number| number.parse().ok());
    least.filter(|least| *least <= MAX).unwrap_or_else(|| {
        let advice = format!("must be >= and a score up to {MAX}, such as >=90");
        problems.push(Problem::new("match.score", advice));
        0
    })
}

/// Each tag with what its value may be.
fn tags(
    key: &str,
    written: &BTreeMap<String, OneOrMany>,
    problems: &mut Vec<Problem>,
) -> Vec<TagPattern> {
    let mut patterns = Vec::new();
    for (number, (tag, values)) in (1..).zip(written) {
        // The tag itself is not repeated: it may be a secret in the wrong place.
        if tag.trim().is_empty() {
            problems.push(Problem::new(key, format!("tag {number} has no name")));
        }
        if values.all().is_empty() {
            let advice = "allows no value: write \"*\" for any";
            problems.push(Problem::new(key, format!("tag {number} {advice}")));
        }
        patterns.push(TagPattern {
            key: tag.clone(),
            values: values
                .all()
                .iter()
                .map(|value| Pattern::new(value))
                .collect(),
        });
    }
    patterns
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
    use crate::{
        correlate::Subject,
        domain::{About, AccountFacts, IssueIdentity, Tags},
    };

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

    /// Whether a match, as JSON, allows an issue of two products on a tagged resource; how many keys are
    /// wrong otherwise.
    fn allows(json: &str) -> Result<bool, usize> {
        let settings: MatchSettings = serde_json::from_str(json).unwrap();
        let mut problems = Vec::new();
        let matcher = matcher(&settings, &mut problems);
        if !problems.is_empty() {
            return Err(problems.len());
        }
        let identity = IssueIdentity {
            account: "111122223333".into(),
            region: None,
            resource_kind: "AwsS3Bucket".to_owned(),
            resource: "arn:aws:s3:::logs".to_owned(),
            problem: "control:S3.8".to_owned(),
        };
        let tags = |pairs: &[(&str, &str)]| -> Tags {
            let owned = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            owned.collect()
        };
        let about = About {
            products: vec!["Config".into(), "Security Hub".into()],
            types: vec!["Software and Configuration Checks/X".into()],
            resource_tags: tags(&[("Owner", "data"), ("empty", "")]),
            account: AccountFacts {
                ous: vec!["r-ab12".to_owned(), "ou-ab12-cdefgh34".to_owned()],
                tags: tags(&[("env", "production")]),
            }
            .into(),
        };
        Ok(matcher.selects(Subject {
            identity: &identity,
            severity: Severity::High,
            score: 85,
            about: &about,
        }))
    }

    #[test]
    fn every_key_about_an_issue_allows_and_refuses() {
        let table = [
            ("{}", Ok(true)),
            (r#"{"score":">=85"}"#, Ok(true)),
            (r#"{"score":">= 86"}"#, Ok(false)),
            (r#"{"score":"85"}"#, Err(1)),
            (r#"{"score":">=101"}"#, Err(1)),
            (r#"{"ous":["ou-ab12-cdefgh34"]}"#, Ok(true)),
            (r#"{"ous":["ou-ab12-zzzzzzzz","r-ab12"]}"#, Ok(true)),
            (r#"{"ous":["ou-ab12-zzzzzzzz"]}"#, Ok(false)),
            (r#"{"ous":["Production"]}"#, Err(1)),
            (r#"{"tags":{"env":"prod*"}}"#, Ok(true)),
            (r#"{"tags":{"env":["test","production"]}}"#, Ok(true)),
            (r#"{"tags":{"env":"prod"}}"#, Ok(false)),
            (r#"{"tags":{"env":"prod*","team":"*"}}"#, Ok(false)),
            (r#"{"tags":{"env":[]}}"#, Err(1)),
            (r#"{"tags":{"":"x"}}"#, Err(1)),
            (r#"{"products":["security hub"]}"#, Ok(true)),
            (r#"{"products":["GuardDuty","CONF*"]}"#, Ok(true)),
            (r#"{"products":["Security"]}"#, Ok(false)),
            (r#"{"products":[" "]}"#, Err(1)),
            (
                r#"{"types":["Software and Configuration Checks/*"]}"#,
                Ok(true),
            ),
            (r#"{"types":["TTPs/*"]}"#, Ok(false)),
            (r#"{"resource_tags":{"Owner":"data"}}"#, Ok(true)),
            (r#"{"resource_tags":{"empty":"*"}}"#, Ok(true)),
            (r#"{"resource_tags":{"owner":"data"}}"#, Ok(false)),
        ];
        for (json, expected) in table {
            assert_eq!(allows(json), expected, "{json}");
        }
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
