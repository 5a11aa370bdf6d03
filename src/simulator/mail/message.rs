//! An accepted mail, whichever way it came.

use jiff::Timestamp;
use serde::Serialize;

use super::address::Address;

/// Who accepted a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// SendGrid v3.
    Sendgrid,
    /// Mailgun v3.
    Mailgun,
    /// Postmark.
    Postmark,
    /// Amazon SES v2.
    Ses,
    /// The SMTP listener.
    Smtp,
}

impl Provider {
    pub(super) fn label(self) -> &'static str {
        match self {
            Provider::Sendgrid => "sendgrid",
            Provider::Mailgun => "mailgun",
            Provider::Postmark => "postmark",
            Provider::Ses => "ses",
            Provider::Smtp => "smtp",
        }
    }
}

/// One mail. Addresses are without names, headers as given or as the message has them.
#[derive(Clone, Debug, Serialize)]
pub struct Mail {
    /// Who accepted it.
    pub provider: Provider,
    /// The id it was given.
    pub id: String,
    /// The sender's address.
    pub from: String,
    /// Recipients, in the order given.
    pub to: Vec<String>,
    /// Recipients of copies.
    pub cc: Vec<String>,
    /// Recipients of copies that the others do not see.
    pub bcc: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// The plain text part; empty if there is none.
    pub text: String,
    /// The HTML part; empty if there is none.
    pub html: String,
    /// Further headers, in the order given.
    pub headers: Vec<(String, String)>,
    /// When it was accepted.
    pub accepted: Timestamp,
}

impl Mail {
    /// A mail without recipients or content.
    pub(super) fn from(provider: Provider, from: &str) -> Self {
        Mail {
            provider,
            id: String::new(),
            from: from.to_owned(),
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: String::new(),
            text: String::new(),
            html: String::new(),
            headers: Vec::new(),
            accepted: Timestamp::now(),
        }
    }

    pub(super) fn recipients(&self) -> impl Iterator<Item = &String> {
        self.to.iter().chain(&self.cc).chain(&self.bcc)
    }
}

/// The addresses alone.
pub(super) fn addresses(list: Vec<Address>) -> Vec<String> {
    list.into_iter().map(|address| address.email).collect()
}
