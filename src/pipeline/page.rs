//! From a page's body to what is recorded of it.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    asff, correlate,
    domain::{Partition, Scope, Window},
    store::{FindingRecord, PageRecord, RejectedRecord},
};

/// A page that was read, and the token of the next one.
pub(super) struct ReadPage {
    pub(super) record: PageRecord,
    pub(super) next_token: Option<String>,
}

/// Reads every finding of a page; those that cannot be read are kept as rejected.
///
/// # Errors
/// The body is no answer of `GetFindings` at all.
pub(super) fn read(
    body: Bytes,
    scope: &Scope,
    window: Window,
    partition: &Partition,
) -> Result<ReadPage, asff::Malformed> {
    let page = asff::split_page(&body)?;
    let mut findings = Vec::with_capacity(page.raws.len());
    let mut rejected = Vec::new();
    for raw in &page.raws {
        let place = place_in(&body, raw);
        match asff::read(raw, scope, partition) {
            Ok(reading) => findings.push(FindingRecord {
                identity: correlate::identify(&reading.finding),
                finding: reading.finding,
                content: reading.content,
                stamps: reading.stamps.to_text().to_owned(),
                raw: place,
            }),
            Err(rejection) => rejected.push(RejectedRecord {
                reason: rejection.reason.as_str(),
                detail: rejection.detail,
                id: rejection.id,
                raw: place,
            }),
        }
    }
    let next_token = page.next_token;
    let last = next_token.is_none();
    let record = PageRecord {
        scope: scope.clone(),
        window,
        last,
        body: body.clone(),
        findings,
        rejected,
    };
    Ok(ReadPage { record, next_token })
}

/// Where in the body a part of it stands.
fn place_in(body: &Bytes, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(body.as_ptr().addr());
    start..start.saturating_add(part.len())
}
