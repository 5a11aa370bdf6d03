//! Keys: the way from the top of a configuration to one value.

use figment::value::{Dict, Value};

/// The steps to a value: names in tables, numbers in lists.
pub(super) type Path = Vec<String>;

/// The value at the end of the steps.
pub(super) fn find<'v>(mut value: &'v Value, path: &[impl AsRef<str>]) -> Option<&'v Value> {
    for step in path {
        value = if let Value::Dict(_, dict) = value {
            dict.get(step.as_ref())?
        } else if let Value::Array(_, list) = value {
            list.get(step.as_ref().parse::<usize>().ok()?)?
        } else {
            return None;
        };
    }
    Some(value)
}

/// The same, to change it.
pub(super) fn find_mut<'v>(mut value: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    for step in path {
        value = if let Value::Dict(_, dict) = value {
            dict.get_mut(step)?
        } else if let Value::Array(_, list) = value {
            list.get_mut(step.parse::<usize>().ok()?)?
        } else {
            return None;
        };
    }
    Some(value)
}

/// The table that the steps lead to.
pub(super) fn table_mut<'v>(value: &'v mut Value, path: &[String]) -> Option<&'v mut Dict> {
    if let Value::Dict(_, dict) = find_mut(value, path)? {
        Some(dict)
    } else {
        None
    }
}

/// The steps as people write them: `routes[0].match.severity`.
pub(super) fn written(value: &Value, path: &[String]) -> String {
    let mut key = String::new();
    for (at, step) in path.iter().enumerate() {
        let before = path.get(..at).unwrap_or_default();
        if matches!(find(value, before), Some(Value::Array(..))) {
            key.push_str(&format!("[{step}]"));
        } else {
            if !key.is_empty() {
                key.push('.');
            }
            key.push_str(step);
        }
    }
    key
}

/// The reverse of [`written`], for keys that name no table with a dot or bracket in its name.
pub(super) fn steps(key: &str) -> Path {
    key.split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether the key is the other, or lies within it.
pub(super) fn is_within(key: &str, other: &str) -> bool {
    key.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
