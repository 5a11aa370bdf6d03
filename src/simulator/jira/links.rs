//! Issue properties, and links between tickets.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Site;
use super::fields::{self, Change, named};
use super::issues::apply;
use super::payload::Payload;
use super::refusal::Refusal;
use super::ticket::Ticket;

/// Limits of issue properties (Atlassian OpenAPI; Data Center has the same).
const PROPERTY_NAME_MAX: usize = 255;
const PROPERTY_VALUE_MAX: usize = 32_768;

/// Link types that every new Jira has.
const LINK_TYPES: &[&str] = &["Blocks", "Cloners", "Duplicate", "Relates"];

/// Checks a property's name and the length of its value.
pub(super) fn check_property(name: &str, value: &Value) -> Result<(), Refusal> {
    if name.is_empty() || name.len() > PROPERTY_NAME_MAX {
        return Err(Refusal::bad_request(
            "The property key must be 1 to 255 characters long.",
        ));
    }
    if value.is_null() || value.to_string().len() > PROPERTY_VALUE_MAX {
        let told = "The property value must be a valid, non-empty JSON of up to 32768 characters.";
        return Err(Refusal::bad_request(told));
    }
    Ok(())
}

pub(super) async fn properties(
    State(site): State<Site>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let ticket = site
        .inner
        .read()
        .find(&key)
        .ok_or_else(Refusal::no_such_ticket)?;
    let show = site.show(&headers);
    let keys: Vec<Value> = ticket
        .properties
        .keys()
        .map(|name| {
            let link = show.link(&format!("issue/{}/properties/{name}", ticket.key));
            json!({"key": name, "self": link})
        })
        .collect();
    Ok(Json(json!({"keys": keys})))
}

pub(super) async fn property(
    State(site): State<Site>,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let ticket = site
        .inner
        .read()
        .find(&key)
        .ok_or_else(Refusal::no_such_ticket)?;
    match ticket.properties.get(&name) {
        Some(value) => Ok(Json(json!({"key": name, "value": value}))),
        None => Err(no_such_property(&name)),
    }
}

pub(super) async fn set_property(
    State(site): State<Site>,
    Path((key, name)): Path<(String, String)>,
    Payload(value): Payload<Value>,
) -> Result<StatusCode, Refusal> {
    check_property(&name, &value)?;
    let mut tickets = site.inner.write();
    let ticket = tickets.find(&key).ok_or_else(Refusal::no_such_ticket)?;
    let mut ticket = Ticket::clone(&ticket);
    let before = ticket.properties.insert(name, value);
    tickets.replace(ticket);
    Ok(if before.is_some() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    })
}

pub(super) async fn delete_property(
    State(site): State<Site>,
    Path((key, name)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let mut tickets = site.inner.write();
    let ticket = tickets.find(&key).ok_or_else(Refusal::no_such_ticket)?;
    let mut ticket = Ticket::clone(&ticket);
    ticket
        .properties
        .remove(&name)
        .ok_or_else(|| no_such_property(&name))?;
    tickets.replace(ticket);
    Ok(StatusCode::NO_CONTENT)
}

fn no_such_property(name: &str) -> Refusal {
    let told = format!("The property with key '{name}' does not exist.");
    Refusal::new(StatusCode::NOT_FOUND, &told)
}

/// A link: the inward ticket is the one that "duplicates" or "blocks" the outward one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct NewLink {
    #[serde(rename = "type")]
    link_type: Value,
    inward_issue: Value,
    outward_issue: Value,
    comment: Option<Value>,
}

pub(super) async fn link(
    State(site): State<Site>,
    Payload(new): Payload<NewLink>,
) -> Result<StatusCode, Refusal> {
    let name = named(&new.link_type, &["name"]).unwrap_or_default();
    let Some(name) = LINK_TYPES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
    else {
        let told = format!("No issue link type with name '{name}' found.");
        return Err(Refusal::new(StatusCode::NOT_FOUND, &told));
    };
    let comment = match &new.comment {
        None => None,
        Some(comment) => {
            let body = comment.get("body").unwrap_or(&Value::Null);
            Some(fields::comment(body, site.dialect)?)
        }
    };
    let inward = named(&new.inward_issue, &["key", "id"]).unwrap_or_default();
    let outward = named(&new.outward_issue, &["key", "id"]).unwrap_or_default();
    let mut tickets = site.inner.write();
    if !tickets.link(name, inward, outward) {
        return Err(Refusal::no_such_ticket());
    }
    if let (Some(text), Some(ticket)) = (comment, tickets.find(inward)) {
        let mut ticket = Ticket::clone(&ticket);
        let change = Change {
            comments: vec![text],
            ..Change::default()
        };
        apply(&mut ticket, change, &mut tickets);
        tickets.replace(ticket);
    }
    Ok(StatusCode::CREATED)
}
