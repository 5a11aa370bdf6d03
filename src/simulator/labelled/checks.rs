//! Security Hub's controls, as each standard that has one names it.

use serde_json::{Value, json};

use super::{Delivery, Made, Site, Truth};

/// The thing that a control looks at.
#[derive(Debug, Clone, Copy)]
enum On {
    Group,
    Instance,
    Bucket,
    Database,
    Function,
    User,
    /// The account as a whole: one answer for all Regions.
    Account,
    /// The account in one Region.
    RegionOfAccount,
}

/// A standard, as its findings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standard {
    Fsbp,
    Cis12,
    Cis14,
    Cis30,
    Cis50,
    Pci321,
    Pci401,
    Nist,
}
use Standard::{Cis12, Cis14, Cis30, Cis50, Fsbp, Nist, Pci321, Pci401};

/// One check under all of its names.
struct Check {
    weakness: &'static str,
    /// Its name with consolidated control findings.
    control: &'static str,
    on: On,
    severity: &'static str,
    rules: &'static [(Standard, &'static str)],
    /// Under which AWS Config reports the same check, where its rule's name means nothing else.
    config_rule: Option<&'static str>,
}

const fn check(
    control: &'static str,
    on: On,
    severity: &'static str,
    weakness: &'static str,
    config_rule: Option<&'static str>,
    rules: &'static [(Standard, &'static str)],
) -> Check {
    Check {
        weakness,
        control,
        on,
        severity,
        rules,
        config_rule,
    }
}

/// From the control reference and the tables of each standard in the Security Hub user guide.
const CHECKS: &[Check] = &[
    check(
        "EC2.13",
        On::Group,
        "HIGH",
        "anybody reaches SSH",
        Some("restricted-ssh"),
        &[
            (Cis12, "4.1"),
            (Pci321, "PCI.EC2.5"),
            (Pci401, "EC2.13"),
            (Nist, "EC2.13"),
        ],
    ),
    check(
        "EC2.14",
        On::Group,
        "HIGH",
        "anybody reaches remote desktops",
        None,
        &[(Cis12, "4.2"), (Pci401, "EC2.14")],
    ),
    check(
        "EC2.18",
        On::Group,
        "HIGH",
        "open for other ports than are allowed",
        Some("vpc-sg-open-only-to-authorized-ports"),
        &[(Fsbp, "EC2.18"), (Nist, "EC2.18")],
    ),
    check(
        "EC2.19",
        On::Group,
        "CRITICAL",
        "open for ports of high risk",
        None,
        &[(Fsbp, "EC2.19"), (Nist, "EC2.19")],
    ),
    check(
        "EC2.8",
        On::Instance,
        "HIGH",
        "metadata without tokens",
        Some("ec2-imdsv2-check"),
        &[
            (Fsbp, "EC2.8"),
            (Cis30, "5.6"),
            (Cis50, "5.7"),
            (Pci401, "EC2.8"),
            (Nist, "EC2.8"),
        ],
    ),
    check(
        "SSM.1",
        On::Instance,
        "MEDIUM",
        "not managed",
        Some("ec2-instance-managed-by-systems-manager"),
        &[(Fsbp, "SSM.1"), (Pci321, "PCI.SSM.3"), (Nist, "SSM.1")],
    ),
    check(
        "S3.5",
        On::Bucket,
        "MEDIUM",
        "read without encryption",
        Some("s3-bucket-ssl-requests-only"),
        &[
            (Fsbp, "S3.5"),
            (Cis14, "2.1.2"),
            (Cis30, "2.1.1"),
            (Cis50, "2.1.1"),
            (Pci321, "PCI.S3.5"),
            (Nist, "S3.5"),
        ],
    ),
    check(
        "S3.8",
        On::Bucket,
        "HIGH",
        "public access not blocked",
        Some("s3-bucket-level-public-access-prohibited"),
        &[(Fsbp, "S3.8"), (Cis14, "2.1.5.2"), (Nist, "S3.8")],
    ),
    check(
        "S3.2",
        On::Bucket,
        "CRITICAL",
        "anybody reads it",
        Some("s3-bucket-public-read-prohibited"),
        &[(Fsbp, "S3.2"), (Pci321, "PCI.S3.2"), (Nist, "S3.2")],
    ),
    check(
        "RDS.2",
        On::Database,
        "CRITICAL",
        "anybody connects",
        Some("rds-instance-public-access-check"),
        &[
            (Fsbp, "RDS.2"),
            (Cis30, "2.3.3"),
            (Cis50, "2.2.3"),
            (Pci321, "PCI.RDS.2"),
            (Nist, "RDS.2"),
        ],
    ),
    check(
        "RDS.3",
        On::Database,
        "MEDIUM",
        "stored without encryption",
        Some("rds-storage-encrypted"),
        &[
            (Fsbp, "RDS.3"),
            (Cis14, "2.3.1"),
            (Cis30, "2.3.1"),
            (Cis50, "2.2.1"),
            (Nist, "RDS.3"),
        ],
    ),
    check(
        "Lambda.1",
        On::Function,
        "CRITICAL",
        "anybody calls it",
        Some("lambda-function-public-access-prohibited"),
        &[
            (Fsbp, "Lambda.1"),
            (Pci321, "PCI.Lambda.1"),
            (Nist, "Lambda.1"),
        ],
    ),
    check(
        "IAM.3",
        On::User,
        "MEDIUM",
        "old access keys",
        None,
        &[
            (Fsbp, "IAM.3"),
            (Cis12, "1.4"),
            (Cis14, "1.14"),
            (Cis30, "1.14"),
            (Cis50, "1.13"),
            (Nist, "IAM.3"),
        ],
    ),
    check(
        "IAM.5",
        On::User,
        "MEDIUM",
        "a password without a second factor",
        None,
        &[
            (Fsbp, "IAM.5"),
            (Cis12, "1.2"),
            (Cis14, "1.10"),
            (Cis30, "1.10"),
            (Cis50, "1.9"),
            (Nist, "IAM.5"),
        ],
    ),
    check(
        "IAM.2",
        On::User,
        "LOW",
        "policies of its own",
        None,
        &[
            (Fsbp, "IAM.2"),
            (Cis12, "1.16"),
            (Cis30, "1.15"),
            (Cis50, "1.14"),
            (Pci321, "PCI.IAM.2"),
            (Nist, "IAM.2"),
        ],
    ),
    check(
        "IAM.6",
        On::Account,
        "CRITICAL",
        "root without a hardware token",
        None,
        &[
            (Fsbp, "IAM.6"),
            (Cis12, "1.14"),
            (Cis14, "1.6"),
            (Cis30, "1.6"),
            (Cis50, "1.5"),
            (Pci321, "PCI.IAM.4"),
            (Nist, "IAM.6"),
        ],
    ),
    check(
        "IAM.4",
        On::Account,
        "CRITICAL",
        "root with an access key",
        None,
        &[
            (Fsbp, "IAM.4"),
            (Cis12, "1.12"),
            (Cis14, "1.4"),
            (Cis30, "1.4"),
            (Cis50, "1.3"),
            (Pci321, "PCI.IAM.1"),
            (Nist, "IAM.4"),
        ],
    ),
    check(
        "CloudTrail.1",
        On::Account,
        "HIGH",
        "no trail of all Regions",
        None,
        &[
            (Fsbp, "CloudTrail.1"),
            (Cis12, "2.1"),
            (Cis14, "3.1"),
            (Cis30, "3.1"),
            (Cis50, "3.1"),
            (Nist, "CloudTrail.1"),
        ],
    ),
    check(
        "Config.1",
        On::RegionOfAccount,
        "CRITICAL",
        "nothing recorded",
        None,
        &[
            (Fsbp, "Config.1"),
            (Cis12, "2.5"),
            (Cis14, "3.5"),
            (Cis30, "3.3"),
            (Cis50, "3.3"),
            (Pci321, "PCI.Config.1"),
            (Nist, "Config.1"),
        ],
    ),
];

impl Standard {
    fn path(self) -> &'static str {
        match self {
            Fsbp => "aws-foundational-security-best-practices/v/1.0.0",
            Cis12 => "cis-aws-foundations-benchmark/v/1.2.0",
            Cis14 => "cis-aws-foundations-benchmark/v/1.4.0",
            Cis30 => "cis-aws-foundations-benchmark/v/3.0.0",
            Cis50 => "cis-aws-foundations-benchmark/v/5.0.0",
            Pci321 => "pci-dss/v/3.2.1",
            Pci401 => "pci-dss/v/4.0.1",
            Nist => "nist-800-53/v/5.0.0",
        }
    }

    fn arn(self) -> String {
        let kind = if self == Cis12 {
            "ruleset"
        } else {
            "standards"
        };
        format!("arn:aws:securityhub:::{kind}/{}", self.path())
    }

    fn generator(self, rule: &str) -> String {
        if self == Cis12 {
            format!("{}/rule/{rule}", self.arn())
        } else {
            format!("{}/{rule}", self.path())
        }
    }
}

/// What every standard, every Region and AWS Config say of the site.
pub(super) fn report(site: &Site<'_>, made: &mut Vec<Made>) {
    for check in CHECKS {
        // The account is looked at once in a Region, and a group once for all that stand behind it.
        let again = match check.on {
            On::Account | On::RegionOfAccount => site.position > 0,
            On::Group => site.position % super::BEHIND_A_GROUP > 0,
            _ => false,
        };
        if again {
            continue;
        }
        let truth = check.truth(site);
        let (per_standard, consolidated) = match site.delivery {
            Delivery::PerStandard => (Some(false), None),
            Delivery::Consolidated => (None, Some(false)),
            Delivery::SwitchedOn => (Some(true), Some(false)),
            Delivery::SwitchedOff => (Some(false), Some(true)),
        };
        for (turn, (standard, rule)) in (0..).zip(check.rules) {
            if let Some(replaced) = per_standard {
                let report = check.per_standard(site, &truth, (*standard, rule), turn);
                // Some resources are young: their findings were made anew meanwhile.
                if !replaced && (truth.word >> 20).is_multiple_of(6) {
                    made.push(keep(site, archived(report.clone(), "before"), &truth));
                }
                made.push(keep(site, replace(report, replaced), &truth));
            }
        }
        if let Some(replaced) = consolidated {
            let report = check.consolidated(site, &truth);
            made.push(keep(site, replace(report, replaced), &truth));
        }
        if let Some(rule) = check.config_rule
            && (truth.word >> 24).is_multiple_of(2)
        {
            made.push(Made {
                reporter: "AWS Config",
                ..keep(site, check.of_config(site, &truth, rule), &truth)
            });
        }
    }
}

fn keep(site: &Site<'_>, finding: Value, truth: &Truth) -> Made {
    Made {
        scope: site.scope,
        finding,
        truth: truth.label.clone(),
        reporter: "Security Hub",
    }
}

/// The same as it was when it was archived, under the id that it had.
fn archived(mut finding: Value, id: &str) -> Value {
    finding["Id"] = format!("{}-{id}", finding["Id"].as_str().unwrap_or_default()).into();
    finding["RecordState"] = "ARCHIVED".into();
    finding["Title"] = "A title that AWS has rewritten since".into();
    finding
}

fn replace(mut finding: Value, replaced: bool) -> Value {
    if replaced {
        finding["RecordState"] = "ARCHIVED".into();
        finding["ProductFields"]["ArchivalReasons:0/ReasonCode"] =
            "CONSOLIDATED_CONTROL_FINDINGS_UPDATE".into();
    }
    finding
}

impl Check {
    fn truth(&self, site: &Site<'_>) -> Truth {
        match self.on {
            On::User => site.global(&site.user, self.weakness),
            On::Account => site.global("all of it", self.weakness),
            On::RegionOfAccount => site.regional("all of it", self.weakness),
            On::Group => site.regional(&site.group_id, self.weakness),
            On::Instance => site.regional(&site.host.instance_id, self.weakness),
            On::Bucket => site.regional(&site.host.bucket, self.weakness),
            On::Database => site.regional(&site.host.database, self.weakness),
            On::Function => site.regional(&site.host.function, self.weakness),
        }
    }

    fn resource(&self, site: &Site<'_>) -> Value {
        let (kind, id) = match self.on {
            On::Group => ("AwsEc2SecurityGroup", site.group_arn()),
            On::Instance => ("AwsEc2Instance", site.instance_arn()),
            On::Bucket => ("AwsS3Bucket", site.bucket_arn()),
            On::Database => {
                let id = site.arn("rds", &format!("db:{}", site.host.database));
                ("AwsRdsDbInstance", id)
            }
            On::Function => {
                let id = site.arn("lambda", &format!("function:{}", site.host.function));
                ("AwsLambdaFunction", id)
            }
            On::User => {
                let id = format!("arn:aws:iam::{}:user/{}", site.account_id, site.user);
                ("AwsIamUser", id)
            }
            On::Account | On::RegionOfAccount => {
                ("AwsAccount", format!("AWS::::Account:{}", site.account_id))
            }
        };
        json!({"Type": kind, "Id": id, "Partition": "aws", "Region": site.region})
    }

    /// What all shapes have in common.
    fn finding(&self, site: &Site<'_>, truth: &Truth, id: String, turn: u64) -> Value {
        let (created, updated) = site.times(truth, turn);
        let severity = if truth.holds {
            self.severity
        } else {
            "INFORMATIONAL"
        };
        json!({
            "SchemaVersion": "2018-10-08",
            "Id": id,
            "ProductArn": site.product_arn("aws/securityhub"),
            "ProductName": "Security Hub",
            "CompanyName": "AWS",
            "Region": site.region,
            "AwsAccountId": site.account_id,
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "FirstObservedAt": created,
            "LastObservedAt": updated,
            "CreatedAt": created,
            "UpdatedAt": updated,
            "Severity": {"Label": severity, "Original": self.severity},
            "Title": format!("A check named {}", self.control),
            "Description": "This control checks something.",
            "ProductFields": {"aws/securityhub/ProductName": "Security Hub"},
            "Resources": [self.resource(site)],
            "Compliance": {"Status": if truth.holds { "FAILED" } else { "PASSED" }},
            "Workflow": {"Status": if truth.holds { "NEW" } else { "RESOLVED" }},
            "WorkflowState": "NEW",
            "RecordState": "ACTIVE",
        })
    }

    fn consolidated(&self, site: &Site<'_>, truth: &Truth) -> Value {
        let uuid = site.uuid(&["consolidated", self.control]);
        let id = format!("security-control/{}/finding/{uuid}", self.control);
        let mut finding = self.finding(site, truth, site.arn("securityhub", &id), 9);
        finding["GeneratorId"] = format!("security-control/{}", self.control).into();
        finding["Compliance"]["SecurityControlId"] = self.control.into();
        let standards = self.rules.iter().map(|(standard, _)| {
            let arn = standard.arn();
            json!({"StandardsId": arn.trim_start_matches("arn:aws:securityhub:::")})
        });
        finding["Compliance"]["AssociatedStandards"] = standards.collect();
        finding
    }

    fn per_standard(
        &self,
        site: &Site<'_>,
        truth: &Truth,
        (standard, rule): (Standard, &str),
        turn: u64,
    ) -> Value {
        let uuid = site.uuid(&[standard.path(), rule, self.control]);
        let subscription = format!("subscription/{}", standard.path());
        let id = format!("{subscription}/{rule}/finding/{uuid}");
        let mut finding = self.finding(site, truth, site.arn("securityhub", &id), turn);
        finding["GeneratorId"] = standard.generator(rule).into();
        finding["Title"] = format!("{rule} {}", self.control).into();
        let names = if standard == Cis12 {
            [
                "StandardsGuideArn",
                "StandardsGuideSubscriptionArn",
                "RuleId",
            ]
        } else {
            ["StandardsArn", "StandardsSubscriptionArn", "ControlId"]
        };
        let fields = &mut finding["ProductFields"];
        let values = [
            standard.arn(),
            site.arn("securityhub", &subscription),
            rule.to_owned(),
        ];
        for (name, value) in names.into_iter().zip(values) {
            fields[name] = value.into();
        }
        let control = format!("control/{}/{rule}", standard.path());
        fields["StandardsControlArn"] = site.arn("securityhub", &control).into();
        // Findings of the younger benchmarks name their control, too; those of old did not.
        if matches!(standard, Cis30 | Cis50) && (truth.word >> 28).is_multiple_of(2) {
            finding["Compliance"]["SecurityControlId"] = self.control.into();
        }
        finding
    }

    /// AWS Config's own report of the rule that the control runs, set up by a conformance pack or by
    /// hand; it may call the resource by its bare id.
    fn of_config(&self, site: &Site<'_>, truth: &Truth, rule: &str) -> Value {
        let pack = (truth.word >> 32).is_multiple_of(2);
        let name = if pack {
            format!("{rule}-conformance-pack-{}", &site.hex32(&[rule])[..9])
        } else {
            rule.to_owned()
        };
        let of = site.arn(
            "config",
            &format!("config-rule/config-rule-{}", &site.hex32(&[rule])[..6]),
        );
        let id = format!("{of}/finding/{}", site.hex32(&["config", rule]));
        let mut finding = self.finding(site, truth, id, 5);
        finding["ProductArn"] = site.product_arn("aws/config").into();
        finding["ProductName"] = "Config".into();
        finding["GeneratorId"] = of.clone().into();
        finding["Types"] = json!(["Software and Configuration Checks"]);
        finding["Title"] = name.clone().into();
        finding["ProductFields"] = json!({
            "aws/config/ConfigRuleName": name,
            "aws/config/ConfigRuleArn": of,
            "aws/securityhub/ProductName": "Config",
        });
        let bare = match self.on {
            On::Group => Some(&site.group_id),
            On::Instance => Some(&site.host.instance_id),
            _ => None,
        };
        if let Some(bare) = bare.filter(|_| pack) {
            finding["Resources"][0]["Id"] = bare.clone().into();
        }
        finding
    }
}
