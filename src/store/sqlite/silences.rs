//! Silences, and the issues that they are over.

use rusqlite::{Row, Transaction, params};

use crate::{
    correlate::{Hush, MatchSettings, Subject},
    domain::{About, IssueStatus, Silence, Timestamp},
};

use super::{
    super::{NewSilence, StoreError},
    about, issues, rows,
    texts::TextIds,
};

/// How many silences may be in force: every issue is held against each.
const MOST: i64 = 500;
/// How long those that ended are shown.
const SHOWN: jiff::SignedDuration = jiff::SignedDuration::from_hours(90 * 24);

/// The silences in force, ready to be asked.
pub(super) fn in_force(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<Hush>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT matching, ends_at FROM silences WHERE ends_at > ?1 AND starts_at <= ?1",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([rows::micros(now)])?;
    while let Some(row) = all.next()? {
        let matching: String = row.get(0)?;
        found.push(hush(&matching, rows::time(row.get(1)?)?)?);
    }
    Ok(found)
}

fn hush(matching: &str, until: Timestamp) -> Result<Hush, StoreError> {
    let corrupt = || StoreError::corrupt("a silence matches by keys of another version");
    let matching: MatchSettings = serde_json::from_str(matching).map_err(|_| corrupt())?;
    Hush::new(matching, until).map_err(|_| corrupt())
}

/// Marks issues that no silence is over any more, so that deciding tells of them.
pub(super) fn touch_ended(
    tx: &Transaction<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO touched (issue, history)
         SELECT id, coalesce(history, 1) FROM issues WHERE silenced <= ?1 LIMIT ?2
         ON CONFLICT (issue) DO NOTHING",
    )?
    .execute(params![rows::micros(now), limit])?;
    Ok(())
}

/// See [`super::super::Store::add_silence`].
pub(super) fn add(
    tx: &Transaction<'_>,
    new: &NewSilence,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let in_force: i64 = tx.query_row(
        "SELECT count(*) FROM silences WHERE ends_at > ?1",
        [rows::micros(now)],
        |row| row.get(0),
    )?;
    if in_force >= MOST {
        return Err(StoreError::Busy(format!(
            "{MOST} silences are in force already; let one expire first"
        )));
    }
    let kept = now.saturating_sub(SHOWN).unwrap_or(Timestamp::MIN);
    tx.execute(
        "DELETE FROM silences WHERE ends_at < ?1",
        [rows::micros(kept)],
    )?;
    let matching = serde_json::to_string(&new.matching)
        .map_err(|error| StoreError::corrupt(error.to_string()))?;
    tx.execute(
        "INSERT INTO silences (matching, by, reason, starts_at, ends_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![matching, new.by, new.reason, rows::micros(now), rows::micros(new.ends_at)],
    )?;
    Ok(tx.last_insert_rowid())
}

/// The open issues that a silence is over.
pub(super) fn covered(tx: &Transaction<'_>, hush: &Hush) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT issues.id, severity, {}, score, issues.resource FROM issues JOIN resources ON resources.id = issues.resource
         WHERE status = ?1",
        issues::IDENTITY
    );
    let mut texts = TextIds::default();
    let mut known = about::Known::default();
    let mut statement = tx.prepare_cached(&sql)?;
    let mut found = Vec::new();
    let mut all = statement.query([IssueStatus::Open.code()])?;
    while let Some(row) = all.next()? {
        let (id, severity) = (row.get(0)?, rows::severity(row.get(1)?)?);
        let identity = issues::identity(tx, &mut texts, row, 2)?;
        let score: Option<u8> = row.get(7)?;
        let about = if hush.asks_about() {
            known.of(tx, &mut texts, id, row.get(8)?, &identity.account)?
        } else {
            About::default()
        };
        let subject = Subject {
            identity: &identity,
            severity,
            score: score.unwrap_or(severity.least_score()),
            about: &about,
        };
        if hush.covers(subject) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Marks issues, so that deciding holds them against the silences of now.
pub(super) fn touch(tx: &Transaction<'_>, issues: &[i64]) -> Result<(), StoreError> {
    let mut touch = tx.prepare_cached(
        "INSERT INTO touched (issue, history)
         SELECT id, coalesce(history, 1) FROM issues WHERE id = ?1
         ON CONFLICT (issue) DO NOTHING",
    )?;
    for issue in issues {
        touch.execute([issue])?;
    }
    Ok(())
}

/// See [`super::super::Store::expire_silence`].
pub(super) fn expire(tx: &Transaction<'_>, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let ended = tx.execute(
        "UPDATE silences SET ends_at = ?2 WHERE id = ?1 AND ends_at > ?2",
        params![id, rows::micros(now)],
    )?;
    if ended > 0 {
        // Whatever any silence is over is held against those that are left.
        tx.execute(
            "UPDATE issues SET silenced = ?1 WHERE silenced > ?1",
            [rows::micros(now)],
        )?;
    }
    Ok(ended > 0)
}

/// See [`super::super::Store::silences`].
pub(super) fn all(tx: &Transaction<'_>) -> Result<Vec<Silence>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, matching, by, reason, starts_at, ends_at FROM silences
         ORDER BY ends_at DESC, id",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push(silence(row)?);
    }
    Ok(found)
}

fn silence(row: &Row<'_>) -> Result<Silence, StoreError> {
    Ok(Silence {
        id: row.get(0)?,
        matching: row.get(1)?,
        by: row.get(2)?,
        reason: row.get(3)?,
        starts_at: rows::time(row.get(4)?)?,
        ends_at: rows::time(row.get(5)?)?,
    })
}
