//! Scopes and the vantages that show them: the census and coverage.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{AccountId, CoverageState, Region, Scope, Sight, Timestamp, Vantage};

use super::{
    super::{CensusEntry, StoreError},
    Memory, rows, sweep,
};

/// Up to when each clock has looked.
const CLOCKS: [&str; 5] = [
    "tail_complete",
    "watch_complete",
    "late_complete",
    "reconcile_complete",
    "backfill_complete",
];

/// Numbers of scopes and vantages. There are as many as accounts times Regions, which configuration
/// bounds.
#[derive(Debug, Default)]
pub(super) struct ScopeIds {
    scopes: HashMap<Scope, i64>,
    wide: HashMap<Vantage, i64>,
}

impl ScopeIds {
    /// The number of a scope. One that discovery never named is added as stale: a finding of it was
    /// seen from elsewhere.
    pub(super) fn id(&mut self, tx: &Transaction<'_>, scope: &Scope) -> Result<i64, StoreError> {
        if let Some(id) = self.scopes.get(scope) {
            return Ok(*id);
        }
        let id = match find(tx, scope, Sight::Member)? {
            Some(id) => id,
            None => {
                let unlisted = Row {
                    sight: Sight::Member,
                    state: CoverageState::Stale,
                    since: Timestamp::UNIX_EPOCH,
                    ..Row::default()
                };
                insert(tx, scope, unlisted)?
            }
        };
        self.scopes.insert(scope.clone(), id);
        Ok(id)
    }

    /// The number of a vantage. A wide one that was never asked is added.
    pub(super) fn of(
        &mut self,
        tx: &Transaction<'_>,
        vantage: &Vantage,
    ) -> Result<i64, StoreError> {
        if !vantage.is_wide() {
            return self.id(tx, &vantage.at);
        }
        if let Some(id) = self.wide.get(vantage) {
            return Ok(*id);
        }
        let id = match find(tx, &vantage.at, vantage.sight)? {
            Some(id) => id,
            None => {
                let unasked = Row {
                    sight: vantage.sight,
                    asked: true,
                    ..Row::default()
                };
                insert(tx, &vantage.at, unasked)?
            }
        };
        self.wide.insert(vantage.clone(), id);
        Ok(id)
    }
}

/// The number of a scope or vantage that is stored.
pub(super) fn find(
    tx: &Transaction<'_>,
    at: &Scope,
    sight: Sight,
) -> Result<Option<i64>, StoreError> {
    Ok(tx
        .prepare_cached("SELECT id FROM scopes WHERE account = ?1 AND region = ?2 AND sight = ?3")?
        .query_row(
            [at.account.as_str(), at.region.as_str(), sight.as_str()],
            |row| row.get(0),
        )
        .optional()?)
}

/// What is stored of a scope or vantage when it is first named.
struct Row<'a> {
    sight: Sight,
    account_name: &'a str,
    state: CoverageState,
    error: Option<&'a str>,
    since: Timestamp,
    asked: bool,
}

impl Default for Row<'_> {
    fn default() -> Self {
        Self {
            sight: Sight::Member,
            account_name: "",
            state: CoverageState::Backfilling,
            error: None,
            since: Timestamp::UNIX_EPOCH,
            asked: false,
        }
    }
}

fn insert(tx: &Transaction<'_>, at: &Scope, row: Row<'_>) -> Result<i64, StoreError> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO scopes (account, region, sight, account_name, state, since, error, error_at,
                                 asked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CASE WHEN ?7 IS NOT NULL THEN ?6 END, ?8)",
        )?
        .insert(params![
            at.account.as_str(),
            at.region.as_str(),
            row.sight.as_str(),
            row.account_name,
            row.state.as_str(),
            rows::micros(row.since),
            row.error,
            row.asked,
        ])?)
}

/// What is stored of one scope that a census may change.
struct Listed {
    id: i64,
    account_name: String,
    state: CoverageState,
    error: Option<String>,
    backfilled: bool,
    seen_from: Option<i64>,
    asked: bool,
}

/// See [`super::super::Store::take_census`].
pub(super) fn take_census(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    census: &[CensusEntry],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut listed = listed(tx)?;
    for entry in census {
        let seen_from = entry
            .seen_from
            .as_ref()
            .map(|vantage| memory.scopes.of(tx, vantage));
        let seen_from = seen_from.transpose()?;
        match listed.remove(&entry.scope) {
            None => meet(tx, entry, seen_from, now)?,
            Some(known) => list_again(tx, &known, entry, seen_from, now)?,
        }
    }
    for left in listed.into_values() {
        change_sight(tx, &left, None, now)?;
        note_asked(tx, &left, false)?;
        if left.state != CoverageState::Stale {
            let why = "no longer in the organization or configuration; its findings are kept";
            enter(tx, left.id, CoverageState::Stale, Some(why), now)?;
        }
    }
    tx.prepare_cached("UPDATE store SET census_at = ?1")?
        .execute([rows::micros(now)])?;
    Ok(())
}

/// A scope that no census named before.
fn meet(
    tx: &Transaction<'_>,
    entry: &CensusEntry,
    seen_from: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (state, error) = match (&entry.trouble, seen_from) {
        (Some((state, error)), _) => (*state, Some(error.as_str())),
        (None, Some(_)) => (CoverageState::Ok, None),
        (None, None) => (CoverageState::Backfilling, None),
    };
    let row = Row {
        sight: Sight::Member,
        account_name: &entry.account_name,
        state,
        error,
        since: now,
        asked: may_be_asked(entry),
    };
    let id = insert(tx, &entry.scope, row)?;
    if let Some(vantage) = seen_from {
        come_into_sight(tx, id, vantage, now)?;
    }
    Ok(())
}

/// A scope that is stored, and named again.
fn list_again(
    tx: &Transaction<'_>,
    known: &Listed,
    entry: &CensusEntry,
    seen_from: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if known.account_name != entry.account_name {
        tx.prepare_cached("UPDATE scopes SET account_name = ?2 WHERE id = ?1")?
            .execute(params![known.id, entry.account_name])?;
    }
    change_sight(tx, known, seen_from, now)?;
    note_asked(tx, known, may_be_asked(entry))?;
    match &entry.trouble {
        Some((state, error)) if known.state == *state && known.error.as_ref() == Some(error) => {}
        Some((state, error)) => enter(tx, known.id, *state, Some(error), now)?,
        // The vantage says from now on what reading the scope is like.
        None if seen_from.is_some() => enter(tx, known.id, CoverageState::Ok, None, now)?,
        // Discovery found nothing in the way any more. A poll will tell the rest. Where it could tell
        // before, what it said stands: it may know more than discovery does.
        None if !known.asked => {
            let state = if known.backfilled {
                CoverageState::Unreachable
            } else {
                CoverageState::Backfilling
            };
            enter(tx, known.id, state, Some("back again, not read yet"), now)?;
        }
        None => {}
    }
    Ok(())
}

/// Whether asking a scope itself could tell more than its census did. A role may be there before the next one.
fn may_be_asked(entry: &CensusEntry) -> bool {
    let trouble = entry.trouble.as_ref();
    entry.seen_from.is_none() && trouble.is_none_or(|t| t.0 == CoverageState::RoleMissing)
}

fn note_asked(tx: &Transaction<'_>, known: &Listed, asked: bool) -> Result<(), StoreError> {
    if known.asked != asked {
        tx.prepare_cached("UPDATE scopes SET asked = ?2 WHERE id = ?1")?
            .execute(params![known.id, asked])?;
    }
    Ok(())
}

/// Notes from where a scope is seen now. What one vantage missed is no suspicion of the next one.
fn change_sight(
    tx: &Transaction<'_>,
    known: &Listed,
    seen_from: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if known.seen_from == seen_from {
        return Ok(());
    }
    sweep::forget_suspects(tx, known.id)?;
    // It was in sight until the last census at least, and so completely recorded until then.
    let set = CLOCKS.map(|clock| {
        let seen = format!("min(v.{clock}, census_at)");
        format!("{clock} = coalesce(max(scopes.{clock}, {seen}), scopes.{clock}, {seen})")
    });
    tx.prepare_cached(&format!(
        "UPDATE scopes SET {} FROM scopes v, store
         WHERE scopes.id = ?1 AND v.id = scopes.seen_from AND v.known
           AND scopes.seen_since <= v.reconciled_at",
        set.join(", ")
    ))?
    .execute([known.id])?;
    tx.prepare_cached("UPDATE scopes SET seen_from = NULL, seen_since = NULL WHERE id = ?1")?
        .execute([known.id])?;
    match seen_from {
        Some(vantage) => come_into_sight(tx, known.id, vantage, now),
        None => Ok(()),
    }
}

/// From now on a wide vantage shows the scope. Where the vantage is read already, this is when the
/// scope is met; otherwise that is the vantage's own first contact.
fn come_into_sight(
    tx: &Transaction<'_>,
    scope: i64,
    vantage: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE scopes SET seen_from = ?2, seen_since = ?3, met_at = coalesce(met_at,
             (SELECT ?3 FROM scopes v WHERE v.id = ?2 AND v.first_contact IS NOT NULL))
         WHERE id = ?1",
    )?
    .execute(params![scope, vantage, rows::micros(now)])?;
    Ok(())
}

fn listed(tx: &Transaction<'_>) -> Result<HashMap<Scope, Listed>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, id, account_name, state,
                CASE WHEN error_over IS NULL THEN error END, history_from, seen_from, asked
         FROM scopes WHERE sight = 'member'",
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
                seen_from: row.get(7)?,
                asked: row.get(8)?,
            },
        );
    }
    Ok(found)
}

fn origin() -> i64 {
    rows::micros(crate::domain::window::ORIGIN)
}

/// Whether a poll may say what reading a scope or vantage is like. Not once a census has ended
/// meanwhile that knows better: that the scope is not asked at all, or is seen from elsewhere. What a
/// poll found is written some time later, so this happens often.
pub(super) fn is_asked(tx: &Transaction<'_>, scope: i64) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached("SELECT asked FROM scopes WHERE id = ?1")?
        .query_row([scope], |row| row.get(0))?)
}

/// See [`super::super::Store::note_trouble`].
pub(super) fn note_trouble(
    tx: &Transaction<'_>,
    scope: i64,
    state: CoverageState,
    error: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_asked(tx, scope)? {
        enter(tx, scope, state, Some(error), now)?;
    }
    Ok(())
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
