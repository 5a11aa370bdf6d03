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
/// Clones share one record, which is as small as the number of tasks. Ages are measured by a clock
/// that cannot be set, so that a corrected wall clock never looks like a loop that hangs.
#[derive(Debug, Clone, Default)]
pub struct Health {
    loops: Arc<RwLock<BTreeMap<Arc<str>, Loop>>>,
}

/// A loop: one task, or several that do the same.
#[derive(Debug, Default)]
struct Loop {
    patience: Duration,
    succeeded: u64,
    failed: u64,
    tasks: Vec<Task>,
}

#[derive(Debug)]
struct Task {
    doing: Doing,
    succeeded: Option<Instant>,
    /// The first failure after the last success.
    failing_since: Option<Instant>,
    /// The last failure after the last success, and why.
    failure: Option<(Instant, String)>,
}

#[derive(Debug, Clone, Copy)]
enum Doing {
    /// At work; when it last gave a sign.
    Working(Instant),
    /// Waiting until a time, or for something to do.
    Resting(Option<Instant>),
}

/// What is known about one loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopReport {
    /// The loop's name.
    pub name: Arc<str>,
    /// Whether none of its tasks has been silent at work, or overslept, for longer than its patience.
    pub turning: bool,
    /// Whether its last turn succeeded, or failures have not lasted for longer than its patience. A
    /// loop that had nothing to do yet has nothing to answer for.
    pub succeeding: bool,
    /// How long ago a turn last succeeded.
    pub success_age: Option<Duration>,
    /// How long the task that has been silent at work for longest has been so.
    pub silence: Duration,
    /// How long ago a turn last failed, and why, when that was after the task's last success.
    pub failure: Option<(Duration, String)>,
    /// How many turns succeeded.
    pub succeeded: u64,
    /// How many turns failed.
    pub failed: u64,
}

/// How one task of a loop says that it is well.
#[derive(Debug, Clone)]
pub struct Pulse {
    health: Health,
    name: Arc<str>,
    task: usize,
}

impl Health {
    /// Nothing is expected yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects a task of the named loop, at work from now on. Patience is how long it may work without
    /// a sign, oversleep, or fail before that counts; tasks of one loop share the last that was given.
    #[must_use]
    pub fn expect(&self, name: impl Into<Arc<str>>, patience: Duration) -> Pulse {
        let name = name.into();
        let task = Task {
            doing: Doing::Working(Instant::now()),
            succeeded: None,
            failing_since: None,
            failure: None,
        };
        let number = self.write(|loops| {
            let the_loop = loops.entry(Arc::clone(&name)).or_default();
            the_loop.patience = patience;
            the_loop.tasks.push(task);
            the_loop.tasks.len() - 1
        });
        Pulse {
            health: self.clone(),
            name,
            task: number,
        }
    }

    /// Whether every loop still turns. When not, a restart is the remedy.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.report().iter().all(|l| l.turning)
    }

    /// Whether every loop turns and succeeds, and there is a loop at all.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let loops = self.report();
        !loops.is_empty() && loops.iter().all(|l| l.turning && l.succeeding)
    }

    /// Every loop by name.
    #[must_use]
    pub fn report(&self) -> Vec<LoopReport> {
        let now = Instant::now();
        // A panic while the lock is held leaves whole records: each is written in one step.
        let loops = self.loops.read().unwrap_or_else(PoisonError::into_inner);
        loops
            .iter()
            .map(|(name, the_loop)| the_loop.report(Arc::clone(name), now))
            .collect()
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<Arc<str>, Loop>) -> T) -> T {
        change(&mut self.loops.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pulse {
    /// A sign of life: the task is at work. Long work gives one at each of its steps.
    pub fn beat(&self) {
        self.change(|_, task| task.doing = Doing::Working(Instant::now()));
    }

    /// The task waits: no longer than this, or for something to do.
    pub fn rest(&self, at_most: Option<Duration>) {
        let until = at_most.map(|wait| Instant::now() + wait);
        self.change(|_, task| task.doing = Doing::Resting(until));
    }

    /// A turn did what the loop is for.
    pub fn succeeded(&self) {
        let now = Instant::now();
        self.change(|counts, task| {
            *task = Task {
                doing: Doing::Working(now),
                succeeded: Some(now),
                failing_since: None,
                failure: None,
            };
            *counts.succeeded += 1;
        });
    }

    /// A turn could not do what the loop is for. The reason is shown to operators, cut to a few
    /// hundred characters.
    pub fn failed(&self, reason: &str) {
        let now = Instant::now();
        let reason = reason.chars().take(REASON_MAX).collect();
        self.change(|counts, task| {
            task.doing = Doing::Working(now);
            task.failing_since.get_or_insert(now);
            task.failure = Some((now, reason));
            *counts.failed += 1;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Counts<'_>, &mut Task)) {
        self.health.write(|loops| {
            let Some(Loop {
                succeeded,
                failed,
                tasks,
                ..
            }) = loops.get_mut(&self.name)
            else {
                return;
            };
            if let Some(task) = tasks.get_mut(self.task) {
                change(&mut Counts { succeeded, failed }, task);
            }
        });
    }
}

/// A loop's counts, while one of its tasks changes.
struct Counts<'a> {
    succeeded: &'a mut u64,
    failed: &'a mut u64,
}

impl Loop {
    fn report(&self, name: Arc<str>, now: Instant) -> LoopReport {
        let age = |at: Instant| now.saturating_duration_since(at);
        let last_success = self.tasks.iter().filter_map(|task| task.succeeded).max();
        let last_failure = self.tasks.iter().filter_map(|task| task.failure.as_ref());
        let last_failure = last_failure.max_by_key(|(at, _)| *at);
        let waits_for_work = |task: &Task| matches!(task.doing, Doing::Resting(None));
        let has_done = last_success.is_some() || self.tasks.iter().all(waits_for_work);
        let fails = |task: &Task| {
            let lasting = task.failing_since.is_some_and(|at| age(at) > self.patience);
            lasting || (task.failure.is_some() && task.succeeded.is_none())
        };
        LoopReport {
            name,
            turning: self.tasks.iter().all(|task| task.turns(self.patience, now)),
            succeeding: has_done && !self.tasks.iter().any(fails),
            success_age: last_success.map(age),
            silence: self
                .tasks
                .iter()
                .map(|task| task.silence(now))
                .max()
                .unwrap_or_default(),
            failure: last_failure.map(|(at, reason)| (age(*at), reason.clone())),
            succeeded: self.succeeded,
            failed: self.failed,
        }
    }
}

impl Task {
    fn turns(&self, patience: Duration, now: Instant) -> bool {
        match self.doing {
            Doing::Working(_) => self.silence(now) <= patience,
            Doing::Resting(until) => {
                until.is_none_or(|until| now.saturating_duration_since(until) <= patience)
            }
        }
    }

    fn silence(&self, now: Instant) -> Duration {
        match self.doing {
            Doing::Working(sign) => now.saturating_duration_since(sign),
            Doing::Resting(_) => Duration::ZERO,
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
        let record = health.expect("record", PATIENCE);
        let deliver = health.expect("deliver", PATIENCE);
        record.succeeded();
        assert!(health.is_live() && !health.is_ready());
        deliver.clone().succeeded();
        assert!(health.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_fails_is_live_and_after_a_while_not_ready() {
        let health = Health::new();
        let record = health.expect("record", PATIENCE);
        record.succeeded();
        for _ in 0..2 {
            pass(45).await;
            record.failed("the store is full");
            assert!(
                health.is_ready(),
                "failures of 45 seconds are not an outage"
            );
        }
        pass(45).await;
        record.failed("the store is still full");
        assert!(health.is_live() && !health.is_ready());
        let report = &health.report()[0];
        assert_eq!(report.success_age, Some(Duration::from_secs(135)));
        let failure = report.failure.clone().unwrap();
        assert_eq!(failure, (Duration::ZERO, "the store is still full".into()));
        assert_eq!((report.succeeded, report.failed), (1, 3));
        record.succeeded();
        assert!(health.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_hangs_is_not_live_even_if_it_never_began() {
        let health = Health::new();
        let record = health.expect("record", PATIENCE);
        pass(61).await;
        assert!(!health.is_live());
        assert_eq!(health.report()[0].silence, Duration::from_secs(61));
        record.succeeded();
        assert!(health.is_live());
    }

    #[tokio::test(start_paused = true)]
    async fn long_work_that_gives_signs_is_neither_dead_nor_unready() {
        let health = Health::new();
        let discover = health.expect("discover", PATIENCE);
        discover.succeeded();
        for _ in 0..20 {
            pass(50).await;
            discover.beat();
        }
        assert!(health.is_live() && health.is_ready());
        pass(61).await;
        assert!(!health.is_live() && !health.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_may_rest_as_long_as_it_said_and_not_much_longer() {
        let health = Health::new();
        let (timed, idle) = (
            health.expect("decide", PATIENCE),
            health.expect("record", PATIENCE),
        );
        timed.succeeded();
        timed.rest(Some(Duration::from_secs(3600)));
        idle.rest(None);
        pass(3600).await;
        assert!(health.is_live() && health.is_ready());
        pass(61).await;
        let stuck: Vec<_> = health.report().into_iter().filter(|l| !l.turning).collect();
        assert_eq!((stuck.len(), &*stuck[0].name), (1, "decide"));
    }

    #[tokio::test(start_paused = true)]
    async fn one_hanging_task_of_many_is_seen_and_idle_ones_are_not_missed() {
        let health = Health::new();
        let readers: Vec<_> = (0..3).map(|_| health.expect("read", PATIENCE)).collect();
        for reader in &readers {
            reader.rest(None);
        }
        assert!(health.is_ready(), "there is nothing to read yet");
        readers[0].beat();
        assert!(!health.is_ready(), "nothing was read yet");
        readers[0].succeeded();
        readers[0].rest(None);
        readers[1].beat();
        assert!(health.is_ready());
        for _ in 0..3 {
            pass(50).await;
            readers[0].succeeded();
        }
        assert!(!health.is_live(), "the second hangs");
    }

    #[tokio::test(start_paused = true)]
    async fn endless_reasons_take_no_memory() {
        let health = Health::new();
        health
            .expect("record", PATIENCE)
            .failed(&"x".repeat(1_000_000));
        let report = health.report();
        assert_eq!(report[0].failure.clone().unwrap().1.len(), REASON_MAX);
    }
}
