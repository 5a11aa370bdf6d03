//! Recording pages.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{Change, Digest, IssueIdentity, Severity, Sight, Standing, Timestamp};

use super::{
    super::{FindingRecord, PageOutcome, PageRecord, Reached, RejectedRecord, StoreError},
    Memory,
    bodies::{self, Packing},
    rows,
    tallies::TallyChanges,
    windows,
};

/// Bits of a finding's key below its scope.
pub(super) const LOW_BITS: u32 = 40;
const LOW_MASK: u64 = (1 << LOW_BITS) - 1;
/// How many findings of one scope may share 40 bits. A million findings in one scope make one
/// collision of two, so eight is never reached by chance.
const MAX_PROBES: u64 = 8;
/// How exactly it is known when a rejected finding was last seen.
const SEEN_EVERY_MICROS: i64 = 60 * 60 * 1_000_000;

/// See [`super::super::Store::record`].
pub(super) fn record(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    pages: &[PageRecord],
    now: Timestamp,
) -> Result<Vec<PageOutcome>, StoreError> {
    let mut tallies = TallyChanges::default();
    let mut outcomes = Vec::with_capacity(pages.len());
    for page in pages {
        outcomes.push(record_page(tx, memory, &mut tallies, page, now)?);
    }
    tallies.write(tx)?;
    Ok(outcomes)
}

fn record_page(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    tallies: &mut TallyChanges,
    page: &PageRecord,
    now: Timestamp,
) -> Result<PageOutcome, StoreError> {
    let mut outcome = PageOutcome::default();
    let mut packing = Packing::start(tx)?;
    let asked = memory.scopes.of(tx, &page.vantage)?;
    let mut news = NewsOfScopes::of_page(asked, page.history);
    for record in page.findings.iter() {
        let mut recorder = Recorder {
            tx,
            memory,
            tallies,
            packing: &mut packing,
            page,
            asked,
            news: &mut news,
            now,
        };
        let change = recorder.finding(record)?;
        *outcome.changes.entry(change).or_default() += 1;
        if change != Change::Unchanged {
            outcome.versions.push(record.finding.updated_at);
        }
    }
    packing.finish(tx)?;
    for rejected in &page.rejected {
        outcome.rejected += u32::from(reject(tx, asked, page, rejected, now)?);
    }
    match page.reached {
        Reached::Nothing => {}
        Reached::UpTo(kind, edge) => windows::advance(tx, asked, kind, edge)?,
        Reached::End(window) => windows::complete(tx, asked, window, now)?,
    }
    Ok(outcome)
}

/// What is stored of a finding.
struct Stored {
    updated_at: i64,
    content: Digest,
    standing: Standing,
    severity: Severity,
    issue: i64,
    body: i64,
}

struct Recorder<'a, 'tx> {
    tx: &'a Transaction<'tx>,
    memory: &'a mut Memory,
    tallies: &'a mut TallyChanges,
    packing: &'a mut Packing,
    page: &'a PageRecord,
    asked: i64,
    news: &'a mut NewsOfScopes,
    now: Timestamp,
}

impl Recorder<'_, '_> {
    /// Records one finding, and says what became of it. The newest version wins, by parsed instant;
    /// among equals what came last, because a customer's change does not move `UpdatedAt`.
    fn finding(&mut self, record: &FindingRecord) -> Result<Change, StoreError> {
        let scope = self
            .memory
            .scopes
            .id(self.tx, &record.finding.key.scope())?;
        let (key, verify, stored) = self.look_up(scope, record)?;
        let version = rows::version(record.finding.updated_at);
        let Some(stored) = stored else {
            let change = self.insert(scope, key, verify, record)?;
            self.note_shown(key)?;
            return Ok(change);
        };
        self.meet(key)?;
        self.note_shown(key)?;
        if version < stored.updated_at && stored.standing != Standing::Gone {
            return Ok(Change::Unchanged);
        }
        if record.content == stored.content && stored.standing != Standing::Gone {
            if version == stored.updated_at {
                return Ok(Change::Unchanged);
            }
            self.refresh(key, version, record)?;
            return Ok(Change::Refreshed);
        }
        self.replace(scope, (key, verify), &stored, record)
    }

    /// The finding's key, and what is stored under it.
    fn look_up(
        &self,
        scope: i64,
        record: &FindingRecord,
    ) -> Result<(i64, i64, Option<Stored>), StoreError> {
        let (high, low) = record.finding.key.digest_in_scope().halves();
        let verify = low.cast_signed();
        for probe in 0..MAX_PROBES {
            let below = (high.wrapping_add(probe)) & LOW_MASK;
            let key = (scope << LOW_BITS) | below.cast_signed();
            let found = self
                .tx
                .prepare_cached(
                    "SELECT verify, updated_at, content, standing, severity, issue, body
                     FROM findings WHERE key = ?1",
                )?
                .query_row([key], |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, i64>(1)?,
                        row.get::<_, [u8; 16]>(2)?,
                        (row.get::<_, u8>(3)?, row.get::<_, u8>(4)?),
                        (row.get::<_, i64>(5)?, row.get::<_, i64>(6)?),
                    ))
                })
                .optional()?;
            let Some((found, updated_at, content, (standing, severity), (issue, body))) = found
            else {
                return Ok((key, verify, None));
            };
            if found == verify {
                let stored = Stored {
                    updated_at,
                    content: rows::digest(content),
                    standing: rows::standing(standing)?,
                    severity: rows::severity(severity)?,
                    issue,
                    body,
                };
                return Ok((key, verify, Some(stored)));
            }
        }
        Err(StoreError::corrupt(format!(
            "more than {MAX_PROBES} findings of scope {scope} share a key"
        )))
    }

    fn insert(
        &mut self,
        scope: i64,
        key: i64,
        verify: i64,
        record: &FindingRecord,
    ) -> Result<Change, StoreError> {
        let issue = issue_id(self.tx, self.memory, &record.identity)?;
        self.write(key, verify, issue, record)?;
        self.tallies
            .add(scope, record.finding.severity, record.finding.standing());
        let is_news = self.news.of(self.tx, scope)?.is_appearance(since(record));
        touch(self.tx, issue, is_news)?;
        Ok(Change::Appeared)
    }

    fn replace(
        &mut self,
        scope: i64,
        (key, verify): (i64, i64),
        stored: &Stored,
        record: &FindingRecord,
    ) -> Result<Change, StoreError> {
        let change = Change::between(stored.standing, record.finding.standing());
        let issue = issue_id(self.tx, self.memory, &record.identity)?;
        self.packing.release(self.tx, stored.body)?;
        self.write(key, verify, issue, record)?;
        self.tallies.remove(scope, stored.severity, stored.standing);
        self.tallies
            .add(scope, record.finding.severity, record.finding.standing());
        let is_news = change == Change::Reopened && self.news.of(self.tx, scope)? != News::No;
        touch(self.tx, issue, is_news)?;
        if issue != stored.issue {
            touch(self.tx, stored.issue, false)?;
        }
        Ok(change)
    }

    /// Writes a finding's row, and packs its raw text.
    fn write(
        &mut self,
        key: i64,
        verify: i64,
        issue: i64,
        record: &FindingRecord,
    ) -> Result<(), StoreError> {
        let finding = &record.finding;
        let raw = self.page.body.get(record.raw.clone()).unwrap_or_default();
        let place = self.packing.add(raw);
        let texts = &mut self.memory.texts;
        let compliance = match &finding.compliance {
            Some(compliance) => Some(texts.id(self.tx, compliance.as_str())?),
            None => None,
        };
        self.tx
            .prepare_cached(
                "INSERT INTO findings (key, verify, id_hash, recorded_at, issue, severity, standing,
                                       updated_at, since, title, product, compliance, workflow,
                                       content, body, start, length, swept)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                         ?18)
                 ON CONFLICT (key) DO UPDATE SET
                     issue = ?5, severity = ?6, standing = ?7, updated_at = ?8, since = ?9,
                     title = ?10, product = ?11, compliance = ?12, workflow = ?13, content = ?14,
                     body = ?15, start = ?16, length = ?17, stamps = NULL, gone = NULL",
            )?
            .execute(params![
                key,
                verify,
                id_hash(&finding.key.id),
                rows::micros(self.now),
                issue,
                finding.severity.rank(),
                finding.standing().code(),
                rows::version(finding.updated_at),
                rows::micros(since(record)),
                texts.id(self.tx, &finding.title)?,
                texts.id(self.tx, &finding.product)?,
                compliance,
                texts.id(self.tx, finding.workflow.as_str())?,
                record.content.as_bytes(),
                self.packing.id(),
                rows::size(place.start),
                rows::size(place.len()),
                self.page.sweep.map(rows::micros),
            ])?;
        Ok(())
    }

    /// A sweep met the finding, so that it is not missed at the end.
    fn meet(&self, key: i64) -> Result<(), StoreError> {
        if let Some(sweep) = self.page.sweep {
            self.tx
                .prepare_cached("UPDATE findings SET swept = ?2 WHERE key = ?1")?
                .execute(params![key, rows::micros(sweep)])?;
        }
        Ok(())
    }

    /// An aggregator has copies of what it shows, and may lack some: what it has shown once is what it
    /// can be trusted about.
    fn note_shown(&self, key: i64) -> Result<(), StoreError> {
        if self.page.vantage.sight == Sight::Aggregator {
            self.tx
                .prepare_cached(
                    "UPDATE findings SET shown = ?2 WHERE key = ?1 AND shown IS NOT ?2",
                )?
                .execute([key, self.asked])?;
        }
        Ok(())
    }

    fn refresh(
        &mut self,
        key: i64,
        version: i64,
        record: &FindingRecord,
    ) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE findings SET updated_at = ?2, stamps = ?3 WHERE key = ?1")?
            .execute(params![key, version, record.stamps])?;
        Ok(())
    }
}

/// A fingerprint of the provider's id alone.
pub(super) fn id_hash(id: &str) -> i64 {
    Digest::of(&[id]).halves().0.cast_signed()
}

/// The number of an issue, which is stored if it was not.
fn issue_id(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    identity: &IssueIdentity,
) -> Result<i64, StoreError> {
    let key = identity.key();
    let stored: Option<i64> = tx
        .prepare_cached("SELECT id FROM issues WHERE key = ?1")?
        .query_row([key.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(id) = stored {
        return Ok(id);
    }
    let problem = memory.texts.id(tx, &identity.problem)?;
    Ok(tx
        .prepare_cached(
            "INSERT INTO issues (key, account, region, resource_kind, resource, problem)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![
            key.as_bytes(),
            identity.account.as_str(),
            identity.region.as_ref().map(crate::domain::Region::as_str),
            identity.resource_kind,
            identity.resource,
            problem,
        ])?)
}

/// Since when a finding reports its problem.
fn since(record: &FindingRecord) -> Timestamp {
    let finding = &record.finding;
    finding
        .first_observed_at
        .or(finding.created_at)
        .unwrap_or(finding.updated_at)
}

/// What of a page can be news. What a scope held before hubwatch came is history; only a problem
/// that appears or comes back afterwards is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// Nothing: it is history that is read.
    No,
    /// Problems since this time, when the scope was first met. Its history is not all recorded yet,
    /// and an old finding that its provider has just written anew comes with the tail.
    Since(Timestamp),
    /// Whatever appears.
    All,
}

impl News {
    /// What of a scope can be news in a page of a vantage, which reads history or does not. Once
    /// history is known, it does not become history again when another vantage reads it.
    fn of(
        tx: &Transaction<'_>,
        scope: i64,
        asked: i64,
        reads_history: bool,
    ) -> Result<Self, StoreError> {
        let history = windows::history(tx, scope)?;
        if history.is_known {
            return Ok(Self::All);
        }
        if reads_history {
            return Ok(Self::No);
        }
        // A scope that nobody named was met when the vantage was that shows it.
        let met_at = match history.met_at {
            Some(at) => Some(at),
            None => windows::history(tx, asked)?.met_at,
        };
        Ok(met_at.map_or(Self::All, Self::Since))
    }

    fn is_appearance(self, since: Timestamp) -> bool {
        match self {
            Self::No => false,
            Self::Since(first_contact) => since >= first_contact,
            Self::All => true,
        }
    }
}

/// What can be news in one page, by scope. Nearly always it is the same scope again.
struct NewsOfScopes {
    asked: i64,
    reads_history: bool,
    last: Option<(i64, News)>,
}

impl NewsOfScopes {
    fn of_page(asked: i64, reads_history: bool) -> Self {
        Self {
            asked,
            reads_history,
            last: None,
        }
    }

    fn of(&mut self, tx: &Transaction<'_>, scope: i64) -> Result<News, StoreError> {
        if let Some((of, news)) = self.last
            && of == scope
        {
            return Ok(news);
        }
        let news = News::of(tx, scope, self.asked, self.reads_history)?;
        self.last = Some((scope, news));
        Ok(news)
    }
}

/// Marks an issue, so that deciding looks at it.
pub(super) fn touch(tx: &Transaction<'_>, issue: i64, news: bool) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO touched (issue, history) VALUES (?1, ?2)
         ON CONFLICT (issue) DO UPDATE SET history = min(history, excluded.history)",
    )?
    .execute(params![issue, !news])?;
    Ok(())
}

/// Keeps what could not be read. Returns whether it was not known before.
fn reject(
    tx: &Transaction<'_>,
    scope: i64,
    page: &PageRecord,
    rejected: &RejectedRecord,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let raw = page.body.get(rejected.raw.clone()).unwrap_or_default();
    let content = Digest::of_pieces([raw]);
    let known: Option<i64> = tx
        .prepare_cached("SELECT last_seen FROM rejected WHERE content = ?1")?
        .query_row([content.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(last_seen) = known {
        // Windows overlap, so that the same one comes every minute.
        if rows::micros(now) - last_seen > SEEN_EVERY_MICROS {
            tx.prepare_cached("UPDATE rejected SET last_seen = ?2 WHERE content = ?1")?
                .execute(params![content.as_bytes(), rows::micros(now)])?;
        }
        return Ok(false);
    }
    tx.prepare_cached(
        "INSERT INTO rejected (scope, content, reason, detail, finding_id, raw, size, first_seen,
                                   last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
    )?
    .execute(params![
        scope,
        content.as_bytes(),
        rejected.reason,
        rejected.detail,
        rejected.id,
        bodies::compress(raw)?,
        rows::size(raw.len()),
        rows::micros(now),
    ])?;
    Ok(true)
}
