//! What is there, read in steps for those who ask what would be.

use rusqlite::Transaction;

use crate::{
    correlate::Rulebook,
    domain::{Incident, Timestamp, decision::Assessment},
};

use super::{super::StoreError, assess::Assessor, decide::Step, rows, texts::TextIds};

/// See [`super::super::Store::assessed`].
pub(super) fn assessed(
    tx: &Transaction<'_>,
    rulebook: &Rulebook,
    after: i64,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Assessment>, StoreError> {
    let mut texts = TextIds::default();
    let mut assessor = Assessor::new(tx, rulebook, now)?;
    let mut issues = Step::of_all(tx, after, limit).issues(&mut texts)?;
    assessor.learn(tx, &mut texts, &mut issues)?;
    let assessed = issues.iter();
    let assessed = assessed.map(|issue| assessor.assess(tx, &mut texts, issue));
    assessed.collect()
}

/// See [`super::super::Store::incidents_after`].
pub(super) fn incidents_after(
    tx: &Transaction<'_>,
    after: i64,
    limit: u32,
) -> Result<Vec<Incident>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE incidents.id > ?1 ORDER BY incidents.id LIMIT ?2",
        rows::INCIDENT,
        rows::INCIDENTS
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let mut all = statement.query((after, limit))?;
    let mut found = Vec::new();
    while let Some(row) = all.next()? {
        found.push(rows::incident(row)?);
    }
    Ok(found)
}
