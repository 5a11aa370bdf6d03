//! `hubwatch rules`: what makes issues worse together, and what a configuration would make of all that
//! is stored.

mod preview;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    config,
    correlate::{Rule, Rules},
};

use super::{
    Exit,
    output::{self, Output, Row},
};

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Lists the correlation rules, what each looks for, and what it adds to the score of an issue.
    #[command(
        after_help = "Examples:\n  hubwatch rules list\n  hubwatch rules list --config hubwatch.toml --output json\n\n\
                      Each can be switched off or weighed otherwise in [rules] of the configuration."
    )]
    List(ListArgs),
    /// What a configuration would make of what is stored: incidents, notices, and what would differ.
    /// Sends nothing and writes nothing.
    #[command(after_help = preview::EXAMPLES)]
    Preview(preview::PreviewArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// The configuration file; without one the rules are shown as they are built in.
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// A rule as programs see it.
#[derive(Debug, Serialize)]
struct RuleRow {
    name: &'static str,
    enabled: bool,
    /// What it adds to a score, or would.
    weight: u8,
    looks_for: &'static str,
}

impl RuleRow {
    fn of((rule, weight): (&'static Rule, Option<u8>)) -> Self {
        Self {
            name: rule.name,
            enabled: weight.is_some(),
            weight: weight.unwrap_or(rule.weight),
            looks_for: rule.summary,
        }
    }
}

impl Row for RuleRow {
    const HEADINGS: &'static [&'static str] = &["Rule", "Weight", "Looks for"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_owned(),
            if self.enabled {
                format!("+{}", self.weight)
            } else {
                "off".to_owned()
            },
            self.looks_for.to_owned(),
        ]
    }
}

pub(super) async fn run(args: &RulesArgs) -> anyhow::Result<Exit> {
    match &args.command {
        RulesCommand::List(args) => list(args),
        RulesCommand::Preview(args) => preview::run(args).await,
    }
}

fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let rules = match &args.config {
        Some(path) => config::load(Some(path), config::environment())?.rules,
        None => Rules::default(),
    };
    let rows: Vec<RuleRow> = rules.all().map(RuleRow::of).collect();
    output::print(args.output, &rows)?;
    Ok(Exit::Success)
}
