//! Security Hub's controls, as each standard that has one reports it.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON object takes any key, and these are objects that were made here"
)]

use serde_json::{Value, json};

use super::{
    Delivery, Made, Site, Truth,
    catalog::{
        CHECKS, Check, On,
        Standard::{self, Cis12, Cis30, Cis50},
    },
};

/// What every standard, every Region and AWS Config say of the site.
pub(super) fn report(site: &Site<'_>, made: &mut Vec<Made>) {
    for check in CHECKS {
        // The account is looked at once in a Region, and a group once for all that stand behind it.
        let again = match check.on {
            On::Account | On::RegionOfAccount => site.position > 0,
            On::Group => !site.position.is_multiple_of(super::BEHIND_A_GROUP),
            On::Instance | On::Bucket | On::Database | On::Function | On::User => false,
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
            format!("{rule}-conformance-pack-{}", short(&site.hex32(&[rule]), 9))
        } else {
            rule.to_owned()
        };
        let of = site.arn(
            "config",
            &format!("config-rule/config-rule-{}", short(&site.hex32(&[rule]), 6)),
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
            On::Bucket
            | On::Database
            | On::Function
            | On::User
            | On::Account
            | On::RegionOfAccount => None,
        };
        if let Some(bare) = bare.filter(|_| pack) {
            finding["Resources"][0]["Id"] = bare.clone().into();
        }
        finding
    }
}

fn short(text: &str, len: usize) -> &str {
    text.get(..len).unwrap_or(text)
}
