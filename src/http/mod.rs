//! What hubwatch serves: metrics, probes, the status page.
//!
//! Knows HTTP, tokens, and how counts become series and pages.
//! Does not know how anything is found out: it reads the store and asks the loops for their health.

mod gauges;
mod pages;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{Registry, TextEncoder};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{domain::Clock, observe::Health, store::Store};

use self::gauges::Gauges;

/// What is served.
#[derive(Debug)]
pub struct Http {
    store: Arc<dyn Store>,
    health: Health,
    registry: Registry,
    gauges: Gauges,
    clock: Clock,
    token: Option<SecretString>,
}

impl Http {
    /// Registers the series that are computed when they are asked for. No metric of theirs has many
    /// more than `max_series`.
    ///
    /// # Errors
    /// A name is registered already.
    pub fn new(
        store: Arc<dyn Store>,
        health: Health,
        registry: Registry,
        clock: Clock,
        token: Option<SecretString>,
        max_series: usize,
    ) -> prometheus::Result<Self> {
        let gauges = Gauges::new(&registry, max_series)?;
        Ok(Self {
            store,
            health,
            registry,
            gauges,
            clock,
            token,
        })
    }

    /// Opens the port.
    ///
    /// # Errors
    /// It is taken, or may not be opened.
    pub async fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(listen).await
    }

    /// Serves until `stop`, then lets requests that are under way finish.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let router = self.router();
        axum::serve(listener, router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
    }

    /// Everything that is served. Probes need no token.
    pub fn router(self) -> Router {
        let shared = Arc::new(self);
        let guarded = Router::new()
            .route("/", get(pages::status))
            .route("/incidents/{id}", get(pages::incident))
            .route("/metrics", get(metrics))
            .layer(middleware::from_fn_with_state(
                Arc::clone(&shared),
                require_token,
            ));
        Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .merge(guarded)
            .with_state(shared)
    }
}

/// Whether two texts are the same. The time it takes tells nothing of where they differ, because
/// digests are compared.
fn same_secret(given: &str, expected: &SecretString) -> bool {
    Sha256::digest(given.as_bytes()) == Sha256::digest(expected.expose_secret().as_bytes())
}

async fn require_token(State(http): State<Arc<Http>>, request: Request, next: Next) -> Response {
    let Some(expected) = &http.token else {
        return next.run(request).await;
    };
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if given.is_some_and(|given| same_secret(given, expected)) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer realm=\"hubwatch\"")];
    (
        StatusCode::UNAUTHORIZED,
        challenge,
        "a bearer token is required\n",
    )
        .into_response()
}

async fn metrics(State(http): State<Arc<Http>>) -> Response {
    let refreshed = http
        .gauges
        .refresh(http.store.as_ref(), &http.health, http.clock.now());
    let series = match refreshed.await {
        Ok(_turn) => http.registry.gather(),
        Err(error) => {
            warn!(%error, "cannot read the counts for metrics");
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store cannot be read\n",
            )
                .into_response();
        }
    };
    match TextEncoder::new().encode_to_string(&series) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            warn!(%error, "cannot write metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Alive: no task of any loop hangs. When not, the process should be started again. Failing is not
/// hanging: a restart mends neither AWS nor a full disk.
async fn livez(State(http): State<Arc<Http>>) -> Response {
    probe(http.health.is_live(), &http)
}

/// Ready: every loop turns, and does what it is for. When not, what is shown may be old. What AWS or
/// a sink refuses is no failure of ours: coverage and deliveries tell of it.
async fn readyz(State(http): State<Arc<Http>>) -> Response {
    probe(http.health.is_ready(), &http)
}

/// The answer names loops only; reasons may quote what is not for everybody.
fn probe(good: bool, http: &Http) -> Response {
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut text = String::from(if good { "ok\n" } else { "not ok\n" });
    for report in http.health.report() {
        let how = match (report.turning, report.succeeding) {
            (true, true) => "ok",
            (true, false) => "failing",
            (false, _) => "stuck",
        };
        text.push_str(&format!("{}: {how}\n", report.name));
    }
    (status, text).into_response()
}
