//! How Jira says no, and how it wants to be asked.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::notify::{SinkError, answer::Answer, text};

const WORDS_UNITS_MAX: usize = 500;
/// The fields that a notice fills. Every other field is filled from settings, alike for all tickets.
const FIELDS_OF_NOTICES: [&str; 2] = ["summary", "description"];

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Complaint {
    error_messages: Vec<String>,
    errors: BTreeMap<String, serde_json::Value>,
}

/// What an answer other than success means.
///
/// A complaint about a field that settings fill, such as a required field that is missing, would
/// meet every ticket alike: that is for the operator to mend, and costs no notice.
pub(super) fn trouble(answer: &Answer) -> SinkError {
    let complaint: Complaint = answer.json().unwrap_or_default();
    let trouble = answer.trouble("Jira", &complaint.words());
    if complaint.is_about_settings() {
        trouble.about_settings()
    } else {
        trouble
    }
}

/// A JQL string. Quotes and backslashes are escaped, so that a value stays one value; control
/// characters have no place in one.
pub(super) fn quoted(value: &str) -> String {
    let mut jql = String::from("\"");
    for c in value.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            jql.push('\\');
        }
        jql.push(c);
    }
    jql.push('"');
    jql
}

impl Complaint {
    fn words(&self) -> String {
        let mut parts = self.error_messages.clone();
        for (field, message) in &self.errors {
            match message.as_str() {
                Some(message) => parts.push(format!("{field}: {message}")),
                None => parts.push(field.clone()),
            }
        }
        text::one_line(&parts.join("; "), WORDS_UNITS_MAX)
    }

    fn is_about_settings(&self) -> bool {
        self.errors
            .keys()
            .any(|field| !FIELDS_OF_NOTICES.contains(&field.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use reqwest::{StatusCode, header::HeaderMap};
    use serde_json::json;

    use super::*;

    fn trouble_of(status: u16, body: &serde_json::Value) -> SinkError {
        trouble(&Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.to_string().into_bytes(),
        })
    }

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        for (value, jql) in [
            ("hubwatch-1", r#""hubwatch-1""#),
            (r#"a" OR project = "B"#, r#""a\" OR project = \"B""#),
            (r#"a\"#, r#""a\\""#),
            (r#"a\" OR 1"#, r#""a\\\" OR 1""#),
            ("a\r\nb", r#""ab""#),
        ] {
            assert_eq!(quoted(value), jql);
        }
    }

    #[test]
    fn what_is_wrong_with_the_notice_is_refused_and_what_is_wrong_with_settings_can_be_mended() {
        let cases = [
            (json!({"errors": {"summary": "too long"}}), "refused"),
            (
                json!({"errors": {"description": "CONTENT_LIMIT_EXCEEDED"}}),
                "refused",
            ),
            (
                json!({"errors": {"customfield_10010": "Team is required."}}),
                "misconfigured",
            ),
            (
                json!({"errors": {"issuetype": "Specify a valid issue type"}}),
                "misconfigured",
            ),
            (json!({"errorMessages": ["no"], "errors": {}}), "refused"),
            (json!("not json that we know"), "refused"),
        ];
        for (body, label) in cases {
            assert_eq!(trouble_of(400, &body).label(), label, "{body}");
        }
    }

    #[test]
    fn jiras_words_reach_the_operator_on_one_line_of_bounded_length() {
        let body = json!({
            "errorMessages": [format!("first\nline {}", "x".repeat(40_000))],
            "errors": {"priority": "Priority name 'P0' is not valid"}
        });
        let reason = trouble_of(422, &body).to_string();
        assert!(reason.contains("Jira answered 422 Unprocessable Entity: first line xxx"));
        assert!(reason.len() < 700 && !reason.contains('\n'));
    }
}
