//! `hubwatch rules`: what a configuration makes of findings.

mod preview;

use clap::{Args, Subcommand};

use super::Exit;

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// What a configuration would make of what is stored: incidents, notices, and what would differ.
    /// Sends nothing and writes nothing.
    #[command(after_help = preview::EXAMPLES)]
    Preview(preview::PreviewArgs),
}

pub(super) async fn run(args: &RulesArgs) -> anyhow::Result<Exit> {
    match &args.command {
        RulesCommand::Preview(args) => preview::run(args).await,
    }
}
