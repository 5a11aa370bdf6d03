//! What every sink promises, held against every sink.

use std::{path::Path, time::Duration};

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    HttpClient, Lookup, Sink, SinkConfig, SinkError, choose, email,
    far_side::{Canned, Heard, answering, hanging_up_on_the_second, nobody, notice, silent},
    jira,
};
use crate::domain::delivery::Receipt;

const SECRET: &str = "s3cret-value";
const KINDS: [Kind; 2] = [Kind::Jira, Kind::Email];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Jira,
    Email,
}

impl Kind {
    fn sink(self, url: &str) -> Box<dyn Sink> {
        let read = |_: &Path| Ok(SecretString::from(SECRET));
        let url = Some(url.to_owned());
        let config = match self {
            Self::Jira => {
                let settings = jira::Settings {
                    url,
                    email: Some("bot@example.com".to_owned()),
                    api_token_file: Some("token".into()),
                    project: Some("SEC".to_owned()),
                    labels: vec!["cloud".to_owned()],
                    priorities: [("CRITICAL".to_owned(), "Highest".to_owned())].into(),
                    search_lag: Some("2s".to_owned()),
                    ..jira::Settings::default()
                };
                SinkConfig::Jira(settings.validate(&read).unwrap())
            }
            Self::Email => {
                let settings = email::Settings {
                    from: Some("hubwatch@example.com".to_owned()),
                    to: vec![
                        "oncall@example.com".to_owned(),
                        "soc@example.com".to_owned(),
                    ],
                    api_key_file: Some("key".into()),
                    api_url: url,
                    ..email::Settings::default()
                };
                SinkConfig::Email(settings.validate(&read).unwrap())
            }
        };
        let half_a_second = Duration::from_millis(500);
        let http = HttpClient::with_timeouts(half_a_second, half_a_second).unwrap();
        choose("told", &config, &http)
    }

    fn yes(self) -> Canned {
        match self {
            Self::Jira => Canned::new(
                201,
                json!({"id": "1", "key": "SEC-24", "self": "http://x/"}),
            ),
            Self::Email => Canned::new(202, "").with("x-message-id", "msg-1"),
        }
    }
}

async fn send(kind: Kind, answer: Canned) -> (Result<Receipt, SinkError>, Vec<Heard>) {
    answering(vec![answer], |url| async move {
        kind.sink(&url).send(&notice()).await
    })
    .await
}

async fn find(answers: Vec<Canned>) -> (Result<Lookup, SinkError>, Vec<Heard>) {
    answering(answers, |url| async move {
        Kind::Jira.sink(&url).find(&notice()).await
    })
    .await
}

#[tokio::test]
async fn a_yes_is_a_receipt_and_the_mark_went_along() {
    for kind in KINDS {
        let (outcome, heard) = send(kind, kind.yes()).await;
        let receipt = outcome.unwrap();
        assert!(["SEC-24", "msg-1"].contains(&receipt.reference.as_str()));
        assert_eq!(heard.len(), 1);
        assert!(heard[0].body.to_string().contains("hubwatch-1f3a"));
        let agent = heard[0].headers["user-agent"].to_str().unwrap();
        assert_eq!(agent, format!("hubwatch/{}", env!("CARGO_PKG_VERSION")));
    }
}

#[tokio::test]
async fn every_answer_leads_to_what_to_do_next() {
    let cases = [
        (
            Canned::new(302, "").with("location", "https://login.example.com"),
            "misconfigured",
        ),
        (
            Canned::new(400, json!({"errorMessages": ["no"]})),
            "refused",
        ),
        (Canned::new(401, "<html>who?</html>"), "misconfigured"),
        (Canned::new(403, "{}"), "misconfigured"),
        (Canned::new(404, "{}"), "misconfigured"),
        (Canned::new(413, "{}"), "refused"),
        (Canned::new(422, "{}"), "refused"),
        (Canned::new(429, "{}"), "busy"),
        (Canned::new(500, "oops"), "unclear"),
        (Canned::new(502, "oops"), "unclear"),
        (Canned::new(503, "oops"), "unclear"),
        (Canned::new(503, "later").with("retry-after", "5"), "busy"),
        (
            Canned::new(200, "<html>welcome to the hotel network</html>"),
            "unclear",
        ),
        (Canned::new(200, "x".repeat(1_000_000)), "unclear"),
    ];
    for kind in KINDS {
        for (answer, label) in &cases {
            let (outcome, heard) = send(kind, answer.clone()).await;
            let error = outcome.unwrap_err();
            assert_eq!(error.label(), *label, "{kind:?} {}: {error}", answer.status);
            assert_eq!(heard.len(), 1, "nothing is tried twice");
            assert!(!error.to_string().contains(SECRET));
        }
    }
}

#[tokio::test]
async fn an_hour_of_waiting_is_passed_on() {
    for kind in KINDS {
        let (outcome, _) = send(kind, Canned::new(429, "{}").with("retry-after", "3600")).await;
        let SinkError::Busy { retry_after, .. } = outcome.unwrap_err() else {
            panic!()
        };
        assert_eq!(retry_after, Some(Duration::from_secs(3_600)));
    }
}

#[tokio::test]
async fn a_cut_connection_and_a_time_out_leave_doubt() {
    for kind in KINDS {
        for hangs_up in [true, false] {
            let outcome = silent(hangs_up, |url| async move {
                kind.sink(&url).send(&notice()).await
            })
            .await;
            let error = outcome.unwrap_err();
            assert_eq!(
                error.label(),
                "unclear",
                "{kind:?} hangs up: {hangs_up}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_lost_on_a_connection_in_use_is_not_sent_again() {
    for kind in KINDS {
        let (outcome, heard) = hanging_up_on_the_second(&kind.yes(), |url| async move {
            let sink = kind.sink(&url);
            sink.send(&notice()).await.unwrap();
            sink.send(&notice()).await
        })
        .await;
        assert_eq!(
            (outcome.unwrap_err().label(), heard),
            ("unclear", 2),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_landed() {
    for kind in KINDS {
        let error = kind
            .sink(&nobody().await)
            .send(&notice())
            .await
            .unwrap_err();
        assert_eq!(error.label(), "unreachable", "{kind:?}: {error}");
    }
}

#[tokio::test]
async fn secrets_are_not_in_what_a_sink_shows_of_itself() {
    for kind in KINDS {
        let shown = format!("{:?}", kind.sink("http://127.0.0.1:1"));
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[tokio::test]
async fn a_ticket_is_made_as_the_settings_say() {
    let (outcome, heard) = send(Kind::Jira, Kind::Jira.yes()).await;
    let url = outcome.unwrap().url.unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/browse/SEC-24"),
        "{url}"
    );
    assert_eq!(heard[0].path, "/rest/api/3/issue");
    // bot@example.com:s3cret-value
    let login = "Basic Ym90QGV4YW1wbGUuY29tOnMzY3JldC12YWx1ZQ==";
    assert_eq!(heard[0].headers["authorization"], login);
    let fields = &heard[0].body["fields"];
    assert_eq!(fields["project"], json!({"key": "SEC"}));
    assert_eq!(fields["issuetype"], json!({"name": "Task"}));
    assert_eq!(fields["priority"], json!({"name": "Highest"}));
    assert_eq!(fields["labels"], json!(["hubwatch-1f3a", "cloud"]));
    assert_eq!(fields["description"]["type"], json!("doc"));
}

#[tokio::test]
async fn a_required_field_that_nobody_set_can_be_mended() {
    let complaint = json!({"errorMessages": [], "errors": {"customfield_1": "Team is required."}});
    let (outcome, _) = send(Kind::Jira, Canned::new(400, complaint)).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.label(), "misconfigured");
    assert!(
        error
            .to_string()
            .contains("customfield_1: Team is required."),
        "{error}"
    );
}

#[tokio::test]
async fn a_ticket_is_found_by_its_mark() {
    let page = json!({"issues": [{"id": "1", "key": "SEC-7"}], "isLast": true});
    let (outcome, heard) = find(vec![Canned::new(200, page)]).await;
    let Lookup::Found(receipt) = outcome.unwrap() else {
        panic!()
    };
    assert_eq!(receipt.reference, "SEC-7");
    assert_eq!(heard[0].path, "/rest/api/3/search/jql");
    let jql = r#"project = "SEC" AND labels = "hubwatch-1f3a" ORDER BY created ASC"#;
    assert_eq!(heard[0].body["jql"], json!(jql));
}

#[tokio::test]
async fn a_ticket_is_absent_only_when_the_search_came_to_its_end() {
    let end = Canned::new(200, json!({"issues": [], "isLast": true}));
    let empty = Canned::new(
        200,
        json!({"issues": [], "nextPageToken": "n", "isLast": false}),
    );
    let (outcome, heard) = find(vec![empty.clone(), end]).await;
    assert_eq!(outcome.unwrap(), Lookup::Absent);
    assert_eq!(heard[0].body["nextPageToken"], Value::Null);
    assert_eq!(heard[1].body["nextPageToken"], json!("n"));

    let (outcome, heard) = find(vec![empty; 10]).await;
    assert_eq!(outcome.unwrap_err().label(), "unreachable");
    assert_eq!(heard.len(), 10);
}

#[tokio::test]
async fn a_search_that_was_not_made_as_ourselves_proves_nothing() {
    let anonymous = Canned::new(200, json!({"issues": [], "isLast": true}))
        .with("x-seraph-loginreason", "AUTHENTICATED_FAILED");
    let (outcome, _) = find(vec![anonymous]).await;
    assert_eq!(outcome.unwrap_err().label(), "misconfigured");
}

#[tokio::test]
async fn a_search_without_an_answer_never_reads_as_absent() {
    for (answer, label) in [
        (Canned::new(200, "<html>"), "unreachable"),
        (Canned::new(200, "{}"), "unreachable"),
        (Canned::new(500, "oops"), "unreachable"),
        (
            Canned::new(400, json!({"errorMessages": ["no such project"]})),
            "misconfigured",
        ),
        (Canned::new(401, ""), "misconfigured"),
        (Canned::new(410, ""), "misconfigured"),
        (Canned::new(429, "").with("retry-after", "9"), "busy"),
    ] {
        let (outcome, _) = find(vec![answer]).await;
        assert_eq!(outcome.unwrap_err().label(), label);
    }
    let cut = silent(true, |url| async move {
        Kind::Jira.sink(&url).find(&notice()).await
    })
    .await;
    assert_eq!(cut.unwrap_err().label(), "unreachable");
}

#[tokio::test]
async fn a_mail_has_both_parts_and_goes_to_everyone_once() {
    let (outcome, heard) = send(Kind::Email, Kind::Email.yes()).await;
    assert_eq!(
        outcome.unwrap(),
        Receipt {
            reference: "msg-1".to_owned(),
            url: None
        }
    );
    assert_eq!(heard[0].path, "/v3/mail/send");
    assert_eq!(
        heard[0].headers["authorization"],
        format!("Bearer {SECRET}")
    );
    let mail = &heard[0].body;
    let to = json!([{"to": [{"email": "oncall@example.com"}, {"email": "soc@example.com"}]}]);
    assert_eq!(mail["personalizations"], to);
    assert_eq!(
        mail["from"],
        json!({"email": "hubwatch@example.com", "name": "hubwatch"})
    );
    assert_eq!(mail["content"][0]["type"], json!("text/plain"));
    assert_eq!(mail["content"][1]["type"], json!("text/html"));
    assert_eq!(
        mail["custom_args"],
        json!({"hubwatch_mark": "hubwatch-1f3a"})
    );
    assert_eq!(
        mail["tracking_settings"]["click_tracking"],
        json!({"enable": false})
    );
    let subject = "[CRITICAL] Port 22 is open to the world in payments (111122223333)";
    assert_eq!(mail["subject"], json!(subject));
}

#[tokio::test]
async fn an_accepted_mail_without_an_id_goes_by_its_mark() {
    let (outcome, _) = send(Kind::Email, Canned::new(202, "")).await;
    assert_eq!(outcome.unwrap().reference, "hubwatch-1f3a");
}

#[tokio::test]
async fn a_sender_that_the_service_does_not_know_can_be_mended() {
    let unknown = json!({"errors": [{"message": "not a verified sender", "field": "from.email"}]});
    let (outcome, _) = send(Kind::Email, Canned::new(400, unknown)).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.label(), "misconfigured");
    assert!(
        error
            .to_string()
            .contains("from.email: not a verified sender"),
        "{error}"
    );
}

#[tokio::test]
async fn mail_cannot_be_looked_up_and_tickets_take_a_while_to_show() {
    let (mail, jira) = (
        Kind::Email.sink("http://127.0.0.1:1"),
        Kind::Jira.sink("http://[::1]:1"),
    );
    assert_eq!(mail.find(&notice()).await.unwrap(), Lookup::Unknowable);
    assert_eq!(mail.patience(), Duration::ZERO);
    assert_eq!(jira.patience(), Duration::from_secs(2));
    assert_eq!(mail.name(), "told");
}
