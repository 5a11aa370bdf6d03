//! Comments: list, read, add.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::Site;
use super::fields::{self, Change};
use super::issues::apply;
use super::payload::Payload;
use super::refusal::Refusal;
use super::ticket::Ticket;

/// Comments on one page unless asked otherwise.
const PAGE: usize = 100;
const PAGE_MAX: usize = 5_000;

type Answer = Result<(StatusCode, Json<Value>), Refusal>;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PageQuery {
    start_at: usize,
    max_results: Option<usize>,
}

pub(super) async fn list(
    State(site): State<Site>,
    Path(key): Path<String>,
    Query(page): Query<PageQuery>,
    headers: HeaderMap,
) -> Answer {
    let ticket = site
        .inner
        .read()
        .find(&key)
        .ok_or_else(Refusal::no_such_ticket)?;
    let max = page.max_results.unwrap_or(PAGE).min(PAGE_MAX);
    let shown: Vec<_> = ticket
        .comments
        .iter()
        .skip(page.start_at)
        .take(max)
        .cloned()
        .collect();
    let mut answer = site.show(&headers).comments(&shown);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("startAt".to_owned(), page.start_at.into());
        answer.insert("maxResults".to_owned(), max.into());
        answer.insert("total".to_owned(), ticket.comments.len().into());
    }
    Ok((StatusCode::OK, Json(answer)))
}

pub(super) async fn read(
    State(site): State<Site>,
    Path((key, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Answer {
    let ticket = site
        .inner
        .read()
        .find(&key)
        .ok_or_else(Refusal::no_such_ticket)?;
    let comment = ticket
        .comments
        .iter()
        .find(|comment| comment.id.to_string() == id);
    let told = format!("Can not find a comment for the id: {id}.");
    let comment = comment.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, &told))?;
    Ok((StatusCode::OK, Json(site.show(&headers).comment(comment))))
}

/// The body of a new comment. Visibility and properties are taken and not kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    #[serde(default)]
    body: Value,
    #[serde(default, rename = "visibility")]
    _visibility: Option<Value>,
    #[serde(default, rename = "properties")]
    _properties: Option<Value>,
}

pub(super) async fn add(
    State(site): State<Site>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Payload(new): Payload<NewComment>,
) -> Answer {
    if site.inner.read().find(&key).is_none() {
        return Err(Refusal::no_such_ticket());
    }
    let text = fields::comment(&new.body, site.dialect)?;
    let mut tickets = site.inner.write();
    let ticket = tickets.find(&key).ok_or_else(Refusal::no_such_ticket)?;
    let mut ticket = Ticket::clone(&ticket);
    apply(
        &mut ticket,
        Change {
            comments: vec![text],
            ..Change::default()
        },
        &mut tickets,
    );
    let answer = ticket
        .comments
        .last()
        .map(|comment| site.show(&headers).comment(comment));
    tickets.replace(ticket);
    Ok((StatusCode::CREATED, Json(answer.unwrap_or_default())))
}
