//! Deciding: touched issues to incidents and owed deliveries.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    correlate::Rulebook,
    domain::Clock,
    observe::Pulse,
    store::{Decided, Store, StoreError, Touched},
};

use super::{Daemon, PipelineMetrics};

/// The name of this loop.
const NAME: &str = "decide";
/// How many touched issues one transaction looks at. It bounds how long recording waits.
const PER_STEP: u32 = 1000;
/// How long a step may take, or fail, before that counts.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often to look without being woken.
const INTERVAL: Duration = Duration::from_secs(5);
/// What is no news waits until no page has touched an issue for this long: neighbouring issues are
/// then decided together, and one that page after page touches is decided once ...
const SETTLED: Duration = Duration::from_millis(100);
/// ... but no longer than this.
const SETTLED_AT_LAST: Duration = Duration::from_secs(2);
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
        // What an earlier run left is decided at once.
        let mut rest_due = Instant::now();
        let mut rest_waits_since = rest_due;
        while !stop.is_cancelled() {
            let touched = if Instant::now() < rest_due {
                Touched::ByNews
            } else {
                Touched::ByAnything
            };
            match self.step(touched).await {
                Ok(decided) if decided.issues + decided.stirred > 0 => continue,
                Ok(_) if touched == Touched::ByAnything => {
                    rest_due = Instant::now() + INTERVAL;
                    rest_waits_since = rest_due;
                }
                Ok(_) => {}
                Err(error) => {
                    warn!(%error, "deciding failed; it is tried again");
                    self.pulse.failed(&error.to_string());
                    self.metrics.store_failed(&error);
                    sleep(RETRY).await;
                }
            }
            let rest = rest_due.saturating_duration_since(Instant::now());
            self.pulse.rest(Some(rest));
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep_until(rest_due) => {}
                () = self.wake.notified() => {
                    let now = Instant::now();
                    rest_waits_since = rest_waits_since.min(now);
                    rest_due = (now + SETTLED).min(rest_waits_since + SETTLED_AT_LAST);
                }
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

    /// Decides some of what is touched, news first.
    async fn step(&self, touched: Touched) -> Result<Decided, StoreError> {
        let news = self.decide(Touched::ByNews).await?;
        let decided = if news.issues == 0 && touched == Touched::ByAnything {
            self.decide(touched).await?
        } else {
            news
        };
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

    async fn decide(&self, touched: Touched) -> Result<Decided, StoreError> {
        let now = self.clock.now();
        self.store
            .decide(&self.rulebook, touched, PER_STEP, now)
            .await
    }
}
