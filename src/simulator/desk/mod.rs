//! What the pretend Jira, mail services and webhook receiver have in common.
//!
//! Knows how to go wrong on purpose (throttle, fail, be slow, cut the connection after the work is
//! done), how to count requests against a rate, and how to keep the latest of many.
//! Does not know what a ticket or a mail is, nor which service it is breaking.

mod credentials;
mod faults;
mod gate;
mod rate;
mod ring;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use credentials::{basic, bearer, header, same_secret};
pub use faults::{Chance, Faults};
pub(crate) use faults::{Fault, FaultBox};
pub(crate) use gate::{Gate, Trouble, gate};
pub use rate::Limit;
pub(crate) use rate::{Buckets, Taken};
pub(crate) use ring::Ring;
