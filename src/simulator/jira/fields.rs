//! What a request wants a ticket to be: `fields` and `update`, checked field by field.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Dialect;
use super::refusal::Refusal;
use super::settings::{CustomField, FieldKind, Settings};
use super::text::{Text, java_length};

const SUMMARY_MAX: usize = 255;
const LABEL_MAX: usize = 255;
const LINE_MAX: usize = 255;

/// The body of a create, an edit or a transition.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct Wanted {
    pub(super) fields: Map<String, Value>,
    pub(super) update: Map<String, Value>,
    pub(super) properties: Vec<Property>,
    pub(super) transition: Option<Value>,
    history_metadata: Option<Value>,
}

/// An issue property given with a ticket.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Property {
    pub(super) key: String,
    pub(super) value: Value,
}

/// A request that has been checked.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) issue_type: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) description: Option<Text>,
    pub(super) labels: Vec<LabelChange>,
    pub(super) priority: Option<Option<String>>,
    pub(super) resolution: Option<String>,
    pub(super) other: BTreeMap<String, Value>,
    pub(super) comments: Vec<Text>,
}

/// One step of changing the labels.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LabelChange {
    Set(Vec<String>),
    Add(String),
    Remove(String),
}

/// Checks everything a request wants, and reports what is wrong by field.
pub(super) fn check(
    wanted: &Wanted,
    settings: &Settings,
    dialect: Dialect,
) -> Result<Change, Refusal> {
    let mut reader = Reader {
        settings,
        dialect,
        change: Change::default(),
    };
    let mut errors = BTreeMap::new();
    for (name, value) in &wanted.fields {
        if let Err(refusal) = reader.set(name, value) {
            errors.extend(refusal.into_errors()?);
        }
    }
    for (name, operations) in &wanted.update {
        if let Err(refusal) = reader.update(name, operations) {
            errors.extend(refusal.into_errors()?);
        }
    }
    if errors.is_empty() {
        Ok(reader.change)
    } else {
        Err(Refusal::fields(errors))
    }
}

/// What a create lacks: a project, a type, a summary, a required field.
pub(super) fn missing(wanted: &Wanted, settings: &Settings) -> BTreeMap<String, String> {
    let mut errors = BTreeMap::new();
    let mut lacks = |field: &str, told: &str| errors.insert(field.to_owned(), told.to_owned());
    let given = |name: &str| wanted.fields.get(name).filter(|value| !value.is_null());
    let project = given("project").and_then(|value| named(value, &["key", "id"]));
    if project
        .and_then(|project| settings.project(project))
        .is_none()
    {
        lacks("project", "valid project is required");
    } else if !settings.may("CREATE_ISSUES") {
        lacks("project", "You cannot create issues in this project.");
    }
    if given("issuetype").is_none() {
        lacks("issuetype", "Specify an issue type");
    }
    if given("summary").is_none() && !wanted.update.contains_key("summary") {
        lacks("summary", "You must specify a summary of the issue.");
    }
    for field in settings.custom_fields.iter().filter(|field| field.required) {
        if given(&field.id).is_none_or(is_empty) {
            lacks(&field.id, &format!("{} is required.", field.name));
        }
    }
    errors
}

/// A name or id inside an object such as `{"name": "High"}`.
pub(super) fn named<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| value.get(key)?.as_str())
}

struct Reader<'a> {
    settings: &'a Settings,
    dialect: Dialect,
    change: Change,
}

impl Reader<'_> {
    fn set(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        let settings = self.settings;
        match name {
            // A create has looked the project up already, and an edit cannot move a ticket.
            "project" => {}
            "issuetype" => {
                let kind = named(value, &["id", "name"]).and_then(|kind| settings.issue_type(kind));
                let kind =
                    kind.ok_or_else(|| invalid(name, "The issue type selected is invalid."))?;
                self.change.issue_type = Some(kind.name.clone());
            }
            "summary" => self.change.summary = Some(summary(value)?),
            "description" => {
                self.change.description = Some(Text::read(name, value, self.dialect)?);
            }
            "labels" => self
                .change
                .labels
                .push(LabelChange::Set(labels(name, value)?)),
            "priority" if value.is_null() => self.change.priority = Some(None),
            "priority" => {
                let priority = named(value, &["id", "name"]).and_then(|it| settings.priority(it));
                let (_, priority) =
                    priority.ok_or_else(|| invalid(name, "The priority selected is invalid."))?;
                self.change.priority = Some(Some(priority.to_owned()));
            }
            "resolution" => {
                let known = named(value, &["id", "name"]).and_then(|it| settings.resolution(it));
                let (_, resolution) =
                    known.ok_or_else(|| invalid(name, "The resolution selected is invalid."))?;
                self.change.resolution = Some(resolution.to_owned());
            }
            _ => self.set_other(name, value)?,
        }
        Ok(())
    }

    fn set_other(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        match name {
            "assignee" | "reporter" => user(name, value, self.dialect)?,
            "duedate" => date(name, value)?,
            "environment" => drop(Text::read(name, value, self.dialect)?),
            "parent" => {
                named(value, &["key", "id"]).ok_or_else(|| {
                    invalid(name, "Could not find valid 'id' or 'key' in parent object.")
                })?;
            }
            "components" => {
                let names = value.as_array().into_iter().flatten();
                for component in names.map(|it| named(it, &["id", "name"]).unwrap_or_default()) {
                    if self.settings.component(component).is_none() {
                        let told = format!("Component name '{component}' is not valid");
                        return Err(invalid(name, &told));
                    }
                }
            }
            _ => match self.settings.custom_field(name) {
                Some(field) => custom(field, value, self.dialect)?,
                None => return Err(off_screen(name)),
            },
        }
        self.change.other.insert(name.to_owned(), value.clone());
        Ok(())
    }

    /// `update` names operations: `{"labels": [{"add": "x"}], "comment": [{"add": {…}}]}`.
    fn update(&mut self, name: &str, operations: &Value) -> Result<(), Refusal> {
        let not_operations = || Refusal::invalid_payload("update does not hold operations");
        for operation in operations.as_array().ok_or_else(not_operations)? {
            for (verb, value) in operation.as_object().ok_or_else(not_operations)? {
                self.operate(name, verb, value)?;
            }
        }
        Ok(())
    }

    fn operate(&mut self, name: &str, verb: &str, value: &Value) -> Result<(), Refusal> {
        match (name, verb) {
            (_, "set") => self.set(name, value)?,
            ("labels", "add") => {
                let label = label(name, value)?;
                self.change.labels.push(LabelChange::Add(label));
            }
            ("labels", "remove") => {
                let label = label(name, value)?;
                self.change.labels.push(LabelChange::Remove(label));
            }
            ("comment", "add") => {
                let body = value.get("body").unwrap_or(&Value::Null);
                self.change.comments.push(comment(body, self.dialect)?);
            }
            _ => {
                let told = format!("The operation '{verb}' is not supported");
                return Err(invalid(name, &told));
            }
        }
        Ok(())
    }
}

/// Checks a comment's body. A comment without a word is refused.
pub(super) fn comment(body: &Value, dialect: Dialect) -> Result<Text, Refusal> {
    let text = Text::read("comment", body, dialect)?;
    if text.plain().trim().is_empty() {
        return Err(invalid("comment", "Comment body can not be empty!"));
    }
    Ok(text)
}

fn summary(value: &Value) -> Result<String, Refusal> {
    let text = value
        .as_str()
        .ok_or_else(|| invalid("summary", "Operation value must be a string"))?;
    let told = if text.trim().is_empty() {
        "You must specify a summary of the issue."
    } else if text.contains(['\n', '\r']) {
        "The summary is invalid because it contains newline characters."
    } else if java_length(text) > SUMMARY_MAX {
        "Summary can't exceed 255 characters."
    } else {
        return Ok(text.to_owned());
    };
    Err(invalid("summary", told))
}

fn labels(field: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let Some(given) = value.as_array() else {
        let nothing = value.is_null().then(Vec::new);
        return nothing.ok_or_else(|| invalid(field, "data was not an array"));
    };
    let mut kept = Vec::new();
    for given in given {
        let label = label(field, given)?;
        if !kept.contains(&label) {
            kept.push(label);
        }
    }
    Ok(kept)
}

fn label(field: &str, value: &Value) -> Result<String, Refusal> {
    let text = value
        .as_str()
        .ok_or_else(|| invalid(field, "string expected at index 0"))?;
    if text.is_empty() {
        return Err(invalid(field, "The label is empty."));
    }
    if text.chars().any(char::is_whitespace) {
        let told = format!("The label '{text}' contains spaces which is invalid.");
        return Err(invalid(field, &told));
    }
    if java_length(text) > LABEL_MAX {
        let told = "The label exceeds the maximum length for a single label of 255 characters.";
        return Err(invalid(field, told));
    }
    Ok(text.to_owned())
}

/// Users are account ids on Cloud and names on Data Center.
fn user(field: &str, value: &Value, dialect: Dialect) -> Result<(), Refusal> {
    let keys: &[&str] = match dialect {
        Dialect::Cloud => &["accountId", "id"],
        Dialect::DataCenter => &["name", "key"],
    };
    if value.is_null() || named(value, keys).is_some() {
        return Ok(());
    }
    Err(invalid(
        field,
        &format!("Specify a valid '{}' for {field}", keys.join("' or '")),
    ))
}

fn date(field: &str, value: &Value) -> Result<(), Refusal> {
    let day = value.as_str().map(|text| text.parse::<jiff::civil::Date>());
    match day {
        Some(Ok(_)) => Ok(()),
        None if value.is_null() => Ok(()),
        _ => Err(invalid(field, "Error parsing date string: use yyyy-MM-dd")),
    }
}

fn custom(field: &CustomField, value: &Value, dialect: Dialect) -> Result<(), Refusal> {
    if value.is_null() {
        return Ok(());
    }
    let wrong = |told: &str| Err(invalid(&field.id, told));
    match &field.kind {
        FieldKind::Text => match value.as_str() {
            Some(text) if java_length(text) <= LINE_MAX => Ok(()),
            Some(_) => wrong(
                "The entered text is too long. It exceeds the allowed limit of 255 \
                              characters.",
            ),
            None => wrong("Operation value must be a string"),
        },
        FieldKind::Paragraph => Text::read(&field.id, value, dialect).map(drop),
        FieldKind::Number if value.is_number() => Ok(()),
        FieldKind::Number => wrong("Operation value must be a number"),
        FieldKind::Date => date(&field.id, value),
        FieldKind::Labels => labels(&field.id, value).map(drop),
        FieldKind::Select(options) => option(field, value, options),
        FieldKind::MultiSelect(options) => match value.as_array() {
            Some(chosen) => chosen
                .iter()
                .try_for_each(|value| option(field, value, options)),
            None => wrong("data was not an array"),
        },
    }
}

fn option(field: &CustomField, value: &Value, options: &[String]) -> Result<(), Refusal> {
    match value.get("value").and_then(Value::as_str) {
        Some(chosen) if options.iter().any(|option| option == chosen) => Ok(()),
        Some(chosen) => {
            let told = format!("Option value '{chosen}' is not valid");
            Err(invalid(&field.id, &told))
        }
        None => Err(invalid(
            &field.id,
            "Specify a valid 'id' or 'value' for the option",
        )),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

fn off_screen(field: &str) -> Refusal {
    let told =
        format!("Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.");
    invalid(field, &told)
}

fn invalid(field: &str, told: &str) -> Refusal {
    Refusal::field(field, told)
}
