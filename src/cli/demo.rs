//! `hubwatch demo`: the whole product against a simulated organization.

mod settings;
mod summary;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    config::Config,
    http::Http,
    observe::telemetry,
    pipeline::{Daemon, SyncState},
    simulator::{Endpoints, Running, Simulator},
};

use self::summary::Summary;
use super::{
    Exit,
    assemble::assemble,
    output::{line, note},
    progress::Progress,
    simulate::WorldArgs,
    stop, sync,
};

/// How long notices may take to go out once everything is read.
const SEND_WITHIN: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  hubwatch demo\n  \
    hubwatch demo --exit-when-synced --accounts 30 --findings 10000\n  \
    hubwatch demo --live --dir /tmp/hubwatch-demo\n\n\
    Exit codes: 0 done, and what is stored and sent is what it should be; 1 it is not, or \
    something failed.")]
pub(super) struct DemoArgs {
    #[command(flatten)]
    world: WorldArgs,
    /// Where the status page and metrics are served.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9465")]
    listen: SocketAddr,
    /// Where the database and configuration are written; a temporary directory unless given.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Exits when everything is read and sent, instead of waiting for Ctrl-C.
    #[arg(long)]
    exit_when_synced: bool,
    /// Shows the daemon's log as well.
    #[arg(long)]
    verbose: bool,
}

pub(super) async fn run(args: &DemoArgs) -> anyhow::Result<Exit> {
    let stop = stop::on_signal()?;
    let running = Simulator::start(args.world.options()?)
        .await
        .context("cannot start the simulator")?;
    let place = settings::Place::prepare(args.dir.as_deref())?;
    let config = place.write(running.endpoints(), args.listen, args.verbose)?;
    telemetry::init(&config.log)?;
    let good = show(args, &config, &running, &place, &stop).await;
    stop.cancel();
    running.stop().await;
    Ok(if good? { Exit::Success } else { Exit::Failure })
}

/// Runs the daemon, shows what comes of it, and says whether it is what it should be.
async fn show(
    args: &DemoArgs,
    config: &Config,
    running: &Running,
    place: &settings::Place,
    stop: &CancellationToken,
) -> anyhow::Result<bool> {
    let config = config.with_keys(running.endpoints());
    let assembled = assemble(&config).await?;
    let http = assembled.http(&config)?;
    let listener = Http::bind(config.http.listen).await.with_context(|| {
        format!(
            "cannot listen on {}; try --listen 127.0.0.1:0",
            config.http.listen
        )
    })?;
    introduce(running, place, listener.local_addr()?)?;
    let daemon = assembled.daemon;
    let watching = watch(args, daemon.clone(), running, stop);
    let (ran, served, summary) = tokio::join!(
        daemon.run(stop.clone()),
        http.serve(listener, stop.clone()),
        async {
            let summary = watching.await;
            if args.exit_when_synced || summary.is_err() {
                stop.cancel();
            }
            summary
        }
    );
    ran?;
    served.context("the HTTP server broke")?;
    Ok(summary?.is_good())
}

fn introduce(
    running: &Running,
    place: &settings::Place,
    listening: SocketAddr,
) -> anyhow::Result<()> {
    let truth = running.world().truth();
    line(format_args!(
        "simulated organization: {} accounts in {} Regions, {} findings",
        truth.accounts, truth.regions, truth.findings
    ))?;
    line(format_args!("status page:  http://{listening}/"))?;
    line(format_args!("metrics:      http://{listening}/metrics"))?;
    let control = &running.endpoints().control_url;
    line(format_args!("tickets:      {control}/tickets"))?;
    line(format_args!("mails:        {control}/mails"))?;
    line(format_args!("settings:     {}", place.config().display()))?;
    line(
        "reading every account and Region for the first time; AWS allows three requests a second each",
    )
}

/// Follows the first sync to its end and sums up what came of it.
async fn watch(
    args: &DemoArgs,
    daemon: Daemon,
    running: &Running,
    stop: &CancellationToken,
) -> anyhow::Result<Summary> {
    let mut progress = Progress::new();
    let state = daemon
        .until_synced(stop, |state| sync::show(&mut progress, state))
        .await;
    progress.finish();
    if state.is_synced() {
        note("everything is read; sending what is owed");
        until_sent(&daemon, stop).await;
    }
    let summary = Summary::look(&daemon, running).await?;
    summary.print()?;
    if !args.exit_when_synced && !stop.is_cancelled() {
        line("following from here; Ctrl-C ends the demo")?;
    }
    Ok(summary)
}

async fn until_sent(daemon: &Daemon, stop: &CancellationToken) {
    let sent = async {
        loop {
            let state: SyncState = daemon.until_synced(stop, |_| {}).await;
            if state.pending == 0 || stop.is_cancelled() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    if tokio::time::timeout(SEND_WITHIN, sent).await.is_err() {
        warn!("not everything was sent in time");
    }
}

impl Config {
    /// The same configuration, signing with the simulator's keys.
    fn with_keys(&self, endpoints: &Endpoints) -> Self {
        let secret = SecretString::from(endpoints.secret_access_key.clone());
        let aws = self.aws.clone().with_keys(&endpoints.access_key_id, secret);
        Self {
            aws,
            ..self.clone()
        }
    }
}
