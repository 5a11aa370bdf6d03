//! Standing aside: those in trouble never hold more than half of the readers.
//!
//! A scope whose requests hang or fail holds its reader for minutes, with every try and the waits in
//! between. Many of them at once, as when one Region is down, would hold all readers, and nobody else
//! would be read.

use std::{
    collections::HashSet,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who is in trouble that may pass, and how many readers they may hold.
#[derive(Debug)]
pub(super) struct Aside<K> {
    places: Arc<Semaphore>,
    /// As many as there are scopes, at most.
    in_trouble: RwLock<HashSet<K>>,
}

/// Leave to read.
#[derive(Debug)]
pub(super) enum Turn {
    /// As usual.
    Usual,
    /// With one of the places for those in trouble, as long as this is kept.
    Aside(#[expect(dead_code, reason = "kept for what dropping it does")] OwnedSemaphorePermit),
    /// Not now: all those places are taken.
    Later,
}

impl<K: Eq + Hash + Clone> Aside<K> {
    pub(super) fn new(readers: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new((readers / 2).max(1))),
            in_trouble: RwLock::new(HashSet::new()),
        }
    }

    /// Whether a scope may be read now. One in trouble needs a place.
    pub(super) fn turn(&self, scope: &K) -> Turn {
        if !self.is_in_trouble(scope) {
            return Turn::Usual;
        }
        self.place().map_or(Turn::Later, Turn::Aside)
    }

    /// A place for a scope that has just met its first trouble, if there is one.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    pub(super) fn is_in_trouble(&self, scope: &K) -> bool {
        let in_trouble = self.in_trouble.read();
        in_trouble
            .unwrap_or_else(PoisonError::into_inner)
            .contains(scope)
    }

    /// Notes how reading a scope went.
    pub(super) fn note(&self, scope: &K, is_in_trouble: bool) {
        if self.is_in_trouble(scope) == is_in_trouble {
            return;
        }
        let in_trouble = self.in_trouble.write();
        let mut in_trouble = in_trouble.unwrap_or_else(PoisonError::into_inner);
        if is_in_trouble {
            in_trouble.insert(scope.clone());
        } else {
            in_trouble.remove(scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_in_trouble_hold_half_of_the_readers_and_the_others_none_of_theirs() {
        let aside = Aside::new(4);
        for scope in 1..=3 {
            aside.note(&scope, true);
        }
        let (first, second) = (aside.turn(&1), aside.turn(&2));
        assert!(matches!(
            (&first, &second),
            (Turn::Aside(_), Turn::Aside(_))
        ));
        assert!(matches!(aside.turn(&3), Turn::Later));
        assert!(aside.place().is_none(), "nor is there one for a newcomer");
        assert!(matches!(aside.turn(&4), Turn::Usual));
        drop(first);
        assert!(matches!(aside.turn(&3), Turn::Aside(_)));
        aside.note(&3, false);
        assert!(matches!(aside.turn(&3), Turn::Usual));
    }

    #[test]
    fn a_single_reader_reads_everybody() {
        let aside = Aside::new(1);
        aside.note(&1, true);
        assert!(matches!(aside.turn(&1), Turn::Aside(_)));
    }
}
