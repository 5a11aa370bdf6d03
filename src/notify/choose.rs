//! From a sink's settings to the sink: the one match.

use super::{HttpClient, Sink, email, jira};

/// What a sink runs on.
#[derive(Debug, Clone)]
pub enum SinkConfig {
    /// Jira Cloud.
    Jira(jira::Config),
    /// A mail service.
    Email(email::Config),
}

/// The values of a sink's `type`.
#[must_use]
pub fn sink_types() -> &'static [&'static str] {
    &["jira", "email"]
}

/// The sink that goes by this name. Nothing is sent yet.
#[must_use]
pub fn choose(name: &str, config: &SinkConfig, http: &HttpClient) -> Box<dyn Sink> {
    let (name, http) = (name.to_owned(), http.clone());
    match config {
        SinkConfig::Jira(config) => Box::new(jira::JiraCloud::new(name, config.clone(), http)),
        SinkConfig::Email(config) => Box::new(email::SendGrid::new(name, config.clone(), http)),
    }
}
