//! Logs: lines for people on a terminal, JSON everywhere else.

use std::io::{self, IsTerminal as _};

use serde::Deserialize;
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    field::MakeExt as _,
    fmt::{MakeWriter, format::debug_fn},
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use super::printable::{PrintableJson, write_field};
use crate::domain::settings::Problem;

/// `[log]` as typed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    format: Format,
    filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            format: Format::Auto,
            filter: "info".to_owned(),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// One line of text for each event, in colour on a terminal unless `NO_COLOR` is set.
    Human,
    /// One JSON object for each event.
    Json,
}

/// What is logged and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    format: Format,
    directives: String,
}

impl Settings {
    /// Checks the settings.
    ///
    /// # Errors
    /// Every problem there is.
    pub fn validate(self) -> Result<LogConfig, Vec<Problem>> {
        if EnvFilter::try_new(&self.filter).is_err() {
            return Err(vec![Problem::new(
                "filter",
                "expected a level (error, warn, info, debug, trace), or levels by module such as \
                 `info,hubwatch::aws=debug`",
            )]);
        }
        Ok(LogConfig {
            format: self.format,
            directives: self.filter,
        })
    }
}

/// Logging was already set up in this process.
#[derive(Debug, thiserror::Error)]
#[error("logging is already set up")]
pub struct AlreadySetUp;

/// Sends logs to standard error from now on. Standard output belongs to what commands print.
///
/// # Errors
/// When the process already has a subscriber.
pub fn init(config: &LogConfig) -> Result<(), AlreadySetUp> {
    let terminal = io::stderr().is_terminal();
    subscriber(config, terminal, io::stderr)
        .try_init()
        .map_err(|_| AlreadySetUp)
}

/// The subscriber that [`init`] installs, writing elsewhere.
pub fn subscriber<W>(config: &LogConfig, terminal: bool, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let json = match config.format {
        Format::Auto => !terminal,
        Format::Human => false,
        Format::Json => true,
    };
    Registry::default()
        // `validate` has read it before, so what cannot be read is not there.
        .with(EnvFilter::new(&config.directives))
        .with(if json {
            json_layer(to)
        } else {
            human_layer(terminal, to)
        })
}

fn json_layer<W, S>(to: W) -> Box<dyn Layer<S> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .json()
        .with_writer(PrintableJson(to))
        .boxed()
}

fn human_layer<W, S>(terminal: bool, to: W) -> Box<dyn Layer<S> + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer()
        .fmt_fields(debug_fn(write_field).delimited(" "))
        .with_writer(to);
    // Colour is the layer's default unless `NO_COLOR` is set, so it is only ever turned off.
    if terminal {
        layer.boxed()
    } else {
        layer.with_ansi(false).boxed()
    }
}

#[cfg(test)]
mod tests;
