//! Security Hub's own control findings: consolidated, per standard, and as they were in 2018.

use super::{
    super::{json::Json, random},
    Flaw, Head, Subject, catalog,
    catalog::{Control, Elsewhere},
    checked::{checked_id, write_bucket, write_checked},
    verdict::{CIS, FSBP, Standard, Verdict, control_of, standard_of, verdict},
    write_remediation, write_resources, write_severity, write_tail,
};

const TYPES: &[&str] = &["Software and Configuration Checks/Industry and Regulatory Standards"];

/// A control finding in the shape that the account has chosen.
pub(super) fn write(json: &mut Json, subject: &Subject<'_>) {
    let control = control_of(subject);
    let verdict = verdict(subject, control);
    if subject.origin.consolidated {
        write_consolidated(json, subject, control, &verdict);
    } else {
        let standard = standard_of(subject, control);
        write_per_standard(json, subject, control, standard, &verdict);
    }
}

pub(super) fn write_consolidated(
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

pub(super) fn write_per_standard(
    json: &mut Json,
    subject: &Subject<'_>,
    control: &Control,
    (standard, rule): (Standard, &str),
    verdict: &Verdict,
) {
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
    let control = legacy_control_of(&mut rng);
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

/// The control of an old record, the first thing that its dice say.
pub(super) fn legacy_control_of(rng: &mut fastrand::Rng) -> &'static Control {
    random::pick(rng, catalog::BUCKET)
}

const REMEDIATION: &str = "For information on how to correct this issue, consult the AWS Security Hub controls documentation.";

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
