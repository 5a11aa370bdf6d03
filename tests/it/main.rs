//! The tests that need more than one room, in one binary: the SDK is linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on fails; helpers outside of #[test] are not covered by clippy.toml"
)]

mod account_facts;
mod accounts;
mod asff;
mod aws;
mod bad_input;
mod before;
mod clocks;
mod config;
mod consolidation;
mod daemon;
mod explaining;
mod imports;
mod labelled;
mod muting;
mod order;
mod previewing;
mod relations;
mod simulator;
mod snapshot;
mod store;
mod support;
mod vantages;
