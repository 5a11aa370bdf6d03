//! SES v2: `POST /v2/email/outbound-emails` (API model sesv2 2019-09-27, `SendEmail`).

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::{mailbox, mailboxes};
use super::message::{Mail, Provider, addresses};
use super::{MailService, mime, say};
use crate::simulator::desk::{Trouble, header};

const RECIPIENTS_MAX: usize = 50;
/// Headers beyond the standard ones (API model sesv2).
const HEADERS_MAX: usize = 15;

/// The error's type and what it says.
type Refused = (&'static str, String);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendEmail {
    from_email_address: Option<String>,
    #[serde(default)]
    destination: Destination,
    #[serde(default)]
    content: Content,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Destination {
    to_addresses: Vec<String>,
    cc_addresses: Vec<String>,
    bcc_addresses: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Content {
    simple: Option<Simple>,
    raw: Option<Raw>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Data,
    body: Body,
    #[serde(default)]
    headers: Vec<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Body {
    text: Option<Data>,
    html: Option<Data>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data {
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    data: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
}

/// Answers 200 with `MessageId`, or an AWS error in JSON.
pub(super) async fn send(State(service): State<MailService>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, service.settings().body_max_bytes).await else {
        return refuse(
            "BadRequestException",
            "the body is too long",
            StatusCode::BAD_REQUEST,
        );
    };
    let signed = match &service.settings().ses_verifier {
        Some(verify) => verify(&parts, &body),
        None if looks_signed(header(&parts.headers, "authorization")) => Ok(()),
        None => Err("Missing Authentication Token".to_owned()),
    };
    if let Err(why) = signed {
        return refuse("InvalidSignatureException", &why, StatusCode::FORBIDDEN);
    }
    match read(&service, &body) {
        Ok(mail) => say(
            StatusCode::OK,
            json!({"MessageId": service.accept(mail)}),
            None,
        ),
        Err((kind, told)) => refuse(kind, &told, StatusCode::BAD_REQUEST),
    }
}

fn looks_signed(authorization: Option<&str>) -> bool {
    authorization.is_some_and(|it| it.starts_with("AWS4-HMAC-SHA256 ") && it.contains("/ses/"))
}

fn read(service: &MailService, body: &Bytes) -> Result<Mail, Refused> {
    let bad = |told: &str| ("BadRequestException", told.to_owned());
    let email: SendEmail =
        serde_json::from_slice(body).map_err(|why| ("SerializationException", why.to_string()))?;
    for tag in &email.email_tags {
        let plain = |text: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            (1..=256).contains(&text.len()) && text.chars().all(known)
        };
        if !plain(&tag.name) || !plain(&tag.value) {
            return Err(bad("Invalid tag name or value"));
        }
    }
    let mut mail = match (&email.content.simple, &email.content.raw) {
        (Some(simple), None) => simple_mail(simple)?,
        (None, Some(raw)) => {
            let bytes = STANDARD
                .decode(&raw.data)
                .map_err(|_| bad("Raw data is not base64"))?;
            mime::read(&bytes, Provider::Ses)
        }
        _ => return Err(bad("Content must be one of Simple, Raw or Template")),
    };
    if let Some(from) = &email.from_email_address {
        mail.from = mailbox(from)
            .ok_or_else(|| bad("Invalid from address"))?
            .email;
    }
    let list = |given: &[String]| mailboxes(&given.join(",")).map(addresses);
    let destination = &email.destination;
    let given = |list: Option<Vec<String>>| list.ok_or_else(|| bad("Invalid email address"));
    if email.content.raw.is_none() || !destination.to_addresses.is_empty() {
        mail.to = given(list(&destination.to_addresses))?;
        mail.cc = given(list(&destination.cc_addresses))?;
        mail.bcc = given(list(&destination.bcc_addresses))?;
    }
    match mail.recipients().count() {
        0 => return Err(bad("Destination has no addresses")),
        1..=RECIPIENTS_MAX => {}
        _ => return Err(bad("Recipient count exceeds 50")),
    }
    if !service.knows_sender(&mail.from) {
        let told = format!("Email address is not verified: {}", mail.from);
        return Err(("MessageRejected", told));
    }
    Ok(mail)
}

fn simple_mail(simple: &Simple) -> Result<Mail, Refused> {
    let bad = |told: &str| ("BadRequestException", told.to_owned());
    let mut mail = Mail::from(Provider::Ses, "");
    if simple.subject.data.contains(['\r', '\n']) {
        return Err(bad("Subject must be one line"));
    }
    if simple.body.text.is_none() && simple.body.html.is_none() {
        return Err(bad("Missing body"));
    }
    if simple.headers.len() > HEADERS_MAX {
        return Err(bad("Too many headers"));
    }
    for named in &simple.headers {
        if named.value.contains(['\r', '\n']) || !named.value.is_ascii() {
            return Err(bad("Invalid header value"));
        }
        mail.headers.push((named.name.clone(), named.value.clone()));
    }
    let data = |data: &Option<Data>| data.as_ref().map_or_else(String::new, |it| it.data.clone());
    mail.subject.clone_from(&simple.subject.data);
    (mail.text, mail.html) = (data(&simple.body.text), data(&simple.body.html));
    Ok(mail)
}

fn refuse(kind: &'static str, told: &str, status: StatusCode) -> Response {
    answer(kind, told, status, None)
}

fn answer(
    kind: &'static str,
    told: &str,
    status: StatusCode,
    trouble: Option<Trouble>,
) -> Response {
    let body: Value = json!({"message": told});
    let mut response = say(status, body, trouble);
    response
        .headers_mut()
        .insert("x-amzn-errortype", HeaderValue::from_static(kind));
    response
}

pub(super) fn in_trouble(trouble: Trouble) -> Response {
    let (kind, told, status) = match trouble {
        Trouble::Unauthorized => (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            StatusCode::FORBIDDEN,
        ),
        Trouble::Throttled { .. } => (
            "TooManyRequestsException",
            "Maximum sending rate exceeded.",
            StatusCode::TOO_MANY_REQUESTS,
        ),
        Trouble::Failed(status) => ("InternalFailure", "Internal failure", status),
        Trouble::Refused => (
            "MessageRejected",
            "refused by a fault",
            StatusCode::BAD_REQUEST,
        ),
    };
    answer(kind, told, status, Some(trouble))
}
