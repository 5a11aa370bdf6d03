//! `hubwatch check`: is the configuration right, and does AWS agree?

mod online;
mod report;

use clap::Args;

use super::{
    ConfigArgs, Exit,
    output::{self, Format},
};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also try it: our credentials, the list of accounts, the role in every account, and one
    /// request for findings in every Region. Changes nothing and sends nothing.
    #[arg(long)]
    online: bool,
    /// How to print what was tried.
    #[arg(long, value_enum, default_value_t = Format::Table, requires = "online")]
    output: Format,
}

pub(super) const EXAMPLES: &str = "Examples:\n  hubwatch check --config hubwatch.toml\n  \
     hubwatch check --config hubwatch.toml --online\n\n\
     Exit codes: 0 no problems; 1 nothing can be read; 2 wrong configuration; 3 some accounts or \
     Regions cannot be read.";

pub(super) async fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let config = args.config.load()?;
    for warning in &config.warnings {
        output::note(format_args!("warning: {warning}"));
    }
    if args.online {
        return online::run(&config, args.output).await;
    }
    output::line(format_args!(
        "{}: no problems; {} routes, {} sinks",
        args.config.config.display(),
        config.routes.len(),
        config.sinks.len()
    ))?;
    Ok(Exit::Success)
}
