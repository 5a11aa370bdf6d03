//! ASFF: AWS's shape into ours.
//!
//! Knows how Security Hub spells an answer and a finding, in 2018 as today, and what is left when
//! a field is missing, retired or of the wrong type.
//! Does not know where the text came from, what is stored, or which findings are one issue.

mod control;
mod field;
mod names;
mod normalise;
mod page;
mod raw;
mod rejection;
mod resource;
mod salvage;
mod severity;
mod stamps;
#[cfg(test)]
mod tests;
mod topic;

pub use normalise::{Reading, read};
pub use page::{Malformed, Page, split_page};
pub use rejection::{RejectReason, Rejection};
pub use stamps::{Stamps, splice};
