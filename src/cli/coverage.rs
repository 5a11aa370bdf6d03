//! `hubwatch coverage`: how well every scope can be read.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::domain::{Coverage, CoverageState};

use super::{
    Exit,
    output::{self, Output, Row},
    stored::StoreArgs,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  hubwatch coverage --config hubwatch.toml\n  \
                        hubwatch coverage --config hubwatch.toml --state denied --state role-missing\n\n\
                        Exit codes: 0 all shown can be read, 3 some cannot."
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
    let mut coverage = args.store.open()?.coverage().await?;
    coverage.retain(|scope| {
        (args.state.is_empty() || args.state.contains(&scope.state))
            && (args.account.is_empty()
                || args
                    .account
                    .iter()
                    .any(|id| id == scope.scope.account.as_str()))
    });
    let rows: Vec<CoverageRow> = coverage.iter().map(CoverageRow::from).collect();
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

#[derive(Debug, Serialize)]
struct CoverageRow {
    account_id: String,
    account_name: String,
    region: String,
    state: CoverageState,
    since: String,
    last_complete: Option<String>,
    error: Option<String>,
}

impl From<&Coverage> for CoverageRow {
    fn from(coverage: &Coverage) -> Self {
        Self {
            account_id: coverage.scope.account.to_string(),
            account_name: coverage.account_name.clone(),
            region: coverage.scope.region.to_string(),
            state: coverage.state,
            since: coverage.since.to_string(),
            last_complete: coverage.last_complete.map(|at| at.to_string()),
            error: coverage.error.clone(),
        }
    }
}

impl Row for CoverageRow {
    const HEADINGS: &'static [&'static str] = &[
        "Account",
        "Name",
        "Region",
        "State",
        "Since",
        "Last complete",
        "Why, and what to do",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.account_id.clone(),
            self.account_name.clone(),
            self.region.clone(),
            self.state.as_str().to_owned(),
            self.since.clone(),
            self.last_complete
                .clone()
                .unwrap_or_else(|| "never".to_owned()),
            self.error.clone().unwrap_or_default(),
        ]
    }
}
