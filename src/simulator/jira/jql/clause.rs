//! One condition on one field.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::super::settings::{Category, Settings};
use super::super::ticket::Ticket;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Key,
    Project,
    Labels,
    Summary,
    Description,
    Comment,
    AnyText,
    Status,
    StatusCategory,
    IssueType,
    Priority,
    Resolution,
    Assignee,
    Created,
    Updated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equals,
    NotEquals,
    In,
    NotIn,
    Contains,
    NotContains,
    IsEmpty,
    IsNotEmpty,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(super) struct Clause {
    pub(super) field: Field,
    pub(super) operator: Operator,
    /// Names as the settings spell them; labels and texts as given.
    pub(super) values: Vec<String>,
    /// The instants that `values` name, for fields that are instants.
    pub(super) instants: Vec<Timestamp>,
}

impl Field {
    pub(super) fn read(name: &str) -> Option<Field> {
        Some(match name.to_ascii_lowercase().as_str() {
            "key" | "issuekey" | "issue" | "id" => Field::Key,
            "project" => Field::Project,
            "labels" => Field::Labels,
            "summary" => Field::Summary,
            "description" => Field::Description,
            "comment" => Field::Comment,
            "text" => Field::AnyText,
            "status" => Field::Status,
            "statuscategory" => Field::StatusCategory,
            "issuetype" | "type" => Field::IssueType,
            "priority" => Field::Priority,
            "resolution" => Field::Resolution,
            "assignee" => Field::Assignee,
            "created" | "createddate" => Field::Created,
            "updated" | "updateddate" => Field::Updated,
            _ => return None,
        })
    }

    fn is_text(self) -> bool {
        [
            Field::Summary,
            Field::Description,
            Field::Comment,
            Field::AnyText,
        ]
        .contains(&self)
    }

    pub(super) fn is_instant(self) -> bool {
        [Field::Created, Field::Updated].contains(&self)
    }

    /// Whether Jira lets this operator stand with this field.
    pub(super) fn takes(self, operator: Operator) -> bool {
        match operator {
            Operator::Contains | Operator::NotContains => self.is_text(),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.is_instant(),
            Operator::IsEmpty | Operator::IsNotEmpty => self != Field::AnyText,
            Operator::Equals | Operator::NotEquals | Operator::In | Operator::NotIn => {
                !self.is_text()
            }
        }
    }

    /// The value as it exists in this Jira; nothing if it does not.
    pub(super) fn known_value(self, value: &str, settings: &Settings) -> Option<String> {
        let known = match self {
            Field::Project => settings
                .project(value)
                .or_else(|| settings.projects.iter().find(|it| it.name == value))
                .map(|it| it.key.as_str()),
            Field::Status => settings.status(value).map(|it| it.name.as_str()),
            Field::StatusCategory => Category::read(value).map(Category::name),
            Field::IssueType => settings.issue_type(value).map(|it| it.name.as_str()),
            Field::Priority => settings.priority(value).map(|(_, name)| name),
            Field::Resolution if value.eq_ignore_ascii_case("unresolved") => Some(""),
            Field::Resolution => settings.resolution(value).map(|(_, name)| name),
            Field::Key => return Some(value.to_ascii_uppercase()),
            Field::Labels
            | Field::Summary
            | Field::Description
            | Field::Comment
            | Field::AnyText
            | Field::Assignee
            | Field::Created
            | Field::Updated => Some(value),
        };
        known.map(str::to_owned)
    }

    fn instant(self, ticket: &Ticket) -> Timestamp {
        if self == Field::Updated {
            ticket.updated
        } else {
            ticket.created
        }
    }

    /// The values a ticket has in this field; none if the field is empty.
    fn values<'a>(self, ticket: &'a Ticket, settings: &'a Settings) -> Vec<&'a str> {
        let one = |value: &'a str| vec![value];
        match self {
            Field::Key => one(&ticket.key),
            Field::Project => one(&ticket.project),
            Field::Labels => ticket.labels.iter().map(String::as_str).collect(),
            Field::Summary => one(&ticket.summary),
            Field::Description if ticket.description_text.is_empty() => Vec::new(),
            Field::Description => one(&ticket.description_text),
            Field::Comment => ticket.comments.iter().map(|it| it.text.as_str()).collect(),
            Field::AnyText => {
                let mut texts = vec![ticket.summary.as_str(), ticket.description_text.as_str()];
                texts.extend(ticket.comments.iter().map(|it| it.text.as_str()));
                texts
            }
            Field::Status => one(&ticket.status),
            Field::StatusCategory => settings
                .status(&ticket.status)
                .map(|it| it.category.name())
                .into_iter()
                .collect(),
            Field::IssueType => one(&ticket.issue_type),
            Field::Priority => ticket.priority.as_deref().into_iter().collect(),
            Field::Resolution => ticket.resolution.as_deref().into_iter().collect(),
            Field::Assignee => {
                let assignee = ticket.other.get("assignee");
                let names = ["accountId", "name", "id", "key"];
                names
                    .iter()
                    .filter_map(|name| assignee?.get(name)?.as_str())
                    .collect()
            }
            Field::Created | Field::Updated => Vec::new(),
        }
    }

    /// How two tickets stand to each other in ORDER BY, ascending.
    pub(super) fn compare(self, a: &Ticket, b: &Ticket, settings: &Settings) -> Ordering {
        if self.is_instant() {
            return self.instant(a).cmp(&self.instant(b));
        }
        if self == Field::Key {
            return a.id.cmp(&b.id);
        }
        if self == Field::Priority {
            // The highest priority is first in the settings and last in ascending order.
            let rank = |ticket: &Ticket| {
                let name = ticket.priority.as_ref();
                settings
                    .priorities
                    .iter()
                    .position(|known| Some(known) == name)
            };
            return rank(b).cmp(&rank(a));
        }
        self.values(a, settings).cmp(&self.values(b, settings))
    }
}

impl Clause {
    pub(super) fn holds(&self, ticket: &Ticket, settings: &Settings) -> bool {
        if self.field.is_instant() {
            return self.holds_instant(self.field.instant(ticket));
        }
        let values = self.field.values(ticket, settings);
        // An empty value asks for an empty field, as `resolution = Unresolved` does.
        let has = |wanted: &String| match wanted.as_str() {
            "" => values.is_empty(),
            _ if self.field == Field::Key => {
                wanted == &ticket.key || *wanted == ticket.id.to_string()
            }
            _ => values.contains(&wanted.as_str()),
        };
        match self.operator {
            Operator::Equals | Operator::In => self.values.iter().any(has),
            // Tickets without a value match no inequality in Jira.
            Operator::NotEquals | Operator::NotIn => {
                (!values.is_empty() || self.values.iter().any(String::is_empty))
                    && !self.values.iter().any(has)
            }
            Operator::Contains => self.values.iter().any(|wanted| contains(&values, wanted)),
            Operator::NotContains => !self.values.iter().any(|wanted| contains(&values, wanted)),
            Operator::IsEmpty => values.is_empty(),
            Operator::IsNotEmpty => !values.is_empty(),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => false,
        }
    }

    fn holds_instant(&self, instant: Timestamp) -> bool {
        let first = self.instants.first();
        match self.operator {
            Operator::Less => first.is_some_and(|bound| instant < *bound),
            Operator::LessOrEqual => first.is_some_and(|bound| instant <= *bound),
            Operator::Greater => first.is_some_and(|bound| instant > *bound),
            Operator::GreaterOrEqual => first.is_some_and(|bound| instant >= *bound),
            Operator::Equals | Operator::In => self.instants.contains(&instant),
            Operator::NotEquals | Operator::NotIn => !self.instants.contains(&instant),
            Operator::IsNotEmpty => true,
            Operator::IsEmpty | Operator::Contains | Operator::NotContains => false,
        }
    }

    /// The labels of which a match must have one.
    pub(super) fn labels(&self) -> Option<&[String]> {
        let positive = matches!(self.operator, Operator::Equals | Operator::In);
        let named = self.values.iter().all(|value| !value.is_empty());
        (self.field == Field::Labels && positive && named).then_some(&self.values)
    }

    /// The keys this clause names.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let keys = if self.field == Field::Key {
            self.values.as_slice()
        } else {
            &[]
        };
        keys.iter().map(String::as_str)
    }
}

/// Jira's text search in small: every word must be there, `*` ends an open word, and a value that
/// is itself in quotes must be there as it stands. Case does not matter.
fn contains(texts: &[&str], wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    let phrase = wanted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    texts.iter().any(|text| {
        let text = text.to_lowercase();
        match phrase {
            Some(phrase) => words(&text).join(" ").contains(&words(phrase).join(" ")),
            None => {
                let have = words(&text);
                let mut parts = wanted.split_whitespace().peekable();
                parts.peek().is_some() && parts.all(|part| has_words(&have, part))
            }
        }
    })
}

fn has_words(have: &[&str], part: &str) -> bool {
    let open = part.ends_with('*');
    let wanted = words(part);
    let last = wanted.len().saturating_sub(1);
    wanted.iter().enumerate().all(|(position, wanted)| {
        have.iter().any(|word| {
            if open && position == last {
                word.starts_with(wanted)
            } else {
                word == wanted
            }
        })
    })
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Reads `2026-01-31`, `2026-01-31 10:20`, `2026/01/31 10:20`, `-5m`, `2h`, `-3d`, `-1w` and
/// `now()`, in UTC.
pub(super) fn read_instant(value: &str, now: Timestamp) -> Option<Timestamp> {
    if value.eq_ignore_ascii_case("now()") {
        return Some(now);
    }
    if let Some(offset) = relative(value) {
        return now.checked_add(offset).ok();
    }
    let plain = value.replace('/', "-");
    let civil = match plain.parse::<Date>() {
        Ok(day) => day.to_datetime(jiff::civil::Time::midnight()),
        Err(_) => DateTime::strptime("%Y-%m-%d %H:%M", &plain).ok()?,
    };
    TimeZone::UTC.to_timestamp(civil).ok()
}

fn relative(value: &str) -> Option<SignedDuration> {
    let unit = value.chars().last()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let count: i64 = value.strip_suffix(unit)?.parse().ok()?;
    Some(SignedDuration::from_secs(count.checked_mul(seconds)?))
}
