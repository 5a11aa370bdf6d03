//! Tickets as Jira shows them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::settings::{Settings, Status};
use super::ticket::{Comment, Ticket};
use super::{Dialect, text::Text};

/// What stands around a ticket when it is shown.
pub(super) struct Show<'a> {
    pub(super) settings: &'a Settings,
    pub(super) dialect: Dialect,
    /// Such as `http://127.0.0.1:8080`.
    pub(super) base: String,
}

/// Which fields were asked for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    All,
    Some {
        names: Vec<String>,
        without: Vec<String>,
    },
}

impl Asked {
    /// Reads names such as `summary`, `*all`, `*navigable` and `-comment`; none is `otherwise`.
    pub(super) fn read(names: &[String], otherwise: Asked) -> Asked {
        let names: Vec<&str> = names
            .iter()
            .flat_map(|name| name.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            return otherwise;
        }
        let without = names.iter().filter_map(|name| name.strip_prefix('-'));
        let without: Vec<String> = without.map(str::to_owned).collect();
        let all = names.iter().all(|name| name.starts_with('-'))
            || names.contains(&"*all")
            || names.contains(&"*navigable");
        if all && without.is_empty() {
            return Asked::All;
        }
        let names = if all {
            vec!["*all".to_owned()]
        } else {
            names.iter().map(|it| (*it).to_owned()).collect()
        };
        Asked::Some { names, without }
    }

    fn wants(&self, field: &str) -> bool {
        match self {
            Asked::All => true,
            Asked::Some { names, without } => {
                names.iter().any(|name| name == field || name == "*all")
                    && !without.iter().any(|name| name == field)
            }
        }
    }
}

impl Show<'_> {
    /// A ticket with the fields that were asked for.
    pub(super) fn ticket(&self, ticket: &Ticket, asked: &Asked) -> Value {
        let mut fields = self.fields(ticket);
        fields.retain(|name, _| asked.wants(name));
        json!({
            "expand": "renderedFields,names,schema,operations,editmeta,changelog",
            "id": ticket.id.to_string(),
            "key": ticket.key,
            "self": self.link(&format!("issue/{}", ticket.id)),
            "fields": fields,
        })
    }

    /// What a create answers.
    pub(super) fn created(&self, ticket: &Ticket) -> Value {
        json!({
            "id": ticket.id.to_string(),
            "key": ticket.key,
            "self": self.link(&format!("issue/{}", ticket.id)),
        })
    }

    fn fields(&self, ticket: &Ticket) -> Map<String, Value> {
        let mut fields = Map::new();
        for field in &self.settings.custom_fields {
            fields.insert(field.id.clone(), Value::Null);
        }
        for (name, value) in &ticket.other {
            fields.insert(name.clone(), value.clone());
        }
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("summary", json!(ticket.summary));
        put("description", ticket.description().shown(self.dialect));
        put("labels", json!(ticket.labels));
        put("issuetype", self.issue_type(&ticket.issue_type));
        put("project", self.project(&ticket.project));
        put("priority", self.priority(ticket.priority.as_deref()));
        put(
            "status",
            self.settings
                .status(&ticket.status)
                .map_or(Value::Null, |it| self.status(it)),
        );
        put("resolution", self.resolution(ticket.resolution.as_deref()));
        put(
            "resolutiondate",
            ticket.resolved.map_or(Value::Null, |at| json!(instant(at))),
        );
        put("created", json!(instant(ticket.created)));
        put("updated", json!(instant(ticket.updated)));
        put("creator", self.user());
        if !ticket.other.contains_key("reporter") {
            put("reporter", self.user());
        }
        if !ticket.other.contains_key("assignee") {
            put("assignee", Value::Null);
        }
        put("comment", self.comments(&ticket.comments));
        put("issuelinks", self.links(ticket));
        fields
    }

    pub(super) fn comments(&self, comments: &[Comment]) -> Value {
        let shown: Vec<Value> = comments
            .iter()
            .map(|comment| self.comment(comment))
            .collect();
        json!({
            "comments": shown,
            "startAt": 0,
            "maxResults": comments.len(),
            "total": comments.len(),
        })
    }

    pub(super) fn comment(&self, comment: &Comment) -> Value {
        json!({
            "self": self.link(&format!("comment/{}", comment.id)),
            "id": comment.id.to_string(),
            "author": self.user(),
            "updateAuthor": self.user(),
            "body": Text::stored(&comment.body, &comment.text).shown(self.dialect),
            "created": instant(comment.created),
            "updated": instant(comment.created),
        })
    }

    fn links(&self, ticket: &Ticket) -> Value {
        let shown = ticket.links.iter().map(|link| {
            let side = if link.outward {
                "outwardIssue"
            } else {
                "inwardIssue"
            };
            json!({
                "id": link.id.to_string(),
                "type": {"name": link.link_type},
                side: {"key": link.other_key},
            })
        });
        shown.collect()
    }

    pub(super) fn issue_type(&self, name: &str) -> Value {
        let Some(kind) = self.settings.issue_type(name) else {
            return Value::Null;
        };
        json!({
            "self": self.link(&format!("issuetype/{}", kind.id)),
            "id": kind.id,
            "name": kind.name,
            "subtask": false,
        })
    }

    pub(super) fn project(&self, key: &str) -> Value {
        let Some(project) = self.settings.project(key) else {
            return Value::Null;
        };
        let id = self.settings.project_id(project);
        json!({
            "self": self.link(&format!("project/{id}")),
            "id": id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
        })
    }

    pub(super) fn priority(&self, name: Option<&str>) -> Value {
        let Some((id, name)) = name.and_then(|name| self.settings.priority(name)) else {
            return Value::Null;
        };
        json!({"self": self.link(&format!("priority/{id}")), "id": id, "name": name})
    }

    pub(super) fn resolution(&self, name: Option<&str>) -> Value {
        let Some((id, name)) = name.and_then(|name| self.settings.resolution(name)) else {
            return Value::Null;
        };
        json!({"self": self.link(&format!("resolution/{id}")), "id": id, "name": name})
    }

    pub(super) fn status(&self, status: &Status) -> Value {
        json!({
            "self": self.link(&format!("status/{}", status.id)),
            "id": status.id,
            "name": status.name,
            "statusCategory": {
                "id": status.category.id(),
                "key": status.category.key(),
                "name": status.category.name(),
            },
        })
    }

    /// The one user there is.
    pub(super) fn user(&self) -> Value {
        let email = &self.settings.email;
        let mut user = json!({
            "emailAddress": email,
            "displayName": "hubwatch",
            "active": true,
            "timeZone": "Etc/UTC",
        });
        if let Some(user) = user.as_object_mut() {
            match self.dialect {
                Dialect::Cloud => {
                    user.insert("accountId".to_owned(), json!("5b10a2844c20165700ede21g"));
                    user.insert("accountType".to_owned(), json!("atlassian"));
                }
                Dialect::DataCenter => {
                    let name = email.split('@').next().unwrap_or_default();
                    user.insert("name".to_owned(), json!(name));
                    user.insert("key".to_owned(), json!(name));
                }
            }
        }
        user
    }

    pub(super) fn link(&self, rest: &str) -> String {
        let version = match self.dialect {
            Dialect::Cloud => 3,
            Dialect::DataCenter => 2,
        };
        format!("{}/rest/api/{version}/{rest}", self.base)
    }
}

/// As Jira writes instants: `2026-01-31T10:20:30.400+0000`.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
