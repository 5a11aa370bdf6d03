//! Searching: `/search/jql` with page tokens on Cloud, `/search` with offsets on Data Center.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Site;
use super::jql::parse;
use super::payload::Payload;
use super::refusal::Refusal;
use super::render::Asked;

/// Tickets on one page unless asked otherwise.
const PAGE: usize = 50;
/// Tickets on one page when only ids are asked for (Atlassian OpenAPI).
const PAGE_OF_IDS_MAX: usize = 5_000;
/// Tickets on one page with fields, on Cloud.
const PAGE_MAX: usize = 100;
/// Tickets on one page on Data Center (`jira.search.views.default.max`).
const PAGE_DATA_CENTER_MAX: usize = 1_000;
/// Ids that `reconcileIssues` takes (Atlassian OpenAPI).
const RECONCILED_MAX: usize = 50;
/// How long a page token lives (Atlassian OpenAPI).
const TOKEN_LIFE_SECS: i64 = 7 * 86_400;

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn cloud_routes() -> Router<Site> {
    Router::new()
        .route("/search/jql", get(cloud_by_query).post(cloud_by_body))
        .route("/search", get(removed).post(removed))
}

pub(super) fn data_center_routes() -> Router<Site> {
    Router::new().route(
        "/search",
        get(data_center_by_query).post(data_center_by_body),
    )
}

/// Removed in 2025 (CHANGE-2046).
async fn removed() -> Refusal {
    let told = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql \
                API. A full migration guideline is available at \
                https://developer.atlassian.com/changelog/#CHANGE-2046";
    Refusal::new(StatusCode::GONE, told)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct CloudSearch {
    jql: String,
    next_page_token: Option<String>,
    max_results: Option<usize>,
    fields: Vec<String>,
    reconcile_issues: Vec<u64>,
    expand: Option<String>,
    properties: Vec<String>,
    fields_by_keys: bool,
    fail_fast: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct DataCenterSearch {
    jql: String,
    start_at: usize,
    max_results: Option<usize>,
    fields: Vec<String>,
    expand: Value,
    validate_query: Value,
    properties: Vec<String>,
    fields_by_keys: bool,
}

async fn cloud_by_body(
    State(site): State<Site>,
    headers: HeaderMap,
    Payload(search): Payload<CloudSearch>,
) -> Answer {
    cloud(&site, &headers, &search)
}

async fn cloud_by_query(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut search = CloudSearch::default();
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "jql" => search.jql = value,
            "nextPageToken" => search.next_page_token = Some(value),
            "maxResults" => search.max_results = Some(number(&name, &value)?),
            "fields" => search.fields.push(value),
            "reconcileIssues" => {
                for id in value.split(',') {
                    search.reconcile_issues.push(number(&name, id)?);
                }
            }
            _ => {}
        }
    }
    cloud(&site, &headers, &search)
}

fn cloud(site: &Site, headers: &HeaderMap, search: &CloudSearch) -> Answer {
    let settings = &site.inner.settings;
    let query = parse(&search.jql, settings).map_err(|told| Refusal::bad_request(&told))?;
    if !query.is_bounded() {
        let told = "Unbounded JQL queries are not allowed here. Please add a search restriction to \
                    your query.";
        return Err(Refusal::bad_request(told));
    }
    if search.reconcile_issues.len() > RECONCILED_MAX {
        return Err(Refusal::bad_request(
            "reconcileIssues takes up to 50 issue ids.",
        ));
    }
    let seal = seal(search);
    let start = match &search.next_page_token {
        None => 0,
        Some(token) => open_token(token, seal).ok_or_else(|| {
            Refusal::bad_request("The nextPageToken is invalid, expired or of another query.")
        })?,
    };
    let ids_only = search.fields.is_empty() || search.fields == ["id"];
    let page_max = if ids_only { PAGE_OF_IDS_MAX } else { PAGE_MAX };
    let max = search.max_results.unwrap_or(PAGE).clamp(1, page_max);
    known_keys(site, &query.keys())?;
    let found = {
        let mut tickets = site.inner.write();
        query.run(&tickets.searchable(&search.reconcile_issues), settings)
    };
    let show = site.show(headers);
    let asked = Asked::read(&search.fields, Asked::All);
    let issues: Vec<Value> = found
        .iter()
        .skip(start)
        .take(max)
        .map(|ticket| match ids_only {
            true => json!({"id": ticket.id.to_string()}),
            false => show.ticket(ticket, &asked),
        })
        .collect();
    let next = start.saturating_add(issues.len());
    let mut answer = json!({"issues": issues, "isLast": next >= found.len()});
    if let (true, Some(answer)) = (next < found.len(), answer.as_object_mut()) {
        answer.insert("nextPageToken".to_owned(), json!(token(next, seal)));
    }
    Ok(Json(answer))
}

async fn data_center_by_body(
    State(site): State<Site>,
    headers: HeaderMap,
    Payload(search): Payload<DataCenterSearch>,
) -> Answer {
    data_center(&site, &headers, &search)
}

async fn data_center_by_query(
    State(site): State<Site>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut search = DataCenterSearch::default();
    for (name, value) in pairs(query.as_deref()) {
        match name.as_str() {
            "jql" => search.jql = value,
            "startAt" => search.start_at = number(&name, &value)?,
            "maxResults" => search.max_results = Some(number(&name, &value)?),
            "fields" => search.fields.push(value),
            _ => {}
        }
    }
    data_center(&site, &headers, &search)
}

fn data_center(site: &Site, headers: &HeaderMap, search: &DataCenterSearch) -> Answer {
    let settings = &site.inner.settings;
    let query = parse(&search.jql, settings).map_err(|told| Refusal::bad_request(&told))?;
    known_keys(site, &query.keys())?;
    let max = search.max_results.unwrap_or(PAGE).min(PAGE_DATA_CENTER_MAX);
    let found = {
        let mut tickets = site.inner.write();
        query.run(&tickets.searchable(&[]), settings)
    };
    let show = site.show(headers);
    let asked = Asked::read(&search.fields, Asked::All);
    let page = found.iter().skip(search.start_at).take(max);
    let issues: Vec<Value> = page.map(|ticket| show.ticket(ticket, &asked)).collect();
    Ok(Json(json!({
        "expand": "schema,names",
        "startAt": search.start_at,
        "maxResults": max,
        "total": found.len(),
        "issues": issues,
    })))
}

fn known_keys(site: &Site, keys: &[&str]) -> Result<(), Refusal> {
    let tickets = site.inner.read();
    match keys.iter().find(|key| tickets.find(key).is_none()) {
        Some(key) => {
            let told = format!("An issue with key '{key}' does not exist for field 'key'.");
            Err(Refusal::bad_request(&told))
        }
        None => Ok(()),
    }
}

/// What must stay the same from page to page.
fn seal(search: &CloudSearch) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&search.jql, &search.fields, &search.reconcile_issues).hash(&mut hasher);
    hasher.finish()
}

fn token(start: usize, seal: u64) -> String {
    let expires = Timestamp::now().as_second().saturating_add(TOKEN_LIFE_SECS);
    URL_SAFE_NO_PAD.encode(format!("{start}.{seal}.{expires}"))
}

fn open_token(token: &str, expected: u64) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, rest) = text.split_once('.')?;
    let (seal, expires) = rest.split_once('.')?;
    let fresh = expires.parse::<i64>().ok()? > Timestamp::now().as_second();
    (fresh && seal.parse::<u64>().ok()? == expected).then(|| start.parse().ok())?
}

fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect()
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Refusal> {
    let told = format!("The value '{value}' of '{name}' is not a number.");
    value.parse().map_err(|_| Refusal::bad_request(&told))
}
