//! What is known of issues beside what makes them one: products, types, tags, accounts.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use rusqlite::{OptionalExtension, Transaction, params};

use crate::domain::{About, AccountFacts, AccountId, Digest, Learned, Standing, Tags, Timestamp};

use super::{super::StoreError, record::touch, rows, texts::TextIds};

/// What stands between the types of a finding in one text; no type has a line's end.
pub(super) const BETWEEN_TYPES: &str = "\n";

/// Each once, in order.
type Texts = Vec<Arc<str>>;

/// Reads what is known of issues, and remembers accounts for as long as a transaction.
#[derive(Default)]
pub(super) struct Known {
    accounts: HashMap<AccountId, Arc<AccountFacts>>,
}

impl Known {
    /// What is known of an issue on a resource.
    pub(super) fn of(
        &mut self,
        tx: &Transaction<'_>,
        texts: &mut TextIds,
        issue: i64,
        resource: i64,
        account: &AccountId,
    ) -> Result<About, StoreError> {
        let (products, types) = of_findings(tx, texts, issue)?;
        Ok(About {
            products,
            types,
            resource_tags: resource_tags(tx, resource)?,
            account: self.account(tx, account)?,
        })
    }

    fn account(
        &mut self,
        tx: &Transaction<'_>,
        account: &AccountId,
    ) -> Result<Arc<AccountFacts>, StoreError> {
        if let Some(known) = self.accounts.get(account) {
            return Ok(Arc::clone(known));
        }
        let facts = Arc::new(facts(tx, account)?.unwrap_or_default());
        self.accounts.insert(account.clone(), Arc::clone(&facts));
        Ok(facts)
    }
}

/// What the organization says of an account; `None` if it never said anything.
pub(super) fn facts(
    tx: &Transaction<'_>,
    account: &AccountId,
) -> Result<Option<AccountFacts>, StoreError> {
    let json: Option<String> = tx
        .prepare_cached("SELECT facts FROM accounts WHERE account = ?1")?
        .query_row([account.as_str()], |row| row.get(0))
        .optional()?;
    json.map(|json| serde_json::from_str(&json))
        .transpose()
        .map_err(|error| StoreError::corrupt(format!("an account's facts: {error}")))
}

/// See [`super::super::Store::note_accounts`].
pub(super) fn note_accounts(
    tx: &Transaction<'_>,
    learned: Vec<(AccountId, Learned)>,
) -> Result<(), StoreError> {
    let mut changed = Vec::new();
    for (account, learned) in learned {
        if learned == Learned::default() {
            continue;
        }
        let before = facts(tx, &account)?.unwrap_or_default();
        let after = before.clone().learn(learned);
        if after == before {
            continue;
        }
        let json = serde_json::to_string(&after)
            .map_err(|error| StoreError::corrupt(error.to_string()))?;
        tx.prepare_cached(
            "INSERT INTO accounts (account, facts) VALUES (?1, ?2)
             ON CONFLICT (account) DO UPDATE SET facts = excluded.facts",
        )?
        .execute([account.as_str(), &json])?;
        changed.push(account);
    }
    touch_accounts(tx, &changed)
}

/// Touches the decided issues of accounts, which is no news of them. Those that were never decided are
/// touched already. All accounts at once, because it passes over all resources.
fn touch_accounts(tx: &Transaction<'_>, accounts: &[AccountId]) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = accounts.iter().map(AccountId::as_str).collect();
    let ids =
        serde_json::to_string(&ids).map_err(|error| StoreError::corrupt(error.to_string()))?;
    tx.prepare_cached(
        "INSERT INTO touched (issue, history)
         SELECT issues.id, 1 FROM resources JOIN issues ON issues.resource = resources.id
         WHERE resources.account IN (SELECT texts.id FROM json_each(?1) JOIN texts ON text = value)
           AND issues.status IS NOT NULL
         ON CONFLICT (issue) DO NOTHING",
    )?
    .execute([ids])?;
    Ok(())
}

/// Products and types of the open findings of an issue, or of all when none is open.
fn of_findings(
    tx: &Transaction<'_>,
    texts: &mut TextIds,
    issue: i64,
) -> Result<(Texts, Texts), StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT product, types, standing = ?2 FROM findings WHERE issue = ?1",
    )?;
    let mut found = Vec::new();
    let mut all = statement.query(params![issue, Standing::Open.code()])?;
    while let Some(row) = all.next()? {
        let (product, types, open): (i64, Option<i64>, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        found.push((product, types, open));
    }
    let any_open = found.iter().any(|(_, _, open)| *open);
    let mut products = BTreeSet::new();
    let mut types = BTreeSet::new();
    for (product, of_types, open) in found {
        if any_open && !open {
            continue;
        }
        products.insert(texts.text(tx, product)?);
        if let Some(of_types) = of_types {
            let joined = texts.text(tx, of_types)?;
            types.extend(joined.split(BETWEEN_TYPES).map(Arc::from));
        }
    }
    Ok((products.into_iter().collect(), types.into_iter().collect()))
}

pub(super) fn resource_tags(tx: &Transaction<'_>, resource: i64) -> Result<Tags, StoreError> {
    let tags: Option<String> = tx
        .prepare_cached("SELECT tags FROM resources WHERE id = ?1")?
        .query_row([resource], |row| row.get(0))?;
    match tags {
        Some(json) => serde_json::from_str(&json)
            .map_err(|error| StoreError::corrupt(format!("a resource's tags: {error}"))),
        None => Ok(Tags::new()),
    }
}

/// How many resources' tags are remembered, in up to 8 MB.
const REMEMBERED: usize = 100_000;

/// The newest tags that were said of resources: most findings of one say the same.
#[derive(Debug, Default)]
pub(super) struct SaidTags {
    newest: HashMap<i64, (i64, Digest)>,
}

impl SaidTags {
    /// Whether these tags, said at this version, are not known to be older than others or the same.
    fn is_news(&mut self, resource: i64, version: i64, tags: Digest) -> bool {
        if let Some((newest, said)) = self.newest.get_mut(&resource) {
            if version < *newest {
                return false;
            }
            if *said == tags {
                *newest = version;
                return false;
            }
        }
        if self.newest.len() >= REMEMBERED {
            self.newest.clear();
        }
        self.newest.insert(resource, (version, tags));
        true
    }

    /// Forgets all, because some may be removed.
    pub(super) fn forget(&mut self) {
        self.newest.clear();
    }
}

/// Notes the tags of a resource, as a finding says them that was updated at this time. The newest word
/// holds, whichever comes last. Issues on a resource whose tags are others now are decided again.
pub(super) fn note_tags(
    tx: &Transaction<'_>,
    said: &mut SaidTags,
    resource: i64,
    tags: &Tags,
    updated_at: Timestamp,
) -> Result<(), StoreError> {
    let version = rows::version(updated_at);
    let pieces = tags
        .iter()
        .flat_map(|(key, value)| [key.as_str(), value.as_str()]);
    if !said.is_news(resource, version, Digest::of(&pieces.collect::<Vec<_>>())) {
        return Ok(());
    }
    let json =
        serde_json::to_string(tags).map_err(|error| StoreError::corrupt(error.to_string()))?;
    let known: (Option<String>, Option<i64>) = tx
        .prepare_cached("SELECT tags, tags_at FROM resources WHERE id = ?1")?
        .query_row([resource], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (before, at) = known;
    // Of two words of one moment the greater text holds, so that their order decides nothing.
    let is_newer = at.is_none_or(|at| (version, Some(&json)) > (at, before.as_ref()));
    if !is_newer {
        return Ok(());
    }
    tx.prepare_cached("UPDATE resources SET tags = ?2, tags_at = ?3 WHERE id = ?1")?
        .execute(params![resource, json, version])?;
    if before.is_none_or(|before| before != json) {
        let decided = "SELECT id FROM issues WHERE resource = ?1 AND status IS NOT NULL";
        touch_all(tx, decided, [resource])?;
    }
    Ok(())
}

/// Touches the issues that a query finds, which is no news of them.
pub(super) fn touch_all(
    tx: &Transaction<'_>,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<(), StoreError> {
    let issues: Vec<i64> = tx
        .prepare_cached(sql)?
        .query_map(params, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for issue in issues {
        touch(tx, issue, false)?;
    }
    Ok(())
}
