//! Which scopes a wide vantage is followed for.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use crate::domain::{Scope, Vantage};

/// Which scopes each wide vantage is asked for, by the last census. What else it shows is passed
/// over: an account that was excluded, or one that the next census will find.
#[derive(Debug, Default)]
pub(super) struct Sights(RwLock<HashMap<Vantage, Arc<HashSet<Scope>>>>);

impl Sights {
    pub(super) fn set(&self, sights: HashMap<Vantage, HashSet<Scope>>) {
        let sights = sights.into_iter().map(|(v, scopes)| (v, Arc::new(scopes)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sights.collect();
    }

    /// Adds what the next census will name.
    pub(super) fn widen(&self, sights: &HashMap<Vantage, HashSet<Scope>>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (vantage, scopes) in sights {
            let followed = known.entry(vantage.clone()).or_default();
            if !scopes.is_subset(followed) {
                Arc::make_mut(followed).extend(scopes.iter().cloned());
            }
        }
    }

    /// `None` for a vantage that shows itself alone.
    pub(super) fn of(&self, vantage: &Vantage) -> Option<Arc<HashSet<Scope>>> {
        let sights = self.0.read().unwrap_or_else(PoisonError::into_inner);
        sights.get(vantage).cloned()
    }
}
