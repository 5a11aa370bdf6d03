//! What a pretend Jira is set up with.

use std::fmt;
use std::time::Duration;

use crate::simulator::desk::Limit;

/// The set-up of one pretend Jira. The default has one project, `SEC`, and enforces no rate.
#[derive(Clone)]
pub struct Settings {
    /// The account behind both Cloud tokens; also the user that everything is done by.
    pub email: String,
    /// Opens the Cloud site itself.
    pub api_token: String,
    /// Opens the gateway path of `cloud_id`; the site answers 401 to it, as Cloud does
    /// (sooperset/mcp-atlassian#968).
    pub scoped_api_token: String,
    /// The cloud id in the gateway path. Letters, digits and dashes.
    pub cloud_id: String,
    /// Opens Data Center.
    pub personal_access_token: String,
    /// Projects by key.
    pub projects: Vec<Project>,
    /// Issue types, the same in every project.
    pub issue_types: Vec<IssueType>,
    /// Priorities from highest to lowest; the middle one is the default.
    pub priorities: Vec<String>,
    /// Statuses; the first is where tickets start, and every other can be reached from each.
    pub statuses: Vec<Status>,
    /// Resolutions; the first is given to a ticket that is done without naming one.
    pub resolutions: Vec<String>,
    /// Components, the same in every project.
    pub components: Vec<String>,
    /// Fields beyond Jira's own.
    pub custom_fields: Vec<CustomField>,
    /// Permissions that `/mypermissions` denies; without `CREATE_ISSUES` creating fails.
    pub denied_permissions: Vec<String>,
    /// How long a write stays invisible to searches.
    pub search_lag: Duration,
    /// Request rates.
    pub limits: Limits,
    /// The largest request body read.
    pub body_max_bytes: usize,
    /// Seed of the dice that decide faults by chance.
    pub seed: u64,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("projects", &self.projects)
            .field("search_lag", &self.search_lag)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Settings {
            email: "bot@example.com".to_owned(),
            api_token: "simulated-api-token".to_owned(),
            scoped_api_token: "simulated-scoped-api-token".to_owned(),
            cloud_id: "11111111-2222-3333-4444-555555555555".to_owned(),
            personal_access_token: "simulated-personal-access-token".to_owned(),
            projects: vec![Project::new("SEC", "Security")],
            issue_types: vec![
                IssueType::new("10001", "Bug"),
                IssueType::new("10002", "Task"),
                IssueType::new("10003", "Story"),
                IssueType::new("10004", "Epic"),
            ],
            priorities: names(&["Highest", "High", "Medium", "Low", "Lowest"]),
            statuses: vec![
                Status::new("10100", "To Do", Category::New),
                Status::new("10101", "In Progress", Category::Indeterminate),
                Status::new("10102", "Done", Category::Done),
            ],
            resolutions: names(&["Done", "Won't Do", "Duplicate", "Cannot Reproduce"]),
            components: Vec::new(),
            custom_fields: Vec::new(),
            denied_permissions: Vec::new(),
            search_lag: Duration::ZERO,
            limits: Limits::default(),
            body_max_bytes: 10 << 20,
            seed: 0,
        }
    }
}

/// Request rates; none by default.
///
/// Cloud counts requests by endpoint and method, and writes by ticket, separately. Traffic with
/// API tokens stays on these burst limits
/// (developer.atlassian.com/cloud/jira/platform/rate-limiting).
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Requests to one endpoint with one method.
    pub per_endpoint: Option<Limit>,
    /// Writes to one ticket.
    pub per_ticket_writes: Option<Limit>,
}

/// A place for tickets.
#[derive(Clone, Debug)]
pub struct Project {
    /// The prefix of its tickets' keys.
    pub key: String,
    /// What people call it.
    pub name: String,
}

impl Project {
    /// A project with this key and name.
    pub fn new(key: &str, name: &str) -> Self {
        Project {
            key: key.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// A kind of ticket.
#[derive(Clone, Debug)]
pub struct IssueType {
    /// Its id, digits.
    pub id: String,
    /// Its name.
    pub name: String,
}

impl IssueType {
    /// An issue type with this id and name.
    pub fn new(id: &str, name: &str) -> Self {
        IssueType {
            id: id.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// Where a ticket can be in its life.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its id, digits.
    pub id: String,
    /// Its name; the transition that leads there has the same name.
    pub name: String,
    /// What Jira counts it as.
    pub category: Category,
}

impl Status {
    /// A status with this id, name and category.
    pub fn new(id: &str, name: &str, category: Category) -> Self {
        Status {
            id: id.to_owned(),
            name: name.to_owned(),
            category,
        }
    }
}

/// Jira's own three kinds of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Not begun.
    New,
    /// Begun.
    Indeterminate,
    /// Finished, for whatever reason.
    Done,
}

impl Category {
    pub(super) fn id(self) -> u32 {
        match self {
            Category::New => 2,
            Category::Indeterminate => 4,
            Category::Done => 3,
        }
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Category::New => "new",
            Category::Indeterminate => "indeterminate",
            Category::Done => "done",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Category::New => "To Do",
            Category::Indeterminate => "In Progress",
            Category::Done => "Done",
        }
    }

    /// Read from its name, key or id.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Category::New, Category::Indeterminate, Category::Done]
            .into_iter()
            .find(|category| {
                category.name().eq_ignore_ascii_case(text)
                    || category.key().eq_ignore_ascii_case(text)
                    || category.id().to_string() == text
            })
    }
}

/// A field beyond Jira's own.
#[derive(Clone, Debug)]
pub struct CustomField {
    /// `customfield_` and digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether a ticket cannot be created without it.
    pub required: bool,
}

impl CustomField {
    /// A field that may be left out.
    pub fn new(id: &str, name: &str, kind: FieldKind) -> Self {
        CustomField {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            required: false,
        }
    }

    /// The same field, required.
    pub fn required(self) -> Self {
        CustomField {
            required: true,
            ..self
        }
    }
}

/// What a custom field takes.
#[derive(Clone, Debug)]
pub enum FieldKind {
    /// One line of text, up to 255 characters.
    Text,
    /// Text of several lines: a document on Cloud, markup on Data Center.
    Paragraph,
    /// A number.
    Number,
    /// A day as `2026-01-31`.
    Date,
    /// Words without spaces.
    Labels,
    /// One of these, given as `{"value": …}`.
    Select(Vec<String>),
    /// Several of these.
    MultiSelect(Vec<String>),
}

impl Settings {
    pub(super) fn project(&self, key_or_id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| {
            project.key.eq_ignore_ascii_case(key_or_id) || self.project_id(project) == key_or_id
        })
    }

    pub(super) fn project_id(&self, project: &Project) -> String {
        let position = self
            .projects
            .iter()
            .position(|other| other.key == project.key);
        (10_000 + position.unwrap_or_default()).to_string()
    }

    pub(super) fn issue_type(&self, name_or_id: &str) -> Option<&IssueType> {
        self.issue_types
            .iter()
            .find(|kind| kind.id == name_or_id || kind.name.eq_ignore_ascii_case(name_or_id))
    }

    pub(super) fn status(&self, name_or_id: &str) -> Option<&Status> {
        self.statuses
            .iter()
            .find(|status| status.id == name_or_id || status.name.eq_ignore_ascii_case(name_or_id))
    }

    /// A priority's id and name. Ids count from 1 at the highest, as in a new Jira.
    pub(super) fn priority(&self, name_or_id: &str) -> Option<(String, &str)> {
        numbered(&self.priorities, 1, name_or_id)
    }

    pub(super) fn resolution(&self, name_or_id: &str) -> Option<(String, &str)> {
        numbered(&self.resolutions, 10_000, name_or_id)
    }

    pub(super) fn component(&self, name_or_id: &str) -> Option<(String, &str)> {
        numbered(&self.components, 10_200, name_or_id)
    }

    pub(super) fn custom_field(&self, id: &str) -> Option<&CustomField> {
        self.custom_fields.iter().find(|field| field.id == id)
    }

    pub(super) fn default_priority(&self) -> Option<&str> {
        self.priorities
            .get(self.priorities.len() / 2)
            .map(String::as_str)
    }

    pub(super) fn may(&self, permission: &str) -> bool {
        !self
            .denied_permissions
            .iter()
            .any(|denied| denied == permission)
    }
}

fn numbered<'a>(names: &'a [String], first: usize, wanted: &str) -> Option<(String, &'a str)> {
    names
        .iter()
        .enumerate()
        .map(|(position, name)| ((first + position).to_string(), name.as_str()))
        .find(|(id, name)| id == wanted || name.eq_ignore_ascii_case(wanted))
}
