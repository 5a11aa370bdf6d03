//! Issues as rows, and the names that they are found by.

use rusqlite::{Row, Transaction, params};

use crate::domain::{AccountId, Digest, IssueIdentity, Region};

use super::{super::StoreError, texts::TextIds};

/// Bits of a name below the account and Region.
const LOW_BITS: u32 = 47;
const LOW_MASK: u64 = (1 << LOW_BITS) - 1;
/// Bits for the account and Region. They only bring together what is read and written together, so it
/// does no harm that some scopes share them.
const HIGH_MASK: u64 = (1 << (63 - LOW_BITS)) - 1;
/// How many issues may share 47 bits. A million issues in one scope make such a pair once in 280
/// stores, so eight is never reached by chance.
const MAX_PROBES: u64 = 8;

/// What an issue is found by.
#[derive(Clone, Copy)]
struct Name {
    place: u64,
    digest: u64,
    /// Tells it from another issue of the same name.
    verify: i64,
}

impl Name {
    fn of(identity: &IssueIdentity) -> Self {
        let region = identity.region.as_ref().map_or("", Region::as_str);
        let (place, _) = Digest::of(&[identity.account.as_str(), region]).halves();
        let (digest, rest) = identity.key().halves();
        Self {
            place,
            digest,
            verify: rest.cast_signed(),
        }
    }

    /// The name when as many other issues as `probe` have taken those before.
    fn probed(self, probe: u64) -> i64 {
        let below = self.digest.wrapping_add(probe) & LOW_MASK;
        (((self.place & HIGH_MASK) << LOW_BITS) | below).cast_signed()
    }
}

/// An issue's row.
#[derive(Clone, Copy)]
pub(super) struct IssueRow {
    pub(super) id: i64,
    /// Whether it was not there before.
    pub(super) is_new: bool,
}

/// The row of an issue, which is written if it was not.
pub(super) fn row_of(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    identity: &IssueIdentity,
) -> Result<IssueRow, StoreError> {
    let name = Name::of(identity);
    for probe in 0..MAX_PROBES {
        let probed = name.probed(probe);
        if insert(tx, texts, probed, name.verify, identity)? {
            return Ok(IssueRow {
                id: tx.last_insert_rowid(),
                is_new: true,
            });
        }
        let (id, verify): (i64, i64) = tx
            .prepare_cached("SELECT id, verify FROM issues WHERE name = ?1")?
            .query_row([probed], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if verify == name.verify {
            return Ok(IssueRow { id, is_new: false });
        }
    }
    Err(StoreError::corrupt(format!(
        "more than {MAX_PROBES} issues share a name"
    )))
}

/// Writes an issue under a name. Returns whether that was free.
fn insert(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    name: i64,
    verify: i64,
    identity: &IssueIdentity,
) -> Result<bool, StoreError> {
    let region = match &identity.region {
        Some(region) => Some(texts.id(tx, region.as_str())?),
        None => None,
    };
    let written = tx
        .prepare_cached(
            "INSERT INTO issues (name, verify, account, region, resource_kind, resource, problem)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![
            name,
            verify,
            texts.id(tx, identity.account.as_str())?,
            region,
            texts.id(tx, &identity.resource_kind)?,
            identity.resource,
            texts.id(tx, &identity.problem)?,
        ])?;
    Ok(written > 0)
}

/// Takes a new issue out again, because no finding reports it after all.
pub(super) fn take_back(tx: &Transaction<'_>, issue: IssueRow) -> Result<(), StoreError> {
    if issue.is_new {
        tx.prepare_cached("DELETE FROM issues WHERE id = ?1")?
            .execute([issue.id])?;
    }
    Ok(())
}

/// The identity in five columns: account, Region, kind, resource, problem.
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
