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
    pub(super) fn read(
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
    pub(super) fn value(&self, key: &[String]) -> Option<&Value> {
        key::find(&self.layers.values, key)
    }

    /// A section at the top that is one table, and may be left out.
    pub(super) fn section<S: DeserializeOwned, C>(
        &mut self,
        name: &str,
        check: impl FnOnce(S, ReadSecret<'_>) -> Result<C, Vec<Problem>>,
    ) -> Option<C> {
        let settings = self.settings(&[name.to_owned()])?;
        self.checked(name, settings, check)
    }

    /// The settings at a key, or those of an empty table where nothing was typed.
    pub(super) fn settings<S: DeserializeOwned>(&mut self, path: &[String]) -> Option<S> {
        let section = key::written(&self.layers.values, path);
        let value = self.value(path).cloned();
        let value = value.unwrap_or_else(|| Value::from(Dict::new()));
        let read = extract(value, |tag| self.layers.variable(tag).is_some());
        for (key, message) in read.problems {
            let problem = Problem::new(key, message).within(&section);
            self.note(&problem.key, problem.message);
        }
        read.settings
    }

    /// What the settings mean, by the check of the room that they are for.
    pub(super) fn checked<S, C>(
        &mut self,
        section: &str,
        settings: S,
        check: impl FnOnce(S, ReadSecret<'_>) -> Result<C, Vec<Problem>>,
    ) -> Option<C> {
        let checked = check(settings, &|path| self.secrets.read(path));
        for path in self.secrets.take_readable_by_all() {
            self.warn_of_secret(section, &path);
        }
        match checked {
            Ok(config) => Some(config),
            Err(problems) => {
                for problem in problems {
                    let problem = problem.within(section);
                    self.note(&problem.key, problem.message);
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
        let within = key::find(&self.layers.values, &key::steps(section));
        let key = within
            .and_then(|value| key_of_file(value, file))
            .map_or_else(|| section.to_owned(), |key| format!("{section}.{key}"));
        self.warnings.push(ConfigProblem {
            source: self.layers.source(&key),
            key,
            message: READABLE_BY_ALL.to_owned(),
        });
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
