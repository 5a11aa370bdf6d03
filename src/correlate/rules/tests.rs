use crate::domain::{
    IssueIdentity, IssueStatus, Score, Severity, Standing, Timestamp,
    decision::{Evidence, TouchedIssue},
    finding::Traits,
};

use super::super::{Rulebook, part};
use super::*;

const EXPLOIT: Traits = Traits {
    exploit_known: true,
    open_to_anyone: false,
};
const NONE: Traits = Traits {
    exploit_known: false,
    open_to_anyone: false,
};

/// An open issue of one finding.
fn issue(problem: &str, severity: Severity, traits: Traits) -> TouchedIssue {
    TouchedIssue {
        id: 1,
        identity: IssueIdentity {
            account: "111122223333".into(),
            region: None,
            resource_kind: "Any".to_owned(),
            resource: "it".to_owned(),
            problem: problem.to_owned(),
        },
        resource: 1,
        parts: Parts::NONE,
        status: None,
        evidence: vec![Evidence {
            standing: Standing::Open,
            severity,
            title: "title".into(),
            since: Timestamp::UNIX_EPOCH,
            traits,
        }],
        about: std::sync::Arc::default(),
        history: true,
    }
}

fn on_a_user(problem: &str) -> IssueIdentity {
    IssueIdentity {
        resource_kind: "AwsIamUser".to_owned(),
        ..self::issue(problem, Severity::High, NONE).identity
    }
}

fn neighbour(issue: i64, problem: &str, here: bool) -> Neighbour {
    Neighbour {
        issue,
        problem: problem.into(),
        resource: if here { "it" } else { "other" }.into(),
        here,
        parts: part::parts(&on_a_user(problem), Severity::Critical, EXPLOIT),
        history: true,
    }
}

fn fired(anchor: &TouchedIssue, neighbours: &[Neighbour]) -> Vec<String> {
    let assessed = Rulebook::new(Vec::new()).assess(anchor, neighbours, &[]);
    let reasons = assessed.score.reasons.into_iter();
    reasons.map(|reason| reason.rule).collect()
}

/// Which rules fire for an anchor beside others: `(problem, on the same resource)`.
#[test]
fn each_rule_fires_for_what_it_is_about_and_for_nothing_less() {
    const CVE: &str = "cve:CVE-2021-44228";
    const THREAT: &str = "threat:Backdoor:EC2/C&CActivity";
    const SIGN_IN: &str = "threat:UnauthorizedAccess:IAMUser/ConsoleLoginSuccess";
    const DATA: &str = "sensitive-data:Financial";
    const OPEN_PORT: &str = "control:EC2.19";
    const ADMIN: &str = "control:IAM.1";
    const NO_MFA: &str = "control:IAM.5";
    const LEAK: &str = "product:aws/health/AWS_RISK_CREDENTIALS_EXPOSED";
    type Case = (
        &'static str,
        Traits,
        &'static [(&'static str, bool)],
        &'static [&'static str],
    );
    let table: [Case; 24] = [
        // Reachable and exploitable.
        (
            CVE,
            EXPLOIT,
            &[(OPEN_PORT, true)],
            &["internet-exploitable"],
        ),
        (
            CVE,
            EXPLOIT,
            &[(OPEN_PORT, false)],
            &["internet-exploitable"],
        ),
        (
            CVE,
            EXPLOIT,
            &[("port:tcp/443", false)],
            &["internet-exploitable"],
        ),
        (CVE, EXPLOIT, &[("port:inside/tcp/443", true)], &[]),
        (CVE, EXPLOIT, &[], &[]),
        (CVE, NONE, &[(OPEN_PORT, true)], &[]),
        // A threat where it could get in.
        (
            THREAT,
            NONE,
            &[(OPEN_PORT, false)],
            &["threat-on-weak-resource"],
        ),
        (THREAT, NONE, &[(CVE, true)], &["threat-on-weak-resource"]),
        (THREAT, NONE, &[("control:EC2.8", true)], &[]),
        (THREAT, NONE, &[("threat:Recon:EC2/Portscan", true)], &[]),
        // Sensitive data anyone can have.
        (
            DATA,
            NONE,
            &[("control:S3.2", true)],
            &["public-sensitive-data"],
        ),
        (DATA, NONE, &[("access:external", true)], &[]),
        (DATA, NONE, &[("control:S3.2", false)], &[]),
        (DATA, NONE, &[("control:S3.8", true)], &[]),
        // An identity without a second factor.
        (
            SIGN_IN,
            NONE,
            &[(NO_MFA, true)],
            &["unusual-use-without-mfa"],
        ),
        (SIGN_IN, NONE, &[(NO_MFA, false)], &[]),
        (THREAT, NONE, &[(NO_MFA, true)], &[]),
        // A leaked credential.
        (SIGN_IN, NONE, &[(LEAK, true)], &["leaked-credential-used"]),
        (SIGN_IN, NONE, &[(LEAK, false)], &[]),
        ("control:IAM.3", NONE, &[(LEAK, true)], &[]),
        // The whole way.
        (
            CVE,
            EXPLOIT,
            &[(OPEN_PORT, false), (ADMIN, false)],
            &["internet-exploitable", "attack-path"],
        ),
        (
            THREAT,
            NONE,
            &[(OPEN_PORT, true), (DATA, false)],
            &["threat-on-weak-resource", "attack-path"],
        ),
        (CVE, EXPLOIT, &[(ADMIN, false)], &[]),
        (CVE, NONE, &[(OPEN_PORT, false), (ADMIN, false)], &[]),
    ];
    for (problem, traits, others, expected) in table {
        let anchor = issue(problem, Severity::High, traits);
        let numbered = (2..).zip(others);
        let mut neighbours: Vec<Neighbour> = numbered
            .map(|(id, (problem, here))| neighbour(id, problem, *here))
            .map(|other| match &*other.problem {
                // Only with the trait is it anyone's.
                "access:external" => Neighbour {
                    parts: Parts::NONE,
                    ..other
                },
                _ => other,
            })
            .collect();
        assert_eq!(
            fired(&anchor, &neighbours),
            expected,
            "{problem} {others:?}"
        );
        neighbours.reverse();
        assert_eq!(fired(&anchor, &neighbours), expected, "{problem} reversed");
    }
}

#[test]
fn an_issue_is_no_reason_for_itself() {
    // Exfiltration is a leak and a use; by itself it is one problem, not two.
    let problem = "threat:UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration";
    let anchor = issue(problem, Severity::High, NONE);
    assert!(fired(&anchor, &[neighbour(1, problem, true)]).is_empty());
    assert_eq!(
        fired(&anchor, &[neighbour(2, problem, true)]),
        ["leaked-credential-used"]
    );
}

#[test]
fn a_score_is_the_sum_of_its_reasons_and_raises_the_severity() {
    let mut anchor = issue("cve:CVE-2021-44228", Severity::Medium, EXPLOIT);
    let open = neighbour(2, "control:EC2.19", false);
    let raised = Rulebook::new(Vec::new()).assess(&anchor, std::slice::from_ref(&open), &[]);
    assert_eq!(
        (raised.score.value(), raised.severity),
        (70, Severity::High)
    );
    let reason = &raised.score.reasons[0];
    assert_eq!(reason.causes[0].problem, "control:EC2.19");
    assert_eq!(reason.causes[0].resource, "other");
    assert_eq!(raised.score.base, Severity::Medium);

    // What is over is not raised, whatever is beside it.
    anchor.evidence[0].standing = Standing::Resolved;
    let over = Rulebook::new(Vec::new()).assess(&anchor, &[open], &[]);
    assert_eq!(over.status, IssueStatus::Resolved);
    assert_eq!(over.score, Score::of(Severity::Medium));
}

#[test]
fn what_was_history_is_news_when_something_new_makes_it_worse() {
    let anchor = issue("cve:CVE-2021-44228", Severity::High, EXPLOIT);
    let old = neighbour(2, "control:EC2.19", false);
    let new = Neighbour {
        history: false,
        ..old.clone()
    };
    let unrelated = Neighbour {
        history: false,
        ..neighbour(3, "control:IAM.5", true)
    };
    let assess = |others: &[Neighbour]| Rulebook::new(Vec::new()).assess(&anchor, others, &[]);
    assert!(assess(&[old.clone(), unrelated]).history);
    assert!(!assess(&[old, new]).history);
}

#[test]
fn only_a_few_causes_are_named_and_the_rest_is_counted() {
    let anchor = issue("cve:CVE-2021-44228", Severity::High, EXPLOIT);
    let open = |id: i64| Neighbour {
        resource: format!("sg-{id}").into(),
        ..neighbour(id, "control:EC2.19", false)
    };
    let many: Vec<Neighbour> = (10..90).map(open).collect();
    let raised = Rulebook::new(Vec::new()).assess(&anchor, &many, &[]);
    let reason = &raised.score.reasons[0];
    assert_eq!(reason.causes.len(), CAUSES_NAMED);
    assert_eq!(reason.more, 75);
    assert_eq!(reason.causes[0].resource, "sg-10");
}

#[test]
fn a_rule_that_is_off_does_not_fire_and_a_weight_is_what_is_set() {
    let settings: RulesSettings = serde_json::from_str(
        r#"{"internet-exploitable":{"enabled":false},"attack-path":{"weight":3}}"#,
    )
    .unwrap();
    let rulebook = Rulebook::new(Vec::new()).with_rules(settings.validate().unwrap());
    let anchor = issue("cve:CVE-2021-44228", Severity::High, EXPLOIT);
    let others = [
        neighbour(2, "control:EC2.19", false),
        neighbour(3, "control:IAM.1", false),
    ];
    let assessed = rulebook.assess(&anchor, &others, &[]);
    assert_eq!(assessed.score.value(), 73);
    assert_ne!(
        rulebook.fingerprint(),
        Rulebook::new(Vec::new()).fingerprint()
    );
}

#[test]
fn names_of_rules_differ() {
    for (at, rule) in RULES.iter().enumerate() {
        assert!(
            RULES
                .iter()
                .skip(at + 1)
                .all(|other| other.name != rule.name)
        );
    }
}
