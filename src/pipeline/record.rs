//! Recording: pages of any scopes, many in one commit.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tracing::warn;

use crate::{
    domain::{Clock, ClockKind, Timestamp, Vantage},
    observe::Pulse,
    store::{PageOutcome, PageRecord, Store, StoreError},
};

use super::{Daemon, PipelineMetrics, quiet::Quiet};

/// How many pages wait for the writer before readers wait too.
const QUEUE: usize = 64;
/// How many pages are written in one commit.
const PER_COMMIT: usize = 64;
/// How long a page waits for others to share its commit. Nobody notices, and a commit of many pages
/// writes little more than one of a few: they touch the same parts of the file.
const GATHERING: Duration = Duration::from_millis(20);
/// How long a commit may take, or fail, before that counts.
const PATIENCE: Duration = Duration::from_mins(5);

struct Submission {
    page: PageRecord,
    /// Which clock it was asked for by.
    clock: ClockKind,
    done: oneshot::Sender<Result<PageOutcome, StoreError>>,
}

/// Hands pages to the recording loop.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    queue: mpsc::Sender<Submission>,
    quiet: Arc<Quiet>,
}

impl Recorder {
    /// A recorder, and the loop behind it.
    pub(super) fn new(daemon: &Daemon, wake_decide: Arc<Notify>) -> (Self, RecordLoop) {
        let (queue, submitted) = mpsc::channel(QUEUE);
        let quiet = Arc::new(Quiet::new(daemon.pace.poll_interval));
        let record_loop = RecordLoop {
            submitted,
            store: Arc::clone(&daemon.store),
            clock: daemon.clock.clone(),
            metrics: daemon.metrics.clone(),
            pulse: daemon.health.expect("record", PATIENCE),
            wake_decide,
            quiet: Arc::clone(&quiet),
        };
        (Self { queue, quiet }, record_loop)
    }

    /// Records one page. When this returns `Ok`, what it holds survives a crash.
    pub(super) async fn record(
        &self,
        page: PageRecord,
        clock: ClockKind,
    ) -> Result<PageOutcome, StoreError> {
        let Some(page) = self.quiet.keep(page).await else {
            return Ok(PageOutcome::default());
        };
        let (done, recorded) = oneshot::channel();
        let closed = || StoreError::Unavailable("hubwatch is shutting down".to_owned());
        self.queue
            .send(Submission { page, clock, done })
            .await
            .map_err(|_| closed())?;
        recorded.await.map_err(|_| closed())?
    }

    /// Takes back that a scope had nothing new, if that is not written yet: something else has become
    /// true of it. Afterwards nothing that was said before is written any more.
    pub(super) async fn withdraw(&self, vantage: &Vantage) {
        self.quiet.withdraw(vantage).await;
    }

    /// Notes that there is nothing in a scope to be asked for by id, some time soon.
    pub(super) async fn unwatched(&self, vantage: &Vantage, now: Timestamp) {
        self.quiet.unwatched(vantage, now).await;
    }
}

/// Writes what was submitted. Ends when the last [`Recorder`] is gone, so that nothing that was
/// read is lost in a drain.
pub(super) struct RecordLoop {
    submitted: mpsc::Receiver<Submission>,
    store: Arc<dyn Store>,
    clock: Clock,
    metrics: PipelineMetrics,
    pulse: Pulse,
    wake_decide: Arc<Notify>,
    quiet: Arc<Quiet>,
}

impl RecordLoop {
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(PER_COMMIT);
        let mut write_quiet_at = Instant::now();
        loop {
            self.pulse.rest(None);
            let first = self.submitted.recv_many(&mut batch, PER_COMMIT);
            let ended = timeout_at(write_quiet_at, first).await == Ok(0);
            if !batch.is_empty() {
                self.fill(&mut batch).await;
                self.step(std::mem::take(&mut batch)).await;
            }
            if ended || Instant::now() >= write_quiet_at {
                write_quiet_at = Instant::now() + self.write_quiet().await;
            }
            if ended {
                return;
            }
        }
    }

    /// Writes down which scopes had nothing new, and says after what pause to do so again.
    async fn write_quiet(&self) -> Duration {
        self.pulse.beat();
        let (wait, written) = self.quiet.write(&*self.store, self.clock.now()).await;
        match written {
            Ok(0) => {}
            Ok(_) => self.pulse.succeeded(),
            Err(error) => {
                self.pulse.failed(&error.to_string());
                self.metrics.store_failed(&error);
                warn!(%error, "cannot note that scopes had nothing new; it is tried again");
            }
        }
        wait
    }

    /// Waits a little for more pages to share the commit of the first.
    async fn fill(&mut self, batch: &mut Vec<Submission>) {
        let mut more = true;
        let until = Instant::now() + GATHERING;
        while more && batch.len() < PER_COMMIT {
            let room = PER_COMMIT - batch.len();
            let next = self.submitted.recv_many(batch, room);
            more = timeout_at(until, next).await.is_ok_and(|n| n > 0);
        }
    }

    async fn step(&self, batch: Vec<Submission>) {
        self.pulse.beat();
        let pages = batch
            .iter()
            .map(|submission| submission.page.clone())
            .collect();
        match self.store.record(pages, self.clock.now()).await {
            Ok(outcomes) => {
                for (submission, outcome) in batch.into_iter().zip(outcomes) {
                    self.settle(submission, Ok(outcome));
                }
            }
            Err(error) => match <[Submission; 1]>::try_from(batch) {
                Ok([only]) => self.settle(only, Err(error)),
                // One page that cannot be written must not hold back the others.
                Err(batch) => {
                    for submission in batch {
                        self.alone(submission).await;
                    }
                }
            },
        }
    }

    async fn alone(&self, submission: Submission) {
        let page = submission.page.clone();
        let recorded = self.store.record(vec![page], self.clock.now()).await;
        self.settle(
            submission,
            recorded.map(|outcomes| outcomes.into_iter().next().unwrap_or_default()),
        );
    }

    fn settle(&self, submission: Submission, recorded: Result<PageOutcome, StoreError>) {
        match &recorded {
            Ok(outcome) => {
                self.pulse.succeeded();
                self.metrics.recorded(outcome);
                self.metrics
                    .lagged(submission.clock, &outcome.versions, self.clock.now());
                if outcome.touched_issues() {
                    self.wake_decide.notify_one();
                }
            }
            Err(error) => {
                self.pulse.failed(&error.to_string());
                self.metrics.store_failed(error);
                warn!(scope = %submission.page.vantage, %error, "a page could not be recorded");
            }
        }
        // A reader that was cut off in a drain does not wait for its answer.
        drop(submission.done.send(recorded));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        domain::{Partition, Scope, window::WindowKind},
        observe::{Health, new_registry},
        store::{Access, Reached, StoreUrl, open},
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A part of a window that was never begun.
    fn never_written(account: &str) -> PageRecord {
        let scope = Scope {
            account: account.into(),
            region: "eu-west-1".into(),
        };
        PageRecord {
            vantage: Vantage::member(scope),
            history: false,
            sweep: None,
            reached: Reached::UpTo(WindowKind::Late, at("2026-03-01T00:00:00Z")),
            body: Bytes::from_static(b"{\"Findings\":[]}"),
            findings: Arc::from([]),
            rejected: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_page_that_can_never_be_written_is_told_from_trouble_of_ours_whoever_shares_its_commit()
     {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
        let (queue, submitted) = mpsc::channel(QUEUE);
        let quiet = Arc::new(Quiet::new(Duration::from_secs(60)));
        let record_loop = RecordLoop {
            submitted,
            store: open(&url, &Access::Write(Partition::from("aws"))).unwrap(),
            clock: Clock::fixed(at("2026-03-01T00:00:00Z")),
            metrics: PipelineMetrics::new(&new_registry().unwrap()).unwrap(),
            pulse: Health::new().expect("record", PATIENCE),
            wake_decide: Arc::default(),
            quiet: Arc::clone(&quiet),
        };
        let recorder = Recorder { queue, quiet };
        let mut running = tokio::task::JoinSet::new();
        running.spawn(record_loop.run());
        let record = |account| recorder.record(never_written(account), ClockKind::Late);
        let alone = record("1").await;
        assert!(matches!(alone, Err(StoreError::Corrupt(_))), "{alone:?}");
        let (one, other) = tokio::join!(record("1"), record("2"));
        for shared in [one, other] {
            assert!(matches!(shared, Err(StoreError::Corrupt(_))), "{shared:?}");
        }
    }
}
