//! Pretend mail services: SendGrid, Mailgun, Postmark and SES v2 over HTTP, and an SMTP listener.
//!
//! Knows what each service checks, how it answers, and how it says no; keeps what it accepted.
//! Does not deliver anything, and does not know what the mails are about.

mod address;
mod mailgun;
mod message;
mod mime;
mod postmark;
mod sendgrid;
mod ses;
mod smtp;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::DefaultBodyLimit;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

pub use message::{Mail, Provider};
pub use smtp::Smtp;

use super::desk::{FaultBox, Faults, Gate, Ring, Trouble, gate};

/// Says whether a request is signed as AWS wants it, given its head and body; the error is the
/// reason that goes into the answer.
pub type Verifier = Arc<dyn Fn(&Parts, &[u8]) -> Result<(), String> + Send + Sync>;

/// The set-up of one pretend mail service.
#[derive(Clone)]
pub struct Settings {
    /// SendGrid's bearer key.
    pub sendgrid_key: String,
    /// The domain that Mailgun sends for.
    pub mailgun_domain: String,
    /// Mailgun's key, the password of the user `api`.
    pub mailgun_key: String,
    /// Postmark's server token. `POSTMARK_API_TEST` checks without keeping.
    pub postmark_token: String,
    /// Checks SES's signatures; without one any request that looks signed is let in.
    pub ses_verifier: Option<Verifier>,
    /// SMTP user and password; without them anybody may send and AUTH is not offered.
    pub smtp_login: Option<(String, String)>,
    /// The largest message SMTP takes.
    pub smtp_max_bytes: usize,
    /// Connections SMTP holds at once.
    pub smtp_connections_max: usize,
    /// Senders that every provider accepts; empty accepts any, as a verified domain would.
    pub senders: Vec<String>,
    /// Recipients that are refused one by one, as suppressed addresses are.
    pub inactive: Vec<String>,
    /// How many mails are kept.
    pub keep: usize,
    /// The largest request body read.
    pub body_max_bytes: usize,
    /// Seed of the dice that decide faults by chance.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            sendgrid_key: "SG.simulated".to_owned(),
            mailgun_domain: "mg.example.com".to_owned(),
            mailgun_key: "key-simulated".to_owned(),
            postmark_token: "simulated-postmark-token".to_owned(),
            ses_verifier: None,
            smtp_login: Some(("hubwatch".to_owned(), "simulated-smtp-password".to_owned())),
            smtp_max_bytes: 10 << 20,
            smtp_connections_max: 100,
            senders: Vec::new(),
            inactive: Vec::new(),
            keep: 10_000,
            body_max_bytes: 30 << 20,
            seed: 0,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

/// A handle to the pretend mail services. Clones share the same mails and faults.
#[derive(Clone, Debug)]
pub struct MailService {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    mails: Ring<Mail>,
    faults: Arc<FaultBox>,
    next_id: AtomicU64,
}

impl MailService {
    /// Services that have accepted nothing yet. Does no I/O.
    pub fn new(settings: Settings) -> Self {
        let mails = Ring::new(settings.keep);
        let faults = Arc::new(FaultBox::new(settings.seed));
        let next_id = AtomicU64::new(1);
        MailService {
            inner: Arc::new(Inner {
                settings,
                mails,
                faults,
                next_id,
            }),
        }
    }

    /// Every HTTP provider under its own paths, which do not collide.
    pub fn router(&self) -> Router {
        let gate_state = Gate {
            faults: Arc::clone(&self.inner.faults),
            voice: in_trouble,
        };
        Router::new()
            .route("/v3/mail/send", post(sendgrid::send))
            .route("/v3/{domain}/messages", post(mailgun::send))
            .route("/email", post(postmark::send))
            .route("/email/batch", post(postmark::send_batch))
            .route("/v2/email/outbound-emails", post(ses::send))
            .layer(DefaultBodyLimit::max(self.inner.settings.body_max_bytes))
            .layer(from_fn_with_state(gate_state, gate))
            .with_state(self.clone())
    }

    /// The SMTP side, sharing mails and faults; serve it on a listener of its own.
    pub fn smtp(&self) -> Smtp {
        Smtp::new(self.clone())
    }

    /// The mails that are kept, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.inner.mails.kept()
    }

    /// How many mails have been accepted, kept or not.
    pub fn mails_accepted(&self) -> u64 {
        self.inner.mails.total()
    }

    /// Replaces the faults; they strike from the next request.
    pub fn set_faults(&self, faults: Faults) {
        self.inner.faults.set(faults);
    }

    /// The faults as they stand, with the counts that are left.
    pub fn faults(&self) -> Faults {
        self.inner.faults.get()
    }

    /// How often each fault has struck, by its name in [`Faults`].
    pub fn faults_struck(&self) -> BTreeMap<&'static str, u64> {
        self.inner.faults.struck()
    }

    /// What these services were set up with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Accepts a mail and returns the id it got.
    fn accept(&self, mut mail: Mail) -> String {
        let number = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        mail.id = format!("{}-{number:012}", mail.provider.label());
        let id = mail.id.clone();
        self.inner.mails.push(mail);
        id
    }

    fn knows_sender(&self, address: &str) -> bool {
        let senders = &self.inner.settings.senders;
        senders.is_empty()
            || senders
                .iter()
                .any(|known| known.eq_ignore_ascii_case(address))
    }

    fn is_inactive(&self, address: &str) -> bool {
        self.inner
            .settings
            .inactive
            .iter()
            .any(|known| known.eq_ignore_ascii_case(address))
    }
}

/// What the provider behind a path says when a fault strikes.
fn in_trouble(path: &str, trouble: Trouble) -> Response {
    match path {
        "/v3/mail/send" => sendgrid::in_trouble(trouble),
        "/v2/email/outbound-emails" => ses::in_trouble(trouble),
        path if path.starts_with("/email") => postmark::in_trouble(trouble),
        _ => mailgun::in_trouble(trouble),
    }
}

/// An answer of JSON, with `Retry-After` where the trouble says so.
fn say(status: axum::http::StatusCode, body: Value, trouble: Option<Trouble>) -> Response {
    use axum::response::IntoResponse;
    let mut response = (status, Json(body)).into_response();
    if let Some(Trouble::Throttled { retry_after_secs }) = trouble {
        response
            .headers_mut()
            .insert("retry-after", retry_after_secs.into());
    }
    response
}

/// Bodies of the services that say `{"message": …}`.
fn message(text: &str) -> Value {
    json!({"message": text})
}
