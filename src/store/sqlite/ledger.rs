//! The ledger of coverage: what is known about reading each scope, and the sum of it.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction};

use crate::domain::{
    AccountId, ClockKind, Complete, Coverage, CoverageState, Region, Scope, Timestamp, Trouble,
    Vantage,
};

use super::{
    super::{ClockSummary, CoverageSummary, StoreError},
    rows,
};

/// The columns that [`row`] reads, in its order; [`rows::PROGRESS`] follows.
const COLUMNS: &str = "account, region, account_name, state, since, tail_complete, watch_complete, \
                       late_complete, reconcile_complete, backfill_complete, error, error_at, \
                       error_over, vantage_account, vantage_region, vantage_sight";
const PROGRESS_FROM: usize = 16;

/// The lags that a summary tells: half of the scopes are less far behind than the first, and none
/// is further behind than the last.
const QUANTILES: [(&str, usize); 4] = [("0.5", 500), ("0.95", 950), ("0.99", 990), ("1", 1000)];

/// See [`super::super::Store::coverage`].
pub(super) fn coverage(tx: &Transaction<'_>) -> Result<Vec<Coverage>, StoreError> {
    listed(tx, "ORDER BY account, region", usize::MAX)
}

fn listed(tx: &Transaction<'_>, which: &str, most: usize) -> Result<Vec<Coverage>, StoreError> {
    let progress = rows::PROGRESS;
    let sql = format!("SELECT {COLUMNS}, {progress} FROM coverage {which}");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while found.len() < most
        && let Some(next) = all.next()?
    {
        found.push(row(next)?);
    }
    Ok(found)
}

fn row(row: &Row<'_>) -> Result<Coverage, StoreError> {
    let time = |n: usize| -> Result<Option<Timestamp>, StoreError> {
        row.get::<_, Option<i64>>(n)?.map(rows::time).transpose()
    };
    let (words, at): (Option<String>, _) = (row.get(10)?, time(11)?);
    let over_at = time(12)?;
    Ok(Coverage {
        scope: Scope {
            account: AccountId::new(row.get::<_, String>(0)?),
            region: Region::new(row.get::<_, String>(1)?),
        },
        account_name: row.get(2)?,
        state: rows::coverage_state(row.get_ref(3)?.as_str().unwrap_or_default())?,
        since: rows::time(row.get(4)?)?,
        complete: Complete {
            tail: time(5)?,
            watch: time(6)?,
            late: time(7)?,
            reconcile: time(8)?,
            backfill: time(9)?,
        },
        seen_from: seen_from(row)?,
        progress: rows::progress(row, PROGRESS_FROM)?,
        trouble: words
            .zip(at)
            .map(|(words, at)| Trouble { words, at, over_at }),
    })
}

fn seen_from(row: &Row<'_>) -> Result<Option<Vantage>, StoreError> {
    let Some(account) = row.get::<_, Option<String>>(13)? else {
        return Ok(None);
    };
    Ok(Some(Vantage {
        at: Scope {
            account: AccountId::new(account),
            region: Region::new(row.get::<_, String>(14)?),
        },
        sight: rows::sight(&row.get::<_, String>(15)?)?,
    }))
}

/// The sum of the ledger, and no more than `most` of its rows: those that cannot be read first, then
/// in the order in which scopes were met, so that a later look tells of the same ones.
pub(super) fn summary(tx: &Transaction<'_>, most: usize) -> Result<CoverageSummary, StoreError> {
    let readable: Vec<_> = CoverageState::ALL
        .into_iter()
        .filter(|s| s.is_readable())
        .collect();
    let words: Vec<_> = readable
        .iter()
        .map(|s| format!("'{}'", s.as_str()))
        .collect();
    let words = words.join(", ");
    let mut scopes = listed(
        tx,
        &format!("WHERE state NOT IN ({words}) ORDER BY id"),
        most,
    )?;
    let room = most - scopes.len();
    scopes.extend(listed(
        tx,
        &format!("WHERE state IN ({words}) ORDER BY id"),
        room,
    )?);
    let mut sums = Sums::default();
    sums.read(tx)?;
    Ok(CoverageSummary {
        scopes,
        by_state: sums.by_state,
        clocks: sums
            .clocks
            .into_iter()
            .map(|(clock, times)| (clock, clocked(times)))
            .collect(),
    })
}

/// What one pass over the ledger gathers: a few bytes for each scope.
#[derive(Default)]
struct Sums {
    by_state: BTreeMap<CoverageState, u64>,
    clocks: BTreeMap<ClockKind, Times>,
}

#[derive(Default)]
struct Times {
    never: u64,
    complete: Vec<i64>,
}

impl Sums {
    fn read(&mut self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let mut statement = tx.prepare_cached(
            "SELECT state, tail_complete, watch_complete, late_complete, reconcile_complete,
                    backfill_complete
             FROM coverage",
        )?;
        let mut all = statement.query([])?;
        while let Some(row) = all.next()? {
            let state = rows::coverage_state(row.get_ref(0)?.as_str().unwrap_or_default())?;
            *self.by_state.entry(state).or_default() += 1;
            // What cannot be read says so by its state, and would hide who lags without a reason.
            if !state.is_readable() {
                continue;
            }
            for (column, clock) in (1..).zip(ClockKind::ALL) {
                let times = self.clocks.entry(clock).or_default();
                match row.get::<_, Option<i64>>(column)? {
                    Some(at) => times.complete.push(at),
                    None => times.never += 1,
                }
            }
        }
        Ok(())
    }
}

fn clocked(mut times: Times) -> ClockSummary {
    // Newest first: who lags most comes last.
    times
        .complete
        .sort_unstable_by_key(|at| std::cmp::Reverse(*at));
    let last = times.complete.len().saturating_sub(1);
    let at = |per_mille: usize| {
        times
            .complete
            .get((last * per_mille).div_ceil(1000))
            .copied()
    };
    let quantile = |(word, per_mille)| Some((word, rows::time(at(per_mille)?).ok()?));
    ClockSummary {
        never: times.never,
        complete: QUANTILES.into_iter().filter_map(quantile).collect(),
    }
}
