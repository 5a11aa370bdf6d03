//! Tickets in Jira Cloud (REST v3).
//!
//! Jira has no idempotency key for creation. What keeps a ticket from being made twice is the
//! notice's mark: it becomes a label, and the label can be searched for.

mod config;
mod description;
mod document;
mod words;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Url, header::HeaderName};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

pub use config::{Config, Settings};
use document::Document;

use super::{
    HttpClient, Lookup, Notice, Sink, SinkError, answer::Answer, http_client, page::Page, settings,
};
use crate::domain::delivery::Receipt;

/// Jira refuses 256; others stop one short of its 255, and so do we.
const SUMMARY_UNITS_MAX: usize = 254;
/// A look-up is for one label, so its answer is one short page. Jira may hand out empty pages first.
const SEARCH_PAGES_MAX: usize = 10;

/// Makes tickets in one project.
#[derive(Debug)]
pub(super) struct JiraCloud {
    name: String,
    config: Config,
    http: HttpClient,
}

impl JiraCloud {
    pub(super) fn new(name: String, config: Config, http: HttpClient) -> Self {
        Self { name, config, http }
    }

    async fn ask<B: Serialize + Sync>(&self, path: &str, body: &B) -> Result<Answer, SinkError> {
        let url: Url = settings::below(&self.config.url, path);
        let token = self.config.api_token.expose_secret();
        let request = self
            .http
            .post(&url)
            .basic_auth(&self.config.email, Some(token))
            .json(body);
        http_client::ask(request).await
    }

    fn new_ticket<'a>(&'a self, notice: &'a Notice) -> NewTicket<'a> {
        let page = Page::of(notice);
        let mut labels = vec![notice.mark.as_str()];
        labels.extend(self.config.labels.iter().map(String::as_str));
        NewTicket {
            fields: Fields {
                project: Project {
                    key: &self.config.project,
                },
                issuetype: Named {
                    name: &self.config.issue_type,
                },
                summary: page.headline(SUMMARY_UNITS_MAX),
                description: description::of(&page),
                labels,
                priority: self
                    .config
                    .priorities
                    .get(&notice.severity)
                    .map(|name| Named { name }),
            },
        }
    }

    fn receipt(&self, ticket: Ticket) -> Receipt {
        let url = settings::below(&self.config.browse_url, &format!("/browse/{}", ticket.key));
        Receipt {
            reference: ticket.key,
            url: Some(url.into()),
        }
    }
}

#[async_trait]
impl Sink for JiraCloud {
    fn name(&self) -> &str {
        &self.name
    }

    fn patience(&self) -> Duration {
        self.config.search_lag
    }

    async fn find(&self, notice: &Notice) -> Result<Lookup, SinkError> {
        let mut next = None;
        for _ in 0..SEARCH_PAGES_MAX {
            let search = Search {
                jql: ticket_of(&self.config.project, &notice.mark),
                fields: ["key"],
                max_results: 1,
                next_page_token: next,
            };
            let answer = self
                .ask("/rest/api/3/search/jql", &search)
                .await
                .map_err(SinkError::while_looking)?;
            let found = read_found(&answer)?;
            if let Some(ticket) = found.issues.into_iter().next() {
                return Ok(Lookup::Found(self.receipt(ticket)));
            }
            if found.next_page_token.is_none() || found.is_last == Some(true) {
                return Ok(Lookup::Absent);
            }
            next = found.next_page_token;
        }
        Err(SinkError::Unreachable {
            reason: "Jira's search did not come to an end".to_owned(),
        })
    }

    async fn send(&self, notice: &Notice) -> Result<Receipt, SinkError> {
        let answer = self
            .ask("/rest/api/3/issue", &self.new_ticket(notice))
            .await?;
        if !answer.status.is_success() {
            return Err(words::trouble(&answer));
        }
        match answer.json::<Ticket>() {
            Some(ticket) if ticket.is_plausible() => Ok(self.receipt(ticket)),
            _ => Err(SinkError::Unclear {
                reason: format!("Jira answered {} and named no ticket", answer.status),
            }),
        }
    }
}

/// JQL for the ticket that carries a mark; the first one, should there be several.
fn ticket_of(project: &str, mark: &str) -> String {
    format!(
        "project = {} AND labels = {} ORDER BY created ASC",
        words::quoted(project),
        words::quoted(mark)
    )
}

fn read_found(answer: &Answer) -> Result<Found, SinkError> {
    // With credentials that it does not accept, Jira may answer 200 and search as an anonymous
    // visitor, who sees no tickets; only this header tells (ServiceNow KB2942093).
    let login = HeaderName::from_static("x-seraph-loginreason");
    if answer
        .header(&login)
        .is_some_and(|reason| reason.contains("AUTHENTICAT"))
    {
        return Err(SinkError::Misconfigured {
            reason: "Jira did not accept the e-mail and API token".to_owned(),
        });
    }
    if !answer.status.is_success() {
        return Err(words::trouble(answer).while_looking());
    }
    let unreadable = SinkError::Unreachable {
        reason: format!(
            "Jira answered {} with something that is no search result",
            answer.status
        ),
    };
    match answer.json::<Found>() {
        Some(found) if found.issues.iter().all(Ticket::is_plausible) => Ok(found),
        _ => Err(unreadable),
    }
}

#[derive(Serialize)]
struct NewTicket<'a> {
    fields: Fields<'a>,
}

#[derive(Serialize)]
struct Fields<'a> {
    project: Project<'a>,
    issuetype: Named<'a>,
    summary: String,
    description: Document,
    labels: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Named<'a>>,
}

#[derive(Serialize)]
struct Project<'a> {
    key: &'a str,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    jql: String,
    /// Without it, Jira gives only the numeric id.
    fields: [&'static str; 1],
    max_results: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    issues: Vec<Ticket>,
    next_page_token: Option<String>,
    is_last: Option<bool>,
}

#[derive(Deserialize)]
struct Ticket {
    key: String,
}

impl Ticket {
    /// Whether this can be a ticket's key: it becomes part of a link.
    fn is_plausible(&self) -> bool {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (3..=255).contains(&self.key.len()) && self.key.bytes().all(letters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_searched_for_as_one_value() {
        assert_eq!(
            ticket_of("SEC", "hubwatch-1f3a"),
            r#"project = "SEC" AND labels = "hubwatch-1f3a" ORDER BY created ASC"#
        );
    }
}
