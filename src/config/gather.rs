//! Gathering: sections through extraction and their rooms' checks, and every problem on the way.

use std::{ffi::OsString, path::Path};

use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

use super::{
    explain,
    extract::extract,
    key,
    layers::Layers,
    problem::{ConfigErrors, ConfigProblem},
    secret::SecretFiles,
};
use crate::domain::settings::{Problem, ReadSecret};

const READABLE_BY_ALL: &str = "everyone on this machine may read the file; chmod o-r would keep \
                               the secret";

/// A configuration on its way from values to what the program runs on.
pub(super) struct Gather {
    layers: Layers,
    secrets: SecretFiles,
    problems: Vec<ConfigProblem>,
    warnings: Vec<ConfigProblem>,
}

impl Gather {
    /// Reads the layers.
    pub(super) fn begin(
        path: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigErrors> {
        let (layers, problems) = Layers::read(path, variables).map_err(|problem| ConfigErrors {
            problems: vec![problem],
        })?;
        Ok(Self {
            layers,
            secrets: SecretFiles::default(),
            problems,
            warnings: Vec::new(),
        })
    }

    /// Notes every section that is not one of these.
    pub(super) fn refuse_unknown_sections(&mut self, known: &[&str]) {
        let names: Vec<_> = match self.layers.values.as_dict() {
            Some(sections) => sections.keys().cloned().collect(),
            None => return,
        };
        for name in names.iter().filter(|n| !known.contains(&n.as_str())) {
            self.note(name, explain::unknown(name, known));
        }
    }

    /// The value at a key, when it was typed.
    pub(super) fn value(&self, path: &[&str]) -> Option<&Value> {
        key::find(&self.layers.values, path)
    }

    /// A section at the top that is one table, and may be left out.
    pub(super) fn section<S: DeserializeOwned, C>(
        &mut self,
        name: &str,
        check: impl FnOnce(S, ReadSecret<'_>) -> Result<C, Vec<Problem>>,
    ) -> Option<C> {
        let typed = self.value(&[name]).cloned();
        let typed = typed.unwrap_or_else(|| Value::from(Dict::new()));
        self.read(name, typed, check)
    }

    /// Sections at the top that one room reads together. The room's keys begin at the top.
    pub(super) fn sections<S: DeserializeOwned, C>(
        &mut self,
        names: &[&str],
        check: impl FnOnce(S, ReadSecret<'_>) -> Result<C, Vec<Problem>>,
    ) -> Option<C> {
        let typed: Dict = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.value(&[name])?.clone())))
            .collect();
        self.read("", Value::from(typed), check)
    }

    /// What a value means, by the check of the room that it is for. Keys of the value lie within
    /// `section`.
    pub(super) fn read<S: DeserializeOwned, C>(
        &mut self,
        section: &str,
        typed: Value,
        check: impl FnOnce(S, ReadSecret<'_>) -> Result<C, Vec<Problem>>,
    ) -> Option<C> {
        let extracted = extract(typed, |tag| self.layers.variable(tag).is_some());
        for (key, message) in extracted.problems {
            self.note(&within(section, &key), message);
        }
        let checked = check(extracted.settings?, &|path| self.secrets.read(path));
        for path in self.secrets.take_readable_by_all() {
            self.warn_of_secret(section, &path);
        }
        match checked {
            Ok(config) => Some(config),
            Err(problems) => {
                for problem in problems {
                    self.note(&within(section, &problem.key), problem.message);
                }
                None
            }
        }
    }

    /// Notes a problem, unless something was already said about the key or what it is within: a
    /// value that was stepped over leaves something else in its place, which is not the
    /// operator's.
    pub(super) fn note(&mut self, key: &str, message: String) {
        let said = |p: &ConfigProblem| !p.key.is_empty() && key::is_within(key, &p.key);
        if !self.problems.iter().any(said) {
            self.problems.push(ConfigProblem {
                key: key.to_owned(),
                source: self.layers.source(key),
                message,
            });
        }
    }

    /// Whether anything is wrong with a section, or within it.
    pub(super) fn has_problem(&self, section: &str) -> bool {
        let problems = self.problems.iter();
        problems
            .map(|p| &p.key)
            .any(|key| key::is_within(key, section))
    }

    /// Notes what works, and still deserves a word.
    pub(super) fn warn(&mut self, key: &str, message: &str) {
        self.warnings.push(ConfigProblem {
            key: key.to_owned(),
            source: self.layers.source(key),
            message: message.to_owned(),
        });
    }

    /// The warnings, when there is no problem.
    pub(super) fn finish(self) -> Result<Vec<ConfigProblem>, ConfigErrors> {
        if self.problems.is_empty() {
            Ok(self.warnings)
        } else {
            Err(self.into_errors())
        }
    }

    /// The problems.
    pub(super) fn into_errors(self) -> ConfigErrors {
        ConfigErrors {
            problems: self.problems,
        }
    }

    /// A room asks for a secret by its file, so the key is found by the file's name.
    fn warn_of_secret(&mut self, section: &str, file: &Path) {
        let typed = key::find(&self.layers.values, &key::steps(section));
        let key = typed.and_then(|value| key_of_file(value, file));
        self.warn(&within(section, &key.unwrap_or_default()), READABLE_BY_ALL);
    }
}

/// The key as seen from the top.
fn within(section: &str, key: &str) -> String {
    match (section, key) {
        ("", key) => key.to_owned(),
        (section, "") => section.to_owned(),
        (section, key) => format!("{section}.{key}"),
    }
}

fn key_of_file(value: &Value, file: &Path) -> Option<String> {
    value.as_dict()?.iter().find_map(|(name, value)| {
        if name.ends_with("_file") && value.as_str().map(Path::new) == Some(file) {
            Some(name.clone())
        } else {
            key_of_file(value, file).map(|key| format!("{name}.{key}"))
        }
    })
}
