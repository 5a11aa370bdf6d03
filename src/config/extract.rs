//! Extracting: values into the plain settings of a room, and everything that stands in the way.

use std::collections::BTreeMap;

use figment::{
    error::{Error, Kind},
    value::{Tag, Value},
};
use serde::de::DeserializeOwned;

use super::{
    explain::explain,
    key::{self, Path},
};

/// More problems than anyone reads; the bound ends the loop whatever a value does.
const PROBLEMS_MAX: usize = 200;

/// What came of a value.
pub(super) struct Extracted<T> {
    /// The settings, with something in the place of what was wrong; `None` when nothing fits.
    pub(super) settings: Option<T>,
    /// Key within the value, and what is wrong there.
    pub(super) problems: Vec<(String, String)>,
}

/// Reads settings from a value.
///
/// Deserialization stops at the first error. So what is wrong is noted and taken out, or replaced
/// by something of another kind where it cannot be spared, and the rest is read again, until all
/// that is wrong is known.
pub(super) fn extract<T: DeserializeOwned>(
    value: Value,
    is_from_environment: impl Fn(Tag) -> bool,
) -> Extracted<T> {
    let mut reading = Reading {
        value,
        tries: BTreeMap::new(),
        problems: Vec::new(),
    };
    let mut settings = None;
    // Each problem costs one round to find and at most one for each stand-in.
    for _ in 0..PROBLEMS_MAX * (STAND_INS + 2) {
        match T::deserialize(&reading.value) {
            Ok(read) => {
                settings = Some(read);
                break;
            }
            Err(error) if reading.reinterpret(&error, &is_from_environment) => {}
            Err(error) => {
                if !reading.step_over(error) || reading.problems.len() >= PROBLEMS_MAX {
                    break;
                }
            }
        }
    }
    Extracted {
        settings,
        problems: reading.problems,
    }
}

/// How many kinds of value are tried in the place of one that cannot be spared.
const STAND_INS: usize = 5;

struct Reading {
    value: Value,
    /// How often each place was mended.
    tries: BTreeMap<Path, usize>,
    problems: Vec<(String, String)>,
}

impl Reading {
    /// Variables hold text. Where something else is wanted, text that is a number or a truth
    /// value becomes one.
    fn reinterpret(&mut self, error: &Error, is_from_environment: impl Fn(Tag) -> bool) -> bool {
        let Kind::InvalidType(..) = error.kind else {
            return false;
        };
        let Some(slot) = key::find_mut(&mut self.value, &error.path) else {
            return false;
        };
        let tag = slot.tag();
        let Some(text) = slot.as_str().filter(|_| is_from_environment(tag)) else {
            return false;
        };
        let read = if let Ok(truth) = text.parse() {
            Value::Bool(tag, truth)
        } else if let Ok(number) = text.parse::<u64>() {
            Value::Num(tag, number.into())
        } else if let Ok(number) = text.parse::<i64>() {
            Value::Num(tag, number.into())
        } else if let Ok(number) = text.parse::<f64>() {
            Value::Num(tag, number.into())
        } else {
            return false;
        };
        *slot = read;
        true
    }

    /// Notes what is wrong and mends the value there. False when it cannot be mended.
    fn step_over(&mut self, error: Error) -> bool {
        let mut path = error.path;
        if let Kind::MissingField(name) = &error.kind {
            path.push(name.to_string());
        }
        let key = key::written(&self.value, &path);
        let known = self.problems.iter().any(|(k, _)| key::is_within(&key, k));
        if !known {
            self.problems.push((key, explain(&error.kind)));
        }
        self.mend(path, &error.kind)
    }

    fn mend(&mut self, mut path: Path, kind: &Kind) -> bool {
        loop {
            let tries = self.tries.entry(path.clone()).or_default();
            *tries += 1;
            let tries = *tries;
            let Some((last, before)) = path.split_last() else {
                // The value itself is of the wrong kind.
                return false;
            };
            if let Some(table) = key::table_mut(&mut self.value, before) {
                // The first try does without; a second means that it cannot be spared.
                if tries == 1 && table.remove(last).is_some() {
                    return true;
                }
                if let Some(stand_in) = stand_in(tries, kind) {
                    table.insert(last.clone(), stand_in);
                    return true;
                }
            } else if let Some(slot) = key::find_mut(&mut self.value, &path)
                // Taking an element out of a list would renumber the others.
                && let Some(stand_in) = stand_in(tries, kind)
            {
                *slot = stand_in;
                return true;
            }
            // Nothing fits: mend what is around it.
            path.pop();
        }
    }
}

/// Something of another kind for each try.
fn stand_in(tries: usize, kind: &Kind) -> Option<Value> {
    if tries > STAND_INS + 1 {
        return None;
    }
    if let Kind::UnknownVariant(_, [first, ..]) = kind {
        return Some(Value::from(*first));
    }
    match tries {
        1 => Some(Value::from("")),
        2 => Some(Value::from(0_u8)),
        3 => Some(Value::from(false)),
        4 => Some(Value::from(Vec::<Value>::new())),
        5 => Some(Value::from(figment::value::Dict::new())),
        _ => Some(Value::from("")),
    }
}
