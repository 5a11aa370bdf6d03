//! A raw finding into ours, or into the reason why not.

use std::borrow::Cow;

use crate::domain::{
    AccountId, Digest, Finding, FindingKey, Partition, Region, Remediation, Scope, Timestamp,
    finding::{Compliance, RecordState, Traits, Workflow},
};

use super::{
    control::control,
    field::{Reader, instant, quoted, text},
    names::Names,
    raw::{
        Field, List, Nested, Object, RawFinding, RawProductFields, RawRemediation,
        RawVulnerability, RawWorkflow,
    },
    rejection::{RejectReason, Rejection},
    resource::{Beside, named_by_product, resources},
    severity::severity,
    stamps::{self, Stamps},
    topic::{Hints, component_ids, owner, topic},
};

/// Why Security Hub archives a finding when consolidated control findings are switched on or off
/// (user guide, "Consolidation impact on ASFF fields and values").
const CONSOLIDATION: &str = "CONSOLIDATED_CONTROL_FINDINGS_UPDATE";

/// A raw finding, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Our record of it.
    pub finding: Finding,
    /// The fingerprint of the raw text without the values of its top-level timestamps.
    pub content: Digest,
    /// The values of its top-level timestamps.
    pub stamps: Stamps,
}

/// Reads one raw finding, seen from `vantage` with credentials of `partition`.
///
/// A field that is missing, unknown or of the wrong type never costs the finding: it is absent, and
/// a note says so. The result depends on the arguments alone, and on the vantage only where the
/// finding does not say its Region.
///
/// # Errors
///
/// A [`Rejection`] when the text is no JSON object, repeats a field that we read, or lacks what the
/// key and the order of versions need: `AwsAccountId`, `Id`, `ProductArn` and `UpdatedAt`.
pub fn read(raw: &str, vantage: &Scope, partition: &Partition) -> Result<Reading, Rejection> {
    let Object(fields) = serde_json::from_str::<Object<RawFinding<'_>>>(raw)
        .map_err(|error| Rejection::of_parse(raw, &error))?;
    let id = fields.id.and_then(text);
    let mut reader = Reader::default();
    let (content, stamps) = stamps::cut(raw, &fields.stamps());
    let finding = finding(&mut reader, fields, vantage, partition)
        .map_err(|rejection| rejection.of(id.as_deref()))?;
    Ok(Reading {
        finding: Finding {
            notes: reader.notes,
            ..finding
        },
        content,
        stamps,
    })
}

fn finding(
    reader: &mut Reader,
    raw: RawFinding<'_>,
    vantage: &Scope,
    partition: &Partition,
) -> Result<Finding, Rejection> {
    let key = key(reader, &raw, vantage, partition)?;
    let updated_at = updated_at(reader, raw.updated_at)?;
    let provider_types = raw.provider_types();
    let product_fields = reader.object("ProductFields", raw.product_fields);
    let types = reader.texts("Types", raw.types);
    let hints = Hints {
        product_arn: &key.product_arn,
        types: &types,
        provider_types,
        fields: &product_fields,
    };
    let mut beside = Beside::default();
    named_by_product(reader, &product_fields, &mut beside.names);
    let path = component_ids(reader, raw.network_path);
    for id in &path {
        beside.names.add(Cow::Owned(id.clone()));
    }
    let topic = topic(reader, &hints, raw.network, &path);
    let owner = owner(reader, &hints);
    let severity = severity(
        reader,
        raw.severity,
        raw.finding_provider_fields,
        &product_fields,
        &key.product_arn,
    );
    let compliance = reader.object("Compliance", raw.compliance);
    let generator_id = reader.required_text("GeneratorId", raw.generator_id);
    let (vulnerabilities, exploit_known) = vulnerabilities(reader, raw.vulnerabilities);
    let resources = resources(reader, raw.resources, &mut beside);
    let control = control(
        reader,
        compliance.security_control_id,
        &product_fields,
        &key.product_arn,
        &generator_id,
    );
    Ok(Finding {
        title: title(reader, raw.title, &generator_id, &key.id),
        description: reader.required_text("Description", raw.description),
        generator_id,
        product: product(reader, raw.product_name, &product_fields, &key.product_arn),
        types,
        severity: severity.severity,
        severity_source: severity.source,
        provider_severity: severity.provider,
        traits: Traits {
            exploit_known,
            open_to_anyone: beside.open_to_anyone,
        },
        compliance: reader
            .text("Compliance.Status", compliance.status)
            .map(|status| Compliance::from(&*status)),
        record_state: reader
            .text("RecordState", raw.record_state)
            .map_or(RecordState::Active, |state| RecordState::from(&*state)),
        replaced: reader
            .text(
                "ProductFields ArchivalReasons",
                product_fields.archival_reason,
            )
            .is_some_and(|reason| reason == CONSOLIDATION),
        workflow: workflow(reader, raw.workflow, raw.workflow_state),
        created_at: created_at(reader, raw.created_at),
        updated_at,
        first_observed_at: reader.time("FirstObservedAt", raw.first_observed_at),
        resources,
        related: related(beside.names),
        control,
        vulnerabilities,
        topic,
        owner,
        remediation: remediation(reader, raw.remediation),
        account_name: reader
            .text("AwsAccountName", raw.aws_account_name)
            .map(Into::into),
        sample: reader.flag("Sample", raw.sample).unwrap_or(false),
        notes: Vec::new(),
        key,
    })
}

fn key(
    reader: &mut Reader,
    raw: &RawFinding<'_>,
    vantage: &Scope,
    partition: &Partition,
) -> Result<FindingKey, Rejection> {
    let account = needed("AwsAccountId", raw.aws_account_id, RejectReason::NoAccount)?;
    let id = needed("Id", raw.id, RejectReason::NoId)?;
    let product_arn = needed("ProductArn", raw.product_arn, RejectReason::NoProductArn)?;
    let region = region(reader, raw.region, &product_arn, vantage);
    // The vantage's own name is shared, not copied: nearly every finding bears it.
    let account = if account == vantage.account.as_str() {
        vantage.account.clone()
    } else {
        AccountId::new(account)
    };
    if !account.is_well_formed() {
        reader.note("AwsAccountId is not twelve digits");
    }
    Ok(FindingKey {
        partition: partition.clone(),
        account,
        region,
        product_arn,
        id,
    })
}

/// Security Hub fills `Region` in; where old findings lack it, the ARN carries the Region of
/// import.
fn region(reader: &mut Reader, field: Field<'_>, product_arn: &str, vantage: &Scope) -> Region {
    let said = reader.text("Region", field);
    let in_arn = product_arn.split(':').nth(3);
    match said
        .as_deref()
        .filter(|region| !region.is_empty())
        .or(in_arn)
    {
        Some(region) if region == vantage.region.as_str() => vantage.region.clone(),
        Some(region) if !region.is_empty() => Region::new(region),
        _ => {
            reader.note("no Region is given: taken from where it was read");
            vantage.region.clone()
        }
    }
}

fn needed(name: &str, field: Field<'_>, reason: RejectReason) -> Result<String, Rejection> {
    let raw = field.ok_or_else(|| Rejection::new(reason, format!("{name} is missing")))?;
    let text = text(raw).ok_or_else(|| Rejection::new(reason, format!("{name} is not text")))?;
    if text.is_empty() {
        return Err(Rejection::new(reason, format!("{name} is empty")));
    }
    Ok(text.into_owned())
}

fn updated_at(reader: &mut Reader, field: Field<'_>) -> Result<Timestamp, Rejection> {
    let text = needed("UpdatedAt", field, RejectReason::NoUpdatedAt)?;
    let read = instant(&text).ok_or_else(|| {
        let detail = format!("UpdatedAt is not a time: {}", quoted(&text));
        Rejection::new(RejectReason::UnreadableUpdatedAt, detail)
    })?;
    if read.assumed_utc {
        reader.note("UpdatedAt has no offset and is read as UTC");
    }
    Ok(read.at)
}

fn created_at(reader: &mut Reader, field: Field<'_>) -> Option<Timestamp> {
    if field.is_none() {
        reader.note("CreatedAt is missing");
    }
    reader.time("CreatedAt", field)
}

/// People are shown the title, so something has to stand there.
fn title(reader: &mut Reader, field: Field<'_>, generator_id: &str, id: &str) -> String {
    let title = reader.required_text("Title", field);
    [title.as_str(), generator_id, id]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
        .to_owned()
}

/// `ProductName` was added later than the pair in `ProductFields`; the ARN always ends in a name.
fn product(
    reader: &mut Reader,
    name: Field<'_>,
    product_fields: &RawProductFields<'_>,
    product_arn: &str,
) -> String {
    let named = reader
        .text("ProductName", name)
        .filter(|name| !name.is_empty());
    let older =
        named.or_else(|| reader.text("ProductFields ProductName", product_fields.product_name));
    if let Some(name) = older.filter(|name| !name.is_empty()) {
        return name.into_owned();
    }
    let last = product_arn.rsplit(['/', ':']).next();
    last.unwrap_or(product_arn).to_owned()
}

/// `Workflow.Status`, else the retired `WorkflowState`, which is ignored where both stand: AWS
/// writes `NEW` there whatever the status is.
///
/// The retired words tell how far somebody has come. `ASSIGNED`, `IN_PROGRESS` and `DEFERRED` say
/// that a person knows and that the problem is still there, which is what `NOTIFIED` says today;
/// none of them is a decision not to hear of it, so none is `SUPPRESSED`.
fn workflow(reader: &mut Reader, today: Nested<RawWorkflow<'_>>, retired: Field<'_>) -> Workflow {
    let workflow = reader.object("Workflow", today);
    if let Some(status) = reader.text("Workflow.Status", workflow.status) {
        return Workflow::from(&*status);
    }
    let Some(state) = reader.text("WorkflowState", retired) else {
        return Workflow::New;
    };
    match &*state {
        "ASSIGNED" | "IN_PROGRESS" | "DEFERRED" => Workflow::Notified,
        other => Workflow::from(other),
    }
}

fn related(names: Names<'_>) -> Vec<String> {
    let mut names: Vec<String> = names.0.into_iter().map(Cow::into_owned).collect();
    names.sort_unstable();
    names
}

/// What the vulnerabilities are called, and whether an exploit of one is known.
fn vulnerabilities(reader: &mut Reader, list: List<RawVulnerability<'_>>) -> (Vec<String>, bool) {
    let raws = reader.objects("Vulnerabilities", list);
    let mut ids = Vec::with_capacity(raws.len());
    let mut exploit_known = false;
    for raw in raws {
        let exploit = reader.text("Vulnerabilities.ExploitAvailable", raw.exploit_available);
        exploit_known |= exploit.is_some_and(|word| word == "YES");
        let id = reader.required_text("Vulnerabilities.Id", raw.id);
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
    (ids, exploit_known)
}

fn remediation(reader: &mut Reader, raw: Nested<RawRemediation<'_>>) -> Remediation {
    let raw = reader.object("Remediation", raw);
    let raw = reader.object("Remediation.Recommendation", raw.recommendation);
    Remediation {
        text: reader
            .text("Remediation.Recommendation.Text", raw.text)
            .map(Into::into),
        url: reader
            .text("Remediation.Recommendation.Url", raw.url)
            .map(Into::into),
    }
}
