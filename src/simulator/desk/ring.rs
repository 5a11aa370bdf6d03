//! The latest of many, and how many there have been.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

/// Keeps the newest `bound` entries and counts all of them.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    bound: usize,
    inner: RwLock<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    kept: VecDeque<T>,
    total: u64,
}

impl<T: Clone> Ring<T> {
    pub(crate) fn new(bound: usize) -> Self {
        Ring {
            bound,
            inner: RwLock::new(Inner {
                kept: VecDeque::new(),
                total: 0,
            }),
        }
    }

    /// Keeps one more, letting the oldest go when the ring is full.
    pub(crate) fn push(&self, entry: T) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.total += 1;
        inner.kept.push_back(entry);
        while inner.kept.len() > self.bound {
            inner.kept.pop_front();
        }
    }

    /// What is kept, oldest first.
    pub(crate) fn kept(&self) -> Vec<T> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.kept.iter().cloned().collect()
    }

    /// How many there have been, kept or not.
    pub(crate) fn total(&self) -> u64 {
        self.inner
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_all_are_counted() {
        let ring = Ring::new(2);
        (1..=5).for_each(|n| ring.push(n));
        assert_eq!((ring.kept(), ring.total()), (vec![4, 5], 5));
    }
}
