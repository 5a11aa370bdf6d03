use crate::domain::{
    FindingKey, Remediation, Resource, Severity, Timestamp,
    finding::{RecordState, Traits, Workflow},
    severity::SeveritySource,
};

use super::*;

mod order;
mod problems;

fn finding(resources: &[(&str, &str)]) -> Finding {
    let resource = |&(kind, id): &(&str, &str)| Resource {
        kind: kind.to_owned(),
        id: id.to_owned(),
        ..Resource::default()
    };
    Finding {
        key: FindingKey {
            partition: "aws".into(),
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            product_arn: "arn:aws:securityhub:eu-west-1::product/aws/securityhub".to_owned(),
            id: "f".to_owned(),
        },
        title: "prose".to_owned(),
        description: "prose".to_owned(),
        generator_id: "detector".to_owned(),
        product: "Security Hub".to_owned(),
        types: Vec::new(),
        severity: Severity::High,
        severity_source: SeveritySource::Label,
        provider_severity: None,
        traits: Traits::default(),
        compliance: None,
        record_state: RecordState::Active,
        workflow: Workflow::New,
        created_at: None,
        updated_at: Timestamp::UNIX_EPOCH,
        first_observed_at: None,
        resources: resources.iter().map(resource).collect(),
        related: Vec::new(),
        control: None,
        vulnerabilities: Vec::new(),
        topic: None,
        owner: None,
        remediation: Remediation::default(),
        account_name: None,
        sample: false,
        replaced: false,
        notes: Vec::new(),
    }
}

fn about(control: &str, resources: &[(&str, &str)]) -> Finding {
    Finding {
        control: Some(control.to_owned()),
        ..finding(resources)
    }
}

const GROUP: &str = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0123456789abcdef0";

#[test]
fn a_bare_id_and_an_arn_of_one_thing_are_one_issue() {
    let kind = "AwsEc2SecurityGroup";
    let table = [
        (kind, GROUP, GROUP),
        (kind, "sg-0123456789abcdef0", GROUP),
        (kind, " sg-0123456789abcdef0\n", GROUP),
        (
            kind,
            "arn:aws:ec2:eu-west-1:111122223333:sg-0123456789abcdef0",
            GROUP,
        ),
        ("Other", "sg-0123456789abcdef0", GROUP),
        (
            "AwsEc2Instance",
            "i-01234567",
            "arn:aws:ec2:eu-west-1:111122223333:instance/i-01234567",
        ),
        (
            "AwsEc2Volume",
            "arn:aws:ec2:eu-west-1::snapshot/snap-01234567",
            "arn:aws:ec2:eu-west-1:111122223333:snapshot/snap-01234567",
        ),
        ("AwsS3Bucket", "logs", "arn:aws:s3:::logs"),
        (
            "AwsLambdaFunction",
            "arn:aws:lambda:eu-west-1:111122223333:function:f:$LATEST",
            "arn:aws:lambda:eu-west-1:111122223333:function:f",
        ),
        ("AwsAccount", "111122223333", "AWS::::Account:111122223333"),
        (
            "AwsAccount",
            "arn:aws:iam::111122223333:root",
            "AWS::::Account:111122223333",
        ),
        (
            "AwsAccount",
            "arn:aws:organizations::444455556666:account/o-x/111122223333",
            "AWS::::Account:111122223333",
        ),
        ("Other", "i-love-clouds", "i-love-clouds"),
        ("AwsEc2Instance", "host-17", "host-17"),
        ("Other", "arn:broken", "arn:broken"),
    ];
    for (kind, id, expected) in table {
        assert_eq!(
            identify(&finding(&[(kind, id)])).resource,
            expected,
            "{kind} {id}"
        );
    }
}

#[test]
fn a_global_resource_has_no_region_and_a_bucket_has_one() {
    let region = |kind, id| {
        let region = identify(&finding(&[(kind, id)])).region;
        region.map(|region| region.as_str().to_owned())
    };
    assert_eq!(
        region("AwsIamUser", "arn:aws:iam::111122223333:user/ops/jane"),
        None
    );
    assert_eq!(
        region(
            "AwsIamPolicy",
            "arn:aws:iam:us-east-1:111122223333:password-policy"
        ),
        None
    );
    assert_eq!(
        region("AwsIamAccessKey", "AWS::IAM::AccessKey:AKIAEXAMPLE"),
        None
    );
    assert_eq!(region("AwsCloudFrontDistribution", "E1EXAMPLE"), None);
    assert_eq!(
        region("AwsS3Bucket", "arn:aws:s3:::logs").as_deref(),
        Some("eu-west-1")
    );
    let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/all";
    assert_eq!(
        region("AwsCloudTrailTrail", trail).as_deref(),
        Some("us-east-1")
    );
}

#[test]
fn an_identity_problem_of_the_account_is_one_issue_in_all_regions() {
    let account = [("AwsAccount", "AWS::::Account:111122223333")];
    assert_eq!(identify(&about("IAM.9", &account)).region, None);
    assert_eq!(
        identify(&about("PCI.IAM.5", &account)),
        identify(&about("IAM.9", &account))
    );
    assert!(identify(&about("EC2.7", &account)).region.is_some());
}

#[test]
fn several_standards_and_re_created_findings_are_one_issue() {
    let group = [("AwsEc2SecurityGroup", GROUP)];
    let today = identify(&about("EC2.13", &group));
    let mut older = about("cis-aws-foundations-benchmark/v/1.2.0/4.1", &group);
    older.key.id = "another".to_owned();
    older.generator_id = "arn:aws:securityhub:::ruleset/…".to_owned();
    older.title = "4.1 Ensure no security groups allow ingress".to_owned();
    assert_eq!(identify(&older), today);
    assert_eq!(today.problem, "control:EC2.13");
    assert_eq!(today.key(), identify(&older).key());
}

#[test]
fn the_problem_is_the_first_that_applies() {
    let mut some = finding(&[("Other", "x")]);
    assert_eq!(identify(&some).problem, "product:aws/securityhub/detector");
    some.vulnerabilities = vec!["GHSA-b".to_owned(), "ALAS-a".to_owned()];
    assert_eq!(identify(&some).problem, "vulnerability:ALAS-A,GHSA-B");
    some.vulnerabilities.push(" cve-2021-44228".to_owned());
    assert_eq!(identify(&some).problem, "cve:CVE-2021-44228");
    some.control = Some("PCI.S3.1".to_owned());
    assert_eq!(identify(&some).problem, "control:S3.3");
}

#[test]
fn many_vulnerabilities_make_a_bounded_name_in_any_order() {
    let mut some = finding(&[("Other", "x")]);
    some.vulnerabilities = (0..500).map(|n| format!("CVE-2026-{n:05}")).collect();
    let problem = identify(&some).problem;
    assert!(problem.starts_with("cve:CVE-2026-00000+499:"), "{problem}");
    assert!(problem.len() < NAMES_MAX);
    some.vulnerabilities.reverse();
    assert_eq!(identify(&some).problem, problem);
    some.vulnerabilities.pop();
    assert_ne!(identify(&some).problem, problem);
}

#[test]
fn the_order_of_resources_decides_nothing() {
    let vpc = (
        "AwsEc2Vpc",
        "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-01234567",
    );
    let first = ("AwsEc2SecurityGroup", "sg-00000001");
    let second = ("AwsEc2SecurityGroup", "sg-00000002");
    let bucket = ("AwsS3Bucket", "a-bucket");
    let orders = [
        [vpc, first, second, bucket],
        [bucket, second, first, vpc],
        [second, vpc, bucket, first],
    ];
    for order in orders {
        assert!(
            identify(&about("EC2.2", &order))
                .resource
                .ends_with("/sg-00000001")
        );
        assert_eq!(
            identify(&about("S3.8", &order)).resource,
            "arn:aws:s3:::a-bucket"
        );
    }
}

#[test]
fn a_finding_that_names_no_resource_is_about_its_account() {
    for resources in [&[][..], &[("Other", " ")][..]] {
        let issue = identify(&finding(resources));
        assert_eq!(issue.resource, "AWS::::Account:111122223333");
        assert_eq!(issue.resource_kind, "AwsAccount");
        assert_eq!(issue.region.unwrap().as_str(), "eu-west-1");
    }
}
