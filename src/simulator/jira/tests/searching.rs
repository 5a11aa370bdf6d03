//! Searching: what is found, what is refused, and what cannot be seen yet.

use std::time::Duration;

use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn a_new_ticket_is_read_at_once_and_found_later() {
    let search_lag = Duration::from_millis(400);
    let wire = Wire::up(Settings {
        search_lag,
        ..Settings::default()
    })
    .await;
    let key = wire.create("s", &["hubwatch-1"]).await;
    let (status, shown) = wire.get(&format!("/rest/api/3/issue/{key}")).await;
    assert_eq!(status, 200);
    assert!(wire.search("labels = hubwatch-1").await.is_empty());
    let id: u64 = shown["id"].as_str().unwrap().parse().unwrap();
    let body = json!({"jql": "labels = hubwatch-1", "reconcileIssues": [id]});
    let (_, reconciled) = wire.post("/rest/api/3/search/jql", &body).await;
    assert_eq!(reconciled["issues"][0], json!({"id": id.to_string()}));
    tokio::time::sleep(search_lag + Duration::from_millis(100)).await;
    assert_eq!(wire.search("labels = hubwatch-1").await, [key.as_str()]);
    assert!(wire.jira.set_labels(&key, &["other"]));
    assert_eq!(
        wire.search("labels = hubwatch-1").await,
        [key],
        "edits lag too"
    );
}

#[tokio::test]
async fn queries_find_what_they_say() {
    let wire = Wire::up(Settings::default()).await;
    wire.create("Port 22 open on web", &["a", "x:1"]).await;
    wire.create("Port 3389 open", &["a", "b"]).await;
    wire.create("Bucket \"public\" [high]", &["c"]).await;
    wire.jira.set_status("SEC-2", "Done", Some("Done"));
    let cases: &[(&str, &[&str])] = &[
        ("labels = a", &["SEC-2", "SEC-1"]),
        (
            "project = SEC AND labels = a ORDER BY created ASC",
            &["SEC-1", "SEC-2"],
        ),
        ("labels in (b, \"c\")", &["SEC-3", "SEC-2"]),
        ("labels = \"x:1\"", &["SEC-1"]),
        ("labels = A", &[]),
        ("labels not in (a)", &["SEC-3"]),
        (
            "project = \"SEC\" and statusCategory != Done",
            &["SEC-3", "SEC-1"],
        ),
        ("status = done", &["SEC-2"]),
        (
            "labels = a and (status = 'To Do' or summary ~ bucket)",
            &["SEC-1"],
        ),
        ("labels = b or labels = c order by key", &["SEC-2", "SEC-3"]),
        ("summary ~ 'port open'", &["SEC-2", "SEC-1"]),
        ("summary ~ 'buck*'", &["SEC-3"]),
        ("summary ~ \"\\\"22 open\\\"\"", &["SEC-1"]),
        ("summary !~ port AND project = SEC", &["SEC-3"]),
        ("key = sec-3", &["SEC-3"]),
        ("key in (SEC-1, SEC-2) and not labels = b", &["SEC-1"]),
        ("resolution = Unresolved and labels = a", &["SEC-1"]),
        ("labels is empty", &[]),
        (
            "created >= -1d and issuetype = Bug and labels = c",
            &["SEC-3"],
        ),
        ("created < '2020-01-01 10:00'", &[]),
        ("updated <= now() and labels = c", &["SEC-3"]),
    ];
    for (jql, expected) in cases {
        assert_eq!(wire.search(jql).await, *expected, "{jql}");
    }
}

#[tokio::test]
async fn queries_that_jira_refuses_are_refused() {
    let wire = Wire::up(Settings::default()).await;
    let cases = [
        ("", "Unbounded"),
        ("order by created", "Unbounded"),
        ("project = NOPE", "does not exist for the field 'project'"),
        ("status = Blocked", "does not exist for the field 'status'"),
        ("severity = high", "Field 'severity' does not exist"),
        ("labels = a b", "but got 'b'"),
        ("labels = [x]", "reserved JQL character"),
        ("labels = \"a", "has not been completed"),
        ("labels = \"\\x\"", "illegal JQL escape"),
        ("labels = or", "reserved JQL word"),
        ("labels ~ a", "not supported"),
        ("summary = a", "not supported"),
        ("labels", "before the end"),
        ("labels =", "before the end"),
        ("(labels = a", "')'"),
        ("labels in a", "'('"),
        ("key = SEC-99", "does not exist for field 'key'"),
        ("created > soon", "is invalid"),
        ("labels = f()", "function"),
    ];
    for (jql, told) in cases {
        let (status, answer) = wire
            .post("/rest/api/3/search/jql", &json!({"jql": jql}))
            .await;
        let message = answer["errorMessages"][0].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{jql}: {answer}");
        assert!(message.contains(told), "{jql}: {message}");
    }
    let deep = format!("{}labels = a{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(
        wire.post("/rest/api/3/search/jql", &json!({"jql": deep}))
            .await
            .0,
        400
    );
    assert_eq!(wire.get("/rest/api/3/search?jql=labels=a").await.0, 410);
    assert_eq!(wire.get("/rest/api/2/search?jql=").await.0, 200);
    assert_eq!(wire.get("/rest/api/2/search/jql?jql=labels=a").await.0, 404);
}

#[tokio::test]
async fn pages_are_walked_to_the_end() {
    let wire = Wire::up(Settings::default()).await;
    for n in 0..7 {
        wire.create(&format!("t{n}"), &["a"]).await;
    }
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    for page in 0.. {
        let mut body = json!({"jql": "labels = a", "maxResults": 3, "fields": ["summary"]});
        if !token.is_null() {
            body["nextPageToken"] = token.clone();
        }
        let (status, answer) = wire.post("/rest/api/3/search/jql", &body).await;
        assert_eq!(status, 200);
        seen.extend(
            answer["issues"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["key"].clone()),
        );
        token = answer["nextPageToken"].clone();
        if answer["isLast"] == true {
            assert!(token.is_null() && page == 2);
            break;
        }
        let other = json!({"jql": "labels = b", "nextPageToken": token});
        assert_eq!(wire.post("/rest/api/3/search/jql", &other).await.0, 400);
    }
    assert_eq!(seen.len(), 7);
    let path = "/rest/api/2/search?jql=labels%3Da&startAt=5&maxResults=3&fields=key";
    let (_, answer) = wire.get(path).await;
    assert_eq!(
        (answer["issues"].as_array().unwrap().len(), &answer["total"]),
        (2, &json!(7))
    );
}

#[test]
fn a_hundred_thousand_tickets_are_searched_by_label_quickly() {
    let jira = Jira::new(Settings::default());
    {
        let mut tickets = jira.inner.write();
        let template = Ticket {
            id: 0,
            key: String::new(),
            project: "SEC".to_owned(),
            issue_type: "Bug".to_owned(),
            summary: "s".to_owned(),
            description_text: String::new(),
            description: Value::Null,
            labels: Vec::new(),
            priority: None,
            status: "To Do".to_owned(),
            done: false,
            resolution: None,
            resolved: None,
            other: BTreeMap::new(),
            comments: Vec::new(),
            properties: BTreeMap::new(),
            links: Vec::new(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        };
        for n in 0..100_000 {
            let mut ticket = template.clone();
            ticket.id = tickets.take_id();
            ticket.key = format!("SEC-{}", n + 1);
            ticket.labels = vec!["hubwatch".to_owned(), format!("hubwatch-{n}")];
            tickets.add(ticket);
        }
    }
    let settings = jira.settings();
    let started = Instant::now();
    for n in (0..100_000).step_by(100) {
        let jql = format!("project = SEC AND labels = hubwatch AND labels = \"hubwatch-{n}\"");
        let query = jql::parse(&jql, settings).unwrap();
        let found = query.run(&jira.inner.write().searchable(&[]), settings);
        assert_eq!(found.len(), 1);
    }
    let each = started.elapsed() / 1_000;
    println!("one search by label among 100,000 tickets takes {each:?}");
    assert!(each < Duration::from_millis(2), "{each:?}");
}
