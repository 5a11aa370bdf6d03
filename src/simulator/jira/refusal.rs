//! How Jira says no.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::simulator::desk::Trouble;

/// An answer in Jira's error shape: messages about the request, and messages by field.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    messages: Vec<String>,
    errors: BTreeMap<String, String>,
    /// Not Jira's: the reason in a header, because `INVALID_INPUT` alone helps nobody.
    reason: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: &str) -> Self {
        let messages = vec![message.to_owned()];
        Refusal {
            status,
            messages,
            errors: BTreeMap::new(),
            reason: None,
        }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Refusal::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn field(field: &str, message: &str) -> Self {
        Refusal::fields(BTreeMap::from([(field.to_owned(), message.to_owned())]))
    }

    pub(super) fn fields(errors: BTreeMap<String, String>) -> Self {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            messages: Vec::new(),
            errors,
            reason: None,
        }
    }

    pub(super) fn invalid_input(reason: &str) -> Self {
        Refusal {
            reason: Some(reason.to_owned()),
            ..Refusal::bad_request("INVALID_INPUT")
        }
    }

    pub(super) fn invalid_payload(reason: &str) -> Self {
        let told = "Invalid request payload. Refer to the REST API documentation and try again.";
        Refusal {
            reason: Some(reason.to_owned()),
            ..Refusal::bad_request(told)
        }
    }

    pub(super) fn no_such_ticket() -> Self {
        let told = "Issue does not exist or you do not have permission to see it.";
        Refusal::new(StatusCode::NOT_FOUND, told)
    }

    pub(super) fn no_such_project(key: &str) -> Self {
        let told = format!("No project could be found with key '{key}'.");
        Refusal::new(StatusCode::NOT_FOUND, &told)
    }

    pub(super) fn unauthorized() -> Self {
        let told = "Client must be authenticated to access this resource.";
        Refusal::new(StatusCode::UNAUTHORIZED, told)
    }

    /// The errors by field, to be joined with those of other fields.
    pub(super) fn into_errors(self) -> Result<BTreeMap<String, String>, Refusal> {
        if self.messages.is_empty() {
            Ok(self.errors)
        } else {
            Err(self)
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The body alone, as the bulk answers embed it.
    pub(super) fn body(&self) -> Value {
        json!({"errorMessages": self.messages, "errors": self.errors})
    }

    /// What this Jira says when a fault strikes.
    pub(super) fn in_trouble(_path: &str, trouble: Trouble) -> Response {
        match trouble {
            Trouble::Unauthorized => Refusal::unauthorized().into_response(),
            Trouble::Throttled { retry_after_secs } => {
                let mut response = throttled();
                let wait = HeaderValue::from(retry_after_secs);
                response.headers_mut().insert("retry-after", wait);
                response.headers_mut().insert(
                    "ratelimit-reason",
                    HeaderValue::from_static("jira-burst-based"),
                );
                response
            }
            Trouble::Failed(status) => {
                Refusal::new(status, "Internal server error").into_response()
            }
            Trouble::Refused => Refusal::invalid_input("refused by a fault").into_response(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let reason = self
            .reason
            .as_deref()
            .map(str::escape_default)
            .map(|text| text.to_string());
        if let Some(reason) = reason.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert("x-simulator-reason", reason);
        }
        response
    }
}

/// An answer of 429 without the headers that say why.
pub(super) fn throttled() -> Response {
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded.").into_response()
}

pub(super) async fn no_such_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "HTTP 404 Not Found")
}
