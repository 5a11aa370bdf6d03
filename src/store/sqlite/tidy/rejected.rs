//! Raw findings that could not be read, and that AWS no longer sends.

use rusqlite::{Transaction, params};

use crate::domain::Timestamp;

use super::{
    super::{super::StoreError, rows},
    Found, Task,
};

/// How many one step removes.
const PER_STEP: u32 = 200;

pub(super) fn find(tx: &Transaction<'_>, before: Option<Timestamp>) -> Result<Found, StoreError> {
    let Some(before) = before else {
        return Ok(Found::nothing());
    };
    let any = tx
        .prepare_cached("SELECT 1 FROM rejected WHERE last_seen <= ?1")?
        .exists([rows::micros(before)])?;
    if !any {
        return Ok(Found::nothing());
    }
    Ok(Found {
        task: Task::Rejected(before),
        cursor: Some(i64::MIN),
    })
}

pub(super) fn remove(tx: &Transaction<'_>, before: Timestamp) -> Result<u64, StoreError> {
    let removed = tx
        .prepare_cached(
            "DELETE FROM rejected WHERE id IN (
                 SELECT id FROM rejected WHERE last_seen <= ?1 ORDER BY last_seen LIMIT ?2)",
        )?
        .execute(params![rows::micros(before), PER_STEP])?;
    Ok(rows::count(rows::size(removed)))
}
