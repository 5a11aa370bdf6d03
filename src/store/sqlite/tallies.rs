//! Counts that are kept with what they count.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Transaction, params};

use crate::domain::{
    AccountId, IncidentState, IssueStatus, Region, Scope, Severity, Standing, Timestamp,
    delivery::DeliveryState,
};

use super::{
    super::{DeliveryTally, FindingTally, IncidentTally, Rest, StoreError, StoreSize, Tallies},
    rows,
};

/// Has the sum of the findings' counts; no scope has this number.
const ALL_SCOPES: i64 = 0;

/// What is told one by one, and the sum of the rest.
type Told<T, K> = (Vec<T>, Rest<K>);

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
        let mut sums = HashMap::<(Severity, Standing), i64>::new();
        for ((scope, severity, standing), by) in self.by {
            if by != 0 {
                statement.execute(params![scope, severity.rank(), standing.code(), by])?;
                *sums.entry((severity, standing)).or_default() += by;
            }
        }
        for ((severity, standing), by) in sums {
            if by != 0 {
                statement.execute(params![ALL_SCOPES, severity.rank(), standing.code(), by])?;
            }
        }
        Ok(())
    }
}

/// Adds to the counts of issues by status.
pub(super) fn count_issues(
    tx: &Transaction<'_>,
    changes: BTreeMap<IssueStatus, i64>,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO issue_tallies (status, count) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (status, by) in changes {
        statement.execute(params![status.code(), by])?;
    }
    Ok(())
}

/// See [`super::super::Store::tallies`]. Of findings and incidents, `most` kinds are told one by one.
pub(super) fn tallies(tx: &Transaction<'_>, most: usize) -> Result<Tallies, StoreError> {
    let (findings, other_findings) = findings(tx, most)?;
    let (incidents, other_incidents) = incidents(tx, most)?;
    let mut tallies = Tallies {
        findings,
        other_findings,
        rejected: rejected(tx)?,
        issues: issues(tx)?,
        incidents,
        other_incidents,
        deliveries: deliveries(tx)?,
        touched: count(tx, "SELECT count(*) FROM touched")?,
        size: StoreSize::default(),
    };
    tallies.size = size(tx, &tallies)?;
    Ok(tallies)
}

fn count(tx: &Transaction<'_>, sql: &str) -> Result<u64, StoreError> {
    Ok(rows::count(
        tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?,
    ))
}

/// The first `most` kinds, and the sum of the others.
fn findings(
    tx: &Transaction<'_>,
    most: usize,
) -> Result<Told<FindingTally, (Severity, Standing)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, severity, standing, count
         FROM finding_tallies JOIN scopes ON scopes.id = scope
         ORDER BY scope, severity, standing",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while found.len() < most
        && let Some(row) = all.next()?
    {
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
    let mut rest = Rest::default();
    if found.len() == most {
        let kinds = count(tx, "SELECT count(*) FROM finding_tallies WHERE scope <> 0")?;
        rest.kinds = kinds - rows::count(rows::size(found.len()));
    }
    if rest.kinds > 0 {
        rest.sums = finding_sums(tx)?;
        for tally in &found {
            if let Some(sum) = rest.sums.get_mut(&(tally.severity, tally.standing)) {
                *sum = sum.saturating_sub(tally.count);
            }
        }
    }
    Ok((found, rest))
}

fn finding_sums(tx: &Transaction<'_>) -> Result<BTreeMap<(Severity, Standing), u64>, StoreError> {
    let mut statement = tx
        .prepare_cached("SELECT severity, standing, count FROM finding_tallies WHERE scope = ?1")?;
    let mut sums = BTreeMap::new();
    let mut all = statement.query([ALL_SCOPES])?;
    while let Some(row) = all.next()? {
        let kind = (rows::severity(row.get(0)?)?, rows::standing(row.get(1)?)?);
        sums.insert(kind, rows::count(row.get(2)?));
    }
    Ok(sums)
}

fn rejected(tx: &Transaction<'_>) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT reason, count FROM rejected_tallies WHERE count > 0")?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push((row.get(0)?, rows::count(row.get(1)?)));
    }
    Ok(found)
}

fn issues(tx: &Transaction<'_>) -> Result<Vec<(IssueStatus, u64)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT status, count FROM issue_tallies WHERE count > 0 ORDER BY status",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        found.push((rows::issue_status(row.get(0)?)?, rows::count(row.get(1)?)));
    }
    Ok(found)
}

/// The first `most` kinds, and the sum of the others.
fn incidents(
    tx: &Transaction<'_>,
    most: usize,
) -> Result<Told<IncidentTally, (Severity, IncidentState)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT accounts.text, regions.text, severity, state, told, count FROM incident_tallies
         JOIN texts AS accounts ON accounts.id = account
         LEFT JOIN texts AS regions ON regions.id = region
         WHERE count > 0 ORDER BY accounts.text, regions.text, severity, state, told",
    )?;
    let mut found = Vec::new();
    let mut rest = Rest::default();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        let severity = rows::severity(row.get(2)?)?;
        let state = rows::incident_state(row.get_ref(3)?.as_str().unwrap_or_default())?;
        let count = rows::count(row.get(5)?);
        if found.len() == most {
            rest.kinds += 1;
            *rest.sums.entry((severity, state)).or_default() += count;
            continue;
        }
        found.push(IncidentTally {
            account: AccountId::new(row.get::<_, String>(0)?),
            region: row.get::<_, Option<String>>(1)?.map(Region::new),
            severity,
            state,
            silent: !row.get::<_, bool>(4)?,
            count,
        });
    }
    Ok((found, rest))
}

fn deliveries(tx: &Transaction<'_>) -> Result<Vec<DeliveryTally>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT sink, state, count FROM delivery_tallies WHERE count > 0 ORDER BY sink, state",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([])?;
    while let Some(row) = all.next()? {
        let sink: String = row.get(0)?;
        let state = rows::delivery_state(&row.get::<_, String>(1)?)?;
        let oldest = match state {
            DeliveryState::Pending => oldest_owed(tx, &sink)?,
            DeliveryState::Delivered | DeliveryState::Dead => None,
        };
        found.push(DeliveryTally {
            sink,
            state,
            count: rows::count(row.get(2)?),
            oldest,
        });
    }
    Ok(found)
}

fn oldest_owed(tx: &Transaction<'_>, sink: &str) -> Result<Option<Timestamp>, StoreError> {
    let owed_at: Option<i64> = tx
        .prepare_cached(
            "SELECT min(owed_at) FROM deliveries WHERE sink = ?1 AND state = 'pending'",
        )?
        .query_row([sink], |row| row.get(0))?;
    owed_at.map(rows::time).transpose()
}

/// How large everything is. Rows are told from counts that are kept.
fn size(tx: &Transaction<'_>, tallies: &Tallies) -> Result<StoreSize, StoreError> {
    let sum = |sums: &mut dyn Iterator<Item = u64>| sums.sum::<u64>();
    let page = count(tx, "SELECT page_size FROM pragma_page_size()")?;
    let free = count(tx, "SELECT freelist_count FROM pragma_freelist_count()")?;
    Ok(StoreSize {
        bytes: page * count(tx, "SELECT page_count FROM pragma_page_count()")?,
        free_bytes: page * free,
        wal_bytes: 0,
        rows: vec![
            ("findings", finding_sums(tx)?.values().sum()),
            ("issues", sum(&mut tallies.issues.iter().map(|t| t.1))),
            (
                "incidents",
                count(tx, "SELECT coalesce(sum(count), 0) FROM incident_tallies")?,
            ),
            (
                "deliveries",
                sum(&mut tallies.deliveries.iter().map(|t| t.count)),
            ),
            ("rejected", sum(&mut tallies.rejected.iter().map(|t| t.1))),
            ("bodies", count(tx, "SELECT count FROM body_tally")?),
            // None is ever removed, so the last number is the count.
            (
                "texts",
                count(tx, "SELECT coalesce(max(id), 0) FROM texts")?,
            ),
        ],
    })
}
