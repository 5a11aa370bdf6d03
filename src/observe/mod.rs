//! Watching ourselves: logs, health, metrics.
//!
//! Knows how a log line is written, how a loop says that it is well, and how a metric is made.
//! Does not know what is logged, which loops there are, or what is measured: every other room
//! says that for itself.

pub mod health;
pub mod meter;
pub mod printable;
pub mod telemetry;

pub use health::{Health, LoopReport, Pulse};
pub use meter::{Meter, new_registry};
pub use printable::Printable;
