//! The rules of `ARCHITECTURE.md` that a compiler will not check for us: which room may name which,
//! and which words have one home.

use std::{
    fs,
    path::{Path, PathBuf},
};

mod scan;

use scan::{Source, paths_in};

/// The rooms as they are drawn. A room may name those on the lines below its own; rooms on one
/// line are strangers.
const PICTURE: &[&[&str]] = &[
    &["cli"],
    &["config"],
    &["http", "simulator"],
    &["pipeline"],
    &["aws", "store", "notify"],
    &["asff", "correlate", "observe"],
    &["domain"],
];

/// The simulator stands in for the outside world. It speaks wire formats on its own, so that a
/// misunderstanding cannot hide on both sides; and the product does not know that it exists.
const APART: &str = "simulator";
const WHO_NAMES_IT: &[&str] = &["cli"];

/// Words that have few homes. Tests beside the code are free of this.
const WORDS: &[(&str, &[&str])] = &[
    ("rusqlite::", &["store"]),
    ("rusqlite_migration::", &["store"]),
    ("zstd::", &["store"]),
    ("aws_sdk_", &["aws"]),
    ("aws_config::", &["aws"]),
    ("aws_smithy_", &["aws"]),
    ("aws_credential_types::", &["aws"]),
    ("reqwest::", &["notify"]),
    ("axum::", &["http", "simulator"]),
    ("figment::", &["config"]),
    ("env::var", &["config"]),
    ("tracing_subscriber::", &["observe"]),
    ("clap::", &["cli"]),
    ("anyhow::", &["cli"]),
    ("comfy_table::", &["cli"]),
    ("indicatif::", &["cli"]),
    ("println!", &["cli"]),
    ("print!", &["cli"]),
    ("eprintln!", &["cli"]),
    ("eprint!", &["cli"]),
    ("stdout()", &["cli"]),
    ("Timestamp::now", &["domain", "simulator"]),
    ("SystemTime::now", &["domain"]),
    ("Zoned::now(", &["domain"]),
];

#[test]
fn rooms_name_only_rooms_below_them() {
    let mut breaches = Vec::new();
    for source in sources() {
        for named in rooms_named_in(&source) {
            let allowed = match &source.room {
                Some(room) => named == *room || may_name(room, &named),
                // `lib.rs` declares the rooms; `main.rs` starts at the front door.
                None => named == "cli",
            };
            if !allowed {
                breaches.push(format!("{} names `{named}`", source.path.display()));
            }
        }
    }
    breaches.dedup();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn words_stay_in_their_rooms() {
    let mut breaches = Vec::new();
    let sources = sources();
    let tests: Vec<_> = sources.iter().flat_map(Source::test_modules).collect();
    let is_test = |source: &Source| tests.iter().any(|test| source.module.starts_with(test));
    for source in sources.iter().filter(|source| !is_test(source)) {
        // Speaking HTTP has one home. Reading a URL does not.
        let code = source.without_tests().replace("reqwest::Url", "");
        for (word, homes) in WORDS {
            let at_home = source
                .room
                .as_deref()
                .is_some_and(|room| homes.contains(&room));
            if !at_home && says(&code, word) {
                breaches.push(format!(
                    "{} says `{word}`, whose home is {}",
                    source.path.display(),
                    homes.join(" or ")
                ));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_room_is_in_the_picture_and_begins_with_what_it_knows() {
    let mut rooms: Vec<_> = fs::read_dir(src())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    rooms.sort();
    let mut drawn = PICTURE.concat();
    drawn.sort_unstable();
    assert_eq!(rooms, drawn, "the picture and `src` differ");
    for room in rooms {
        let text = fs::read_to_string(src().join(&room).join("mod.rs")).unwrap();
        let head = text.lines().map_while(|line| line.strip_prefix("//!"));
        let head = head.collect::<String>();
        let ignorance = ["Does not know", "Knows none", "Knows nothing"];
        let both = head.contains("Knows") && ignorance.iter().any(|words| head.contains(words));
        assert!(
            both,
            "`{room}` does not say what it knows and does not know"
        );
    }
}

#[test]
fn the_picture_allows_what_it_draws_and_nothing_else() {
    assert!(may_name("cli", "simulator") && may_name("pipeline", "store"));
    assert!(may_name("config", "http") && may_name("notify", "observe"));
    for (room, named) in [
        ("store", "notify"),
        ("notify", "store"),
        ("domain", "asff"),
        ("aws", "pipeline"),
        ("config", "simulator"),
        ("simulator", "domain"),
        ("http", "config"),
    ] {
        assert!(!may_name(room, named), "{room} may name {named}");
    }
}

fn may_name(room: &str, named: &str) -> bool {
    let line = |room: &str| PICTURE.iter().position(|line| line.contains(&room));
    if named == APART {
        WHO_NAMES_IT.contains(&room)
    } else {
        room != APART && line(room) < line(named)
    }
}

fn rooms_named_in(source: &Source) -> Vec<String> {
    let mut rooms: Vec<_> = paths_in(&source.code, &source.module)
        .into_iter()
        .filter_map(|path| path.into_iter().next())
        .filter(|first| PICTURE.concat().contains(&first.as_str()) || first == "*")
        .collect();
    rooms.dedup();
    rooms
}

/// Whether code says the word, and not only as the end of a longer one.
fn says(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file under `src`.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut dirs = vec![src()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source::new(path.strip_prefix(src()).unwrap(), &text));
            }
        }
    }
    assert!(found.len() > PICTURE.len(), "is this the right directory?");
    found
}
