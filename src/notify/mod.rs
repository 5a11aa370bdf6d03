//! Sinks: where notices go.
//!
//! Knows how to say a notice to Jira and to a mail service, and what their answers mean.
//! Does not know what is stored, why a notice is owed, or when to try again.

mod answer;
pub mod choose;
pub mod email;
mod error;
mod http_client;
pub mod jira;
mod notice;
mod page;
mod settings;
mod text;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod far_side;

use std::{fmt, time::Duration};

use async_trait::async_trait;

pub use choose::{SinkConfig, choose, sink_types};
pub use error::SinkError;
pub use http_client::HttpClient;
pub use notice::{Notice, NoticeProblem};

use crate::domain::delivery::Receipt;

/// A place notices go.
///
/// A sink keeps nothing between calls and never tries again by itself: one call is one attempt.
#[async_trait]
pub trait Sink: Send + Sync + fmt::Debug {
    /// The name that the operator gave it.
    fn name(&self) -> &str;

    /// How long after a doubtful attempt a look-up can be trusted. Zero where none is possible.
    fn patience(&self) -> Duration;

    /// Looks for what an earlier attempt, or an earlier store, may have left under the notice's
    /// mark. Changes nothing at the far side. After an error the doubt is as it was.
    async fn find(&self, notice: &Notice) -> Result<Lookup, SinkError>;

    /// Says the notice once. Only [`SinkError::Unclear`] may have landed all the same.
    async fn send(&self, notice: &Notice) -> Result<Receipt, SinkError>;
}

/// What a look-up saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It landed, and this is what came of it.
    Found(Receipt),
    /// It did not land, provided that the sink's patience has passed since the attempt.
    Absent,
    /// This sink cannot be asked.
    Unknowable,
}
