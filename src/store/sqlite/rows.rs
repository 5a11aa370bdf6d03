//! Our types as columns, and back.

use rusqlite::Row;

use crate::domain::{
    AccountId, Acknowledgement, CoverageState, Digest, Incident, IncidentId, IncidentState,
    IssueStatus, Region, Score, Severity, Sight, Standing, SyncProgress, Timestamp, Turn, Window,
    delivery::DeliveryState, delivery::Occasion, window::WindowKind,
};

use super::super::StoreError;

/// A time as its column.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A time from its column.
pub(super) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::corrupt(format!("{micros} is no time")))
}

/// The order of a finding's versions, to the nanosecond. Times outside 1677 to 2262 are clamped.
pub(super) fn version(updated_at: Timestamp) -> i64 {
    let nanos = updated_at.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// The day of a time, since 1970.
pub(super) fn day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(24 * 60 * 60)
}

/// A count as its column or from it; never negative.
pub(super) fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// A length or offset as its column.
pub(super) fn size(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// An offset from its column.
pub(super) fn offset(n: i64) -> Result<usize, StoreError> {
    usize::try_from(n).map_err(|_| StoreError::corrupt(format!("{n} is no offset")))
}

pub(super) fn severity(rank: u8) -> Result<Severity, StoreError> {
    Severity::from_rank(rank).ok_or_else(|| StoreError::corrupt(format!("{rank} is no severity")))
}

/// A score from the column of its reasons, which is empty where no rule fired.
pub(super) fn score(reasons: Option<&str>, severity: Severity) -> Result<Score, StoreError> {
    let Some(reasons) = reasons else {
        return Ok(Score::of(severity));
    };
    serde_json::from_str(reasons).map_err(|error| StoreError::corrupt(format!("a score: {error}")))
}

pub(super) fn standing(code: u8) -> Result<Standing, StoreError> {
    Standing::from_code(code).ok_or_else(|| StoreError::corrupt(format!("{code} is no standing")))
}

pub(super) fn digest(bytes: [u8; 16]) -> Digest {
    Digest::from_bytes(bytes)
}

/// Reads a word of a closed set.
fn word<T>(read: fn(&str) -> Option<T>, text: &str, what: &str) -> Result<T, StoreError> {
    read(text).ok_or_else(|| StoreError::corrupt(format!("`{text}` is no {what}")))
}

pub(super) fn sight(text: &str) -> Result<Sight, StoreError> {
    word(Sight::from_word, text, "sight")
}

pub(super) fn coverage_state(text: &str) -> Result<CoverageState, StoreError> {
    word(CoverageState::from_word, text, "coverage state")
}

pub(super) fn issue_status(code: u8) -> Result<IssueStatus, StoreError> {
    IssueStatus::from_code(code)
        .ok_or_else(|| StoreError::corrupt(format!("{code} is no issue status")))
}

pub(super) fn delivery_state(text: &str) -> Result<DeliveryState, StoreError> {
    word(DeliveryState::from_word, text, "delivery state")
}

pub(super) fn occasion(text: &str) -> Result<Occasion, StoreError> {
    word(Occasion::from_word, text, "occasion")
}

pub(super) fn incident_state(text: &str) -> Result<IncidentState, StoreError> {
    word(IncidentState::from_word, text, "incident state")
}

pub(super) fn turn(text: &str) -> Result<Turn, StoreError> {
    word(Turn::from_word, text, "turn of an incident")
}

pub(super) fn window(kind: &str, start: i64, end: i64) -> Result<Window, StoreError> {
    let kind = word(WindowKind::from_word, kind, "window")?;
    Ok(Window {
        kind,
        start: time(start)?,
        end: time(end)?,
    })
}

/// The columns that [`incident`] reads, in its order, of [`INCIDENTS`].
pub(super) const INCIDENT: &str = "incidents.id, route, \"group\", incidents.title, \
     incidents.severity, incidents.state, \
     (SELECT text FROM texts WHERE texts.id = resources.account), \
     (SELECT text FROM texts WHERE texts.id = resources.region), \
     resources.resource, (SELECT text FROM texts WHERE texts.id = resources.kind), \
     open_issues, opened_at, changed_at, incidents.history, told, earlier, over_since, \
     ack_by, ack_at, ack_note, muted, incidents.score";

/// Incidents with the resources that they are about.
pub(super) const INCIDENTS: &str = "incidents JOIN resources ON resources.id = incidents.resource";

/// An incident from the columns of [`INCIDENT`].
pub(super) fn incident(row: &Row<'_>) -> Result<Incident, StoreError> {
    Ok(Incident {
        id: Some(IncidentId(row.get(0)?)),
        route: row.get(1)?,
        group: digest(row.get(2)?),
        title: row.get(3)?,
        severity: severity(row.get(4)?)?,
        score: row.get(21)?,
        state: incident_state(row.get_ref(5)?.as_str().unwrap_or_default())?,
        account: AccountId::new(row.get::<_, String>(6)?),
        region: row.get::<_, Option<String>>(7)?.map(Region::new),
        resource: row.get(8)?,
        resource_kind: row.get(9)?,
        open_issues: row.get(10)?,
        opened_at: time(row.get(11)?)?,
        changed_at: time(row.get(12)?)?,
        history: row.get(13)?,
        told: row.get(14)?,
        earlier: row.get(15)?,
        over_since: row.get::<_, Option<i64>>(16)?.map(time).transpose()?,
        acknowledged: acknowledgement(row, 17)?,
        muted_until: row.get::<_, Option<i64>>(20)?.map(time).transpose()?,
    })
}

fn acknowledgement(row: &Row<'_>, from: usize) -> Result<Option<Acknowledgement>, StoreError> {
    let (Some(by), Some(at)) = (row.get(from)?, row.get::<_, Option<i64>>(from + 1)?) else {
        return Ok(None);
    };
    Ok(Some(Acknowledgement {
        by,
        at: time(at)?,
        note: row.get(from + 2)?,
    }))
}

/// The columns that [`progress`] reads, in its order.
pub(super) const PROGRESS: &str = "first_contact, watermark, history_from, late_at, reconciled_at";

/// How far a scope is recorded, from the columns of [`PROGRESS`]; `None` before first contact.
pub(super) fn progress(row: &Row<'_>, from: usize) -> Result<Option<SyncProgress>, StoreError> {
    let column = |n: usize| -> Result<Option<Timestamp>, StoreError> {
        row.get::<_, Option<i64>>(from + n)?.map(time).transpose()
    };
    let (
        Some(first_contact),
        Some(watermark),
        Some(history_from),
        Some(late_at),
        Some(reconciled_at),
    ) = (column(0)?, column(1)?, column(2)?, column(3)?, column(4)?)
    else {
        return Ok(None);
    };
    Ok(Some(SyncProgress {
        first_contact,
        watermark,
        history_from,
        late_at,
        reconciled_at,
    }))
}
