//! Scopes: the census and coverage.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{AccountId, CoverageState, Region, Scope, Timestamp};

use super::{
    super::{CensusEntry, StoreError},
    rows,
};

/// Numbers of scopes. There are as many as accounts times Regions, which configuration bounds.
#[derive(Debug, Default)]
pub(super) struct ScopeIds {
    known: HashMap<Scope, i64>,
}

impl ScopeIds {
    /// The number of a scope. One that discovery never named is added as stale: a finding of it was
    /// seen from elsewhere.
    pub(super) fn id(&mut self, tx: &Transaction<'_>, scope: &Scope) -> Result<i64, StoreError> {
        if let Some(id) = self.known.get(scope) {
            return Ok(*id);
        }
        let stored: Option<i64> = tx
            .prepare_cached("SELECT id FROM scopes WHERE account = ?1 AND region = ?2")?
            .query_row([scope.account.as_str(), scope.region.as_str()], |row| {
                row.get(0)
            })
            .optional()?;
        let id = match stored {
            Some(id) => id,
            None => insert(
                tx,
                scope,
                "",
                CoverageState::Stale,
                None,
                Timestamp::UNIX_EPOCH,
            )?,
        };
        self.known.insert(scope.clone(), id);
        Ok(id)
    }
}

fn insert(
    tx: &Transaction<'_>,
    scope: &Scope,
    account_name: &str,
    state: CoverageState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<i64, StoreError> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO scopes (account, region, account_name, state, since, error, error_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?6 IS NOT NULL THEN ?5 END)",
        )?
        .insert(params![
            scope.account.as_str(),
            scope.region.as_str(),
            account_name,
            state.as_str(),
            rows::micros(now),
            error,
        ])?)
}

/// What is stored of one scope that a census may change.
struct Listed {
    id: i64,
    account_name: String,
    state: CoverageState,
    error: Option<String>,
    backfilled: bool,
}

/// See [`super::super::Store::take_census`].
pub(super) fn take_census(
    tx: &Transaction<'_>,
    census: &[CensusEntry],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut listed = listed(tx)?;
    for entry in census {
        let trouble = entry
            .trouble
            .as_ref()
            .map(|(state, error)| (*state, error.as_str()));
        let Some(known) = listed.remove(&entry.scope) else {
            let (state, error) = match trouble {
                Some((state, error)) => (state, Some(error)),
                None => (CoverageState::Backfilling, None),
            };
            insert(tx, &entry.scope, &entry.account_name, state, error, now)?;
            continue;
        };
        if known.account_name != entry.account_name {
            tx.prepare_cached("UPDATE scopes SET account_name = ?2 WHERE id = ?1")?
                .execute(params![known.id, entry.account_name])?;
        }
        match (trouble, known.state) {
            (Some((state, error)), _) => {
                if known.state != state || known.error.as_deref() != Some(error) {
                    enter(tx, known.id, state, Some(error), now)?;
                }
            }
            // Discovery found nothing in the way any more. A poll will tell the rest.
            (
                None,
                CoverageState::Suspended | CoverageState::Stale | CoverageState::RegionDisabled,
            ) => {
                let state = if known.backfilled {
                    CoverageState::Unreachable
                } else {
                    CoverageState::Backfilling
                };
                enter(tx, known.id, state, Some("back again, not read yet"), now)?;
            }
            (None, _) => {}
        }
    }
    for left in listed.into_values() {
        if left.state != CoverageState::Stale {
            let why = "no longer in the organization or configuration; its findings are kept";
            enter(tx, left.id, CoverageState::Stale, Some(why), now)?;
        }
    }
    Ok(())
}

fn listed(tx: &Transaction<'_>) -> Result<HashMap<Scope, Listed>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, id, account_name, state,
                CASE WHEN error_over IS NULL THEN error END, history_from
         FROM scopes",
    )?;
    let mut found = HashMap::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        let scope = Scope {
            account: AccountId::new(row.get::<_, String>(0)?),
            region: Region::new(row.get::<_, String>(1)?),
        };
        let history_from: Option<i64> = row.get(6)?;
        found.insert(
            scope,
            Listed {
                id: row.get(2)?,
                account_name: row.get(3)?,
                state: rows::coverage_state(&row.get::<_, String>(4)?)?,
                error: row.get(5)?,
                backfilled: history_from.is_some_and(|at| at <= origin()),
            },
        );
    }
    Ok(found)
}

fn origin() -> i64 {
    rows::micros(crate::domain::window::ORIGIN)
}

/// The state that a scope is in.
pub(super) fn state(tx: &Transaction<'_>, scope: i64) -> Result<CoverageState, StoreError> {
    let word: String = tx
        .prepare_cached("SELECT state FROM scopes WHERE id = ?1")?
        .query_row([scope], |row| row.get(0))?;
    rows::coverage_state(&word)
}

/// Puts a scope into a state. `since` moves only when the state does. Without an error the last one
/// is over, and still known.
pub(super) fn enter(
    tx: &Transaction<'_>,
    scope: i64,
    state: CoverageState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE scopes SET since = CASE WHEN state = ?2 THEN since ELSE ?4 END, state = ?2,
                           error = coalesce(?3, error),
                           error_at = CASE WHEN ?3 IS NULL THEN error_at ELSE ?4 END,
                           error_over = CASE WHEN ?3 IS NULL THEN coalesce(error_over, ?4) END
         WHERE id = ?1",
    )?
    .execute(params![scope, state.as_str(), error, rows::micros(now)])?;
    Ok(())
}
