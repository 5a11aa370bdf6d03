//! Tickets: create, create many, read, edit, delete.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Site;
use super::fields::{self, Change, LabelChange, Wanted, named};
use super::links::check_property;
use super::payload::Payload;
use super::refusal::Refusal;
use super::render::{Asked, Show};
use super::store::Tickets;
use super::ticket::{Comment, Ticket};
use crate::simulator::desk::header;

/// Tickets in one bulk create (Atlassian OpenAPI).
const BULK_MAX: usize = 50;

type Answer = Result<(StatusCode, Json<Value>), Refusal>;

impl Site {
    /// How tickets are shown to whoever sent these headers.
    pub(super) fn show(&self, headers: &HeaderMap) -> Show<'_> {
        let host = header(headers, "host").unwrap_or("localhost");
        Show {
            settings: &self.inner.settings,
            dialect: self.dialect,
            base: format!("http://{host}"),
        }
    }

    fn create_one(&self, wanted: &Wanted, show: &Show<'_>) -> Result<Value, Refusal> {
        let settings = &self.inner.settings;
        let mut errors = fields::missing(wanted, settings);
        let project = wanted
            .fields
            .get("project")
            .and_then(|it| named(it, &["key", "id"]));
        let project = project.and_then(|project| settings.project(project));
        let change = match fields::check(wanted, settings, self.dialect) {
            Ok(change) => change,
            Err(refusal) => {
                if let Some(project) = project {
                    self.inner.write().take_number(&project.key);
                }
                errors.extend(refusal.into_errors()?);
                Change::default()
            }
        };
        wanted
            .properties
            .iter()
            .try_for_each(|it| check_property(&it.key, &it.value))?;
        let (Some(project), true) = (project, errors.is_empty()) else {
            return Err(Refusal::fields(errors));
        };
        let mut tickets = self.inner.write();
        let mut ticket = self.new_ticket(&mut tickets, &project.key);
        for property in &wanted.properties {
            ticket
                .properties
                .insert(property.key.clone(), property.value.clone());
        }
        apply(&mut ticket, change, &mut tickets);
        let answer = show.created(&ticket);
        tickets.add(ticket);
        Ok(answer)
    }

    fn new_ticket(&self, tickets: &mut Tickets, project: &str) -> Ticket {
        let settings = &self.inner.settings;
        let now = Timestamp::now();
        Ticket {
            id: tickets.take_id(),
            key: format!("{project}-{}", tickets.take_number(project)),
            project: project.to_owned(),
            issue_type: String::new(),
            summary: String::new(),
            description_text: String::new(),
            description: Value::Null,
            labels: Vec::new(),
            priority: settings.default_priority().map(str::to_owned),
            status: settings
                .statuses
                .first()
                .map(|it| it.name.clone())
                .unwrap_or_default(),
            done: false,
            resolution: None,
            resolved: None,
            other: Default::default(),
            comments: Vec::new(),
            properties: Default::default(),
            links: Vec::new(),
            created: now,
            updated: now,
        }
    }
}

/// Makes a checked change to a ticket.
pub(super) fn apply(ticket: &mut Ticket, change: Change, tickets: &mut Tickets) {
    if let Some(issue_type) = change.issue_type {
        ticket.issue_type = issue_type;
    }
    if let Some(summary) = change.summary {
        ticket.summary = summary;
    }
    if let Some(description) = change.description {
        ticket.set_description(&description);
    }
    if let Some(priority) = change.priority {
        ticket.priority = priority;
    }
    for step in change.labels {
        match step {
            LabelChange::Set(labels) => ticket.labels = labels,
            LabelChange::Add(label) if ticket.labels.contains(&label) => {}
            LabelChange::Add(label) => ticket.labels.push(label),
            LabelChange::Remove(label) => ticket.labels.retain(|other| *other != label),
        }
    }
    ticket.other.extend(change.other);
    for text in change.comments {
        let created = Timestamp::now();
        let id = tickets.take_id();
        let comment = Comment {
            id,
            text: text.plain().to_owned(),
            body: text.given(),
            created,
        };
        ticket.comments.push(comment);
    }
    ticket.updated = Timestamp::now();
}

pub(super) async fn create(
    State(site): State<Site>,
    headers: HeaderMap,
    Payload(wanted): Payload<Wanted>,
) -> Answer {
    let answer = site.create_one(&wanted, &site.show(&headers))?;
    Ok((StatusCode::CREATED, Json(answer)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Many {
    issue_updates: Vec<Value>,
}

/// Creates what can be created and reports the rest by its position. The answer is 201 if any
/// ticket was made, otherwise 400.
pub(super) async fn create_many(
    State(site): State<Site>,
    headers: HeaderMap,
    Payload(many): Payload<Many>,
) -> Answer {
    if many.issue_updates.is_empty() || many.issue_updates.len() > BULK_MAX {
        return Err(Refusal::bad_request(
            "The number of issues must be between 1 and 50.",
        ));
    }
    let show = site.show(&headers);
    let (mut issues, mut errors) = (Vec::new(), Vec::new());
    for (position, wanted) in many.issue_updates.into_iter().enumerate() {
        let made = serde_json::from_value::<Wanted>(wanted)
            .map_err(|why| Refusal::invalid_payload(&why.to_string()))
            .and_then(|wanted| site.create_one(&wanted, &show));
        match made {
            Ok(issue) => issues.push(issue),
            Err(refusal) => errors.push(json!({
                "status": refusal.status().as_u16(),
                "elementErrors": refusal.body(),
                "failedElementNumber": position,
            })),
        }
    }
    let status = if issues.is_empty() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(json!({"issues": issues, "errors": errors}))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ReadQuery {
    fields: String,
    properties: String,
}

pub(super) async fn read(
    State(site): State<Site>,
    Path(key): Path<String>,
    Query(query): Query<ReadQuery>,
    headers: HeaderMap,
) -> Answer {
    let ticket = site
        .inner
        .read()
        .find(&key)
        .ok_or_else(Refusal::no_such_ticket)?;
    let asked = Asked::read(&[query.fields], Asked::All);
    let mut shown = site.show(&headers).ticket(&ticket, &asked);
    if let (false, Some(shown)) = (query.properties.is_empty(), shown.as_object_mut()) {
        let wanted: Vec<&str> = query.properties.split(',').collect();
        let properties: serde_json::Map<_, _> = ticket
            .properties
            .iter()
            .filter(|(name, _)| wanted.contains(&"*all") || wanted.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        shown.insert("properties".to_owned(), Value::Object(properties));
    }
    Ok((StatusCode::OK, Json(shown)))
}

pub(super) async fn edit(
    State(site): State<Site>,
    Path(key): Path<String>,
    Payload(wanted): Payload<Wanted>,
) -> Result<StatusCode, Refusal> {
    if site.inner.read().find(&key).is_none() {
        return Err(Refusal::no_such_ticket());
    }
    if wanted.fields.contains_key("project") {
        let told =
            "Field 'project' cannot be set. It is not on the appropriate screen, or unknown.";
        return Err(Refusal::field("project", told));
    }
    let change = fields::check(&wanted, &site.inner.settings, site.dialect)?;
    wanted
        .properties
        .iter()
        .try_for_each(|it| check_property(&it.key, &it.value))?;
    let mut tickets = site.inner.write();
    let ticket = tickets.find(&key).ok_or_else(Refusal::no_such_ticket)?;
    let mut ticket = Ticket::clone(&ticket);
    for property in wanted.properties {
        ticket.properties.insert(property.key, property.value);
    }
    apply(&mut ticket, change, &mut tickets);
    tickets.replace(ticket);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete(
    State(site): State<Site>,
    Path(key): Path<String>,
) -> Result<StatusCode, Refusal> {
    let deleted = site.inner.write().remove(&key);
    if deleted {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Refusal::no_such_ticket())
    }
}
