//! Deciding: reads what is known of touched issues, and writes what was decided of them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, params};

use crate::{
    correlate::Rulebook,
    domain::{
        AccountId, Digest, Incident, IncidentId, IssueIdentity, Region, Timestamp,
        decision::{
            Assessment, Evidence, IncidentDecision, Known, KnownIncident, Member, TouchedIssue,
        },
    },
};

use super::{
    super::{Decided, StoreError},
    Memory, deliveries, rows, tallies,
};

/// A new incident often gathers several issues within a moment, as pages come in. Its first notice
/// waits this long, so that it can tell of all of them.
const GATHERING: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// See [`super::super::Store::adopt`].
pub(super) fn adopt(tx: &Transaction<'_>, fingerprint: Digest) -> Result<bool, StoreError> {
    let before: Option<[u8; 16]> = tx.query_row("SELECT rulebook FROM store", [], |r| r.get(0))?;
    if before.map(rows::digest) == Some(fingerprint) {
        return Ok(false);
    }
    tx.execute("UPDATE store SET rulebook = ?1", [fingerprint.as_bytes()])?;
    tx.execute(
        "INSERT INTO touched (issue, history) SELECT id, 1 FROM issues WHERE status IS NOT NULL
         ON CONFLICT (issue) DO NOTHING",
        [],
    )?;
    Ok(true)
}

/// See [`super::super::Store::decide`].
pub(super) fn decide(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    rulebook: &Rulebook,
    limit: u32,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    let touched = touched(tx, limit)?;
    let mut decided = Decided {
        issues: touched.len(),
        ..Decided::default()
    };
    if touched.is_empty() {
        return Ok(decided);
    }
    let mut known = Known::default();
    let mut statuses = BTreeMap::<&str, i64>::new();
    for issue in &touched {
        let assessment = rulebook.assess(issue);
        write_assessment(tx, memory, &assessment)?;
        if issue.status != Some(assessment.status) {
            if let Some(status) = issue.status {
                *statuses.entry(status.as_str()).or_default() -= 1;
            }
            *statuses.entry(assessment.status.as_str()).or_default() += 1;
        }
        let mut groups: BTreeSet<Digest> = rulebook.groups(&assessment).into_iter().collect();
        groups.extend(groups_of_member(tx, issue.id)?);
        for group in groups {
            if !known.incidents.contains_key(&group)
                && let Some(incident) = known_incident(tx, group)?
            {
                known.incidents.insert(group, incident);
            }
        }
        known.issues.push(assessment);
    }
    for decision in rulebook.decide(&known, now).incidents {
        decided.opened += usize::from(decision.incident.id.is_none());
        decided.owed += write_incident(tx, &decision, now)?;
    }
    tallies::count_issues(tx, statuses)?;
    clear(tx, &touched)?;
    Ok(decided)
}

fn touched(tx: &Transaction<'_>, limit: u32) -> Result<Vec<TouchedIssue>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT issues.id, account, region, resource_kind, resource, texts.text, status,
                touched.history AND coalesce(issues.history, 1)
         FROM touched JOIN issues ON issues.id = touched.issue JOIN texts ON texts.id = problem
         ORDER BY touched.issue LIMIT ?1",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([limit])?;
    while let Some(row) = all.next()? {
        let id = row.get(0)?;
        let status: Option<String> = row.get(6)?;
        found.push(TouchedIssue {
            id,
            identity: IssueIdentity {
                account: AccountId::new(row.get::<_, String>(1)?),
                region: row.get::<_, Option<String>>(2)?.map(Region::new),
                resource_kind: row.get(3)?,
                resource: row.get(4)?,
                problem: row.get(5)?,
            },
            status: status.as_deref().map(rows::issue_status).transpose()?,
            evidence: evidence(tx, id)?,
            history: row.get(7)?,
        });
    }
    Ok(found)
}

fn evidence(tx: &Transaction<'_>, issue: i64) -> Result<Vec<Evidence>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT standing, severity, text, since FROM findings JOIN texts ON texts.id = title
         WHERE issue = ?1",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([issue])?;
    while let Some(row) = all.next()? {
        found.push(Evidence {
            standing: rows::standing(row.get(0)?)?,
            severity: rows::severity(row.get(1)?)?,
            title: row.get(2)?,
            since: rows::time(row.get(3)?)?,
        });
    }
    Ok(found)
}

fn write_assessment(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    assessment: &Assessment,
) -> Result<(), StoreError> {
    let title = memory.texts.id(tx, &assessment.title)?;
    tx.prepare_cached(
        "UPDATE issues SET title = ?2, severity = ?3, status = ?4, since = ?5, history = ?6
         WHERE id = ?1",
    )?
    .execute(params![
        assessment.id,
        title,
        assessment.severity.rank(),
        assessment.status.as_str(),
        rows::micros(assessment.since),
        assessment.history,
    ])?;
    Ok(())
}

fn groups_of_member(tx: &Transaction<'_>, issue: i64) -> Result<Vec<Digest>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT \"group\" FROM incident_issues JOIN incidents ON incidents.id = incident
         WHERE issue = ?1",
    )?;
    let groups = statement.query_map([issue], |row| row.get(0))?;
    groups.map(|group| Ok(rows::digest(group?))).collect()
}

fn known_incident(
    tx: &Transaction<'_>,
    group: Digest,
) -> Result<Option<KnownIncident>, StoreError> {
    let sql = format!(
        "SELECT {} FROM incidents WHERE \"group\" = ?1",
        rows::INCIDENT
    );
    let incident = tx
        .prepare_cached(&sql)?
        .query_row([group.as_bytes()], |row| Ok(rows::incident(row)))
        .optional()?
        .transpose()?;
    let Some(incident) = incident else {
        return Ok(None);
    };
    let members = match incident.id {
        Some(id) => members(tx, id)?,
        None => BTreeMap::new(),
    };
    Ok(Some(KnownIncident { incident, members }))
}

fn members(
    tx: &Transaction<'_>,
    incident: IncidentId,
) -> Result<BTreeMap<i64, Member>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT issues.id, status, severity, text, history
         FROM incident_issues JOIN issues ON issues.id = issue JOIN texts ON texts.id = title
         WHERE incident = ?1",
    )?;
    let mut found = BTreeMap::new();
    let mut all = statement.query([incident.0])?;
    while let Some(row) = all.next()? {
        found.insert(
            row.get(0)?,
            Member {
                status: rows::issue_status(&row.get::<_, String>(1)?)?,
                severity: rows::severity(row.get(2)?)?,
                title: row.get(3)?,
                history: row.get(4)?,
            },
        );
    }
    Ok(found)
}

/// Writes an incident, its issues, and what it owes. Returns how much is newly owed.
fn write_incident(
    tx: &Transaction<'_>,
    decision: &IncidentDecision,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let id = write_row(tx, &decision.incident)?;
    let mut join = tx.prepare_cached(
        "INSERT INTO incident_issues (incident, issue) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for issue in &decision.joined {
        join.execute([id.0, *issue])?;
    }
    let mut leave =
        tx.prepare_cached("DELETE FROM incident_issues WHERE incident = ?1 AND issue = ?2")?;
    for issue in &decision.left {
        leave.execute([id.0, *issue])?;
    }
    let due_at = now.saturating_add(GATHERING).unwrap_or(now);
    let mut owed = 0;
    for (sink, occasion) in &decision.owed {
        owed += usize::from(deliveries::owe(tx, id, sink, *occasion, now, due_at)?);
    }
    Ok(owed)
}

fn write_row(tx: &Transaction<'_>, incident: &Incident) -> Result<IncidentId, StoreError> {
    let id = tx
        .prepare_cached(
            "INSERT INTO incidents (\"group\", route, title, severity, state, account, region,
                                    resource_kind, resource, open_issues, opened_at, changed_at,
                                    history, told)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (\"group\") DO UPDATE SET
                 title = ?3, severity = ?4, state = ?5, region = ?7, open_issues = ?10,
                 changed_at = ?12, history = ?13, told = ?14
             RETURNING id",
        )?
        .query_row(
            params![
                incident.group.as_bytes(),
                incident.route,
                incident.title,
                incident.severity.rank(),
                incident.state.as_str(),
                incident.account.as_str(),
                incident.region.as_ref().map(Region::as_str),
                incident.resource_kind,
                incident.resource,
                incident.open_issues,
                rows::micros(incident.opened_at),
                rows::micros(incident.changed_at),
                incident.history,
                incident.told,
            ],
            |row| row.get(0),
        )?;
    Ok(IncidentId(id))
}

fn clear(tx: &Transaction<'_>, touched: &[TouchedIssue]) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached("DELETE FROM touched WHERE issue = ?1")?;
    for issue in touched {
        statement.execute([issue.id])?;
    }
    Ok(())
}
