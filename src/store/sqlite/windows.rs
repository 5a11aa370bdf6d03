//! How far scopes are recorded: progress, and windows that were begun.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{
    BegunWindow, CoverageState, Scope, SyncProgress, Timestamp, Window, window::WindowKind,
};

use super::{
    super::{ScopeProgress, StoreError},
    rows, scopes, sweep,
};

/// See [`super::super::Store::progress`].
pub(super) fn progress(tx: &Transaction<'_>, scope: &Scope) -> Result<ScopeProgress, StoreError> {
    let found = tx
        .prepare_cached("SELECT id, watched_at FROM scopes WHERE account = ?1 AND region = ?2")?
        .query_row([scope.account.as_str(), scope.region.as_str()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    let Some((id, watched_at)) = found else {
        return Ok(ScopeProgress {
            progress: None,
            begun: Vec::new(),
            watched_at: None,
            suspects: 0,
        });
    };
    Ok(ScopeProgress {
        progress: recorded(tx, id)?,
        begun: begun(tx, id)?,
        watched_at: watched_at.map(rows::time).transpose()?,
        suspects: sweep::count(tx, id)?,
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

/// When a scope was first met, as long as not all of its history is recorded.
pub(super) fn first_contact_of_unread(
    tx: &Transaction<'_>,
    scope: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let recorded = recorded(tx, scope)?;
    Ok(recorded
        .filter(|progress| !progress.is_backfilled())
        .map(|progress| progress.first_contact))
}

/// See [`super::super::Store::begin_window`].
pub(super) fn begin(
    tx: &Transaction<'_>,
    scope: i64,
    window: Window,
    progress: SyncProgress,
) -> Result<(), StoreError> {
    tx.prepare_cached(
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
        sweep::suspect(tx, scope, begun.from, edge, begun.window.end)?;
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
        sweep::suspect(tx, scope, begun.from, window.end, window.end)?;
        // The window asked for what claims to be updated in times to come, too. What came in since
        // it began is no such thing.
        sweep::suspect(tx, scope, now.max(window.end), Timestamp::MAX, window.end)?;
    }
    let after = before.after(window);
    let only = |kind| (window.kind == kind).then_some(window.end);
    tx.prepare_cached(
        "UPDATE scopes SET watermark = ?2, history_from = ?3, late_at = ?4, reconciled_at = ?5,
                           tail_complete = coalesce(?6, tail_complete),
                           late_complete = coalesce(?7, late_complete),
                           reconcile_complete = coalesce(?8, reconcile_complete),
                           backfill_complete = coalesce(?9, backfill_complete)
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
    tx.prepare_cached("DELETE FROM windows WHERE scope = ?1 AND kind = ?2")?
        .execute(params![scope, window.kind.as_str()])?;
    let state = if after.is_backfilled() {
        CoverageState::Ok
    } else {
        CoverageState::Backfilling
    };
    // A census that ended meanwhile knows better whether the scope is asked at all.
    if scopes::state(tx, scope)?.is_polled() {
        scopes::enter(tx, scope, state, None, now)?;
    }
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
