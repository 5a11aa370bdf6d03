//! Counts that are kept with what they count.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Transaction, params};

use crate::domain::{AccountId, Region, Scope, Severity, Standing};

use super::{
    super::{DeliveryTally, FindingTally, IncidentTally, StoreError, Tallies},
    rows,
};

/// How the findings' counts change in one commit.
#[derive(Debug, Default)]
pub(super) struct TallyChanges {
    by: HashMap<(i64, Severity, Standing), i64>,
}

impl TallyChanges {
    pub(super) fn add(&mut self, scope: i64, severity: Severity, standing: Standing) {
        *self.by.entry((scope, severity, standing)).or_default() += 1;
    }

    pub(super) fn remove(&mut self, scope: i64, severity: Severity, standing: Standing) {
        *self.by.entry((scope, severity, standing)).or_default() -= 1;
    }

    pub(super) fn write(self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        let mut statement = tx.prepare_cached(
            "INSERT INTO finding_tallies (scope, severity, standing, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for ((scope, severity, standing), by) in self.by {
            if by != 0 {
                statement.execute(params![scope, severity.rank(), standing.code(), by])?;
            }
        }
        Ok(())
    }
}

/// Adds to the counts of issues by status.
pub(super) fn count_issues(
    tx: &Transaction<'_>,
    changes: BTreeMap<&str, i64>,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO issue_tallies (status, count) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (status, by) in changes {
        statement.execute(params![status, by])?;
    }
    Ok(())
}

/// See [`super::super::Store::tallies`].
pub(super) fn tallies(tx: &Transaction<'_>) -> Result<Tallies, StoreError> {
    Ok(Tallies {
        findings: findings(tx)?,
        rejected: rejected(tx)?,
        issues: issues(tx)?,
        incidents: incidents(tx)?,
        deliveries: deliveries(tx)?,
        touched: count(tx, "SELECT count(*) FROM touched")?,
        bytes: count(
            tx,
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        )?,
    })
}

fn count(tx: &Transaction<'_>, sql: &str) -> Result<u64, StoreError> {
    Ok(rows::count(
        tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?,
    ))
}

fn findings(tx: &Transaction<'_>) -> Result<Vec<FindingTally>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, severity, standing, count
         FROM finding_tallies JOIN scopes ON scopes.id = scope
         ORDER BY account, region, severity, standing",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push(FindingTally {
            scope: Scope {
                account: AccountId::new(row.get::<_, String>(0)?),
                region: Region::new(row.get::<_, String>(1)?),
            },
            severity: rows::severity(row.get(2)?)?,
            standing: rows::standing(row.get(3)?)?,
            count: rows::count(row.get(4)?),
        });
    }
    Ok(found)
}

fn rejected(tx: &Transaction<'_>) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT reason, count(*) FROM rejected GROUP BY reason ORDER BY reason")?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push((row.get(0)?, rows::count(row.get(1)?)));
    }
    Ok(found)
}

fn issues(tx: &Transaction<'_>) -> Result<Vec<(crate::domain::IssueStatus, u64)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT status, count FROM issue_tallies WHERE count > 0 ORDER BY status",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push((
            rows::issue_status(&row.get::<_, String>(0)?)?,
            rows::count(row.get(1)?),
        ));
    }
    Ok(found)
}

fn incidents(tx: &Transaction<'_>) -> Result<Vec<IncidentTally>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, severity, state, NOT told, count(*) FROM incidents
         GROUP BY account, region, severity, state, told",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push(IncidentTally {
            account: AccountId::new(row.get::<_, String>(0)?),
            region: row.get::<_, Option<String>>(1)?.map(Region::new),
            severity: rows::severity(row.get(2)?)?,
            state: rows::incident_state(&row.get::<_, String>(3)?)?,
            silent: row.get(4)?,
            count: rows::count(row.get(5)?),
        });
    }
    Ok(found)
}

fn deliveries(tx: &Transaction<'_>) -> Result<Vec<DeliveryTally>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT sink, state, count(*), min(owed_at) FROM deliveries GROUP BY sink, state",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push(DeliveryTally {
            sink: row.get(0)?,
            state: rows::delivery_state(&row.get::<_, String>(1)?)?,
            count: rows::count(row.get(2)?),
            oldest: rows::time(row.get(3)?)?,
        });
    }
    Ok(found)
}
