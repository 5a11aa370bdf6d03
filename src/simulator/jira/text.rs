//! Text of several lines: a document in ADF on Cloud, wiki markup on Data Center.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{Dialect, adf};

/// The longest text either Jira takes, in UTF-16 units as Java counts
/// (JRACLOUD-78553; an administrator may change it on Data Center).
pub(super) const TEXT_MAX: usize = 32_767;

/// A text as given and as people read it.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    document: Option<Value>,
    plain: String,
}

impl Text {
    /// Reads and checks what a request gave for `field`. Null is an empty text.
    pub(super) fn read(field: &str, given: &Value, dialect: Dialect) -> Result<Text, Refusal> {
        match (given, dialect) {
            (Value::Null, _) => Ok(Text::default()),
            (Value::String(markup), Dialect::DataCenter) => {
                if java_length(markup) > TEXT_MAX {
                    let told = "The entered text is too long. It exceeds the allowed limit of \
                                32,767 characters.";
                    return Err(Refusal::field(field, told));
                }
                Ok(Text {
                    document: None,
                    plain: markup.clone(),
                })
            }
            (_, Dialect::DataCenter) => {
                Err(Refusal::field(field, "Operation value must be a string"))
            }
            (Value::Object(_), Dialect::Cloud) => {
                let plain = adf::read(given).map_err(|why| Refusal::invalid_input(&why))?;
                if java_length(&plain) > TEXT_MAX {
                    return Err(Refusal::bad_request("CONTENT_LIMIT_EXCEEDED"));
                }
                Ok(Text {
                    document: Some(given.clone()),
                    plain,
                })
            }
            (_, Dialect::Cloud) => {
                let told = "Operation value must be an Atlassian Document (see the Atlassian \
                            Document Format)";
                Err(Refusal::field(field, told))
            }
        }
    }

    /// Rebuilds a text from its two stored forms.
    pub(super) fn stored(given: &Value, plain: &str) -> Text {
        let document = given.is_object().then(|| given.clone());
        Text {
            document,
            plain: plain.to_owned(),
        }
    }

    pub(super) fn plain(&self) -> &str {
        &self.plain
    }

    /// As it was given.
    pub(super) fn given(&self) -> Value {
        match &self.document {
            Some(document) => document.clone(),
            None if self.plain.is_empty() => Value::Null,
            None => Value::String(self.plain.clone()),
        }
    }

    /// As a reader of this dialect sees it.
    pub(super) fn shown(&self, dialect: Dialect) -> Value {
        if self.plain.is_empty() && self.document.is_none() {
            return Value::Null;
        }
        match (dialect, &self.document) {
            (Dialect::DataCenter, _) => Value::String(self.plain.clone()),
            (Dialect::Cloud, Some(document)) => document.clone(),
            (Dialect::Cloud, None) => json!({
                "type": "doc",
                "version": 1,
                "content": [{
                    "type": "paragraph",
                    "content": [{"type": "text", "text": self.plain}],
                }],
            }),
        }
    }
}

/// The length Jira counts.
pub(super) fn java_length(text: &str) -> usize {
    text.encode_utf16().count()
}
