//! The example file: it loads, and what it says of defaults is true.

use hubwatch::config::Config;

use super::{Secrets, example, told};

/// A line of the example that shows a key.
struct Shown {
    /// The whole example, with the line made to count.
    text: String,
    line: String,
}

#[test]
fn the_example_loads_without_a_warning() {
    let secrets = Secrets::new("0123456789abcdef");
    let config = secrets.load(&secrets.named_in(&example())).unwrap();
    assert_eq!(config.warnings, []);
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.sinks.len(), 2);
}

#[test]
fn every_default_that_the_example_states_is_the_default() {
    let secrets = Secrets::new("0123456789abcdef");
    let text = secrets.named_in(&example());
    let plain = meaning(&secrets.load(&text).unwrap());
    let defaults = shown(&text, "#");
    assert!(defaults.len() > 20);
    for default in defaults {
        let config = secrets.load(&default.text).unwrap();
        assert_eq!(meaning(&config), plain, "not the default: {}", default.line);
    }
}

#[test]
fn every_example_of_a_key_without_a_default_is_accepted_and_changes_something() {
    let secrets = Secrets::new("0123456789abcdef");
    let text = secrets.named_in(&example());
    let plain = meaning(&secrets.load(&text).unwrap());
    let examples = shown(&text, "# ");
    assert!(examples.len() >= 6);
    for example in examples {
        // Accounts are only listed where they are not discovered.
        let text = example.text.replace(
            "#discover = \"organization\"\n# list: the accounts below.",
            "",
        );
        let text = if example.line.starts_with("list = [{") {
            text.replace("#discover = \"organization\"", "discover = \"list\"")
        } else if example.line.starts_with("administrator = ") {
            // Nor is an administrator asked where every account is.
            text.replace("#vantage = \"members\"", "vantage = \"administrator\"")
        } else {
            text
        };
        let config = secrets.load(&text);
        let config = config.unwrap_or_else(|errors| panic!("{}: {errors}", example.line));
        assert_ne!(meaning(&config), plain, "changes nothing: {}", example.line);
    }
}

#[test]
fn every_key_that_the_code_knows_is_in_the_example() {
    let secrets = Secrets::new("0123456789abcdef");
    let text = secrets.named_in(&example());
    let mut checked = 0;
    for (table, known) in known_keys(&secrets, &text) {
        let shown: Vec<_> = keys_shown_under(&text, &table);
        for key in known {
            assert!(shown.contains(&key), "the example lacks {table}.{key}");
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

/// What a configuration means, other than by its warnings.
fn meaning(config: &Config) -> String {
    let text = format!("{config:#?}");
    let (meaning, _) = text.split_once("\n    warnings:").unwrap();
    meaning.to_owned()
}

/// For each line that shows a key behind the mark, the example with that line made to count.
fn shown(text: &str, mark: &str) -> Vec<Shown> {
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix(mark).filter(|rest| is_key_line(rest)) else {
            continue;
        };
        let mut lines = lines.clone();
        lines[at] = rest;
        found.push(Shown {
            text: lines.join("\n"),
            line: rest.to_owned(),
        });
    }
    found
}

fn is_key_line(line: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '.' | '-');
    line.split_once(" = ")
        .is_some_and(|(key, _)| !key.is_empty() && key.chars().all(letters))
}

/// The keys that each table takes, which the code lists for a key that it does not know.
fn known_keys(secrets: &Secrets, text: &str) -> Vec<(String, Vec<String>)> {
    let headers = text.lines().filter(|line| line.starts_with('['));
    headers
        .map(|header| {
            let probed = text.replacen(header, &format!("{header}\nzzzzzzzz = 1"), 1);
            let told = told(&secrets.load(&probed).unwrap_err()).join("\n");
            let (_, known) = told.split_once("known are ").unwrap();
            let known = known.split(", ").map(|k| k.trim_matches('`').to_owned());
            (header.to_owned(), known.collect())
        })
        .collect()
}

/// The first steps of all keys that a table shows, by any mark or as the table within it.
fn keys_shown_under(text: &str, header: &str) -> Vec<String> {
    let table = header.trim_matches(['[', ']']);
    let (_, after) = text.split_once(header).unwrap();
    let own = after
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let mut keys: Vec<_> = own
        .map(|line| line.trim_start_matches(['#', ' ']))
        .filter(|line| is_key_line(line))
        .map(|line| line.split([' ', '.']).next().unwrap().to_owned())
        .collect();
    let within = format!("[{table}.");
    let tables = text.lines().filter_map(|line| line.strip_prefix(&within));
    keys.extend(tables.map(|rest| rest.trim_end_matches(']').to_owned()));
    keys
}
