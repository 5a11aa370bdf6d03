//! Creating, changing and moving tickets, and what is refused.

use super::*;

#[tokio::test]
async fn a_ticket_made_in_one_jira_is_read_in_the_other() {
    let wire = Wire::up(Settings::default()).await;
    let key = wire.create("Port 22 open", &["hubwatch-1"]).await;
    assert_eq!(key, "SEC-1");
    let (status, cloud) = wire.get("/rest/api/3/issue/sec-1").await;
    assert_eq!(
        (status, &cloud["fields"]["summary"]),
        (200, &json!("Port 22 open"))
    );
    assert_eq!(cloud["fields"]["description"], document("Port 22 is open."));
    assert_eq!(cloud["fields"]["status"]["statusCategory"]["key"], "new");
    assert_eq!(cloud["fields"]["priority"]["name"], "Medium");
    let id = cloud["id"].as_str().unwrap();
    let (_, old) = wire
        .get(&format!("/rest/api/2/issue/{id}?fields=description,labels"))
        .await;
    let shown = json!({"description": "Port 22 is open.", "labels": ["hubwatch-1"]});
    assert_eq!(old["fields"], shown);

    let wiki = json!({"fields": {"project": {"key": "SEC"}, "issuetype": {"id": "10002"},
                                 "summary": "two", "description": "h1. Two\n{code}x{code}"}});
    let (status, made) = wire.post("/rest/api/2/issue", &wiki).await;
    assert_eq!((status, &made["key"]), (201, &json!("SEC-2")));
    let ticket = wire.jira.ticket("SEC-2").unwrap();
    assert_eq!(ticket.description_text, "h1. Two\n{code}x{code}");
    assert_eq!(wire.jira.tickets().len(), 2);
}

#[tokio::test]
async fn nobody_comes_in_with_the_wrong_token() {
    let wire = Wire::up(Settings::default()).await;
    let settings = Settings::default();
    let ask = |path: &str| wire.served.client.get(wire.served.url(path));
    assert_eq!(answer(ask("/rest/api/3/myself")).await.0, 401);
    let bearer = ask("/rest/api/3/myself").bearer_auth(&settings.personal_access_token);
    assert_eq!(answer(bearer).await.0, 401);
    let scoped =
        |path: &str| ask(path).basic_auth(&settings.email, Some(&settings.scoped_api_token));
    assert_eq!(answer(scoped("/rest/api/3/myself")).await.0, 401);
    let gateway = format!("/ex/jira/{}/rest/api/3/myself", settings.cloud_id);
    assert_eq!(answer(scoped(&gateway)).await.0, 200);
    assert_eq!(
        answer(ask("/rest/api/2/myself").bearer_auth("")).await.0,
        401
    );
    assert_eq!(wire.get("/rest/api/2/myself").await.1["name"], "bot");
}

#[tokio::test]
async fn what_jira_would_refuse_is_refused_by_field() {
    let required = CustomField::new("customfield_10042", "Cost centre", FieldKind::Text).required();
    let level = FieldKind::Select(vec!["one".to_owned()]);
    let select = CustomField::new("customfield_10043", "Level", level);
    let custom_fields = vec![required, select];
    let wire = Wire::up(Settings {
        custom_fields,
        ..Settings::default()
    })
    .await;
    let good = || {
        let mut fields = fields("s", &["a"]);
        fields["customfield_10042"] = json!("4711");
        fields
    };
    let cases = [
        (
            "project",
            json!({"key": "NOPE"}),
            "valid project is required",
        ),
        (
            "issuetype",
            json!({"name": "Incident"}),
            "issue type selected is invalid",
        ),
        ("summary", json!(""), "must specify a summary"),
        ("summary", json!("two\nlines"), "newline"),
        ("summary", json!("😀".repeat(128)), "255"),
        ("labels", json!(["a b"]), "contains spaces"),
        ("labels", json!("a"), "not an array"),
        (
            "priority",
            json!({"name": "P1"}),
            "priority selected is invalid",
        ),
        ("description", json!("plain"), "Atlassian Document"),
        ("duedate", json!("tomorrow"), "date"),
        ("components", json!([{"name": "x"}]), "not valid"),
        ("severity", json!("x"), "Field 'severity' cannot be set"),
        ("customfield_10042", json!(null), "Cost centre is required."),
        ("customfield_10043", json!({"value": "two"}), "not valid"),
    ];
    for (field, value, told) in cases {
        let mut fields = good();
        fields[field] = value;
        let (status, answer) = wire
            .post("/rest/api/3/issue", &json!({"fields": fields}))
            .await;
        let error = answer["errors"][field].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{field}: {answer}");
        assert!(error.contains(told), "{field}: {answer}");
    }
    let mut invalid = good();
    invalid["description"]["content"][0]["content"][0]["text"] = json!("");
    let (status, answer) = wire
        .post("/rest/api/3/issue", &json!({"fields": invalid}))
        .await;
    assert_eq!(
        (status, &answer["errorMessages"][0]),
        (400, &json!("INVALID_INPUT"))
    );
    invalid["description"] = document(&"x".repeat(32_768));
    let (status, answer) = wire
        .post("/rest/api/3/issue", &json!({"fields": invalid}))
        .await;
    assert_eq!(
        (status, &answer["errorMessages"][0]),
        (400, &json!("CONTENT_LIMIT_EXCEEDED"))
    );
    invalid["description"] = document(&"x".repeat(32_767));
    assert_eq!(
        wire.post("/rest/api/3/issue", &json!({"fields": invalid}))
            .await
            .0,
        201
    );
    assert_eq!(
        wire.post("/rest/api/3/issue", &json!({"feilds": {}}))
            .await
            .0,
        400
    );
    let raw = wire.request("POST", "/rest/api/3/issue").body("{not json");
    assert_eq!(answer_of(raw).await, 415);
    assert_eq!(wire.jira.ticket_count(), 1);
}

async fn answer_of(request: reqwest::RequestBuilder) -> u16 {
    answer(request).await.0
}

#[tokio::test]
async fn a_bulk_create_makes_what_it_can() {
    let wire = Wire::up(Settings::default()).await;
    let bad = json!({"fields": {"summary": "no project"}});
    let good = |summary: &str| json!({"fields": fields(summary, &[])});
    let body = json!({"issueUpdates": [good("one"), bad, good("three")]});
    let (status, answer) = wire.post("/rest/api/3/issue/bulk", &body).await;
    assert_eq!(
        (status, answer["issues"].as_array().unwrap().len()),
        (201, 2)
    );
    assert_eq!(answer["errors"][0]["failedElementNumber"], 1);
    assert_eq!(
        answer["errors"][0]["elementErrors"]["errors"]["issuetype"],
        "Specify an issue type"
    );
    let body = json!({"issueUpdates": vec![good("x"); 51]});
    assert_eq!(wire.post("/rest/api/3/issue/bulk", &body).await.0, 400);
}

#[tokio::test]
async fn a_ticket_is_edited_commented_moved_and_deleted() {
    let wire = Wire::up(Settings::default()).await;
    let key = wire.create("s", &["a"]).await;
    let issue = format!("/rest/api/3/issue/{key}");
    let edit = json!({"fields": {"summary": "t"},
                      "update": {"labels": [{"add": "b"}, {"remove": "a"}]}});
    assert_eq!(wire.send("PUT", &issue, &edit).await.0, 204);
    let comment = json!({"body": document("seen again")});
    let (status, made) = wire.post(&format!("{issue}/comment"), &comment).await;
    assert_eq!((status, &made["body"]), (201, &document("seen again")));
    let empty = json!({"body": {"type": "doc", "version": 1, "content": []}});
    assert_eq!(wire.post(&format!("{issue}/comment"), &empty).await.0, 400);
    let (_, transitions) = wire.get(&format!("{issue}/transitions")).await;
    let done = transitions["transitions"].as_array().unwrap();
    let done = done
        .iter()
        .find(|it| it["to"]["statusCategory"]["key"] == "done")
        .unwrap();
    let body = json!({"transition": {"id": done["id"]},
                      "fields": {"resolution": {"name": "Won't Do"}},
                      "update": {"comment": [{"add": {"body": document("bye")}}]}});
    assert_eq!(
        wire.post(&format!("{issue}/transitions"), &body).await.0,
        204
    );
    assert_eq!(
        wire.post(&format!("{issue}/transitions"), &body).await.0,
        400
    );
    let ticket = wire.jira.ticket(&key).unwrap();
    assert_eq!(
        (ticket.summary.as_str(), &ticket.labels),
        ("t", &vec!["b".to_owned()])
    );
    assert_eq!(
        (ticket.done, ticket.resolution.as_deref()),
        (true, Some("Won't Do"))
    );
    let said: Vec<_> = ticket.comments.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(said, ["seen again", "bye"]);
    assert!(wire.jira.set_status(&key, "To Do", None));
    assert!(!wire.jira.ticket(&key).unwrap().done);
    assert_eq!(answer_of(wire.request("DELETE", &issue)).await, 204);
    assert_eq!(wire.get(&issue).await.0, 404);
    assert_eq!((wire.jira.ticket_count(), wire.jira.tickets_made()), (0, 1));
}

#[tokio::test]
async fn properties_and_links_are_kept() {
    let wire = Wire::up(Settings::default()).await;
    let (one, two) = (wire.create("one", &[]).await, wire.create("two", &[]).await);
    let path = format!("/rest/api/3/issue/{one}/properties/hubwatch");
    assert_eq!(
        wire.send("PUT", &path, &json!({"incident": 7})).await.0,
        201
    );
    assert_eq!(
        wire.send("PUT", &path, &json!({"incident": 8})).await.0,
        200
    );
    assert_eq!(wire.get(&path).await.1["value"], json!({"incident": 8}));
    let long = json!("x".repeat(40_000));
    assert_eq!(wire.send("PUT", &path, &long).await.0, 400);
    let link = json!({"type": {"name": "Duplicate"}, "inwardIssue": {"key": two},
                      "outwardIssue": {"key": one}});
    assert_eq!(wire.post("/rest/api/3/issueLink", &link).await.0, 201);
    let links = wire.jira.ticket(&two).unwrap().links;
    assert_eq!(
        (links[0].other_key.as_str(), links[0].outward),
        (one.as_str(), true)
    );
    let (_, shown) = wire.get(&format!("/rest/api/3/issue/{one}")).await;
    assert_eq!(
        shown["fields"]["issuelinks"][0]["inwardIssue"]["key"],
        json!(two)
    );
}

#[tokio::test]
async fn create_metadata_names_required_fields_in_each_shape() {
    let field = CustomField::new("customfield_10042", "Cost centre", FieldKind::Text).required();
    let wire = Wire::up(Settings {
        custom_fields: vec![field],
        ..Settings::default()
    })
    .await;
    let (_, types) = wire
        .get("/rest/api/3/issue/createmeta/SEC/issuetypes")
        .await;
    assert_eq!(
        (&types["issueTypes"][0]["name"], &types["total"]),
        (&json!("Bug"), &json!(4))
    );
    let (_, cloud) = wire
        .get("/rest/api/3/issue/createmeta/SEC/issuetypes/10001")
        .await;
    let fields = cloud["fields"].as_array().unwrap();
    let required: Vec<_> = fields.iter().filter(|it| it["required"] == true).collect();
    let required: Vec<_> = required
        .iter()
        .map(|it| it["fieldId"].as_str().unwrap())
        .collect();
    assert_eq!(
        required,
        ["summary", "issuetype", "project", "customfield_10042"]
    );
    let (_, old) = wire
        .get("/rest/api/2/issue/createmeta/SEC/issuetypes/10001?maxResults=3")
        .await;
    assert_eq!(
        (old["values"].as_array().unwrap().len(), &old["isLast"]),
        (3, &json!(false))
    );
    assert_eq!(
        wire.get("/rest/api/3/issue/createmeta/NO/issuetypes")
            .await
            .0,
        404
    );
    assert_eq!(
        wire.get("/rest/api/3/project/SEC").await.1["name"],
        "Security"
    );
    let path = "/rest/api/3/mypermissions?permissions=CREATE_ISSUES&projectKey=SEC";
    let (_, permissions) = wire.get(path).await;
    assert_eq!(
        permissions["permissions"]["CREATE_ISSUES"]["havePermission"],
        true
    );
    assert_eq!(
        wire.get("/rest/api/2/serverInfo").await.1["deploymentType"],
        "Server"
    );
    assert_eq!(
        wire.get("/rest/api/3/priority").await.1[0]["name"],
        "Highest"
    );
}
