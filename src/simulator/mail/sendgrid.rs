//! SendGrid v3: `POST /v3/mail/send` (twilio.com/docs/sendgrid/api-reference/mail-send).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::address::{is_email, repeated};
use super::message::{Mail, Provider};
use super::{MailService, say};
use crate::simulator::desk::{Trouble, bearer, same_secret};

const PERSONALIZATIONS_MAX: usize = 1_000;
const RECIPIENTS_MAX: usize = 1_000;
const CUSTOM_ARGS_MAX_BYTES: usize = 10_000;
/// Headers that SendGrid sets itself and refuses to take.
const RESERVED_HEADERS: &[&str] = &[
    "x-sg-id",
    "x-sg-eid",
    "received",
    "dkim-signature",
    "content-type",
    "content-transfer-encoding",
    "to",
    "from",
    "subject",
    "reply-to",
    "cc",
    "bcc",
];

/// What is wrong, and with which field.
type Checked<T> = Result<T, (String, String)>;

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    personalizations: Vec<Personalization>,
    from: Option<Party>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    content: Vec<Content>,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    custom_args: Map<String, Value>,
    template_id: Option<String>,
    mail_settings: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Personalization {
    #[serde(default)]
    to: Vec<Party>,
    #[serde(default)]
    cc: Vec<Party>,
    #[serde(default)]
    bcc: Vec<Party>,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    headers: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Party {
    #[serde(default)]
    email: String,
}

#[derive(Debug, Deserialize)]
struct Content {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    value: String,
}

/// Answers 202 with `X-Message-Id`, or 200 in sandbox mode, where nothing is kept. Each
/// personalization is a mail of its own.
pub(super) async fn send(
    State(service): State<MailService>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = &service.settings().sendgrid_key;
    if !bearer(&headers).is_some_and(|given| same_secret(given, key)) {
        return in_trouble(Trouble::Unauthorized);
    }
    let message: Message = match serde_json::from_slice(&body) {
        Ok(message) => message,
        Err(why) => return refuse(&format!("Bad Request: {why}"), ""),
    };
    let from = message
        .from
        .as_ref()
        .map(|from| from.email.as_str())
        .unwrap_or_default();
    if is_email(from) && !service.knows_sender(from) {
        let told = "The from address does not match a verified Sender Identity.";
        return say(StatusCode::FORBIDDEN, errors(told, "from"), None);
    }
    let mails = match check(&message, from) {
        Ok(mails) => mails,
        Err((told, field)) => return refuse(&told, &field),
    };
    let sandbox = message
        .mail_settings
        .as_ref()
        .and_then(|it| it.pointer("/sandbox_mode/enable"));
    if sandbox == Some(&Value::Bool(true)) {
        return StatusCode::OK.into_response();
    }
    let ids: Vec<String> = mails.into_iter().map(|mail| service.accept(mail)).collect();
    let mut response = StatusCode::ACCEPTED.into_response();
    let id = ids.first().and_then(|id| HeaderValue::from_str(id).ok());
    if let Some(id) = id {
        response.headers_mut().insert("x-message-id", id);
    }
    response
}

fn check(message: &Message, from: &str) -> Checked<Vec<Mail>> {
    let wrong = |told: &str, field: &str| Err((told.to_owned(), field.to_owned()));
    if message.from.is_none() {
        return wrong(
            "The from object must be provided for every email send. It is an object that \
                      requires the email parameter, but may also contain a name parameter.",
            "from.email",
        );
    }
    email(from, "from.email")?;
    let count = message.personalizations.len();
    if count == 0 {
        return wrong(
            "The personalizations field is required and must have at least one \
                      personalization.",
            "personalizations",
        );
    }
    if count > PERSONALIZATIONS_MAX {
        return wrong(
            "The personalization block is limited to 1000 personalizations per API \
                      request.",
            "personalizations",
        );
    }
    check_content(message)?;
    check_headers(&message.headers)?;
    if Value::Object(message.custom_args.clone()).to_string().len() >= CUSTOM_ARGS_MAX_BYTES {
        return wrong(
            "The custom_args, as JSON, must be less than 10,000 bytes.",
            "custom_args",
        );
    }
    let mut mails = Vec::new();
    for (position, personalization) in message.personalizations.iter().enumerate() {
        mails.push(personal(message, personalization, from, position)?);
    }
    let recipients: usize = mails.iter().map(|mail| mail.recipients().count()).sum();
    if recipients > RECIPIENTS_MAX {
        return wrong(
            "There is a limit of 1000 total recipients (to + cc + bcc) per request.",
            "personalizations",
        );
    }
    Ok(mails)
}

fn personal(
    message: &Message,
    personalization: &Personalization,
    from: &str,
    position: usize,
) -> Checked<Mail> {
    let place = format!("personalizations.{position}");
    if personalization.to.is_empty() {
        let told = "The to array is required for all personalization objects, and must have at \
                    least one email object with a valid email address.";
        return Err((told.to_owned(), format!("{place}.to")));
    }
    let mut mail = Mail::from(Provider::Sendgrid, from);
    for (name, list, parties) in [
        ("to", &mut mail.to, &personalization.to),
        ("cc", &mut mail.cc, &personalization.cc),
        ("bcc", &mut mail.bcc, &personalization.bcc),
    ] {
        for (index, party) in parties.iter().enumerate() {
            email(&party.email, &format!("{place}.{name}.{index}.email"))?;
            list.push(party.email.clone());
        }
    }
    if let Some(address) = repeated(mail.recipients()) {
        let told = format!(
            "Each email address in the personalization block should be unique between to, cc, and \
             bcc. We found the first duplicate instance of [{address}] in the {place} field."
        );
        return Err((told, place));
    }
    let subjects = [&personalization.subject, &message.subject];
    let subject = subjects.into_iter().find(|subject| !subject.is_empty());
    mail.subject = match subject {
        Some(subject) => subject.clone(),
        None if message.template_id.is_some() => String::new(),
        None => {
            let told = "The subject is required. You can get around this requirement if you use a \
                        template with a subject defined or if every personalization has a subject \
                        defined.";
            return Err((told.to_owned(), "subject".to_owned()));
        }
    };
    check_headers(&personalization.headers)?;
    for (name, value) in message.headers.iter().chain(&personalization.headers) {
        mail.headers
            .push((name.clone(), value.as_str().unwrap_or_default().to_owned()));
    }
    for content in &message.content {
        match content.kind.as_str() {
            "text/plain" => mail.text.clone_from(&content.value),
            "text/html" => mail.html.clone_from(&content.value),
            _ => {}
        }
    }
    Ok(mail)
}

fn check_content(message: &Message) -> Checked<()> {
    if message.content.is_empty() && message.template_id.is_none() {
        let told = "Unless a valid template_id is provided, the content parameter is required. \
                    There must be at least one defined content block.";
        return Err((told.to_owned(), "content".to_owned()));
    }
    let mut last = 0;
    for (position, content) in message.content.iter().enumerate() {
        let wrong =
            |told: &str, key: &str| Err((told.to_owned(), format!("content.{position}.{key}")));
        if content.kind.is_empty() {
            return wrong("The content type is required.", "type");
        }
        if content.value.is_empty() {
            return wrong(
                "The content value must be a string at least one character in length.",
                "value",
            );
        }
        let rank = match content.kind.as_str() {
            "text/plain" => 1,
            "text/html" => 2,
            _ => 3,
        };
        if rank < last {
            return wrong(
                "If present, text/plain must be first, followed by text/html, followed by \
                          any other content.",
                "type",
            );
        }
        last = rank;
    }
    Ok(())
}

fn check_headers(headers: &Map<String, Value>) -> Checked<()> {
    for (name, value) in headers {
        let odd = |text: &str| text.contains(['\r', '\n']) || !text.is_ascii();
        let reserved = RESERVED_HEADERS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name));
        if reserved {
            let told = format!("The header '{name}' is reserved and cannot be used.");
            return Err((told, "headers".to_owned()));
        }
        match value.as_str() {
            Some(text) if !odd(text) && !odd(name) => {}
            _ => {
                let told = "The headers must be an object of strings in ASCII on one line.";
                return Err((told.to_owned(), "headers".to_owned()));
            }
        }
    }
    Ok(())
}

fn email(address: &str, field: &str) -> Checked<()> {
    if is_email(address) {
        return Ok(());
    }
    Err((
        "Does not contain a valid address.".to_owned(),
        field.to_owned(),
    ))
}

fn refuse(told: &str, field: &str) -> Response {
    say(StatusCode::BAD_REQUEST, errors(told, field), None)
}

fn errors(told: &str, field: &str) -> Value {
    let field = if field.is_empty() {
        Value::Null
    } else {
        json!(field)
    };
    json!({"errors": [{"message": told, "field": field, "help": null}]})
}

pub(super) fn in_trouble(trouble: Trouble) -> Response {
    let (status, told) = match trouble {
        Trouble::Unauthorized => (
            StatusCode::UNAUTHORIZED,
            "The provided authorization grant is invalid, expired, or revoked",
        ),
        Trouble::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
        Trouble::Failed(status) => (status, "Internal server error"),
        Trouble::Refused => (StatusCode::BAD_REQUEST, "refused by a fault"),
    };
    say(status, errors(told, ""), Some(trouble))
}
