//! Request bodies and query strings, read strictly.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::simulator::desk::header;

/// A JSON body that holds exactly what `T` knows.
pub(super) struct Payload<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Payload<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = header(request.headers(), "content-type").unwrap_or_default();
        if !kind.starts_with("application/json") {
            let told = "Unsupported Media Type";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, told));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                Refusal::new(rejection.status(), "The request body could not be read.")
            })?;
        serde_json::from_slice(&body)
            .map(Payload)
            .map_err(|why| Refusal::invalid_payload(&why.to_string()))
    }
}
