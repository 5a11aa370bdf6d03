//! From a page's body to what is recorded of it.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    asff, correlate,
    domain::{Partition, Scope, Timestamp},
    store::{FindingRecord, RejectedRecord},
};

/// What stands in one page.
#[derive(Debug, Clone)]
pub struct ReadPage {
    /// The page as AWS sent it.
    pub body: Bytes,
    /// Its findings, each with the issue that it belongs to.
    pub findings: Vec<FindingRecord>,
    /// What in it could not be read.
    pub rejected: Vec<RejectedRecord>,
    /// The token of the next page; none on the last.
    pub next_token: Option<String>,
}

impl ReadPage {
    /// Reads every finding of a page; those that cannot be read are kept as rejected.
    ///
    /// # Errors
    /// The body is no answer of `GetFindings` at all.
    pub fn read(
        body: Bytes,
        scope: &Scope,
        partition: &Partition,
    ) -> Result<Self, asff::Malformed> {
        let page = asff::split_page(&body)?;
        let mut findings = Vec::with_capacity(page.raws.len());
        let mut rejected = Vec::new();
        for raw in &page.raws {
            let place = place_in(&body, raw.as_bytes());
            match asff::read(raw, scope, partition) {
                Ok(reading) => {
                    let identity = correlate::identify(&reading.finding);
                    findings.push(FindingRecord {
                        tags: correlate::tags(&reading.finding, &identity),
                        related: correlate::relate(&reading.finding, &identity),
                        identity,
                        finding: reading.finding,
                        content: reading.content,
                        stamps: reading.stamps.to_text().to_owned(),
                        raw: place,
                    });
                }
                Err(rejection) => rejected.push(RejectedRecord {
                    reason: rejection.reason.as_str(),
                    detail: rejection.detail,
                    id: rejection.id,
                    raw: place,
                }),
            }
        }
        rejected.extend(page.garbled.iter().map(|raw| RejectedRecord {
            reason: asff::RejectReason::NotUtf8.as_str(),
            detail: "it is not text in UTF-8".to_owned(),
            id: None,
            raw: place_in(&body, raw),
        }));
        let next_token = page.next_token;
        Ok(Self {
            body: body.clone(),
            findings,
            rejected,
            next_token,
        })
    }

    /// The oldest and newest `UpdatedAt` in it.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || self.findings.iter().map(|record| record.finding.updated_at);
        Some((times().min()?, times().max()?))
    }
}

/// Where in the body a part of it stands.
fn place_in(body: &Bytes, part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(body.as_ptr().addr());
    start..start.saturating_add(part.len())
}
