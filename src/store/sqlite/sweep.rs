//! What a reconcile window did not meet, and what becomes of it.

use jiff::SignedDuration;
use rusqlite::{Transaction, params};

use crate::domain::{BegunWindow, Sight, Standing, Timestamp, Vantage};

use super::{
    super::{KnownFinding, StoreError},
    bodies::Unpacking,
    query::Place,
    record::{LOW_BITS, touch},
    rows, scopes,
    tallies::TallyChanges,
    tidy,
};

/// Security Hub deletes active findings 90 days after their last update (user guide,
/// securityhub-data-retention) ...
const ACTIVE_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// ... and archived ones after 30.
const ARCHIVED_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
/// After this, AWS has deleted a finding of either kind, with a week for whoever cleans up.
const SURELY_EXPIRED: SignedDuration = SignedDuration::from_hours(24 * 97);

/// The keys of a scope's findings: from the first, up to and without the second.
fn keys(scope: i64) -> (i64, i64) {
    (scope << LOW_BITS, (scope + 1) << LOW_BITS)
}

/// The scopes that a vantage shows, if they were in its sight at a time and ever since.
fn in_sight(tx: &Transaction<'_>, vantage: i64, at: Timestamp) -> Result<Vec<i64>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT id FROM scopes WHERE seen_from = ?1 AND seen_since <= ?2")?;
    let found = statement.query_map(params![vantage, rows::micros(at)], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn sight(tx: &Transaction<'_>, vantage: i64) -> Result<Sight, StoreError> {
    let word: String = tx
        .prepare_cached("SELECT sight FROM scopes WHERE id = ?1")?
        .query_row([vantage], |row| row.get(0))?;
    rows::sight(&word)
}

/// A part of a reconcile window is recorded. A scope that is asked itself has its suspects at once;
/// looking for those of a wide vantage after each part would read all its findings each time.
pub(super) fn suspect_in_part(
    tx: &Transaction<'_>,
    vantage: i64,
    part: (Timestamp, Timestamp),
    sweep: Timestamp,
) -> Result<(), StoreError> {
    match sight(tx, vantage)? {
        Sight::Member => {
            let part = Swept::between(part, sweep);
            suspect(tx, vantage, part, None)
        }
        Sight::Administrator | Sight::Aggregator => Ok(()),
    }
}

/// A reconcile window is recorded to its end.
pub(super) fn suspect_at_end(
    tx: &Transaction<'_>,
    vantage: i64,
    begun: BegunWindow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let window = begun.window;
    // The window asked for what claims to be updated in times to come, too. What came in since it
    // began is no such thing.
    let swept = |from| Swept {
        and_from: Some(now.max(window.end)),
        ..Swept::between((from, window.end), window.end)
    };
    let only = match sight(tx, vantage)? {
        Sight::Member => return suspect(tx, vantage, swept(begun.from), None),
        Sight::Administrator => None,
        // It has copies, which come late, and of findings from before their Region was linked perhaps
        // never. That it lacks one that it never had says nothing, until AWS has deleted that
        // anyway.
        Sight::Aggregator => Some(Shown {
            by: vantage,
            or_before: now.saturating_sub(SURELY_EXPIRED).unwrap_or(Timestamp::MIN),
        }),
    };
    // What came into sight while the window was read may lie before the place that was read.
    for scope in in_sight(tx, vantage, window.end)? {
        suspect(tx, scope, swept(window.start), only)?;
    }
    Ok(())
}

/// Findings that a vantage has shown once, or that were last updated before a time.
#[derive(Clone, Copy)]
struct Shown {
    by: i64,
    or_before: Timestamp,
}

/// Which findings a sweep has asked for, by when they were updated.
#[derive(Clone, Copy)]
struct Swept {
    from: Timestamp,
    /// Up to and without this.
    edge: Timestamp,
    /// And those that claim to be updated at this time or later.
    and_from: Option<Timestamp>,
    /// What the sweep is known by.
    sweep: Timestamp,
}

impl Swept {
    fn between((from, edge): (Timestamp, Timestamp), sweep: Timestamp) -> Self {
        Self {
            from,
            edge,
            and_from: None,
            sweep,
        }
    }
}

/// Suspects every finding of a scope that the sweep has asked for and did not meet. One that is
/// updated meanwhile moves behind the edge, and its newer version clears it.
fn suspect(
    tx: &Transaction<'_>,
    scope: i64,
    swept: Swept,
    only: Option<Shown>,
) -> Result<(), StoreError> {
    let (first, end) = keys(scope);
    tx.prepare_cached(
        "INSERT INTO suspects (finding, updated_at)
         SELECT key, updated_at FROM findings
         WHERE key >= ?1 AND key < ?2
           AND (updated_at >= ?3 AND updated_at < ?4 OR updated_at >= ?9)
           AND swept IS NOT ?5 AND standing <> ?6
           AND (?7 IS NULL OR shown = ?7 OR updated_at < ?8)
         ON CONFLICT (finding) DO UPDATE SET updated_at = excluded.updated_at",
    )?
    .execute(params![
        first,
        end,
        rows::version(swept.from),
        rows::version(swept.edge),
        rows::micros(swept.sweep),
        Standing::Gone.code(),
        only.map(|only| only.by),
        only.map(|only| rows::version(only.or_before)),
        swept.and_from.map(rows::version),
    ])?;
    Ok(())
}

/// A scope has no suspects any more: another vantage shows it now.
pub(super) fn forget_suspects(tx: &Transaction<'_>, scope: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM suspects WHERE finding >= ?1 AND finding < ?2")?
        .execute(<[i64; 2]>::from(keys(scope)))?;
    Ok(())
}

/// How many suspects there are in sight of a vantage.
pub(super) fn count(tx: &Transaction<'_>, vantage: i64, sight: Sight) -> Result<u32, StoreError> {
    if sight != Sight::Member {
        return Ok(tx
            .prepare_cached(
                "SELECT count(*) FROM suspects JOIN scopes ON scopes.id = finding >> 40
                 WHERE seen_from = ?1",
            )?
            .query_row([vantage], |row| row.get(0))?);
    }
    let (first, end) = keys(vantage);
    Ok(tx
        .prepare_cached("SELECT count(*) FROM suspects WHERE finding >= ?1 AND finding < ?2")?
        .query_row([first, end], |row| row.get(0))?)
}

/// See [`super::super::Store::suspects`].
pub(super) fn suspects(
    tx: &Transaction<'_>,
    vantage: &Vantage,
    limit: u32,
) -> Result<Vec<KnownFinding>, StoreError> {
    let id = number(tx, vantage)?;
    if !vantage.is_wide() {
        let sql = "SELECT key, body, start, length, stamps
                   FROM suspects JOIN findings ON key = finding
                   WHERE finding >= ?1 AND finding < ?2 ORDER BY finding LIMIT ?3";
        let (first, end) = keys(id);
        return known(tx, sql, params![first, end, limit]);
    }
    let sql = "SELECT key, body, start, length, stamps
               FROM suspects JOIN findings ON key = finding
               JOIN scopes ON scopes.id = finding >> 40
               WHERE seen_from = ?1 ORDER BY finding LIMIT ?2";
    known(tx, sql, params![id, limit])
}

/// See [`super::super::Store::watched`].
pub(super) fn watched(
    tx: &Transaction<'_>,
    vantage: &Vantage,
    limit: u32,
) -> Result<Vec<KnownFinding>, StoreError> {
    let id = number(tx, vantage)?;
    let last: Option<i64> = tx
        .prepare_cached("SELECT watched_last FROM scopes WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let sql = "SELECT key, body, start, length, stamps FROM findings
               WHERE key > ?1 AND key < ?2 AND standing = 0 AND EXISTS (
                   SELECT 1 FROM incident_issues JOIN incidents ON incidents.id = incident
                   WHERE incident_issues.issue = findings.issue AND state IN ('open', 'acknowledged'))
               ORDER BY key LIMIT ?3";
    let mut found = Vec::new();
    for scope in with_open_findings(tx, vantage, id, last)? {
        let (first, end) = keys(scope);
        let after = last.unwrap_or(0).max(first - 1);
        let rest = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        if rest == 0 {
            break;
        }
        found.extend(known(tx, sql, params![after, end, rest])?);
    }
    Ok(found)
}

/// The scopes in sight of a vantage that have findings with a problem, from that of a finding on.
fn with_open_findings(
    tx: &Transaction<'_>,
    vantage: &Vantage,
    id: i64,
    from: Option<i64>,
) -> Result<Vec<i64>, StoreError> {
    if !vantage.is_wide() {
        return Ok(vec![id]);
    }
    let mut statement = tx.prepare_cached(
        "SELECT id FROM scopes
         WHERE seen_from = ?1 AND id >= ?2 AND EXISTS (
             SELECT 1 FROM finding_tallies WHERE scope = id AND standing = 0 AND count > 0)
         ORDER BY id",
    )?;
    let from = from.map_or(0, |finding| finding >> LOW_BITS);
    let found = statement.query_map([id, from], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn number(tx: &Transaction<'_>, vantage: &Vantage) -> Result<i64, StoreError> {
    scopes::find(tx, &vantage.at, vantage.sight)?
        .ok_or_else(|| StoreError::corrupt(format!("{vantage} was never met")))
}

fn known(
    tx: &Transaction<'_>,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<KnownFinding>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut unpacking = Unpacking::default();
    let mut found = Vec::new();
    let mut all = statement.query(values)?;
    while let Some(row) = all.next()? {
        found.push(KnownFinding {
            number: row.get(0)?,
            raw: Place::read(row, 1)?.raw(tx, &mut unpacking)?,
        });
    }
    Ok(found)
}

/// See [`super::super::Store::clear_suspects`].
pub(super) fn clear(
    tx: &Transaction<'_>,
    asked: &[i64],
    absent: &[i64],
    now: Timestamp,
) -> Result<u32, StoreError> {
    let mut tallies = TallyChanges::default();
    let mut gone = 0;
    for finding in absent {
        gone += u32::from(declare_gone(tx, &mut tallies, *finding, now)?);
    }
    let mut cleared = tx.prepare_cached("DELETE FROM suspects WHERE finding = ?1")?;
    for finding in asked {
        cleared.execute([finding])?;
    }
    tallies.write(tx)?;
    Ok(gone)
}

/// Declares one suspect gone, unless a newer version of it arrived meanwhile.
fn declare_gone(
    tx: &Transaction<'_>,
    tallies: &mut TallyChanges,
    finding: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT issue, severity, standing, findings.updated_at
         FROM findings JOIN suspects ON finding = key
         WHERE key = ?1 AND findings.updated_at = suspects.updated_at AND standing <> ?2",
    )?;
    let mut found = statement.query(params![finding, Standing::Gone.code()])?;
    let Some(row) = found.next()? else {
        return Ok(false);
    };
    let (issue, updated_at): (i64, i64) = (row.get(0)?, row.get(3)?);
    let (severity, standing) = (rows::severity(row.get(1)?)?, rows::standing(row.get(2)?)?);
    tx.prepare_cached("UPDATE findings SET standing = ?2, gone = ?3 WHERE key = ?1")?
        .execute(params![
            finding,
            Standing::Gone.code(),
            why_gone(standing, updated_at, now)
        ])?;
    tidy::note_gone(tx, finding, now)?;
    let scope = finding >> LOW_BITS;
    tallies.remove(scope, severity, standing);
    tallies.add(scope, severity, Standing::Gone);
    touch(tx, issue, false)?;
    Ok(true)
}

/// Whether AWS deleted a finding for its age, or somebody did for another reason.
fn why_gone(standing: Standing, updated_at: i64, now: Timestamp) -> &'static str {
    let kept = if matches!(standing, Standing::Archived | Standing::Replaced) {
        ARCHIVED_KEPT
    } else {
        ACTIVE_KEPT
    };
    let oldest = now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
    if updated_at <= rows::version(oldest) {
        "expired"
    } else {
        "deleted"
    }
}
