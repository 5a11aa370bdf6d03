//! The door every request passes, where faults strike before and after the work.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use http_body::Frame;

use super::{Fault, FaultBox, Faults};

/// What a service has to say when a fault strikes; each says it in its own shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Unauthorized,
    Throttled { retry_after_secs: u64 },
    Failed(StatusCode),
    Refused,
}

/// A service's faults, and its voice: the answer to a path in trouble.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) faults: Arc<FaultBox>,
    pub(crate) voice: fn(&str, Trouble) -> Response,
}

/// Lets a request through unless a fault says otherwise. Install with `from_fn_with_state`.
pub(crate) async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let faults = gate.faults.get();
    let write = is_write(&request);
    if faults.writes_only && !write {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    if gate.faults.strikes(Fault::Slow) {
        tokio::time::sleep(Duration::from_millis(faults.slow_ms)).await;
    }
    if let Some(trouble) = before(&gate.faults, &faults, write) {
        return (gate.voice)(&path, trouble);
    }
    let response = next.run(request).await;
    if !write || !response.status().is_success() {
        return response;
    }
    if gate.faults.strikes(Fault::SlowAfter) {
        tokio::time::sleep(Duration::from_millis(faults.slow_ms)).await;
    }
    if gate.faults.strikes(Fault::LoseAnswer) {
        return Response::new(Body::new(CutBody));
    }
    if gate.faults.strikes(Fault::FailAfter) {
        return (gate.voice)(&path, Trouble::Failed(fail_status(&faults)));
    }
    response
}

fn before(dice: &FaultBox, faults: &Faults, write: bool) -> Option<Trouble> {
    if dice.strikes(Fault::RefuseCredentials) {
        return Some(Trouble::Unauthorized);
    }
    if dice.strikes(Fault::Throttle) {
        return Some(Trouble::Throttled {
            retry_after_secs: faults.retry_after_secs,
        });
    }
    if dice.strikes(Fault::FailBefore) {
        return Some(Trouble::Failed(fail_status(faults)));
    }
    if write && dice.strikes(Fault::Refuse) {
        return Some(Trouble::Refused);
    }
    None
}

fn is_write(request: &Request) -> bool {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    !reads && !request.uri().path().contains("/search")
}

fn fail_status(faults: &Faults) -> StatusCode {
    StatusCode::from_u16(faults.fail_status)
        .ok()
        .filter(StatusCode::is_server_error)
        .unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// A body that breaks before its first byte. The server has not flushed the head by then, so the
/// peer sees the connection close without any answer.
struct CutBody;

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
    }
}
