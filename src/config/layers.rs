//! Layers: the file, and the environment over it.

use std::{ffi::OsString, fs, io::Read as _, path::Path};

use figment::{
    Error, Figment, Metadata, Profile, Provider,
    value::{Dict, Map, Tag, Value},
};

use super::{environment, key, problem::ConfigProblem};

/// Far more than a configuration of thousands of accounts needs.
const FILE_MAX_BYTES: u64 = 8 << 20;

/// Every value that was typed, and who typed it.
pub(super) struct Layers {
    /// A table.
    pub(super) values: Value,
    figment: Figment,
    /// The file, or what is said where there is none.
    file: String,
}

/// One source of values.
struct Layer {
    source: Metadata,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.source.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

impl Layers {
    /// Reads the file and the environment. A variable that cannot be read is a problem, and the
    /// others still count; without a readable file nothing else can be judged.
    pub(super) fn read(
        path: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<(Self, Vec<ConfigProblem>), ConfigProblem> {
        let (file, values) = match path {
            Some(path) => (path.display().to_string(), read_file(path)?),
            None => ("the environment".to_owned(), Dict::new()),
        };
        let mut figment = Figment::from(Layer {
            source: Metadata::from("file", file.as_str()),
            values: values.clone(),
        });
        let mut problems = Vec::new();
        for variable in environment::ours(variables) {
            let name = variable.name.clone();
            match variable.read(&values) {
                Ok(setting) => {
                    figment = figment.merge(Layer {
                        source: Metadata::named(name),
                        values: nested(&setting.path, setting.value),
                    });
                }
                Err(message) => problems.push(ConfigProblem {
                    key: String::new(),
                    source: name,
                    message: message.to_owned(),
                }),
            }
        }
        let values = figment
            .data()
            .ok()
            .and_then(|mut profiles| profiles.remove(&Profile::Default))
            .unwrap_or_default();
        let layers = Self {
            values: Value::from(values),
            figment,
            file,
        };
        Ok((layers, problems))
    }

    /// Who set the value at the key or, where there is none, the file that could.
    pub(super) fn source(&self, key: &str) -> String {
        key::find(&self.values, &key::steps(key))
            .and_then(|value| self.variable(value.tag()))
            .unwrap_or(&self.file)
            .to_owned()
    }

    /// The environment variable that set a value; `None` when a file did.
    pub(super) fn variable(&self, tag: Tag) -> Option<&str> {
        let source = self.figment.get_metadata(tag)?;
        source.source.is_none().then_some(&*source.name)
    }
}

/// The value, in tables within tables.
fn nested(path: &[String], value: Value) -> Dict {
    let mut value = value;
    let mut dict = Dict::new();
    for step in path.iter().rev() {
        dict = Dict::from([(step.clone(), value)]);
        value = Value::from(dict.clone());
    }
    dict
}

fn read_file(path: &Path) -> Result<Dict, ConfigProblem> {
    let problem = |message: String| ConfigProblem {
        key: String::new(),
        source: path.display().to_string(),
        message,
    };
    let text = read_text(path).map_err(|message| problem(message.to_owned()))?;
    toml::from_str(&text).map_err(|error| problem(explain(&error, &text)))
}

fn read_text(path: &Path) -> Result<String, &'static str> {
    let file = fs::File::open(path).map_err(|error| cannot_open(&error))?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot_open(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > FILE_MAX_BYTES) {
        return Err("expected at most 8 MiB");
    }
    String::from_utf8(bytes).map_err(|_| "expected text in UTF-8")
}

/// Why a file cannot be read, without its name: a name can be a value.
pub(super) fn cannot_open(error: &std::io::Error) -> &'static str {
    let kind = error.kind();
    if kind == std::io::ErrorKind::NotFound {
        "there is no such file"
    } else if kind == std::io::ErrorKind::PermissionDenied {
        "hubwatch may not read the file"
    } else if kind == std::io::ErrorKind::IsADirectory {
        "expected a file, found a directory"
    } else {
        "the file cannot be read"
    }
}

/// Where the file stops being TOML, and why. The parser's own text quotes the line, which may
/// hold a secret; its message holds keys and TOML's grammar.
fn explain(error: &toml::de::Error, text: &str) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return format!("not TOML: {message}");
    };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("not TOML at line {line}, column {column}: {message}")
}
