//! Tidying up: what was kept for long enough goes, and its room is given back, a little at a time.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    domain::Clock,
    observe::Pulse,
    store::{Retention, Store},
};

use super::{Daemon, PipelineMetrics};

/// How long to rest between rounds.
const INTERVAL: Duration = Duration::from_hours(1);
/// How many times as long as a step took the loop rests before the next, so that recording has the
/// store for itself nearly all of the time.
const SHARE: u32 = 9;
/// How long to rest between steps at least.
const PAUSE: Duration = Duration::from_millis(20);
/// How soon to try again after a failure.
const RETRY: Duration = Duration::from_mins(1);
/// How long a step may take, or steps fail, before that counts.
const PATIENCE: Duration = Duration::from_mins(10);

/// The loop that tidies up.
pub(super) struct Tidier {
    store: Arc<dyn Store>,
    retention: Retention,
    clock: Clock,
    metrics: PipelineMetrics,
    pulse: Pulse,
}

impl Tidier {
    pub(super) fn new(daemon: &Daemon) -> Self {
        Self {
            store: Arc::clone(&daemon.store),
            retention: daemon.pace.retention,
            clock: daemon.clock.clone(),
            metrics: daemon.metrics.clone(),
            pulse: daemon.health.expect("tidy", PATIENCE),
        }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let wait = self.step().await;
            self.pulse.rest(Some(wait));
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Takes one step, and returns how long to rest.
    async fn step(&self) -> Duration {
        self.pulse.beat();
        let begun = Instant::now();
        match self.store.tidy(self.retention, self.clock.now()).await {
            Ok(tidied) => {
                self.pulse.succeeded();
                self.metrics.tidied(tidied, begun.elapsed());
                if tidied.is_round_done {
                    info!("tidied up the store");
                    return INTERVAL;
                }
                PAUSE.max(SHARE * begun.elapsed())
            }
            Err(error) => {
                warn!(%error, "tidying up failed; it goes on later with something else");
                self.pulse.failed(&error.to_string());
                self.metrics.store_failed(&error);
                RETRY
            }
        }
    }
}
