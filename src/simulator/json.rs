//! Writes JSON straight into a string: findings are rendered by the hundred thousand a second.

use std::fmt::{Display, Write};

/// A JSON text under construction. Members keep the order in which they are written.
#[derive(Debug, Default)]
pub(super) struct Json {
    text: String,
    comma: bool,
}

impl Json {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            comma: false,
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// An object as the next value.
    pub(super) fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nested('{', '}', fill);
    }

    /// An array as the next value.
    pub(super) fn array(&mut self, fill: impl FnOnce(&mut Self)) {
        self.nested('[', ']', fill);
    }

    /// A string as the next value.
    pub(super) fn text(&mut self, value: &str) {
        self.separate();
        self.quoted(value);
        self.comma = true;
    }

    /// A number, or anything else that is already JSON, as the next value.
    pub(super) fn bare(&mut self, value: impl Display) {
        self.separate();
        self.display(value);
        self.comma = true;
    }

    /// Starts a member; its value must follow.
    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.quoted(name);
        self.text.push(':');
        self.comma = false;
        self
    }

    /// `"name": "value"`.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.key(name).text(value);
    }

    /// `"name": "value"`, with a value built in place from parts that need no escaping.
    pub(super) fn plain(&mut self, name: &str, value: impl Display) {
        self.key(name);
        self.text.push('"');
        self.display(value);
        self.text.push('"');
        self.comma = true;
    }

    /// `"name": 1`.
    pub(super) fn number(&mut self, name: &str, value: impl Display) {
        self.key(name).bare(value);
    }

    /// `"name": ["a", "b"]`.
    pub(super) fn texts(&mut self, name: &str, values: &[&str]) {
        self.key(name).array(|json| {
            for value in values {
                json.text(value);
            }
        });
    }

    fn nested(&mut self, open: char, close: char, fill: impl FnOnce(&mut Self)) {
        self.separate();
        self.text.push(open);
        self.comma = false;
        fill(self);
        self.text.push(close);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.text.push(',');
        }
    }

    fn display(&mut self, value: impl Display) {
        // Writing to a string cannot fail.
        let _written = write!(self.text, "{value}");
    }

    fn quoted(&mut self, value: &str) {
        self.text.push('"');
        for c in value.chars() {
            match c {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                c if c < ' ' => self.display(format_args!("\\u{:04x}", u32::from(c))),
                c => self.text.push(c),
            }
        }
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_json() {
        let mut json = Json::default();
        json.object(|json| {
            json.field("a", "quote \" slash \\ line\r\n\u{1}");
            json.key("b").array(|json| {
                json.bare(1);
                json.object(|_| {});
                json.text("x");
            });
            json.number("c", 2.5);
        });
        let read: serde_json::Value = serde_json::from_str(&json.into_text()).unwrap();
        assert_eq!(
            read,
            serde_json::json!({"a": "quote \" slash \\ line\r\n\u{1}", "b": [1, {}, "x"], "c": 2.5})
        );
    }
}
