//! What was out of a wide vantage's sight for so short a time that no census noticed.
//!
//! Nobody is told when a member leaves an administrator or a Region is no longer linked: its findings
//! are merely lacking. A census that notices makes a comparison follow once they are back. What came in
//! a shorter absence is found by the daily comparison alone, so lives whose clocks are fewer must not
//! ask for it.

use std::collections::{BTreeMap, BTreeSet};

use hubwatch::{
    domain::{Scope, Vantage},
    simulator::Handle,
    store::Store,
};

use crate::{
    checks,
    outlook::{Outlook, Tower},
};

#[derive(Debug, Default)]
pub(crate) struct Blinks {
    /// What is hidden now, and whether a census has noticed.
    hidden: BTreeMap<Scope, bool>,
    blinked: BTreeSet<Scope>,
    /// What has blinked at any time.
    pub(crate) ever: BTreeSet<Scope>,
    seen_from: BTreeMap<Scope, Option<Vantage>>,
}

impl Blinks {
    /// Looks at what the daemon has noticed. Called before anything about sight changes.
    pub(crate) async fn observe(&mut self, store: &dyn Store) {
        for found in store.coverage().await.unwrap() {
            let is_seen = found.seen_from.is_some();
            let before = self
                .seen_from
                .insert(found.scope.clone(), found.seen_from.clone());
            let has_changed = before.is_some_and(|before| before != found.seen_from);
            if has_changed {
                self.blinked.remove(&found.scope);
            }
            if let Some(noticed) = self.hidden.get_mut(&found.scope) {
                *noticed |= has_changed || !is_seen;
            }
        }
    }

    /// Sight may have changed: the faults are others, or the settings.
    pub(crate) fn change(&mut self, world: &Handle, tower: &Tower, outlook: Outlook) {
        let faults = world.faults();
        let scopes = world.truth().scopes;
        let hides = scopes.iter().filter(|s| tower.hides(outlook, s, &faults));
        let mut before = std::mem::take(&mut self.hidden);
        for scope in hides.map(checks::name) {
            let noticed = before.remove(&scope).unwrap_or(false);
            self.hidden.insert(scope, noticed);
        }
        for (scope, _) in before.into_iter().filter(|(_, noticed)| !noticed) {
            self.ever.insert(scope.clone());
            self.blinked.insert(scope);
        }
    }

    /// Whether something may have come that only a comparison of everything will find.
    pub(crate) fn concern(&self, scope: &Scope) -> bool {
        self.blinked.contains(scope) || self.hidden.get(scope) == Some(&false)
    }
}
