//! Deciding: touched issues to incidents and owed deliveries.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    correlate::Rulebook,
    domain::Clock,
    observe::Pulse,
    store::{Decided, Store, StoreError},
};

use super::{Daemon, PipelineMetrics};

/// The name of this loop.
const NAME: &str = "decide";
/// How many touched issues one transaction looks at. It bounds how long recording waits.
const PER_STEP: u32 = 500;
/// How long a step may take, or fail, before that counts.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often to look without being woken.
const INTERVAL: Duration = Duration::from_secs(5);
/// How soon to try again after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// The loop that decides.
pub(super) struct Decider {
    store: Arc<dyn Store>,
    rulebook: Arc<Rulebook>,
    clock: Clock,
    pulse: Pulse,
    metrics: PipelineMetrics,
    wake: Arc<Notify>,
}

impl Decider {
    pub(super) fn new(daemon: &Daemon, wake: Arc<Notify>) -> Self {
        Self {
            store: Arc::clone(&daemon.store),
            rulebook: Arc::clone(&daemon.rulebook),
            clock: daemon.clock.clone(),
            pulse: daemon.health.expect(NAME, PATIENCE),
            metrics: daemon.metrics.clone(),
            wake,
        }
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        self.adopt(&stop).await;
        while !stop.is_cancelled() {
            let wait = match self.step().await {
                Ok(decided) if decided.issues > 0 => continue,
                Ok(_) => INTERVAL,
                Err(error) => {
                    warn!(%error, "deciding failed; it is tried again");
                    self.pulse.failed(&error.to_string());
                    self.metrics.store_failed(&error);
                    RETRY
                }
            };
            self.pulse.rest(Some(wait));
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Makes a change of the configured rules reach what was decided before.
    async fn adopt(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.store.adopt(&self.rulebook).await {
                Ok(true) => return info!("rules are new; all issues are decided by them"),
                Ok(false) => return,
                Err(error) => {
                    warn!(%error, "cannot compare rules with the last ones; trying again");
                    self.pulse.failed(&error.to_string());
                }
            }
            sleep(RETRY).await;
        }
    }

    async fn step(&self) -> Result<Decided, StoreError> {
        let decided = self
            .store
            .decide(&self.rulebook, PER_STEP, self.clock.now())
            .await?;
        self.pulse.succeeded();
        self.metrics.decided(decided);
        if decided.owed > 0 {
            info!(
                opened = decided.opened,
                owed = decided.owed,
                "incidents owe notices"
            );
        } else if decided.issues > 0 {
            debug!(issues = decided.issues, opened = decided.opened, "decided");
        }
        Ok(decided)
    }
}
