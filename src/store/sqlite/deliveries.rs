//! The outbox: leases and settlements.

use rusqlite::{Connection, Transaction, params};

use crate::domain::{
    IncidentId, Timestamp,
    delivery::{Delivery, DeliveryState, Occasion, Settlement},
};

use super::{super::StoreError, rows};

/// Owes a notice to a sink, once for each occasion. Returns whether it was not owed before.
pub(super) fn owe(
    tx: &Transaction<'_>,
    incident: IncidentId,
    sink: &str,
    occasion: Occasion,
    now: Timestamp,
    due_at: Timestamp,
) -> Result<bool, StoreError> {
    let written = tx
        .prepare_cached(
            "INSERT INTO deliveries (incident, sink, occasion, state, owed_at, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (incident, sink, occasion) DO NOTHING",
        )?
        .execute(params![
            incident.0,
            sink,
            occasion.as_str(),
            DeliveryState::Pending.as_str(),
            rows::micros(now),
            rows::micros(due_at),
        ])?;
    Ok(written > 0)
}

/// Ends every lease. What was leased stays in doubt.
pub(super) fn end_leases(connection: &Connection) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE deliveries SET leased_until = NULL WHERE leased_until IS NOT NULL",
        [],
    )?;
    Ok(())
}

/// See [`super::super::Store::lease_deliveries`].
pub(super) fn lease(
    tx: &Transaction<'_>,
    sink: &str,
    limit: u32,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let mut due = tx.prepare_cached(
        "SELECT deliveries.id, incident, \"group\", occasion, attempts, in_doubt_since, earlier
         FROM deliveries JOIN incidents ON incidents.id = incident
         WHERE sink = ?1 AND deliveries.state = 'pending' AND due_at <= ?2
           AND (leased_until IS NULL OR leased_until <= ?2)
         ORDER BY due_at, deliveries.id LIMIT ?3",
    )?;
    let mut leased = Vec::new();
    let mut all = due.query(params![sink, rows::micros(now), limit])?;
    while let Some(row) = all.next()? {
        leased.push(Delivery {
            id: row.get(0)?,
            incident: IncidentId(row.get(1)?),
            group: rows::digest(row.get(2)?),
            earlier: row.get(6)?,
            sink: sink.to_owned(),
            occasion: rows::occasion(&row.get::<_, String>(3)?)?,
            attempts: row.get(4)?,
            in_doubt_since: row.get::<_, Option<i64>>(5)?.map(rows::time).transpose()?,
        });
    }
    // The intent is written before any request is made: whoever finds it unsettled looks first.
    let mut begin = tx.prepare_cached(
        "UPDATE deliveries SET leased_until = ?2, attempts = attempts + 1, in_doubt_since = ?3
         WHERE id = ?1",
    )?;
    for delivery in &leased {
        begin.execute(params![
            delivery.id,
            rows::micros(lease_until),
            rows::micros(now)
        ])?;
    }
    Ok(leased)
}

/// See [`super::super::Store::intend`].
pub(super) fn intend(
    tx: &Transaction<'_>,
    delivery: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE deliveries SET in_doubt_since = ?2 WHERE id = ?1")?
        .execute(params![delivery, rows::micros(now)])?;
    Ok(())
}

/// See [`super::super::Store::settle`].
pub(super) fn settle(
    tx: &Transaction<'_>,
    delivery: i64,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<(), StoreError> {
    match settlement {
        Settlement::Delivered(receipt) => tx
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, settled_at = ?3, reference = ?4, url = ?5,
                        reason = NULL, leased_until = NULL, in_doubt_since = NULL
                 WHERE id = ?1",
            )?
            .execute(params![
                delivery,
                DeliveryState::Delivered.as_str(),
                rows::micros(now),
                receipt.reference,
                receipt.url,
            ])?,
        Settlement::Later {
            due_at,
            reason,
            in_doubt_since,
        } => tx
            .prepare_cached(
                "UPDATE deliveries SET due_at = ?2, reason = ?3, in_doubt_since = ?4,
                        leased_until = NULL
                 WHERE id = ?1 AND state = 'pending'",
            )?
            .execute(params![
                delivery,
                rows::micros(*due_at),
                reason,
                in_doubt_since.map(rows::micros),
            ])?,
        Settlement::Dead { reason } => tx
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, settled_at = ?3, reason = ?4,
                        leased_until = NULL, in_doubt_since = NULL
                 WHERE id = ?1 AND state = 'pending'",
            )?
            .execute(params![
                delivery,
                DeliveryState::Dead.as_str(),
                rows::micros(now),
                reason,
            ])?,
    };
    Ok(())
}
