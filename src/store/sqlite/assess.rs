//! What a rulebook makes of the issues of one step.

use std::sync::Arc;

use rusqlite::Transaction;

use crate::{
    correlate::{Hush, Rulebook},
    domain::{
        Parts, Timestamp,
        decision::{Assessment, TouchedIssue},
    },
};

use super::{super::StoreError, about, neighbours::Neighbours, silences, texts::TextIds};

/// Assesses issues by a rulebook, among what the store holds beside them.
pub(super) struct Assessor<'r> {
    rulebook: &'r Rulebook,
    hushes: Vec<Hush>,
    neighbours: Neighbours,
}

impl<'r> Assessor<'r> {
    pub(super) fn new(
        tx: &Transaction<'_>,
        rulebook: &'r Rulebook,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            rulebook,
            hushes: silences::in_force(tx, now)?,
            neighbours: Neighbours::default(),
        })
    }

    /// Reads what is known of issues beside what makes them one, if anything asks.
    pub(super) fn learn(
        &self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        issues: &mut [TouchedIssue],
    ) -> Result<(), StoreError> {
        if !self.rulebook.asks_about(&self.hushes) {
            return Ok(());
        }
        let mut known = about::Known::default();
        for issue in issues {
            let account = &issue.identity.account;
            let about = known.of(tx, texts, issue.id, issue.resource, account)?;
            issue.about = Arc::new(about);
        }
        Ok(())
    }

    pub(super) fn assess(
        &mut self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        issue: &TouchedIssue,
    ) -> Result<Assessment, StoreError> {
        let near = if self.rulebook.facts(issue).parts.any_of(Parts::ANCHORS) {
            self.neighbours.of(tx, texts, issue.resource)?
        } else {
            Arc::default()
        };
        Ok(self.rulebook.assess(issue, &near, &self.hushes))
    }
}
