//! To be written.

pub mod desk;
pub mod jira;
pub mod mail;
pub mod webhook;
