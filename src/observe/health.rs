//! Health: whether every loop still turns, and whether its turns succeed.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::time::Instant;

/// How much of a failure's reason is kept, in characters.
const REASON_MAX: usize = 300;

/// The health of the process: what its loops last reported.
///
/// Clones share one record. A loop is named by the code, so the record is as small as the number
/// of loops. Ages are measured by a clock that cannot be set, so that a corrected wall clock never
/// looks like a loop that hangs.
#[derive(Debug, Clone, Default)]
pub struct Health {
    loops: Arc<RwLock<BTreeMap<&'static str, Record>>>,
}

#[derive(Debug, Clone)]
struct Record {
    patience: Duration,
    /// When the loop last turned, or was first expected to.
    turned: Instant,
    succeeded: Option<Instant>,
    failed: Option<(Instant, String)>,
}

/// What is known about one loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopReport {
    /// The loop's name.
    pub name: &'static str,
    /// Whether it turned within its patience, successfully or not.
    pub turning: bool,
    /// Whether it succeeded within its patience.
    pub succeeding: bool,
    /// How long ago it last succeeded.
    pub success_age: Option<Duration>,
    /// How long ago it last failed, and why, when that was after its last success.
    pub failure: Option<(Duration, String)>,
}

impl Health {
    /// Nothing is expected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects a report from the loop at least as often as its patience says, from now on. Called
    /// again, it changes the patience and forgets what was reported.
    pub fn expect(&self, name: &'static str, patience: Duration) {
        let record = Record {
            patience,
            turned: Instant::now(),
            succeeded: None,
            failed: None,
        };
        self.write(|loops| {
            loops.insert(name, record);
        });
    }

    /// The loop turned, and did what it is for. Reports of loops that nobody expects are ignored.
    pub fn succeeded(&self, name: &'static str) {
        let now = Instant::now();
        self.write(|loops| {
            if let Some(record) = loops.get_mut(name) {
                record.turned = now;
                record.succeeded = Some(now);
                record.failed = None;
            }
        });
    }

    /// The loop turned, and could not do what it is for. The reason is shown to operators, cut to
    /// a few hundred characters.
    pub fn failed(&self, name: &'static str, reason: &str) {
        let now = Instant::now();
        let reason = reason.chars().take(REASON_MAX).collect();
        self.write(|loops| {
            if let Some(record) = loops.get_mut(name) {
                record.turned = now;
                record.failed = Some((now, reason));
            }
        });
    }

    /// Whether every loop still turns. When not, a restart is the remedy.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.report().iter().all(|l| l.turning)
    }

    /// Whether every loop has succeeded within its patience, and there is a loop at all.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let loops = self.report();
        !loops.is_empty() && loops.iter().all(|l| l.succeeding)
    }

    /// Every loop by name.
    #[must_use]
    pub fn report(&self) -> Vec<LoopReport> {
        let now = Instant::now();
        // A panic while the lock is held leaves whole records: each is written in one step.
        let loops = self.loops.read().unwrap_or_else(PoisonError::into_inner);
        loops
            .iter()
            .map(|(name, record)| record.report(name, now))
            .collect()
    }

    fn write(&self, change: impl FnOnce(&mut BTreeMap<&'static str, Record>)) {
        change(&mut self.loops.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Record {
    fn report(&self, name: &'static str, now: Instant) -> LoopReport {
        let age = |at: Instant| now.saturating_duration_since(at);
        LoopReport {
            name,
            turning: age(self.turned) <= self.patience,
            succeeding: self.succeeded.is_some_and(|at| age(at) <= self.patience),
            success_age: self.succeeded.map(age),
            failure: self
                .failed
                .as_ref()
                .map(|(at, reason)| (age(*at), reason.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    async fn pass(secs: u64) {
        tokio::time::advance(Duration::from_secs(secs)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_is_ready_once_every_loop_has_succeeded() {
        let health = Health::new();
        assert!(health.is_live() && !health.is_ready());
        health.expect("record", PATIENCE);
        health.expect("deliver", PATIENCE);
        health.succeeded("record");
        assert!(health.is_live() && !health.is_ready());
        health.clone().succeeded("deliver");
        assert!(health.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_fails_is_live_and_after_a_while_not_ready() {
        let health = Health::new();
        health.expect("record", PATIENCE);
        health.succeeded("record");
        pass(45).await;
        health.failed("record", "the store is full");
        assert!(health.is_ready(), "one failure is not an outage");
        pass(45).await;
        assert!(health.is_live() && !health.is_ready());
        let report = health.report();
        assert_eq!(report[0].success_age, Some(Duration::from_secs(90)));
        let failure = report[0].failure.clone().unwrap();
        assert_eq!(
            failure,
            (Duration::from_secs(45), "the store is full".into())
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_hangs_is_not_live_even_if_it_never_began() {
        let health = Health::new();
        health.expect("record", PATIENCE);
        pass(61).await;
        assert!(!health.is_live());
        health.succeeded("record");
        assert!(health.is_live());
    }

    #[tokio::test(start_paused = true)]
    async fn reports_of_unknown_loops_and_endless_reasons_take_no_memory() {
        let health = Health::new();
        health.succeeded("nobody expects this");
        assert!(health.report().is_empty());
        health.expect("record", PATIENCE);
        health.failed("record", &"x".repeat(1_000_000));
        let report = health.report();
        assert_eq!(report[0].failure.clone().unwrap().1.len(), REASON_MAX);
    }
}
