//! Security Hub on the wire: REST and JSON.
//!
//! Knows the calls, their limits, and how errors read.
//! Does not know how findings come to be.

mod batch;
mod fields;
mod filters;
mod get_findings;
mod hub;
mod prepared;
mod token;

use axum::http::{Method, Uri};
use serde_json::Value;

use super::{
    answer::{ApiError, Protocol, Reply},
    clock,
    faults::Fate,
    keychain::Caller,
    locks::read,
    shared::Shared,
    wire,
};
pub(super) use prepared::Prepared;
use token::Seal;

/// A call to Security Hub, whoever made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) uri: &'a Uri,
    pub(super) body: &'a [u8],
    pub(super) caller: &'a Caller,
    /// Position of the Region asked.
    pub(super) region: usize,
    pub(super) fate: &'a Fate,
}

/// The operation's name.
pub(super) fn operation(method: &Method, path: &str) -> Option<&'static str> {
    if method == Method::GET && path.starts_with(hub::AGGREGATOR) {
        return Some("GetFindingAggregator");
    }
    Some(match (method.as_str(), path) {
        ("POST", "/findings") => "GetFindings",
        ("POST", "/findings/import") => "BatchImportFindings",
        ("PATCH", "/findings/batchupdate") => "BatchUpdateFindings",
        ("GET", "/accounts") => "DescribeHub",
        ("GET", "/members") => "ListMembers",
        ("GET", "/findingAggregator/list") => "ListFindingAggregators",
        _ => return None,
    })
}

/// Answers a call whose signature was good.
pub(super) fn answer(shared: &Shared, operation: &str, call: &Call<'_>) -> Reply {
    check_access(shared, operation, call)?;
    match operation {
        "GetFindings" => get_findings(shared, call),
        "BatchImportFindings" => batch::import(shared, call, &body(call)?),
        "BatchUpdateFindings" => batch::update(shared, call, &body(call)?),
        "DescribeHub" => hub::describe(shared, call),
        "ListMembers" => hub::list_members(shared, call),
        "ListFindingAggregators" => hub::list_aggregators(shared, call),
        "GetFindingAggregator" => hub::get_aggregator(shared, call),
        _ => Err(ApiError::new(404, "UnknownOperationException", "")),
    }
}

fn check_access(shared: &Shared, operation: &str, call: &Call<'_>) -> Result<(), ApiError> {
    let (world, faults) = (read(&shared.world), read(&shared.faults));
    let account = call.caller.account;
    let scope = world.scope(account, call.region);
    if world.denied(account, &faults) && call.caller.assumed {
        return Err(ApiError::new(
            403,
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: securityhub:{operation} on resource: \
                 arn:aws:securityhub:{}:{}:hub/default with an explicit deny in an identity-based policy",
                call.caller.arn,
                world.region_name(scope),
                world.account_id(scope),
            ),
        ));
    }
    let buckets = if operation == "GetFindings" {
        &shared.find_quota
    } else {
        &shared.other_quota
    };
    if !buckets.take(scope, shared.clock.world()) {
        return Err(Protocol::RestJson.throttled());
    }
    if !world.hub_enabled(account, call.region, &faults) {
        return Err(ApiError::new(
            401,
            "InvalidAccessException",
            format!(
                "Account {} is not subscribed to AWS Security Hub",
                world.account_id(scope)
            ),
        ));
    }
    Ok(())
}

fn get_findings(shared: &Shared, call: &Call<'_>) -> Reply {
    let (world, faults) = (read(&shared.world), read(&shared.faults));
    let scope = world.scope(call.caller.account, call.region);
    let view = world.view(call.caller.account, call.region, &faults);
    let now = shared.clock.world();
    // A token that was kept is half as old as tokens may become, at most.
    let period = now / (i64::from(shared.token_lifetime_secs) * clock::SECOND / 2).max(1);
    let version = view.version(&world);
    let prepared = shared
        .prepared
        .key(scope, call.body, version, period, call.fate);
    if let Some(body) = prepared.and_then(|key| shared.prepared.get(key)) {
        return Ok(body);
    }
    let request = body(call)?;
    let seal = Seal {
        seed: world.seed,
        scope,
        query: token::query_of(&request),
        now,
        lifetime_secs: shared.token_lifetime_secs,
    };
    let query = get_findings::Query::read(&request, seal)?;
    let answer = get_findings::answer(&world, &view, &query, seal, call.fate)?;
    if let Some(key) = prepared.filter(|_| !view.is_wide() || answer.len() > 2) {
        shared.prepared.keep(key, answer.clone());
    }
    Ok(answer)
}

/// The body as JSON; an empty one is an empty object.
fn body(call: &Call<'_>) -> Result<Value, ApiError> {
    if call.body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(call.body).map_err(|_| {
        ApiError::new(
            400,
            "InvalidInputException",
            "Request body is not valid JSON",
        )
    })
}

fn invalid_input(message: &str) -> ApiError {
    ApiError::new(400, "InvalidInputException", message)
}

/// A value of the query string.
fn parameter(call: &Call<'_>, name: &str) -> Option<String> {
    wire::pairs(call.uri.query().unwrap_or_default())
        .into_iter()
        .find_map(|(found, value)| (found == name).then_some(value))
}
