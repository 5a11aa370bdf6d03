//! figment's errors in our words. Its own print the value, which may be a secret.

use figment::error::{Actual, Kind};

/// How many letters may differ between a key and the one that was meant.
const TYPO_MAX: usize = 3;

/// The most keys worth listing.
const LISTED_MAX: usize = 40;

/// What is wrong, without the value that is wrong.
pub(super) fn explain(kind: &Kind) -> String {
    match kind {
        Kind::UnknownField(name, known) => unknown(name, known),
        Kind::MissingField(_) => "is required".to_owned(),
        Kind::DuplicateField(_) => "is given twice".to_owned(),
        Kind::UnknownVariant(_, known) => format!("expected one of {}", listed(known)),
        Kind::InvalidType(found, expected) => {
            format!("expected {}, found {}", wanted(expected), shape(found))
        }
        Kind::InvalidValue(_, expected) => {
            format!("the value is out of bounds: expected {}", wanted(expected))
        }
        Kind::InvalidLength(..) => "the wrong number of values".to_owned(),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "the number is too large".to_owned(),
        // A message may quote the value, so what it says cannot be passed on.
        Kind::Message(_) | Kind::Unsupported(_) | Kind::UnsupportedKey(..) => {
            "the value cannot be used here".to_owned()
        }
    }
}

/// What to say of a name that is not among the known ones.
pub(super) fn unknown(name: &str, known: &[&str]) -> String {
    let near = nearest(name, known);
    if !near.is_empty() {
        format!("unknown key; did you mean {}?", near.join(" or "))
    } else if known.is_empty() {
        "unknown key; none is known here".to_owned()
    } else {
        format!("unknown key; known are {}", listed(known))
    }
}

/// The known names that are a typing error away, or that the name begins.
fn nearest(name: &str, known: &[&str]) -> Vec<String> {
    let name = name.to_lowercase().replace('-', "_");
    let allowed = (name.chars().count() / 3).min(TYPO_MAX);
    let mut near: Vec<_> = known
        .iter()
        .map(|known| {
            let begins = name.len() > 2 && known.starts_with(&name);
            let typos = strsim::damerau_levenshtein(&name, &known.replace('-', "_"));
            (if begins { 0 } else { typos }, *known)
        })
        .filter(|(typos, _)| *typos <= allowed)
        .collect();
    near.sort_unstable();
    near.iter().take(2).map(|(_, k)| format!("`{k}`")).collect()
}

fn listed(known: &[&str]) -> String {
    let mut names: Vec<_> = known
        .iter()
        .take(LISTED_MAX)
        .map(|k| format!("`{k}`"))
        .collect();
    if known.len() > LISTED_MAX {
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// serde names what it wanted by Rust's types; an operator thinks in TOML's.
fn wanted(expected: &str) -> String {
    let words = match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a sequence" => "a list",
        "a map" => "a table",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "path string" => "a path",
        _ if expected.starts_with("struct ") => "a table",
        _ if expected.starts_with("enum ") => "one of its words",
        _ if expected.contains("string") => "a string",
        _ => expected,
    };
    words.to_owned()
}

/// The kind of value that was found.
fn shape(found: &Actual) -> &'static str {
    match found {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Char(_) | Actual::Str(_) | Actual::Bytes(_) => "a string",
        Actual::Unit | Actual::Option => "nothing",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        Actual::NewtypeStruct
        | Actual::Enum
        | Actual::UnitVariant
        | Actual::NewtypeVariant
        | Actual::TupleVariant
        | Actual::StructVariant
        | Actual::Other(_) => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_answered_with_what_was_meant() {
        let known = ["api_token_file", "email", "project", "url"];
        for (typed, said) in [
            (
                "api_tokn_file",
                "unknown key; did you mean `api_token_file`?",
            ),
            ("api_token", "unknown key; did you mean `api_token_file`?"),
            (
                "API-Token-File",
                "unknown key; did you mean `api_token_file`?",
            ),
            ("urll", "unknown key; did you mean `url`?"),
            (
                "colour",
                "unknown key; known are `api_token_file`, `email`, `project`, `url`",
            ),
        ] {
            assert_eq!(unknown(typed, &known), said);
        }
    }

    #[test]
    fn no_kind_of_error_repeats_the_value() {
        let text = || "hunter2".to_owned();
        for kind in [
            Kind::Message(text()),
            Kind::InvalidType(Actual::Str(text()), "u16".into()),
            Kind::InvalidValue(Actual::Other(text()), "u16".into()),
            Kind::UnknownVariant(text(), &["a"]),
            Kind::Unsupported(Actual::Str(text())),
            Kind::UnsupportedKey(Actual::Str(text()), "a string".into()),
        ] {
            assert!(!explain(&kind).contains("hunter2"), "{kind:?}");
        }
    }
}
