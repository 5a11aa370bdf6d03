//! Findings that have been gone for long enough.

use jiff::SignedDuration;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{Severity, Standing, Timestamp};

use super::{
    super::{super::StoreError, bodies, record::LOW_BITS, rows, tallies::TallyChanges},
    Found, Task,
};

/// How many findings one step removes. Each may empty a packed body of its own.
const PER_STEP: u32 = 200;

/// How long a finding that is needed is left alone, beside what retention says.
const POSTPONED: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn find(tx: &Transaction<'_>, before: Option<Timestamp>) -> Result<Found, StoreError> {
    let Some(before) = before else {
        return Ok(Found::nothing());
    };
    let mut statement =
        tx.prepare_cached("SELECT finding FROM gone WHERE since <= ?1 ORDER BY since LIMIT ?2")?;
    let some = statement.query_map(params![rows::micros(before), PER_STEP], |row| row.get(0))?;
    let some: Vec<i64> = some.collect::<Result<_, _>>()?;
    if some.is_empty() {
        return Ok(Found::nothing());
    }
    Ok(Found {
        task: Task::Findings(some),
        // Each leaves the list, so the next look starts at its begin again.
        cursor: Some(i64::MIN),
    })
}

/// What is stored of a finding that may be removed.
struct Old {
    issue: i64,
    severity: Severity,
    standing: Standing,
    body: i64,
}

/// Removes findings that are still gone. What an incident needs that is not over is kept for as long
/// again and a day; it was told of, or will be, with the finding's words.
pub(super) fn remove(
    tx: &Transaction<'_>,
    some: &[i64],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut tallies = TallyChanges::default();
    let mut removed = 0;
    // Later than any look of this round, even if nothing is kept at all.
    let later = now.saturating_add(POSTPONED).unwrap_or(now);
    for finding in some {
        let Some(old) = old(tx, *finding)? else {
            forget(tx, *finding)?;
            continue;
        };
        if is_needed(tx, *finding, &old)? {
            tx.prepare_cached("UPDATE gone SET since = ?2 WHERE finding = ?1")?
                .execute(params![finding, rows::micros(later)])?;
            continue;
        }
        tx.prepare_cached("DELETE FROM findings WHERE key = ?1")?
            .execute([finding])?;
        tx.prepare_cached("DELETE FROM suspects WHERE finding = ?1")?
            .execute([finding])?;
        bodies::release(tx, old.body)?;
        tallies.remove(finding >> LOW_BITS, old.severity, old.standing);
        forget(tx, *finding)?;
        removed += 1;
    }
    tallies.write(tx)?;
    Ok(removed)
}

/// The finding, if it is still gone.
fn old(tx: &Transaction<'_>, finding: i64) -> Result<Option<Old>, StoreError> {
    let found = tx
        .prepare_cached(
            "SELECT issue, severity, body FROM findings WHERE key = ?1 AND standing = ?2",
        )?
        .query_row(params![finding, Standing::Gone.code()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((issue, severity, body)) = found else {
        return Ok(None);
    };
    Ok(Some(Old {
        issue,
        severity: rows::severity(severity)?,
        standing: Standing::Gone,
        body,
    }))
}

fn is_needed(tx: &Transaction<'_>, finding: i64, old: &Old) -> Result<bool, StoreError> {
    // A finding whose key was taken has the next free one: it would no longer be found behind a gap.
    let holds_a_place = tx
        .prepare_cached("SELECT 1 FROM findings WHERE key = ?1")?
        .exists([finding + 1])?;
    let incident_needs = tx
        .prepare_cached(
            "SELECT 1 FROM incident_issues JOIN incidents ON incidents.id = incident
             WHERE incident_issues.issue = ?1
               AND (incidents.state <> 'resolved' OR EXISTS (
                   SELECT 1 FROM deliveries
                   WHERE deliveries.incident = incidents.id AND deliveries.state = 'pending'))",
        )?
        .exists([old.issue])?;
    Ok(holds_a_place || incident_needs)
}

/// Notes that a finding is gone since now.
pub(in super::super) fn note_gone(
    tx: &Transaction<'_>,
    finding: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO gone (finding, since) VALUES (?1, ?2)
         ON CONFLICT (finding) DO UPDATE SET since = excluded.since",
    )?
    .execute(params![finding, rows::micros(now)])?;
    Ok(())
}

fn forget(tx: &Transaction<'_>, finding: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM gone WHERE finding = ?1")?
        .execute([finding])?;
    Ok(())
}
