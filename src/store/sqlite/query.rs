//! What people and notices ask for.

use rusqlite::{OptionalExtension, Row, ToSql, Transaction, params};

use crate::{
    asff::{Stamps, splice},
    domain::{
        AccountId, IncidentId, IssueStatus, Region, Scope, Timestamp, delivery::DeliveryState,
    },
};

use super::{
    super::{
        FindingFilter, IncidentBrief, IncidentFilter, IncidentIssue, RejectedFinding, StoreError,
        StoredDelivery, StoredFinding, StoredIncident,
    },
    about,
    bodies::{self, Unpacking},
    issues,
    record::id_hash,
    rows,
    texts::TextIds,
};

/// Conditions of a query, and the values they are bound to. Text from outside is only ever bound.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql>>,
}

impl Conditions {
    fn add(&mut self, sql: &str, value: impl ToSql + 'static) {
        self.values.push(Box::new(value));
        self.sql
            .push(sql.replace('?', &format!("?{}", self.values.len())));
    }

    /// `column IN (…)`; nothing when there is nothing to choose from.
    fn any_of<T: ToSql + Clone + 'static>(&mut self, column: &str, values: &[T]) {
        if values.is_empty() {
            return;
        }
        let mut places = Vec::new();
        for value in values {
            self.values.push(Box::new(value.clone()));
            places.push(format!("?{}", self.values.len()));
        }
        self.sql
            .push(format!("{column} IN ({})", places.join(", ")));
    }

    fn clause(&self) -> String {
        if self.sql.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", self.sql.join(" AND "))
        }
    }

    fn values(&self) -> Vec<&dyn ToSql> {
        self.values.iter().map(AsRef::as_ref).collect()
    }
}

fn limit_clause(limit: Option<u32>) -> String {
    limit.map(|n| format!("LIMIT {n}")).unwrap_or_default()
}

/// Where a raw finding is, with the timestamps it has now.
pub(super) struct Place {
    body: i64,
    start: i64,
    length: i64,
    stamps: Option<String>,
}

impl Place {
    /// From four columns: body, start, length, stamps.
    pub(super) fn read(row: &Row<'_>, at: usize) -> Result<Self, StoreError> {
        Ok(Self {
            body: row.get(at)?,
            start: row.get(at + 1)?,
            length: row.get(at + 2)?,
            stamps: row.get(at + 3)?,
        })
    }

    pub(super) fn raw(
        self,
        tx: &Transaction<'_>,
        unpacking: &mut Unpacking,
    ) -> Result<String, StoreError> {
        let start = rows::offset(self.start)?;
        let raw = unpacking.raw(tx, self.body, start..start + rows::offset(self.length)?)?;
        match self.stamps {
            None => Ok(raw),
            Some(stamps) => splice(&raw, &Stamps::from_text(stamps))
                .ok_or_else(|| StoreError::corrupt("stored timestamps do not fit their finding")),
        }
    }
}

/// See [`super::super::Store::findings`].
pub(super) fn findings(
    tx: &Transaction<'_>,
    filter: &FindingFilter,
) -> Result<Vec<StoredFinding>, StoreError> {
    let conditions = finding_conditions(filter);
    let sql = format!(
        "SELECT scopes.account, scopes.region, standing, issue, resources.resource, problems.text,
                recorded_at, body, start, length, stamps, gone
         FROM findings
         JOIN scopes ON scopes.id = findings.key >> 40
         JOIN issues ON issues.id = issue
         JOIN resources ON resources.id = issues.resource
         JOIN texts AS problems ON problems.id = problem
         JOIN texts AS products ON products.id = product
         JOIN texts AS workflows ON workflows.id = workflow
         LEFT JOIN texts AS compliances ON compliances.id = compliance
         {}
         ORDER BY findings.severity DESC, updated_at DESC, findings.key {}",
        conditions.clause(),
        limit_clause(filter.limit)
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut unpacking = Unpacking::default();
    let mut found = Vec::new();
    let mut all = statement.query(conditions.values().as_slice())?;
    while let Some(row) = all.next()? {
        found.push(StoredFinding {
            scope: Scope {
                account: AccountId::new(row.get::<_, String>(0)?),
                region: Region::new(row.get::<_, String>(1)?),
            },
            standing: rows::standing(row.get(2)?)?,
            issue: row.get(3)?,
            resource: row.get(4)?,
            problem: row.get(5)?,
            first_recorded_at: rows::time(row.get(6)?)?,
            raw: Place::read(row, 7)?.raw(tx, &mut unpacking)?,
            gone: row.get(11)?,
        });
    }
    Ok(found)
}

fn finding_conditions(filter: &FindingFilter) -> Conditions {
    let upper = |words: &[String]| -> Vec<String> {
        words.iter().map(|word| word.to_ascii_uppercase()).collect()
    };
    let mut conditions = Conditions::default();
    if let Some(id) = &filter.id {
        conditions.add("id_hash = ?", id_hash(id));
    }
    conditions.any_of("scopes.account", &filter.accounts);
    conditions.any_of("scopes.region", &filter.regions);
    if let Some(severity) = filter.at_least {
        conditions.add("findings.severity >= ?", severity.rank());
    }
    conditions.any_of("upper(products.text)", &upper(&filter.products));
    conditions.any_of("upper(compliances.text)", &upper(&filter.compliance));
    conditions.any_of("upper(workflows.text)", &upper(&filter.workflow));
    let standings: Vec<u8> = filter.standings.iter().map(|s| s.code()).collect();
    conditions.any_of("standing", &standings);
    if let Some(part) = &filter.resource {
        conditions.add(
            "instr(lower(resources.resource), lower(?)) > 0",
            part.clone(),
        );
    }
    if let Some(since) = filter.since {
        conditions.add("updated_at >= ?", rows::version(since));
    }
    conditions
}

/// See [`super::super::Store::rejected`].
pub(super) fn rejected(
    tx: &Transaction<'_>,
    limit: u32,
) -> Result<Vec<RejectedFinding>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, reason, detail, finding_id, raw, size, first_seen
         FROM rejected JOIN scopes ON scopes.id = scope
         ORDER BY rejected.id DESC LIMIT ?1",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([limit])?;
    while let Some(row) = all.next()? {
        let raw = bodies::decompress(row.get_ref(5)?.as_blob().unwrap_or_default(), {
            rows::offset(row.get(6)?)?
        })?;
        found.push(RejectedFinding {
            scope: Scope {
                account: AccountId::new(row.get::<_, String>(0)?),
                region: Region::new(row.get::<_, String>(1)?),
            },
            reason: row.get(2)?,
            detail: row.get(3)?,
            id: row.get(4)?,
            raw: String::from_utf8_lossy(&raw).into_owned(),
            first_seen_at: rows::time(row.get(7)?)?,
        });
    }
    Ok(found)
}

/// See [`super::super::Store::incidents`].
pub(super) fn incidents(
    tx: &Transaction<'_>,
    filter: &IncidentFilter,
) -> Result<Vec<StoredIncident>, StoreError> {
    let mut conditions = Conditions::default();
    let states: Vec<&'static str> = filter.states.iter().map(|s| s.as_str()).collect();
    conditions.any_of("state", &states);
    if let Some(id) = filter.id {
        conditions.add("incidents.id = ?", id.0);
    }
    let account = "(SELECT text FROM texts WHERE texts.id = resources.account)";
    conditions.any_of(account, &filter.accounts);
    if let Some(severity) = filter.at_least {
        conditions.add("severity >= ?", severity.rank());
    }
    let sql = format!(
        "SELECT {} FROM {} {}
         ORDER BY CASE state WHEN 'open' THEN 0 WHEN 'acknowledged' THEN 1 ELSE 2 END, state,
                  severity DESC, score DESC, opened_at DESC, incidents.id {}",
        rows::INCIDENT,
        rows::INCIDENTS,
        conditions.clause(),
        limit_clause(filter.limit)
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut found = Vec::new();
    let mut all = statement.query(conditions.values().as_slice())?;
    while let Some(row) = all.next()? {
        let incident = rows::incident(row)?;
        let deliveries = match incident.id {
            Some(id) => deliveries_of(tx, id)?,
            None => Vec::new(),
        };
        found.push(StoredIncident {
            incident,
            deliveries,
        });
    }
    Ok(found)
}

fn deliveries_of(tx: &Transaction<'_>, id: IncidentId) -> Result<Vec<StoredDelivery>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT sink, occasion, state, attempts, due_at, reference, reason FROM deliveries
         WHERE incident = ?1 ORDER BY id",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query([id.0])?;
    while let Some(row) = all.next()? {
        let state = rows::delivery_state(&row.get::<_, String>(2)?)?;
        let is_pending = state == DeliveryState::Pending;
        found.push(StoredDelivery {
            sink: row.get(0)?,
            occasion: rows::occasion(&row.get::<_, String>(1)?)?,
            state,
            attempts: row.get(3)?,
            due_at: Some(rows::time(row.get(4)?)?).filter(|_| is_pending),
            reference: row.get(5)?,
            reason: row.get(6)?,
        });
    }
    Ok(found)
}

/// See [`super::super::Store::brief`].
pub(super) fn brief(
    tx: &Transaction<'_>,
    id: IncidentId,
    issues: u32,
) -> Result<Option<IncidentBrief>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE incidents.id = ?1",
        rows::INCIDENT,
        rows::INCIDENTS
    );
    let incident = tx
        .prepare_cached(&sql)?
        .query_row([id.0], |row| Ok(rows::incident(row)))
        .optional()?
        .transpose()?;
    let Some(incident) = incident else {
        return Ok(None);
    };
    let account_name = account_name(tx, &incident.account)?;
    let resource = tx
        .prepare_cached("SELECT resource FROM incidents WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))?;
    let facts = about::facts(tx, &incident.account)?.unwrap_or_default();
    let members: u32 = tx
        .prepare_cached("SELECT count(*) FROM incident_issues WHERE incident = ?1")?
        .query_row([id.0], |row| row.get(0))?;
    let issues = incident_issues(tx, id, issues)?;
    let shown = u32::try_from(issues.len()).unwrap_or(u32::MAX);
    Ok(Some(IncidentBrief {
        incident,
        account_name,
        resource_tags: about::resource_tags(tx, resource)?,
        account_tags: facts.tags,
        issues,
        more_issues: members.saturating_sub(shown),
    }))
}

fn account_name(tx: &Transaction<'_>, account: &AccountId) -> Result<String, StoreError> {
    let name = tx
        .prepare_cached(
            "SELECT account_name FROM scopes WHERE account = ?1 AND account_name <> '' LIMIT 1",
        )?
        .query_row([account.as_str()], |row| row.get(0))
        .optional()?;
    Ok(name.unwrap_or_default())
}

fn incident_issues(
    tx: &Transaction<'_>,
    id: IncidentId,
    limit: u32,
) -> Result<Vec<IncidentIssue>, StoreError> {
    let sql = format!(
        "SELECT issues.id, {}, title, severity, status, since,
                (SELECT count(*) FROM findings WHERE issue = issues.id), reasons
         FROM incident_issues
         JOIN issues ON issues.id = issue
         JOIN resources ON resources.id = issues.resource
         WHERE incident = ?1
         ORDER BY status = {} DESC, severity DESC, score DESC, since, issues.id
         LIMIT ?2",
        issues::IDENTITY,
        IssueStatus::Open.code()
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut texts = TextIds::default();
    let mut unpacking = Unpacking::default();
    let mut found = Vec::new();
    let mut all = statement.query(params![id.0, limit])?;
    while let Some(row) = all.next()? {
        let Some((scope, raw)) = best_finding(tx, &mut unpacking, row.get(0)?)? else {
            continue;
        };
        let severity = rows::severity(row.get(7)?)?;
        found.push(IncidentIssue {
            identity: issues::identity(tx, &mut texts, row, 1)?,
            title: texts.text(tx, row.get(6)?)?.to_string(),
            severity,
            score: rows::score(row.get::<_, Option<String>>(11)?.as_deref(), severity)?,
            status: rows::issue_status(row.get(8)?)?,
            since: time(row, 9)?,
            findings: row.get(10)?,
            scope,
            raw,
        });
    }
    Ok(found)
}

fn time(row: &Row<'_>, at: usize) -> Result<Timestamp, StoreError> {
    rows::time(row.get(at)?)
}

/// The finding that speaks for an issue: an open one before others, the worst, then the newest.
fn best_finding(
    tx: &Transaction<'_>,
    unpacking: &mut Unpacking,
    issue: i64,
) -> Result<Option<(Scope, String)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT account, region, body, start, length, stamps
         FROM findings JOIN scopes ON scopes.id = findings.key >> 40
         WHERE issue = ?1 ORDER BY standing, severity DESC, updated_at DESC, key LIMIT 1",
    )?;
    let mut all = statement.query([issue])?;
    let Some(row) = all.next()? else {
        return Ok(None);
    };
    let scope = Scope {
        account: AccountId::new(row.get::<_, String>(0)?),
        region: Region::new(row.get::<_, String>(1)?),
    };
    Ok(Some((scope, Place::read(row, 2)?.raw(tx, unpacking)?)))
}
