//! `hubwatch sync`: one complete pass.

use crate::{observe::telemetry, pipeline::SyncState};

use super::{ConfigArgs, Exit, assemble::assemble, output, progress::Progress, run::warn_of, stop};

pub(super) async fn run(args: &ConfigArgs) -> anyhow::Result<Exit> {
    let config = args.load()?;
    telemetry::init(&config.log)?;
    warn_of(&config);
    let stop = stop::on_signal()?;
    let assembled = assemble(&config).await?;
    let mut progress = Progress::new();
    let state = assembled
        .daemon
        .sync_once(stop, |state| show(&mut progress, state))
        .await?;
    progress.finish();
    output::line(summary(&state))?;
    Ok(match (state.is_synced(), state.unreadable) {
        (false, _) => Exit::Failure,
        (true, 0) => Exit::Success,
        (true, _) => Exit::Incomplete,
    })
}

fn summary(state: &SyncState) -> String {
    if !state.discovered {
        return "stopped: accounts and Regions could not be listed; the log above says why"
            .to_owned();
    }
    let how = if state.is_synced() {
        "synced"
    } else {
        "stopped before the end"
    };
    format!(
        "{how}: {} accounts x Regions, {} of them not readable (`hubwatch coverage` says why); \
         {} findings, {} incidents, {} notices owed (`hubwatch run` sends them)",
        state.scopes, state.unreadable, state.findings, state.incidents, state.pending
    )
}

/// Shows how far a sync is, once accounts and Regions are known.
pub(super) fn show(progress: &mut Progress, state: &SyncState) {
    if state.discovered {
        let read = state.scopes.saturating_sub(state.reading);
        let what = format_args!(
            "accounts x Regions read, {} findings, {} incidents",
            state.findings, state.incidents
        );
        progress.show(read, state.scopes, what);
    }
}
