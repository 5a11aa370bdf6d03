//! The one way out over HTTP: time-outs, user agent, TLS, bounded answers.

use std::{error::Error, time::Duration};

use reqwest::{Client, RequestBuilder, Response, Url, redirect, retry};

use super::{SinkError, answer::Answer, text};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const WHOLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Every answer that we understand is far shorter.
const BODY_BYTES_MAX: usize = 64 * 1_024;
const REASON_UNITS_MAX: usize = 500;

/// A connection pool that every sink shares. Clones are cheap and share it too.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
}

impl HttpClient {
    /// Fails only when the machine has no usable TLS set-up, as
    /// [`Misconfigured`](SinkError::Misconfigured).
    pub fn new() -> Result<Self, SinkError> {
        Self::with_timeouts(CONNECT_TIMEOUT, WHOLE_TIMEOUT)
    }

    pub(super) fn with_timeouts(connect: Duration, whole: Duration) -> Result<Self, SinkError> {
        // A redirected or silently repeated request could land twice, or carry a secret to a host
        // that nobody configured.
        let built = Client::builder()
            .user_agent(concat!("hubwatch/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .timeout(whole)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .build();
        match built {
            Ok(client) => Ok(Self { client }),
            Err(error) => Err(SinkError::Misconfigured {
                reason: format!("cannot set up HTTP: {}", reason(error)),
            }),
        }
    }

    pub(super) fn post(&self, url: &Url) -> RequestBuilder {
        self.client.post(url.clone())
    }
}

/// Sends one request. The error is [`Unreachable`](SinkError::Unreachable) if nothing was sent and
/// [`Unclear`](SinkError::Unclear) otherwise. Any status is an answer.
pub(super) async fn ask(request: RequestBuilder) -> Result<Answer, SinkError> {
    match request.send().await {
        Ok(response) => Ok(read(response).await),
        // The connection was never made: name, address, or TLS.
        Err(error) if error.is_connect() || error.is_builder() => Err(SinkError::Unreachable {
            reason: reason(error),
        }),
        Err(error) => Err(SinkError::Unclear {
            reason: reason(error),
        }),
    }
}

/// A body that stops half-way is kept as far as it came: the status has already been said, and
/// half a JSON document does not parse.
async fn read(mut response: Response) -> Answer {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = BODY_BYTES_MAX - body.len();
        body.extend(chunk.iter().take(room));
        if body.len() == BODY_BYTES_MAX {
            break;
        }
    }
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body,
    }
}

/// The error and what caused it, without the URL.
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    text::one_line(&words, REASON_UNITS_MAX)
}
