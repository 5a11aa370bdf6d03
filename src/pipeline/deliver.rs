//! Delivering: leases what is owed to one sink, sends it, and settles.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    correlate::OwnerTags,
    domain::{
        Clock, Partition, Timestamp,
        delivery::{Delivery, Receipt, Settlement},
    },
    notify::{Lookup, Notice, Sink, SinkError},
    observe::{Printable, Pulse},
    store::{Store, StoreError},
};

use super::{Daemon, PipelineMetrics, backoff, notice};

/// How many notices are sent to one sink at the same time.
const AT_ONCE: u32 = 4;
/// How long a lease lasts: well over the longest attempt, which is a look-up and a request.
const LEASE: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);
/// How long a few attempts may take together before the loop counts as stuck: over any look-up and
/// request.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often to look for what is owed.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long to wait after trouble with the store.
const RETRY: Duration = Duration::from_secs(5);
/// How often a delivery is tried before it is given up. With the waits of [`backoff`] that is well
/// over a day.
const MAX_ATTEMPTS: u32 = 64;
/// How long a sink that cannot be reached, or cannot work, is left alone before the next notice is
/// tried. The notice that met the trouble waits longer.
const PAUSE: Duration = Duration::from_secs(15);
/// How often a notice is sent to a sink that gives no clear answer and cannot be asked.
const MAX_BLIND_ATTEMPTS: u32 = 3;
/// How long to wait when the sink cannot work until a person has mended something.
const MISCONFIGURED_WAIT: Duration = Duration::from_secs(5 * 60);

/// What one step did.
struct Step {
    attempts: usize,
    /// How long the sink is to be left alone.
    pause: Option<Duration>,
}

/// An attempt that failed.
struct Trouble {
    error: SinkError,
    /// Since when it may have landed all the same.
    in_doubt_since: Option<Timestamp>,
}

/// The loop that delivers to one sink. Each sink has its own, so that a slow one delays no other.
#[derive(Clone)]
pub(super) struct Deliverer {
    sink: Arc<dyn Sink>,
    store: Arc<dyn Store>,
    partition: Partition,
    owner: OwnerTags,
    page_url: Option<String>,
    clock: Clock,
    metrics: PipelineMetrics,
    pulse: Pulse,
    stop: CancellationToken,
}

impl Deliverer {
    pub(super) fn new(daemon: &Daemon, sink: Arc<dyn Sink>, stop: CancellationToken) -> Self {
        let name = format!("deliver to {}", sink.name());
        Self {
            pulse: daemon.health.expect(name, PATIENCE),
            sink,
            store: Arc::clone(&daemon.store),
            partition: daemon.store.partition().clone(),
            owner: daemon.owner.clone(),
            page_url: daemon.page_url.clone(),
            clock: daemon.clock.clone(),
            metrics: daemon.metrics.clone(),
            stop,
        }
    }

    pub(super) async fn run(self) {
        while !self.stop.is_cancelled() {
            self.pulse.beat();
            let stepped = self.step().await;
            match &stepped {
                // Trouble of the sink is told of its deliveries; trouble of ours is ours.
                Ok(_) => self.pulse.succeeded(),
                Err(error) => self.pulse.failed(&error.to_string()),
            }
            let wait = match stepped {
                Ok(Step {
                    pause: Some(pause), ..
                }) => pause,
                Ok(Step { attempts: 0, .. }) => INTERVAL,
                Ok(_) => continue,
                Err(error) => {
                    warn!(sink = self.sink.name(), %error, "cannot lease deliveries");
                    self.metrics.store_failed(&error);
                    RETRY
                }
            };
            self.pulse.rest(Some(wait));
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Leases what is due and attempts each.
    async fn step(&self) -> Result<Step, StoreError> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let leased = self
            .store
            .lease_deliveries(self.sink.name(), AT_ONCE, now, until)
            .await?;
        let mut step = Step {
            attempts: leased.len(),
            pause: None,
        };
        let mut attempts = JoinSet::new();
        for delivery in leased {
            let deliverer = self.clone();
            attempts.spawn(async move { deliverer.attempt(delivery).await });
        }
        while let Some(ended) = attempts.join_next().await {
            match ended {
                Ok(pause) => step.pause = step.pause.max(pause),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => {}
            }
        }
        Ok(step)
    }

    /// Attempts one delivery and settles it. Returns how long the sink is to be left alone, if what
    /// went wrong would meet every notice.
    async fn attempt(&self, delivery: Delivery) -> Option<Duration> {
        let (settlement, pause) = match self.notice(&delivery).await {
            Ok(Some(notice)) => match self.deliver(&delivery, &notice).await {
                Ok(settlement) => (settlement, None),
                Err(Trouble {
                    error,
                    in_doubt_since,
                }) => (
                    self.failed(&delivery, &error, in_doubt_since),
                    pause_after(&error),
                ),
            },
            Ok(None) => {
                let reason = "its incident is gone".to_owned();
                (Settlement::Dead { reason }, None)
            }
            Err(error) => (self.postponed(&delivery, RETRY, error.to_string()), None),
        };
        self.note(&delivery, &settlement);
        // If this is lost, the attempt is in doubt, and the far side is asked before another.
        if let Err(error) = self
            .store
            .settle(delivery.id, settlement, self.clock.now())
            .await
        {
            error!(delivery = delivery.id, %error, "cannot settle a delivery");
            self.metrics.store_failed(&error);
        }
        pause
    }

    async fn notice(&self, delivery: &Delivery) -> Result<Option<Notice>, StoreError> {
        let brief = self
            .store
            .brief(delivery.incident, notice::MAX_PROBLEMS)
            .await?;
        Ok(brief.map(|brief| {
            let page_url = self.page_url.as_deref();
            notice::notice(delivery, brief, &self.partition, &self.owner, page_url)
        }))
    }

    /// Looks before it sends: an earlier attempt may have landed without our knowing, and so may
    /// one of a store that was lost.
    async fn deliver(&self, delivery: &Delivery, notice: &Notice) -> Result<Settlement, Trouble> {
        let now = self.clock.now();
        if let Some(since) = delivery.in_doubt_since {
            let patience = self
                .sink
                .patience()
                .try_into()
                .unwrap_or(jiff::SignedDuration::MAX);
            let trusted = since.saturating_add(patience).unwrap_or(Timestamp::MAX);
            if now < trusted {
                let reason =
                    "an earlier attempt may have landed; waiting until it can be looked up";
                return Ok(Settlement::Later {
                    due_at: trusted,
                    reason: reason.to_owned(),
                    in_doubt_since: Some(since),
                });
            }
        }
        match self.sink.find(notice).await {
            Ok(Lookup::Found(receipt)) => return Ok(Settlement::Delivered(receipt)),
            Ok(Lookup::Absent | Lookup::Unknowable) => {}
            // Nothing was sent by this attempt, so an older doubt stays as old as it is.
            Err(error) => {
                return Err(Trouble {
                    error,
                    in_doubt_since: delivery.in_doubt_since,
                });
            }
        }
        if let Some(postponed) = self.intend(delivery).await {
            return Ok(postponed);
        }
        match self.sink.send(notice).await {
            Ok(receipt) => Ok(Settlement::Delivered(receipt)),
            Err(error) => Err(Trouble {
                in_doubt_since: matches!(error, SinkError::Unclear { .. })
                    .then(|| self.clock.now()),
                error,
            }),
        }
    }

    /// Writes that a request follows at once. Looking took time, and what is in doubt after a crash
    /// is the request. Nothing is sent if that cannot be written, or once hubwatch is told to stop.
    async fn intend(&self, delivery: &Delivery) -> Option<Settlement> {
        if self.stop.is_cancelled() {
            let reason = "hubwatch was stopped".to_owned();
            return Some(self.postponed(delivery, Duration::ZERO, reason));
        }
        match self.store.intend(delivery.id, self.clock.now()).await {
            Ok(()) => None,
            Err(error) => Some(self.postponed(delivery, RETRY, error.to_string())),
        }
    }

    /// To be tried again. Nothing was sent, so an older doubt stays as old as it is.
    fn postponed(&self, delivery: &Delivery, wait: Duration, reason: String) -> Settlement {
        Settlement::Later {
            due_at: self.after(wait),
            reason,
            in_doubt_since: delivery.in_doubt_since,
        }
    }

    fn after(&self, wait: Duration) -> Timestamp {
        let wait = wait.try_into().unwrap_or(jiff::SignedDuration::MAX);
        let at = self.clock.now().saturating_add(wait);
        at.unwrap_or(Timestamp::MAX)
    }

    /// What becomes of a delivery after an error.
    fn failed(
        &self,
        delivery: &Delivery,
        error: &SinkError,
        in_doubt_since: Option<Timestamp>,
    ) -> Settlement {
        let attempts = delivery.attempts.saturating_add(1);
        let reason = Printable(error.to_string()).to_string();
        let backoff = backoff::delivery_wait(attempts);
        let wait = match error {
            SinkError::Refused { .. } => return Settlement::Dead { reason },
            SinkError::Busy { retry_after, .. } => retry_after.unwrap_or(backoff),
            // Not the notice's fault: it stays owed for as long as it takes.
            SinkError::Misconfigured { .. } => backoff.max(MISCONFIGURED_WAIT),
            SinkError::Unreachable { .. } | SinkError::Unclear { .. } => {
                // A sink that cannot be asked may have told people each time.
                let blind = self.sink.patience().is_zero() && in_doubt_since.is_some();
                if attempts
                    >= if blind {
                        MAX_BLIND_ATTEMPTS
                    } else {
                        MAX_ATTEMPTS
                    }
                {
                    return Settlement::Dead {
                        reason: format!("given up after {attempts} attempts: {reason}"),
                    };
                }
                backoff
            }
        };
        Settlement::Later {
            due_at: self.after(wait),
            reason,
            in_doubt_since,
        }
    }

    fn note(&self, delivery: &Delivery, settlement: &Settlement) {
        let (sink, incident) = (self.sink.name(), delivery.incident);
        self.metrics.attempted(sink, settlement);
        match settlement {
            Settlement::Delivered(Receipt { reference, .. }) => {
                info!(sink, %incident, reference = %Printable(reference), "delivered a notice");
            }
            Settlement::Later { due_at, reason, .. } => {
                warn!(sink, %incident, %due_at, reason, "a notice was not delivered yet");
            }
            Settlement::Dead { reason } => {
                error!(sink, %incident, reason, "a notice was given up");
            }
        }
    }
}

/// How long a sink is to be left alone after trouble that would meet every notice alike.
fn pause_after(error: &SinkError) -> Option<Duration> {
    match error {
        SinkError::Busy { retry_after, .. } => Some(retry_after.unwrap_or(PAUSE).max(INTERVAL)),
        SinkError::Misconfigured { .. } | SinkError::Unreachable { .. } => Some(PAUSE),
        SinkError::Refused { .. } | SinkError::Unclear { .. } => None,
    }
}
