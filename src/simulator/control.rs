//! The control API: what is true, what goes wrong, what has been asked. Plain JSON over HTTP.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{booth::Booth, desk, faults::Faults, shared::Shared, truth::Handle};

/// Moves of the clock longer than this are refused: everything would have expired.
const MAX_ADVANCE_SECS: i64 = 400 * 86_400;
/// Steps of life in one call.
const MAX_STEPS: usize = 100_000;

/// Routes:
///
/// - `GET /faults`, `PUT /faults`: the faults; what a `PUT` does not name goes back to its default
/// - `GET /truth`, `GET /truth/findings?account=&region=`
/// - `POST /clock` `{"advance_secs": n}`, `POST /live` `{"steps": n}`, `POST /sessions/revoke`
/// - `PUT /findings` `{"account": …, "region": …, "finding": {…}}`
/// - `POST /consolidation` `{"account": …, "on": bool}`: switches consolidated control findings and lets
///   everything happen at once that follows from it; `"parts": ["archive"]` or `["write"]` only one half
/// - `GET /stats`
/// - `GET /tickets`, `GET /mails`, `GET /webhooks`: what Jira, the mail services and the webhook
///   receiver hold
/// - `GET`, `PUT /faults/jira`, `/faults/mail`, `/faults/webhook`: their own faults
pub(super) fn router(shared: Arc<Shared>, booth: Booth) -> Router {
    world_router(shared).merge(booth_router(booth))
}

fn booth_router(booth: Booth) -> Router {
    Router::new()
        .route(
            "/tickets",
            get(async |State(booth): State<Booth>| Json(booth.jira.tickets())),
        )
        .route(
            "/mails",
            get(async |State(booth): State<Booth>| Json(booth.mail.mails())),
        )
        .route(
            "/webhooks",
            get(async |State(booth): State<Booth>| Json(booth.webhook.received())),
        )
        .route("/faults/{service}", get(booth_faults).put(set_booth_faults))
        .with_state(booth)
}

async fn booth_faults(State(booth): State<Booth>, Path(service): Path<String>) -> Response {
    match service.as_str() {
        "jira" => Json(booth.jira.faults()).into_response(),
        "mail" => Json(booth.mail.faults()).into_response(),
        "webhook" => Json(booth.webhook.faults()).into_response(),
        _ => refuse(StatusCode::NOT_FOUND, "faults of jira, mail or webhook"),
    }
}

async fn set_booth_faults(
    State(booth): State<Booth>,
    Path(service): Path<String>,
    Json(faults): Json<desk::Faults>,
) -> Response {
    match service.as_str() {
        "jira" => booth.jira.set_faults(faults),
        "mail" => booth.mail.set_faults(faults),
        "webhook" => booth.webhook.set_faults(faults),
        _ => {}
    }
    booth_faults(State(booth), Path(service)).await
}

fn world_router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/faults", get(faults).put(set_faults))
        .route("/truth", get(truth))
        .route("/truth/findings", get(findings))
        .route("/findings", axum::routing::put(put_finding))
        .route("/clock", get(clock).post(advance))
        .route("/live", post(live))
        .route("/sessions/revoke", post(revoke))
        .route("/consolidation", post(consolidate))
        .route("/stats", get(stats))
        .with_state(Handle::new(shared))
}

#[derive(Deserialize)]
struct Scope {
    account: String,
    region: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_secs: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    steps: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    account: String,
    region: String,
    finding: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consolidation {
    account: String,
    on: bool,
    #[serde(default = "both")]
    parts: Vec<Part>,
}

/// What follows from switching consolidated control findings.
#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    Archive,
    Write,
}

fn both() -> Vec<Part> {
    vec![Part::Write, Part::Archive]
}

async fn faults(State(world): State<Handle>) -> Json<Faults> {
    Json(world.faults())
}

async fn set_faults(State(world): State<Handle>, Json(faults): Json<Faults>) -> Json<Faults> {
    world.set_faults(faults);
    Json(world.faults())
}

async fn truth(State(world): State<Handle>) -> Response {
    Json(world.truth()).into_response()
}

async fn findings(State(world): State<Handle>, Query(scope): Query<Scope>) -> Response {
    match world.findings(&scope.account, &scope.region) {
        Some(texts) => {
            let body = format!("[{}]", texts.join(","));
            ([("content-type", "application/json")], body).into_response()
        }
        None => refuse(
            StatusCode::NOT_FOUND,
            "no such account or Region in this simulation",
        ),
    }
}

async fn put_finding(State(world): State<Handle>, Json(put): Json<Put>) -> Response {
    if world.put(&put.account, &put.region, &put.finding) {
        return Json(json!({"stored": true})).into_response();
    }
    refuse(
        StatusCode::UNPROCESSABLE_ENTITY,
        "a finding needs a scope of this simulation, a ProductArn, an Id and a readable UpdatedAt",
    )
}

async fn clock(State(world): State<Handle>) -> Json<Value> {
    Json(json!({"now": world.now().to_string()}))
}

async fn advance(State(world): State<Handle>, Json(advance): Json<Advance>) -> Response {
    if !(0..=MAX_ADVANCE_SECS).contains(&advance.advance_secs) {
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the clock moves forward, by 400 days at most",
        );
    }
    let expired = world.advance(SignedDuration::from_secs(advance.advance_secs));
    Json(json!({"now": world.now().to_string(), "expired": expired})).into_response()
}

async fn live(State(world): State<Handle>, Json(steps): Json<Steps>) -> Response {
    if steps.steps > MAX_STEPS {
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "at most 100000 steps at a time",
        );
    }
    world.live_steps(steps.steps);
    Json(json!({"findings": world.truth().findings})).into_response()
}

async fn revoke(State(world): State<Handle>) -> Json<Value> {
    Json(json!({"revoked": world.revoke_sessions()}))
}

async fn consolidate(
    State(world): State<Handle>,
    Json(Consolidation { account, on, parts }): Json<Consolidation>,
) -> Json<Value> {
    let switched = world.consolidate(&account, on);
    let (mut written, mut archived) = (0, 0);
    for part in parts {
        match part {
            Part::Write => written += world.write_renewed(&account),
            Part::Archive => archived += world.archive_outdated(&account),
        }
    }
    Json(json!({"switched": switched, "written": written, "archived": archived}))
}

async fn stats(State(world): State<Handle>) -> Response {
    Json(world.stats()).into_response()
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({"error": reason}))).into_response()
}
