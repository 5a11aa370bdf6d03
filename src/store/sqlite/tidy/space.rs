//! Pages that hold nothing: given back to the file system, except for a reserve.

use rusqlite::Transaction;

use super::{
    super::{super::StoreError, rows},
    Found, Task,
};

/// How many pages one step gives back.
const PER_STEP: u64 = 128;
/// Free pages that are kept whatever the size of the file: 4 MB.
const RESERVE: u64 = 1_024;
/// The part of all pages that is kept free: what is given back today is asked for tomorrow.
const RESERVED_PART: u64 = 20;
/// What `PRAGMA auto_vacuum` says of a file that can give pages back step by step.
const INCREMENTAL: u64 = 2;

pub(super) fn find(tx: &Transaction<'_>) -> Result<Found, StoreError> {
    // A file from before this was set keeps its free pages for its own use.
    if pragma(tx, "auto_vacuum")? != INCREMENTAL {
        return Ok(Found::nothing());
    }
    let reserve = RESERVE.max(pragma(tx, "page_count")? / RESERVED_PART);
    let spare = pragma(tx, "freelist_count")?.saturating_sub(reserve);
    if spare == 0 {
        return Ok(Found::nothing());
    }
    Ok(Found {
        task: Task::Pages(spare.min(PER_STEP)),
        cursor: (spare > PER_STEP).then_some(i64::MIN),
    })
}

pub(super) fn give_back(tx: &Transaction<'_>, pages: u64) -> Result<u64, StoreError> {
    let before = pragma(tx, "page_count")?;
    let mut statement = tx.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut all = statement.query([])?;
    // Every step of the statement gives back one page.
    while all.next()?.is_some() {}
    Ok(before.saturating_sub(pragma(tx, "page_count")?))
}

fn pragma(tx: &Transaction<'_>, name: &str) -> Result<u64, StoreError> {
    Ok(rows::count(
        tx.pragma_query_value(None, name, |row| row.get(0))?,
    ))
}
