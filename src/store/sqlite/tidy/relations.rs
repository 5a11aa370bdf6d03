//! Relations that no finding states any more.

use rusqlite::Transaction;

use super::{
    super::{super::StoreError, relations, resources, rows},
    Found, Task,
};

/// How many resources one step looks at.
const LOOK: usize = 500;
/// How many of their relations it removes.
const PER_STEP: usize = 500;
/// How many days before the last complete comparison a relation was last said, when it no longer holds:
/// a comparison takes up to a day, and says again all that active findings say.
const DAYS: i64 = 3;

/// Whether a comparison of its scope was complete that did not meet the relation `r`.
const IS_OUTDATED: &str =
    "r.said < (SELECT reconcile_complete FROM coverage WHERE coverage.id = r.scope)
                               / 86400000000 - ";

/// One direction of a relation: a resource, and another.
pub(super) type Pair = (i64, i64);

pub(super) fn find(tx: &Transaction<'_>, after: i64) -> Result<Found, StoreError> {
    let looked: Vec<i64> = tx
        .prepare_cached(
            "SELECT DISTINCT resource FROM relations WHERE resource > ?1 ORDER BY resource LIMIT ?2",
        )?
        .query_map([after, rows::size(LOOK)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let Some(last) = looked.last() else {
        return Ok(Found::nothing());
    };
    let sql = format!(
        "SELECT resource, other FROM relations AS r
         WHERE resource > ?1 AND resource <= ?2 AND {IS_OUTDATED}{DAYS} LIMIT {PER_STEP}"
    );
    let some: Vec<Pair> = tx
        .prepare_cached(&sql)?
        .query_map([after, *last], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let cursor = if some.len() == PER_STEP {
        // There may be more of these: they are looked for again once these are gone.
        after
    } else {
        *last
    };
    let all = looked.len() < LOOK && cursor == *last;
    Ok(Found {
        task: (!some.is_empty()).then_some(Task::Relations(some)),
        cursor: (!all).then_some(cursor),
    })
}

pub(super) fn remove(tx: &Transaction<'_>, some: &[Pair]) -> Result<u64, StoreError> {
    let sql = format!(
        "DELETE FROM relations AS r WHERE resource = ?1 AND other = ?2 AND {IS_OUTDATED}{DAYS}"
    );
    let mut removed = 0;
    for (one, other) in some {
        let pairs = [(one, other), (other, one)];
        let mut gone = 0;
        for (from, to) in pairs {
            gone += tx.prepare_cached(&sql)?.execute([from, to])?;
        }
        if gone == 0 {
            continue;
        }
        removed += 1;
        for resource in [*one, *other] {
            resources::remove_unused(tx, resource)?;
            relations::stir(tx, resource)?;
        }
    }
    Ok(removed)
}
