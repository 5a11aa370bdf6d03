//! Mailgun v3: `POST /v3/DOMAIN/messages`, as a form or as multipart.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::address::{mailbox, mailboxes};
use super::message::{Mail, Provider, addresses};
use super::{MailService, message, mime, say};
use crate::simulator::desk::{Trouble, basic, header, same_secret};

/// Recipients of one request (Mailgun, batch sending).
const RECIPIENTS_MAX: usize = 1_000;

/// Answers 200 with `id` and "Queued. Thank you."; `o:testmode` checks without keeping.
pub(super) async fn send(
    State(service): State<MailService>,
    Path(domain): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let settings = service.settings();
    let admitted = basic(&headers)
        .is_some_and(|(user, key)| user == "api" && same_secret(&key, &settings.mailgun_key));
    if !admitted {
        return in_trouble(Trouble::Unauthorized);
    }
    if domain != settings.mailgun_domain {
        let told = format!("Domain not found: {domain}");
        return say(StatusCode::NOT_FOUND, message(&told), None);
    }
    let kind = header(&headers, "content-type").unwrap_or_default();
    let Some(fields) = form(kind, &body) else {
        return refuse("the form could not be read");
    };
    let mail = match read(&service, &fields) {
        Ok(mail) => mail,
        Err(told) => return refuse(&told),
    };
    let test = fields
        .iter()
        .any(|(name, value)| name == "o:testmode" && value == "yes");
    let id = if test {
        "test".to_owned()
    } else {
        service.accept(mail)
    };
    let answer = json!({"id": format!("<{id}@{domain}>"), "message": "Queued. Thank you."});
    say(StatusCode::OK, answer, None)
}

fn form(kind: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    if kind.starts_with("application/x-www-form-urlencoded") {
        return Some(form_urlencoded::parse(body).into_owned().collect());
    }
    let boundary = kind
        .starts_with("multipart/form-data")
        .then(|| mime::parameter(kind, "boundary"));
    mime::form(body, &boundary??)
}

fn read(service: &MailService, fields: &[(String, String)]) -> Result<Mail, String> {
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map_or("", |(_, value)| value.as_str())
    };
    let list = |wanted: &str| -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        for (_, value) in fields.iter().filter(|(name, _)| name == wanted) {
            let read = mailboxes(value).ok_or_else(|| {
                format!("'{wanted}' parameter is not a valid address. please check documentation")
            })?;
            all.extend(addresses(read));
        }
        Ok(all)
    };
    let from = mailbox(field("from"))
        .ok_or("'from' parameter is not a valid address. please check documentation")?;
    if !service.knows_sender(&from.email) {
        return Err("the from address is not allowed to send for this domain".to_owned());
    }
    let mut mail = Mail::from(Provider::Mailgun, &from.email);
    (mail.to, mail.cc, mail.bcc) = (list("to")?, list("cc")?, list("bcc")?);
    if mail.to.is_empty() {
        return Err("'to' parameter is not a valid address. please check documentation".to_owned());
    }
    if mail.recipients().count() > RECIPIENTS_MAX {
        return Err("too many recipients".to_owned());
    }
    mail.subject = field("subject").to_owned();
    mail.text = field("text").to_owned();
    mail.html = field("html").to_owned();
    if mail.text.is_empty() && mail.html.is_empty() && field("template").is_empty() {
        return Err("Need at least one of 'text' or 'html' parameters specified".to_owned());
    }
    for (name, value) in fields {
        if let Some(name) = name.strip_prefix("h:") {
            mail.headers.push((name.to_owned(), value.clone()));
        }
    }
    Ok(mail)
}

fn refuse(told: &str) -> Response {
    say(StatusCode::BAD_REQUEST, message(told), None)
}

pub(super) fn in_trouble(trouble: Trouble) -> Response {
    let (status, told) = match trouble {
        Trouble::Unauthorized => (StatusCode::UNAUTHORIZED, "Invalid private key"),
        Trouble::Throttled { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Domain sending rate limit reached",
        ),
        Trouble::Failed(status) => (status, "Internal Server Error"),
        Trouble::Refused => (StatusCode::BAD_REQUEST, "refused by a fault"),
    };
    say(status, message(told), Some(trouble))
}
