//! Reading one field, and saying so when it cannot be read.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::raw::{Field, List, Nested};

/// How much of a value from outside is repeated in words about it, in characters.
const QUOTED_MAX: usize = 80;

/// How many oddities of one finding are named. A finding that is odd all over is not worth more.
const NOTES_MAX: usize = 20;

/// Reads fields and keeps notes of what was odd about them.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) notes: Vec<String>,
}

impl Reader {
    /// Keeps a note, up to [`NOTES_MAX`] of them.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note.into());
        }
    }

    /// A text; `None` when absent, and with a note when it is something else.
    pub(super) fn text<'a>(&mut self, name: &str, field: Field<'a>) -> Option<Cow<'a, str>> {
        let text = text(field?);
        if text.is_none() {
            self.note(format!("{name} is not text"));
        }
        text
    }

    /// A text that AWS requires: its absence is named. Empty when it cannot be had.
    pub(super) fn required_text(&mut self, name: &str, field: Field<'_>) -> String {
        if field.is_none() {
            self.note(format!("{name} is missing"));
        }
        self.text(name, field)
            .map_or_else(String::new, Cow::into_owned)
    }

    /// A time; `None` when absent, and with a note when it cannot be read.
    pub(super) fn time(&mut self, name: &str, field: Field<'_>) -> Option<Timestamp> {
        let text = self.text(name, field)?;
        let Some(read) = instant(&text) else {
            self.note(format!("{name} is not a time: {}", quoted(&text)));
            return None;
        };
        if read.assumed_utc {
            self.note(format!("{name} has no offset and is read as UTC"));
        }
        Some(read.at)
    }

    /// An object; its empty shape when absent, and with a note when it is something else.
    pub(super) fn object<T: Default>(&mut self, name: &str, field: Nested<T>) -> T {
        match field {
            Nested::Given(value) => return value,
            Nested::Absent => {}
            Nested::Odd => self.note(format!("{name} is not an object")),
        }
        T::default()
    }

    /// A list of objects; empty when absent. What is something else is left out, with a note.
    pub(super) fn objects<T>(&mut self, name: &str, List(field): List<T>) -> Vec<T> {
        let elements = match field {
            Nested::Given(elements) => elements,
            Nested::Absent => return Vec::new(),
            Nested::Odd => {
                self.note(format!("{name} is not a list"));
                return Vec::new();
            }
        };
        let mut objects = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Nested::Given(object) => objects.push(object),
                Nested::Absent | Nested::Odd => {
                    self.note(format!("{name} has an element that is not an object"));
                }
            }
        }
        objects
    }

    /// A list of texts. Elements that are something else are left out, each with a note.
    pub(super) fn texts(&mut self, name: &str, field: Field<'_>) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.parse::<Vec<&RawValue>>(name, "a list", field) {
            match text(element) {
                Some(text) => texts.push(text.into_owned()),
                None => self.note(format!("{name} has an element that is not text")),
            }
        }
        texts
    }

    /// A map of texts, sorted by key. Values that are something else are left out, with a note.
    pub(super) fn pairs(&mut self, name: &str, field: Field<'_>) -> Vec<(String, String)> {
        let values: BTreeMap<String, &RawValue> = self.parse(name, "a map", field);
        let mut pairs = Vec::with_capacity(values.len());
        for (key, value) in values {
            match text(value) {
                Some(text) => pairs.push((key, text.into_owned())),
                None => self.note(format!("{name} has a value that is not text")),
            }
        }
        pairs
    }

    /// A truth; `None` when absent, and with a note when it is something else.
    pub(super) fn flag(&mut self, name: &str, field: Field<'_>) -> Option<bool> {
        self.parse(name, "true or false", field)
    }

    /// A number; `None` when absent, and with a note when it is something else.
    pub(super) fn number(&mut self, name: &str, field: Field<'_>) -> Option<f64> {
        self.parse(name, "a number", field)
    }

    fn parse<'a, T>(&mut self, name: &str, expected: &str, field: Field<'a>) -> T
    where
        T: Deserialize<'a> + Default,
    {
        let Some(raw) = field else {
            return T::default();
        };
        serde_json::from_str(raw.get()).unwrap_or_else(|_| {
            self.note(format!("{name} is not {expected}"));
            T::default()
        })
    }
}

/// The text of a JSON string, borrowed where nothing is escaped; `None` for anything else, and for
/// escapes that mean no letter.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = inner_of_string(raw)?;
    if inner.contains('\\') {
        return serde_json::from_str(raw.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// What stands between the quotes of a JSON string, escapes and all.
pub(super) fn inner_of_string(raw: &RawValue) -> Option<&str> {
    raw.get().strip_prefix('"')?.strip_suffix('"')
}

/// A moment that was read, and whether its offset had to be guessed.
pub(super) struct Instant {
    pub(super) at: Timestamp,
    pub(super) assumed_utc: bool,
}

/// Reads a moment in the formats that Security Hub documents: up to nine digits of a second, then
/// `Z`, `+HH:MM` or `-HHMM` (API reference, `AwsSecurityFinding`). One without an offset is taken
/// for UTC, which is what Python's `isoformat()` gives a provider that forgot its time zone.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Instant {
            at,
            assumed_utc: false,
        });
    }
    let local: civil::DateTime = text.parse().ok()?;
    let at = TimeZone::UTC.to_timestamp(local).ok()?;
    Some(Instant {
        at,
        assumed_utc: true,
    })
}

/// A value from outside, cut to a length that words about it can bear.
pub(super) fn quoted(value: &str) -> String {
    let mut quoted: String = value.chars().take(QUOTED_MAX).collect();
    if quoted.len() < value.len() {
        quoted.push('…');
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_moment_is_the_same_moment() {
        for text in [
            "2026-05-01T13:00:00Z",
            "2026-05-01T13:00:00.000Z",
            "2026-05-01T13:00:00.000000000Z",
            "2026-05-01T13:00:00.000000+00:00",
            "2026-05-01T08:00:00-0500",
            "2026-05-01T08:00:00-05:00",
            "2026-05-02T07:00:00.0+18:00",
            "2026-05-01t13:00:00z",
            " 2026-05-01 13:00:00+00",
        ] {
            let read = instant(text).expect(text);
            assert_eq!(read.at.as_second(), 1_777_640_400, "{text}");
            assert!(!read.assumed_utc, "{text}");
        }
    }

    #[test]
    fn nanoseconds_are_kept() {
        let read = instant("2026-05-01T13:00:00.123456789Z").unwrap();
        assert_eq!(read.at.subsec_nanosecond(), 123_456_789);
    }

    #[test]
    fn a_moment_without_an_offset_is_taken_for_utc_and_says_so() {
        let read = instant("2026-05-01T13:00:00.5").unwrap();
        assert_eq!(read.at.as_millisecond(), 1_777_640_400_500);
        assert!(read.assumed_utc);
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in ["", "yesterday", "1777640400", "2026-13-01T00:00:00Z", "T13"] {
            assert!(instant(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_text_with_escapes_is_read_and_one_that_means_no_letter_is_not() {
        let raw = |json: &str| serde_json::from_str::<Box<RawValue>>(json).unwrap();
        assert_eq!(text(&raw(r#""a\"b\u00e9""#)).unwrap(), "a\"bé");
        assert!(matches!(text(&raw(r#""plain""#)), Some(Cow::Borrowed(_))));
        assert_eq!(text(&raw(r#""\ud800""#)), None);
        assert_eq!(text(&raw("12")), None);
        assert_eq!(text(&raw(r#"["a"]"#)), None);
    }

    #[test]
    fn a_long_value_is_cut_between_letters() {
        let long = "é".repeat(500);
        assert_eq!(quoted(&long).chars().count(), QUOTED_MAX + 1);
        assert_eq!(quoted("short"), "short");
    }
}
