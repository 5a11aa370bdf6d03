//! What goes wrong on purpose.

use std::time::Duration;

use super::*;
use crate::simulator::desk::{Chance, Limit};

#[tokio::test]
async fn a_lost_answer_leaves_the_ticket() {
    let wire = Wire::up(Settings::default()).await;
    wire.jira.set_faults(Faults {
        lose_answer: Chance::next(1),
        ..Faults::default()
    });
    let body = json!({"fields": fields("s", &["once"])});
    let lost = wire
        .request("POST", "/rest/api/3/issue")
        .json(&body)
        .send()
        .await;
    assert!(lost.is_err(), "{lost:?}");
    assert_eq!(wire.jira.ticket_count(), 1);
    assert_eq!(wire.search("labels = once").await, ["SEC-1"]);
    assert_eq!(wire.jira.faults_struck().get("lose_answer"), Some(&1));
    wire.create("next", &[]).await;
}

#[tokio::test]
async fn failures_strike_before_or_after_the_ticket_is_made() {
    let wire = Wire::up(Settings::default()).await;
    let body = json!({"fields": fields("s", &[])});
    let faults = Faults {
        fail_before: Chance::next(1),
        writes_only: true,
        ..Faults::default()
    };
    wire.jira.set_faults(faults);
    assert_eq!(wire.get("/rest/api/3/myself").await.0, 200);
    assert_eq!(wire.post("/rest/api/3/issue", &body).await.0, 503);
    assert_eq!(wire.jira.ticket_count(), 0);
    let faults = Faults {
        fail_after: Chance::next(1),
        fail_status: 502,
        ..Faults::default()
    };
    wire.jira.set_faults(faults);
    assert_eq!(wire.post("/rest/api/3/issue", &body).await.0, 502);
    assert_eq!(wire.jira.ticket_count(), 1);
    wire.jira.set_faults(Faults {
        refuse_credentials: Chance::next(1),
        ..Faults::default()
    });
    assert_eq!(wire.post("/rest/api/3/issue", &body).await.0, 401);
    wire.jira.set_faults(Faults {
        slow_after: Chance::next(1),
        slow_ms: 2_000,
        ..Faults::default()
    });
    let hasty = wire.request("POST", "/rest/api/3/issue").json(&body);
    let late = hasty
        .timeout(Duration::from_millis(300))
        .send()
        .await
        .unwrap_err();
    assert!(late.is_timeout());
    assert_eq!(wire.jira.ticket_count(), 2);
}

#[tokio::test]
async fn throttling_says_how_long_to_wait() {
    let wire = Wire::up(Settings::default()).await;
    let throttle = Chance::next(1);
    wire.jira.set_faults(Faults {
        throttle,
        retry_after_secs: 90,
        ..Faults::default()
    });
    let response = wire
        .request("GET", "/rest/api/3/myself")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["retry-after"]
        ),
        (429, &"90".parse().unwrap())
    );
    assert_eq!(wire.get("/rest/api/3/myself").await.0, 200);
}

#[tokio::test]
async fn rates_are_kept_by_endpoint_and_by_ticket() {
    let per_endpoint = Some(Limit {
        per_second: 1,
        burst: 5,
    });
    let per_ticket_writes = Some(Limit {
        per_second: 1,
        burst: 2,
    });
    let limits = Limits {
        per_endpoint,
        per_ticket_writes,
    };
    let wire = Wire::up(Settings {
        limits,
        ..Settings::default()
    })
    .await;
    let key = wire.create("s", &[]).await;
    let edit = json!({"fields": {"summary": "t"}});
    let path = format!("/rest/api/3/issue/{key}");
    for _ in 0..2 {
        assert_eq!(wire.send("PUT", &path, &edit).await.0, 204);
    }
    let limited = wire.request("PUT", &path).json(&edit).send().await.unwrap();
    assert_eq!(limited.status().as_u16(), 429);
    assert_eq!(
        limited.headers()["ratelimit-reason"],
        "jira-per-issue-on-write"
    );
    assert_eq!(limited.headers()["retry-after"], "1");
    for left in (0..5).rev() {
        let response = wire
            .request("GET", "/rest/api/3/myself")
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.headers()["x-ratelimit-remaining"],
            left.to_string()
        );
    }
    let limited = wire
        .request("GET", "/rest/api/3/myself")
        .send()
        .await
        .unwrap();
    assert_eq!(limited.headers()["ratelimit-reason"], "jira-burst-based");
    assert!(
        limited.headers()["x-ratelimit-reset"]
            .to_str()
            .unwrap()
            .ends_with('Z')
    );
    let old = wire
        .request("GET", "/rest/api/2/serverInfo")
        .send()
        .await
        .unwrap();
    assert_eq!(old.headers()["x-ratelimit-fillrate"], "1");
}

#[tokio::test]
async fn a_conflict_moves_nothing() {
    let wire = Wire::up(Settings::default()).await;
    let key = wire.create("s", &[]).await;
    wire.jira.set_faults(Faults {
        conflict: Chance::next(1),
        ..Faults::default()
    });
    let path = format!("/rest/api/3/issue/{key}/transitions");
    let body = json!({"transition": {"id": "31"}});
    assert_eq!(wire.post(&path, &body).await.0, 409);
    assert_eq!(wire.jira.ticket(&key).unwrap().status, "To Do");
    assert_eq!(wire.post(&path, &body).await.0, 204);
}

#[tokio::test]
async fn nonsense_is_answered_and_never_brings_the_server_down() {
    let wire = Wire::up(Settings::default()).await;
    let key = wire.create("s", &["a"]).await;
    let mut rng = fastrand::Rng::with_seed(11);
    let values = [
        json!(null),
        json!(-1),
        json!([]),
        json!({}),
        json!("x"),
        json!([[null]]),
        json!({"id": 3}),
        json!(1e300),
        json!("\u{0}\u{202e}"),
        json!([{"add": []}]),
        json!({"content": 7}),
    ];
    let any = |rng: &mut fastrand::Rng| values[rng.usize(0..values.len())].clone();
    let names = [
        "fields",
        "update",
        "transition",
        "properties",
        "jql",
        "maxResults",
        "nextPageToken",
        "body",
        "summary",
        "labels",
        "project",
        "issuetype",
        "description",
        "type",
        "inwardIssue",
    ];
    let pieces = [
        "labels", "=", "(", ")", "\"", "'", "\\u12", "AND", "not", "in", "é", ",", "\0", "-5d",
    ];
    let paths = [
        "issue",
        "issue/bulk",
        "issueLink",
        "search/jql",
        "search",
        "issue/SEC-1/comment",
        "issue/SEC-1/transitions",
        "issue/SEC-1",
        "issue/SEC-1/properties/%00",
    ];
    for _ in 0..600 {
        let mut body = serde_json::Map::new();
        for _ in 0..rng.usize(0..4) {
            let inner = json!({names[rng.usize(0..names.len())]: any(&mut rng)});
            let value = if rng.bool() { inner } else { any(&mut rng) };
            body.insert(names[rng.usize(0..names.len())].to_owned(), value);
        }
        let jql: Vec<_> = (0..rng.usize(0..8))
            .map(|_| pieces[rng.usize(0..pieces.len())])
            .collect();
        body.insert("jql".to_owned(), json!(jql.join(" ")));
        let version = if rng.bool() { 3 } else { 2 };
        let path = format!("/rest/api/{version}/{}", paths[rng.usize(0..paths.len())]);
        let method = if rng.bool() { "POST" } else { "PUT" };
        let (status, answer) = wire.send(method, &path, &Value::Object(body)).await;
        assert!(status < 500, "{path}: {status} {answer}");
    }
    assert_eq!(wire.get(&format!("/rest/api/3/issue/{key}")).await.0, 200);
}
