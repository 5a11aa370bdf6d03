//! Security Hub's own control findings: consolidated, per standard, and as they were in 2018.

use super::{
    super::{json::Json, random, world::estate::RISKY_PORTS},
    Flaw, Head, Kind, Subject, catalog,
    catalog::{Control, Elsewhere},
    write_instance, write_remediation, write_resource, write_resources, write_severity, write_tail,
};

const TYPES: &[&str] = &["Software and Configuration Checks/Industry and Regulatory Standards"];

const FSBP: Standard = Standard {
    path: "aws-foundational-security-best-practices/v/1.0.0",
    arn: "arn:aws:securityhub:::standards/aws-foundational-security-best-practices/v/1.0.0",
};
const CIS: Standard = Standard {
    path: "cis-aws-foundations-benchmark/v/1.2.0",
    arn: "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
};
const PCI: Standard = Standard {
    path: "pci-dss/v/3.2.1",
    arn: "arn:aws:securityhub:::standards/pci-dss/v/3.2.1",
};
const NIST: Standard = Standard {
    path: "nist-800-53/v/5.0.0",
    arn: "arn:aws:securityhub:::standards/nist-800-53/v/5.0.0",
};

#[derive(Clone, Copy)]
struct Standard {
    path: &'static str,
    arn: &'static str,
}

/// How the check went.
struct Verdict {
    compliance: &'static str,
    workflow: &'static str,
    severity: &'static str,
}

/// A control finding in the shape that the account has chosen.
pub(super) fn write(json: &mut Json, subject: &Subject<'_>) {
    let control = control_of(subject);
    let verdict = verdict(subject, control);
    if subject.origin.account.consolidated {
        write_consolidated(json, subject, control, &verdict);
    } else {
        write_per_standard(json, subject, control, &verdict);
    }
}

fn write_consolidated(
    json: &mut Json,
    subject: &Subject<'_>,
    control: &Control,
    verdict: &Verdict,
) {
    let id = subject.arn(
        "securityhub",
        &format!("security-control/{}/finding/{}", control.id, subject.uuid()),
    );
    let product_arn = subject.product_arn("securityhub");
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Security Hub",
        company: "AWS",
        generator: &format!("security-control/{}", control.id),
        types: TYPES,
        title: control.title,
        description: control.about,
    }
    .write(json, subject);
    write_severity(json, subject, verdict.severity, control.severity);
    let url = format!(
        "https://docs.aws.amazon.com/console/securityhub/{}/remediation",
        control.id
    );
    write_remediation(json, REMEDIATION, &url);
    json.key("ProductFields").object(|json| {
        write_common_fields(json, subject, control, &id, &product_arn);
    });
    write_resources(json, subject, |json| write_checked(json, subject, control));
    json.key("Compliance").object(|json| {
        json.plain("Status", verdict.compliance);
        json.field("SecurityControlId", control.id);
        json.texts(
            "RelatedRequirements",
            &[
                "NIST.800-53.r5 AC-4",
                "NIST.800-53.r5 SC-7",
                "PCI DSS v4.0.1/1.3.1",
            ],
        );
        json.key("AssociatedStandards").array(|json| {
            let other = match control.elsewhere {
                Some(Elsewhere::Cis(_)) => "ruleset/cis-aws-foundations-benchmark/v/1.2.0",
                Some(Elsewhere::Pci(_)) => "standards/pci-dss/v/3.2.1",
                None => "standards/nist-800-53/v/5.0.0",
            };
            for standard in [
                "standards/aws-foundational-security-best-practices/v/1.0.0",
                other,
            ] {
                json.object(|json| json.plain("StandardsId", standard));
            }
        });
        write_parameters(json, control);
    });
    write_tail(
        json,
        verdict.workflow,
        verdict.severity,
        control.severity,
        TYPES,
    );
}

fn write_parameters(json: &mut Json, control: &Control) {
    if matches!(control.id, "EC2.18") {
        json.key("SecurityControlParameters").array(|json| {
            json.object(|json| {
                json.plain("Name", "authorizedTcpPorts");
                json.texts("Value", &["80", "443"]);
            });
        });
    }
}

fn write_per_standard(
    json: &mut Json,
    subject: &Subject<'_>,
    control: &Control,
    verdict: &Verdict,
) {
    let (standard, rule) = standard_of(subject, control);
    let id = subject.arn(
        "securityhub",
        &format!(
            "subscription/{}/{rule}/finding/{}",
            standard.path,
            subject.uuid()
        ),
    );
    let product_arn = subject.product_arn("securityhub");
    let cis = standard.path == CIS.path;
    let generator = if cis {
        format!("{}/rule/{rule}", standard.arn)
    } else {
        format!("{}/{rule}", standard.path)
    };
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Security Hub",
        company: "AWS",
        generator: &generator,
        types: TYPES,
        title: &format!("{rule} {}", control.title),
        description: control.about,
    }
    .write(json, subject);
    write_severity(json, subject, verdict.severity, control.severity);
    let url = format!(
        "https://docs.aws.amazon.com/console/securityhub/{}/remediation",
        control.id
    );
    write_remediation(json, REMEDIATION, &url);
    json.key("ProductFields").object(|json| {
        if cis {
            json.plain("StandardsGuideArn", standard.arn);
            json.plain(
                "StandardsGuideSubscriptionArn",
                subject.arn("securityhub", &format!("subscription/{}", standard.path)),
            );
            json.plain("RuleId", rule);
        } else {
            json.plain("StandardsArn", standard.arn);
            json.plain(
                "StandardsSubscriptionArn",
                subject.arn("securityhub", &format!("subscription/{}", standard.path)),
            );
            json.plain("ControlId", rule);
        }
        json.plain("RecommendationUrl", &url);
        json.plain(
            "StandardsControlArn",
            subject.arn("securityhub", &format!("control/{}/{rule}", standard.path)),
        );
        write_common_fields(json, subject, control, &id, &product_arn);
    });
    write_resources(json, subject, |json| write_checked(json, subject, control));
    json.key("Compliance").object(|json| {
        json.plain("Status", verdict.compliance);
        json.plain("SecurityControlId", control.id);
        json.key("AssociatedStandards").array(|json| {
            let standard = standard.arn.trim_start_matches("arn:aws:securityhub:::");
            json.object(|json| json.plain("StandardsId", standard));
        });
    });
    write_tail(
        json,
        verdict.workflow,
        verdict.severity,
        control.severity,
        TYPES,
    );
}

/// A record as Security Hub wrote it at first: a number for severity, the label among the product's
/// fields, `WorkflowState` alone.
pub(super) fn write_legacy(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0x1e9);
    let control = random::pick(&mut rng, catalog::BUCKET);
    let failed = rng.u8(..100) < 45;
    let severity = if failed {
        control.severity
    } else {
        "INFORMATIONAL"
    };
    let id = subject.arn(
        "securityhub",
        &format!(
            "subscription/{}/{}/finding/{}",
            FSBP.path,
            control.id,
            subject.uuid()
        ),
    );
    let product_arn = subject.product_arn("securityhub");
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Security Hub",
        company: "AWS",
        generator: &format!("{}/{}", FSBP.path, control.id),
        types: TYPES,
        title: &format!("{} {}", control.id, control.title),
        description: control.about,
    }
    .write(json, subject);
    if subject.flaw == Some(Flaw::SeverityIsText) {
        json.field("Severity", severity);
    } else {
        let normalized = catalog::normalized(severity);
        json.key("Severity").object(|json| {
            json.number("Normalized", normalized);
            json.number("Product", normalized);
        });
    }
    let url = format!(
        "https://docs.aws.amazon.com/console/securityhub/{}/remediation",
        control.id
    );
    write_remediation(json, REMEDIATION, &url);
    json.key("ProductFields").object(|json| {
        json.plain("StandardsArn", FSBP.arn);
        json.plain("ControlId", control.id);
        json.plain("aws/securityhub/SeverityLabel", severity);
        write_common_fields(json, subject, control, &id, &product_arn);
    });
    write_resources(json, subject, |json| write_bucket(json, subject));
    json.key("Compliance").object(|json| {
        json.plain("Status", if failed { "FAILED" } else { "PASSED" });
    });
    json.plain("WorkflowState", if failed { "NEW" } else { "RESOLVED" });
}

const REMEDIATION: &str = "For information on how to correct this issue, consult the AWS Security Hub controls documentation.";

fn control_of(subject: &Subject<'_>) -> &'static Control {
    let mut rng = subject.rng(0xc0);
    match subject.kind {
        Kind::InstanceControl => random::pick(&mut rng, catalog::INSTANCE),
        Kind::BucketControl => random::pick(&mut rng, catalog::BUCKET),
        Kind::IdentityControl => random::pick(&mut rng, catalog::IDENTITY),
        Kind::NetworkControl | Kind::SecondNetworkControl => network_control(subject),
        _ => random::pick(&mut rng, catalog::OTHER),
    }
}

/// Both network findings of a host are about one control, seen by two standards, where the account
/// gets findings per standard; where it does not, they are about two.
fn network_control(subject: &Subject<'_>) -> &'static Control {
    let position = subject.index / super::PER_HOST;
    let mut rng = fastrand::Rng::with_seed(subject.origin.place.mix(0x2c0, position));
    let first = rng.usize(..catalog::NETWORK.len());
    let second = subject.kind == Kind::SecondNetworkControl && subject.origin.account.consolidated;
    let mut controls = catalog::NETWORK
        .iter()
        .cycle()
        .skip(first + usize::from(second));
    controls.next().unwrap_or(&CONTROL_OF_LAST_RESORT)
}

const CONTROL_OF_LAST_RESORT: Control = Control {
    id: "EC2.2",
    title: "VPC default security groups should not allow inbound or outbound traffic",
    about: "This control checks that the default security group of a VPC does not allow inbound or outbound traffic.",
    severity: "HIGH",
    elsewhere: None,
    config_rule: "vpc-default-security-group-closed",
};

fn standard_of(subject: &Subject<'_>, control: &Control) -> (Standard, &'static str) {
    let first = match subject.kind {
        Kind::NetworkControl => true,
        Kind::SecondNetworkControl => false,
        _ => subject.rng(0x57d).bool(),
    };
    match control.elsewhere {
        _ if first => (FSBP, control.id),
        Some(Elsewhere::Cis(rule)) => (CIS, rule),
        Some(Elsewhere::Pci(rule)) => (PCI, rule),
        None => (NIST, control.id),
    }
}

fn verdict(subject: &Subject<'_>, control: &Control) -> Verdict {
    let mut rng = subject.rng(0x7e4d);
    let failed = match control.id {
        "EC2.13" => subject.host.exposes(22),
        "EC2.14" => subject.host.exposes(3389),
        "EC2.18" | "EC2.19" => RISKY_PORTS.iter().any(|port| subject.host.exposes(*port)),
        _ => rng.u8(..100) < 40,
    };
    let compliance = match (failed, rng.u8(..100)) {
        (true, _) => "FAILED",
        (false, 0..=2) => "WARNING",
        (false, 3..=4) => "NOT_AVAILABLE",
        (false, _) => "PASSED",
    };
    let workflow = match (compliance, rng.u8(..100)) {
        ("PASSED", _) => "RESOLVED",
        (_, 0..=6) => "NOTIFIED",
        (_, 7..=11) => "SUPPRESSED",
        (_, 12..=13) => "RESOLVED",
        _ => "NEW",
    };
    let severity = if compliance == "PASSED" {
        "INFORMATIONAL"
    } else {
        control.severity
    };
    Verdict {
        compliance,
        workflow,
        severity,
    }
}

fn write_common_fields(
    json: &mut Json,
    subject: &Subject<'_>,
    control: &Control,
    id: &str,
    product_arn: &str,
) {
    let mark = subject.origin.place.mix(0xc4, 0) & 0xffff_ffff;
    json.plain(
        "RelatedAWSResources:0/name",
        format_args!("securityhub-{}-{mark:08x}", control.config_rule),
    );
    json.plain("RelatedAWSResources:0/type", "AWS::Config::ConfigRule");
    json.plain("aws/securityhub/ProductName", "Security Hub");
    json.plain("aws/securityhub/CompanyName", "AWS");
    json.plain("Resources:0/Id", checked_id(subject, control));
    json.plain(
        "aws/securityhub/FindingId",
        format_args!("{product_arn}/{id}"),
    );
}

fn checked_id(subject: &Subject<'_>, control: &Control) -> String {
    let host = &subject.host;
    match subject.kind {
        Kind::InstanceControl => subject.arn("ec2", &format!("instance/{}", host.instance_id)),
        Kind::BucketControl | Kind::LegacyControl => format!("arn:aws:s3:::{}", host.bucket),
        Kind::IdentityControl if matches!(control.id, "IAM.4" | "IAM.6") => {
            format!("AWS::::Account:{}", subject.account_id())
        }
        Kind::IdentityControl => {
            format!("arn:aws:iam::{}:user/{}", subject.account_id(), host.user)
        }
        Kind::OtherControl if control.id.starts_with("RDS") => {
            subject.arn("rds", &format!("db:{}", host.database))
        }
        Kind::OtherControl => subject.arn("lambda", &format!("function:{}", host.function)),
        _ => subject.arn("ec2", &format!("security-group/{}", host.group_id)),
    }
}

fn write_checked(json: &mut Json, subject: &Subject<'_>, control: &Control) {
    let id = checked_id(subject, control);
    let host = &subject.host;
    match subject.kind {
        Kind::InstanceControl => write_instance(json, subject),
        Kind::BucketControl => write_bucket(json, subject),
        Kind::IdentityControl if matches!(control.id, "IAM.4" | "IAM.6") => json.object(|json| {
            json.plain("Type", "AwsAccount");
            json.plain("Id", id);
            json.plain("Partition", "aws");
            json.plain("Region", subject.origin.region);
        }),
        Kind::IdentityControl => write_resource(json, subject, "AwsIamUser", &id, |json| {
            json.plain("UserName", &host.user);
            json.plain("Path", "/");
        }),
        Kind::OtherControl if control.id.starts_with("RDS") => {
            write_resource(json, subject, "AwsRdsDbInstance", &id, |json| {
                json.plain("DBInstanceIdentifier", &host.database);
                json.plain("Engine", "postgres");
                json.key("PubliclyAccessible").bare(true);
            });
        }
        Kind::OtherControl => write_resource(json, subject, "AwsLambdaFunction", &id, |json| {
            json.plain("FunctionName", &host.function);
            json.plain("Runtime", "python3.8");
        }),
        _ => write_group(json, subject, &id),
    }
}

fn write_bucket(json: &mut Json, subject: &Subject<'_>) {
    let id = format!("arn:aws:s3:::{}", subject.host.bucket);
    write_resource(json, subject, "AwsS3Bucket", &id, |json| {
        json.plain(
            "OwnerId",
            format_args!("{:064x}", subject.origin.place.mix(0x0e, 0)),
        );
        json.plain("Name", &subject.host.bucket);
        json.plain("CreatedAt", super::Stamp::Millis.write(subject.created));
    });
}

fn write_group(json: &mut Json, subject: &Subject<'_>, id: &str) {
    let host = &subject.host;
    write_resource(json, subject, "AwsEc2SecurityGroup", id, |json| {
        json.plain("GroupName", &host.name);
        json.plain("GroupId", &host.group_id);
        json.plain("OwnerId", subject.account_id());
        json.plain("VpcId", &host.vpc_id);
        json.key("IpPermissions").array(|json| {
            for opening in &host.openings {
                json.object(|json| {
                    json.plain("IpProtocol", opening.protocol);
                    if opening.protocol != "-1" {
                        json.number("FromPort", opening.from_port);
                        json.number("ToPort", opening.to_port);
                    }
                    let (ranges, cidr) = if opening.cidr.contains(':') {
                        ("Ipv6Ranges", "CidrIpv6")
                    } else {
                        ("IpRanges", "CidrIp")
                    };
                    json.key(ranges)
                        .array(|json| json.object(|json| json.plain(cidr, opening.cidr)));
                });
            }
        });
    });
}
