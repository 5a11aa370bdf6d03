//! hubwatch follows AWS Security Hub findings across an organization and tells people about the
//! ones that matter, once.
//!
//! The rooms, in reading order; each names only rooms above it in this list, as drawn in
//! `ARCHITECTURE.md`.

pub mod domain;

pub mod asff;
pub mod correlate;
pub mod observe;

pub mod aws;
pub mod notify;
pub mod store;

pub mod pipeline;

pub mod http;
pub mod simulator;

pub mod config;

pub mod cli;
