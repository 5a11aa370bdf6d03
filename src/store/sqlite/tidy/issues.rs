//! Issues that have nothing left: no finding, no incident, and nothing to be decided.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    super::{super::StoreError, rows, tallies},
    Found, Task,
};

/// How many issues one step looks at.
const LOOK: u32 = 2_000;
/// How many of them it removes.
const PER_STEP: usize = 500;

/// Whether an issue has nothing left. One whose name was taken has the next free one: it would no
/// longer be found behind a gap.
const IS_EMPTY: &str = "NOT EXISTS (SELECT 1 FROM findings WHERE findings.issue = issues.id)
    AND NOT EXISTS (SELECT 1 FROM incident_issues WHERE incident_issues.issue = issues.id)
    AND NOT EXISTS (SELECT 1 FROM touched WHERE touched.issue = issues.id)
    AND NOT EXISTS (SELECT 1 FROM issues AS next WHERE next.name = issues.name + 1)";

pub(super) fn find(tx: &Transaction<'_>, after: i64) -> Result<Found, StoreError> {
    let sql = format!("SELECT id, {IS_EMPTY} FROM issues WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut looked = 0;
    let mut last = after;
    let mut some = Vec::new();
    let mut all = statement.query(params![after, LOOK])?;
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
        task: if some.is_empty() {
            Task::Nothing
        } else {
            Task::Issues(some)
        },
        cursor: more.then_some(last),
    })
}

pub(super) fn remove(tx: &Transaction<'_>, some: &[i64]) -> Result<u64, StoreError> {
    let mut statuses = BTreeMap::<&str, i64>::new();
    let mut removed = 0;
    let status_of_empty = format!("SELECT status FROM issues WHERE id = ?1 AND {IS_EMPTY}");
    for issue in some {
        let found: Option<Option<String>> = tx
            .prepare_cached(&status_of_empty)?
            .query_row([issue], |row| row.get(0))
            .optional()?;
        let Some(status) = found else { continue };
        tx.prepare_cached("DELETE FROM issues WHERE id = ?1")?
            .execute([issue])?;
        if let Some(status) = status {
            *statuses
                .entry(rows::issue_status(&status)?.as_str())
                .or_default() -= 1;
        }
        removed += 1;
    }
    tallies::count_issues(tx, statuses)?;
    Ok(removed)
}
