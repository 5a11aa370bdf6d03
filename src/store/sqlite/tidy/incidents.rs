//! Incidents that are over, and that nobody was told of.
//!
//! One that people were told of is kept for ever, with its deliveries: the mark at the far side is
//! made of its group, so a second incident of that group would take the old ticket for its own, and
//! nobody would hear of it.

use rusqlite::{Transaction, params};

use crate::domain::Timestamp;

use super::{
    super::{super::StoreError, rows},
    Found, Task,
};

/// How many incidents one step looks at.
const LOOK: u32 = 5_000;
/// How many of them it removes.
const PER_STEP: usize = 100;

/// Whether an incident may be removed.
const IS_OVER: &str = "state = 'resolved' AND changed_at <= ?2 AND NOT EXISTS (
    SELECT 1 FROM deliveries WHERE deliveries.incident = incidents.id)";

pub(super) fn find(
    tx: &Transaction<'_>,
    after: i64,
    before: Option<Timestamp>,
) -> Result<Found, StoreError> {
    let Some(before) = before else {
        return Ok(Found::nothing());
    };
    let sql = format!("SELECT id, {IS_OVER} FROM incidents WHERE id > ?1 ORDER BY id LIMIT ?3");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut looked = 0;
    let mut last = after;
    let mut some = Vec::new();
    let mut all = statement.query(params![after, rows::micros(before), LOOK])?;
    while some.len() < PER_STEP
        && let Some(row) = all.next()?
    {
        looked += 1;
        last = row.get(0)?;
        if row.get(1)? {
            some.push(last);
        }
    }
    let more = looked == LOOK || some.len() == PER_STEP;
    Ok(Found {
        task: (!some.is_empty()).then_some(Task::Incidents(some, before)),
        cursor: more.then_some(last),
    })
}

pub(super) fn remove(
    tx: &Transaction<'_>,
    some: &[i64],
    before: Timestamp,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    let is_over = format!("SELECT 1 FROM incidents WHERE id = ?1 AND {IS_OVER}");
    for incident in some {
        let over = tx
            .prepare_cached(&is_over)?
            .exists(params![incident, rows::micros(before)])?;
        if over {
            tx.prepare_cached("DELETE FROM incident_issues WHERE incident = ?1")?
                .execute([incident])?;
            tx.prepare_cached("DELETE FROM incident_turns WHERE incident = ?1")?
                .execute([incident])?;
            tx.prepare_cached("DELETE FROM incidents WHERE id = ?1")?
                .execute([incident])?;
            removed += 1;
        }
    }
    Ok(removed)
}
