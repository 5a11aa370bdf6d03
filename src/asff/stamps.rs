//! The timestamps of a raw finding, apart from the rest of it.
//!
//! Security Hub writes its control findings again every day with nothing but newer timestamps. With
//! the timestamps cut out such a finding is the same text as yesterday's, so that only they need
//! to be stored, and today's finding can still be had back byte for byte.

use std::ops::Range;

use serde_json::value::RawValue;

use crate::domain::Digest;

use super::{
    field::inner_of_string,
    raw::{Object, RawStamps},
};

/// Between two timestamps. JSON strings hold no bare line feed, so none is mistaken for it.
const BETWEEN: char = '\n';

/// The timestamps of one raw finding: the top-level `CreatedAt`, `UpdatedAt`, `FirstObservedAt`,
/// `LastObservedAt` and `ProcessedAt` that are strings, in order of appearance, as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stamps(String);

impl Stamps {
    /// As one text, for a database column.
    #[must_use]
    pub fn to_text(&self) -> &str {
        &self.0
    }

    /// From a database column.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Puts a newer finding's timestamps into an older raw finding whose content digest is the same:
/// the newer raw finding, byte for byte. `None` when the older one is no finding or has another
/// number of timestamps, which equal digests rule out.
#[must_use]
pub fn splice(older: &str, stamps: &Stamps) -> Option<String> {
    let Object(fields) = serde_json::from_str::<Object<RawStamps<'_>>>(older).ok()?;
    let spans = spans(older, &fields);
    let mut values = stamps.0.split(BETWEEN);
    let mut newer = String::with_capacity(older.len() + stamps.0.len());
    let mut from = 0;
    for span in spans {
        newer.push_str(older.get(from..span.start)?);
        newer.push_str(values.next()?);
        from = span.end;
    }
    newer.push_str(older.get(from..)?);
    values.next().is_none().then_some(newer)
}

/// The digest of a raw finding without its timestamps, and those.
///
/// Only what stands between the quotes is cut, so what is left is JSON still, with the same fields
/// in the same order: equal digests mean that the same timestamps belong at the same places.
pub(super) fn cut(raw: &str, fields: &RawStamps<'_>) -> (Digest, Stamps) {
    let mut stamps = String::with_capacity(5 * 25);
    let mut pieces = Vec::with_capacity(6);
    let mut from = 0;
    for span in spans(raw, fields) {
        if from > 0 {
            stamps.push(BETWEEN);
        }
        stamps.push_str(raw.get(span.clone()).unwrap_or_default());
        pieces.push(raw.get(from..span.start).unwrap_or_default().as_bytes());
        from = span.end;
    }
    pieces.push(raw.get(from..).unwrap_or_default().as_bytes());
    (Digest::of_pieces(pieces), Stamps(stamps))
}

/// Where in `raw` the timestamps stand, without their quotes, in order of appearance.
fn spans(raw: &str, fields: &RawStamps<'_>) -> Vec<Range<usize>> {
    let mut spans: Vec<_> = [
        fields.created_at,
        fields.updated_at,
        fields.first_observed_at,
        fields.last_observed_at,
        fields.processed_at,
    ]
    .into_iter()
    .filter_map(|field| span(raw, field?))
    .collect();
    spans.sort_unstable_by_key(|span| span.start);
    spans
}

/// Where in `raw` a string borrowed from it stands, without its quotes. A timestamp of another type
/// is content like any other.
fn span(raw: &str, value: &RawValue) -> Option<Range<usize>> {
    let inner = inner_of_string(value)?;
    let quote = value.get().as_bytes().first()?;
    let start = raw.as_bytes().element_offset(quote)? + 1;
    Some(start..start + inner.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn cut_of(raw: &str) -> (Digest, Stamps) {
        let Object(fields) = serde_json::from_str::<Object<RawStamps<'_>>>(raw).unwrap();
        cut(raw, &fields)
    }

    #[test]
    fn the_timestamps_come_out_as_written_in_order_of_appearance() {
        let raw = r#"{"UpdatedAt" : "u\u0041" ,"Id":"x","CreatedAt":"","ProcessedAt":7,"LastObservedAt":null}"#;
        let (_, stamps) = cut_of(raw);
        assert_eq!(stamps.to_text(), "u\\u0041\n");
        assert_eq!(splice(raw, &stamps).as_deref(), Some(raw));
    }

    #[test]
    fn the_same_name_deeper_down_is_content() {
        let older = r#"{"UpdatedAt":"1","Note":{"UpdatedAt":"1"}}"#;
        let noted = r#"{"UpdatedAt":"2","Note":{"UpdatedAt":"2"}}"#;
        let moved = r#"{"UpdatedAt":"2","Note":{"UpdatedAt":"1"}}"#;
        assert_ne!(cut_of(older).0, cut_of(noted).0);
        assert_eq!(cut_of(older).0, cut_of(moved).0);
        assert_eq!(splice(older, &cut_of(moved).1).as_deref(), Some(moved));
    }

    #[test]
    fn a_timestamp_that_comes_goes_or_changes_its_type_is_a_change_of_content() {
        let with = cut_of(r#"{"UpdatedAt":"1","LastObservedAt":"1"}"#).0;
        for other in [
            r#"{"UpdatedAt":"1"}"#,
            r#"{"UpdatedAt":"1","LastObservedAt":null}"#,
            r#"{"UpdatedAt":"1","LastObservedAt":1}"#,
            r#"{"UpdatedAt":"1","ProcessedAt":"1"}"#,
            r#"{"LastObservedAt":"1","UpdatedAt":"1"}"#,
            r#"{"UpdatedAt":"1", "LastObservedAt":"1"}"#,
        ] {
            assert_ne!(with, cut_of(other).0, "{other}");
        }
    }

    #[test]
    fn timestamps_of_another_number_do_not_fit() {
        let raw = r#"{"UpdatedAt":"1","CreatedAt":"2"}"#;
        for text in ["", "1", "1\n2\n3"] {
            assert_eq!(splice(raw, &Stamps::from_text(text)), None, "{text:?}");
        }
        assert_eq!(splice("no finding", &Stamps::from_text("1")), None);
    }

    /// Any text as a JSON string, some of its letters escaped though they need not be.
    fn json_string() -> impl Strategy<Value = String> {
        let letter = prop_oneof![
            any::<char>().prop_map(|c| {
                let quoted = serde_json::to_string(&c).unwrap();
                let inner = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"'));
                inner.unwrap().to_owned()
            }),
            any::<u8>().prop_map(|b| format!("\\u{:04x}", b)),
            Just("\\\\".to_owned()),
            Just("\\\"".to_owned()),
        ];
        prop::collection::vec(letter, 0..12).prop_map(|letters| letters.concat())
    }

    const NAMES: [&str; 5] = [
        "CreatedAt",
        "UpdatedAt",
        "FirstObservedAt",
        "LastObservedAt",
        "ProcessedAt",
    ];

    /// A finding's text with these timestamps, among other fields and white space.
    fn written(order: &[usize], stamps: &[String], other: &Value, space: &str) -> String {
        let mut fields = vec![format!("\"Note\":{space}{other}")];
        for (&name, stamp) in order.iter().zip(stamps) {
            fields.push(format!("\"{}\"{space}:{space}\"{stamp}\"", NAMES[name]));
            fields.push(format!("\"X{name}\":{other}"));
        }
        format!(
            "{{{}{space}}}{space}",
            fields.join(&format!("{space},{space}"))
        )
    }

    proptest! {
        #[test]
        fn a_newer_finding_is_had_back_byte_for_byte(
            order in Just((0..5).collect::<Vec<usize>>()).prop_shuffle(),
            count in 1..=5_usize,
            older in prop::collection::vec(json_string(), 5),
            newer in prop::collection::vec(json_string(), 5),
            odd in any::<String>(),
            space in "[ \\n\\t]{0,2}",
        ) {
            let other = json!({"UpdatedAt": odd, "CreatedAt": [odd, {"ProcessedAt": "\"}"}]});
            let older = written(&order[..count], &older, &other, &space);
            let newer = written(&order[..count], &newer, &other, &space);
            let (content, stamps) = cut_of(&newer);
            prop_assert_eq!(cut_of(&older).0, content);
            let stored = Stamps::from_text(stamps.to_text());
            prop_assert_eq!(splice(&older, &stored), Some(newer));
        }

        #[test]
        fn no_text_makes_it_fail(raw in any::<String>(), stamps in any::<String>()) {
            drop(splice(&raw, &Stamps::from_text(stamps)));
        }
    }
}
