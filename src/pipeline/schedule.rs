//! Which vantage is read next, and when.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, sleep_until},
};

use crate::domain::Vantage;

use super::rhythm::Rhythm;

/// Vantages in order of the time they are due. One is given to one reader at a time.
#[derive(Debug)]
pub(super) struct Schedule {
    rhythm: Rhythm,
    inner: Mutex<Inner>,
    changed: Notify,
}

/// When a vantage is to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// After this time.
    In(Duration),
    /// By its rhythm.
    ByRhythm {
        /// Whether it has just shown something new.
        news: bool,
        /// Whether it has findings that are asked for by id, if that was found out.
        watched: Option<bool>,
    },
}

#[derive(Debug, Default)]
struct Inner {
    queue: BTreeSet<(Instant, Vantage)>,
    known: HashMap<Vantage, Entry>,
    /// Those that no reader has given back yet.
    unread: HashSet<Vantage>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    slot: Slot,
    /// When it last showed something new; at first, when it was scheduled.
    news_at: Instant,
    is_watched: bool,
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
    pub(super) fn new(rhythm: Rhythm) -> Self {
        Self {
            rhythm,
            inner: Mutex::new(Inner::default()),
            changed: Notify::new(),
        }
    }

    /// Makes these the scheduled vantages. New ones are due at once; the others keep their time.
    pub(super) async fn set(&self, vantages: impl IntoIterator<Item = Vantage>) {
        let mut inner = self.inner.lock().await;
        let mut leaving: HashMap<Vantage, Entry> = std::mem::take(&mut inner.known);
        let now = Instant::now();
        for vantage in vantages {
            let entry = match leaving.remove(&vantage) {
                None => {
                    inner.unread.insert(vantage.clone());
                    Entry {
                        slot: Slot::Due(now),
                        news_at: now,
                        is_watched: false,
                    }
                }
                Some(entry) if entry.slot == Slot::Leaving => Entry {
                    slot: Slot::Taken,
                    ..entry
                },
                Some(entry) => entry,
            };
            if let Slot::Due(at) = entry.slot {
                inner.queue.insert((at, vantage.clone()));
            }
            inner.known.insert(vantage, entry);
        }
        for (vantage, entry) in leaving {
            inner.unread.remove(&vantage);
            match entry.slot {
                Slot::Due(at) => {
                    inner.queue.remove(&(at, vantage));
                }
                Slot::Taken | Slot::Leaving => {
                    let slot = Slot::Leaving;
                    inner.known.insert(vantage, Entry { slot, ..entry });
                }
            }
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Waits for the next vantage that is due, and takes it.
    pub(super) async fn take(&self) -> Vantage {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listen before looking, so that no change falls in between.
            changed.as_mut().enable();
            let next = {
                let mut inner = self.inner.lock().await;
                match inner.queue.first().map(|(at, _)| *at) {
                    Some(at) if at <= Instant::now() => {
                        if let Some((_, vantage)) = inner.queue.pop_first() {
                            if let Some(entry) = inner.known.get_mut(&vantage) {
                                entry.slot = Slot::Taken;
                            }
                            return vantage;
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

    /// How many vantages have not been asked since they were scheduled.
    pub(super) async fn unread(&self) -> usize {
        self.inner.lock().await.unread.len()
    }

    /// Gives a vantage back, to be read again at a time.
    pub(super) async fn give_back(&self, vantage: Vantage, next: Next) {
        let now = Instant::now();
        let mut guard = self.inner.lock().await;
        let inner = &mut *guard;
        inner.unread.remove(&vantage);
        match inner.known.get_mut(&vantage) {
            Some(entry) if entry.slot != Slot::Leaving => {
                let due = now + entry.wait(self.rhythm, next, now);
                entry.slot = Slot::Due(due);
                inner.queue.insert((due, vantage));
            }
            Some(_) | None => {
                inner.known.remove(&vantage);
            }
        }
        drop(guard);
        // One waiting reader is enough: it sleeps until the earliest is due.
        self.changed.notify_one();
    }
}

impl Entry {
    fn wait(&mut self, rhythm: Rhythm, next: Next, now: Instant) -> Duration {
        match next {
            Next::In(wait) => wait,
            Next::ByRhythm { news, watched } => {
                self.is_watched = watched.unwrap_or(self.is_watched);
                if news {
                    self.news_at = now;
                }
                let quiet_for = now.saturating_duration_since(self.news_at);
                rhythm.jittered(rhythm.wait(quiet_for, self.is_watched))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{advance, timeout};

    use super::*;
    use crate::domain::Scope;

    fn scope(account: &str) -> Vantage {
        Vantage::member(Scope {
            account: account.into(),
            region: "eu-west-1".into(),
        })
    }

    fn schedule() -> Schedule {
        Schedule::new(Rhythm {
            shortest: Duration::from_secs(60),
            longest: Duration::from_secs(300),
            watched: Duration::from_secs(300),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_is_given_to_one_reader_and_comes_back_when_due() {
        let schedule = Arc::new(schedule());
        schedule.set([scope("1"), scope("2")]).await;
        let first = schedule.take().await;
        let second = schedule.take().await;
        assert_ne!(first, second);

        schedule
            .give_back(first.clone(), Next::In(Duration::from_secs(60)))
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
        let schedule = schedule();
        schedule.set([scope("1"), scope("2")]).await;
        assert_eq!(schedule.unread().await, 2);
        let taken = schedule.take().await;
        assert_eq!(schedule.unread().await, 2);
        schedule
            .give_back(taken.clone(), Next::In(Duration::from_secs(60)))
            .await;
        assert_eq!(schedule.unread().await, 1);
        // Listed again it is no less read; one that left is not waited for.
        schedule.set([taken]).await;
        assert_eq!(schedule.unread().await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_that_left_while_it_was_read_does_not_come_back() {
        let schedule = schedule();
        schedule.set([scope("1")]).await;
        let taken = schedule.take().await;
        schedule.set([]).await;
        schedule.give_back(taken, Next::In(Duration::ZERO)).await;
        advance(Duration::from_secs(1)).await;
        assert!(
            timeout(Duration::from_secs(5), schedule.take())
                .await
                .is_err()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn listing_the_scopes_again_does_not_make_them_due() {
        let schedule = schedule();
        schedule.set([scope("1")]).await;
        let taken = schedule.take().await;
        schedule
            .give_back(taken, Next::In(Duration::from_secs(60)))
            .await;
        schedule.set([scope("1"), scope("2")]).await;
        assert_eq!(schedule.take().await, scope("2"));
        assert!(
            timeout(Duration::from_secs(50), schedule.take())
                .await
                .is_err()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn news_brings_a_quiet_vantage_back_to_the_shortest_wait_at_once() {
        let schedule = schedule();
        schedule.set([scope("1")]).await;
        let mut begun = Instant::now();
        let mut waits = Vec::new();
        for turn in 0..60 {
            let taken = schedule.take().await;
            waits.push(begun.elapsed().as_secs());
            begun = Instant::now();
            let news = turn == 55;
            let watched = None;
            schedule
                .give_back(taken, Next::ByRhythm { news, watched })
                .await;
        }
        assert!(waits.iter().all(|secs| *secs <= 300), "{waits:?}");
        assert!((54..=66).contains(&waits[1]), "{waits:?}");
        assert!(waits[54] >= 270, "{waits:?}");
        assert!((54..=66).contains(&waits[56]), "{waits:?}");
    }
}
