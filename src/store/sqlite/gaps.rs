//! Gaps: what accounts show of themselves and wide vantages do not.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::domain::{AccountId, FindingKey, Region, Scope, Sight, Standing, Timestamp, Vantage};

use super::{
    super::{Gap, GapTotals, StoreError},
    record, rows, scopes,
};

/// See [`super::super::Store::gap_due`].
pub(super) fn due(
    tx: &Transaction<'_>,
    before: Timestamp,
) -> Result<Option<(Scope, Vantage)>, StoreError> {
    // Not the place that the vantage itself is asked at: it would be compared with itself.
    tx.prepare_cached(
        "SELECT s.account, s.region, v.account, v.region, v.sight
         FROM scopes s JOIN scopes v ON v.id = s.seen_from LEFT JOIN gaps ON gaps.scope = s.id
         WHERE v.known AND v.state = 'ok' AND s.seen_since <= v.reconciled_at
           AND (s.account <> v.account OR s.region <> v.region)
           AND (checked_at IS NULL OR checked_at <= ?1)
         ORDER BY checked_at, s.id LIMIT 1",
    )?
    .query_row([rows::micros(before)], |row| Ok(places(row, 0)))
    .optional()?
    .transpose()
}

/// A scope and a vantage, from five columns.
fn places(row: &Row<'_>, from: usize) -> Result<(Scope, Vantage), StoreError> {
    let scope = |n: usize| -> Result<Scope, StoreError> {
        Ok(Scope {
            account: AccountId::new(row.get::<_, String>(n)?),
            region: Region::new(row.get::<_, String>(n + 1)?),
        })
    };
    let vantage = Vantage {
        at: scope(from + 2)?,
        sight: rows::sight(&row.get::<_, String>(from + 4)?)?,
    };
    Ok((scope(from)?, vantage))
}

/// See [`super::super::Store::lacking`].
pub(super) fn lacking(
    tx: &Transaction<'_>,
    shown: Vec<(FindingKey, Timestamp)>,
) -> Result<Vec<(FindingKey, Timestamp)>, StoreError> {
    let mut found = Vec::new();
    for (key, version) in shown {
        if !has(tx, &key, version)? {
            found.push((key, version));
        }
    }
    Ok(found)
}

fn has(tx: &Transaction<'_>, key: &FindingKey, version: Timestamp) -> Result<bool, StoreError> {
    let Some(scope) = scopes::find(tx, &key.scope(), Sight::Member)? else {
        return Ok(false);
    };
    let (keys, verify) = record::places(scope, key);
    let mut statement =
        tx.prepare_cached("SELECT verify, updated_at, standing FROM findings WHERE key = ?1")?;
    for place in keys {
        let found: Option<(i64, i64, u8)> = statement
            .query_row([place], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match found {
            None => return Ok(false),
            Some((other, updated_at, standing)) if other == verify => {
                let is_gone = rows::standing(standing)? == Standing::Gone;
                return Ok(!is_gone && updated_at >= rows::version(version));
            }
            Some(_) => {}
        }
    }
    Ok(false)
}

/// See [`super::super::Store::note_gap`].
pub(super) fn note(tx: &Transaction<'_>, gap: &Gap) -> Result<GapTotals, StoreError> {
    let Some(scope) = scopes::find(tx, &gap.scope, Sight::Member)? else {
        return totals(tx);
    };
    let vantage = scopes::find(tx, &gap.vantage.at, gap.vantage.sight)?;
    tx.prepare_cached(
        "INSERT INTO gaps (scope, vantage, checked_at, compared, missing, example, words)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (scope) DO UPDATE SET vantage = ?2, checked_at = ?3, compared = ?4,
             missing = ?5, example = ?6, words = ?7",
    )?
    .execute(params![
        scope,
        vantage,
        rows::micros(gap.checked_at),
        i64::try_from(gap.compared).unwrap_or(i64::MAX),
        i64::try_from(gap.missing).unwrap_or(i64::MAX),
        gap.example,
        gap.words,
    ])?;
    totals(tx)
}

fn totals(tx: &Transaction<'_>) -> Result<GapTotals, StoreError> {
    // A scope that is seen from elsewhere now has no gap there.
    Ok(tx
        .prepare_cached(
            "SELECT count(*), coalesce(sum(missing), 0),
                    coalesce(sum(missing = 0 AND words IS NOT NULL), 0)
             FROM gaps JOIN scopes ON scopes.id = scope AND seen_from = vantage",
        )?
        .query_row([], |row| {
            Ok(GapTotals {
                compared_scopes: rows::count(row.get(0)?),
                missing: rows::count(row.get(1)?),
                failed_scopes: rows::count(row.get(2)?),
            })
        })?)
}

/// See [`super::super::Store::gaps`].
pub(super) fn all(tx: &Transaction<'_>) -> Result<Vec<Gap>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT s.account, s.region, v.account, v.region, v.sight, checked_at, compared, missing,
                example, words
         FROM gaps JOIN scopes s ON s.id = scope AND s.seen_from = vantage
         JOIN scopes v ON v.id = vantage
         ORDER BY missing DESC, s.account, s.region",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        let (scope, vantage) = places(row, 0)?;
        found.push(Gap {
            scope,
            vantage,
            checked_at: rows::time(row.get(5)?)?,
            compared: rows::count(row.get(6)?),
            missing: rows::count(row.get(7)?),
            example: row.get(8)?,
            words: row.get(9)?,
        });
    }
    Ok(found)
}
