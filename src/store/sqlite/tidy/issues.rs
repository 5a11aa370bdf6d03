//! Issues that have nothing left: no finding, no incident, and nothing to be decided; and resources
//! that nothing is about any more.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::IssueStatus;

use super::{
    super::{super::StoreError, resources, rows, tallies},
    Found, Task,
};

/// How many issues one step looks at.
const LOOK: u32 = 2_000;
/// How many of them it removes.
const PER_STEP: usize = 500;

/// Whether an issue has nothing left.
const IS_EMPTY: &str = "NOT EXISTS (SELECT 1 FROM findings WHERE findings.issue = issues.id)
    AND NOT EXISTS (SELECT 1 FROM incident_issues WHERE incident_issues.issue = issues.id)
    AND NOT EXISTS (SELECT 1 FROM touched WHERE touched.issue = issues.id)";

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
        task: (!some.is_empty()).then_some(Task::Issues(some)),
        cursor: more.then_some(last),
    })
}

pub(super) fn remove(tx: &Transaction<'_>, some: &[i64]) -> Result<u64, StoreError> {
    let mut statuses = BTreeMap::<IssueStatus, i64>::new();
    let mut removed = 0;
    let status_of_empty =
        format!("SELECT status, resource FROM issues WHERE id = ?1 AND {IS_EMPTY}");
    for issue in some {
        let found: Option<(Option<u8>, i64)> = tx
            .prepare_cached(&status_of_empty)?
            .query_row([issue], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((status, resource)) = found else {
            continue;
        };
        tx.prepare_cached("DELETE FROM issues WHERE id = ?1")?
            .execute([issue])?;
        resources::remove_unused(tx, resource)?;
        if let Some(status) = status {
            *statuses.entry(rows::issue_status(status)?).or_default() -= 1;
        }
        removed += 1;
    }
    tallies::count_issues(tx, statuses)?;
    Ok(removed)
}
