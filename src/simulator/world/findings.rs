//! Findings of a scope: a time for each, and the text of those that changed.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    super::{
        clock::{self, DAY, Nanos},
        generate::{self, Origin},
    },
    Spot, World,
};

/// A finding that is no longer as it was generated.
#[derive(Debug, Clone)]
struct Changed {
    text: Arc<str>,
    /// The version before, for stale reads.
    previous: Option<Arc<str>>,
}

/// The findings of one scope.
#[derive(Debug)]
pub(in crate::simulator) struct Scope {
    /// By number; `None` once the finding is gone.
    updated: Vec<Option<Nanos>>,
    pub(in crate::simulator) by_time: BTreeSet<(Nanos, usize)>,
    changed: BTreeMap<usize, Changed>,
    /// Numbers of findings that came from outside, by product and id.
    imported: HashMap<(String, String), usize>,
    /// Counts changes, so that a prepared answer can be told from an outdated one.
    version: u64,
}

impl Scope {
    pub(super) fn new(updated: Vec<Nanos>) -> Self {
        Self {
            by_time: updated
                .iter()
                .enumerate()
                .map(|(index, at)| (*at, index))
                .collect(),
            updated: updated.into_iter().map(Some).collect(),
            changed: BTreeMap::new(),
            imported: HashMap::new(),
            version: 0,
        }
    }

    /// Numbers given out so far, those of findings that are gone included.
    pub(super) fn numbered(&self) -> usize {
        self.updated.len()
    }

    pub(super) fn updated(&self, index: usize) -> Option<Nanos> {
        self.updated.get(index).copied().flatten()
    }
}

impl World {
    pub(in crate::simulator) fn held(&self, scope: usize) -> Option<&Scope> {
        self.scopes.get(scope)
    }

    /// Findings that exist in the scope now.
    pub(in crate::simulator) fn count(&self, scope: usize) -> usize {
        self.held(scope).map_or(0, |scope| scope.by_time.len())
    }

    /// Numbers given out in the scope, those of findings that are gone included.
    pub(in crate::simulator) fn numbered(&self, scope: usize) -> usize {
        self.held(scope).map_or(0, Scope::numbered)
    }

    /// How often the scope has changed.
    pub(in crate::simulator) fn version(&self, scope: usize) -> u64 {
        self.held(scope).map_or(0, |scope| scope.version)
    }

    pub(in crate::simulator) fn updated(&self, scope: usize, index: usize) -> Option<Nanos> {
        self.held(scope)?.updated(index)
    }

    /// A finding as it is now; `None` when there is none of this number.
    pub(in crate::simulator) fn text(&self, scope: usize, index: usize) -> Option<Cow<'_, str>> {
        let held = self.held(scope)?;
        let updated = held.updated(index)?;
        if let Some(changed) = held.changed.get(&index) {
            return Some(Cow::Borrowed(&changed.text));
        }
        Some(Cow::Owned(generate::render(
            self.first_origin(scope)?,
            index,
            updated,
            self.started_at,
        )))
    }

    /// Where the scope's findings are made, as they are made now.
    pub(super) fn origin(&self, scope: usize) -> Option<Origin<'_>> {
        let account = self.organization.accounts.get(self.account_of(scope))?;
        Some(Origin {
            place: self.place(scope),
            account,
            region: self.region_name(scope),
            malformed: self.malformed,
            consolidated: account.consolidated,
            switches: account.switches,
        })
    }

    /// The same, as they were made at first.
    pub(super) fn first_origin(&self, scope: usize) -> Option<Origin<'_>> {
        let origin = self.origin(scope)?;
        Some(Origin {
            consolidated: origin.account.consolidated_first,
            switches: 0,
            ..origin
        })
    }

    /// A finding as it was before its last change; as it is, when it never changed.
    pub(in crate::simulator) fn stale_text(
        &self,
        scope: usize,
        index: usize,
    ) -> Option<Cow<'_, str>> {
        let previous = self
            .held(scope)?
            .changed
            .get(&index)
            .and_then(|c| c.previous.as_deref());
        previous
            .map(Cow::Borrowed)
            .or_else(|| self.text(scope, index))
    }

    /// Every finding of a scope.
    pub(in crate::simulator) fn texts(&self, scope: usize) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.held(scope).map_or(0, Scope::numbered))
            .filter_map(move |index| self.text(scope, index))
    }

    /// The number of the finding that a product calls by this id.
    pub(in crate::simulator) fn find(
        &self,
        scope: usize,
        product_arn: &str,
        id: &str,
    ) -> Option<usize> {
        let held = self.held(scope)?;
        if let Some(index) = held.imported.get(&(product_arn.to_owned(), id.to_owned())) {
            return held.updated(*index).map(|_| *index);
        }
        let index = self.made_as(scope, id)?;
        let text = self.text(scope, index)?;
        let finding: serde_json::Value = serde_json::from_str(&text).ok()?;
        let same = finding.get("ProductArn")?.as_str()? == product_arn
            && finding.get("Id")?.as_str()? == id;
        same.then_some(index)
    }

    /// Numbers in a scope that could have this id, whatever the product.
    pub(in crate::simulator) fn candidates_for(&self, scope: usize, id: &str) -> Vec<usize> {
        let Some(held) = self.held(scope) else {
            return Vec::new();
        };
        let imported = held.imported.iter().filter(|((_, found), _)| found == id);
        let mut numbers: Vec<usize> = imported.map(|(_, index)| *index).collect();
        numbers.extend(self.made_as(scope, id));
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The number that the generator hid in an id, when there is such a finding.
    fn made_as(&self, scope: usize, id: &str) -> Option<usize> {
        let index = generate::index_in(self.place(scope), id)?;
        self.updated(scope, index).map(|_| index)
    }

    /// Stores a finding as its provider would; says whether it has an id, a product and a readable
    /// `UpdatedAt`. See [`World::put`].
    pub(in crate::simulator) fn put_value(&mut self, scope: usize, finding: &Value) -> bool {
        let text = |name: &str| finding.get(name).and_then(Value::as_str);
        let updated = text("UpdatedAt").and_then(|text| text.parse::<Timestamp>().ok());
        let (Some(product_arn), Some(id), Some(updated)) =
            (text("ProductArn"), text("Id"), updated)
        else {
            return false;
        };
        let updated = clock::nanos(updated);
        self.put(scope, product_arn, id, finding.to_string(), updated);
        true
    }

    /// Stores a finding that came from outside: a new one, or the next version of a known one.
    pub(in crate::simulator) fn put(
        &mut self,
        scope: usize,
        product_arn: &str,
        id: &str,
        text: String,
        updated: Nanos,
    ) {
        if let Some(index) = self.find(scope, product_arn, id) {
            self.replace(scope, index, text, updated);
            return;
        }
        let index = self.number(scope, updated);
        if let Some(held) = self.scopes.get_mut(scope) {
            held.imported
                .insert((product_arn.to_owned(), id.to_owned()), index);
            held.changed.insert(
                index,
                Changed {
                    text: text.into(),
                    previous: None,
                },
            );
        }
    }

    /// Makes one more finding of the generator's, first seen at `updated`.
    pub(in crate::simulator) fn appear(&mut self, scope: usize, updated: Nanos) -> usize {
        // Its times are written in whole milliseconds at least, so the index must hold such a time.
        let updated = updated - updated.rem_euclid(1_000_000_000);
        let index = self.number(scope, updated);
        // What has been seen once stays as it is, however far the clock moves.
        let text: Option<Arc<str>> = self
            .origin(scope)
            .map(|origin| generate::render(origin, index, updated, self.started_at).into());
        if let (Some(text), Some(held)) = (text, self.scopes.get_mut(scope)) {
            held.changed.insert(
                index,
                Changed {
                    text,
                    previous: None,
                },
            );
        }
        index
    }

    /// Replaces a finding's text, and moves it to where its new time belongs.
    pub(in crate::simulator) fn replace(
        &mut self,
        scope: usize,
        index: usize,
        text: String,
        updated: Nanos,
    ) {
        let previous: Option<Arc<str>> =
            self.text(scope, index).map(|text| Arc::from(text.as_ref()));
        self.forget_time(scope, index);
        if let Some(held) = self.scopes.get_mut(scope) {
            held.changed.insert(
                index,
                Changed {
                    text: text.into(),
                    previous,
                },
            );
        }
        self.learn_time(scope, index, updated);
    }

    /// Takes a finding away for good.
    pub(in crate::simulator) fn remove(&mut self, scope: usize, index: usize) {
        self.forget_time(scope, index);
        if let Some(held) = self.scopes.get_mut(scope) {
            held.changed.remove(&index);
            held.version += 1;
            self.changes += 1;
        }
    }

    /// Drops findings nobody has updated for 90 days, and after 30 days those that were archived because
    /// others took their place. Says how many.
    pub(in crate::simulator) fn expire(&mut self, now: Nanos) -> usize {
        let before = |age| Spot {
            at: now - age,
            scope: 0,
            index: 0,
        };
        let mut old: Vec<Spot> = self.by_time.range(..before(90 * DAY)).copied().collect();
        let kept = self.replaced.split_off(&before(30 * DAY));
        let archived = std::mem::replace(&mut self.replaced, kept).into_iter();
        old.extend(archived.filter(|spot| self.updated(spot.scope, spot.index) == Some(spot.at)));
        old.sort_unstable();
        old.dedup();
        for spot in &old {
            self.remove(spot.scope, spot.index);
        }
        old.len()
    }

    /// Whether the home Region gets copies of findings that appear, or they wait until it does.
    pub(in crate::simulator) fn copy_findings(&mut self, copy: bool) {
        self.uncopied = if copy { None } else { Some(BTreeSet::new()) };
        self.changes += 1;
    }

    /// What is in sight may be another than before.
    pub(in crate::simulator) fn sight_changed(&mut self) {
        self.changes += 1;
    }

    fn number(&mut self, scope: usize, updated: Nanos) -> usize {
        let Some(held) = self.scopes.get_mut(scope) else {
            return 0;
        };
        let index = held.updated.len();
        held.updated.push(None);
        if let Some(uncopied) = &mut self.uncopied {
            uncopied.insert((scope, index));
        }
        self.learn_time(scope, index, updated);
        index
    }

    fn learn_time(&mut self, scope: usize, index: usize, at: Nanos) {
        let Some(held) = self.scopes.get_mut(scope) else {
            return;
        };
        if let Some(slot) = held.updated.get_mut(index) {
            *slot = Some(at);
        }
        held.by_time.insert((at, index));
        held.version += 1;
        self.changes += 1;
        self.by_time.insert(Spot { at, scope, index });
    }

    fn forget_time(&mut self, scope: usize, index: usize) {
        let Some(held) = self.scopes.get_mut(scope) else {
            return;
        };
        let Some(at) = held.updated.get_mut(index).and_then(Option::take) else {
            return;
        };
        held.by_time.remove(&(at, index));
        self.by_time.remove(&Spot { at, scope, index });
    }
}
