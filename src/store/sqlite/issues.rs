//! Issues as rows.

use rusqlite::{Row, Transaction, params};

use crate::domain::{AccountId, IssueIdentity, IssueStatus, Region, Standing};

use super::{super::StoreError, Memory, resources::Resource, texts::TextIds};

/// What a finding says of its issue; it stands in the row until the issue is decided.
#[derive(Clone, Copy)]
pub(super) struct FirstWord {
    pub(super) title: i64,
    pub(super) severity: u8,
    pub(super) since: i64,
}

/// An issue's row.
#[derive(Clone, Copy)]
pub(super) struct IssueRow {
    pub(super) id: i64,
    /// Whether it was not there before.
    is_new: bool,
}

/// The row of an issue, which is written if it was not.
pub(super) fn row_of(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    identity: &IssueIdentity,
    first: FirstWord,
) -> Result<IssueRow, StoreError> {
    let resource = resource_of(tx, memory, identity)?;
    let problem = memory.texts.id(tx, &identity.problem)?;
    let written = tx
        .prepare_cached(
            "INSERT INTO issues (resource, problem, title, severity, since)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (resource, problem) DO NOTHING",
        )?
        .execute(params![
            resource,
            problem,
            first.title,
            first.severity,
            first.since
        ])?;
    if written > 0 {
        return Ok(IssueRow {
            id: tx.last_insert_rowid(),
            is_new: true,
        });
    }
    let id = tx
        .prepare_cached("SELECT id FROM issues WHERE resource = ?1 AND problem = ?2")?
        .query_row([resource, problem], |row| row.get(0))?;
    Ok(IssueRow { id, is_new: false })
}

/// The number of an issue's resource.
pub(super) fn resource_of(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    identity: &IssueIdentity,
) -> Result<i64, StoreError> {
    let resource = Resource {
        account: &identity.account,
        region: identity.region.as_ref(),
        kind: &identity.resource_kind,
        id: &identity.resource,
    };
    memory.resources.id(tx, &mut memory.texts, resource)
}

/// Whether the issue is open already, and at least as bad. One more product, standard or Region that
/// reports a problem which was there before makes no news of it; nor does a finding that takes the
/// place of another.
pub(super) fn is_known(
    tx: &Transaction<'_>,
    issue: IssueRow,
    severity: u8,
) -> Result<bool, StoreError> {
    if issue.is_new {
        return Ok(false);
    }
    let known = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM issues WHERE id = ?1 AND status = ?3 AND severity >= ?2)
                 OR EXISTS (SELECT 1 FROM findings
                            WHERE issue = ?1 AND standing = ?4 AND severity >= ?2)",
        )?
        .query_row(
            params![
                issue.id,
                severity,
                IssueStatus::Open.code(),
                Standing::Open.code()
            ],
            |row| row.get(0),
        )?;
    Ok(known)
}

/// Takes a new issue out again, because no finding reports it after all.
pub(super) fn take_back(tx: &Transaction<'_>, issue: IssueRow) -> Result<(), StoreError> {
    if issue.is_new {
        tx.prepare_cached("DELETE FROM issues WHERE id = ?1")?
            .execute([issue.id])?;
    }
    Ok(())
}

/// Where [`identity`] finds its columns.
pub(super) const IDENTITY: &str =
    "resources.account, resources.region, resources.kind, resources.resource, problem";

/// The identity in the columns of [`IDENTITY`], which begin at `at`.
pub(super) fn identity(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    row: &Row<'_>,
    at: usize,
) -> Result<IssueIdentity, StoreError> {
    let region = match row.get(at + 1)? {
        Some(region) => Some(Region::new(texts.text(tx, region)?)),
        None => None,
    };
    Ok(IssueIdentity {
        account: AccountId::new(texts.text(tx, row.get(at)?)?),
        region,
        resource_kind: texts.text(tx, row.get(at + 2)?)?.to_string(),
        resource: row.get(at + 3)?,
        problem: texts.text(tx, row.get(at + 4)?)?.to_string(),
    })
}
