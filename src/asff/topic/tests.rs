use crate::{
    asff,
    domain::{Finding, Partition, Scope},
};

use super::*;

/// A finding of a product of AWS, with these fields besides those that every finding has.
fn finding(product: &str, fields: &str) -> Finding {
    let raw = format!(
        r#"{{"AwsAccountId":"111122223333","Id":"f","UpdatedAt":"2026-01-01T00:00:00Z","Title":"prose",
            "ProductArn":"arn:aws:securityhub:eu-west-1::product/{product}",{fields}}}"#
    );
    let vantage = Scope {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    };
    let reading = asff::read(&raw, &vantage, &Partition::from("aws")).unwrap();
    reading.finding
}

fn topic_of(product: &str, fields: &str) -> Option<Topic> {
    finding(product, fields).topic
}

#[test]
fn a_threat_is_called_as_guardduty_calls_it_without_the_variant() {
    let table = [
        (
            "TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort",
            "Recon:EC2/PortProbeUnprotectedPort",
        ),
        (
            "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS",
            "Backdoor:EC2/C&CActivity",
        ),
        (
            "TTPs/Command and Control/Trojan:EC2-BlackholeTraffic!DNS",
            "Trojan:EC2/BlackholeTraffic",
        ),
        (
            "TTPs/PenTest:IAMUser/KaliLinux",
            "PenTest:IAMUser/KaliLinux",
        ),
        (
            "TTPs/Initial Access/IAMUser-AnomalousBehavior",
            "InitialAccess:IAMUser/AnomalousBehavior",
        ),
        (
            "Effects/Data Exfiltration/UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.OutsideAWS",
            "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration",
        ),
        ("Recon:EC2/Portscan", "Recon:EC2/Portscan"),
    ];
    for (written, expected) in table {
        let topic = topic_of("aws/guardduty", &format!(r#""Types":["{written}"]"#));
        assert_eq!(topic, Some(Topic::Threat(expected.to_owned())), "{written}");
    }
    for written in [
        "TTPs",
        "",
        "a:",
        "a:b",
        "a:b-",
        "a:b/.c",
        "TTPs/Discovery/IAMUser",
    ] {
        let topic = topic_of("aws/guardduty", &format!(r#""Types":["{written}"]"#));
        assert_eq!(topic, None, "{written}");
    }
}

#[test]
fn the_order_of_types_and_an_analysts_own_types_decide_nothing() {
    let expected = topic_of(
        "aws/guardduty",
        r#""Types":["TTPs/A:EC2-X","TTPs/B:EC2-Y"]"#,
    );
    assert_eq!(expected, Some(Topic::Threat("A:EC2/X".to_owned())));
    for fields in [
        r#""Types":["TTPs/B:EC2-Y","TTPs/A:EC2-X","TTPs/B:EC2-Y"]"#,
        r#""Types":["TTPs/A:EC2-Other"],"FindingProviderFields":{"Types":["TTPs/A:EC2-X"]}"#,
        r#""Types":["TTPs/A:EC2-X"],"FindingProviderFields":{"Types":[]}"#,
        r#""Types":["TTPs/A:EC2-X"],"FindingProviderFields":7"#,
    ] {
        assert_eq!(topic_of("aws/guardduty", fields), expected, "{fields}");
    }
}

#[test]
fn other_products_may_use_the_same_types_for_anything() {
    let types = r#""Types":["TTPs/A:EC2-X","Effects/Data Exposure/External Access Granted",
        "Software and Configuration Checks/AWS Security Best Practices/Network Reachability"]"#;
    for product in ["prowler/prowler", "aws/health", "111122223333/default"] {
        assert_eq!(topic_of(product, types), None, "{product}");
    }
}

#[test]
fn sensitive_data_has_a_class_and_other_checks_of_macie_a_name() {
    let topic = |written: &str| topic_of("aws/macie", &format!(r#""Types":["{written}"]"#));
    assert_eq!(
        topic("Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal"),
        Some(Topic::SensitiveData("Personal".to_owned()))
    );
    assert_eq!(
        topic("Effects/Data Exposure/Policy:IAMUser-S3BucketPublic"),
        Some(Topic::Check("Policy:IAMUser/S3BucketPublic".to_owned()))
    );
}

#[test]
fn access_is_external_whoever_has_it_and_belongs_to_the_owner() {
    for types in [
        r#"["Effects/Data Exposure/External Access Granted"]"#,
        r#"["Software and Configuration Checks/AWS Security Best Practices/ External Access Granted"]"#,
    ] {
        let topic = topic_of("aws/access-analyzer", &format!(r#""Types":{types}"#));
        assert_eq!(topic, Some(Topic::Access("external".to_owned())), "{types}");
    }
    let unused = finding(
        "aws/access-analyzer",
        r#""Types":["Software and Configuration Checks/AWS Security Best Practices/Unused IAM Role"],
           "ProductFields":{"ResourceOwnerAccount":"444455556666"}"#,
    );
    assert_eq!(
        unused.topic,
        Some(Topic::Access("unused-iam-role".to_owned()))
    );
    assert_eq!(unused.owner, Some("444455556666".into()));
    let fields = r#""ProductFields":{"ResourceOwnerAccount":"444455556666"}"#;
    assert_eq!(finding("prowler/prowler", fields).owner, None);
    let fields = r#""ProductFields":{"ResourceOwnerAccount":"somebody"}"#;
    assert_eq!(finding("aws/access-analyzer", fields).owner, None);
}

#[test]
fn a_config_rule_is_known_by_its_name() {
    let topic = topic_of(
        "aws/config",
        r#""ProductFields":{"aws/config/ConfigRuleName":"restricted-ssh"}"#,
    );
    assert_eq!(topic, Some(Topic::ConfigRule("restricted-ssh".to_owned())));
    assert_eq!(topic_of("aws/config", r#""ProductFields":{}"#), None);
}

const NETWORK_TYPE: &str = r#""Types":["Software and Configuration Checks/AWS Security Best Practices/Network Reachability"]"#;

fn ssh(inside: bool, group: Option<&str>) -> Option<Topic> {
    Some(Topic::OpenPort(OpenPort {
        protocol: "tcp".to_owned(),
        first: 22,
        last: 22,
        inside,
        group: group.map(str::to_owned),
    }))
}

#[test]
fn an_open_port_is_read_from_what_either_inspector_writes() {
    let classic = |more: &str| {
        let fields = format!(
            r#"{NETWORK_TYPE},"ProductFields":{{"attributes/PORT":"22","attributes/PROTOCOL":"TCP"{more}}}"#
        );
        topic_of("aws/inspector", &fields)
    };
    assert_eq!(
        classic(r#","attributes/REACHABILITY_TYPE":"Internet","attributes/SECURITY_GROUP":"sg-1""#),
        ssh(false, Some("sg-1"))
    );
    assert_eq!(
        classic(r#","attributes/REACHABILITY_TYPE":"PeeredVpc""#),
        ssh(true, None)
    );
    let today = |path: &str| {
        let fields = format!(
            r#"{NETWORK_TYPE},"Network":{{"Protocol":"TCP","OpenPortRange":{{"Begin":22,"End":22}}}},"NetworkPath":[{path}]"#
        );
        topic_of("aws/inspector", &fields)
    };
    let component = |id: &str| format!(r#"{{"ComponentId":"{id}"}}"#);
    let gateway = component("igw-1");
    assert_eq!(today(""), ssh(false, None));
    assert_eq!(
        today(&format!("{gateway},{}", component("sg-1"))),
        ssh(false, Some("sg-1"))
    );
    assert_eq!(
        today(&format!(
            "{},{gateway},{}",
            component("sg-1"),
            component("sg-2")
        )),
        ssh(false, None)
    );
    assert_eq!(today(&component("pcx-1")), ssh(true, None));
}

#[test]
fn a_port_that_is_not_told_is_not_guessed() {
    let expected = Some(Topic::Check("Network Reachability".to_owned()));
    for more in [
        "",
        r#","ProductFields":{"attributes/PORT":"ssh"}"#,
        r#","Network":{"OpenPortRange":{"Begin":22.5,"End":70000}}"#,
        r#","Network":{"OpenPortRange":{"Begin":22}}"#,
        r#","Network":[],"NetworkPath":{}"#,
    ] {
        let fields = format!("{NETWORK_TYPE}{more}");
        assert_eq!(topic_of("aws/inspector", &fields), expected, "{more}");
    }
    let types = r#""Types":["Software and Configuration Checks/Vulnerabilities/CVE"]"#;
    assert_eq!(topic_of("aws/inspector", types), None);
}
