//! What must not matter: order, repeats, prose and who was asked.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

const RESOURCES: [(&str, &str); 9] = [
    ("AwsEc2SecurityGroup", GROUP),
    ("AwsEc2SecurityGroup", "sg-00000002"),
    (
        "AwsEc2Vpc",
        "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-01234567",
    ),
    ("AwsEc2Instance", "i-01234567"),
    ("AwsS3Bucket", "a-bucket"),
    ("AwsS3Object", "arn:aws:s3:::a-bucket/key"),
    ("AwsAccount", "AWS::::Account:111122223333"),
    ("AwsIamAccessKey", "AWS::IAM::AccessKey:AKIAEXAMPLE"),
    ("Other", "host-17"),
];

fn topics() -> impl Strategy<Value = Topic> {
    prop_oneof![
        select(vec!["restricted-ssh", "our-own-rule"])
            .prop_map(|name| Topic::ConfigRule(name.to_owned())),
        Just(Topic::Threat("Recon:EC2/Portscan".to_owned())),
        Just(Topic::SensitiveData("Personal".to_owned())),
        Just(Topic::Access("external".to_owned())),
        (
            20..25_u16,
            any::<bool>(),
            option::of(Just("sg-00000002".to_owned()))
        )
            .prop_map(|(port, inside, group)| {
                Topic::OpenPort(OpenPort {
                    protocol: "tcp".to_owned(),
                    first: port,
                    last: port,
                    inside,
                    group,
                })
            }),
    ]
}

fn findings() -> impl Strategy<Value = Finding> {
    let controls = vec!["EC2.2", "S3.8", "PCI.IAM.5", "IAM.9"];
    let names = vec![
        "CVE-2026-1",
        "cve-2026-2",
        "GHSA-a",
        "ALAS-b",
        " CVE-2026-3",
    ];
    (
        vec(select(RESOURCES.to_vec()), 0..6),
        option::of(select(controls)),
        vec(select(names), 0..5),
        option::of(topics()),
    )
        .prop_map(|(resources, control, names, topic)| Finding {
            control: control.map(str::to_owned),
            vulnerabilities: names.into_iter().map(str::to_owned).collect(),
            topic,
            ..finding(&resources)
        })
}

/// The same in another order, with some of it said twice.
fn said_otherwise(of: &Finding, seed: u64) -> Finding {
    let mut dice = fastrand::Rng::with_seed(seed);
    let mut other = of.clone();
    for _ in 0..dice.usize(..3) {
        let again = dice.choice(&of.resources).cloned();
        other.resources.extend(again);
        let again = dice.choice(&of.vulnerabilities).cloned();
        other.vulnerabilities.extend(again);
    }
    dice.shuffle(&mut other.resources);
    dice.shuffle(&mut other.vulnerabilities);
    for resource in &mut other.resources {
        resource.tags = vec![("Owner".to_owned(), dice.u8(..).to_string())];
    }
    other.title = dice.u64(..).to_string();
    other.description = dice.u64(..).to_string();
    other.key.id = dice.u64(..).to_string();
    other.account_name = Some("renamed".into());
    other.severity = Severity::Low;
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn order_repeats_prose_and_ids_change_no_issue(finding in findings(), seed: u64) {
        let other = said_otherwise(&finding, seed);
        prop_assert_eq!(identify(&other), identify(&finding));
        prop_assert_eq!(identify(&other).key(), identify(&finding).key());
    }

    #[test]
    fn a_problem_can_be_matched_and_is_never_empty(finding in findings()) {
        let problem = identify(&finding).problem;
        let (kind, name) = problem.split_once(':').unwrap();
        prop_assert!(super::super::super::matching::PROBLEM_KINDS.contains(&kind), "{}", problem);
        prop_assert!(!name.is_empty());
    }
}
