//! Bad configurations, each with what is said of it: `tests/data/config/NAME.toml` and
//! `NAME.expected`. `UPDATE_EXPECTED=1 cargo test --test it config` writes what is said now.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use hubwatch::config::load;

use super::owned;

#[test]
fn every_bad_configuration_is_answered_as_reviewed() {
    let dir = Path::new("tests/data/config");
    // A strict umask must not change what is said of this file.
    let readable = fs::Permissions::from_mode(0o644);
    fs::set_permissions(dir.join("secrets/token"), readable).unwrap();
    let mut cases = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            check(&path);
            cases += 1;
        }
    }
    assert!(cases >= 8, "{cases}");
}

fn check(path: &Path) {
    let said = match load(Some(path), variables_in(path)) {
        Ok(config) => config
            .warnings
            .iter()
            .map(|w| format!("warning: {w}\n"))
            .collect(),
        Err(errors) => format!("{errors}\n"),
    };
    let expected = path.with_extension("expected");
    if updates() {
        fs::write(&expected, &said).unwrap();
    }
    let reviewed = fs::read_to_string(&expected).unwrap_or_default();
    assert_eq!(said, reviewed, "{}", path.display());
}

/// Lines such as `# env: HUBWATCH_SYNC__OVERLAP=long` at the head of a case.
fn variables_in(path: &Path) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    let text = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&text);
    let variables = text
        .lines()
        .filter_map(|line| line.strip_prefix("# env: ")?.split_once('='));
    owned(&variables.collect::<Vec<_>>())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch for developers, not a setting"
)]
fn updates() -> bool {
    std::env::var_os("UPDATE_EXPECTED").is_some()
}
