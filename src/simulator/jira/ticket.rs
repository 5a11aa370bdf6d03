//! A ticket as the store holds it and as tests inspect it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::settings::{Category, Status};
use super::text::Text;

/// One ticket.
#[derive(Clone, Debug, Serialize)]
pub struct Ticket {
    /// Its number in this Jira.
    pub id: u64,
    /// Project and number, such as `SEC-7`.
    pub key: String,
    /// The project's key.
    pub project: String,
    /// The issue type's name.
    pub issue_type: String,
    /// One line.
    pub summary: String,
    /// The description as text, without formatting.
    pub description_text: String,
    /// The description as it was given: a document, or markup.
    pub description: Value,
    /// Labels in the order given.
    pub labels: Vec<String>,
    /// The priority's name.
    pub priority: Option<String>,
    /// The status's name.
    pub status: String,
    /// Whether the status counts as done.
    pub done: bool,
    /// The resolution's name, once done.
    pub resolution: Option<String>,
    /// When it was resolved.
    pub resolved: Option<Timestamp>,
    /// Every other field that was set, as given.
    pub other: BTreeMap<String, Value>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// Issue properties.
    pub properties: BTreeMap<String, Value>,
    /// Links to other tickets.
    pub links: Vec<Link>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// What somebody said about a ticket.
#[derive(Clone, Debug, Serialize)]
pub struct Comment {
    /// Its number in this Jira.
    pub id: u64,
    /// The comment as text, without formatting.
    pub text: String,
    /// The comment as it was given: a document, or markup.
    pub body: Value,
    /// When it was said.
    pub created: Timestamp,
}

/// One end of a link between two tickets.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// Its number in this Jira, the same at both ends.
    pub id: u64,
    /// The link type's name, such as `Duplicate`.
    pub link_type: String,
    /// The ticket at the other end.
    pub other_key: String,
    /// Whether the other end is the outward one: this ticket "duplicates" that one.
    pub outward: bool,
}

impl Ticket {
    pub(super) fn description(&self) -> Text {
        Text::stored(&self.description, &self.description_text)
    }

    pub(super) fn set_description(&mut self, text: &Text) {
        self.description = text.given();
        self.description_text = text.plain().to_owned();
    }

    /// Puts the ticket into a status. A done status needs a resolution, any other clears it.
    pub(super) fn move_to(&mut self, status: &Status, resolution: Option<&str>, now: Timestamp) {
        self.status = status.name.clone();
        self.done = status.category == Category::Done;
        self.updated = now;
        if self.done {
            self.resolution = resolution.map(str::to_owned);
            self.resolved = Some(now);
        } else {
            self.resolution = None;
            self.resolved = None;
        }
    }
}
