//! What a reconcile window did not meet, and what becomes of it.

use jiff::SignedDuration;
use rusqlite::{Transaction, params};

use crate::domain::{Scope, Standing, Timestamp};

use super::{
    super::{KnownFinding, StoreError},
    bodies::Unpacking,
    query::Place,
    record::{LOW_BITS, touch},
    rows,
    tallies::TallyChanges,
    tidy,
};

/// Security Hub deletes active findings 90 days after their last update (user guide,
/// securityhub-data-retention) ...
const ACTIVE_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// ... and archived ones after 30.
const ARCHIVED_KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// The keys of a scope's findings: from the first, up to and without the second.
fn keys(scope: i64) -> (i64, i64) {
    (scope << LOW_BITS, (scope + 1) << LOW_BITS)
}

/// Suspects every finding of a scope updated from `from` and before `edge` that the sweep did not
/// meet. One that is updated meanwhile moves behind the edge, and its newer version clears it.
pub(super) fn suspect(
    tx: &Transaction<'_>,
    scope: i64,
    from: Timestamp,
    edge: Timestamp,
    sweep: Timestamp,
) -> Result<(), StoreError> {
    let (first, end) = keys(scope);
    tx.prepare_cached(
        "INSERT INTO suspects (finding, updated_at)
         SELECT key, updated_at FROM findings
         WHERE key >= ?1 AND key < ?2 AND updated_at >= ?3 AND updated_at < ?4
           AND swept IS NOT ?5 AND standing <> ?6
         ON CONFLICT (finding) DO UPDATE SET updated_at = excluded.updated_at",
    )?
    .execute(params![
        first,
        end,
        rows::version(from),
        rows::version(edge),
        rows::micros(sweep),
        Standing::Gone.code(),
    ])?;
    Ok(())
}

/// How many suspects a scope has.
pub(super) fn count(tx: &Transaction<'_>, scope: i64) -> Result<u32, StoreError> {
    let (first, end) = keys(scope);
    Ok(tx
        .prepare_cached("SELECT count(*) FROM suspects WHERE finding >= ?1 AND finding < ?2")?
        .query_row([first, end], |row| row.get(0))?)
}

/// See [`super::super::Store::suspects`].
pub(super) fn suspects(
    tx: &Transaction<'_>,
    scope: &Scope,
    limit: u32,
) -> Result<Vec<KnownFinding>, StoreError> {
    known(
        tx,
        scope,
        "SELECT key, body, start, length, stamps
         FROM suspects JOIN findings ON key = finding
         WHERE finding > ?1 AND finding < ?2 ORDER BY finding LIMIT ?3",
        None,
        limit,
    )
}

/// See [`super::super::Store::watched`].
pub(super) fn watched(
    tx: &Transaction<'_>,
    scope: &Scope,
    limit: u32,
) -> Result<Vec<KnownFinding>, StoreError> {
    let last = tx
        .prepare_cached("SELECT watched_last FROM scopes WHERE account = ?1 AND region = ?2")?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| {
            row.get(0)
        })?;
    known(
        tx,
        scope,
        "SELECT key, body, start, length, stamps FROM findings
         WHERE key > ?1 AND key < ?2 AND standing = 0 AND EXISTS (
             SELECT 1 FROM incident_issues JOIN incidents ON incidents.id = incident
             WHERE incident_issues.issue = findings.issue AND state = 'open')
         ORDER BY key LIMIT ?3",
        last,
        limit,
    )
}

fn known(
    tx: &Transaction<'_>,
    scope: &Scope,
    sql: &str,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<KnownFinding>, StoreError> {
    let id: i64 = tx
        .prepare_cached("SELECT id FROM scopes WHERE account = ?1 AND region = ?2")?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| {
            row.get(0)
        })?;
    let (first, end) = keys(id);
    let mut statement = tx.prepare_cached(sql)?;
    let mut unpacking = Unpacking::default();
    let mut found = Vec::new();
    let mut all = statement.query(params![after.unwrap_or(first - 1), end, limit])?;
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
    let kept = if standing == Standing::Archived {
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
