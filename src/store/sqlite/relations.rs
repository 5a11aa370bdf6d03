//! Which resources findings put beside each other, and what is near what.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{OptionalExtension, Transaction, params};

use crate::{
    correlate::Place,
    domain::{IssueIdentity, Parts, RelatedResource, Timestamp},
};

use super::{super::StoreError, Memory, issues, resources::Resource, rows};

/// How many relations are remembered as said today, in up to 8 MB.
const REMEMBERED: usize = 100_000;
/// How far relations are followed: from an instance to its profile, its role and what that may do.
const FARTHEST: usize = 3;

/// On which day each relation was last said. Daily readings say all of them again, and must not write
/// them all again.
#[derive(Debug, Default)]
pub(super) struct SaidRelations {
    days: HashMap<(i64, i64), i64>,
}

impl SaidRelations {
    /// Whether it is not known that the relation was said on this day.
    fn is_news(&mut self, pair: (i64, i64), day: i64) -> bool {
        if self.days.get(&pair) == Some(&day) {
            return false;
        }
        if self.days.len() >= REMEMBERED {
            self.days.clear();
        }
        self.days.insert(pair, day);
        true
    }

    /// Forgets all, because some may be removed.
    pub(super) fn forget(&mut self) {
        self.days.clear();
    }
}

/// A resource's number and what it is to others.
#[derive(Clone, Copy)]
struct End {
    id: i64,
    place: Place,
}

/// Notes what a finding of a scope says of the resource of its issue and others.
pub(super) fn note(
    tx: &Transaction<'_>,
    memory: &mut Memory,
    scope: i64,
    identity: &IssueIdentity,
    related: &[RelatedResource],
    now: Timestamp,
) -> Result<(), StoreError> {
    if related.is_empty() {
        return Ok(());
    }
    let own = End {
        id: issues::resource_of(tx, memory, identity)?,
        place: Place::of(&identity.resource_kind, &identity.resource),
    };
    let day = rows::day(now);
    for other in related {
        let resource = Resource {
            account: &other.account,
            region: other.region.as_ref(),
            kind: &other.kind,
            id: &other.id,
        };
        let other = End {
            id: memory.resources.id(tx, &mut memory.texts, resource)?,
            place: Place::of(&other.kind, &other.id),
        };
        if other.id != own.id && memory.relations.is_news((own.id, other.id), day) {
            write(tx, own, other, scope, day)?;
        }
    }
    Ok(())
}

fn write(
    tx: &Transaction<'_>,
    own: End,
    other: End,
    scope: i64,
    day: i64,
) -> Result<(), StoreError> {
    let mut is_new = false;
    for (from, to) in [(own, other), (other, own)] {
        is_new |= insert(tx, from.id, to, scope, day)?;
    }
    if is_new && ![own.place, other.place].contains(&Place::Ground) {
        stir(tx, own.id)?;
        stir(tx, other.id)?;
    }
    Ok(())
}

/// Writes one direction of a relation. Returns whether it was not there.
fn insert(
    tx: &Transaction<'_>,
    from: i64,
    to: End,
    scope: i64,
    day: i64,
) -> Result<bool, StoreError> {
    let row = params![from, to.place.code(), to.id, scope, day];
    let inserted = tx
        .prepare_cached(
            "INSERT INTO relations (resource, place, other, scope, said)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(row)?;
    if inserted == 0 {
        tx.prepare_cached(
            "UPDATE relations SET scope = ?4, said = ?5
             WHERE resource = ?1 AND place = ?2 AND other = ?3 AND said < ?5",
        )?
        .execute(row)?;
    }
    Ok(inserted > 0)
}

/// Marks a resource of which a relation is new or gone.
pub(super) fn stir(tx: &Transaction<'_>, resource: i64) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO stirred (resource) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([resource])?;
    Ok(())
}

/// Touches the issues near some of the resources that were stirred, and clears their marks. Returns how
/// many resources there were.
pub(super) fn settle_stirred(tx: &Transaction<'_>, limit: u32) -> Result<usize, StoreError> {
    let stirred: Vec<i64> = tx
        .prepare_cached("SELECT resource FROM stirred ORDER BY resource LIMIT ?1")?
        .query_map([limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for resource in &stirred {
        touch_anchors(tx, *resource, &BTreeSet::new())?;
        tx.prepare_cached("DELETE FROM stirred WHERE resource = ?1")?
            .execute([resource])?;
    }
    Ok(stirred.len())
}

/// Touches the anchors of rules on a resource and on all from which it is near, but for those that
/// are `decided` with what is known now. That is no news by itself.
pub(super) fn touch_anchors(
    tx: &Transaction<'_>,
    resource: i64,
    decided: &BTreeSet<i64>,
) -> Result<(), StoreError> {
    for near in behind(tx, resource)? {
        let anchors: Vec<i64> = tx
            .prepare_cached(
                "SELECT id FROM issues WHERE resource = ?1 AND parts <> 0 AND parts & ?2 <> 0",
            )?
            .query_map(params![near, Parts::ANCHORS.code()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for anchor in anchors.iter().filter(|anchor| !decided.contains(anchor)) {
            super::record::touch(tx, *anchor, false)?;
        }
    }
    Ok(())
}

/// The resources that are near one, itself first: those beside it, and those that they lead to.
pub(super) fn around(tx: &Transaction<'_>, resource: i64) -> Result<Vec<i64>, StoreError> {
    let mut found = vec![resource];
    let mut edge = beside(tx, resource, &Place::ALL)?;
    for _ in 1..=FARTHEST {
        let mut next = Vec::new();
        for end in edge {
            if end.place == Place::Ground || found.contains(&end.id) {
                continue;
            }
            found.push(end.id);
            next.extend(beside(tx, end.id, end.place.leads_to())?);
        }
        edge = next;
    }
    Ok(found)
}

/// The resources that one is near to, itself included. They may be as many as there are: a role's
/// instances.
fn behind(tx: &Transaction<'_>, resource: i64) -> Result<BTreeSet<i64>, StoreError> {
    let Some(place) = place_of(tx, resource)? else {
        return Ok(BTreeSet::new());
    };
    let mut found = BTreeSet::from([resource]);
    let mut edge = vec![resource];
    for _ in 1..=FARTHEST {
        let mut next = Vec::new();
        for from in edge {
            for end in beside(tx, from, &Place::ALL)? {
                if end.place != Place::Ground
                    && found.insert(end.id)
                    && place.reached_through().contains(&end.place)
                {
                    next.push(end.id);
                }
            }
        }
        edge = next;
    }
    Ok(found)
}

/// What is beside a resource, of these places.
fn beside(tx: &Transaction<'_>, resource: i64, places: &[Place]) -> Result<Vec<End>, StoreError> {
    let mut ends = Vec::new();
    let mut of_place =
        tx.prepare_cached("SELECT other FROM relations WHERE resource = ?1 AND place = ?2")?;
    for place in places {
        let mut all = of_place.query(params![resource, place.code()])?;
        while let Some(row) = all.next()? {
            ends.push(End {
                id: row.get(0)?,
                place: *place,
            });
        }
    }
    Ok(ends)
}

/// What a resource is to others; `None` when it was removed.
fn place_of(tx: &Transaction<'_>, resource: i64) -> Result<Option<Place>, StoreError> {
    let place = tx
        .prepare_cached(
            "SELECT (SELECT text FROM texts WHERE texts.id = kind), resource FROM resources WHERE id = ?1",
        )?
        .query_row([resource], |row| {
            let (kind, id) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
            Ok(Place::of(kind, id))
        })
        .optional()?;
    Ok(place)
}
