use super::*;

const TABLES: [&[(&str, &str)]; 7] = [
    standards::CIS_1_2_0,
    standards::CIS_1_4_0,
    standards::CIS_3_0_0,
    standards::CIS_5_0_0,
    standards::NAMED,
    config_rules::RULES,
    prowler::CHECKS,
];

#[test]
fn one_control_has_one_name_in_every_standard() {
    let cis =
        |version: &str, rule: &str| format!("cis-aws-foundations-benchmark/v/{version}/{rule}");
    let table = [
        (cis("1.2.0", "4.1"), "EC2.13"),
        ("PCI.EC2.5".to_owned(), "EC2.13"),
        ("EC2.13".to_owned(), "EC2.13"),
        (cis("1.2.0", "4.3"), "EC2.2"),
        (cis("1.4.0", "5.3"), "EC2.2"),
        (cis("3.0.0", "5.4"), "EC2.2"),
        (cis("5.0.0", "5.5"), "EC2.2"),
        ("PCI.EC2.2".to_owned(), "EC2.2"),
        (cis("1.2.0", "1.12"), "IAM.4"),
        (cis("1.4.0", "1.4"), "IAM.4"),
        (cis("3.0.0", "1.4"), "IAM.4"),
        (cis("5.0.0", "1.3"), "IAM.4"),
        ("PCI.IAM.1".to_owned(), "IAM.4"),
        (cis("3.0.0", "2.2.1"), "EC2.7"),
        (cis("5.0.0", "5.1.1"), "EC2.7"),
        ("ELBv2.1".to_owned(), "ELB.1"),
    ];
    for (named, expected) in table {
        assert_eq!(canonical(&named), expected, "{named}");
    }
}

#[test]
fn a_rule_we_are_not_sure_of_stands_for_itself() {
    for named in [
        "PCI.EC2.3",
        "cis-aws-foundations-benchmark/v/1.2.0/1.1",
        "cis-aws-foundations-benchmark/v/1.4.0/3.6",
        "cis-aws-foundations-benchmark/v/5.0.0/2.1.4",
        "cis-aws-foundations-benchmark/v/9.0.0/5.2",
        "cis-aws-foundations-benchmark/v/",
        "",
        "EC2.19",
    ] {
        assert_eq!(canonical(named), named);
    }
}

#[test]
fn no_rule_stands_in_a_table_twice_and_no_control_is_mapped_again() {
    for table in TABLES {
        assert!(table.is_sorted_by(|a, b| a.0 < b.0), "{:?}", table[0]);
        assert!(
            table
                .iter()
                .all(|(_, control)| canonical(control) == *control)
        );
    }
}

#[test]
fn a_managed_config_rule_is_its_control_also_in_a_conformance_pack() {
    let table = [
        ("restricted-ssh", Some("EC2.13")),
        ("restricted-ssh-conformance-pack-a1b2c3d4e", Some("EC2.13")),
        ("vpc-sg-open-only-to-authorized-ports", Some("EC2.18")),
        ("access-keys-rotated", Some("IAM.3")),
        ("restricted-ssh-but-other", None),
        ("our-own-rule", None),
        ("iam-password-policy", None),
        ("", None),
    ];
    for (name, expected) in table {
        assert_eq!(of_config_rule(name), expected, "{name}");
    }
}

#[test]
fn a_partners_check_is_the_control_that_asks_the_same() {
    let prowler = "arn:aws:securityhub:eu-west-1::product/prowler/prowler";
    let check = "prowler-ec2_instance_imdsv2_enabled";
    assert_eq!(of_partner(prowler, check), Some("EC2.8"));
    assert_eq!(of_partner(prowler, "prowler-ec2_ebs_public_snapshot"), None);
    assert_eq!(of_partner(prowler, "ec2_instance_imdsv2_enabled"), None);
    let other = "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default";
    assert_eq!(of_partner(other, check), None);
}

#[test]
fn a_group_open_to_the_internet_is_a_control_where_all_of_it_is_told() {
    let open = |protocol: &str, first, last, inside, group: Option<&str>| {
        of_open_port(&OpenPort {
            protocol: protocol.to_owned(),
            first,
            last,
            inside,
            group: group.map(str::to_owned),
        })
    };
    assert_eq!(open("tcp", 22, 22, false, Some("sg-1")), Some("EC2.13"));
    assert_eq!(open("tcp", 3389, 3389, false, Some("sg-1")), Some("EC2.14"));
    assert_eq!(open("udp", 22, 22, false, Some("sg-1")), None);
    assert_eq!(open("tcp", 22, 23, false, Some("sg-1")), None);
    assert_eq!(open("tcp", 22, 22, true, Some("sg-1")), None);
    assert_eq!(open("tcp", 22, 22, false, None), None);
}

#[test]
fn identities_and_the_account_are_the_same_in_every_region() {
    let names = [
        "IAM.5",
        "Account.1",
        "S3.1",
        "CloudTrail.1",
        "cis-aws-foundations-benchmark/v/1.2.0/1.1",
    ];
    assert!(names.into_iter().all(is_global));
    let names = [
        "EC2.7",
        "IAM.28",
        "S3.11",
        "cis-aws-foundations-benchmark/v/1.4.0/2.1.1",
        "Config.1",
    ];
    assert!(!names.into_iter().any(is_global));
}
