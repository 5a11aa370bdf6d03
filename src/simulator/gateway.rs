//! The one AWS endpoint: finds out which service is meant, checks the signature, lets fate have its
//! say, and hands the call over.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::State,
    http::{HeaderMap, Request, Response, StatusCode, header, request::Parts},
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{
    answer::{ApiError, Protocol, Reply},
    ec2,
    faults::Fate,
    keychain::Caller,
    locks::read,
    organizations, securityhub,
    shared::Shared,
    sigv4::{self, Authorization},
    sts, wire,
};

/// AWS takes no larger request than this from us.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// A service, as signatures name it, and a call to it.
struct Target {
    protocol: Protocol,
    service: &'static str,
    operation: String,
    form: Vec<(String, String)>,
}

/// Answers one request.
pub(super) async fn answer(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY_BYTES).await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request body too large, or cut off",
        );
    };
    let authorization = Authorization::of(&parts.headers);
    let Some(target) = Target::of(&parts, &body, authorization.as_ref().ok()) else {
        return plain(
            StatusCode::NOT_FOUND,
            "this endpoint plays STS, Organizations, EC2 and Security Hub; sign the request for one of them",
        );
    };
    let fate = fate_of(&shared, &target, authorization.as_ref().ok());
    if fate.slow_millis > 0 {
        tokio::time::sleep(Duration::from_millis(fate.slow_millis)).await;
    }
    let reply = match authorization {
        Ok(authorization) => reply(&shared, &target, &parts, &body, &authorization, &fate),
        Err(refusal) => Err(target.protocol.refused(refusal)),
    };
    let outcome = reply.as_ref().map_or_else(|error| error.code, |_| "ok");
    shared
        .stats
        .count(target.service, &target.operation, outcome);
    let id = shared.request_id();
    match reply {
        Ok(body) if fate.cut => cut(target.protocol.success(&id, Bytes::new()), body),
        Ok(body) => target.protocol.success(&id, body),
        Err(error) => target.protocol.failure(&id, &error),
    }
}

/// What befalls a request, by who signed it.
fn fate_of(shared: &Shared, target: &Target, authorization: Option<&Authorization>) -> Fate {
    let world = read(&shared.world);
    let account = authorization
        .and_then(|authorization| shared.keychain.account_of(&authorization.access_key_id))
        .map_or("", |account| world.account_id(world.scope(account, 0)));
    shared
        .dice
        .roll(&read(&shared.faults), target.service, account)
}

fn reply(
    shared: &Shared,
    target: &Target,
    parts: &Parts,
    body: &[u8],
    authorization: &Authorization,
    fate: &Fate,
) -> Reply {
    let now = sigv4::Now {
        signature: sigv4::machine_time(),
        session: shared.clock.wall(),
    };
    let caller = sigv4::verify(parts, body, authorization, &shared.keychain, now)
        .map_err(|refusal| target.protocol.refused(refusal))?;
    let region = region_of(shared, target, &caller, &authorization.region)?;
    if fate.throttled {
        return Err(target.protocol.throttled());
    }
    if fate.server_error {
        return Err(target.protocol.broken());
    }
    match target.service {
        "sts" => sts::answer(shared, &target.operation, &target.form, &caller),
        "organizations" => organizations::answer(shared, &target.operation, body, &caller),
        "ec2" => ec2::answer(shared, &target.operation, &target.form, &caller, region),
        _ => {
            let call = securityhub::Call {
                uri: &parts.uri,
                body,
                caller: &caller,
                region,
                fate,
            };
            securityhub::answer(shared, &target.operation, &call)
        }
    }
}

/// The Region asked. One that is off for the account does not know the account's keys.
fn region_of(
    shared: &Shared,
    target: &Target,
    caller: &Caller,
    name: &str,
) -> Result<usize, ApiError> {
    let (world, faults) = (read(&shared.world), read(&shared.faults));
    match world.region_position(name) {
        Some(region) if world.region_enabled(caller.account, region, &faults) => Ok(region),
        // Organizations and STS also have a global face, which needs no Region of ours.
        None if matches!(target.service, "organizations" | "sts") => Ok(0),
        _ => Err(target.protocol.region_off()),
    }
}

impl Target {
    /// The service follows from the signature, else from what gives it away.
    fn of(parts: &Parts, body: &[u8], authorization: Option<&Authorization>) -> Option<Self> {
        let signed = authorization.map(|authorization| authorization.service.as_str());
        let amz_target = parts
            .headers
            .get("x-amz-target")
            .and_then(|value| value.to_str().ok());
        let path = parts.uri.path();
        if let Some(operation) = securityhub::operation(&parts.method, path)
            .filter(|_| signed.is_none_or(|service| service == "securityhub"))
        {
            return Some(Self::new(
                Protocol::RestJson,
                "securityhub",
                operation,
                Vec::new(),
            ));
        }
        if let Some(operation) =
            amz_target.and_then(|t| t.strip_prefix("AWSOrganizationsV20161128."))
        {
            return Some(Self::new(
                Protocol::Json11,
                "organizations",
                operation,
                Vec::new(),
            ));
        }
        match signed {
            Some("securityhub") => {
                return Some(Self::new(
                    Protocol::RestJson,
                    "securityhub",
                    "unknown",
                    Vec::new(),
                ));
            }
            Some("sts" | "ec2") | None => {}
            Some(_) => return None,
        }
        let mut form = wire::pairs(parts.uri.query().unwrap_or_default());
        if is_form(&parts.headers) {
            form.extend(wire::form(body));
        }
        let find = |name: &str| {
            form.iter()
                .find(|(found, _)| found == name)
                .map(|(_, v)| v.clone())
        };
        let operation = find("Action")?;
        let ec2 = signed == Some("ec2") || find("Version").as_deref() == Some("2016-11-15");
        Some(if ec2 {
            Self::new(Protocol::Ec2, "ec2", &operation, form)
        } else {
            Self::new(Protocol::Query, "sts", &operation, form)
        })
    }

    fn new(
        protocol: Protocol,
        service: &'static str,
        operation: &str,
        form: Vec<(String, String)>,
    ) -> Self {
        Self {
            protocol,
            service,
            operation: operation.to_owned(),
            form,
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// Promises the whole body, sends half of it, and hangs up.
fn cut(response: Response<Body>, body: Bytes) -> Response<Body> {
    let promised = body.len();
    let half = body.slice(..promised / 2);
    response.map(|_| {
        Body::new(Cut {
            half: Some(half),
            promised,
        })
    })
}

#[derive(Debug)]
struct Cut {
    half: Option<Bytes>,
    promised: usize,
}

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(match self.half.take() {
            Some(half) => Ok(Frame::data(half)),
            None => Err(std::io::Error::other("cut off on purpose")),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.promised).unwrap_or(u64::MAX))
    }
}
