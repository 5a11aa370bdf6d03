//! A pretend Jira: Cloud (REST v3) and Data Center (REST v2) over one store of tickets.
//!
//! Knows what Jira checks and how it says no: credentials, projects, issue types, required fields,
//! documents, lengths, labels, JQL, rates; and that search lags behind what has been written.
//! Does not know who writes tickets or why, and reads them with nobody's parser but its own.

mod adf;
mod admission;
mod comments;
mod fields;
mod issues;
mod jql;
mod links;
mod meta;
mod payload;
mod refusal;
mod render;
mod search;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod ticket;
mod transitions;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use jiff::Timestamp;

pub use settings::{
    Category, CustomField, FieldKind, IssueType, Limits, Project, Settings, Status,
};
pub use ticket::{Comment, Link, Ticket};

use super::desk::{Buckets, FaultBox, Faults, Gate, gate};
use store::Tickets;

/// A handle to one pretend Jira. Clones share the same tickets and faults.
#[derive(Clone, Debug)]
pub struct Jira {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    tickets: RwLock<Tickets>,
    faults: Arc<FaultBox>,
    buckets: Buckets,
}

/// Which Jira is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// REST v3, with documents in ADF.
    Cloud,
    /// REST v2, with wiki markup.
    DataCenter,
}

/// One way in: what is spoken there and which token opens it.
#[derive(Clone)]
struct Site {
    inner: Arc<Inner>,
    dialect: Dialect,
    token: String,
}

impl Jira {
    /// A Jira without tickets. Does no I/O.
    pub fn new(settings: Settings) -> Self {
        let tickets = RwLock::new(Tickets::new(settings.search_lag));
        let faults = Arc::new(FaultBox::new(settings.seed));
        Jira {
            inner: Arc::new(Inner {
                settings,
                tickets,
                faults,
                buckets: Buckets::default(),
            }),
        }
    }

    /// Cloud under `/rest/api/3`, the same behind the gateway for scoped tokens under
    /// `/ex/jira/{cloud_id}/rest/api/3`, and Data Center under `/rest/api/2`.
    pub fn router(&self) -> Router {
        let settings = &self.inner.settings;
        let gateway = format!("/ex/jira/{}/rest/api/3", settings.cloud_id);
        Router::new()
            .nest(
                "/rest/api/3",
                self.site(Dialect::Cloud, &settings.api_token),
            )
            .nest(
                &gateway,
                self.site(Dialect::Cloud, &settings.scoped_api_token),
            )
            .nest(
                "/rest/api/2",
                self.site(Dialect::DataCenter, &settings.personal_access_token),
            )
    }

    fn site(&self, dialect: Dialect, token: &str) -> Router {
        let site = Site {
            inner: Arc::clone(&self.inner),
            dialect,
            token: token.to_owned(),
        };
        let gate_state = Gate {
            faults: Arc::clone(&self.inner.faults),
            voice: refusal::Refusal::in_trouble,
        };
        let searches = match dialect {
            Dialect::Cloud => search::cloud_routes(),
            Dialect::DataCenter => search::data_center_routes(),
        };
        searches
            .merge(issue_routes())
            .merge(meta::routes())
            .fallback(refusal::no_such_path)
            .layer(DefaultBodyLimit::max(self.inner.settings.body_max_bytes))
            .layer(from_fn_with_state(site.clone(), admission::admit))
            .layer(from_fn_with_state(gate_state, gate))
            .with_state(site)
    }

    /// Every ticket there is, by id. Sees everything at once, whatever the search lag.
    pub fn tickets(&self) -> Vec<Ticket> {
        self.inner
            .read()
            .all()
            .map(|ticket| Ticket::clone(ticket))
            .collect()
    }

    /// One ticket by its key.
    pub fn ticket(&self, key: &str) -> Option<Ticket> {
        self.inner
            .read()
            .find(key)
            .map(|ticket| Ticket::clone(&ticket))
    }

    /// How many tickets there are.
    pub fn ticket_count(&self) -> usize {
        self.inner.read().len()
    }

    /// How many tickets have ever been made, deleted ones included.
    pub fn tickets_made(&self) -> u64 {
        self.inner.read().made()
    }

    /// Moves a ticket as a person would in a browser: to a status by name, with a resolution.
    /// Returns false if there is no such ticket or status.
    pub fn set_status(&self, key: &str, status: &str, resolution: Option<&str>) -> bool {
        let Some(status) = self.inner.settings.status(status).cloned() else {
            return false;
        };
        let mut tickets = self.inner.write();
        let Some(ticket) = tickets.find(key) else {
            return false;
        };
        let mut ticket = Ticket::clone(&ticket);
        ticket.move_to(&status, resolution, Timestamp::now());
        tickets.replace(ticket);
        true
    }

    /// Replaces a ticket's labels as a person would. Returns false if there is no such ticket.
    pub fn set_labels(&self, key: &str, labels: &[&str]) -> bool {
        let mut tickets = self.inner.write();
        let Some(ticket) = tickets.find(key) else {
            return false;
        };
        let mut ticket = Ticket::clone(&ticket);
        ticket.labels = labels.iter().map(|label| (*label).to_owned()).collect();
        ticket.updated = Timestamp::now();
        tickets.replace(ticket);
        true
    }

    /// Deletes a ticket as a person would. Returns false if there is no such ticket.
    pub fn delete(&self, key: &str) -> bool {
        self.inner.write().remove(key)
    }

    /// How long a write stays invisible to searches from now on.
    pub fn set_search_lag(&self, lag: Duration) {
        self.inner.write().set_search_lag(lag);
    }

    /// Replaces the faults; they strike from the next request.
    pub fn set_faults(&self, faults: Faults) {
        self.inner.faults.set(faults);
    }

    /// The faults as they stand, with the counts that are left.
    pub fn faults(&self) -> Faults {
        self.inner.faults.get()
    }

    /// How often each fault has struck, by its name in [`Faults`].
    pub fn faults_struck(&self) -> BTreeMap<&'static str, u64> {
        self.inner.faults.struck()
    }

    /// What this Jira was set up with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }
}

impl Inner {
    fn read(&self) -> RwLockReadGuard<'_, Tickets> {
        self.tickets.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tickets> {
        self.tickets.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn issue_routes() -> Router<Site> {
    Router::new()
        .route("/issue", post(issues::create))
        .route("/issue/bulk", post(issues::create_many))
        .route(
            "/issue/{key}",
            get(issues::read).put(issues::edit).delete(issues::delete),
        )
        .route(
            "/issue/{key}/comment",
            get(comments::list).post(comments::add),
        )
        .route("/issue/{key}/comment/{id}", get(comments::read))
        .route(
            "/issue/{key}/transitions",
            get(transitions::list).post(transitions::make),
        )
        .route("/issue/{key}/properties", get(links::properties))
        .route(
            "/issue/{key}/properties/{name}",
            get(links::property)
                .put(links::set_property)
                .delete(links::delete_property),
        )
        .route("/issueLink", post(links::link))
}
