//! Resources as rows: what issues and incidents are about, written once for all of them.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{AccountId, Digest, Region};

use super::{super::StoreError, texts::TextIds};

/// Bits of a name below the account and Region.
const LOW_BITS: u32 = 47;
const LOW_MASK: u64 = (1 << LOW_BITS) - 1;
/// Bits for the account and Region. They only bring together what is read and written together, so it
/// does no harm that some scopes share them.
const HIGH_MASK: u64 = (1 << (63 - LOW_BITS)) - 1;
/// How many resources may share a name. A million of them in one scope make such a pair once in 280
/// stores, so eight is never reached by chance.
const MAX_PROBES: u64 = 8;
/// How many numbers are remembered, in up to 13 MB: what comes from outside must not grow without bound.
/// With 50,000, naming resources was 9 % of a sync of a million findings.
const REMEMBERED: usize = 400_000;

/// A resource of an account, in a Region unless it is global.
#[derive(Clone, Copy)]
pub(super) struct Resource<'a> {
    pub(super) account: &'a AccountId,
    pub(super) region: Option<&'a Region>,
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
}

/// Numbers of resources.
#[derive(Debug, Default)]
pub(super) struct ResourceIds {
    known: HashMap<Digest, i64>,
}

impl ResourceIds {
    /// The number of a resource, which is stored if it was not. Its kind is the one that was first
    /// said.
    pub(super) fn id(
        &mut self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        resource: Resource<'_>,
    ) -> Result<i64, StoreError> {
        let region = resource.region.map_or("", Region::as_str);
        let digest = Digest::of(&[resource.account.as_str(), region, resource.id]);
        if let Some(id) = self.known.get(&digest) {
            return Ok(*id);
        }
        let id = stored(tx, texts, resource, digest)?;
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(digest, id);
        Ok(id)
    }

    /// Forgets all, because some may be removed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

fn stored(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    resource: Resource<'_>,
    digest: Digest,
) -> Result<i64, StoreError> {
    let region = resource.region.map_or("", Region::as_str);
    let (place, _) = Digest::of(&[resource.account.as_str(), region]).halves();
    let (below, rest) = digest.halves();
    let verify = rest.cast_signed();
    for probe in 0..MAX_PROBES {
        let below = below.wrapping_add(probe) & LOW_MASK;
        let name = (((place & HIGH_MASK) << LOW_BITS) | below).cast_signed();
        if let Some(id) = insert(tx, texts, resource, (name, verify))? {
            return Ok(id);
        }
        let (id, found): (i64, i64) = tx
            .prepare_cached("SELECT id, verify FROM resources WHERE name = ?1")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if found == verify {
            return Ok(id);
        }
    }
    Err(StoreError::corrupt(format!(
        "more than {MAX_PROBES} resources share a name"
    )))
}

/// Writes a resource under a name. `None` when that is taken.
fn insert(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    resource: Resource<'_>,
    (name, verify): (i64, i64),
) -> Result<Option<i64>, StoreError> {
    let region = match resource.region {
        Some(region) => Some(texts.id(tx, region.as_str())?),
        None => None,
    };
    let written = tx
        .prepare_cached(
            "INSERT INTO resources (name, verify, account, region, kind, resource)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![
            name,
            verify,
            texts.id(tx, resource.account.as_str())?,
            region,
            texts.id(tx, resource.kind)?,
            resource.id,
        ])?;
    Ok((written > 0).then(|| tx.last_insert_rowid()))
}

/// Removes a resource that nothing is about any more. One whose name was taken has the next free one:
/// it would no longer be found behind a gap.
pub(super) fn remove_unused(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    let unused: Option<i64> = tx
        .prepare_cached(
            "SELECT id FROM resources WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM issues WHERE issues.resource = resources.id)
                 AND NOT EXISTS (SELECT 1 FROM incidents WHERE incidents.resource = resources.id)
                 AND NOT EXISTS (SELECT 1 FROM relations WHERE relations.resource = resources.id)
                 AND NOT EXISTS (SELECT 1 FROM resources AS next WHERE next.name = resources.name + 1)",
        )?
        .query_row([id], |row| row.get(0))
        .optional()?;
    if let Some(id) = unused {
        tx.prepare_cached("DELETE FROM resources WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn two_resources_of_one_name_are_told_apart_and_leave_no_gap() {
        let mut database = Connection::open_in_memory().unwrap();
        database
            .execute_batch(include_str!("migrations/0001.sql"))
            .unwrap();
        let tx = database.transaction().unwrap();
        let account = AccountId::from("111122223333");
        let bucket = Resource {
            account: &account,
            region: None,
            kind: "AwsS3Bucket",
            id: "arn:aws:s3:::logs",
        };
        let number = |ids: &mut ResourceIds| ids.id(&tx, &mut TextIds::default(), bucket).unwrap();
        let other = number(&mut ResourceIds::default());
        // As if another resource had taken the name.
        tx.execute("UPDATE resources SET verify = verify + 1", [])
            .unwrap();
        let ours = number(&mut ResourceIds::default());
        assert_ne!(ours, other);
        assert_eq!(number(&mut ResourceIds::default()), ours, "found again");

        let count = || -> i64 {
            let sql = "SELECT count(*) FROM resources";
            tx.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        remove_unused(&tx, other).unwrap();
        assert_eq!(count(), 2, "ours would not be found behind a gap");
        remove_unused(&tx, ours).unwrap();
        remove_unused(&tx, other).unwrap();
        assert_eq!(count(), 0);
    }
}
