//! Which scope is read next, and when.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, sleep_until},
};

use crate::domain::Scope;

/// Scopes in order of the time they are due. A scope is given to one reader at a time.
#[derive(Debug)]
pub(super) struct Schedule {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    queue: BTreeSet<(Instant, Scope)>,
    known: HashMap<Scope, Slot>,
    /// Scopes that no reader has given back yet.
    unread: HashSet<Scope>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Due(Instant),
    /// A reader has it.
    Taken,
    /// A reader has it, and it has left the schedule meanwhile.
    Leaving,
}

impl Schedule {
    pub(super) fn new() -> Self {
        Self {
            inner: Mutex::new(Inner::default()),
            changed: Notify::new(),
        }
    }

    /// Makes these the scheduled scopes. New ones are due at once; the others keep their time.
    pub(super) async fn set(&self, scopes: impl IntoIterator<Item = Scope>) {
        let mut inner = self.inner.lock().await;
        let mut leaving: HashMap<Scope, Slot> = std::mem::take(&mut inner.known);
        let now = Instant::now();
        for scope in scopes {
            let slot = match leaving.remove(&scope) {
                None => {
                    inner.unread.insert(scope.clone());
                    Slot::Due(now)
                }
                Some(Slot::Leaving) => Slot::Taken,
                Some(slot) => slot,
            };
            if let Slot::Due(at) = slot {
                inner.queue.insert((at, scope.clone()));
            }
            inner.known.insert(scope, slot);
        }
        for (scope, slot) in leaving {
            inner.unread.remove(&scope);
            match slot {
                Slot::Due(at) => {
                    inner.queue.remove(&(at, scope));
                }
                Slot::Taken | Slot::Leaving => {
                    inner.known.insert(scope, Slot::Leaving);
                }
            }
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Waits for the next scope that is due, and takes it.
    pub(super) async fn take(&self) -> Scope {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listen before looking, so that no change falls in between.
            changed.as_mut().enable();
            let next = {
                let mut inner = self.inner.lock().await;
                match inner.queue.first().map(|(at, _)| *at) {
                    Some(at) if at <= Instant::now() => {
                        if let Some((_, scope)) = inner.queue.pop_first() {
                            inner.known.insert(scope.clone(), Slot::Taken);
                            return scope;
                        }
                        None
                    }
                    next => next,
                }
            };
            match next {
                Some(at) => {
                    tokio::select! { () = sleep_until(at) => {}, () = changed => {} }
                }
                None => changed.await,
            }
        }
    }

    /// How many scopes have not been asked since they were scheduled.
    pub(super) async fn unread(&self) -> usize {
        self.inner.lock().await.unread.len()
    }

    /// Gives a scope back, to be read again at a time.
    pub(super) async fn give_back(&self, scope: Scope, due: Instant) {
        let mut inner = self.inner.lock().await;
        inner.unread.remove(&scope);
        match inner.known.get(&scope) {
            Some(Slot::Leaving) | None => {
                inner.known.remove(&scope);
            }
            Some(Slot::Due(_) | Slot::Taken) => {
                inner.queue.insert((due, scope.clone()));
                inner.known.insert(scope, Slot::Due(due));
            }
        }
        drop(inner);
        // One waiting reader is enough: it sleeps until the earliest is due.
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::time::{advance, timeout};

    use super::*;

    fn scope(account: &str) -> Scope {
        Scope {
            account: account.into(),
            region: "eu-west-1".into(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_is_given_to_one_reader_and_comes_back_when_due() {
        let schedule = Arc::new(Schedule::new());
        schedule.set([scope("1"), scope("2")]).await;
        let first = schedule.take().await;
        let second = schedule.take().await;
        assert_ne!(first, second);

        schedule
            .give_back(first.clone(), Instant::now() + Duration::from_secs(60))
            .await;
        assert!(
            timeout(Duration::from_secs(59), schedule.take())
                .await
                .is_err()
        );
        assert_eq!(
            timeout(Duration::from_secs(2), schedule.take()).await,
            Ok(first)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_is_unread_until_a_reader_gives_it_back() {
        let schedule = Schedule::new();
        schedule.set([scope("1"), scope("2")]).await;
        assert_eq!(schedule.unread().await, 2);
        let taken = schedule.take().await;
        assert_eq!(schedule.unread().await, 2);
        schedule
            .give_back(taken.clone(), Instant::now() + Duration::from_secs(60))
            .await;
        assert_eq!(schedule.unread().await, 1);
        // Listed again it is no less read; one that left is not waited for.
        schedule.set([taken]).await;
        assert_eq!(schedule.unread().await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_that_left_while_it_was_read_does_not_come_back() {
        let schedule = Schedule::new();
        schedule.set([scope("1")]).await;
        let taken = schedule.take().await;
        schedule.set([]).await;
        schedule.give_back(taken, Instant::now()).await;
        advance(Duration::from_secs(1)).await;
        assert!(
            timeout(Duration::from_secs(5), schedule.take())
                .await
                .is_err()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn listing_the_scopes_again_does_not_make_them_due() {
        let schedule = Schedule::new();
        schedule.set([scope("1")]).await;
        let taken = schedule.take().await;
        schedule
            .give_back(taken, Instant::now() + Duration::from_secs(60))
            .await;
        schedule.set([scope("1"), scope("2")]).await;
        assert_eq!(schedule.take().await, scope("2"));
        assert!(
            timeout(Duration::from_secs(50), schedule.take())
                .await
                .is_err()
        );
    }
}
