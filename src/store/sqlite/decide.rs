//! Deciding: reads what is known of touched issues, and writes what was decided of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use rusqlite::{OptionalExtension, Transaction, params};

use crate::{
    correlate::Rulebook,
    domain::{
        Digest, Incident, IncidentId, IssueStatus, Parts, Timestamp,
        decision::{
            Assessment, Evidence, IncidentDecision, Known, KnownIncident, Member, TouchedIssue,
        },
        finding::Traits,
    },
};

use super::{
    super::{Decided, StoreError, Touched},
    Memory,
    assess::Assessor,
    deliveries, issues, mutes, relations,
    resources::Resource,
    rows, silences, tallies,
    texts::TextIds,
    turns,
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
    touched: Touched,
    limit: u32,
    now: Timestamp,
) -> Result<Decided, StoreError> {
    silences::touch_ended(tx, now, limit)?;
    mutes::touch_ended(tx, now, limit)?;
    // News does not wait for it, and what is no news is then decided once and not for each relation.
    let stirred = match touched {
        Touched::ByNews => 0,
        Touched::ByAnything => relations::settle_stirred(tx, limit)?,
    };
    let step = Step::of_touched(tx, touched, limit);
    let mut issues = step.issues(&mut memory.texts)?;
    let mut decided = Decided {
        issues: issues.len(),
        stirred,
        ..Decided::default()
    };
    if issues.is_empty() {
        return Ok(decided);
    }
    // All facts before any assessment, so that the issues of one step see each other.
    let changed = write_facts(tx, rulebook, &mut issues)?;
    let mut assessor = Assessor::new(tx, rulebook, now)?;
    assessor.learn(tx, &mut memory.texts, &mut issues)?;
    let mut groups = step.groups_of_members()?;
    let mut known = Known::default();
    let mut statuses = BTreeMap::<IssueStatus, i64>::new();
    for issue in &issues {
        let assessment = assessor.assess(tx, &mut memory.texts, issue)?;
        write_assessment(tx, &mut memory.texts, &assessment)?;
        if issue.status != Some(assessment.status) {
            if let Some(status) = issue.status {
                *statuses.entry(status).or_default() -= 1;
            }
            *statuses.entry(assessment.status).or_default() += 1;
        }
        groups.extend(rulebook.groups(&assessment));
        known.issues.push(assessment);
    }
    for group in groups {
        if let Some(incident) = known_incident(tx, &mut memory.texts, group)? {
            known.incidents.insert(group, incident);
        }
    }
    for decision in rulebook.decide(&known, now).incidents {
        decided.opened += usize::from(decision.incident.id.is_none());
        decided.owed += write_incident(tx, memory, &decision, now)?;
    }
    tallies::count_issues(tx, statuses)?;
    step.clear(&issues)?;
    let here: BTreeSet<i64> = issues.iter().map(|issue| issue.id).collect();
    for resource in changed {
        relations::touch_anchors(tx, resource, &here)?;
    }
    Ok(decided)
}

/// Brings up to date what the issues mean for others. Returns the resources of those that meant something else
/// before.
fn write_facts(
    tx: &Transaction<'_>,
    rulebook: &Rulebook,
    issues: &mut [TouchedIssue],
) -> Result<BTreeSet<i64>, StoreError> {
    let mut changed = BTreeSet::new();
    for issue in issues {
        let parts = rulebook.facts(issue).parts;
        if parts != issue.parts {
            tx.prepare_cached("UPDATE issues SET parts = ?2, history = ?3 WHERE id = ?1")?
                .execute(params![issue.id, parts.code(), issue.history])?;
            changed.insert(issue.resource);
            issue.parts = parts;
        }
    }
    Ok(changed)
}

/// The issues that one step looks at: the first ones, in the order of their numbers, so that
/// neighbours in the file are read and written together.
pub(super) struct Step<'a, 'tx> {
    tx: &'a Transaction<'tx>,
    chosen: Chosen,
    limit: u32,
    /// They follow this number.
    after: i64,
}

/// From which issues a step takes its own.
enum Chosen {
    Touched(Touched),
    /// Every issue, whether or not anything has touched it. Nothing may be cleared.
    All,
}

impl<'a, 'tx> Step<'a, 'tx> {
    fn of_touched(tx: &'a Transaction<'tx>, touched: Touched, limit: u32) -> Self {
        Self {
            tx,
            chosen: Chosen::Touched(touched),
            limit,
            after: i64::MIN,
        }
    }

    /// Issues that follow a number, for those who only look.
    pub(super) fn of_all(tx: &'a Transaction<'tx>, after: i64, limit: u32) -> Self {
        Self {
            tx,
            chosen: Chosen::All,
            limit,
            after,
        }
    }
}

impl Step<'_, '_> {
    /// SQL that is true of the marks that are looked at.
    fn condition(&self) -> &'static str {
        match self.chosen {
            Chosen::Touched(Touched::ByNews) => "history = 0",
            Chosen::Touched(Touched::ByAnything) | Chosen::All => "true",
        }
    }

    /// A query over the step's issues, `chosen`, whose parameters are [`Step::parameters`]. `CROSS
    /// JOIN` keeps SQLite from looking for the marks of everything, in place of everything for the
    /// marks.
    fn query(&self, columns: &str, joined: &str) -> String {
        let chosen = match self.chosen {
            Chosen::Touched(_) => format!(
                "SELECT issue, history FROM touched WHERE {} AND issue > ?2",
                self.condition()
            ),
            Chosen::All => "SELECT issues.id AS issue, coalesce(touched.history, 1) AS history
                 FROM issues LEFT JOIN touched ON touched.issue = issues.id WHERE issues.id > ?2"
                .to_owned(),
        };
        format!(
            "WITH chosen AS MATERIALIZED ({chosen} ORDER BY issue LIMIT ?1)
             SELECT {columns} FROM chosen CROSS JOIN {joined} ORDER BY chosen.issue"
        )
    }

    fn parameters(&self) -> (u32, i64) {
        (self.limit, self.after)
    }

    pub(super) fn issues(&self, texts: &mut TextIds) -> Result<Vec<TouchedIssue>, StoreError> {
        let mut evidence = self.evidence(texts)?;
        let sql = self.query(
            &format!(
                "issues.id, {}, status, chosen.history AND coalesce(issues.history, 1),
                 issues.resource, parts",
                issues::IDENTITY
            ),
            "issues ON issues.id = chosen.issue
             JOIN resources ON resources.id = issues.resource",
        );
        let mut statement = self.tx.prepare_cached(&sql)?;
        let mut found = Vec::new();
        let mut all = statement.query(self.parameters())?;
        while let Some(row) = all.next()? {
            let id = row.get(0)?;
            let status: Option<u8> = row.get(6)?;
            found.push(TouchedIssue {
                id,
                identity: issues::identity(self.tx, texts, row, 1)?,
                status: status.map(rows::issue_status).transpose()?,
                evidence: evidence.remove(&id).unwrap_or_default(),
                about: Arc::default(),
                history: row.get(7)?,
                resource: row.get(8)?,
                parts: Parts::from_code(row.get(9)?),
            });
        }
        Ok(found)
    }

    /// What the findings of each issue say.
    fn evidence(&self, texts: &mut TextIds) -> Result<HashMap<i64, Vec<Evidence>>, StoreError> {
        let sql = self.query(
            "chosen.issue, standing, severity, title, since, traits",
            "findings ON findings.issue = chosen.issue",
        );
        let mut statement = self.tx.prepare_cached(&sql)?;
        let mut found: HashMap<i64, Vec<Evidence>> = HashMap::new();
        let mut all = statement.query(self.parameters())?;
        while let Some(row) = all.next()? {
            found.entry(row.get(0)?).or_default().push(Evidence {
                standing: rows::standing(row.get(1)?)?,
                severity: rows::severity(row.get(2)?)?,
                title: texts.text(self.tx, row.get(3)?)?,
                since: rows::time(row.get(4)?)?,
                traits: Traits::from_code(row.get(5)?),
            });
        }
        Ok(found)
    }

    /// The incidents that the issues belong to already.
    fn groups_of_members(&self) -> Result<BTreeSet<Digest>, StoreError> {
        let sql = self.query(
            "incidents.\"group\"",
            "incident_issues ON incident_issues.issue = chosen.issue
             JOIN incidents ON incidents.id = incident",
        );
        let mut statement = self.tx.prepare_cached(&sql)?;
        let groups = statement.query_map(self.parameters(), |row| row.get(0))?;
        groups.map(|group| Ok(rows::digest(group?))).collect()
    }

    /// Clears the marks that were looked at: all there are between the first and the last of them.
    fn clear(&self, issues: &[TouchedIssue]) -> Result<(), StoreError> {
        let [first, .., last] = issues else {
            return issues
                .iter()
                .try_for_each(|only| self.clear_between(only.id, only.id));
        };
        self.clear_between(first.id, last.id)
    }

    fn clear_between(&self, first: i64, last: i64) -> Result<(), StoreError> {
        let sql = format!(
            "DELETE FROM touched WHERE {} AND issue BETWEEN ?1 AND ?2",
            self.condition()
        );
        self.tx.prepare_cached(&sql)?.execute([first, last])?;
        Ok(())
    }
}

fn write_assessment(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    assessment: &Assessment,
) -> Result<(), StoreError> {
    let title = texts.id(tx, &assessment.title)?;
    let score = &assessment.score;
    let is_raised = !score.reasons.is_empty();
    let reasons = is_raised.then(|| serde_json::to_string(score)).transpose();
    let reasons = reasons.map_err(|error| StoreError::corrupt(error.to_string()))?;
    tx.prepare_cached(
        "UPDATE issues SET title = ?2, severity = ?3, status = ?4, since = ?5, history = ?6,
                           silenced = ?7, score = ?8, reasons = ?9
         WHERE id = ?1",
    )?
    .execute(params![
        assessment.id,
        title,
        assessment.severity.rank(),
        assessment.status.code(),
        rows::micros(assessment.since),
        assessment.history,
        assessment.silenced_until.map(rows::micros),
        is_raised.then(|| score.value()),
        reasons,
    ])?;
    Ok(())
}

fn known_incident(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    group: Digest,
) -> Result<Option<KnownIncident>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE \"group\" = ?1 ORDER BY earlier DESC LIMIT 1",
        rows::INCIDENT,
        rows::INCIDENTS
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
        Some(id) => members(tx, texts, id)?,
        None => BTreeMap::new(),
    };
    Ok(Some(KnownIncident { incident, members }))
}

fn members(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    incident: IncidentId,
) -> Result<BTreeMap<i64, Member>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, status, severity, title, history, silenced, score
         FROM incident_issues JOIN issues ON id = issue
         WHERE incident = ?1",
    )?;
    let mut found = BTreeMap::new();
    let mut all = statement.query([incident.0])?;
    while let Some(row) = all.next()? {
        let severity = rows::severity(row.get(2)?)?;
        let score: Option<u8> = row.get(6)?;
        found.insert(
            row.get(0)?,
            Member {
                status: rows::issue_status(row.get(1)?)?,
                severity,
                score: score.unwrap_or(severity.least_score()),
                title: texts.text(tx, row.get(3)?)?,
                history: row.get(4)?,
                silenced_until: row.get::<_, Option<i64>>(5)?.map(rows::time).transpose()?,
            },
        );
    }
    Ok(found)
}

/// Writes an incident, its issues, and what it owes. Returns how much is newly owed.
fn write_incident(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    decision: &IncidentDecision,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let id = write_row(tx, memory, &decision.incident)?;
    for turn in &decision.turns {
        turns::write(tx, id, turn)?;
    }
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

fn write_row(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    incident: &Incident,
) -> Result<IncidentId, StoreError> {
    let Memory {
        texts, resources, ..
    } = memory;
    let resource = Resource {
        account: &incident.account,
        region: incident.region.as_ref(),
        kind: &incident.resource_kind,
        id: &incident.resource,
    };
    let resource = resources.id(tx, texts, resource)?;
    let id = tx
        .prepare_cached(
            "INSERT INTO incidents (\"group\", route, title, severity, state, resource,
                                    open_issues, opened_at, changed_at, history, told, earlier,
                                    over_since, score, muted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?15, ?16)
             ON CONFLICT (\"group\", earlier) DO UPDATE SET
                 title = ?3, severity = ?4, state = ?5, open_issues = ?7, changed_at = ?9,
                 history = ?10, told = ?11, over_since = ?13, score = ?15, muted = ?16,
                 ack_by = CASE WHEN ?14 THEN ack_by END,
                 ack_at = CASE WHEN ?14 THEN ack_at END,
                 ack_note = CASE WHEN ?14 THEN ack_note END
             RETURNING id",
        )?
        .query_row(
            params![
                incident.group.as_bytes(),
                incident.route,
                incident.title,
                incident.severity.rank(),
                incident.state.as_str(),
                resource,
                incident.open_issues,
                rows::micros(incident.opened_at),
                rows::micros(incident.changed_at),
                incident.history,
                incident.told,
                incident.earlier,
                incident.over_since.map(rows::micros),
                incident.acknowledged.is_some(),
                incident.score,
                incident.muted_until.map(rows::micros),
            ],
            |row| row.get(0),
        )?;
    Ok(IncidentId(id))
}
