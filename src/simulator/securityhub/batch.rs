//! Writing findings: providers import them, customers update them.

use serde_json::{Value, json};

use super::{
    super::{
        answer::{ApiError, Reply, reply_json},
        clock,
        locks::{read, write},
        shared::Shared,
        world::{View, World},
    },
    Call, filters, invalid_input,
};

/// Findings in one import, and identifiers in one update.
const MAX_BATCH: usize = 100;

/// What a customer may set; nothing else, and never `UpdatedAt`.
const SETTABLE: &[&str] = &[
    "Confidence",
    "Criticality",
    "Note",
    "RelatedFindings",
    "Severity",
    "Types",
    "UserDefinedFields",
    "VerificationState",
    "Workflow",
];
const WORKFLOWS: &[&str] = &["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"];
const LABELS: &[(&str, u8)] = &[
    ("INFORMATIONAL", 0),
    ("LOW", 1),
    ("MEDIUM", 40),
    ("HIGH", 70),
    ("CRITICAL", 90),
];
const REQUIRED: &[&str] = &[
    "SchemaVersion",
    "Id",
    "ProductArn",
    "GeneratorId",
    "AwsAccountId",
    "CreatedAt",
    "UpdatedAt",
    "Title",
    "Description",
    "Resources",
];

/// `BatchUpdateFindings`
pub(super) fn update(shared: &Shared, call: &Call<'_>, request: &Value) -> Reply {
    let identifiers = list(request, "FindingIdentifiers")?;
    check_update(request)?;
    let faults = read(&shared.faults).clone();
    let mut world = write(&shared.world);
    let view = world.view(call.caller.account, call.region, &faults);
    let now = format!("{:.3}", clock::timestamp(shared.clock.world()));
    let (mut processed, mut unprocessed) = (Vec::new(), Vec::new());
    for identifier in identifiers {
        if processed.contains(identifier) {
            unprocessed.push(not_updated(
                identifier,
                "DuplicatedFindingIdentifier",
                "Duplicated finding identifier",
            ));
        } else if update_one(&mut world, &view, identifier, request, &now).is_some() {
            processed.push(identifier.clone());
        } else {
            unprocessed.push(not_updated(
                identifier,
                "FindingNotFound",
                "Finding Not Found",
            ));
        }
    }
    reply_json(&json!({"ProcessedFindings": processed, "UnprocessedFindings": unprocessed}))
}

fn update_one(
    world: &mut World,
    view: &View,
    identifier: &Value,
    request: &Value,
    now: &str,
) -> Option<()> {
    let id = identifier.get("Id")?.as_str()?;
    let product_arn = identifier.get("ProductArn")?.as_str()?;
    let spot = world
        .spots_with_id(view, id)
        .into_iter()
        .find(|spot| world.find(spot.scope, product_arn, id) == Some(spot.index))?;
    let text = world.text(spot.scope, spot.index)?.into_owned();
    let mut finding: Value = serde_json::from_str(&text).ok()?;
    apply(&mut finding, request, now);
    // The time stays: AWS does not move `UpdatedAt` for what customers do.
    world.replace(spot.scope, spot.index, finding.to_string(), spot.at);
    Some(())
}

/// Sets what a customer asked for in a finding.
pub(in crate::simulator) fn apply(finding: &mut Value, request: &Value, now: &str) {
    let Some(members) = finding.as_object_mut() else {
        return;
    };
    for name in SETTABLE {
        let Some(wanted) = request.get(*name) else {
            continue;
        };
        let set = match *name {
            "Note" => json!({
                "Text": wanted.get("Text"), "UpdatedBy": wanted.get("UpdatedBy"), "UpdatedAt": now,
            }),
            "Severity" => severity(members.get("Severity"), wanted),
            _ => wanted.clone(),
        };
        members.insert((*name).to_owned(), set);
    }
}

/// Label and number follow each other, whichever was given.
fn severity(current: Option<&Value>, wanted: &Value) -> Value {
    let mut severity = current
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let label = wanted.get("Label").and_then(Value::as_str);
    if let Some((label, number)) = LABELS.iter().find(|(known, _)| Some(*known) == label) {
        severity.insert("Label".into(), (*label).into());
        severity.insert("Normalized".into(), (*number).into());
    } else if let Some(number) = wanted.get("Normalized").and_then(Value::as_u64) {
        let label = match number {
            0 => "INFORMATIONAL",
            1..=39 => "LOW",
            40..=69 => "MEDIUM",
            70..=89 => "HIGH",
            _ => "CRITICAL",
        };
        severity.insert("Label".into(), label.into());
        severity.insert("Normalized".into(), number.into());
    }
    if let Some(product) = wanted.get("Product") {
        severity.insert("Product".into(), product.clone());
    }
    Value::Object(severity)
}

fn check_update(request: &Value) -> Result<(), ApiError> {
    if let Some(workflow) = request.get("Workflow") {
        let status = workflow
            .get("Status")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !WORKFLOWS.contains(&status) {
            return Err(invalid_input(&format!(
                "Invalid parameter Workflow.Status: {status}"
            )));
        }
    }
    let text = |name: &str| {
        request
            .pointer(&format!("/Note/{name}"))
            .and_then(Value::as_str)
    };
    let noted = text("Text").is_some_and(|text| (1..=512).contains(&text.len()))
        && text("UpdatedBy").is_some_and(|by| !by.is_empty());
    if request.get("Note").is_some() && !noted {
        return Err(invalid_input(
            "Invalid parameter Note: Text (1 to 512) and UpdatedBy are required",
        ));
    }
    for name in ["Confidence", "Criticality"] {
        let wrong = request
            .get(name)
            .is_some_and(|value| value.as_u64().is_none_or(|value| value > 100));
        if wrong {
            return Err(invalid_input(&format!(
                "Invalid parameter {name}: 0 to 100"
            )));
        }
    }
    Ok(())
}

fn not_updated(identifier: &Value, code: &str, message: &str) -> Value {
    json!({"FindingIdentifier": identifier, "ErrorCode": code, "ErrorMessage": message})
}

/// `BatchImportFindings`
pub(super) fn import(shared: &Shared, call: &Call<'_>, request: &Value) -> Reply {
    let findings = list(request, "Findings")?;
    let mut world = write(&shared.world);
    let scope = world.scope(call.caller.account, call.region);
    let (mut imported, mut failed) = (0, Vec::new());
    for finding in findings {
        match import_one(&mut world, scope, finding, shared.clock.world()) {
            Ok(()) => imported += 1,
            Err(message) => failed.push(json!({
                "Id": finding.get("Id"), "ErrorCode": "InvalidInput", "ErrorMessage": message,
            })),
        }
    }
    reply_json(
        &json!({"SuccessCount": imported, "FailedCount": failed.len(), "FailedFindings": failed}),
    )
}

fn import_one(
    world: &mut World,
    scope: usize,
    finding: &Value,
    now: clock::Nanos,
) -> Result<(), String> {
    for name in REQUIRED {
        if finding.get(*name).is_none() {
            return Err(format!(
                "Finding does not adhere to Amazon Finding Format. data should have required property '{name}'"
            ));
        }
    }
    let text = |name: &str| {
        finding
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    if text("AwsAccountId") != world.account_id(scope) {
        return Err("AwsAccountId must be the account that imports the finding".to_owned());
    }
    let updated = finding.get("UpdatedAt").and_then(filters::instant);
    let updated = updated.ok_or("UpdatedAt must be a timestamp in RFC 3339 format")?;
    let (product_arn, id) = (text("ProductArn"), text("Id"));
    let mut next = finding.clone();
    let members = next.as_object_mut().ok_or("a finding must be an object")?;
    members.insert("Region".into(), world.region_name(scope).into());
    members.insert(
        "ProcessedAt".into(),
        format!("{:.3}", clock::timestamp(now)).into(),
    );
    members.entry("RecordState").or_insert("ACTIVE".into());
    members
        .entry("Workflow")
        .or_insert_with(|| json!({"Status": "NEW"}));
    if let Some(index) = world.find(scope, product_arn, id) {
        // A version that is not newer is ignored without a word.
        if world
            .updated(scope, index)
            .is_some_and(|known| known >= updated)
        {
            return Ok(());
        }
        if let Some(known) = world.text(scope, index) {
            keep_what_customers_set(members, &known);
        }
    }
    world.put(scope, product_arn, id, next.to_string(), updated);
    Ok(())
}

/// A provider's update leaves the workflow and the note alone, except that a problem that comes back
/// is new again.
fn keep_what_customers_set(next: &mut serde_json::Map<String, Value>, known: &str) {
    let known: Value = serde_json::from_str(known).unwrap_or_default();
    for name in ["Note", "UserDefinedFields", "VerificationState", "Workflow"] {
        if let Some(value) = known.get(name) {
            next.insert(name.to_owned(), value.clone());
        }
    }
    let status = |finding: &Value| {
        finding
            .pointer("/Compliance/Status")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let state = |finding: &Value| {
        finding
            .get("RecordState")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let after = Value::Object(next.clone());
    let returned =
        state(&known).as_deref() == Some("ARCHIVED") && state(&after).as_deref() == Some("ACTIVE");
    let failed_again = status(&known).as_deref() == Some("PASSED")
        && status(&after).is_some_and(|status| status != "PASSED");
    let workflow = known.pointer("/Workflow/Status").and_then(Value::as_str);
    if (returned || failed_again) && matches!(workflow, Some("NOTIFIED" | "RESOLVED")) {
        next.insert("Workflow".into(), json!({"Status": "NEW"}));
    }
}

fn list<'a>(request: &'a Value, name: &str) -> Result<&'a Vec<Value>, ApiError> {
    let values = request.get(name).and_then(Value::as_array);
    values
        .filter(|values| (1..=MAX_BATCH).contains(&values.len()))
        .ok_or_else(|| invalid_input(&format!("Invalid parameter {name}: 1 to 100 entries")))
}
