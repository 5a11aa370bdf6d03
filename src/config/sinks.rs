//! `[sinks.NAME]`: places notices go, each with the settings of its type.

use std::collections::BTreeMap;

use figment::value::Value;

use super::gather::Gather;
use crate::notify::{SinkConfig, email, jira, sink_types};

/// How long a sink's name may be, in bytes. It stands in labels of metrics.
const NAME_MAX: usize = 64;

/// The names under `[sinks]`, whether what is typed there is right or wrong.
pub(super) fn names(gather: &Gather) -> Vec<String> {
    let sinks = gather.value(&["sinks"]).and_then(Value::as_dict);
    sinks.map_or_else(Vec::new, |sinks| sinks.keys().cloned().collect())
}

/// The sinks that are right. All is noted that is wrong with the others.
pub(super) fn read(gather: &mut Gather) -> BTreeMap<String, SinkConfig> {
    if gather
        .value(&["sinks"])
        .is_some_and(|v| v.as_dict().is_none())
    {
        gather.note(
            "sinks",
            "expected a table for each sink, such as [sinks.oncall]".to_owned(),
        );
    }
    let mut sinks = BTreeMap::new();
    for name in names(gather) {
        if let Some(sink) = read_one(gather, &name) {
            sinks.insert(name, sink);
        }
    }
    sinks
}

fn read_one(gather: &mut Gather, name: &str) -> Option<SinkConfig> {
    let section = format!("sinks.{name}");
    let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(letters) {
        let advice =
            format!("a sink's name is at most {NAME_MAX} letters, digits, dashes and underscores");
        gather.note(&section, advice);
        return None;
    }
    let Some(mut typed) = gather
        .value(&["sinks", name])
        .and_then(Value::as_dict)
        .cloned()
    else {
        gather.note(&section, "expected a table".to_owned());
        return None;
    };
    // The type chooses the settings, and is not one of them.
    let kind = typed.remove("type");
    let typed = Value::from(typed);
    match kind.as_ref().map(Value::as_str) {
        Some(Some("jira")) => gather
            .read(&section, typed, jira::Settings::validate)
            .map(SinkConfig::Jira),
        Some(Some("email")) => gather
            .read(&section, typed, email::Settings::validate)
            .map(SinkConfig::Email),
        kind => {
            let what = if kind.is_none() {
                "is required"
            } else {
                "unknown type"
            };
            let types = sink_types().join(", ");
            gather.note(
                &format!("{section}.type"),
                format!("{what}: one of {types}"),
            );
            None
        }
    }
}
