//! Postmark: `POST /email` and `POST /email/batch`.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::{mailbox, mailboxes};
use super::message::{Mail, Provider, addresses};
use super::{MailService, say};
use crate::simulator::desk::{Trouble, header, same_secret};

const BATCH_MAX: usize = 500;
const RECIPIENTS_MAX: usize = 50;
const SUBJECT_MAX: usize = 2_000;
/// Checks everything and keeps nothing.
const TEST_TOKEN: &str = "POSTMARK_API_TEST";

/// Postmark's error code and what it says (postmarkapp.com/developer/api/overview#error-codes).
type Refused = (u32, String);

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Message {
    from: String,
    to: String,
    cc: String,
    bcc: String,
    subject: String,
    text_body: String,
    html_body: String,
    headers: Vec<NamedHeader>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamedHeader {
    name: String,
    value: String,
}

/// Answers 200, or 422 with Postmark's error code.
pub(super) async fn send(
    State(service): State<MailService>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(test) = admitted(&service, &headers) else {
        return in_trouble(Trouble::Unauthorized);
    };
    match serde_json::from_slice(&body) {
        Err(why) => unprocessable(402, &format!("Invalid JSON: {why}")),
        Ok(message) => match one(&service, message, test) {
            Ok(sent) => say(StatusCode::OK, sent, None),
            Err((code, told)) => unprocessable(code, &told),
        },
    }
}

/// Answers 200 whatever becomes of the single mails; each has its own `ErrorCode`.
pub(super) async fn send_batch(
    State(service): State<MailService>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(test) = admitted(&service, &headers) else {
        return in_trouble(Trouble::Unauthorized);
    };
    let messages: Vec<Value> = match serde_json::from_slice(&body) {
        Ok(messages) => messages,
        Err(why) => return unprocessable(402, &format!("Invalid JSON: {why}")),
    };
    if messages.len() > BATCH_MAX {
        return unprocessable(410, "Too many batch messages: at most 500 are allowed.");
    }
    let answers = messages.into_iter().map(|message| {
        let read = serde_json::from_value(message).map_err(|why| (403, why.to_string()));
        read.and_then(|message| one(&service, message, test))
            .unwrap_or_else(|(code, told)| json!({"ErrorCode": code, "Message": told}))
    });
    say(StatusCode::OK, answers.collect(), None)
}

/// Whether the token is right, and whether it is the one for tests.
fn admitted(service: &MailService, headers: &HeaderMap) -> Option<bool> {
    let token = header(headers, "x-postmark-server-token")?;
    let test = token == TEST_TOKEN;
    (test || same_secret(token, &service.settings().postmark_token)).then_some(test)
}

fn one(service: &MailService, message: Message, test: bool) -> Result<Value, Refused> {
    let mail = check(service, message)?;
    let to = mail.to.join(", ");
    let id = if test {
        "test".to_owned()
    } else {
        service.accept(mail)
    };
    Ok(json!({
        "To": to,
        "SubmittedAt": Timestamp::now().to_string(),
        "MessageID": id,
        "ErrorCode": 0,
        "Message": if test { "Test job accepted" } else { "OK" },
    }))
}

fn check(service: &MailService, message: Message) -> Result<Mail, Refused> {
    let from = mailbox(&message.from)
        .ok_or((300, format!("Invalid 'From' address: '{}'.", message.from)))?;
    if !service.knows_sender(&from.email) {
        let told = "The 'From' address you supplied is not a Sender Signature on your account.";
        return Err((400, told.to_owned()));
    }
    let list = |name: &str, text: &str| {
        let told = format!("Invalid '{name}' address: '{text}'.");
        mailboxes(text).map(addresses).ok_or((300, told))
    };
    let mut mail = Mail::from(Provider::Postmark, &from.email);
    mail.to = list("To", &message.to)?;
    mail.cc = list("Cc", &message.cc)?;
    mail.bcc = list("Bcc", &message.bcc)?;
    if mail.to.is_empty() {
        return Err((300, "Zero recipients specified".to_owned()));
    }
    if mail.recipients().count() > RECIPIENTS_MAX {
        return Err((
            300,
            "Too many recipients: at most 50 are allowed.".to_owned(),
        ));
    }
    if let Some(address) = mail
        .recipients()
        .find(|address| service.is_inactive(address))
    {
        let told = "You tried to send to recipient(s) that have been marked as inactive. Found \
                    inactive addresses";
        return Err((406, format!("{told}: {address}.")));
    }
    if message.subject.encode_utf16().count() > SUBJECT_MAX
        || message.subject.contains(['\r', '\n'])
    {
        return Err((
            300,
            "The 'Subject' is too long or has more than one line.".to_owned(),
        ));
    }
    if message.text_body.is_empty() && message.html_body.is_empty() {
        return Err((
            300,
            "Provide either email TextBody or HtmlBody or both.".to_owned(),
        ));
    }
    for named in message.headers {
        if named.name.is_empty() || named.value.contains(['\r', '\n']) {
            return Err((300, "Invalid 'Headers'.".to_owned()));
        }
        mail.headers.push((named.name, named.value));
    }
    (mail.subject, mail.text, mail.html) = (message.subject, message.text_body, message.html_body);
    Ok(mail)
}

fn unprocessable(code: u32, told: &str) -> Response {
    say(StatusCode::UNPROCESSABLE_ENTITY, error(code, told), None)
}

fn error(code: u32, told: &str) -> Value {
    json!({"ErrorCode": code, "Message": told})
}

pub(super) fn in_trouble(trouble: Trouble) -> Response {
    let told = "Request does not contain a valid Server token.";
    let (status, body) = match trouble {
        Trouble::Unauthorized => (StatusCode::UNAUTHORIZED, error(10, told)),
        Trouble::Throttled { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            error(429, "Rate limit exceeded."),
        ),
        Trouble::Failed(status) => (status, error(500, "Internal Server Error")),
        Trouble::Refused => (
            StatusCode::UNPROCESSABLE_ENTITY,
            error(300, "refused by a fault"),
        ),
    };
    say(status, body, Some(trouble))
}
