//! Configuration: what is accepted, what is said of what is not, and what is never said.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use hubwatch::config::{Config, ConfigErrors, load};

mod cases;
mod environment;
mod example;
mod leaks;

/// Secrets of a test, in files that only their owner may read.
struct Secrets {
    dir: tempfile::TempDir,
}

impl Secrets {
    /// Every file that the example names, with the given text.
    fn new(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["external-id", "http-token", "jira-token", "sendgrid-key"] {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text with the example's directory of secrets replaced by this one.
    fn named_in(&self, text: &str) -> String {
        text.replace("/etc/hubwatch", self.dir.path().to_str().unwrap())
    }

    /// Loads a text as a file beside the secrets.
    fn load(&self, text: &str) -> Result<Config, ConfigErrors> {
        self.load_with(text, &[])
    }

    fn load_with(&self, text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        let file = self.path("hubwatch.toml");
        fs::write(&file, text).unwrap();
        load(Some(&file), owned(variables))
    }
}

fn owned(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    let owned = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
    variables.iter().map(owned).collect()
}

fn example() -> String {
    fs::read_to_string(Path::new("config/hubwatch.example.toml")).unwrap()
}

/// What went wrong, one line for each problem, without the file's name.
fn told(errors: &ConfigErrors) -> Vec<String> {
    let line = |p: &hubwatch::config::ConfigProblem| format!("{}: {}", p.key, p.message);
    errors.problems.iter().map(line).collect()
}
