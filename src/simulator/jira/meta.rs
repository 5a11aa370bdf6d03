//! What a Jira says about itself: create metadata, the user, permissions, projects, priorities.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::render::{Show, instant};
use super::settings::{CustomField, FieldKind, IssueType};
use super::{Dialect, Site};

/// Entries on one page of create metadata unless asked otherwise.
const PAGE: usize = 50;

type Answer = Result<Json<Value>, Refusal>;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/issue/createmeta/{project}/issuetypes", get(issue_types))
        .route("/issue/createmeta/{project}/issuetypes/{id}", get(fields))
        .route("/myself", get(myself))
        .route("/mypermissions", get(permissions))
        .route("/project/{key}", get(project))
        .route("/serverInfo", get(server_info))
        .route("/priority", get(priorities))
        .route("/resolution", get(resolutions))
        .route("/status", get(statuses))
        .route("/field", get(all_fields))
        .route("/issueLinkType", get(link_types))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageQuery {
    start_at: usize,
    max_results: Option<usize>,
}

/// One page in the shape of each Jira: Cloud names its list, Data Center calls it `values`.
fn page(dialect: Dialect, name: &str, all: Vec<Value>, query: &PageQuery) -> Json<Value> {
    let (total, max) = (all.len(), query.max_results.unwrap_or(PAGE).clamp(1, 200));
    let shown: Vec<Value> = all.into_iter().skip(query.start_at).take(max).collect();
    let last = query.start_at.saturating_add(shown.len()) >= total;
    let mut answer = Map::new();
    for (name, number) in [
        ("maxResults", max),
        ("startAt", query.start_at),
        ("total", total),
    ] {
        answer.insert(name.to_owned(), json!(number));
    }
    match dialect {
        Dialect::Cloud => {
            answer.insert(name.to_owned(), Value::Array(shown));
        }
        Dialect::DataCenter => {
            answer.insert("isLast".to_owned(), json!(last));
            answer.insert("values".to_owned(), Value::Array(shown));
        }
    }
    Json(Value::Object(answer))
}

async fn issue_types(
    State(site): State<Site>,
    Path(project): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Answer {
    let settings = &site.inner.settings;
    settings
        .project(&project)
        .ok_or_else(|| Refusal::no_such_project(&project))?;
    let show = site.show(&headers);
    let kinds = settings
        .issue_types
        .iter()
        .map(|kind| show.issue_type(&kind.name))
        .collect();
    Ok(page(site.dialect, "issueTypes", kinds, &query))
}

async fn fields(
    State(site): State<Site>,
    Path((project, id)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Answer {
    let settings = &site.inner.settings;
    settings
        .project(&project)
        .ok_or_else(|| Refusal::no_such_project(&project))?;
    let kind = settings.issue_types.iter().find(|kind| kind.id == id);
    let told = "Issue type is not valid for the project.";
    let kind = kind.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, told))?;
    let fields = create_fields(&site.show(&headers), &project, kind);
    Ok(page(site.dialect, "fields", fields, &query))
}

/// Everything that can be set on a new ticket.
fn create_fields(show: &Show<'_>, project: &str, kind: &IssueType) -> Vec<Value> {
    let settings = show.settings;
    let priorities: Value = settings
        .priorities
        .iter()
        .map(|name| show.priority(Some(name)))
        .collect();
    let components: Value = settings
        .components
        .iter()
        .filter_map(|name| settings.component(name))
        .map(|(id, name)| json!({"id": id, "name": name}))
        .collect();
    let issue_types = json!([show.issue_type(&kind.name)]);
    let projects = json!([show.project(project)]);
    let mut fields = vec![
        system("summary", "Summary", "string", true, Value::Null),
        system("issuetype", "Issue Type", "issuetype", true, issue_types),
        system("project", "Project", "project", true, projects),
        system("reporter", "Reporter", "user", false, Value::Null),
        system("description", "Description", "string", false, Value::Null),
        system("labels", "Labels", "array", false, Value::Null),
        system("priority", "Priority", "priority", false, priorities),
        system("assignee", "Assignee", "user", false, Value::Null),
        system("duedate", "Due date", "date", false, Value::Null),
        system("environment", "Environment", "string", false, Value::Null),
        system("components", "Components", "array", false, components),
        system("parent", "Parent", "issuelink", false, Value::Null),
    ];
    fields.extend(settings.custom_fields.iter().map(custom));
    fields
}

fn system(id: &str, name: &str, kind: &str, required: bool, allowed: Value) -> Value {
    let mut schema = json!({"type": kind, "system": id});
    if let (true, Some(schema)) = (kind == "array", schema.as_object_mut()) {
        let items = if id == "labels" {
            "string"
        } else {
            "component"
        };
        schema.insert("items".to_owned(), json!(items));
    }
    described(id, name, required, schema, allowed)
}

fn custom(field: &CustomField) -> Value {
    let digits = field.id.strip_prefix("customfield_").unwrap_or_default();
    let kind = "com.atlassian.jira.plugin.system.customfieldtypes";
    let (schema, allowed) = match &field.kind {
        FieldKind::Text => (
            json!({"type": "string", "custom": format!("{kind}:textfield")}),
            None,
        ),
        FieldKind::Paragraph => (
            json!({"type": "string", "custom": format!("{kind}:textarea")}),
            None,
        ),
        FieldKind::Number => (
            json!({"type": "number", "custom": format!("{kind}:float")}),
            None,
        ),
        FieldKind::Date => (
            json!({"type": "date", "custom": format!("{kind}:datepicker")}),
            None,
        ),
        FieldKind::Labels => {
            let custom = format!("{kind}:labels");
            (
                json!({"type": "array", "items": "string", "custom": custom}),
                None,
            )
        }
        FieldKind::Select(options) => (
            json!({"type": "option", "custom": format!("{kind}:select")}),
            Some(options),
        ),
        FieldKind::MultiSelect(options) => {
            let custom = format!("{kind}:multiselect");
            (
                json!({"type": "array", "items": "option", "custom": custom}),
                Some(options),
            )
        }
    };
    let mut schema = schema;
    if let (Some(schema), Ok(id)) = (schema.as_object_mut(), digits.parse::<u64>()) {
        schema.insert("customId".to_owned(), json!(id));
    }
    let allowed = allowed.map_or(Value::Null, |options| {
        options
            .iter()
            .map(|option| json!({"value": option}))
            .collect()
    });
    described(&field.id, &field.name, field.required, schema, allowed)
}

fn described(id: &str, name: &str, required: bool, schema: Value, allowed: Value) -> Value {
    let operations = match schema.get("type").and_then(Value::as_str) {
        Some("array") => json!(["add", "set", "remove"]),
        _ => json!(["set"]),
    };
    let mut field = json!({
        "fieldId": id,
        "key": id,
        "name": name,
        "required": required,
        "hasDefaultValue": id == "priority" || id == "reporter",
        "operations": operations,
        "schema": schema,
    });
    if let (false, Some(field)) = (allowed.is_null(), field.as_object_mut()) {
        field.insert("allowedValues".to_owned(), allowed);
    }
    field
}

async fn myself(State(site): State<Site>, headers: HeaderMap) -> Json<Value> {
    Json(site.show(&headers).user())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PermissionsQuery {
    permissions: Option<String>,
    project_key: Option<String>,
}

/// Permissions that are answered when none is asked for, which Data Center allows.
const PERMISSIONS: &[&str] = &[
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "ADD_COMMENTS",
    "TRANSITION_ISSUES",
    "RESOLVE_ISSUES",
    "LINK_ISSUES",
    "ASSIGN_ISSUES",
    "DELETE_ISSUES",
];

async fn permissions(State(site): State<Site>, Query(query): Query<PermissionsQuery>) -> Answer {
    let settings = &site.inner.settings;
    if let Some(key) = query
        .project_key
        .as_deref()
        .filter(|key| settings.project(key).is_none())
    {
        return Err(Refusal::no_such_project(key));
    }
    let asked: Vec<&str> = match (&query.permissions, site.dialect) {
        (Some(names), _) => names.split(',').map(str::trim).collect(),
        (None, Dialect::DataCenter) => PERMISSIONS.to_vec(),
        (None, Dialect::Cloud) => {
            let told = "The 'permissions' query parameter is required.";
            return Err(Refusal::bad_request(told));
        }
    };
    if let Some(name) = asked.iter().find(|name| !PERMISSIONS.contains(name)) {
        return Err(Refusal::bad_request(&format!(
            "Unrecognized permission: {name}"
        )));
    }
    let mut permissions = Map::new();
    for name in asked {
        let permission = json!({
            "key": name,
            "name": name,
            "type": "PROJECT",
            "havePermission": settings.may(name),
        });
        permissions.insert(name.to_owned(), permission);
    }
    Ok(Json(json!({"permissions": permissions})))
}

async fn project(State(site): State<Site>, Path(key): Path<String>, headers: HeaderMap) -> Answer {
    let settings = &site.inner.settings;
    let project = settings
        .project(&key)
        .ok_or_else(|| Refusal::no_such_project(&key))?;
    let show = site.show(&headers);
    let mut shown = show.project(&project.key);
    if let Some(shown) = shown.as_object_mut() {
        let kinds = settings
            .issue_types
            .iter()
            .map(|kind| show.issue_type(&kind.name));
        shown.insert("issueTypes".to_owned(), kinds.collect());
        shown.insert("lead".to_owned(), show.user());
        let components = settings
            .components
            .iter()
            .filter_map(|name| settings.component(name));
        let components = components.map(|(id, name)| json!({"id": id, "name": name}));
        shown.insert("components".to_owned(), components.collect());
    }
    Ok(Json(shown))
}

async fn server_info(State(site): State<Site>, headers: HeaderMap) -> Json<Value> {
    let (version, numbers, kind) = match site.dialect {
        Dialect::Cloud => ("1001.0.0-SNAPSHOT", json!([1001, 0, 0]), "Cloud"),
        Dialect::DataCenter => ("10.3.12", json!([10, 3, 12]), "Server"),
    };
    Json(json!({
        "baseUrl": site.show(&headers).base,
        "version": version,
        "versionNumbers": numbers,
        "deploymentType": kind,
        "buildNumber": 100_300,
        "serverTime": instant(Timestamp::now()),
        "serverTitle": "Jira",
    }))
}

async fn priorities(State(site): State<Site>, headers: HeaderMap) -> Json<Value> {
    let show = site.show(&headers);
    let names = site.inner.settings.priorities.iter();
    Json(names.map(|name| show.priority(Some(name))).collect())
}

async fn resolutions(State(site): State<Site>, headers: HeaderMap) -> Json<Value> {
    let show = site.show(&headers);
    let names = site.inner.settings.resolutions.iter();
    Json(names.map(|name| show.resolution(Some(name))).collect())
}

async fn statuses(State(site): State<Site>, headers: HeaderMap) -> Json<Value> {
    let show = site.show(&headers);
    Json(
        site.inner
            .settings
            .statuses
            .iter()
            .map(|status| show.status(status))
            .collect(),
    )
}

async fn all_fields(State(site): State<Site>, headers: HeaderMap) -> Json<Value> {
    let show = site.show(&headers);
    let settings = show.settings;
    let (Some(project), Some(kind)) = (settings.projects.first(), settings.issue_types.first())
    else {
        return Json(json!([]));
    };
    let fields = create_fields(&show, &project.key, kind)
        .into_iter()
        .map(|field| {
            let id = field.get("key").and_then(Value::as_str).unwrap_or_default();
            json!({
                "id": id,
                "key": id,
                "name": field.get("name"),
                "custom": id.starts_with("customfield_"),
                "schema": field.get("schema"),
            })
        });
    Json(fields.collect())
}

async fn link_types() -> Json<Value> {
    let types = [
        ("10000", "Blocks", "is blocked by", "blocks"),
        ("10001", "Cloners", "is cloned by", "clones"),
        ("10002", "Duplicate", "is duplicated by", "duplicates"),
        ("10003", "Relates", "relates to", "relates to"),
    ];
    let types = types.map(|(id, name, inward, outward)| {
        json!({"id": id, "name": name, "inward": inward, "outward": outward})
    });
    Json(json!({"issueLinkTypes": types}))
}
