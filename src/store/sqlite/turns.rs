//! What happened to incidents after they were opened, and the word of people about them.

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{Acknowledgement, IncidentId, IncidentState, IncidentTurn, Turn};

use super::{
    super::{Acknowledging, StoreError},
    rows,
};

/// How many turns are kept of one incident: a check that flaps for years must not fill the store.
const KEPT: u32 = 200;

/// Writes a turn, and removes the oldest beyond those that are kept.
pub(super) fn write(
    tx: &Transaction<'_>,
    incident: IncidentId,
    turn: &IncidentTurn,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO incident_turns (incident, turn, at, severity, by, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        incident.0,
        turn.turn.as_str(),
        rows::micros(turn.at),
        turn.severity.rank(),
        turn.by,
        turn.note,
    ])?;
    tx.prepare_cached(
        "DELETE FROM incident_turns WHERE incident = ?1 AND id <= (
             SELECT id FROM incident_turns WHERE incident = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![incident.0, KEPT])?;
    Ok(())
}

/// See [`super::super::Store::turns`].
pub(super) fn of(
    tx: &Transaction<'_>,
    incident: IncidentId,
) -> Result<Vec<IncidentTurn>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT turn, at, severity, by, note FROM incident_turns WHERE incident = ?1 ORDER BY id",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([incident.0])?;
    while let Some(row) = all.next()? {
        found.push(IncidentTurn {
            turn: rows::turn(row.get_ref(0)?.as_str().unwrap_or_default())?,
            at: rows::time(row.get(1)?)?,
            severity: rows::severity(row.get(2)?)?,
            by: row.get(3)?,
            note: row.get(4)?,
        });
    }
    Ok(found)
}

/// See [`super::super::Store::acknowledge`].
pub(super) fn acknowledge(
    tx: &Transaction<'_>,
    incident: IncidentId,
    word: &Acknowledgement,
) -> Result<Acknowledging, StoreError> {
    let state = match state(tx, incident)? {
        None => return Ok(Acknowledging::Unknown),
        Some(state) if !state.is_active() => return Ok(Acknowledging::Over(state)),
        Some(state) => state,
    };
    write_word(tx, incident, IncidentState::Acknowledged, Some(word))?;
    note(tx, incident, Turn::Acknowledged, word)?;
    Ok(if state == IncidentState::Acknowledged {
        Acknowledging::Again
    } else {
        Acknowledging::Done
    })
}

/// See [`super::super::Store::unacknowledge`].
pub(super) fn unacknowledge(
    tx: &Transaction<'_>,
    incident: IncidentId,
    word: &Acknowledgement,
) -> Result<Acknowledging, StoreError> {
    match state(tx, incident)? {
        None => Ok(Acknowledging::Unknown),
        Some(IncidentState::Acknowledged) => {
            write_word(tx, incident, IncidentState::Open, None)?;
            note(tx, incident, Turn::Unacknowledged, word)?;
            Ok(Acknowledging::Done)
        }
        Some(IncidentState::Open) => Ok(Acknowledging::Again),
        Some(state) => Ok(Acknowledging::Over(state)),
    }
}

fn state(tx: &Transaction<'_>, incident: IncidentId) -> Result<Option<IncidentState>, StoreError> {
    let word: Option<String> = tx
        .prepare_cached("SELECT state FROM incidents WHERE id = ?1")?
        .query_row([incident.0], |row| row.get(0))
        .optional()?;
    word.map(|word| rows::incident_state(&word)).transpose()
}

fn write_word(
    tx: &Transaction<'_>,
    incident: IncidentId,
    state: IncidentState,
    word: Option<&Acknowledgement>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE incidents SET state = ?2, ack_by = ?3, ack_at = ?4, ack_note = ?5 WHERE id = ?1",
    )?
    .execute(params![
        incident.0,
        state.as_str(),
        word.map(|word| &word.by),
        word.map(|word| rows::micros(word.at)),
        word.and_then(|word| word.note.as_ref()),
    ])?;
    Ok(())
}

fn note(
    tx: &Transaction<'_>,
    incident: IncidentId,
    turn: Turn,
    word: &Acknowledgement,
) -> Result<(), StoreError> {
    let severity = tx
        .prepare_cached("SELECT severity FROM incidents WHERE id = ?1")?
        .query_row([incident.0], |row| row.get(0))?;
    let turn = IncidentTurn {
        turn,
        at: word.at,
        severity: rows::severity(severity)?,
        by: Some(word.by.clone()),
        note: word.note.clone(),
    };
    write(tx, incident, &turn)
}
