//! `hubwatch sync`: one complete pass.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::{observe::telemetry, pipeline::SyncState};

use super::{ConfigArgs, Exit, assemble::assemble, output, run::warn_of, stop};

pub(super) async fn run(args: &ConfigArgs) -> anyhow::Result<Exit> {
    let config = args.load()?;
    telemetry::init(&config.log)?;
    warn_of(&config);
    let stop = stop::on_signal()?;
    let assembled = assemble(&config).await?;
    let mut progress = Progress::new();
    let state = assembled
        .daemon
        .sync_once(stop, |state| progress.show(state))
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

/// A bar on a terminal; elsewhere a line now and then.
pub(super) struct Progress {
    bar: ProgressBar,
    terminal: bool,
    last_line: Option<Instant>,
}

/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    pub(super) fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{elapsed} [{bar:40}] {pos}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Self {
            bar,
            terminal,
            last_line: None,
        }
    }

    pub(super) fn show(&mut self, state: &SyncState) {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        self.bar.set_length(count(state.scopes));
        self.bar
            .set_position(count(state.scopes.saturating_sub(state.reading)));
        self.bar.set_message(format!(
            "accounts x Regions, {} findings, {} incidents",
            state.findings, state.incidents
        ));
        let due = self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if !self.terminal && due && state.discovered {
            self.last_line = Some(Instant::now());
            output::note(format_args!(
                "read {} of {} accounts x Regions, {} findings, {} incidents",
                state.scopes.saturating_sub(state.reading),
                state.scopes,
                state.findings,
                state.incidents
            ));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
