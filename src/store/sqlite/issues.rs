//! Issues as rows, and the numbers that they have.

use rusqlite::{Row, Transaction, params};

use crate::domain::{AccountId, Digest, IssueIdentity, Region};

use super::{super::StoreError, texts::TextIds};

/// Bits of a number below the account and Region.
const LOW_BITS: u32 = 47;
const LOW_MASK: u64 = (1 << LOW_BITS) - 1;
/// Bits for the account and Region. They only bring together what is read and written together, so it
/// does no harm that some scopes share them.
const HIGH_MASK: u64 = (1 << (63 - LOW_BITS)) - 1;
/// How many issues may share 47 bits. A million issues in one scope make such a pair once in 280
/// stores, so eight is never reached by chance.
const MAX_PROBES: u64 = 8;

/// What an issue is found by: a pure function of its identity, so that what is new need not be looked
/// up.
#[derive(Clone, Copy)]
pub(super) struct IssueName {
    place: u64,
    digest: u64,
    /// Tells it from another issue under the same number.
    verify: i64,
}

impl IssueName {
    pub(super) fn of(identity: &IssueIdentity) -> Self {
        let region = identity.region.as_ref().map_or("", Region::as_str);
        let (place, _) = Digest::of(&[identity.account.as_str(), region]).halves();
        let (digest, rest) = identity.key().halves();
        Self {
            place,
            digest,
            verify: rest.cast_signed(),
        }
    }

    /// Its number, unless another issue has taken it.
    pub(super) fn first_number(self) -> i64 {
        self.number_at(0)
    }

    fn number_at(self, probe: u64) -> i64 {
        let below = self.digest.wrapping_add(probe) & LOW_MASK;
        (((self.place & HIGH_MASK) << LOW_BITS) | below).cast_signed()
    }

    /// Its number. It is stored if it was not.
    pub(super) fn stored(
        self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        identity: &IssueIdentity,
    ) -> Result<i64, StoreError> {
        for probe in 0..MAX_PROBES {
            let number = self.number_at(probe);
            if self.insert(tx, texts, number, identity)? {
                return Ok(number);
            }
            let found: i64 = tx
                .prepare_cached("SELECT verify FROM issues WHERE id = ?1")?
                .query_row([number], |row| row.get(0))?;
            if found == self.verify {
                return Ok(number);
            }
        }
        Err(StoreError::corrupt(format!(
            "more than {MAX_PROBES} issues share a number"
        )))
    }

    /// Writes it under a number. Returns whether that was free.
    fn insert(
        self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        number: i64,
        identity: &IssueIdentity,
    ) -> Result<bool, StoreError> {
        let region = match &identity.region {
            Some(region) => Some(texts.id(tx, region.as_str())?),
            None => None,
        };
        let written = tx
            .prepare_cached(
                "INSERT INTO issues (id, verify, account, region, resource_kind, resource, problem)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                number,
                self.verify,
                texts.id(tx, identity.account.as_str())?,
                region,
                texts.id(tx, &identity.resource_kind)?,
                identity.resource,
                texts.id(tx, &identity.problem)?,
            ])?;
        Ok(written > 0)
    }
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
