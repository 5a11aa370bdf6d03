//! E-mail through a mail service, as HTML and as text.
//!
//! Mail services have no idempotency key, and cannot be asked what they were given: after doubt,
//! whoever decides when to try again has to choose between once too often and not at all.

mod config;
mod html;
mod plain;
mod sendgrid;

pub use config::{Config, Settings};
pub(super) use sendgrid::SendGrid;

/// Mail clients show about 70 characters of a subject; what follows is still searchable.
const SUBJECT_UNITS_MAX: usize = 200;
