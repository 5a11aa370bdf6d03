//! What is never said: a configured value, wherever it stands and however wrong it is.

use std::fs;

use hubwatch::config::{ConfigErrors, load};
use toml::{Table, Value};

use super::{Secrets, example, owned};

/// Stands for what nobody must see.
const MARK: &str = "hunter2";
const MARK_NUMBER: i64 = 7_351_927_351;

fn assert_silent(errors: &ConfigErrors, about: &str) {
    let said = format!("{errors}\n{errors:?}");
    assert!(!said.contains(MARK), "{about}: {said}");
    assert!(!said.contains("7351927351"), "{about}: {said}");
}

/// Every way of being wrong that still holds the mark.
fn wrong_values() -> Vec<Value> {
    vec![
        Value::from(MARK),
        Value::from(format!("{MARK}\n[x]: 1\u{1b}[2J")),
        Value::from(format!("https://{MARK}:{MARK}@[bad/")),
        Value::from(MARK_NUMBER),
        Value::from(7_351_927_351.5),
        Value::from(vec![MARK, MARK]),
        Value::from(vec![MARK_NUMBER]),
        Value::from(Table::from_iter([("key".to_owned(), Value::from(MARK))])),
    ]
}

/// The example with every line that shows a key made to count, and no line but those.
fn full() -> Table {
    let text: Vec<_> = example()
        .lines()
        .map(|line| line.trim_start_matches('#').trim_start().to_owned())
        .filter(|line| line.starts_with('[') || line.parse::<Table>().is_ok())
        .collect();
    text.join("\n").parse().unwrap()
}

#[test]
fn no_wrong_value_is_repeated_whatever_key_it_stands_at() {
    let secrets = Secrets::new("0123456789abcdef");
    let full = Value::Table(full());
    let (mut places, mut refused) = (0, 0);
    for place in places_in(&full, &[]) {
        places += 1;
        for wrong in wrong_values() {
            let mut changed = full.clone();
            *at(&mut changed, &place) = wrong;
            let text = secrets.named_in(&changed.to_string());
            if let Err(errors) = secrets.load(&text) {
                refused += 1;
                assert_silent(&errors, &place.join("."));
            }
        }
    }
    assert!(
        places > 50 && refused > places * 4,
        "{places} places, {refused} refused"
    );
}

#[test]
fn no_value_is_repeated_when_the_file_is_cut_or_mistyped_anywhere() {
    let secrets = Secrets::new("0123456789abcdef");
    let text: String = full().to_string();
    let marked: String = text
        .lines()
        .map(|line| match line.split_once(" = \"") {
            Some((key, _)) => format!("{key} = \"{MARK}\"\n"),
            None => format!("{line}\n"),
        })
        .collect();
    assert!(marked.matches(MARK).count() > 20);
    // Signs are where breaking matters; of the letters between them, some are enough.
    let places = marked.char_indices();
    for (place, c) in places.filter(|(place, c)| "\"=[]{},\n".contains(*c) || place % 11 == 0) {
        let (before, after) = marked.split_at(place);
        for broken in [
            before.to_owned(),
            format!("{before}{}", &after[c.len_utf8()..]),
            format!("{before}\"{after}"),
            format!("{before}={after}"),
        ] {
            // A value whose quotes and key are gone is read as a key, which may be said.
            if broken
                .parse::<Table>()
                .is_ok_and(|t| keys_hold_mark(&Value::Table(t)))
            {
                continue;
            }
            if let Err(errors) = secrets.load(&broken) {
                assert_silent(&errors, &format!("broken at {place}"));
            }
        }
    }
}

#[test]
fn no_variable_is_repeated() {
    let mut refused = 0;
    for name in [
        "AWS",
        "AWS__ROLE",
        "AWS__ROLE__DURATION",
        "ACCOUNTS__LIST",
        "SYNC__POLL_INTERVAL",
        "SYNC__CONCURRENCY",
        "STORE__URL",
        "HTTP__LISTEN",
        "HTTP__TOKEN_FILE",
        "LOG__FORMAT",
        "ROUTES",
        "ROUTES__0__NAME",
        "SINKS",
        "SINKS__X",
        "SINKS__X__TYPE",
        "UNKNOWN",
        "SYNC__UNKNOWN",
    ] {
        let name = format!("HUBWATCH_{name}");
        for value in [
            "hunter2".to_owned(),
            "[\"hunter2\"]".to_owned(),
            "{ key = \"hunter2\" }".to_owned(),
            "[hunter2".to_owned(),
            MARK_NUMBER.to_string(),
        ] {
            if let Err(errors) = load(None, owned(&[(&name, &value)])) {
                refused += 1;
                assert_silent(&errors, &name);
            }
        }
    }
    assert!(refused > 70, "{refused} refused");
}

#[test]
fn no_secret_is_shown_whether_it_is_accepted_or_refused() {
    let secret = "hunter2-hunter2-hunter2";
    let secrets = Secrets::new(secret);
    let text = secrets.named_in(&example());
    let text = text
        .replace("# token_file", "token_file")
        .replace("# external", "external");
    let config = secrets.load(&text).unwrap();
    assert!(!format!("{config:?} {config:#?}").contains(MARK));

    for refused in [
        "hunter2 two words",
        "hunter2\nlines",
        "hunter2\u{0}",
        "\u{feff}hunter2",
    ] {
        let secrets = Secrets::new(refused);
        let text = secrets.named_in(&example());
        let text = text
            .replace("# token_file", "token_file")
            .replace("# external", "external");
        assert_silent(&secrets.load(&text).unwrap_err(), refused);
    }
}

#[test]
fn a_secret_put_where_its_file_belongs_is_not_repeated() {
    let secrets = Secrets::new("0123456789abcdef");
    let text = secrets.named_in(&example());
    for name in ["jira-token", "sendgrid-key"] {
        let path = secrets.path(name);
        let text = text.replace(path.to_str().unwrap(), "hunter2");
        assert_silent(&secrets.load(&text).unwrap_err(), name);
    }
    fs::remove_file(secrets.path("jira-token")).unwrap();
    fs::create_dir(secrets.path("jira-token")).unwrap();
    secrets.load(&text).unwrap_err();
}

/// The steps to every value, tables and lists included.
fn places_in(value: &Value, path: &[String]) -> Vec<Vec<String>> {
    let mut places = Vec::new();
    for (step, child) in children(value) {
        let place = [path, &[step]].concat();
        places.extend(places_in(child, &place));
        places.push(place);
    }
    places
}

fn children(value: &Value) -> Vec<(String, &Value)> {
    if let Value::Table(table) = value {
        table.iter().map(|(key, v)| (key.clone(), v)).collect()
    } else if let Value::Array(list) = value {
        let numbered = list.iter().enumerate();
        numbered.map(|(at, v)| (at.to_string(), v)).collect()
    } else {
        Vec::new()
    }
}

fn at<'v>(value: &'v mut Value, place: &[String]) -> &'v mut Value {
    place.iter().fold(value, |value, step| {
        if value.is_array() {
            &mut value[step.parse::<usize>().unwrap()]
        } else {
            &mut value[step.as_str()]
        }
    })
}

fn keys_hold_mark(value: &Value) -> bool {
    let held = |(key, value): (String, &Value)| key.contains(MARK) || keys_hold_mark(value);
    children(value).into_iter().any(held)
}
