//! Mail through SendGrid's v3 API.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{StatusCode, header::HeaderName};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Config, SUBJECT_UNITS_MAX, html, plain};
use crate::{
    domain::delivery::Receipt,
    notify::{
        HttpClient, Lookup, Notice, Sink, SinkError, answer::Answer, http_client, page::Page,
        settings, text,
    },
};

const SENDER_NAME: &str = "hubwatch";
const WORDS_UNITS_MAX: usize = 500;

/// Sends one mail per notice to a list of people.
#[derive(Debug)]
pub(in crate::notify) struct SendGrid {
    name: String,
    config: Config,
    http: HttpClient,
}

impl SendGrid {
    pub(in crate::notify) fn new(name: String, config: Config, http: HttpClient) -> Self {
        Self { name, config, http }
    }

    fn mail<'a>(&'a self, notice: &'a Notice) -> Mail<'a> {
        let page = Page::of(notice);
        let to = self
            .config
            .to
            .iter()
            .map(|email| Address { email, name: None })
            .collect();
        Mail {
            personalizations: [Personalization { to }],
            from: Address {
                email: &self.config.from,
                name: Some(SENDER_NAME),
            },
            subject: page.headline(SUBJECT_UNITS_MAX),
            // SendGrid wants the plain part first.
            content: [
                Content {
                    r#type: "text/plain",
                    value: plain::text(&page),
                },
                Content {
                    r#type: "text/html",
                    value: html::document(&page),
                },
            ],
            categories: [SENDER_NAME],
            custom_args: CustomArgs {
                hubwatch_mark: &notice.mark,
            },
            // Links in a security mail have to say where they lead.
            tracking_settings: TrackingSettings {
                click_tracking: Switch { enable: false },
                open_tracking: Switch { enable: false },
            },
        }
    }
}

#[async_trait]
impl Sink for SendGrid {
    fn name(&self) -> &str {
        &self.name
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    async fn find(&self, _notice: &Notice) -> Result<Lookup, SinkError> {
        Ok(Lookup::Unknowable)
    }

    async fn send(&self, notice: &Notice) -> Result<Receipt, SinkError> {
        let url = settings::below(&self.config.api_url, "/v3/mail/send");
        let key = self.config.api_key.expose_secret();
        let request = self
            .http
            .post(&url)
            .bearer_auth(key)
            .json(&self.mail(notice));
        let answer = http_client::ask(request).await?;
        if !answer.status.is_success() {
            return Err(trouble(&answer));
        }
        receipt(&answer, notice)
    }
}

/// SendGrid says yes with 202 and the message's id in a header. Without the id, 202 is still a yes;
/// any other success is somebody else's.
fn receipt(answer: &Answer, notice: &Notice) -> Result<Receipt, SinkError> {
    let id = answer
        .header(&HeaderName::from_static("x-message-id"))
        .unwrap_or_default();
    let reference = match text::one_line(id, WORDS_UNITS_MAX) {
        id if !id.is_empty() => id,
        _ if answer.status == StatusCode::ACCEPTED => notice.mark.clone(),
        _ => {
            return Err(SinkError::Unclear {
                reason: format!("SendGrid answered {} and named no message", answer.status),
            });
        }
    };
    Ok(Receipt {
        reference,
        url: None,
    })
}

/// A complaint about who sends or who receives would meet every mail alike: that is for the
/// operator to mend, and costs no notice.
fn trouble(answer: &Answer) -> SinkError {
    let complaint: Complaint = answer.json().unwrap_or_default();
    let about_people = complaint.errors.iter().any(|error| {
        let field = error.field.as_deref().unwrap_or_default();
        field.starts_with("from") || field.starts_with("personalizations")
    });
    let trouble = answer.trouble("SendGrid", &complaint.words());
    if about_people {
        trouble.about_settings()
    } else {
        trouble
    }
}

#[derive(Deserialize, Default)]
struct Complaint {
    #[serde(default)]
    errors: Vec<Objection>,
}

#[derive(Deserialize)]
struct Objection {
    #[serde(default)]
    message: String,
    field: Option<String>,
}

impl Complaint {
    fn words(&self) -> String {
        let part = |error: &Objection| match &error.field {
            Some(field) => format!("{field}: {}", error.message),
            None => error.message.clone(),
        };
        let parts: Vec<String> = self.errors.iter().map(part).collect();
        text::one_line(&parts.join("; "), WORDS_UNITS_MAX)
    }
}

#[derive(Serialize)]
struct Mail<'a> {
    personalizations: [Personalization<'a>; 1],
    from: Address<'a>,
    subject: String,
    content: [Content; 2],
    categories: [&'static str; 1],
    custom_args: CustomArgs<'a>,
    tracking_settings: TrackingSettings,
}

#[derive(Serialize)]
struct Personalization<'a> {
    to: Vec<Address<'a>>,
}

#[derive(Serialize)]
struct Address<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Content {
    r#type: &'static str,
    value: String,
}

#[derive(Serialize)]
struct CustomArgs<'a> {
    hubwatch_mark: &'a str,
}

#[derive(Serialize)]
struct TrackingSettings {
    click_tracking: Switch,
    open_tracking: Switch,
}

#[derive(Serialize)]
struct Switch {
    enable: bool,
}
