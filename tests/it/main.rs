//! The tests that need more than one room, in one binary: the SDK is linked once.

mod asff;
mod aws;
mod config;
mod daemon;
mod imports;
mod simulator;
mod store;
mod support;
