//! What is recorded, and what became of it.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use bytes::Bytes;

use jiff::Timestamp;

use crate::domain::{
    Change, Digest, Finding, IssueIdentity, RelatedResource, Tags, Vantage, Window,
    window::WindowKind,
};

/// What is complete once a page is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Nothing more: other pages follow, or the question was not about a window.
    Nothing,
    /// Everything in the vantage's begun window before this time.
    UpTo(WindowKind, Timestamp),
    /// The whole window.
    End(Window),
}

/// One page of an answer.
#[derive(Debug, Clone)]
pub struct PageRecord {
    /// The vantage that was asked.
    pub vantage: Vantage,
    /// Whether what appears in it was there before hubwatch came, unless the history of its scope was
    /// read before.
    pub history: bool,
    /// The reconcile window it belongs to, by its end: findings in it are met by the sweep.
    pub sweep: Option<Timestamp>,
    /// What is complete with this page.
    pub reached: Reached,
    /// The page as AWS sent it.
    pub body: Bytes,
    /// The findings in it. Shared, so that a page can be kept for a second try at no cost.
    pub findings: Arc<[FindingRecord]>,
    /// What in it could not be read.
    pub rejected: Vec<RejectedRecord>,
}

/// One finding of a page.
#[derive(Debug, Clone)]
pub struct FindingRecord {
    /// Our record of it.
    pub finding: Finding,
    /// The issue it belongs to.
    pub identity: IssueIdentity,
    /// The tags of the issue's resource, where it says any.
    pub tags: Tags,
    /// Resources that it names beside the one of the issue.
    pub related: Vec<RelatedResource>,
    /// Fingerprint of the raw finding without its top-level timestamps: equal means that only those
    /// moved.
    pub content: Digest,
    /// Its top-level timestamps, to be put into an older raw finding of the same content.
    pub stamps: String,
    /// Where in the page's body the raw finding stands.
    pub raw: Range<usize>,
}

/// A raw finding that could not be read.
#[derive(Debug, Clone)]
pub struct RejectedRecord {
    /// Why, as a fixed word.
    pub reason: &'static str,
    /// Why, in words.
    pub detail: String,
    /// Its id, where that much could be read.
    pub id: Option<String>,
    /// Where in the page's body it stands.
    pub raw: Range<usize>,
}

/// What recording one page did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageOutcome {
    /// How many findings changed how.
    pub changes: BTreeMap<Change, u32>,
    /// How many raw findings were rejected that were not known as rejected before.
    pub rejected: u32,
    /// `UpdatedAt` of each finding whose version was not recorded before. Not of history.
    pub versions: Vec<Timestamp>,
}

impl PageOutcome {
    /// Whether deciding has something to look at.
    #[must_use]
    pub fn touched_issues(&self) -> bool {
        self.changes.keys().any(|change| change.touches_issue())
    }
}
