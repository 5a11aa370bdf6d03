//! `hubwatch simulate`: the simulated organization alone.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use crate::simulator::{Faults, Options, Quota, Running, Simulator};

use super::{Exit, output, stop};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    hubwatch simulate --output env > simulator.env &\n  \
    . ./simulator.env; aws sts get-caller-identity\n  \
    hubwatch simulate --accounts 200 --regions 4 --findings 100000 --live\n\n\
    The control API at control_url switches faults on and off while it runs: \
    GET and PUT /faults, GET /truth, GET /stats.")]
pub(super) struct SimulateArgs {
    #[command(flatten)]
    pub(super) world: WorldArgs,
    /// How the addresses and keys are printed.
    #[arg(long, value_enum, default_value_t = EndpointOutput::Json)]
    output: EndpointOutput,
    /// Port of the AWS endpoint; 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// What the simulated organization is like.
#[derive(Debug, Args)]
pub(super) struct WorldArgs {
    /// Accounts, the management account included.
    #[arg(long, default_value_t = 12)]
    accounts: usize,
    /// Regions.
    #[arg(long, default_value_t = 3)]
    regions: usize,
    /// Findings in the whole organization.
    #[arg(long, default_value_t = 2_000)]
    findings: usize,
    /// The same seed and sizes make the same organization.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Findings appear, change, arrive late and expire by themselves.
    #[arg(long)]
    live: bool,
    /// Share of findings that break the format on purpose, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    malformed: f64,
    /// GetFindings requests a second for each account and Region; 0 for no limit.
    #[arg(long, value_name = "N", default_value_t = Quota::GET_FINDINGS.per_second)]
    quota: f64,
    /// A JSON file of what goes wrong, as the control API's /faults takes it.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EndpointOutput {
    /// One line.
    Json,
    /// Shell exports.
    Env,
}

impl WorldArgs {
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let mut options = Options {
            accounts: self.accounts,
            regions: self.regions,
            findings: self.findings,
            seed: self.seed,
            live: self.live,
            malformed: self.malformed.clamp(0.0, 1.0),
            ..Options::default()
        };
        options.quota = if self.quota > 0.0 {
            Quota {
                per_second: self.quota,
                burst: self.quota * 2.0,
            }
        } else {
            Quota::OFF
        };
        if let Some(path) = &self.faults {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            options.faults = serde_json::from_str::<Faults>(&text)
                .with_context(|| format!("{} does not describe faults", path.display()))?;
        }
        Ok(options)
    }
}

pub(super) async fn run(args: &SimulateArgs) -> anyhow::Result<Exit> {
    let stop = stop::on_signal()?;
    let options = Options {
        port: args.port,
        ..args.world.options()?
    };
    let running = Simulator::start(options)
        .await
        .context("cannot start the simulator")?;
    announce(&running, args.output)?;
    until(&stop, running).await;
    Ok(Exit::Success)
}

fn announce(running: &Running, how: EndpointOutput) -> anyhow::Result<()> {
    let endpoints = running.endpoints();
    match how {
        EndpointOutput::Json => output::line(serde_json::to_string(endpoints)?),
        EndpointOutput::Env => output::line(endpoints.to_env().trim_end()),
    }
}

async fn until(stop: &CancellationToken, running: Running) {
    stop.cancelled().await;
    running.stop().await;
}
