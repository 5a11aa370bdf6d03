//! Relations, and issues that make each other worse.

use hubwatch::{
    correlate::RulesSettings,
    store::{Chore, Retention},
};

use super::{
    tidying::{compare, tidy},
    *,
};

const INSTANCE: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0";
const PROFILE: &str = "arn:aws:iam::111122223333:instance-profile/web";
const ROLE: &str = "arn:aws:iam::111122223333:role/web";
const POLICY: &str = "arn:aws:iam::111122223333:policy/all";
const GROUP: &str = "sg-0123456789abcdef0";
const INTERFACE: &str = "eni-0123456789abcdef0";

fn finding(id: &str, severity: &str, fields: serde_json::Value) -> serde_json::Value {
    let mut finding = json!({
        "SchemaVersion": "2018-10-08",
        "Id": id,
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/inspector",
        "GeneratorId": "AWSInspector",
        "AwsAccountId": "111122223333",
        "Region": "eu-west-1",
        "UpdatedAt": "2026-05-01T10:00:00.000Z",
        "Severity": {"Label": severity},
        "Title": id,
        "Description": "",
        "RecordState": "ACTIVE",
    });
    let all = finding.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    finding
}

/// A vulnerability with a known exploit, on an instance whose details name its interface and profile.
fn vulnerability() -> serde_json::Value {
    finding(
        "vulnerability",
        "HIGH",
        json!({
            "Vulnerabilities": [{"Id": "CVE-2021-44228", "ExploitAvailable": "YES"}],
            "Resources": [{"Type": "AwsEc2Instance", "Id": INSTANCE, "Details": {"AwsEc2Instance": {
                "VpcId": "vpc-0123456789abcdef0", "IamInstanceProfileArn": PROFILE,
                "NetworkInterfaces": [{"NetworkInterfaceId": INTERFACE}]}}}],
        }),
    )
}

fn control(id: &str, control: &str, resource: serde_json::Value) -> serde_json::Value {
    finding(
        id,
        "HIGH",
        json!({
            "Compliance": {"Status": "FAILED", "SecurityControlId": control},
            "Resources": [resource],
        }),
    )
}

fn open_group() -> serde_json::Value {
    control(
        "group",
        "EC2.19",
        json!({"Type": "AwsEc2SecurityGroup", "Id": GROUP}),
    )
}

/// A finding about the interface, whose details name its group.
fn interface() -> serde_json::Value {
    control(
        "interface",
        "EC2.35",
        json!({"Type": "AwsEc2NetworkInterface", "Id": INTERFACE,
            "Details": {"AwsEc2NetworkInterface": {"SecurityGroups": [{"GroupId": GROUP}]}}}),
    )
}

fn role() -> serde_json::Value {
    control(
        "role",
        "IAM.99",
        json!({"Type": "AwsIamRole", "Id": ROLE, "Details": {"AwsIamRole": {
            "InstanceProfileList": [{"Arn": PROFILE}],
            "AttachedManagedPolicies": [{"PolicyArn": POLICY}]}}}),
    )
}

fn policy() -> serde_json::Value {
    control(
        "policy",
        "IAM.1",
        json!({"Type": "AwsIamPolicy", "Id": POLICY}),
    )
}

fn resolved(mut finding: serde_json::Value) -> serde_json::Value {
    finding["UpdatedAt"] = json!("2026-05-01T11:00:00.000Z");
    finding["Workflow"] = json!({"Status": "RESOLVED"});
    finding
}

/// Routes nothing but what is critical, so that a raised severity shows.
fn critical(rules: &str) -> Rulebook {
    let settings: RouteSettings = serde_json::from_value(json!({
        "name": "critical", "match": {"severity": "CRITICAL"}, "sinks": ["jira"],
    }))
    .unwrap();
    let rules: RulesSettings = serde_json::from_str(rules).unwrap();
    Rulebook::new(vec![settings.validate(&["jira"]).unwrap()]).with_rules(rules.validate().unwrap())
}

async fn decide_all(store: &dyn Store, rulebook: &Rulebook, limit: u32) {
    loop {
        let decided = store
            .decide(rulebook, Touched::ByAnything, limit, now())
            .await
            .unwrap();
        if decided.issues + decided.stirred == 0 {
            return;
        }
    }
}

/// The score of the vulnerability, with the rules that fired.
async fn score(store: &dyn Store) -> (u8, Severity, Vec<String>) {
    let explained = store.explain("vulnerability").await.unwrap().remove(0);
    let score = explained.issue.score;
    let rules = score.reasons.iter().map(|reason| reason.rule.clone());
    (score.value(), explained.issue.severity, rules.collect())
}

async fn record_each(store: &dyn Store, findings: &[serde_json::Value]) {
    for finding in findings {
        record(store, a_tail(), &[finding.to_string()]).await;
    }
}

fn whole() -> (u8, Severity, Vec<String>) {
    let rules = ["internet-exploitable", "attack-path"].map(str::to_owned);
    (100, Severity::Critical, rules.to_vec())
}

#[tokio::test]
async fn a_way_in_over_relations_makes_a_vulnerability_worse_in_whatever_order_it_is_learned() {
    let all = [vulnerability(), open_group(), interface(), role(), policy()];
    // Every rotation, forwards and backwards; decided after each finding, and only at the end.
    for turn in 0..all.len() {
        for (backwards, each) in [(false, false), (false, true), (true, false), (true, true)] {
            let directory = tempfile::tempdir().unwrap();
            let store = store(directory.path());
            let mut order = all.to_vec();
            order.rotate_left(turn);
            if backwards {
                order.reverse();
            }
            let rulebook = critical("{}");
            for finding in &order {
                record(&*store, a_tail(), &[finding.to_string()]).await;
                if each {
                    decide_all(&*store, &rulebook, 1).await;
                }
            }
            decide_all(&*store, &rulebook, 1000).await;
            let case = format!("turn {turn}, backwards {backwards}, each {each}");
            assert_eq!(score(&*store).await, whole(), "{case}");
            let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
            assert_eq!(incidents.len(), 1, "{case}");
            let incident = &incidents[0].incident;
            assert_eq!(incident.resource, INSTANCE, "{case}");
            assert_eq!((incident.score, incident.told), (100, true), "{case}");
        }
    }
}

#[tokio::test]
async fn what_is_mended_no_longer_counts() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let rulebook = critical("{}");
    let all = [vulnerability(), open_group(), interface(), role(), policy()];
    record_each(&*store, &all).await;
    decide_all(&*store, &rulebook, 1000).await;
    assert_eq!(score(&*store).await, whole());

    record_each(&*store, &[resolved(policy())]).await;
    decide_all(&*store, &rulebook, 1000).await;
    let reachable = vec!["internet-exploitable".to_owned()];
    assert_eq!(score(&*store).await, (100, Severity::Critical, reachable));

    record_each(&*store, &[resolved(open_group())]).await;
    decide_all(&*store, &rulebook, 1000).await;
    assert_eq!(score(&*store).await, (70, Severity::High, Vec::new()));
}

#[tokio::test]
async fn a_rule_that_is_switched_off_no_longer_counts_for_what_was_decided_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record_each(&*store, &[vulnerability(), open_group(), interface()]).await;
    decide_all(&*store, &critical("{}"), 1000).await;
    assert_eq!(score(&*store).await.0, 100);
    let off = critical(r#"{"internet-exploitable":{"enabled":false}}"#);
    assert!(store.adopt(&off).await.unwrap());
    decide_all(&*store, &off, 1000).await;
    assert_eq!(score(&*store).await, (70, Severity::High, Vec::new()));
}

#[tokio::test]
async fn instances_of_one_role_or_one_network_are_not_near_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    // Another instance of the same profile and VPC, which the Internet reaches.
    let other = control(
        "other",
        "EC2.9",
        json!({"Type": "AwsEc2Instance", "Id": INSTANCE.replace("i-0", "i-1"),
            "Details": {"AwsEc2Instance": {"VpcId": "vpc-0123456789abcdef0",
                "IamInstanceProfileArn": PROFILE}}}),
    );
    record_each(&*store, &[vulnerability(), other]).await;
    decide_all(&*store, &critical("{}"), 1000).await;
    assert_eq!(score(&*store).await, (70, Severity::High, Vec::new()));
}

#[tokio::test]
async fn what_was_there_before_is_told_when_something_new_makes_it_worse() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let rulebook = critical("{}");
    let history = [vulnerability().to_string(), interface().to_string()];
    record(&*store, a_backfill(), &history).await;
    decide_all(&*store, &rulebook, 1000).await;
    assert!(
        store
            .incidents(IncidentFilter::default())
            .await
            .unwrap()
            .is_empty()
    );

    record_each(&*store, &[open_group()]).await;
    decide_all(&*store, &rulebook, 1000).await;
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    assert_eq!(incidents.len(), 1);
    assert!(incidents[0].incident.told);
}

#[tokio::test]
async fn deciding_again_what_has_not_changed_touches_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let rulebook = critical("{}");
    record_each(&*store, &[vulnerability(), open_group(), interface()]).await;
    decide_all(&*store, &rulebook, 1000).await;
    let mut again = open_group();
    again["UpdatedAt"] = json!("2026-05-01T11:00:00.000Z");
    again["Title"] = json!("renamed");
    record_each(&*store, &[again]).await;
    let decided = store
        .decide(&rulebook, Touched::ByAnything, 1000, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.stirred), (1, 0));
    let decided = store
        .decide(&rulebook, Touched::ByAnything, 1000, now())
        .await
        .unwrap();
    assert_eq!(decided.issues, 0);
}

#[tokio::test]
async fn a_relation_ends_when_complete_comparisons_no_longer_say_it_and_never_because_nobody_looked()
 {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let rulebook = critical("{}");
    let all = [vulnerability(), open_group(), interface()];
    record_each(&*store, &all).await;
    decide_all(&*store, &rulebook, 1000).await;
    let later = now() + SignedDuration::from_hours(10 * 24);
    let kept = Retention {
        gone: None,
        incidents: None,
        rejected: None,
    };
    let tidied = tidy(&*store, kept, later).await;
    assert_eq!(tidied.get(&Chore::Relations), None, "nobody looked");
    assert_eq!(score(&*store).await.0, 100);

    // Said again at that time: all but that the interface is the instance's.
    let mut moved = vulnerability();
    moved["UpdatedAt"] = json!("2026-05-01T11:00:00.000Z");
    moved["Resources"][0]["Details"]["AwsEc2Instance"]["NetworkInterfaces"] = json!([]);
    let met = [moved, open_group(), interface()].map(|finding| finding.to_string());
    assert_eq!(compare(&*store, &met, later).await, 0);
    let tidied = tidy(&*store, kept, later).await;
    assert_eq!(tidied.get(&Chore::Relations), Some(&1));
    decide_all(&*store, &rulebook, 1000).await;
    assert_eq!(score(&*store).await, (70, Severity::High, Vec::new()));
    assert_eq!(
        tidy(&*store, kept, later).await.get(&Chore::Relations),
        None
    );
}

/// A route that asks for the product, the type and the tag of the resource.
#[tokio::test]
async fn routes_match_by_what_findings_say_beside_and_the_newest_tags_hold() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let settings: RouteSettings = serde_json::from_value(json!({
        "name": "tagged", "sinks": ["jira"],
        "match": {"products": ["inspector"], "types": ["A/*"], "resource_tags": {"env": "prod"}},
    }))
    .unwrap();
    let rulebook = Rulebook::new(vec![settings.validate(&["jira"]).unwrap()]);
    let tagged = |at: &str, env: &str| {
        let mut tagged = vulnerability();
        tagged["UpdatedAt"] = json!(at);
        tagged["Types"] = json!(["B/x", "A/y"]);
        tagged["Resources"][0]["Tags"] = json!({"env": env});
        tagged
    };
    let open_incidents = || async {
        decide_all(&*store, &rulebook, 1000).await;
        let filter = IncidentFilter::default();
        let all = store.incidents(filter).await.unwrap();
        all.iter().filter(|i| i.incident.state.is_active()).count()
    };
    record_each(&*store, &[tagged("2026-05-01T10:00:00Z", "prod")]).await;
    assert_eq!(open_incidents().await, 1);
    // Another finding of the same resource says since when it is no longer of production.
    let mut other = tagged("2026-05-01T11:00:00Z", "test");
    other["Id"] = json!("other");
    other["Vulnerabilities"][0]["Id"] = json!("CVE-2024-3094");
    record_each(&*store, &[other]).await;
    assert_eq!(open_incidents().await, 0);
    // What was said before that does not change it back.
    let mut late = tagged("2026-05-01T10:30:00Z", "prod");
    late["Id"] = json!("late");
    record_each(&*store, &[late]).await;
    assert_eq!(open_incidents().await, 0);
}
