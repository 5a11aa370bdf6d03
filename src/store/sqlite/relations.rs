//! Which resources findings put beside each other, and what is near what.

use std::collections::{BTreeSet, HashMap, HashSet};

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
    let place = Place::of(&identity.resource_kind, &identity.resource);
    if related.is_empty() || place == Place::Ground {
        return Ok(());
    }
    let own = End {
        id: issues::resource_of(tx, memory, identity)?,
        place,
    };
    let day = rows::day(now);
    // What leads nowhere is left in the raw finding: nobody looks for it from elsewhere.
    let leads = |other: &&RelatedResource| Place::of(&other.kind, &other.id) != Place::Ground;
    for other in related.iter().filter(leads) {
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
    if is_new {
        for end in ends_to_stir(own, other) {
            stir(tx, end.id)?;
        }
    }
    Ok(())
}

/// The ends behind which everything is that is near across a relation. That is a thing, which only what is
/// beside it is near to: a role has instances without number that a new one has nothing to do with. Without
/// a thing it is the end that is farther from things.
fn ends_to_stir(own: End, other: End) -> impl Iterator<Item = End> {
    let (own_distance, other_distance) = (own.place.distance(), other.place.distance());
    let (own_is, other_is) = match own_distance.min(other_distance) {
        0 => (own_distance == 0, own_distance > 0),
        _ => (
            own_distance >= other_distance,
            other_distance >= own_distance,
        ),
    };
    [(own, own_is), (other, other_is)]
        .into_iter()
        .filter_map(|(end, is)| is.then_some(end))
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
    let mut seen = HashSet::from([resource]);
    let mut edge = beside(tx, resource)?;
    for _ in 1..=FARTHEST {
        let mut next = Vec::new();
        for end in edge {
            if !seen.insert(end.id) {
                continue;
            }
            found.push(end.id);
            next.extend(beside_of(tx, end.id, end.place.leads_to())?);
        }
        edge = next;
    }
    Ok(found)
}

/// The resources that one is near to, itself included. They may be as many as there are: a role's
/// instances.
fn behind(tx: &Transaction<'_>, resource: i64) -> Result<BTreeSet<i64>, StoreError> {
    let mut found = BTreeSet::from([resource]);
    let mut edge = beside(tx, resource)?;
    if edge.is_empty() {
        return Ok(found);
    }
    let Some(place) = place_of(tx, resource)? else {
        return Ok(found);
    };
    for _ in 1..=FARTHEST {
        let mut next = Vec::new();
        for end in edge {
            if found.insert(end.id) && place.reached_through().contains(&end.place) {
                next.extend(beside(tx, end.id)?);
            }
        }
        edge = next;
    }
    Ok(found)
}

/// What is beside a resource.
fn beside(tx: &Transaction<'_>, resource: i64) -> Result<Vec<End>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT other, place FROM relations WHERE resource = ?1")?;
    let mut ends = Vec::new();
    let mut all = statement.query([resource])?;
    while let Some(row) = all.next()? {
        ends.push(End {
            id: row.get(0)?,
            place: place(row.get(1)?)?,
        });
    }
    Ok(ends)
}

/// What is beside a resource, of these places: a role's policies, and not its thousand instances.
fn beside_of(
    tx: &Transaction<'_>,
    resource: i64,
    places: &[Place],
) -> Result<Vec<End>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT other FROM relations WHERE resource = ?1 AND place = ?2")?;
    let mut ends = Vec::new();
    for place in places {
        let mut all = statement.query(params![resource, place.code()])?;
        while let Some(row) = all.next()? {
            ends.push(End {
                id: row.get(0)?,
                place: *place,
            });
        }
    }
    Ok(ends)
}

fn place(code: u8) -> Result<Place, StoreError> {
    Place::from_code(code).ok_or_else(|| StoreError::corrupt(format!("{code} is no place")))
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
