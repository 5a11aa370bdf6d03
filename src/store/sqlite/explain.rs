//! What became of a finding.

use rusqlite::{OptionalExtension, Transaction};

use crate::domain::IncidentId;

use super::{
    super::{Explained, ExplainedIssue, FindingFilter, IncidentFilter, StoreError, StoredIncident},
    about, issues, query, rows,
    texts::TextIds,
};

/// See [`super::super::Store::explain`].
pub(super) fn explain(tx: &Transaction<'_>, id: &str) -> Result<Vec<Explained>, StoreError> {
    let filter = FindingFilter {
        id: Some(id.to_owned()),
        ..FindingFilter::default()
    };
    let mut explained = Vec::new();
    for finding in query::findings(tx, &filter)? {
        explained.push(Explained {
            issue: issue(tx, finding.issue)?,
            incidents: incidents(tx, finding.issue)?,
            finding,
        });
    }
    Ok(explained)
}

fn issue(tx: &Transaction<'_>, id: i64) -> Result<ExplainedIssue, StoreError> {
    let sql = format!(
        "SELECT {}, status, severity, title, since, history, silenced,
                (SELECT count(*) FROM findings WHERE findings.issue = issues.id),
                EXISTS (SELECT 1 FROM touched WHERE touched.issue = issues.id), reasons,
                issues.resource
         FROM issues JOIN resources ON resources.id = issues.resource WHERE issues.id = ?1",
        issues::IDENTITY
    );
    let mut texts = TextIds::default();
    let found = tx
        .prepare_cached(&sql)?
        .query_row([id], |row| {
            let mut read = || {
                let severity = rows::severity(row.get(6)?)?;
                let identity = issues::identity(tx, &mut texts, row, 0)?;
                let mut known = about::Known::default();
                Ok(ExplainedIssue {
                    id,
                    about: known.of(tx, &mut texts, id, row.get(14)?, &identity.account)?,
                    identity,
                    status: row
                        .get::<_, Option<u8>>(5)?
                        .map(rows::issue_status)
                        .transpose()?,
                    severity,
                    score: rows::score(row.get::<_, Option<String>>(13)?.as_deref(), severity)?,
                    title: texts.text(tx, row.get(7)?)?.to_string(),
                    since: rows::time(row.get(8)?)?,
                    history: row.get::<_, Option<bool>>(9)?.unwrap_or(true),
                    silenced_until: row.get::<_, Option<i64>>(10)?.map(rows::time).transpose()?,
                    findings: row.get(11)?,
                    waits: row.get(12)?,
                })
            };
            Ok(read())
        })
        .optional()?;
    found.unwrap_or_else(|| Err(StoreError::corrupt("a finding's issue is not there")))
}

fn incidents(tx: &Transaction<'_>, issue: i64) -> Result<Vec<StoredIncident>, StoreError> {
    let ids: Vec<i64> = tx
        .prepare_cached(
            "SELECT incident FROM incident_issues WHERE issue = ?1 ORDER BY incident DESC",
        )?
        .query_map([issue], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for id in ids {
        let filter = IncidentFilter {
            id: Some(IncidentId(id)),
            ..IncidentFilter::default()
        };
        found.extend(query::incidents(tx, &filter)?);
    }
    Ok(found)
}
