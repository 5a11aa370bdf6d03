//! One problem, whichever product reports it.

use super::*;
use crate::domain::finding::Principal;

fn told(topic: Topic, resources: &[(&str, &str)]) -> Finding {
    Finding {
        topic: Some(topic),
        ..finding(resources)
    }
}

fn port(port: u16, inside: bool, group: Option<&str>) -> Topic {
    Topic::OpenPort(OpenPort {
        protocol: "tcp".to_owned(),
        first: port,
        last: port,
        inside,
        group: group.map(str::to_owned),
    })
}

const INSTANCE: (&str, &str) = ("AwsEc2Instance", "i-01234567");

fn of_product(product: &str, finding: Finding) -> Finding {
    let mut finding = finding;
    finding.key.product_arn = format!("arn:aws:securityhub:eu-west-1::product/{product}");
    finding
}

#[test]
fn an_open_ssh_port_of_a_group_is_one_issue_of_four_standards_config_and_inspector() {
    let group = [("AwsEc2SecurityGroup", GROUP)];
    let bare = [("AwsEc2SecurityGroup", "sg-0123456789abcdef0")];
    let rule = Topic::ConfigRule("restricted-ssh".to_owned());
    let findings = [
        about("EC2.13", &group),
        about("PCI.EC2.5", &group),
        about("cis-aws-foundations-benchmark/v/1.2.0/4.1", &bare),
        of_product("aws/config", told(rule, &bare)),
        of_product(
            "aws/inspector",
            told(port(22, false, Some("sg-0123456789abcdef0")), &[INSTANCE]),
        ),
    ];
    let keys: BTreeSet<_> = findings.iter().map(|f| identify(f).key()).collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(identify(&findings[4]).problem, "control:EC2.13");
    assert_eq!(identify(&findings[4]).resource_kind, "AwsEc2SecurityGroup");
}

#[test]
fn ports_that_differ_are_different_problems() {
    let on_group = |topic| {
        let issue = identify(&told(topic, &[INSTANCE]));
        (issue.problem, issue.resource)
    };
    let instance = identify(&finding(&[INSTANCE])).resource;
    let table = [
        (port(443, false, None), "port:tcp/443", &*instance),
        (port(22, false, None), "port:tcp/22", &instance),
        (port(443, true, None), "port:inside/tcp/443", &instance),
        (
            port(443, false, Some("sg-0123456789abcdef0")),
            "port:tcp/443",
            GROUP,
        ),
    ];
    for (topic, problem, resource) in table {
        assert_eq!(
            on_group(topic),
            (problem.to_owned(), resource.to_owned()),
            "{problem}"
        );
    }
    let range = Topic::OpenPort(OpenPort {
        protocol: "udp".to_owned(),
        first: 8000,
        last: 8100,
        inside: false,
        group: None,
    });
    assert_eq!(on_group(range).0, "port:udp/8000-8100");
}

#[test]
fn each_topic_has_a_problem_of_its_own_kind() {
    let text = str::to_owned;
    let table = [
        (
            "aws/guardduty",
            Topic::Threat(text("Recon:EC2/Portscan")),
            "threat:Recon:EC2/Portscan",
        ),
        (
            "aws/macie",
            Topic::SensitiveData(text("Financial")),
            "sensitive-data:Financial",
        ),
        (
            "aws/macie",
            Topic::Check(text("Policy:IAMUser/S3BucketPublic")),
            "product:aws/macie/Policy:IAMUser/S3BucketPublic",
        ),
        (
            "aws/access-analyzer",
            Topic::Access(text("external")),
            "access:external",
        ),
        (
            "aws/config",
            Topic::ConfigRule(text("our-own-rule")),
            "product:aws/config/our-own-rule",
        ),
    ];
    for (product, topic, expected) in table {
        let finding = of_product(product, told(topic, &[INSTANCE]));
        assert_eq!(identify(&finding).problem, expected);
    }
}

#[test]
fn the_package_does_not_belong_to_the_problem() {
    let mut one = finding(&[INSTANCE]);
    one.vulnerabilities = vec!["CVE-2021-44228".to_owned()];
    one.title = "CVE-2021-44228 - log4j-core".to_owned();
    let mut other = of_product("example/scanner", one.clone());
    other.title = "liblog4j2-java is vulnerable".to_owned();
    other.generator_id = "plugin/156002".to_owned();
    assert_eq!(identify(&one), identify(&other));
}

#[test]
fn a_threat_under_many_keys_of_one_identity_is_one_issue() {
    let under = |key: &str, region: &str, principal| {
        let key = format!("AWS::IAM::AccessKey:{key}");
        let topic = Topic::Threat("InitialAccess:IAMUser/AnomalousBehavior".to_owned());
        let mut finding = told(topic, &[("AwsIamAccessKey", &key)]);
        finding.key.region = region.into();
        finding.resources[0].principal = principal;
        identify(&finding)
    };
    let role = || Some(Principal::Role("app".to_owned()));
    let issue = under("ASIA1", "eu-west-1", role());
    assert_eq!(issue, under("ASIA2", "us-east-1", role()));
    assert_eq!(issue.resource, "arn:aws:iam::111122223333:role/app");
    assert_eq!(issue.resource_kind, "AwsIamRole");
    let user = under(
        "AKIA1",
        "eu-west-1",
        Some(Principal::User("app".to_owned())),
    );
    assert_eq!(user.resource, "arn:aws:iam::111122223333:user/app");
    let root = under("AKIA1", "eu-west-1", Some(Principal::Root));
    assert_eq!(root.resource, "AWS::::Account:111122223333");
    assert_eq!(root.region, None);
    assert_ne!(
        under("ASIA1", "eu-west-1", None),
        under("ASIA2", "eu-west-1", None)
    );
}

#[test]
fn who_holds_the_key_does_not_hide_the_bucket() {
    let mut finding = told(
        Topic::Threat("Exfiltration:S3/MaliciousIPCaller".to_owned()),
        &[
            ("AwsIamAccessKey", "AWS::IAM::AccessKey:ASIA1"),
            ("AwsS3Bucket", "arn:aws:s3:::a-bucket"),
        ],
    );
    finding.resources[0].principal = Some(Principal::Role("app".to_owned()));
    assert_eq!(identify(&finding).resource, "arn:aws:s3:::a-bucket");
}

#[test]
fn sensitive_data_of_many_objects_is_one_issue_of_the_bucket() {
    let object = |name: &str| {
        let arn = format!("arn:aws:s3:::a-bucket/{name}");
        let resources = [
            ("AwsS3Object", arn.as_str()),
            ("AwsS3Bucket", "arn:aws:s3:::a-bucket"),
        ];
        identify(&told(
            Topic::SensitiveData("Personal".to_owned()),
            &resources,
        ))
    };
    assert_eq!(object("a.csv"), object("z/b.csv"));
    assert_eq!(object("a.csv").resource, "arn:aws:s3:::a-bucket");
}

#[test]
fn access_that_an_analyzer_of_the_organization_found_is_an_issue_of_the_owner() {
    let bucket = [("AwsS3Bucket", "arn:aws:s3:::a-bucket")];
    let own = told(Topic::Access("external".to_owned()), &bucket);
    let mut central = own.clone();
    central.key.account = "444455556666".into();
    central.owner = Some("111122223333".into());
    assert_eq!(identify(&central), identify(&own));
}

#[test]
fn the_consolidated_findings_switch_changes_no_issue_either_way() {
    // What is written before and after, for one control on one resource.
    let group = [("AwsEc2SecurityGroup", GROUP)];
    let mut before = about("cis-aws-foundations-benchmark/v/3.0.0/5.4", &group);
    before.key.id =
        "arn:aws:securityhub:eu-west-1:111122223333:subscription/cis…/finding/a".to_owned();
    before.generator_id = "cis-aws-foundations-benchmark/v/3.0.0/5.4".to_owned();
    before.title = "5.4 Ensure the default security group restricts all traffic".to_owned();
    let mut after = about("EC2.2", &group);
    after.key.id =
        "arn:aws:securityhub:eu-west-1:111122223333:security-control/EC2.2/finding/b".to_owned();
    after.generator_id = "security-control/EC2.2".to_owned();
    after.title = "VPC default security groups should not allow traffic".to_owned();
    assert_eq!(identify(&before), identify(&after));
}

#[test]
fn what_every_region_reports_of_an_account_is_one_issue_and_what_differs_is_not() {
    let account = [("AwsAccount", "AWS::::Account:111122223333")];
    let issues = |control: &str| {
        let in_region = |region: &str| {
            let mut finding = about(control, &account);
            finding.key.region = region.into();
            identify(&finding).key()
        };
        let regions = ["eu-west-1", "us-east-1", "ap-southeast-2"];
        regions
            .map(in_region)
            .into_iter()
            .collect::<BTreeSet<_>>()
            .len()
    };
    for control in ["IAM.9", "PCI.IAM.5", "Account.1", "S3.1", "CloudTrail.1"] {
        assert_eq!(issues(control), 1, "{control}");
    }
    for control in ["EC2.7", "GuardDuty.1", "Config.1", "IAM.28"] {
        assert_eq!(issues(control), 3, "{control}");
    }
}
