//! Open issues that mean something to those near them.

use std::{collections::HashMap, sync::Arc};

use rusqlite::Transaction;

use crate::domain::{Parts, decision::Neighbour};

use super::{super::StoreError, relations, texts::TextIds};

/// The neighbours of the issues of one step. Issues that stand together in the file are often of one
/// resource.
#[derive(Default)]
pub(super) struct Neighbours {
    known: HashMap<i64, Arc<[Neighbour]>>,
}

impl Neighbours {
    /// Open issues on a resource and near it that mean something to others.
    pub(super) fn of(
        &mut self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        resource: i64,
    ) -> Result<Arc<[Neighbour]>, StoreError> {
        if let Some(known) = self.known.get(&resource) {
            return Ok(Arc::clone(known));
        }
        let mut found = Vec::new();
        for near in relations::around(tx, resource)? {
            collect(tx, texts, near, near == resource, &mut found)?;
        }
        let found: Arc<[Neighbour]> = found.into();
        self.known.insert(resource, Arc::clone(&found));
        Ok(found)
    }
}

fn collect(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    resource: i64,
    here: bool,
    found: &mut Vec<Neighbour>,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT issues.id, problem, parts, coalesce(history, 1), resources.resource
         FROM issues JOIN resources ON resources.id = issues.resource
         WHERE issues.resource = ?1 AND parts <> 0",
    )?;
    let mut all = statement.query([resource])?;
    while let Some(row) = all.next()? {
        found.push(Neighbour {
            issue: row.get(0)?,
            problem: texts.text(tx, row.get(1)?)?,
            parts: Parts::from_code(row.get(2)?),
            history: row.get(3)?,
            resource: row.get::<_, String>(4)?.into(),
            here,
        });
    }
    Ok(())
}
