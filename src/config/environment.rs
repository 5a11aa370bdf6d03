//! Environment variables that set keys: `HUBWATCH_SYNC__POLL_INTERVAL` sets `sync.poll_interval`.

use std::ffi::OsString;

use figment::{
    Provider,
    providers::{Format as _, Toml},
    value::{Dict, Value},
};

use super::key::Path;

const PREFIX: &str = "HUBWATCH_";
const LEVEL: &str = "__";

/// The names that Kubernetes gives to every container beside a service called `hubwatch`. They
/// are not settings, and they must not keep the daemon from starting.
const OF_KUBERNETES: [&str; 3] = ["SERVICE_HOST", "SERVICE_PORT", "PORT"];

/// The process's environment: what [`super::load`] takes.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment enters"
)]
pub fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// A variable of ours, not yet read.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    value: OsString,
}

/// A variable that sets a key.
pub(super) struct Setting {
    pub(super) path: Path,
    pub(super) value: Value,
}

/// The variables that are ours, by name.
pub(super) fn ours(variables: impl Iterator<Item = (OsString, OsString)>) -> Vec<Variable> {
    let mut ours: Vec<_> = variables
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let rest = name.strip_prefix(PREFIX)?;
            (!is_of_kubernetes(rest)).then_some(Variable { name, value })
        })
        .collect();
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    ours
}

fn is_of_kubernetes(rest: &str) -> bool {
    !rest.contains(LEVEL)
        && OF_KUBERNETES.iter().any(|name| {
            rest.strip_prefix(name)
                .is_some_and(|more| more.is_empty() || more.starts_with('_'))
        })
}

impl Variable {
    /// The key that it sets and the value, given what the file holds. Errors are fit for a
    /// problem's message.
    pub(super) fn read(self, file: &Dict) -> Result<Setting, &'static str> {
        let rest = self.name.strip_prefix(PREFIX).unwrap_or_default();
        let path = path(rest, file);
        if path.iter().any(String::is_empty) {
            return Err("expected a name such as HUBWATCH_SECTION__KEY");
        }
        let text = self
            .value
            .into_string()
            .map_err(|_| "expected text in UTF-8")?;
        let value = list_or_table(&text).unwrap_or_else(|| Value::from(text));
        Ok(Setting { path, value })
    }
}

/// The steps that a name writes. Names cannot hold small letters or dashes everywhere, so a step
/// finds the file's own spelling: `JIRA_SEC` is `jira-sec` where the file has that.
fn path(rest: &str, file: &Dict) -> Path {
    let mut table = Some(file);
    let mut path = Path::new();
    for step in rest.split(LEVEL) {
        let spelled = table.and_then(|t| t.keys().find(|key| folded(key) == folded(step)));
        let spelled = spelled.cloned().unwrap_or_else(|| step.to_lowercase());
        table = table.and_then(|t| t.get(&spelled)).and_then(Value::as_dict);
        path.push(spelled);
    }
    path
}

fn folded(step: &str) -> String {
    step.to_lowercase().replace('-', "_")
}

/// Lists and tables are written as in TOML. `[::1]:9465` looks like one and is none.
fn list_or_table(text: &str) -> Option<Value> {
    if !text.trim_start().starts_with(['[', '{']) {
        return None;
    }
    let mut read = Toml::string(&format!("value = {text}")).data().ok()?;
    read.remove(&figment::Profile::Default)?.remove("value")
}
