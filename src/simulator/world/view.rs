//! Who sees what: one scope, a Region of all members, or everything.

use std::{collections::BTreeSet, ops::Bound};

use super::{
    super::{clock::Nanos, faults::Faults},
    World,
    findings::Scope,
};

/// From where to where, as an ordered set takes it.
type Range<T> = (Bound<T>, Bound<T>);

/// A finding's place in time. Sorts by time, then by scope and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) struct Spot {
    pub(in crate::simulator) at: Nanos,
    pub(in crate::simulator) scope: usize,
    pub(in crate::simulator) index: usize,
}

/// The order in which findings are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) enum Order {
    /// As they are stored; nothing promised.
    Stored,
    OldestFirst,
    NewestFirst,
}

/// The scopes that one account sees in one Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct View {
    width: Width,
    /// Scopes that are out of sight: no members, or not linked, or by a fault.
    hidden: BTreeSet<usize>,
    /// Where the view is from.
    region: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Scope(usize),
    Region(usize),
    Everything,
}

impl View {
    fn sees(&self, world: &World, scope: usize) -> bool {
        let within = match self.width {
            Width::Scope(only) => scope == only,
            Width::Region(region) => world.region_of(scope) == region,
            Width::Everything => true,
        };
        within && !self.hidden.contains(&scope)
    }

    /// Whether a finding is in sight: those of other Regions are only once they are copied.
    fn shows(&self, world: &World, spot: &Spot) -> bool {
        let is_copy = self.width == Width::Everything && world.region_of(spot.scope) != self.region;
        let waits =
            |uncopied: &BTreeSet<(usize, usize)>| uncopied.contains(&(spot.scope, spot.index));
        self.sees(world, spot.scope) && !(is_copy && world.uncopied.as_ref().is_some_and(waits))
    }

    /// A number that changes when anything in sight does.
    pub(in crate::simulator) fn version(&self, world: &World) -> u64 {
        match self.width {
            Width::Scope(only) => world.version(only),
            Width::Region(_) | Width::Everything => world.changes,
        }
    }

    /// Whether more than the caller's own scope is in sight.
    pub(in crate::simulator) fn is_wide(&self) -> bool {
        !matches!(self.width, Width::Scope(_))
    }
}

impl World {
    /// What an account sees in a Region. The administrator sees all members there, and in the first
    /// Region, where findings are aggregated, those of every Region.
    pub(in crate::simulator) fn view(
        &self,
        account: usize,
        region: usize,
        faults: &Faults,
    ) -> View {
        let width = match (self.organization.administrator == Some(account), region) {
            (true, 0) => Width::Everything,
            (true, _) => Width::Region(region),
            (false, _) => Width::Scope(self.scope(account, region)),
        };
        let named = faults.hub_off.iter().chain(&faults.region_off);
        let hidden: BTreeSet<usize> = match width {
            Width::Scope(_) => named.filter_map(|name| self.scope_called(name)).collect(),
            Width::Region(_) => named
                .chain(&faults.disassociated)
                .filter_map(|name| self.scope_called(name))
                .collect(),
            Width::Everything => {
                // A member in the linked Region alone is not aggregated.
                let at_home = |name: &String| {
                    let account = self.account_of(self.scope_called(name)?);
                    (self.scope_called(name)? == self.scope(account, region)).then_some(account)
                };
                let strangers: BTreeSet<usize> =
                    faults.disassociated.iter().filter_map(at_home).collect();
                let out = |scope: &usize| {
                    faults.unlinked_regions.contains(self.region_name(*scope))
                        || strangers.contains(&self.account_of(*scope))
                };
                let named = named.chain(&faults.disassociated);
                let named = named.filter_map(|name| self.scope_called(name));
                named.chain(self.scopes().filter(out)).collect()
            }
        };
        View {
            width,
            hidden,
            region,
        }
    }

    /// The scope of `ACCOUNT/REGION`.
    fn scope_called(&self, name: &str) -> Option<usize> {
        let (account, region) = name.split_once('/')?;
        self.scope_named(account, region)
    }

    /// The findings in sight whose `UpdatedAt` lies between two times, both included, in order,
    /// starting behind `after`.
    pub(in crate::simulator) fn spots<'a>(
        &'a self,
        view: &'a View,
        order: Order,
        between: (Nanos, Nanos),
        after: Option<Spot>,
    ) -> Box<dyn Iterator<Item = Spot> + 'a> {
        let (from, to) = between;
        if from > to {
            return Box::new(std::iter::empty());
        }
        match (order, view.width) {
            (Order::Stored, _) => Box::new(
                self.stored(view, after)
                    .filter(move |spot| (from..=to).contains(&spot.at)),
            ),
            (Order::OldestFirst, Width::Scope(scope)) => {
                let low = after.map_or(Bound::Included((from, 0)), |spot| {
                    Bound::Excluded((spot.at, spot.index))
                });
                Box::new(self.within(view, scope, (low, Bound::Included((to, usize::MAX)))))
            }
            (Order::NewestFirst, Width::Scope(scope)) => {
                let high = after.map_or(Bound::Included((to, usize::MAX)), |spot| {
                    Bound::Excluded((spot.at, spot.index))
                });
                Box::new(
                    self.within(view, scope, (Bound::Included((from, 0)), high))
                        .rev(),
                )
            }
            (Order::OldestFirst, Width::Region(_) | Width::Everything) => {
                let low = after.map_or(Bound::Included(first(from)), Bound::Excluded);
                Box::new(self.anywhere(view, (low, Bound::Included(last(to)))))
            }
            (Order::NewestFirst, Width::Region(_) | Width::Everything) => {
                let high = after.map_or(Bound::Included(last(to)), Bound::Excluded);
                Box::new(
                    self.anywhere(view, (Bound::Included(first(from)), high))
                        .rev(),
                )
            }
        }
    }

    /// Spots in sight that could carry an id.
    pub(in crate::simulator) fn spots_with_id(&self, view: &View, id: &str) -> Vec<Spot> {
        let seen: Vec<usize> = match view.width {
            Width::Scope(scope) => vec![scope],
            Width::Region(_) | Width::Everything => self.scopes().collect(),
        };
        seen.into_iter()
            .filter(|scope| view.sees(self, *scope))
            .flat_map(|scope| {
                let numbers = self.candidates_for(scope, id);
                numbers.into_iter().filter_map(move |index| {
                    self.updated(scope, index)
                        .map(|at| Spot { at, scope, index })
                })
            })
            .filter(|spot| view.shows(self, spot))
            .collect()
    }

    fn within<'a>(
        &'a self,
        view: &'a View,
        scope: usize,
        range: Range<(Nanos, usize)>,
    ) -> impl DoubleEndedIterator<Item = Spot> + 'a {
        let held = self
            .held(scope)
            .filter(|_| view.sees(self, scope) && !inverted(range));
        let found = held
            .into_iter()
            .flat_map(move |held| held.by_time.range(range));
        found.map(move |(at, index)| Spot {
            at: *at,
            scope,
            index: *index,
        })
    }

    fn anywhere<'a>(
        &'a self,
        view: &'a View,
        range: Range<Spot>,
    ) -> impl DoubleEndedIterator<Item = Spot> + 'a {
        let set = (!inverted(range)).then_some(&self.by_time);
        let found = set.into_iter().flat_map(move |set| set.range(range));
        found.copied().filter(|spot| view.shows(self, spot))
    }

    fn stored<'a>(
        &'a self,
        view: &'a View,
        after: Option<Spot>,
    ) -> impl Iterator<Item = Spot> + 'a {
        let scopes = match view.width {
            Width::Scope(only) => only..only + 1,
            Width::Region(_) | Width::Everything => self.scopes(),
        };
        let (start, skip) = after.map_or((scopes.start, 0), |spot| (spot.scope, spot.index + 1));
        (start.max(scopes.start)..scopes.end)
            .filter(move |scope| view.sees(self, *scope))
            .filter_map(|scope| self.held(scope).map(|held| (scope, held)))
            .flat_map(move |(scope, held)| {
                let first = if scope == start { skip } else { 0 };
                spots_of(scope, held, first)
            })
            .filter(|spot| view.shows(self, spot))
    }
}

fn spots_of(scope: usize, held: &Scope, first: usize) -> impl Iterator<Item = Spot> + '_ {
    (first..held.numbered())
        .filter_map(move |index| held.updated(index).map(|at| Spot { at, scope, index }))
}

/// A range that `BTreeSet::range` would refuse: it can come from a token older than the window.
fn inverted<T: PartialOrd>((low, high): Range<T>) -> bool {
    match (low, high) {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (
            Bound::Included(low) | Bound::Excluded(low),
            Bound::Excluded(high) | Bound::Included(high),
        ) => low >= high,
        _ => false,
    }
}

fn first(at: Nanos) -> Spot {
    Spot {
        at,
        scope: 0,
        index: 0,
    }
}

fn last(at: Nanos) -> Spot {
    Spot {
        at,
        scope: usize::MAX,
        index: usize::MAX,
    }
}
