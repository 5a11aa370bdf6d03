//! `hubwatch run`: the daemon.

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{config::Config, http::Http, observe::telemetry};

use super::{ConfigArgs, Exit, assemble::assemble, stop};

pub(super) async fn run(args: &ConfigArgs) -> anyhow::Result<Exit> {
    let config = args.load()?;
    telemetry::init(&config.log)?;
    warn_of(&config);
    let stop = stop::on_signal()?;
    serve(&config, stop).await?;
    Ok(Exit::Success)
}

/// Says what deserves a word about a configuration that works.
pub(super) fn warn_of(config: &Config) {
    for warning in &config.warnings {
        warn!("{warning}");
    }
}

/// Runs the daemon and its pages until `stop`.
pub(super) async fn serve(config: &Config, stop: CancellationToken) -> anyhow::Result<()> {
    let assembled = assemble(config).await?;
    let http = assembled.http(config)?;
    let listener = Http::bind(config.http.listen)
        .await
        .with_context(|| format!("cannot listen on http.listen = {}", config.http.listen))?;
    info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "hubwatch is up");
    let served = http.serve(listener, stop.clone());
    // If the pages cannot be served any more the daemon must not go on unseen.
    let served = async {
        let done = served.await;
        stop.cancel();
        done
    };
    let (ran, served) = tokio::join!(assembled.daemon.run(stop.clone()), served);
    ran?;
    served.context("the HTTP server broke")?;
    Ok(())
}
