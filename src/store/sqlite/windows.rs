//! How far scopes are recorded: progress, and windows that were begun.

use rusqlite::{Transaction, params};

use crate::domain::{
    BegunWindow, CoverageState, SyncProgress, Timestamp, Vantage, Window, window::WindowKind,
};

use super::{
    super::{ScopeProgress, StoreError},
    rows, scopes, sweep,
};

/// See [`super::super::Store::progress`].
pub(super) fn progress(
    tx: &Transaction<'_>,
    vantage: &Vantage,
) -> Result<ScopeProgress, StoreError> {
    let Some(id) = scopes::find(tx, &vantage.at, vantage.sight)? else {
        return Ok(ScopeProgress {
            progress: None,
            begun: Vec::new(),
            watched_at: None,
            watch_goes_on: false,
            suspects: 0,
            sight_changed_at: None,
        });
    };
    let (watched_at, watch_goes_on): (Option<i64>, bool) = tx
        .prepare_cached("SELECT watched_at, watched_last IS NOT NULL FROM scopes WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sight_changed_at: Option<i64> = tx
        .prepare_cached("SELECT max(seen_since) FROM scopes WHERE seen_from = ?1")?
        .query_row([id], |row| row.get(0))?;
    Ok(ScopeProgress {
        progress: recorded(tx, id)?,
        begun: begun(tx, id)?,
        watched_at: watched_at.map(rows::time).transpose()?,
        watch_goes_on,
        suspects: sweep::count(tx, id, vantage.sight)?,
        sight_changed_at: sight_changed_at.map(rows::time).transpose()?,
    })
}

fn recorded(tx: &Transaction<'_>, scope: i64) -> Result<Option<SyncProgress>, StoreError> {
    let sql = format!("SELECT {} FROM scopes WHERE id = ?1", rows::PROGRESS);
    tx.prepare_cached(&sql)?
        .query_row([scope], |row| Ok(rows::progress(row, 0)))?
}

fn begun(tx: &Transaction<'_>, scope: i64) -> Result<Vec<BegunWindow>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT kind, start, \"end\", \"from\" FROM windows WHERE scope = ?1 ORDER BY kind",
    )?;
    let mut begun = Vec::new();
    let mut all = statement.query([scope])?;
    while let Some(row) = all.next()? {
        begun.push(BegunWindow {
            window: rows::window(&row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)?,
            from: rows::time(row.get(3)?)?,
        });
    }
    Ok(begun)
}

/// What was there before hubwatch came, of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct History {
    /// Whether some vantage has read all of it.
    pub(super) is_known: bool,
    /// When a vantage first showed the scope.
    pub(super) met_at: Option<Timestamp>,
}

/// What is known of a scope's history.
pub(super) fn history(tx: &Transaction<'_>, scope: i64) -> Result<History, StoreError> {
    let (is_known, met_at): (bool, Option<i64>) = tx
        .prepare_cached("SELECT known, met_at FROM scopes WHERE id = ?1")?
        .query_row([scope], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(History {
        is_known,
        met_at: met_at.map(rows::time).transpose()?,
    })
}

/// See [`super::super::Store::begin_window`].
pub(super) fn begin(
    tx: &Transaction<'_>,
    scope: i64,
    window: Window,
    progress: SyncProgress,
) -> Result<(), StoreError> {
    let first_contact = tx
        .prepare_cached(
            "UPDATE scopes SET first_contact = ?2, watermark = ?3, history_from = ?4, late_at = ?5,
                           reconciled_at = ?6
         WHERE id = ?1 AND first_contact IS NULL",
        )?
        .execute(params![
            scope,
            rows::micros(progress.first_contact),
            rows::micros(progress.watermark),
            rows::micros(progress.history_from),
            rows::micros(progress.late_at),
            rows::micros(progress.reconciled_at),
        ])?;
    if first_contact > 0 {
        tx.prepare_cached(
            "UPDATE scopes SET met_at = ?2 WHERE (id = ?1 OR seen_from = ?1) AND met_at IS NULL",
        )?
        .execute(params![scope, rows::micros(progress.first_contact)])?;
    }
    tx.prepare_cached(
        "INSERT INTO windows (scope, kind, start, \"end\", \"from\") VALUES (?1, ?2, ?3, ?4, ?3)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![
        scope,
        window.kind.as_str(),
        rows::micros(window.start),
        rows::micros(window.end),
    ])?;
    Ok(())
}

fn of_kind(tx: &Transaction<'_>, scope: i64, kind: WindowKind) -> Result<BegunWindow, StoreError> {
    begun(tx, scope)?
        .into_iter()
        .find(|begun| begun.window.kind == kind)
        // What is read in parts is begun first.
        .ok_or_else(|| StoreError::corrupt("a window went on that was never begun"))
}

/// Everything in a begun window before `edge` is recorded.
pub(super) fn advance(
    tx: &Transaction<'_>,
    scope: i64,
    kind: WindowKind,
    edge: Timestamp,
) -> Result<(), StoreError> {
    let begun = of_kind(tx, scope, kind)?;
    if kind == WindowKind::Reconcile {
        let part = (begun.from, edge);
        sweep::suspect_in_part(tx, scope, part, begun.window.end)?;
    }
    tx.prepare_cached(
        "UPDATE windows SET \"from\" = max(\"from\", ?3) WHERE scope = ?1 AND kind = ?2",
    )?
    .execute(params![scope, kind.as_str(), rows::micros(edge)])?;
    Ok(())
}

/// A window's last page is recorded: progress moves, the window is forgotten, the scope is covered.
pub(super) fn complete(
    tx: &Transaction<'_>,
    scope: i64,
    window: Window,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(before) = recorded(tx, scope)? else {
        return Err(StoreError::corrupt(
            "a window was completed before first contact",
        ));
    };
    if window.kind == WindowKind::Reconcile {
        let begun = of_kind(tx, scope, window.kind)?;
        sweep::suspect_at_end(tx, scope, begun, now)?;
    }
    let after = before.after(window);
    let only = |kind| (window.kind == kind).then_some(window.end);
    tx.prepare_cached(
        "UPDATE scopes SET watermark = ?2, history_from = ?3, late_at = ?4, reconciled_at = ?5,
             tail_complete = coalesce(max(tail_complete, ?6), ?6, tail_complete),
             late_complete = coalesce(max(late_complete, ?7), ?7, late_complete),
             reconcile_complete = coalesce(max(reconcile_complete, ?8), ?8, reconcile_complete),
             backfill_complete = coalesce(max(backfill_complete, ?9), ?9, backfill_complete)
         WHERE id = ?1",
    )?
    .execute(params![
        scope,
        rows::micros(after.watermark),
        rows::micros(after.history_from),
        rows::micros(after.late_at),
        rows::micros(after.reconciled_at),
        only(WindowKind::Tail).map(rows::micros),
        only(WindowKind::Late).map(rows::micros),
        only(WindowKind::Reconcile).map(rows::micros),
        // What a window of history ends at says nothing of how old our knowledge is.
        only(WindowKind::Backfill).map(|_| rows::micros(now)),
    ])?;
    // A tail that held nothing is written down some time later. One that was begun meanwhile stays.
    tx.prepare_cached("DELETE FROM windows WHERE scope = ?1 AND kind = ?2 AND \"end\" <= ?3")?
        .execute(params![
            scope,
            window.kind.as_str(),
            rows::micros(window.end)
        ])?;
    let is_all = matches!(window.kind, WindowKind::Backfill | WindowKind::Reconcile);
    if is_all && after.is_backfilled() {
        know_history(tx, scope, after.reconciled_at)?;
    }
    let state = if after.is_backfilled() {
        CoverageState::Ok
    } else {
        CoverageState::Backfilling
    };
    if scopes::is_asked(tx, scope)? {
        scopes::enter(tx, scope, state, None, now)?;
    }
    Ok(())
}

/// All that a vantage shows is recorded, of scopes that were in its sight all along. From now on
/// whatever appears in them is news, from whichever vantage it is seen.
fn know_history(
    tx: &Transaction<'_>,
    vantage: i64,
    compared_at: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE scopes SET known = 1 WHERE id = ?1 AND known = 0")?
        .execute([vantage])?;
    tx.prepare_cached(
        "UPDATE scopes SET known = 1 WHERE seen_from = ?1 AND seen_since <= ?2 AND known = 0",
    )?
    .execute(params![vantage, rows::micros(compared_at)])?;
    Ok(())
}

/// See [`super::super::Store::note_watched`].
pub(super) fn note_watched(
    tx: &Transaction<'_>,
    scope: i64,
    last: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    // A round is complete as of its begin: what changed behind its first turn was not seen.
    tx.prepare_cached(
        "UPDATE scopes SET
             watched_at = ?2, watched_last = ?3,
             watch_began = CASE WHEN watched_last IS NULL THEN ?2 ELSE watch_began END,
             watch_complete = CASE WHEN ?3 IS NOT NULL THEN watch_complete
                                   WHEN watched_last IS NULL THEN ?2 ELSE watch_began END
         WHERE id = ?1",
    )?
    .execute(params![scope, rows::micros(now), last])?;
    Ok(())
}
