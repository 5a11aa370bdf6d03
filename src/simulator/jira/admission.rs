//! Who may come in, and how often.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tokio::time::Instant;

use super::refusal::{Refusal, throttled};
use super::{Dialect, Site};
use crate::simulator::desk::{Limit, Taken, basic, bearer, same_secret};

/// Checks credentials, then rates, then lets the request through and says what is left.
pub(super) async fn admit(State(site): State<Site>, request: Request, next: Next) -> Response {
    if !site.admits(request.headers()) {
        return refuse_credentials(site.dialect);
    }
    let limits = site.inner.settings.limits;
    let path = request.uri().path();
    let write = ![Method::GET, Method::HEAD].contains(request.method());
    if let (true, Some(limit), Some(key)) = (write, limits.per_ticket_writes, ticket_in(path)) {
        let taken = site
            .inner
            .buckets
            .take(&format!("ticket {key}"), limit, Instant::now());
        if let Taken::Wait(_) = taken {
            return limited(&site, limit, taken, "jira-per-issue-on-write");
        }
    }
    let Some(limit) = limits.per_endpoint else {
        return next.run(request).await;
    };
    let endpoint = format!("{} {}", request.method(), endpoint_of(path));
    match site.inner.buckets.take(&endpoint, limit, Instant::now()) {
        taken @ Taken::Wait(_) => limited(&site, limit, taken, "jira-burst-based"),
        taken @ Taken::Yes { .. } => {
            let mut response = next.run(request).await;
            say_rate(response.headers_mut(), &site, limit, taken);
            response
        }
    }
}

impl Site {
    fn admits(&self, headers: &HeaderMap) -> bool {
        match self.dialect {
            Dialect::Cloud => basic(headers).is_some_and(|(user, token)| {
                user.eq_ignore_ascii_case(&self.inner.settings.email)
                    && same_secret(&token, &self.token)
            }),
            Dialect::DataCenter => {
                bearer(headers).is_some_and(|token| same_secret(token, &self.token))
            }
        }
    }
}

fn refuse_credentials(dialect: Dialect) -> Response {
    let mut response = Refusal::unauthorized().into_response();
    let challenge = match dialect {
        Dialect::Cloud => "OAuth realm=\"http://localhost\"",
        Dialect::DataCenter => "Bearer realm=\"jira\"",
    };
    let headers = response.headers_mut();
    headers.insert("www-authenticate", HeaderValue::from_static(challenge));
    headers.insert(
        "x-seraph-loginreason",
        HeaderValue::from_static("AUTHENTICATED_FAILED"),
    );
    response
}

fn limited(site: &Site, limit: Limit, taken: Taken, reason: &'static str) -> Response {
    let mut response = throttled();
    let headers = response.headers_mut();
    say_rate(headers, site, limit, taken);
    headers.insert("retry-after", HeaderValue::from(wait_secs(taken).max(1)));
    if site.dialect == Dialect::Cloud {
        headers.insert("ratelimit-reason", HeaderValue::from_static(reason));
    }
    response
}

/// The headers of each Jira: Cloud says when the bucket resets, Data Center how fast it fills
/// ("Adjusting your code for rate limiting", confluence.atlassian.com/adminjiraserver).
fn say_rate(headers: &mut HeaderMap, site: &Site, limit: Limit, taken: Taken) {
    let remaining = match taken {
        Taken::Yes { remaining } => remaining,
        Taken::Wait(_) => 0,
    };
    headers.insert("x-ratelimit-limit", HeaderValue::from(limit.burst));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(remaining));
    match site.dialect {
        Dialect::Cloud => {
            let wait = i64::try_from(wait_secs(taken).max(1)).unwrap_or(1);
            let reset = Timestamp::now()
                .checked_add(jiff::SignedDuration::from_secs(wait))
                .unwrap_or(Timestamp::MAX);
            let reset = reset.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            if let Ok(reset) = HeaderValue::from_str(&reset) {
                headers.insert("x-ratelimit-reset", reset);
            }
            if remaining <= limit.burst / 5 {
                headers.insert("x-ratelimit-nearlimit", HeaderValue::from_static("true"));
            }
        }
        Dialect::DataCenter => {
            headers.insert(
                "x-ratelimit-interval-seconds",
                HeaderValue::from_static("1"),
            );
            headers.insert("x-ratelimit-fillrate", HeaderValue::from(limit.per_second));
        }
    }
}

/// Whole seconds, rounded up.
fn wait_secs(taken: Taken) -> u64 {
    match taken {
        Taken::Yes { .. } => 0,
        Taken::Wait(wait) => wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
    }
}

/// The ticket a path is about.
fn ticket_in(path: &str) -> Option<String> {
    let mut segments = path
        .split('/')
        .skip_while(|segment| *segment != "issue")
        .skip(1);
    let key = segments.next()?;
    key.chars()
        .any(|c| c.is_ascii_digit())
        .then(|| key.to_ascii_uppercase())
}

/// The path with keys and ids left out, so that one endpoint has one name.
fn endpoint_of(path: &str) -> String {
    let plain = |segment: &str| !segment.chars().any(|c| c.is_ascii_digit());
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| if plain(segment) { segment } else { "*" })
        .collect();
    segments.join("/")
}
