//! Moving a ticket from one status to another.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Site;
use super::fields::{self, Wanted};
use super::issues::apply;
use super::payload::Payload;
use super::refusal::Refusal;
use super::settings::Status;
use super::ticket::Ticket;
use crate::simulator::desk::Fault;

impl Site {
    /// Every status can be reached from every other; the transition has the status's name.
    fn reachable<'a>(&'a self, ticket: &'a Ticket) -> impl Iterator<Item = (String, &'a Status)> {
        let statuses = self.inner.settings.statuses.iter().enumerate();
        statuses
            .map(|(position, status)| ((position * 10 + 11).to_string(), status))
            .filter(|(_, status)| status.name != ticket.status)
    }
}

pub(super) async fn list(
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
    let transitions: Vec<Value> = site
        .reachable(&ticket)
        .map(|(id, status)| {
            json!({
                "id": id,
                "name": status.name,
                "to": show.status(status),
                "hasScreen": false,
                "isGlobal": true,
                "isInitial": false,
                "isAvailable": true,
                "isConditional": false,
            })
        })
        .collect();
    Ok(Json(
        json!({"expand": "transitions", "transitions": transitions}),
    ))
}

/// Moves a ticket, with a resolution and comments if they are given. The transition must be one
/// that the ticket has now: one that leads to where it already is, is refused.
pub(super) async fn make(
    State(site): State<Site>,
    Path(key): Path<String>,
    Payload(wanted): Payload<Wanted>,
) -> Result<StatusCode, Refusal> {
    if site.inner.read().find(&key).is_none() {
        return Err(Refusal::no_such_ticket());
    }
    if site.inner.faults.strikes(Fault::Conflict) {
        let told = "The issue was changed by somebody else at the same time.";
        return Err(Refusal::new(StatusCode::CONFLICT, told));
    }
    let id = wanted
        .transition
        .as_ref()
        .and_then(|transition| transition.get("id"));
    let id = match id {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(Refusal::bad_request("Missing 'transition' identifier")),
    };
    let mut change = fields::check(&wanted, &site.inner.settings, site.dialect)?;
    let mut tickets = site.inner.write();
    let ticket = tickets.find(&key).ok_or_else(Refusal::no_such_ticket)?;
    let Some((_, status)) = site.reachable(&ticket).find(|(known, _)| *known == id) else {
        let told = format!("Transition id '{id}' is not valid for this issue.");
        return Err(Refusal::bad_request(&told));
    };
    let resolution = change.resolution.take();
    let first = site.inner.settings.resolutions.first().cloned();
    let resolution = resolution.or(first);
    let mut moved = Ticket::clone(&ticket);
    apply(&mut moved, change, &mut tickets);
    moved.move_to(status, resolution.as_deref(), Timestamp::now());
    tickets.replace(moved);
    Ok(StatusCode::NO_CONTENT)
}
