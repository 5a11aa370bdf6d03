//! What becomes of a raw finding, field by field.

use serde_json::{Map, Value, json};

use super::*;
use crate::domain::{
    Partition, Scope, Severity, Standing,
    finding::{Compliance, RecordState, Workflow},
    severity::SeveritySource,
};

fn vantage() -> Scope {
    Scope {
        account: "111122223333".into(),
        region: "eu-west-1".into(),
    }
}

fn read_text(raw: &str) -> Result<Reading, Rejection> {
    read(raw, &vantage(), &Partition::from("aws"))
}

/// A complete finding with some fields set, and those set to `null` taken away.
fn finding(changes: Value) -> Value {
    let mut fields: Map<String, Value> =
        serde_json::from_str(include_str!("../../tests/data/control.json")).unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    Value::Object(fields)
}

fn reading(changes: Value) -> Reading {
    read_text(&finding(changes).to_string()).unwrap()
}

#[test]
fn a_modern_control_finding_is_read_whole_and_without_notes() {
    let read = reading(json!({})).finding;
    assert_eq!(read.notes, Vec::<String>::new());
    assert_eq!(read.key.scope(), vantage());
    assert_eq!(
        read.key.product_arn,
        "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
    );
    assert_eq!(read.product, "Security Hub");
    assert_eq!(read.control.as_deref(), Some("EC2.19"));
    assert_eq!(read.severity, Severity::Critical);
    assert_eq!(read.severity_source, SeveritySource::Label);
    assert_eq!(read.compliance, Some(Compliance::Failed));
    assert_eq!(read.record_state, RecordState::Active);
    assert_eq!(read.workflow, Workflow::New);
    assert_eq!(read.standing(), Standing::Open);
    assert_eq!(read.account_name.as_deref(), Some("payments"));
    assert_eq!(read.updated_at.to_string(), "2026-05-01T13:00:00.123Z");
    assert_eq!(read.resources.len(), 1);
    assert_eq!(read.resources[0].kind, "AwsEc2SecurityGroup");
    assert_eq!(
        read.resources[0].tags,
        [
            ("Name".to_owned(), "web \"edge\"".to_owned()),
            ("owner".to_owned(), "näme".to_owned())
        ]
    );
    assert!(read.remediation.url.unwrap().starts_with("https://"));
    assert!(!read.sample);
}

#[test]
fn a_finding_of_2018_is_understood() {
    let raw = include_str!("../../tests/data/legacy.json");
    let read = read_text(raw).unwrap().finding;
    assert_eq!(read.key.region.as_str(), "us-west-2");
    assert_eq!(read.severity, Severity::High);
    assert_eq!(read.severity_source, SeveritySource::Normalized);
    assert_eq!(read.workflow, Workflow::Resolved);
    assert_eq!(read.product, "default");
    assert_eq!(read.standing(), Standing::Resolved);
}

#[test]
fn the_severity_is_the_first_that_says_it_in_awss_words() {
    let legacy = json!({"aws/securityhub/SeverityLabel": "LOW"});
    let provider = json!({"Severity": {"Label": "MEDIUM"}});
    let none = json!({});
    let table = [
        (
            json!({"Label": "high", "Normalized": 0}),
            &legacy,
            Severity::High,
            SeveritySource::Analyst,
            0,
        ),
        (
            json!({"Label": "SEVERE", "Normalized": 90}),
            &legacy,
            Severity::Critical,
            SeveritySource::Normalized,
            1,
        ),
        (
            json!({"Normalized": 39.5}),
            &legacy,
            Severity::Low,
            SeveritySource::Normalized,
            0,
        ),
        (
            json!({"Normalized": 1000}),
            &legacy,
            Severity::Critical,
            SeveritySource::Normalized,
            1,
        ),
        (
            json!({"Normalized": "70"}),
            &legacy,
            Severity::Low,
            SeveritySource::LegacyLabel,
            1,
        ),
        (
            json!({"Product": 9}),
            &legacy,
            Severity::Low,
            SeveritySource::LegacyLabel,
            0,
        ),
        (
            json!({}),
            &none,
            Severity::Medium,
            SeveritySource::Provider,
            0,
        ),
        (
            json!("HIGH"),
            &none,
            Severity::Medium,
            SeveritySource::Provider,
            1,
        ),
        (
            json!(["HIGH"]),
            &none,
            Severity::Medium,
            SeveritySource::Provider,
            1,
        ),
    ];
    for (severity, product_fields, expected, source, notes) in table {
        let read = reading(json!({
            "Severity": severity,
            "ProductFields": product_fields,
            "FindingProviderFields": provider,
        }));
        let read = read.finding;
        assert_eq!(
            (read.severity, read.severity_source),
            (expected, source),
            "{severity}"
        );
        assert_eq!(read.notes.len(), notes, "{severity}: {:?}", read.notes);
    }
    let read = reading(json!({"Severity": null, "FindingProviderFields": null})).finding;
    assert_eq!(read.severity, Severity::Informational);
    assert_eq!(read.severity_source, SeveritySource::Absent);
    assert_eq!(read.notes.len(), 1);
}

#[test]
fn the_workflow_status_wins_over_the_retired_state() {
    let table = [
        (
            json!({"Workflow": {"Status": "RESOLVED"}, "WorkflowState": "NEW"}),
            Workflow::Resolved,
        ),
        (
            json!({"Workflow": null, "WorkflowState": "DEFERRED"}),
            Workflow::Notified,
        ),
        (
            json!({"Workflow": null, "WorkflowState": "IN_PROGRESS"}),
            Workflow::Notified,
        ),
        (
            json!({"Workflow": {}, "WorkflowState": "RESOLVED"}),
            Workflow::Resolved,
        ),
        (
            json!({"Workflow": {"Status": "LATER"}}),
            Workflow::Other("LATER".to_owned()),
        ),
        (json!({"Workflow": null}), Workflow::New),
    ];
    for (fields, expected) in table {
        assert_eq!(
            reading(fields.clone()).finding.workflow,
            expected,
            "{fields}"
        );
    }
}

#[test]
fn a_field_of_the_wrong_type_costs_itself_and_a_note() {
    for field in [
        "AwsAccountName",
        "Compliance",
        "CreatedAt",
        "Description",
        "FindingProviderFields",
        "FirstObservedAt",
        "GeneratorId",
        "ProductFields",
        "ProductName",
        "RecordState",
        "Region",
        "Remediation",
        "Resources",
        "Sample",
        "Severity",
        "Title",
        "Types",
        "Vulnerabilities",
        "Workflow",
        "WorkflowState",
    ] {
        let mut odd = json!({"Workflow": null});
        odd["Severity"] = json!({});
        odd[field] = json!(12.5);
        let read = reading(odd).finding;
        assert!(!read.notes.is_empty(), "{field} went unnoticed");
    }
}

#[test]
fn odd_elements_cost_themselves_and_a_note() {
    let read = reading(json!({
        "Resources": [7, ["AwsS3Bucket", "x"], {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b", "Tags": {"a": 1, "b": "c"}}],
        "Types": ["a/b", 3],
        "Vulnerabilities": [{"Id": "CVE-2021-44228"}, {"Id": "CVE-2021-44228"}, {}, null],
    }));
    let read = read.finding;
    assert_eq!(read.resources.len(), 1);
    assert_eq!(read.resources[0].tags, [("b".to_owned(), "c".to_owned())]);
    assert_eq!(read.types, ["a/b"]);
    assert_eq!(read.vulnerabilities, ["CVE-2021-44228"]);
    assert_eq!(read.notes.len(), 6, "{:?}", read.notes);
}

#[test]
fn what_is_missing_is_named() {
    let read = reading(json!({
        "Title": null, "Description": null, "Resources": null, "CreatedAt": null,
    }));
    assert_eq!(read.finding.title, "security-control/EC2.19");
    assert_eq!(read.finding.notes.len(), 4, "{:?}", read.finding.notes);
}

#[test]
fn the_region_comes_from_the_finding_then_its_arn_then_the_vantage() {
    let arn = "arn:aws:securityhub:ap-south-1::product/aws/guardduty";
    let table = [
        (
            json!({"Region": "eu-north-1", "ProductArn": arn}),
            "eu-north-1",
            0,
        ),
        (json!({"Region": null, "ProductArn": arn}), "ap-south-1", 0),
        (json!({"Region": "", "ProductArn": arn}), "ap-south-1", 0),
        (json!({"Region": null, "ProductArn": "odd"}), "eu-west-1", 1),
        (
            json!({"Region": null, "ProductArn": "arn:aws:securityhub:::product/a/b"}),
            "eu-west-1",
            1,
        ),
    ];
    for (fields, region, notes) in table {
        let read = reading(fields.clone()).finding;
        assert_eq!(read.key.region.as_str(), region, "{fields}");
        assert_eq!(read.notes.len(), notes, "{fields}: {:?}", read.notes);
    }
}

#[test]
fn an_account_id_that_is_not_twelve_digits_is_kept_and_noted() {
    let read = reading(json!({"AwsAccountId": "XXXXXXXXXXXX"})).finding;
    assert_eq!(read.key.account.as_str(), "XXXXXXXXXXXX");
    assert_eq!(read.notes, ["AwsAccountId is not twelve digits"]);
}

#[test]
fn words_that_aws_adds_later_are_kept_as_written() {
    let read = reading(json!({"RecordState": "FROZEN", "Compliance": {"Status": "MAYBE"}}));
    assert_eq!(read.finding.record_state.as_str(), "FROZEN");
    assert_eq!(read.finding.compliance.unwrap().as_str(), "MAYBE");
}

#[test]
fn a_finding_without_its_key_or_its_version_is_rejected_with_the_reason() {
    use RejectReason::*;
    let table = [
        (json!({"AwsAccountId": null}), NoAccount),
        (json!({"AwsAccountId": 111122223333_u64}), NoAccount),
        (json!({"AwsAccountId": ""}), NoAccount),
        (json!({"Id": null}), NoId),
        (json!({"Id": ["a"]}), NoId),
        (json!({"ProductArn": null}), NoProductArn),
        (json!({"UpdatedAt": null}), NoUpdatedAt),
        (json!({"UpdatedAt": 1777640400}), NoUpdatedAt),
        (json!({"UpdatedAt": "last Tuesday"}), UnreadableUpdatedAt),
        (
            json!({"UpdatedAt": "x".repeat(10_000)}),
            UnreadableUpdatedAt,
        ),
    ];
    for (fields, reason) in table {
        let rejection = read_text(&finding(fields.clone()).to_string()).unwrap_err();
        assert_eq!(rejection.reason, reason, "{fields}");
        assert!(
            rejection.detail.chars().count() < 120,
            "{}",
            rejection.detail
        );
        assert_eq!(rejection.id.is_none(), reason == NoId);
    }
}

#[test]
fn what_is_no_object_is_rejected_with_the_reason() {
    use RejectReason::*;
    let key = r#""AwsAccountId":"1","ProductArn":"p","UpdatedAt":"2026-05-01T13:00:00Z""#;
    let table = [
        (String::new(), NotJson),
        ("{".to_owned(), NotJson),
        ("{} {}".to_owned(), NotJson),
        ("[]".to_owned(), NotAnObject),
        ("7".to_owned(), NotAnObject),
        ("null".to_owned(), NotAnObject),
        (format!(r#"{{"Id":"a",{key},"Id":"b"}}"#), RepeatedField),
        (
            format!(r#"{{"Id":"a",{key},"\u0049d":"b"}}"#),
            RepeatedField,
        ),
    ];
    for (raw, reason) in table {
        assert_eq!(read_text(&raw).unwrap_err().reason, reason, "{raw}");
    }
}

#[test]
fn a_refreshed_finding_has_the_same_content_and_an_altered_one_has_not() {
    let before = reading(json!({}));
    let later =
        json!({"UpdatedAt": "2026-05-02T13:00:00Z", "LastObservedAt": "2026-05-02T13:00:00Z"});
    assert_eq!(before.content, reading(later.clone()).content);
    assert_ne!(before.stamps, reading(later).stamps);
    assert_ne!(before.content, reading(json!({"Title": "other"})).content);
    assert_ne!(
        before.content,
        reading(json!({"Note": {"UpdatedAt": "2026-05-02T13:00:00Z"}})).content
    );
}

#[test]
fn a_finding_that_is_odd_all_over_does_not_fill_the_memory_with_notes() {
    let types: Vec<u32> = (0..10_000).collect();
    assert!(reading(json!({"Types": types})).finding.notes.len() <= 20);
}
