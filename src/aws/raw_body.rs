//! The response deserializer that keeps the body.
//!
//! The SDK's typed `GetFindings` output drops fields that are newer than the SDK, refuses values
//! that are off the model, and costs eight times the CPU of scanning the bytes. So the SDK resolves,
//! signs, sends and reads errors, and only the reading of a successful answer is replaced.

use std::sync::{Arc, OnceLock};

use aws_sdk_securityhub::operation::get_findings::GetFindingsOutput;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeDeserializationInterceptorContextMut,
                BeforeDeserializationInterceptorContextRef, Error, Output,
            },
        },
        orchestrator::{HttpResponse, OrchestratorError},
        runtime_components::RuntimeComponents,
        ser_de::{DeserializeResponse, SharedResponseDeserializer},
    },
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream, config_bag::ConfigBag};
use bytes::Bytes;

use super::bounds::{Room, Taken};

/// Keeps the body of one call. Give a clone to the call as its interceptor, and take the body once
/// it has succeeded. For one attempt only: a second answer would not replace the first.
#[derive(Debug, Clone)]
pub(super) struct RawBody {
    room: Room,
    kept: Arc<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    body: OnceLock<SdkBody>,
    place: OnceLock<Taken>,
}

impl RawBody {
    /// A body that finds its place in `room`.
    pub(super) fn new(room: &Room) -> Self {
        Self {
            room: room.clone(),
            kept: Arc::default(),
        }
    }

    /// The body, byte for byte; `None` if no success was answered. Nothing is copied: the body is
    /// in memory by now, and it is shared.
    pub(super) async fn take(&self) -> Option<Bytes> {
        let body = self.kept.body.get()?.try_clone()?;
        let whole = ByteStream::new(body).collect().await.ok()?.into_bytes();
        let place = self.kept.place.get().cloned();
        Some(match place {
            Some(place) => place.kept_by(whole),
            None => whole,
        })
    }
}

impl Intercept for RawBody {
    fn name(&self) -> &'static str {
        "RawBody"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let (bounded, place) = self.room.bound(response.take_body());
        *response.body_mut() = bounded;
        self.kept
            .place
            .set(place)
            .map_err(|_| "a body was kept already".into())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Errors keep the SDK's own reader.
        if context.response().status().is_success() {
            cfg.interceptor_state()
                .store_put(SharedResponseDeserializer::new(self.clone()));
        }
        Ok(())
    }
}

impl DeserializeResponse for RawBody {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _cfg: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        // The SDK has put the whole body into memory by now, so it can be shared.
        let body = response
            .body()
            .try_clone()
            .ok_or_else(|| OrchestratorError::other("the body is not in memory"))?;
        // A second attempt, which we never make, would find the slot taken.
        self.kept
            .body
            .set(body)
            .map_err(|_| OrchestratorError::other("a body was kept already"))?;
        // `.send()` wants its own type back; nobody looks at it.
        Ok(Output::erase(
            GetFindingsOutput::builder()
                .set_findings(Some(Vec::new()))
                .build(),
        ))
    }
}
