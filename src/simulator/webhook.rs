//! A pretend webhook receiver.
//!
//! Knows how to check a signature, how Slack, Teams and PagerDuty answer, and how to go wrong.
//! Does not know what is in the requests; keeps them as they came.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sha2::Sha256;

use super::desk::{FaultBox, Faults, Gate, Ring, Trouble, gate, header};

/// The set-up of one receiver.
#[derive(Clone)]
pub struct Settings {
    /// Signatures are checked if this is set.
    pub secret: Option<String>,
    /// The header with the HMAC-SHA256 in hexadecimal, after an optional `name=` prefix.
    pub signature_header: String,
    /// The header with the time of signing, in seconds since 1970. The signed text is this
    /// header's value, a full stop, and the body.
    pub timestamp_header: String,
    /// How far the time of signing may be off, in seconds.
    pub tolerance_secs: u64,
    /// How many requests are kept.
    pub keep: usize,
    /// The largest body read.
    pub body_max_bytes: usize,
    /// Seed of the dice that decide faults by chance.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            secret: None,
            signature_header: "x-hubwatch-signature".to_owned(),
            timestamp_header: "x-hubwatch-timestamp".to_owned(),
            tolerance_secs: 300,
            keep: 10_000,
            body_max_bytes: 2 << 20,
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

/// One request that was received and let in.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// The path it came to.
    pub path: String,
    /// Its headers, names in lower case, the last of each name.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
    /// When it came.
    pub at: Timestamp,
}

/// A handle to one receiver. Clones share the same requests and faults.
#[derive(Clone, Debug)]
pub struct Webhook {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    received: Ring<Received>,
    faults: Arc<FaultBox>,
}

impl Webhook {
    /// A receiver that has received nothing. Does no I/O.
    pub fn new(settings: Settings) -> Self {
        let received = Ring::new(settings.keep);
        let faults = Arc::new(FaultBox::new(settings.seed));
        Webhook {
            inner: Arc::new(Inner {
                settings,
                received,
                faults,
            }),
        }
    }

    /// Takes POST on every path. `/v2/enqueue` answers as PagerDuty does, `/services/…` as Slack.
    pub fn router(&self) -> Router {
        let gate_state = Gate {
            faults: Arc::clone(&self.inner.faults),
            voice: in_trouble,
        };
        Router::new()
            .fallback(receive)
            .layer(DefaultBodyLimit::max(self.inner.settings.body_max_bytes))
            .layer(from_fn_with_state(gate_state, gate))
            .with_state(self.clone())
    }

    /// The requests that are kept, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.inner.received.kept()
    }

    /// How many requests have been let in, kept or not.
    pub fn received_count(&self) -> u64 {
        self.inner.received.total()
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

    /// What this receiver was set up with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }
}

async fn receive(
    State(webhook): State<Webhook>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if let Err(why) = verify(&webhook.inner.settings, &headers, &body) {
        return (StatusCode::UNAUTHORIZED, why).into_response();
    }
    let text =
        |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    webhook.inner.received.push(Received {
        path: uri.path().to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        at: Timestamp::now(),
    });
    if uri.path() == "/v2/enqueue" {
        return pager_duty(&body);
    }
    (StatusCode::OK, "ok").into_response()
}

/// PagerDuty Events v2: 202 with the dedup key that it was given or makes up.
fn pager_duty(body: &[u8]) -> Response {
    let sent: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| sent.get(name).and_then(serde_json::Value::as_str);
    if text("routing_key").is_none() || text("event_action").is_none() {
        let answer = json!({"status": "invalid event", "message": "Event object is invalid",
                            "errors": ["'routing_key' or 'event_action' is missing or blank"]});
        return (StatusCode::BAD_REQUEST, axum::Json(answer)).into_response();
    }
    let key = text("dedup_key").unwrap_or("simulated");
    let answer = json!({"status": "success", "message": "Event processed", "dedup_key": key});
    (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
}

fn verify(settings: &Settings, headers: &HeaderMap, body: &[u8]) -> Result<(), &'static str> {
    let Some(secret) = &settings.secret else {
        return Ok(());
    };
    let stamp = header(headers, &settings.timestamp_header).ok_or("no timestamp")?;
    let given = header(headers, &settings.signature_header).ok_or("no signature")?;
    let signed_at: i64 = stamp.parse().map_err(|_| "the timestamp is not a number")?;
    if Timestamp::now().as_second().abs_diff(signed_at) > settings.tolerance_secs {
        return Err("the timestamp is too far off");
    }
    let digits = given.rsplit_once('=').map_or(given, |(_, digits)| digits);
    let given = hex::decode(digits).map_err(|_| "the signature is not hexadecimal")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| "no secret")?;
    mac.update(stamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.verify_slice(&given)
        .map_err(|_| "the signature is wrong")
}

fn in_trouble(_path: &str, trouble: Trouble) -> Response {
    match trouble {
        Trouble::Unauthorized => StatusCode::UNAUTHORIZED.into_response(),
        Trouble::Throttled { retry_after_secs } => {
            let wait = [("retry-after", retry_after_secs.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, wait, "rate_limited").into_response()
        }
        Trouble::Failed(status) => status.into_response(),
        Trouble::Refused => (StatusCode::BAD_REQUEST, "invalid_payload").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::desk::Chance;
    use crate::simulator::desk::testing::serve;

    fn sign(secret: &str, stamp: &str, body: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{stamp}.{body}").as_bytes());
        format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
    }

    #[tokio::test]
    async fn only_what_is_signed_now_is_let_in() {
        let settings = Settings {
            secret: Some("s3cret".to_owned()),
            ..Settings::default()
        };
        let webhook = Webhook::new(settings);
        let served = serve(webhook.router()).await;
        let now = Timestamp::now().as_second();
        let post = async |stamp: i64, secret: &str, body: &'static str| {
            let stamp = stamp.to_string();
            let signature = sign(secret, &stamp, "{}");
            let request = served.client.post(served.url("/hooks/soc")).body(body);
            let request = request.header("x-hubwatch-timestamp", stamp);
            let response = request
                .header("x-hubwatch-signature", signature)
                .send()
                .await;
            response.unwrap().status().as_u16()
        };
        assert_eq!(post(now, "s3cret", "{}").await, 200);
        assert_eq!(post(now, "other", "{}").await, 401);
        assert_eq!(post(now, "s3cret", "{ }").await, 401);
        assert_eq!(post(now - 3_600, "s3cret", "{}").await, 401);
        let bare = served
            .client
            .post(served.url("/hooks/soc"))
            .body("{}")
            .send()
            .await
            .unwrap();
        assert_eq!(bare.status().as_u16(), 401);
        let received = webhook.received();
        assert_eq!(
            (received.len(), received[0].path.as_str()),
            (1, "/hooks/soc")
        );
    }

    #[tokio::test]
    async fn faults_strike_and_a_lost_answer_is_kept() {
        let webhook = Webhook::new(Settings::default());
        let served = serve(webhook.router()).await;
        let throttle = Chance::next(1);
        let lose_answer = Chance::next(1);
        webhook.set_faults(Faults {
            throttle,
            lose_answer,
            retry_after_secs: 7,
            ..Faults::default()
        });
        let post = || {
            served
                .client
                .post(served.url("/services/T/B/x"))
                .body("{}")
                .send()
        };
        let throttled = post().await.unwrap();
        assert_eq!(throttled.headers()["retry-after"], "7");
        assert!(post().await.is_err());
        assert_eq!(post().await.unwrap().text().await.unwrap(), "ok");
        assert_eq!(webhook.received_count(), 2);
        let event = r#"{"routing_key":"k","event_action":"trigger","dedup_key":"d"}"#;
        let paged = served
            .client
            .post(served.url("/v2/enqueue"))
            .body(event)
            .send()
            .await
            .unwrap();
        assert_eq!(paged.status().as_u16(), 202);
        let got = served.client.get(served.url("/x")).send().await.unwrap();
        assert_eq!(got.status().as_u16(), 405);
    }
}
