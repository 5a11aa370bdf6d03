//! Incidents that mute times of their routes keep from being told.

use rusqlite::{Transaction, params};

use crate::domain::Timestamp;

use super::{super::StoreError, rows};

/// Marks an issue of each incident whose mute time has ended, so that deciding looks at the incident
/// again: at no more than `limit` of them.
pub(super) fn touch_ended(
    tx: &Transaction<'_>,
    now: Timestamp,
    limit: u32,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO touched (issue, history)
         SELECT id, coalesce(history, 1) FROM issues WHERE id IN (
             SELECT (SELECT min(issue) FROM incident_issues WHERE incident = incidents.id)
             FROM incidents WHERE muted <= ?1 ORDER BY muted LIMIT ?2)
         ON CONFLICT (issue) DO NOTHING",
    )?
    .execute(params![rows::micros(now), limit])?;
    Ok(())
}
