//! SQLite: a file, nothing to install. One writer, readers beside it, write-ahead logging.

mod about;
mod assess;
mod bodies;
mod connection;
mod decide;
mod deliveries;
mod explain;
mod gaps;
mod issues;
mod ledger;
mod mutes;
mod neighbours;
mod news;
mod preview;
mod query;
mod record;
mod relations;
mod resources;
mod rows;
mod scopes;
mod silences;
mod sweep;
mod tallies;
mod texts;
mod tidy;
mod turns;
mod windows;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::Mutex;

use crate::{
    correlate::{Hush, Rulebook},
    domain::{
        AccountId, Acknowledgement, Coverage, CoverageState, FindingKey, Incident, IncidentId,
        IncidentTurn, Learned, Partition, Scope, Silence, SyncProgress, Timestamp, Vantage, Window,
        decision::Assessment,
        delivery::{Delivery, Settlement},
    },
};

use self::{
    connection::{Memory, Writer, open_amender, open_reader, stored_partition},
    tidy::Round,
};
use super::{
    Access, Acknowledging, CensusEntry, Decided, Detail, Explained, FindingFilter, Gap, GapTotals,
    IncidentBrief, IncidentFilter, KnownFinding, Measures, NewSilence, PageOutcome, PageRecord,
    RejectedFinding, Retention, ScopeProgress, Store, StoreError, StoredFinding, StoredIncident,
    Tallies, Tidied, Touched,
};

/// The engine. Cheap to share; every verb runs on a blocking thread.
#[derive(Debug)]
pub(super) struct Sqlite {
    partition: Partition,
    path: PathBuf,
    /// For the loops, which ask little and often.
    reader: Arc<Mutex<Connection>>,
    /// For people and metrics, whose questions may take a while.
    looker: Arc<Mutex<Connection>>,
    round: Mutex<Round>,
    /// For the word of people, beside a daemon that writes.
    amender: Option<Arc<Mutex<Connection>>>,
    // Closed last: only a connection that may write leaves no log behind, and only when it is the
    // last one.
    writer: Option<Arc<Mutex<Writer>>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path, access: &Access) -> Result<Self, StoreError> {
        let writer = match access {
            Access::Write(partition) => Some(Writer::open(path, partition)?),
            Access::Read | Access::Amend => None,
        };
        let amender = match access {
            Access::Amend => Some(open_amender(path)?),
            Access::Write(_) | Access::Read => None,
        };
        let reader = open_reader(path)?;
        Ok(Self {
            partition: stored_partition(&reader)?,
            path: path.to_owned(),
            reader: Arc::new(Mutex::new(reader)),
            looker: Arc::new(Mutex::new(open_reader(path)?)),
            round: Mutex::new(Round::default()),
            amender: amender.map(|amender| Arc::new(Mutex::new(amender))),
            writer: writer.map(|writer| Arc::new(Mutex::new(writer))),
        })
    }

    /// Runs one transaction that writes.
    async fn write<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Transaction<'_>, &mut Memory) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let writer = self
            .writer
            .clone()
            .ok_or_else(|| StoreError::Unavailable("it was opened for reading only".to_owned()))?;
        let mut writer = writer.lock_owned().await;
        blocking(move || {
            let Writer {
                connection, memory, ..
            } = &mut *writer;
            // Taking the write lock first means waiting for it at most once.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = step(&transaction, memory).and_then(|done| {
                transaction
                    .commit()
                    .map(|()| done)
                    .map_err(StoreError::from)
            });
            if done.is_err() {
                *memory = Memory::default();
            }
            done
        })
        .await
    }

    /// Runs one transaction that writes what a person says. It must not add or remove what a writer
    /// remembers the numbers of.
    async fn amend<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(amender) = self.amender.clone() else {
            return self.write(move |tx, _| step(tx)).await;
        };
        let mut amender = amender.lock_owned().await;
        blocking(move || {
            let transaction = amender.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = step(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
        .await
    }

    /// Runs one transaction that reads, so that everything in it is of one moment.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut reader = self.reader.clone().lock_owned().await;
        blocking(move || look(&reader.transaction()?)).await
    }

    /// Like [`Sqlite::read`], beside what the loops read.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut looker = self.looker.clone().lock_owned().await;
        blocking(move || look(&looker.transaction()?)).await
    }

    /// The size of the write-ahead log; there may be none.
    fn wal_bytes(&self) -> u64 {
        let mut name = self.path.as_os_str().to_owned();
        name.push("-wal");
        std::fs::metadata(name).map_or(0, |file| file.len())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Unavailable(
                "hubwatch is shutting down".to_owned(),
            )),
        },
    }
}

#[async_trait]
impl Store for Sqlite {
    fn partition(&self) -> &Partition {
        &self.partition
    }

    async fn take_census(
        &self,
        census: Vec<CensusEntry>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx, memory| scopes::take_census(tx, memory, &census, now))
            .await
    }

    async fn note_accounts(&self, learned: Vec<(AccountId, Learned)>) -> Result<(), StoreError> {
        self.write(move |tx, _| about::note_accounts(tx, learned))
            .await
    }

    async fn coverage(&self) -> Result<Vec<Coverage>, StoreError> {
        self.look(ledger::coverage).await
    }

    async fn note_trouble(
        &self,
        vantage: &Vantage,
        state: CoverageState,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (vantage, error) = (vantage.clone(), error.to_owned());
        self.write(move |tx, memory| {
            let id = memory.scopes.of(tx, &vantage)?;
            scopes::note_trouble(tx, id, state, &error, now)
        })
        .await
    }

    async fn progress(&self, vantage: &Vantage) -> Result<ScopeProgress, StoreError> {
        let vantage = vantage.clone();
        self.read(move |tx| windows::progress(tx, &vantage)).await
    }

    async fn begin_window(
        &self,
        vantage: &Vantage,
        window: Window,
        progress: SyncProgress,
    ) -> Result<(), StoreError> {
        let vantage = vantage.clone();
        self.write(move |tx, memory| {
            let id = memory.scopes.of(tx, &vantage)?;
            windows::begin(tx, id, window, progress)
        })
        .await
    }

    async fn watched(
        &self,
        vantage: &Vantage,
        limit: u32,
    ) -> Result<Vec<KnownFinding>, StoreError> {
        let vantage = vantage.clone();
        self.read(move |tx| sweep::watched(tx, &vantage, limit))
            .await
    }

    async fn note_watched(
        &self,
        vantage: &Vantage,
        last: Option<i64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let vantage = vantage.clone();
        self.write(move |tx, memory| {
            let id = memory.scopes.of(tx, &vantage)?;
            windows::note_watched(tx, id, last, now)
        })
        .await
    }

    async fn note_unwatched(&self, vantages: Vec<(Vantage, Timestamp)>) -> Result<(), StoreError> {
        self.write(move |tx, memory| {
            for (vantage, at) in &vantages {
                let id = memory.scopes.of(tx, vantage)?;
                windows::note_watched(tx, id, None, *at)?;
            }
            Ok(())
        })
        .await
    }

    async fn suspects(
        &self,
        vantage: &Vantage,
        limit: u32,
    ) -> Result<Vec<KnownFinding>, StoreError> {
        let vantage = vantage.clone();
        self.read(move |tx| sweep::suspects(tx, &vantage, limit))
            .await
    }

    async fn clear_suspects(
        &self,
        asked: Vec<i64>,
        absent: Vec<i64>,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        self.write(move |tx, _| sweep::clear(tx, &asked, &absent, now))
            .await
    }

    async fn gap_due(&self, before: Timestamp) -> Result<Option<(Scope, Vantage)>, StoreError> {
        self.read(move |tx| gaps::due(tx, before)).await
    }

    async fn lacking(
        &self,
        shown: Vec<(FindingKey, Timestamp)>,
    ) -> Result<Vec<(FindingKey, Timestamp)>, StoreError> {
        self.read(move |tx| gaps::lacking(tx, shown)).await
    }

    async fn note_gap(&self, gap: Gap) -> Result<GapTotals, StoreError> {
        self.write(move |tx, _| gaps::note(tx, &gap)).await
    }

    async fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        self.read(gaps::all).await
    }

    async fn record(
        &self,
        pages: Vec<PageRecord>,
        now: Timestamp,
    ) -> Result<Vec<PageOutcome>, StoreError> {
        self.write(move |tx, memory| record::record(tx, memory, &pages, now))
            .await
    }

    async fn adopt(&self, rulebook: &Rulebook) -> Result<bool, StoreError> {
        let fingerprint = rulebook.fingerprint();
        self.write(move |tx, _| decide::adopt(tx, fingerprint))
            .await
    }

    async fn decide(
        &self,
        rulebook: &Rulebook,
        touched: Touched,
        limit: u32,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        let rulebook = rulebook.clone();
        self.write(move |tx, memory| decide::decide(tx, memory, &rulebook, touched, limit, now))
            .await
    }

    async fn lease_deliveries(
        &self,
        sink: &str,
        limit: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Delivery>, StoreError> {
        let sink = sink.to_owned();
        self.write(move |tx, _| deliveries::lease(tx, &sink, limit, now, lease_until))
            .await
    }

    async fn intend(&self, delivery: i64, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, _| deliveries::intend(tx, delivery, now))
            .await
    }

    async fn settle(
        &self,
        delivery: i64,
        settlement: Settlement,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx, _| deliveries::settle(tx, delivery, &settlement, now))
            .await
    }

    async fn brief(
        &self,
        incident: IncidentId,
        issues: u32,
    ) -> Result<Option<IncidentBrief>, StoreError> {
        self.read(move |tx| query::brief(tx, incident, issues))
            .await
    }

    async fn turns(&self, incident: IncidentId) -> Result<Vec<IncidentTurn>, StoreError> {
        self.read(move |tx| turns::of(tx, incident)).await
    }

    async fn acknowledge(
        &self,
        incident: IncidentId,
        word: Acknowledgement,
    ) -> Result<Acknowledging, StoreError> {
        self.amend(move |tx| turns::acknowledge(tx, incident, &word))
            .await
    }

    async fn unacknowledge(
        &self,
        incident: IncidentId,
        word: Acknowledgement,
    ) -> Result<Acknowledging, StoreError> {
        self.amend(move |tx| turns::unacknowledge(tx, incident, &word))
            .await
    }

    async fn add_silence(&self, new: NewSilence, now: Timestamp) -> Result<i64, StoreError> {
        let hush = Hush::new(new.matching.clone(), new.ends_at).map_err(|problems| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            StoreError::corrupt(problems.join("; "))
        })?;
        let id = self.amend(move |tx| silences::add(tx, &new, now)).await?;
        // From here on deciding knows of it, so what is found now and what comes are all of it. The
        // search reads every open issue, and keeps nobody from writing.
        let covered = self.look(move |tx| silences::covered(tx, &hush)).await?;
        self.amend(move |tx| silences::touch(tx, &covered)).await?;
        Ok(id)
    }

    async fn expire_silence(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.amend(move |tx| silences::expire(tx, id, now)).await
    }

    async fn silences(&self) -> Result<Vec<Silence>, StoreError> {
        self.look(silences::all).await
    }

    async fn findings(&self, filter: FindingFilter) -> Result<Vec<StoredFinding>, StoreError> {
        self.look(move |tx| query::findings(tx, &filter)).await
    }

    async fn explain(&self, id: &str) -> Result<Vec<Explained>, StoreError> {
        let id = id.to_owned();
        self.look(move |tx| explain::explain(tx, &id)).await
    }

    async fn assessed(
        &self,
        rulebook: &Rulebook,
        after: i64,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Assessment>, StoreError> {
        let rulebook = rulebook.clone();
        self.look(move |tx| preview::assessed(tx, &rulebook, after, limit, now))
            .await
    }

    async fn incidents_after(&self, after: i64, limit: u32) -> Result<Vec<Incident>, StoreError> {
        self.look(move |tx| preview::incidents_after(tx, after, limit))
            .await
    }

    async fn rejected(&self, limit: u32) -> Result<Vec<RejectedFinding>, StoreError> {
        self.look(move |tx| query::rejected(tx, limit)).await
    }

    async fn incidents(&self, filter: IncidentFilter) -> Result<Vec<StoredIncident>, StoreError> {
        self.look(move |tx| query::incidents(tx, &filter)).await
    }

    async fn tidy(&self, retention: Retention, now: Timestamp) -> Result<Tidied, StoreError> {
        let mut turn = self.round.lock().await;
        let round = *turn;
        // If this step fails, or is cut off, the round goes on behind it.
        *turn = round.next();
        let found = self.look(move |tx| tidy::find(tx, round, retention, now));
        let found = found.await?;
        let cursor = found.cursor();
        let count = match found.task {
            None => 0,
            Some(task) => {
                self.write(move |tx, memory| {
                    // Removed resources may be among those that are remembered.
                    memory.resources.forget();
                    memory.relations.forget();
                    memory.tags.forget();
                    tidy::carry_out(tx, task, now)
                })
                .await?
            }
        };
        let (next, tidied) = tidy::done(round, cursor, count);
        *turn = next;
        Ok(tidied)
    }

    async fn tallies(&self) -> Result<Tallies, StoreError> {
        let mut tallies = self.look(|tx| tallies::tallies(tx, usize::MAX)).await?;
        tallies.size.wal_bytes = self.wal_bytes();
        Ok(tallies)
    }

    async fn measure(&self, detail: Detail) -> Result<Measures, StoreError> {
        let measure = move |tx: &Transaction<'_>| {
            Ok(Measures {
                tallies: tallies::tallies(tx, detail.kinds)?,
                coverage: ledger::summary(tx, detail.scopes)?,
            })
        };
        let mut measures = self.look(measure).await?;
        measures.tallies.size.wal_bytes = self.wal_bytes();
        Ok(measures)
    }
}
