//! Where people start, and the only printing.
//!
//! Knows the commands, what they print and how they exit.
//! Does not know how anything is done: each command puts the rooms together and shows the answer.

mod age;
mod assemble;
mod check;
mod coverage;
mod demo;
mod explain;
mod findings;
mod incidents;
mod output;
mod plan;
mod progress;
mod rules;
mod run;
mod silences;
mod simulate;
mod stop;
mod stored;
mod sync;
mod words;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, ConfigErrors};

use self::output::is_broken_pipe;

/// How hubwatch exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Done.
    Success,
    /// Something failed, or what was asked for is not there.
    Failure,
    /// The command line or the configuration is wrong.
    Usage,
    /// Done, and not everything could be read.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
        })
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed, or nothing found; 2 wrong command line or \
                          configuration; 3 done, and some accounts or Regions could not be read.";

/// Follows AWS Security Hub findings across an organization, and tells people about the ones that
/// matter, once.
#[derive(Debug, Parser)]
#[command(name = "hubwatch", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The daemon: reads, decides, tells, serves metrics, until it is stopped.
    Run(ConfigArgs),
    /// Checks the configuration and prints every problem at once; online, tries all of it.
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
    /// What reading everything will cost: accounts, Regions, requests and time.
    #[command(after_help = plan::EXAMPLES)]
    Plan(plan::PlanArgs),
    /// Reads every account and Region once, with progress, then exits. Sends nothing.
    Sync(ConfigArgs),
    /// Findings as they are stored.
    Findings(findings::FindingsArgs),
    /// What became of a finding: its issue, incidents and deliveries; or why nobody was told.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
    /// Incidents, and who was told of them.
    Incidents(incidents::IncidentsArgs),
    /// What nobody is to be told of for a while.
    Silences(silences::SilencesArgs),
    /// What makes issues worse together, and what a configuration would make of all that is stored.
    Rules(rules::RulesArgs),
    /// How well every account and Region can be read.
    Coverage(coverage::CoverageArgs),
    /// The whole product against a simulated organization; nothing to set up.
    Demo(demo::DemoArgs),
    /// The simulated organization alone, for other clients to talk to.
    Simulate(simulate::SimulateArgs),
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  hubwatch run --config /etc/hubwatch/hubwatch.toml\n\n\
                        Any key can also be set by the environment: HUBWATCH_HTTP__LISTEN is \
                        http.listen."
)]
struct ConfigArgs {
    /// The configuration file; config/hubwatch.example.toml documents every key.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl ConfigArgs {
    fn load(&self) -> Result<Config, ConfigErrors> {
        config::load(Some(&self.config), config::environment())
    }
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = runtime().and_then(|runtime| {
        let done = runtime.block_on(dispatch(cli.command));
        // A blocking read of a terminal or disk must not keep the process.
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        done
    });
    match done {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => Exit::Success.into(),
        Err(error) => {
            let exit = match error.downcast_ref::<ConfigErrors>() {
                Some(_) => Exit::Usage,
                None => Exit::Failure,
            };
            output::complain(&error);
            exit.into()
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")
}

async fn dispatch(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Run(args) => run::run(&args).await,
        Command::Check(args) => check::run(&args).await,
        Command::Plan(args) => plan::run(&args).await,
        Command::Sync(args) => sync::run(&args).await,
        Command::Findings(args) => findings::run(&args).await,
        Command::Explain(args) => explain::run(&args).await,
        Command::Incidents(args) => incidents::run(&args).await,
        Command::Rules(args) => rules::run(&args).await,
        Command::Silences(args) => silences::run(&args).await,
        Command::Coverage(args) => coverage::run(&args).await,
        Command::Demo(args) => Box::pin(demo::run(&args)).await,
        Command::Simulate(args) => simulate::run(&args).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
