//! `hubwatch findings`: the audit of single findings.

mod show;
mod view;

use std::io::{self, Write};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    domain::{Severity, Standing},
    store::{FindingFilter, RejectedFinding},
};

use self::view::FindingView;
use super::{
    Exit,
    output::{self, Output, Row},
    stored::StoreArgs,
};

#[derive(Debug, Args)]
pub(super) struct FindingsArgs {
    #[command(subcommand)]
    command: FindingsCommand,
}

#[derive(Debug, Subcommand)]
enum FindingsCommand {
    /// Lists findings: worst first, newest first among equals.
    #[command(after_help = "Examples:\n  \
        hubwatch findings list --config hubwatch.toml --severity HIGH --status open\n  \
        hubwatch findings list --config hubwatch.toml --account 111122223333 --region eu-west-1 --output json\n  \
        hubwatch findings list --store sqlite:///var/lib/hubwatch/hubwatch.db --raw --limit 0 > findings.ndjson\n  \
        hubwatch findings list --config hubwatch.toml --rejected")]
    List(ListArgs),
    /// Shows one finding as a person wants to read it, with what the provider advises.
    #[command(after_help = "Example:\n  \
        hubwatch findings show --config hubwatch.toml arn:aws:securityhub:eu-west-1:111122223333:security-control/EC2.19/finding/…")]
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only this account; may be repeated.
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only this Region; may be repeated.
    #[arg(long, value_name = "NAME")]
    region: Vec<String>,
    /// This severity or worse: INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL.
    #[arg(long, value_name = "LABEL", value_parser = severity)]
    severity: Option<Severity>,
    /// Only this product, such as GuardDuty; may be repeated.
    #[arg(long, value_name = "NAME")]
    product: Vec<String>,
    /// Only this compliance status, such as FAILED; may be repeated.
    #[arg(long, value_name = "STATUS")]
    compliance: Vec<String>,
    /// Only this workflow status, such as NEW; may be repeated.
    #[arg(long, value_name = "STATUS")]
    workflow: Vec<String>,
    /// Whether the problem is there: open, unassessed, suppressed, resolved, archived, gone or
    /// replaced; may be repeated.
    #[arg(long, value_name = "STATUS", value_parser = standing)]
    status: Vec<Standing>,
    /// Only resources with this text in their id.
    #[arg(long, value_name = "TEXT")]
    resource: Option<String>,
    /// Updated at this time or later: 2026-05-01T00:00:00Z, or a duration back from now such as 24h.
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// No more than this many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Prints the ASFF exactly as AWS sent it, one a line.
    #[arg(long, conflicts_with = "output")]
    raw: bool,
    /// Lists what could not be read instead, with reasons.
    #[arg(long)]
    rejected: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Args)]
struct ShowArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The finding's Id, as AWS gives it.
    id: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// Reads a severity's label.
pub(super) fn severity(label: &str) -> Result<Severity, String> {
    Severity::from_label(label).ok_or_else(|| {
        let all: Vec<_> = Severity::ALL.iter().map(|s| s.as_str()).collect();
        format!("expected one of {}", all.join(", "))
    })
}

fn standing(word: &str) -> Result<Standing, String> {
    Standing::ALL
        .into_iter()
        .find(|s| s.as_str() == word)
        .ok_or_else(|| {
            let all: Vec<_> = Standing::ALL.iter().map(|s| s.as_str()).collect();
            format!("expected one of {}", all.join(", "))
        })
}

fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let back = humantime::parse_duration(text)
        .map_err(|_| "expected a time such as 2026-05-01T00:00:00Z, or a duration such as 24h")?;
    crate::domain::Clock::system()
        .now()
        .checked_sub(back)
        .map_err(|_| "that is before all time".to_owned())
}

pub(super) async fn run(args: &FindingsArgs) -> anyhow::Result<Exit> {
    match &args.command {
        FindingsCommand::List(args) if args.rejected => list_rejected(args).await,
        FindingsCommand::List(args) => list(args).await,
        FindingsCommand::Show(args) => show(args).await,
    }
}

async fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let store = args.store.open()?;
    let filter = FindingFilter {
        id: None,
        accounts: args.account.clone(),
        regions: args.region.clone(),
        at_least: args.severity,
        products: args.product.clone(),
        compliance: args.compliance.clone(),
        workflow: args.workflow.clone(),
        standings: args.status.clone(),
        resource: args.resource.clone(),
        since: args.since,
        limit: (args.limit > 0).then_some(args.limit),
    };
    let findings = store.findings(filter).await?;
    let count = findings.len();
    if args.raw {
        print_raw(findings.iter().map(|finding| finding.raw.as_str()))?;
    } else {
        output::print(args.output, &FindingView::all(findings, store.as_ref())?)?;
    }
    note_limit(args.limit, count);
    Ok(Exit::Success)
}

async fn list_rejected(args: &ListArgs) -> anyhow::Result<Exit> {
    let limit = if args.limit > 0 { args.limit } else { u32::MAX };
    let rejected = args.store.open()?.rejected(limit).await?;
    let count = rejected.len();
    if args.raw {
        print_raw(rejected.iter().map(|finding| finding.raw.as_str()))?;
    } else {
        let rows: Vec<RejectedRow> = rejected.into_iter().map(RejectedRow::from).collect();
        output::print(args.output, &rows)?;
    }
    note_limit(args.limit, count);
    Ok(Exit::Success)
}

fn note_limit(limit: u32, count: usize) {
    if limit > 0 && usize::try_from(limit).is_ok_and(|limit| limit == count) {
        output::note(format_args!("there may be more; --limit 0 lists all"));
    }
}

/// JSON holds no bare line feed within a value; those between values are only spacing.
fn print_raw<'a>(raws: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for raw in raws {
        if raw.contains('\n') {
            writeln!(out, "{}", raw.replace(['\n', '\r'], " "))?;
        } else {
            writeln!(out, "{raw}")?;
        }
    }
    Ok(out.flush()?)
}

async fn show(args: &ShowArgs) -> anyhow::Result<Exit> {
    let store = args.store.open()?;
    let filter = FindingFilter {
        id: Some(args.id.clone()),
        ..FindingFilter::default()
    };
    let mut views = FindingView::all(store.findings(filter).await?, store.as_ref())?;
    // The store compares fingerprints.
    views.retain(|view| view.id == args.id);
    if views.is_empty() {
        output::note(format_args!(
            "no finding has this id; `hubwatch findings list` shows those that are stored"
        ));
        return Ok(Exit::Failure);
    }
    match args.output {
        Output::Table => {
            for view in &views {
                show::print(view).context("cannot print")?;
            }
        }
        Output::Json | Output::Ndjson => output::print(args.output, &views)?,
    }
    Ok(Exit::Success)
}

#[derive(Debug, Serialize)]
struct RejectedRow {
    account_id: String,
    region: String,
    reason: String,
    detail: String,
    id: Option<String>,
    first_seen_at: String,
    raw: String,
}

impl From<RejectedFinding> for RejectedRow {
    fn from(rejected: RejectedFinding) -> Self {
        Self {
            account_id: rejected.scope.account.to_string(),
            region: rejected.scope.region.to_string(),
            reason: rejected.reason,
            detail: rejected.detail,
            id: rejected.id,
            first_seen_at: rejected.first_seen_at.to_string(),
            raw: rejected.raw,
        }
    }
}

impl Row for RejectedRow {
    const HEADINGS: &'static [&'static str] = &[
        "Asked account",
        "Region",
        "Reason",
        "Detail",
        "Id",
        "First seen",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.account_id.clone(),
            self.region.clone(),
            self.reason.clone(),
            self.detail.clone(),
            self.id.clone().unwrap_or_else(|| "unknown".to_owned()),
            self.first_seen_at.clone(),
        ]
    }
}
