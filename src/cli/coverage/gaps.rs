//! `hubwatch coverage --gaps`: what is not seen from afar.

use serde::Serialize;

use super::{
    Exit,
    output::{self, Output, Row},
};
use crate::{
    domain::{Timestamp, Vantage},
    store::Gap,
};

#[derive(Debug, Serialize)]
struct GapRow {
    account_id: String,
    region: String,
    seen_from: Vantage,
    checked_at: Timestamp,
    compared: u64,
    missing: u64,
    example: Option<String>,
    words: Option<String>,
}

pub(super) fn show(format: Output, gaps: &[Gap]) -> anyhow::Result<Exit> {
    let rows: Vec<GapRow> = gaps.iter().map(GapRow::from).collect();
    output::print(format, &rows)?;
    let missing: u64 = gaps.iter().map(|gap| gap.missing).sum();
    if format == Output::Table {
        output::line(format_args!(
            "{} accounts x Regions compared; {missing} findings are missing",
            gaps.len()
        ))?;
    }
    Ok(if gaps.iter().all(|gap| gap.words.is_none()) {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

impl From<&Gap> for GapRow {
    fn from(gap: &Gap) -> Self {
        Self {
            account_id: gap.scope.account.to_string(),
            region: gap.scope.region.to_string(),
            seen_from: gap.vantage.clone(),
            checked_at: gap.checked_at,
            compared: gap.compared,
            missing: gap.missing,
            example: gap.example.clone(),
            words: gap.words.clone(),
        }
    }
}

impl Row for GapRow {
    const HEADINGS: &'static [&'static str] = &[
        "Account",
        "Region",
        "Seen from",
        "Compared at",
        "Compared",
        "Missing",
        "Such as",
        "Why, and what to do",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.account_id.clone(),
            self.region.clone(),
            self.seen_from.to_string(),
            self.checked_at.to_string(),
            self.compared.to_string(),
            self.missing.to_string(),
            self.example.clone().unwrap_or_default(),
            self.words.clone().unwrap_or_default(),
        ]
    }
}
