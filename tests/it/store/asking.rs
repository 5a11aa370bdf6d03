//! Filters and order.

use super::*;

#[tokio::test]
async fn findings_are_filtered_and_ordered() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let raws = [
        Raw {
            severity: "LOW",
            ..raw("low")
        }
        .text(),
        Raw {
            compliance: "PASSED",
            ..raw("passed")
        }
        .text(),
        Raw {
            updated_at: "2026-05-01T11:00:00Z".to_owned(),
            ..raw("newest")
        }
        .text(),
        raw("other").text(),
    ];
    record(&*store, a_tail(), &raws).await;
    let ids = async |filter: FindingFilter| -> Vec<String> {
        let found = store.findings(filter).await.unwrap();
        found
            .iter()
            .map(|f| f.resource.rsplit('-').next().unwrap().to_owned())
            .collect()
    };
    let all = FindingFilter::default;
    let open = FindingFilter {
        standings: vec![Standing::Open],
        ..all()
    };
    assert_eq!(ids(open).await, ["newest", "other", "low"]);
    let bad = FindingFilter {
        at_least: Some(Severity::High),
        limit: Some(1),
        ..all()
    };
    assert_eq!(ids(bad).await, ["newest"]);
    let passed = FindingFilter {
        compliance: vec!["passed".to_owned()],
        ..all()
    };
    assert_eq!(ids(passed).await, ["passed"]);
    let since = FindingFilter {
        since: Some(at("2026-05-01T11:00:00Z")),
        ..all()
    };
    assert_eq!(ids(since).await, ["newest"]);
    let named = FindingFilter {
        id: Some("other".to_owned()),
        ..all()
    };
    assert_eq!(ids(named).await, ["other"]);
    let elsewhere = FindingFilter {
        regions: vec!["us-east-1".to_owned()],
        ..all()
    };
    assert!(ids(elsewhere).await.is_empty());
    let resource = FindingFilter {
        resource: Some("BUCKET-low".to_owned()),
        ..all()
    };
    assert_eq!(ids(resource).await, ["low"]);
}
