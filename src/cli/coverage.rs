//! `hubwatch coverage`: how well every scope can be read.

mod gaps;

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::domain::{
    Clock, ClockKind, Complete, Coverage, CoverageState, Scope, Timestamp, Vantage,
};

use super::{
    Exit,
    age::age,
    output::{self, Output, Row},
    stored::StoreArgs,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hubwatch coverage --config hubwatch.toml\n  \
                        hubwatch coverage --config hubwatch.toml --state denied --state role-missing\n\n\
                        The table says how long ago each state began, and how long ago the last window that each \
                        clock read to its end ended; for history, how long ago it was recorded.\n\n\
                        Exit codes: 0 all shown can be read, 3 some cannot; with --gaps: 0 nothing is missing, 3 something is."
)]
pub(super) struct CoverageArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only this state; may be repeated.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<CoverageState>,
    /// Only this account; may be repeated.
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// What accounts show of themselves and the administrator or home Region lacks, as of the last
    /// comparison (sync.gaps_interval).
    #[arg(long, conflicts_with = "state")]
    gaps: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

fn state(word: &str) -> Result<CoverageState, String> {
    CoverageState::from_word(word).ok_or_else(|| {
        let all: Vec<_> = CoverageState::ALL
            .iter()
            .map(|state| state.as_str())
            .collect();
        format!("expected one of {}", all.join(", "))
    })
}

pub(super) async fn run(args: &CoverageArgs) -> anyhow::Result<Exit> {
    let is_asked_for = |scope: &Scope| {
        let mut accounts = args.account.iter();
        args.account.is_empty() || accounts.any(|id| id == scope.account.as_str())
    };
    let store = args.store.open()?;
    if args.gaps {
        let mut gaps = store.gaps().await?;
        gaps.retain(|gap| is_asked_for(&gap.scope));
        return gaps::show(args.output, &gaps);
    }
    let mut coverage = store.coverage().await?;
    coverage.retain(|scope| {
        (args.state.is_empty() || args.state.contains(&scope.state)) && is_asked_for(&scope.scope)
    });
    let now = Clock::system().now();
    let rows = coverage.iter().map(|scope| CoverageRow::new(scope, now));
    let rows: Vec<CoverageRow> = rows.collect();
    output::print(args.output, &rows)?;
    if args.output == Output::Table {
        output::line(totals(&coverage))?;
    }
    let all_readable = coverage.iter().all(|scope| scope.state.is_readable());
    Ok(if all_readable {
        Exit::Success
    } else {
        Exit::Incomplete
    })
}

fn totals(coverage: &[Coverage]) -> String {
    let mut by_state: BTreeMap<CoverageState, usize> = BTreeMap::new();
    for scope in coverage {
        *by_state.entry(scope.state).or_default() += 1;
    }
    let counts: Vec<String> = by_state
        .iter()
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect();
    format!(
        "{} accounts x Regions: {}",
        coverage.len(),
        counts.join(", ")
    )
}

/// One scope's row of the ledger. Times are those of [`Complete`].
#[derive(Debug, Serialize)]
struct CoverageRow {
    account_id: String,
    account_name: String,
    region: String,
    /// The vantage that shows it, if it is not asked itself.
    seen_from: Option<Vantage>,
    state: CoverageState,
    since: Timestamp,
    last_complete: Option<Timestamp>,
    complete: Complete,
    first_contact: Option<Timestamp>,
    watermark: Option<Timestamp>,
    history_from: Option<Timestamp>,
    error: Option<String>,
    last_error: Option<LastError>,
    /// When the row was made, for ages.
    #[serde(skip)]
    now: Timestamp,
}

#[derive(Debug, Serialize)]
struct LastError {
    error: String,
    at: Timestamp,
    over_at: Option<Timestamp>,
}

impl CoverageRow {
    fn new(coverage: &Coverage, now: Timestamp) -> Self {
        let progress = coverage.progress.as_ref();
        Self {
            account_id: coverage.scope.account.to_string(),
            account_name: coverage.account_name.clone(),
            region: coverage.scope.region.to_string(),
            seen_from: coverage.seen_from.clone(),
            state: coverage.state,
            since: coverage.since,
            last_complete: coverage.last_complete(),
            complete: coverage.complete,
            first_contact: progress.map(|progress| progress.first_contact),
            watermark: progress.map(|progress| progress.watermark),
            history_from: progress.map(|progress| progress.history_from),
            error: coverage.error().map(str::to_owned),
            last_error: coverage.trouble.as_ref().map(|trouble| LastError {
                error: trouble.words.clone(),
                at: trouble.at,
                over_at: trouble.over_at,
            }),
            now,
        }
    }
}

impl Row for CoverageRow {
    const HEADINGS: &'static [&'static str] = &[
        "Account",
        "Name",
        "Region",
        "Seen from",
        "State",
        "Since",
        "Tail",
        "Watch",
        "Late",
        "Reconcile",
        "Backfill",
        "Why, and what to do",
    ];

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            self.account_id.clone(),
            self.account_name.clone(),
            self.region.clone(),
            self.seen_from
                .as_ref()
                .map_or_else(|| "itself".to_owned(), ToString::to_string),
            self.state.as_str().to_owned(),
            age(self.since, self.now),
        ];
        for clock in ClockKind::ALL {
            let complete = self.complete.of(clock);
            cells.push(complete.map_or_else(|| "never".to_owned(), |at| age(at, self.now)));
        }
        cells.push(self.error.clone().unwrap_or_default());
        cells
    }
}
