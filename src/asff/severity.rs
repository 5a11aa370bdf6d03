//! How bad a finding says it is, in whichever year's way.

use crate::domain::{Severity, severity::SeveritySource};

use super::{
    field::{Reader, quoted},
    raw::{Field, Nested, RawProductFields, RawProviderFields, RawSeverity},
};

/// Reads the severity from the first field that says it in AWS's words: the label, which an
/// analyst's change also sets; the number of findings older than labels; the label of the oldest,
/// in `ProductFields`; the provider's own. A word outside AWS's model gets a note and the next
/// field is asked.
pub(super) fn severity(
    reader: &mut Reader,
    top: Nested<RawSeverity<'_>>,
    product_fields: &RawProductFields<'_>,
    provider: Nested<RawProviderFields<'_>>,
) -> (Severity, SeveritySource) {
    let top = reader.object("Severity", top);
    if let Some(severity) = label(reader, "Severity.Label", top.label) {
        return (severity, SeveritySource::Label);
    }
    if let Some(severity) = normalized(reader, top.normalized) {
        return (severity, SeveritySource::Normalized);
    }
    let legacy = product_fields.severity_label;
    if let Some(severity) = label(reader, "ProductFields SeverityLabel", legacy) {
        return (severity, SeveritySource::LegacyLabel);
    }
    let provider = reader.object("FindingProviderFields", provider);
    let provided = reader.object("FindingProviderFields.Severity", provider.severity);
    if let Some(severity) = label(
        reader,
        "FindingProviderFields.Severity.Label",
        provided.label,
    ) {
        return (severity, SeveritySource::Provider);
    }
    reader.note("no severity is given: taken as informational");
    (Severity::Informational, SeveritySource::Absent)
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
