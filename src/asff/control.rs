//! Which control a finding is about, however its decade writes it.

use std::borrow::Cow;

use super::{
    field::Reader,
    raw::{Field, RawProductFields},
};

/// Security Hub's own product, whose generators name controls (user guide, "ProductArn").
const SECURITY_HUB: &str = ":product/aws/securityhub";

/// Names the control of a finding, as the finding does.
///
/// - With consolidated control findings on, `Compliance.SecurityControlId`: `EC2.19`.
/// - Before, `ProductFields.ControlId`: `EC2.19` or `PCI.EC2.5`, unique without its standard.
/// - CIS numbers its rules `4.1`, in `RuleId` (1.2.0) or `ControlId` (1.4.0). They mean nothing
///   without their standard, so it is put before them: `cis-aws-foundations-benchmark/v/1.2.0/4.1`.
/// - When all of them were left out, Security Hub's generator still names it, or else
///   `ProductFields.StandardsControlArn`.
pub(super) fn control(
    reader: &mut Reader,
    security_control_id: Field<'_>,
    fields: &RawProductFields<'_>,
    product_arn: &str,
    generator_id: &str,
) -> Option<String> {
    let direct = reader.text("Compliance.SecurityControlId", security_control_id);
    if let Some(id) = direct.filter(|id| !id.is_empty()) {
        return Some(id.into_owned());
    }
    let control_id = reader.text("ProductFields ControlId", fields.control_id);
    let rule_id = reader.text("ProductFields RuleId", fields.rule_id);
    if let Some(id) = control_id.or(rule_id).filter(|id| !id.is_empty()) {
        if !is_rule_number(&id) {
            return Some(id.into_owned());
        }
        return Some(match standard(reader, fields, generator_id) {
            Some(standard) => format!("{standard}/{id}"),
            None => id.into_owned(),
        });
    }
    if !product_arn.ends_with(SECURITY_HUB) {
        return None;
    }
    from_generator(generator_id).or_else(|| {
        let field = fields.standards_control_arn;
        let arn = reader.text("ProductFields StandardsControlArn", field)?;
        from_generator(arn.split_once(":control/")?.1)
    })
}

/// A number of a standard's own list, such as `4.1`; a control's id starts with its service.
fn is_rule_number(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_digit())
}

/// The standard that a finding's rule is numbered by, such as
/// `cis-aws-foundations-benchmark/v/1.2.0`.
fn standard(
    reader: &mut Reader,
    fields: &RawProductFields<'_>,
    generator_id: &str,
) -> Option<String> {
    let named = [
        (
            "ProductFields StandardsGuideArn",
            fields.standards_guide_arn,
            "ruleset/",
        ),
        (
            "ProductFields StandardsArn",
            fields.standards_arn,
            "standards/",
        ),
    ];
    for (name, field, before) in named {
        let arn = reader.text(name, field);
        if let Some((_, standard)) = arn.as_deref().and_then(|arn| arn.split_once(before)) {
            return Some(standard.to_owned());
        }
    }
    let arn = reader.text(
        "ProductFields StandardsControlArn",
        fields.standards_control_arn,
    );
    let from_control = arn
        .as_deref()
        .and_then(|arn| arn.split_once(":control/"))
        .and_then(|(_, control)| control.rsplit_once('/'));
    if let Some((standard, _)) = from_control {
        return Some(standard.to_owned());
    }
    let generator = without_rule(generator_id);
    let (standard, _) = generator.rsplit_once('/')?;
    Some(standard.to_owned()).filter(|standard| standard.contains("/v/"))
}

/// `security-control/EC2.19`, `aws-foundational-security-best-practices/v/1.0.0/S3.8`,
/// `arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1`.
fn from_generator(generator_id: &str) -> Option<String> {
    let generator = without_rule(generator_id);
    let (before, id) = generator.rsplit_once('/')?;
    if !(before == "security-control" || before.contains("/v/")) || id.is_empty() {
        return None;
    }
    Some(if is_rule_number(id) {
        format!("{before}/{id}")
    } else {
        id.to_owned()
    })
}

fn without_rule(generator_id: &str) -> Cow<'_, str> {
    match generator_id.split_once(":::ruleset/") {
        Some((_, rule)) => Cow::Owned(rule.replace("/rule/", "/")),
        None => Cow::Borrowed(generator_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asff::raw::Object;

    fn named(fields: &str, generator: &str) -> Option<String> {
        let Object(fields) = serde_json::from_str::<Object<RawProductFields<'_>>>(fields).unwrap();
        let arn = "arn:aws:securityhub:eu-west-1::product/aws/securityhub";
        control(&mut Reader::default(), None, &fields, arn, generator)
    }

    #[test]
    fn a_control_is_named_in_every_decades_way() {
        let cis = "cis-aws-foundations-benchmark/v/1.2.0/4.1";
        let table = [
            (r#"{"ControlId":"EC2.19"}"#, "", "EC2.19"),
            (
                r#"{"ControlId":"PCI.EC2.5"}"#,
                "pci-dss/v/3.2.1/PCI.EC2.5",
                "PCI.EC2.5",
            ),
            (
                r#"{"RuleId":"4.1","StandardsGuideArn":"arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"}"#,
                "",
                cis,
            ),
            (
                r#"{"ControlId":"1.5","StandardsArn":"arn:aws:securityhub:::standards/cis-aws-foundations-benchmark/v/1.4.0"}"#,
                "",
                "cis-aws-foundations-benchmark/v/1.4.0/1.5",
            ),
            (
                r#"{"RuleId":"4.1","StandardsControlArn":"arn:aws:securityhub:eu-west-1:111122223333:control/cis-aws-foundations-benchmark/v/1.2.0/4.1"}"#,
                "",
                cis,
            ),
            (
                r#"{"RuleId":"4.1"}"#,
                "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1",
                cis,
            ),
            (
                "{}",
                "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1",
                cis,
            ),
            ("{}", "security-control/EC2.19", "EC2.19"),
            (
                "{}",
                "aws-foundational-security-best-practices/v/1.0.0/S3.8",
                "S3.8",
            ),
            ("{}", "nist-800-53/v/5.0.0/EC2.13", "EC2.13"),
            ("{}", "pci-dss/v/4.0.1/EC2.13", "EC2.13"),
            (
                r#"{"StandardsControlArn":"arn:aws:securityhub:eu-west-1:111122223333:control/nist-800-53/v/5.0.0/EC2.13"}"#,
                "",
                "EC2.13",
            ),
            (
                r#"{"StandardsControlArn":"arn:aws:securityhub:eu-west-1:111122223333:control/cis-aws-foundations-benchmark/v/1.2.0/4.1"}"#,
                "",
                cis,
            ),
            (
                r#"{"ControlId":"5.1.1","StandardsArn":"arn:aws:securityhub:::standards/cis-aws-foundations-benchmark/v/5.0.0"}"#,
                "",
                "cis-aws-foundations-benchmark/v/5.0.0/5.1.1",
            ),
            (r#"{"RuleId":"4.1"}"#, "no standard anywhere", "4.1"),
        ];
        for (fields, generator, expected) in table {
            assert_eq!(
                named(fields, generator).as_deref(),
                Some(expected),
                "{fields} {generator}"
            );
        }
        assert_eq!(named("{}", "some-detector/7"), None);
    }

    #[test]
    fn another_products_generator_names_no_control() {
        let named = control(
            &mut Reader::default(),
            None,
            &RawProductFields::default(),
            "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
            "security-control/EC2.19",
        );
        assert_eq!(named, None);
    }
}
