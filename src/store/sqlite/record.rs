//! Recording pages.

use std::ops::Range;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{Change, Digest, FindingKey, Severity, Sight, Standing, Timestamp};

use super::{
    super::{FindingRecord, PageOutcome, PageRecord, Reached, RejectedRecord, StoreError},
    Memory, about,
    bodies::{self, Packing},
    issues::{self, FirstWord},
    news::{News, NewsOfScopes},
    relations, rows,
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
    let mut news = NewsOfScopes::of_page(asked, page);
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
        if change != Change::Unchanged && !page.history {
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
    id: i64,
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
        relations::note(
            self.tx,
            self.memory,
            scope,
            &record.identity,
            &record.related,
            self.now,
        )?;
        // Nearly all of a scope's history is new: it is looked up only where it turns out not to be.
        let name = Name::of(scope, &record.finding.key);
        if self.page.history && self.try_insert(&name, name.key_at(0), record)? {
            return Ok(Change::Appeared);
        }
        let (key, stored) = self.look_up(&name)?;
        let version = rows::version(record.finding.updated_at);
        let Some(stored) = stored else {
            if !self.try_insert(&name, key, record)? {
                return Err(StoreError::corrupt("a finding's key is free and taken"));
            }
            return Ok(Change::Appeared);
        };
        self.meet(stored.id)?;
        self.note_shown(key)?;
        if version < stored.updated_at && stored.standing != Standing::Gone {
            return Ok(Change::Unchanged);
        }
        if record.content == stored.content && stored.standing != Standing::Gone {
            if version == stored.updated_at {
                return Ok(Change::Unchanged);
            }
            self.refresh(stored.id, version, record)?;
            return Ok(Change::Refreshed);
        }
        self.replace(scope, &stored, record)
    }

    /// The finding's key, and what is stored under it.
    fn look_up(&self, name: &Name) -> Result<(i64, Option<Stored>), StoreError> {
        for probe in 0..MAX_PROBES {
            let key = name.key_at(probe);
            let found = self
                .tx
                .prepare_cached(
                    "SELECT verify, updated_at, content, standing, severity, issue, body, id
                     FROM findings WHERE key = ?1",
                )?
                .query_row([key], |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, i64>(1)?,
                        row.get::<_, [u8; 16]>(2)?,
                        (row.get::<_, u8>(3)?, row.get::<_, u8>(4)?),
                        (
                            row.get::<_, i64>(5)?,
                            row.get::<_, i64>(6)?,
                            row.get::<_, i64>(7)?,
                        ),
                    ))
                })
                .optional()?;
            let Some((found, updated_at, content, (standing, severity), (issue, body, id))) = found
            else {
                return Ok((key, None));
            };
            if found == name.verify {
                let stored = Stored {
                    id,
                    updated_at,
                    content: rows::digest(content),
                    standing: rows::standing(standing)?,
                    severity: rows::severity(severity)?,
                    issue,
                    body,
                };
                return Ok((key, Some(stored)));
            }
        }
        Err(StoreError::corrupt(format!(
            "more than {MAX_PROBES} findings of scope {} share a key",
            name.scope
        )))
    }

    /// Writes a finding that is not stored yet. Returns whether its key was free.
    fn try_insert(
        &mut self,
        name: &Name,
        key: i64,
        record: &FindingRecord,
    ) -> Result<bool, StoreError> {
        let place = self.pack(record);
        let row = self.row(&place, record)?;
        let issue = issues::row_of(self.tx, self.memory, &record.identity, row.first_word())?;
        let news = self.news.of(self.tx, name.scope)?;
        let is_news =
            news.is_appearance(since(record)) && !issues::is_known(self.tx, issue, row.severity)?;
        let written = self
            .tx
            .prepare_cached(
                "INSERT INTO findings (key, severity, standing, updated_at, since, title, product,
                                       compliance, workflow, content, body, start, length, issue,
                                       verify, id_hash, recorded_at, swept, traits, types)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                         ?18, ?19, ?20)
                 ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![
                key,
                row.severity,
                row.standing,
                row.updated_at,
                row.since,
                row.title,
                row.product,
                row.compliance,
                row.workflow,
                row.content,
                row.body,
                row.start,
                row.length,
                issue.id,
                name.verify,
                id_hash(&record.finding.key.id),
                rows::micros(self.now),
                self.page.sweep.map(rows::micros),
                row.traits,
                row.types,
            ])?;
        if written == 0 {
            self.packing.take_back(place);
            issues::take_back(self.tx, issue)?;
            return Ok(false);
        }
        self.tallies.add(
            name.scope,
            record.finding.severity,
            record.finding.standing(),
        );
        self.note_shown(key)?;
        touch(self.tx, issue.id, is_news)?;
        self.note_tags(record)?;
        Ok(true)
    }

    fn replace(
        &mut self,
        scope: i64,
        stored: &Stored,
        record: &FindingRecord,
    ) -> Result<Change, StoreError> {
        let change = Change::between(stored.standing, record.finding.standing());
        self.packing.release(self.tx, stored.body)?;
        let place = self.pack(record);
        let row = self.row(&place, record)?;
        let issue = issues::row_of(self.tx, self.memory, &record.identity, row.first_word())?.id;
        self.tx
            .prepare_cached(
                "UPDATE findings SET severity = ?2, standing = ?3, updated_at = ?4, since = ?5,
                     title = ?6, product = ?7, compliance = ?8, workflow = ?9, content = ?10,
                     body = ?11, start = ?12, length = ?13, issue = ?14, traits = ?15, types = ?16,
                     stamps = NULL, gone = NULL
                 WHERE id = ?1",
            )?
            .execute(params![
                stored.id,
                row.severity,
                row.standing,
                row.updated_at,
                row.since,
                row.title,
                row.product,
                row.compliance,
                row.workflow,
                row.content,
                row.body,
                row.start,
                row.length,
                issue,
                row.traits,
                row.types,
            ])?;
        self.note_tags(record)?;
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

    /// Packs a finding's raw text, and says where.
    fn pack(&mut self, record: &FindingRecord) -> Range<usize> {
        let raw = self.page.body.get(record.raw.clone()).unwrap_or_default();
        self.packing.add(raw)
    }

    /// The columns that change with every version of a finding.
    fn row<'r>(
        &mut self,
        place: &Range<usize>,
        record: &'r FindingRecord,
    ) -> Result<VersionRow<'r>, StoreError> {
        let finding = &record.finding;
        let texts = &mut self.memory.texts;
        let compliance = match &finding.compliance {
            Some(compliance) => Some(texts.id(self.tx, compliance.as_str())?),
            None => None,
        };
        let types = match finding.types.as_slice() {
            [] => None,
            types => Some(texts.id(self.tx, &types.join(about::BETWEEN_TYPES))?),
        };
        Ok(VersionRow {
            severity: finding.severity.rank(),
            standing: finding.standing().code(),
            updated_at: rows::version(finding.updated_at),
            since: rows::micros(since(record)),
            title: texts.id(self.tx, &finding.title)?,
            product: texts.id(self.tx, &finding.product)?,
            compliance,
            workflow: texts.id(self.tx, finding.workflow.as_str())?,
            content: record.content.as_bytes(),
            body: self.packing.id(),
            start: rows::size(place.start),
            length: rows::size(place.len()),
            traits: finding.traits.code(),
            types,
        })
    }

    fn note_tags(&mut self, record: &FindingRecord) -> Result<(), StoreError> {
        if record.tags.is_empty() {
            return Ok(());
        }
        let resource = issues::resource_of(self.tx, self.memory, &record.identity)?;
        let updated_at = record.finding.updated_at;
        let said = &mut self.memory.tags;
        about::note_tags(self.tx, said, resource, &record.tags, updated_at)
    }

    /// A sweep met the finding, so that it is not missed at the end.
    fn meet(&self, id: i64) -> Result<(), StoreError> {
        if let Some(sweep) = self.page.sweep {
            self.tx
                .prepare_cached("UPDATE findings SET swept = ?2 WHERE id = ?1")?
                .execute(params![id, rows::micros(sweep)])?;
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

    fn refresh(&mut self, id: i64, version: i64, record: &FindingRecord) -> Result<(), StoreError> {
        self.tx
            .prepare_cached("UPDATE findings SET updated_at = ?2, stamps = ?3 WHERE id = ?1")?
            .execute(params![id, version, record.stamps])?;
        Ok(())
    }
}

/// The columns that change with every version of a finding.
struct VersionRow<'a> {
    severity: u8,
    standing: u8,
    updated_at: i64,
    since: i64,
    title: i64,
    product: i64,
    compliance: Option<i64>,
    workflow: i64,
    content: &'a [u8; 16],
    body: i64,
    start: i64,
    length: i64,
    traits: u8,
    types: Option<i64>,
}

impl VersionRow<'_> {
    fn first_word(&self) -> FirstWord {
        FirstWord {
            title: self.title,
            severity: self.severity,
            since: self.since,
        }
    }
}

/// What a finding is found by.
struct Name {
    scope: i64,
    digest: u64,
    /// Tells it from another finding under the same key.
    verify: i64,
}

impl Name {
    fn of(scope: i64, key: &FindingKey) -> Self {
        let (digest, rest) = key.digest_in_scope().halves();
        Self {
            scope,
            digest,
            verify: rest.cast_signed(),
        }
    }

    /// Its key when as many others as `probe` have taken those before.
    fn key_at(&self, probe: u64) -> i64 {
        let below = self.digest.wrapping_add(probe) & LOW_MASK;
        (self.scope << LOW_BITS) | below.cast_signed()
    }
}

/// The keys under which a finding may be stored, in order, and what tells it from others there.
pub(super) fn places(scope: i64, key: &FindingKey) -> (impl Iterator<Item = i64>, i64) {
    let name = Name::of(scope, key);
    let verify = name.verify;
    let keys = (0..MAX_PROBES).map(move |probe| name.key_at(probe));
    (keys, verify)
}

/// A fingerprint of the provider's id alone.
pub(super) fn id_hash(id: &str) -> i64 {
    Digest::of(&[id]).halves().0.cast_signed()
}

/// Since when a finding reports its problem.
fn since(record: &FindingRecord) -> Timestamp {
    let finding = &record.finding;
    finding
        .first_observed_at
        .or(finding.created_at)
        .unwrap_or(finding.updated_at)
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
