//! How bad a finding says it is, in whichever year's way.

use crate::domain::{Severity, severity::SeveritySource};

use super::{
    field::{Reader, quoted},
    raw::{Field, Nested, RawProductFields, RawProviderFields, RawSeverity},
};

/// Products whose `Severity.Product` runs from 0 to 10, as GuardDuty's and Inspector's own severity do
/// (their user guides, "Severity levels").
const OF_TEN: [&str; 2] = ["product/aws/guardduty", "product/aws/inspector"];

/// What a finding says of its severity.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) severity: Severity,
    pub(super) source: SeveritySource,
    /// What the provider says, where somebody has changed that.
    pub(super) provider: Option<Severity>,
}

/// Reads the severity from the first field that says it in AWS's words: the label; the number of
/// findings older than labels; the label of the oldest, in `ProductFields`; the provider's own label,
/// word or number. A word outside AWS's model gets a note and the next field is asked.
///
/// What the customer sets replaces the label on top and no longer follows the provider
/// (`BatchUpdateFindings`), so a label that differs from the provider's is theirs.
pub(super) fn severity(
    reader: &mut Reader,
    top: Nested<RawSeverity<'_>>,
    provider: Nested<RawProviderFields<'_>>,
    product_fields: &RawProductFields<'_>,
    product_arn: &str,
) -> Said {
    let top = reader.object("Severity", top);
    let provided = provided(reader, provider);
    let said = |severity, source| Said {
        severity,
        source,
        provider: None,
    };
    if let Some(severity) = label(reader, "Severity.Label", top.label) {
        let changed = provided.filter(|provided| *provided != severity);
        return Said {
            severity,
            source: changed.map_or(SeveritySource::Label, |_| SeveritySource::Analyst),
            provider: changed,
        };
    }
    if let Some(severity) = normalized(reader, top.normalized) {
        return said(severity, SeveritySource::Normalized);
    }
    let legacy = product_fields.severity_label;
    if let Some(severity) = label(reader, "ProductFields SeverityLabel", legacy) {
        return said(severity, SeveritySource::LegacyLabel);
    }
    if let Some(severity) = provided {
        return said(severity, SeveritySource::Provider);
    }
    let original = reader.text("Severity.Original", top.original);
    if let Some(severity) = original.and_then(|word| Severity::from_label(&word)) {
        return said(severity, SeveritySource::Original);
    }
    if let Some(severity) = of_ten(reader, top.product, product_arn) {
        return said(severity, SeveritySource::ProductScale);
    }
    reader.note("no severity is given: taken as informational");
    said(Severity::Informational, SeveritySource::Absent)
}

fn provided(reader: &mut Reader, provider: Nested<RawProviderFields<'_>>) -> Option<Severity> {
    let provider = reader.object("FindingProviderFields", provider);
    let provided = reader.object("FindingProviderFields.Severity", provider.severity);
    let name = "FindingProviderFields.Severity.Label";
    label(reader, name, provided.label)
}

fn label(reader: &mut Reader, name: &str, field: Field<'_>) -> Option<Severity> {
    let text = reader.text(name, field)?;
    let severity = Severity::from_label(&text);
    if severity.is_none() {
        reader.note(format!("{name} is not a severity: {}", quoted(&text)));
    }
    severity
}

fn normalized(reader: &mut Reader, field: Field<'_>) -> Option<Severity> {
    let number = reader.number("Severity.Normalized", field)?;
    if !(0.0..=100.0).contains(&number) {
        reader.note("Severity.Normalized is outside 0 to 100");
    }
    Some(Severity::from_normalized(number))
}

/// A number whose scale depends on the product. That of others means nothing to us.
fn of_ten(reader: &mut Reader, field: Field<'_>, product_arn: &str) -> Option<Severity> {
    if !OF_TEN.iter().any(|product| product_arn.ends_with(product)) {
        return None;
    }
    let number = reader.number("Severity.Product", field)?;
    Some(Severity::from_normalized(number * 10.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asff::raw::{Object, RawFinding};

    fn of(product: &str, fields: &str) -> (Said, usize) {
        let raw = format!("{{{fields}}}");
        let Object(raw) = serde_json::from_str::<Object<RawFinding<'_>>>(&raw).unwrap();
        let mut reader = Reader::default();
        let product_fields = reader.object("ProductFields", raw.product_fields);
        let said = severity(
            &mut reader,
            raw.severity,
            raw.finding_provider_fields,
            &product_fields,
            &format!("arn:aws:securityhub:eu-west-1::product/{product}"),
        );
        (said, reader.notes.len())
    }

    #[test]
    fn every_form_since_2018_is_read_and_says_which_it_was() {
        use SeveritySource as From;
        let any = "aws/securityhub";
        let table = [
            (
                any,
                r#""Severity":{"Label":"high","Normalized":1}"#,
                Severity::High,
                From::Label,
                0,
            ),
            (
                any,
                r#""Severity":{"Label":"MAJOR","Normalized":40}"#,
                Severity::Medium,
                From::Normalized,
                1,
            ),
            (
                any,
                r#""Severity":{"Product":8,"Normalized":90}"#,
                Severity::Critical,
                From::Normalized,
                0,
            ),
            (
                any,
                r#""Severity":{"Product":8},"ProductFields":{"aws/securityhub/SeverityLabel":"LOW"}"#,
                Severity::Low,
                From::LegacyLabel,
                0,
            ),
            (
                any,
                r#""FindingProviderFields":{"Severity":{"Label":"MEDIUM"}}"#,
                Severity::Medium,
                From::Provider,
                0,
            ),
            (
                "acme/scan",
                r#""Severity":{"Original":"Critical","Product":3}"#,
                Severity::Critical,
                From::Original,
                0,
            ),
            (
                "acme/scan",
                r#""Severity":{"Original":"P1","Product":8}"#,
                Severity::Informational,
                From::Absent,
                1,
            ),
            (
                "aws/guardduty",
                r#""Severity":{"Product":8}"#,
                Severity::High,
                From::ProductScale,
                0,
            ),
            (
                "aws/guardduty",
                r#""Severity":{"Product":5}"#,
                Severity::Medium,
                From::ProductScale,
                0,
            ),
            (
                "aws/inspector",
                r#""Severity":{"Product":9.3}"#,
                Severity::Critical,
                From::ProductScale,
                0,
            ),
            (
                "aws/inspector",
                "",
                Severity::Informational,
                From::Absent,
                1,
            ),
        ];
        for (product, fields, expected, source, notes) in table {
            let (said, noted) = of(product, fields);
            assert_eq!(
                (said.severity, said.source, noted),
                (expected, source, notes),
                "{fields}"
            );
            assert_eq!(said.provider, None, "{fields}");
        }
    }

    #[test]
    fn what_the_customer_set_wins_over_the_provider_and_says_so() {
        let fields = |top: &str| {
            format!(
                r#""Severity":{{"Label":"{top}"}},"FindingProviderFields":{{"Severity":{{"Label":"HIGH"}}}}"#
            )
        };
        let (said, _) = of("aws/guardduty", &fields("LOW"));
        let expected = Said {
            severity: Severity::Low,
            source: SeveritySource::Analyst,
            provider: Some(Severity::High),
        };
        assert_eq!(said, expected);
        let (said, _) = of("aws/guardduty", &fields("HIGH"));
        assert_eq!((said.source, said.provider), (SeveritySource::Label, None));
    }
}
