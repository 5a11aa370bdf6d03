//! Packed bodies with little left in them: what is left moves into a new one.
//!
//! Findings know their body and no index leads back: it would cost every finding, for the few that
//! ever move. So findings are looked through in the order they came, and only while a body is
//! worth it.

use std::collections::{BTreeSet, HashSet};

use rusqlite::{OptionalExtension, Transaction, params};

use super::{
    super::{
        super::StoreError,
        bodies::{Packing, Unpacking},
        rows,
    },
    Found, Task,
};

/// How many findings one step looks at.
const LOOK: u32 = 4_000;
/// How many bodies one step knows as sparse; the others wait.
const SPARSE: u32 = 10_000;
/// How many bodies one step unpacks.
const UNPACKED: usize = 16;
/// How many bytes one step packs, before compression.
const PACKED: usize = 512 * 1024;

/// A finding's text in a body with little left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Remnant {
    body: i64,
    start: i64,
    length: i64,
    finding: i64,
}

pub(super) fn find(tx: &Transaction<'_>, after: i64) -> Result<Found, StoreError> {
    let sparse = sparse(tx)?;
    if sparse.is_empty() {
        return Ok(Found::nothing());
    }
    let mut statement = tx.prepare_cached(
        "SELECT id, body, start, length FROM findings WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut looked = 0;
    let mut last = after;
    let mut remnants = Vec::new();
    let mut all = statement.query(params![after, LOOK])?;
    while let Some(row) = all.next()? {
        looked += 1;
        last = row.get(0)?;
        let body = row.get(1)?;
        if sparse.contains(&body) {
            remnants.push(Remnant {
                body,
                start: row.get(2)?,
                length: row.get(3)?,
                finding: last,
            });
        }
    }
    let met = remnants.len();
    let remnants = as_many_as_fit(remnants)?;
    let cursor = if remnants.len() < met {
        // The rest of this stretch is for the next step.
        Some(after)
    } else {
        (looked == LOOK).then_some(last)
    };
    Ok(Found {
        task: if remnants.is_empty() {
            Task::Nothing
        } else {
            Task::Bodies(remnants)
        },
        cursor,
    })
}

fn sparse(tx: &Transaction<'_>) -> Result<HashSet<i64>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT id FROM bodies WHERE live * 2 <= packed ORDER BY id LIMIT ?1")?;
    let ids = statement.query_map([SPARSE], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// The first remnants, body by body, that one step can move; at least one.
fn as_many_as_fit(mut remnants: Vec<Remnant>) -> Result<Vec<Remnant>, StoreError> {
    remnants.sort_unstable();
    let mut bodies = BTreeSet::new();
    let mut bytes = 0;
    let mut fitting = 0;
    for remnant in &remnants {
        bodies.insert(remnant.body);
        bytes += rows::offset(remnant.length)?;
        if fitting > 0 && (bodies.len() > UNPACKED || bytes > PACKED) {
            break;
        }
        fitting += 1;
    }
    remnants.truncate(fitting);
    Ok(remnants)
}

/// Moves remnants into one new body. One that was replaced meanwhile is left as it is.
pub(super) fn rewrite(tx: &Transaction<'_>, remnants: Vec<Remnant>) -> Result<u64, StoreError> {
    let mut packing = Packing::start(tx)?;
    let mut unpacking = Unpacking::default();
    let mut moved = 0;
    for remnant in remnants {
        let Remnant {
            body,
            start,
            length,
            finding,
        } = remnant;
        let place: Option<(i64, i64, i64)> = tx
            .prepare_cached("SELECT body, start, length FROM findings WHERE id = ?1")?
            .query_row([finding], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        if place != Some((body, start, length)) {
            continue;
        }
        let from = rows::offset(start)?;
        let raw = unpacking.raw(tx, body, from..from + rows::offset(length)?)?;
        let place = packing.add(raw.as_bytes());
        tx.prepare_cached("UPDATE findings SET body = ?2, start = ?3 WHERE id = ?1")?
            .execute(params![finding, packing.id(), rows::size(place.start)])?;
        packing.release(tx, body)?;
        moved += 1;
    }
    packing.finish(tx)?;
    Ok(moved)
}
