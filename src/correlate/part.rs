//! Which part an issue plays in correlation rules.

use crate::domain::{IssueIdentity, Parts, Severity, finding::Traits};

/// The parts that an open issue plays: a pure function of its problem, its findings' severity, and what
/// else they say.
pub(super) fn parts(issue: &IssueIdentity, severity: Severity, traits: Traits) -> Parts {
    let Some((kind, name)) = issue.problem.split_once(':') else {
        return Parts::NONE;
    };
    match kind {
        "control" => of_control(name, &issue.resource_kind),
        "cve" | "vulnerability" => {
            let is_dangerous = severity == Severity::Critical || traits.exploit_known;
            when(is_dangerous, Parts::VULNERABLE)
        }
        "port" => when(!name.starts_with("inside/"), Parts::EXPOSED),
        "threat" => of_threat(name),
        "sensitive-data" => Parts::SENSITIVE,
        "access" => when(traits.open_to_anyone, Parts::PUBLIC),
        "product" => of_product(name),
        _ => Parts::NONE,
    }
}

fn when(holds: bool, part: Parts) -> Parts {
    if holds { part } else { Parts::NONE }
}

/// Controls that play a part (Security Hub user guide, "Security Hub controls reference").
///
/// Not among them are those that ask for a safeguard whose absence alone opens nothing (`S3.8`,
/// `IAM.6`), and those about whole networks (`EC2.21`): what is in them may be reached by nobody.
const CONTROLS: [(&str, Parts); 22] = [
    ("DMS.1", Parts::EXPOSED),
    ("EC2.9", Parts::EXPOSED),
    ("EC2.13", Parts::EXPOSED),
    ("EC2.14", Parts::EXPOSED),
    ("EC2.18", Parts::EXPOSED),
    ("EC2.19", Parts::EXPOSED),
    ("EC2.53", Parts::EXPOSED),
    ("EC2.54", Parts::EXPOSED),
    ("ECS.2", Parts::EXPOSED),
    ("EKS.1", Parts::EXPOSED),
    ("EMR.1", Parts::EXPOSED),
    ("IAM.1", Parts::PRIVILEGED),
    ("IAM.5", Parts::WITHOUT_MFA),
    ("IAM.9", Parts::WITHOUT_MFA),
    ("IAM.19", Parts::WITHOUT_MFA),
    ("IAM.21", Parts::PRIVILEGED),
    ("Lambda.1", Parts::EXPOSED),
    ("RDS.2", Parts::EXPOSED),
    ("Redshift.1", Parts::EXPOSED),
    ("RedshiftServerless.3", Parts::EXPOSED),
    ("S3.2", Parts::PUBLIC),
    ("S3.3", Parts::PUBLIC),
];

/// The account's own answer to a control about users says of none of them that they lack a factor.
const OF_USERS: [&str; 2] = ["IAM.5", "IAM.19"];

fn of_control(name: &str, resource_kind: &str) -> Parts {
    if OF_USERS.contains(&name) && resource_kind != "AwsIamUser" {
        return Parts::NONE;
    }
    let known = CONTROLS.iter().find(|(control, _)| *control == name);
    known.map_or(Parts::NONE, |(_, part)| *part)
}

/// GuardDuty's families (GuardDuty user guide, "Finding types"). Those of IAM are about what an identity
/// did; of its policy findings, which only tell of settings, the root user's use is one.
fn of_threat(family: &str) -> Parts {
    let is_of_identity = family.contains(":IAMUser/");
    let is_setting = family.starts_with("Policy:");
    let is_root_use = family == "Policy:IAMUser/RootCredentialUsage";
    let opens_bucket = matches!(
        family,
        "Policy:S3/BucketAnonymousAccessGranted" | "Policy:S3/BucketPublicAccessGranted"
    );
    let is_leak = matches!(
        family,
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration"
            | "UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration"
            | "AttackSequence:IAM/CompromisedCredentials"
    );
    when(!is_setting || is_root_use, Parts::THREAT)
        | when(
            is_root_use || (is_of_identity && !is_setting),
            Parts::UNUSUAL_USE,
        )
        | when(opens_bucket, Parts::PUBLIC)
        | when(is_leak, Parts::LEAKED)
}

/// Checks that are a product's own: what AWS Health says of exposed keys, and Macie of open buckets.
fn of_product(name: &str) -> Parts {
    match name {
        "aws/health/AWS_RISK_CREDENTIALS_EXPOSED"
        | "aws/health/AWS_RISK_CREDENTIALS_COMPROMISED"
        | "aws/health/AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED" => Parts::LEAKED,
        "aws/macie/Policy:IAMUser/S3BucketPublic" => Parts::PUBLIC,
        _ => Parts::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::{parts as parts_of, *};

    fn on(resource_kind: &str, problem: &str) -> IssueIdentity {
        IssueIdentity {
            account: "111122223333".into(),
            region: None,
            resource_kind: resource_kind.to_owned(),
            resource: "it".to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn parts(problem: &str, severity: Severity, traits: Traits) -> Parts {
        parts_of(&on("Any", problem), severity, traits)
    }

    #[test]
    fn a_user_lacks_a_factor_only_where_the_user_is_named() {
        let of = |kind, problem| parts_of(&on(kind, problem), Severity::High, Traits::default());
        assert_eq!(of("AwsIamUser", "control:IAM.5"), Parts::WITHOUT_MFA);
        assert_eq!(of("AwsAccount", "control:IAM.5"), Parts::NONE);
        assert_eq!(of("AwsAccount", "control:IAM.9"), Parts::WITHOUT_MFA);
    }

    #[test]
    fn the_part_of_an_issue_follows_from_its_problem() {
        let none = Parts::NONE;
        let threat = Parts::THREAT;
        let table = [
            ("control:EC2.19", Parts::EXPOSED),
            ("control:S3.2", Parts::PUBLIC),
            ("control:EC2.10", none),
            ("control:S3.8", none),
            ("control:IAM.9", Parts::WITHOUT_MFA),
            ("control:IAM.1", Parts::PRIVILEGED),
            ("port:tcp/443", Parts::EXPOSED),
            ("port:inside/tcp/443", none),
            ("threat:Recon:EC2/Portscan", threat),
            (
                "threat:InitialAccess:IAMUser/AnomalousBehavior",
                threat | Parts::UNUSUAL_USE,
            ),
            (
                "threat:Policy:IAMUser/RootCredentialUsage",
                threat | Parts::UNUSUAL_USE,
            ),
            ("threat:Policy:IAMUser/PasswordPolicyChange", none),
            ("threat:Policy:S3/BucketPublicAccessGranted", Parts::PUBLIC),
            (
                "threat:UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration",
                threat | Parts::UNUSUAL_USE | Parts::LEAKED,
            ),
            ("sensitive-data:Financial", Parts::SENSITIVE),
            ("access:external", none),
            (
                "product:aws/health/AWS_RISK_CREDENTIALS_EXPOSED",
                Parts::LEAKED,
            ),
            ("product:acme/scanner/42", none),
            ("cve:CVE-2021-44228", none),
        ];
        for (problem, expected) in table {
            let found = parts(problem, Severity::High, Traits::default());
            assert_eq!(found, expected, "{problem}");
        }
    }

    #[test]
    fn a_vulnerability_counts_when_it_is_critical_or_an_exploit_is_known() {
        let exploit = Traits {
            exploit_known: true,
            ..Traits::default()
        };
        let of = |severity, traits| parts("cve:CVE-2021-44228", severity, traits);
        assert_eq!(of(Severity::High, Traits::default()), Parts::NONE);
        assert_eq!(of(Severity::Low, exploit), Parts::VULNERABLE);
        assert_eq!(of(Severity::Critical, Traits::default()), Parts::VULNERABLE);
    }

    #[test]
    fn access_counts_when_it_is_anyones() {
        let anyone = Traits {
            open_to_anyone: true,
            ..Traits::default()
        };
        let of = |traits| parts("access:external", Severity::High, traits);
        assert_eq!(of(anyone), Parts::PUBLIC);
        assert_eq!(of(Traits::default()), Parts::NONE);
    }

    #[test]
    fn the_table_of_controls_is_without_repeats() {
        for (at, (control, _)) in CONTROLS.iter().enumerate() {
            let again = CONTROLS
                .iter()
                .skip(at + 1)
                .any(|(other, _)| other == control);
            assert!(!again, "{control}");
        }
    }
}
