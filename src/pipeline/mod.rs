//! The loops that join the rooms, and their supervisor.
//!
//! Knows in which order things happen: discover, poll, record, decide, deliver.
//! Does not know how any of it is done: each step asks one room and hands the answer to the next.
//! Loops are woken, never told: a step reads what is true, so that the path after a restart is the
//! path of every day.

mod aside;
mod backoff;
mod by_id;
mod decide;
mod deliver;
mod discover;
mod forecast;
mod gaps;
mod lookout;
mod metrics;
mod notice;
mod page;
mod page_token;
mod plan;
mod poll;
mod quiet;
mod record;
mod rhythm;
mod schedule;
mod sights;
mod supervisor;
mod survey;
mod tidy;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    aws::Aws,
    correlate::{OwnerTags, Rulebook},
    domain::{Clock, IncidentState, Outlook, delivery::DeliveryState, window::WindowRules},
    notify::Sink,
    observe::Health,
    store::{Detail, Measures, Retention, Store},
};

use self::{
    aside::Aside, decide::Decider, deliver::Deliverer, discover::Discoverer, gaps::GapDetector,
    poll::Poller, record::Recorder, rhythm::Rhythm, schedule::Schedule, sights::Sights,
    supervisor::Supervisor, tidy::Tidier,
};

pub use forecast::{Basis, Forecast, REFRESHED_EVERY, WATCHED_PART, forecast};
pub use lookout::{Lookout, Seen};
pub use metrics::PipelineMetrics;
pub use page::ReadPage;
pub use supervisor::Failed;
pub use survey::{Regions, probe, survey};

/// How often a sync looks how far it is, at most.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many times longer than a look the wait before the next is, so that looking stays cheap when
/// the store is large.
const LOOK_SHARE: u32 = 50;

/// How often and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// How often a vantage is asked for news that has had some lately.
    pub poll_interval: Duration,
    /// How often any vantage is asked for news at least, however quiet it is.
    pub poll_interval_max: Duration,
    /// How often accounts and Regions are listed.
    pub discover_interval: Duration,
    /// How often what a wide vantage shows is compared with what accounts show of themselves; `None`
    /// for never.
    pub gaps_interval: Option<Duration>,
    /// How windows are laid out.
    pub rules: WindowRules,
    /// How long what nobody needs any more is kept.
    pub retention: Retention,
    /// How many scopes are read at the same time.
    pub workers: usize,
    /// How long running work may take to finish when hubwatch is told to stop.
    pub drain: Duration,
}

impl Pace {
    fn rhythm(&self) -> Rhythm {
        Rhythm {
            shortest: self.poll_interval,
            longest: self.poll_interval_max,
            watched: self.rules.watch_every.unsigned_abs(),
        }
    }
}

/// Everything the loops join.
#[derive(Debug, Clone)]
pub struct Daemon {
    /// Where findings are read.
    pub aws: Arc<Aws>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// From where findings are seen.
    pub outlook: Outlook,
    /// What makes incidents, and who hears of them.
    pub rulebook: Arc<Rulebook>,
    /// Where notices go.
    pub sinks: Vec<Arc<dyn Sink>>,
    /// What time it is.
    pub clock: Clock,
    /// How often and how much.
    pub pace: Pace,
    /// Where each loop says how it goes.
    pub health: Health,
    /// What is counted.
    pub metrics: PipelineMetrics,
    /// The tags that name the owner of an incident.
    pub owner: OwnerTags,
    /// Where people find our pages, if anywhere.
    pub page_url: Option<String>,
}

impl Daemon {
    /// Runs every loop until `stop`, then lets running work finish within the pace's drain time.
    ///
    /// # Errors
    /// [`Failed`] names a loop that ended by itself, which is a bug. The rest was drained.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Failed> {
        let mut supervisor = Supervisor::new(stop.clone(), self.pace.drain);
        self.warn_of_orphans().await;
        let Reading { recorder, .. } = self.start_reading(&mut supervisor, &stop);
        match (&self.outlook, self.pace.gaps_interval) {
            (Outlook::Wide { .. }, Some(every)) => {
                let detector = GapDetector::new(&self, every, recorder, stop.clone());
                supervisor.spawn("gaps", detector.run());
            }
            // Recording ends with the last who can ask for it.
            _ => drop(recorder),
        }
        supervisor.spawn("tidy", Tidier::new(&self).run(stop.clone()));
        for sink in &self.sinks {
            let deliverer = Deliverer::new(&self, Arc::clone(sink), stop.clone());
            supervisor.spawn(format!("deliver to {}", sink.name()), deliverer.run());
        }
        supervisor.wait().await
    }

    /// Reads every scope once to its end and decides what was found; owes notices, sends none.
    /// `progress` is told now and then how far it is.
    ///
    /// # Errors
    /// [`Failed`] names a loop that ended by itself.
    pub async fn sync_once(
        self,
        stop: CancellationToken,
        progress: impl FnMut(&SyncState),
    ) -> Result<SyncState, Failed> {
        let mut supervisor = Supervisor::new(stop.clone(), self.pace.drain);
        let Reading { schedule, .. } = self.start_reading(&mut supervisor, &stop);
        let state = self.follow(Some(&schedule), &stop, progress).await;
        stop.cancel();
        supervisor.wait().await?;
        Ok(state)
    }

    /// Waits until every scope was read to its end or is known to be unreadable, nothing waits to
    /// be decided and nothing that is owed is due; or until `stop`.
    pub async fn until_synced(
        &self,
        stop: &CancellationToken,
        progress: impl FnMut(&SyncState),
    ) -> SyncState {
        self.follow(None, stop, progress).await
    }

    /// See [`Daemon::until_synced`]. With a schedule, what an earlier run knew of a scope does not
    /// count: each has to be asked once more.
    async fn follow(
        &self,
        schedule: Option<&Schedule>,
        stop: &CancellationToken,
        mut progress: impl FnMut(&SyncState),
    ) -> SyncState {
        let mut state = SyncState::default();
        loop {
            let begun = Instant::now();
            if let Ok(mut seen) = SyncState::look(self).await {
                // Asked after the look: once discovery has succeeded, the schedule is filled.
                if let Some(schedule) = schedule {
                    seen.reading = seen.reading.max(schedule.unread().await);
                }
                state = seen;
                progress(&state);
            }
            // A single pass has nothing to wait for when accounts cannot even be listed.
            let hopeless = schedule.is_some() && self.cannot_discover();
            if state.is_synced() || hopeless {
                return state;
            }
            tokio::select! {
                () = stop.cancelled() => return state,
                () = tokio::time::sleep(LOOK_EVERY.max(LOOK_SHARE * begun.elapsed())) => {}
            }
        }
    }

    /// Says which deliveries wait for a sink that is no longer configured.
    async fn warn_of_orphans(&self) {
        let Ok(tallies) = self.store.tallies().await else {
            return;
        };
        let known = |name: &str| self.sinks.iter().any(|sink| sink.name() == name);
        for tally in tallies.deliveries {
            if tally.state == DeliveryState::Pending && !known(&tally.sink) {
                warn!(
                    sink = tally.sink,
                    owed = tally.count,
                    "notices wait for a sink that is not configured; configure it again by this name"
                );
            }
        }
    }

    /// Whether discovery has failed and never succeeded.
    fn cannot_discover(&self) -> bool {
        let mut reports = self.health.report().into_iter();
        reports
            .any(|l| *l.name == *discover::NAME && l.success_age.is_none() && l.failure.is_some())
    }

    fn start_reading(&self, supervisor: &mut Supervisor, stop: &CancellationToken) -> Reading {
        let schedule = Arc::new(Schedule::new(self.pace.rhythm()));
        let sights = Arc::new(Sights::default());
        self.metrics.promise(&self.pace);
        let wake_decide = Arc::new(tokio::sync::Notify::new());
        let (recorder, record_loop) = Recorder::new(self, Arc::clone(&wake_decide));
        supervisor.spawn("record", record_loop.run());
        let discoverer = Discoverer::new(self, Arc::clone(&schedule), Arc::clone(&sights));
        supervisor.spawn("discover", discoverer.run(stop.clone()));
        let aside = Arc::new(Aside::new(self.pace.workers));
        for n in 0..self.pace.workers {
            let queue = (Arc::clone(&schedule), Arc::clone(&sights));
            let recorder = recorder.clone();
            let poller = Poller::new(self, queue, Arc::clone(&aside), recorder, stop.clone());
            supervisor.spawn(format!("poll {n}"), poller.run());
        }
        supervisor.spawn("decide", Decider::new(self, wake_decide).run(stop.clone()));
        Reading { schedule, recorder }
    }
}

/// The loops that read, while they run.
struct Reading {
    schedule: Arc<Schedule>,
    recorder: Recorder,
}

/// How far a sync is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncState {
    /// Whether accounts and Regions were listed once.
    pub discovered: bool,
    /// Scopes that are known.
    pub scopes: usize,
    /// Scopes whose first reading goes on.
    pub reading: usize,
    /// Scopes that cannot be read.
    pub unreadable: usize,
    /// Findings that are stored.
    pub findings: u64,
    /// Issues that wait to be decided.
    pub touched: u64,
    /// Incidents that are stored.
    pub incidents: u64,
    /// Deliveries that are owed.
    pub pending: u64,
}

impl SyncState {
    async fn look(daemon: &Daemon) -> Result<Self, crate::store::StoreError> {
        let Measures { tallies, coverage } = daemon.store.measure(Detail::default()).await?;
        let waits = |state| {
            use crate::domain::CoverageState as State;
            matches!(state, State::Backfilling | State::Throttled)
        };
        let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let pending = tallies.deliveries.iter();
        let pending = pending.filter(|d| d.state == DeliveryState::Pending);
        Ok(Self {
            discovered: daemon
                .health
                .report()
                .iter()
                .any(|l| *l.name == *discover::NAME && l.success_age.is_some()),
            scopes: whole(coverage.all()),
            reading: whole(coverage.count(waits)),
            unreadable: whole(coverage.count(|state| !state.is_readable())),
            findings: tallies.all_findings(),
            touched: tallies.touched,
            incidents: tallies.incidents_in(&IncidentState::ALL),
            pending: pending.map(|d| d.count).sum(),
        })
    }

    /// Whether everything was read and decided. What is owed may still be on its way.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.discovered && self.reading == 0 && self.touched == 0
    }
}
