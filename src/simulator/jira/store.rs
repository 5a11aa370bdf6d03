//! The tickets, and the search index that lags behind them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ticket::{Link, Ticket};

/// Ids begin here, as in a new Jira.
const FIRST_ID: u64 = 10_000;

/// Every ticket, by id and by key.
#[derive(Debug)]
pub(super) struct Tickets {
    live: BTreeMap<u64, Arc<Ticket>>,
    by_key: HashMap<String, u64>,
    numbers: HashMap<String, u64>,
    next_id: u64,
    made: u64,
    index: Index,
}

impl Tickets {
    pub(super) fn new(search_lag: Duration) -> Self {
        Tickets {
            live: BTreeMap::new(),
            by_key: HashMap::new(),
            numbers: HashMap::new(),
            next_id: FIRST_ID,
            made: 0,
            index: Index {
                lag: search_lag,
                ..Index::default()
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn made(&self) -> u64 {
        self.made
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Ticket>> {
        self.live.values()
    }

    /// A ticket by key, in any case, or by id. Never lags.
    pub(super) fn find(&self, key_or_id: &str) -> Option<Arc<Ticket>> {
        let id = match self.by_key.get(&key_or_id.to_ascii_uppercase()) {
            Some(id) => *id,
            None => key_or_id.parse().ok()?,
        };
        self.live.get(&id).cloned()
    }

    /// The next number of a project. A number taken is gone, whether or not a ticket comes of it:
    /// a refused create can burn one in Jira too (JRACLOUD-78553).
    pub(super) fn take_number(&mut self, project: &str) -> u64 {
        let number = self.numbers.entry(project.to_owned()).or_default();
        *number += 1;
        *number
    }

    /// An id that nothing else in this Jira has: tickets, comments and links share one sequence.
    pub(super) fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    pub(super) fn add(&mut self, ticket: Ticket) {
        self.made += 1;
        self.by_key.insert(ticket.key.clone(), ticket.id);
        self.replace(ticket);
    }

    /// Stores the new state of a ticket that is already here.
    pub(super) fn replace(&mut self, ticket: Ticket) {
        let ticket = Arc::new(ticket);
        self.live.insert(ticket.id, Arc::clone(&ticket));
        self.index.note(ticket.id, Some(ticket));
    }

    pub(super) fn remove(&mut self, key_or_id: &str) -> bool {
        let Some(ticket) = self.find(key_or_id) else {
            return false;
        };
        self.live.remove(&ticket.id);
        self.by_key.remove(&ticket.key);
        self.index.note(ticket.id, None);
        true
    }

    /// Links two tickets, at both ends. Returns false if either is missing.
    pub(super) fn link(&mut self, link_type: &str, inward: &str, outward: &str) -> bool {
        let (Some(inward), Some(outward)) = (self.find(inward), self.find(outward)) else {
            return false;
        };
        let id = self.take_id();
        let end = |other: &Ticket, outward: bool| Link {
            id,
            link_type: link_type.to_owned(),
            other_key: other.key.clone(),
            outward,
        };
        let mut from = Ticket::clone(&inward);
        from.links.push(end(&outward, true));
        let mut to = if inward.id == outward.id {
            from.clone()
        } else {
            Ticket::clone(&outward)
        };
        to.links.push(end(&inward, false));
        self.replace(from);
        self.replace(to);
        true
    }

    pub(super) fn set_search_lag(&mut self, lag: Duration) {
        self.index.lag = lag;
    }

    /// What searches can see now. Tickets in `reconciled` are seen as they are.
    pub(super) fn searchable(&mut self, reconciled: &[u64]) -> View<'_> {
        self.index.catch_up();
        let current = reconciled
            .iter()
            .map(|id| (*id, self.live.get(id).cloned()))
            .collect();
        View {
            index: &self.index,
            current,
        }
    }
}

/// Tickets as searches see them: each write arrives after the lag, in the order of writing.
#[derive(Debug, Default)]
struct Index {
    lag: Duration,
    seen: BTreeMap<u64, Arc<Ticket>>,
    by_label: HashMap<String, BTreeSet<u64>>,
    pending: VecDeque<(Instant, u64, Option<Arc<Ticket>>)>,
}

impl Index {
    fn note(&mut self, id: u64, ticket: Option<Arc<Ticket>>) {
        self.pending
            .push_back((Instant::now() + self.lag, id, ticket));
        self.catch_up();
    }

    fn catch_up(&mut self) {
        let now = Instant::now();
        while self.pending.front().is_some_and(|(due, _, _)| *due <= now) {
            if let Some((_, id, ticket)) = self.pending.pop_front() {
                self.apply(id, ticket);
            }
        }
    }

    fn apply(&mut self, id: u64, ticket: Option<Arc<Ticket>>) {
        if let Some(old) = self.seen.remove(&id) {
            for label in &old.labels {
                if let Some(ids) = self.by_label.get_mut(label) {
                    ids.remove(&id);
                    if ids.is_empty() {
                        self.by_label.remove(label);
                    }
                }
            }
        }
        if let Some(ticket) = ticket {
            for label in &ticket.labels {
                self.by_label.entry(label.clone()).or_default().insert(id);
            }
            self.seen.insert(id, ticket);
        }
    }
}

/// One look at the index.
pub(super) struct View<'a> {
    index: &'a Index,
    current: BTreeMap<u64, Option<Arc<Ticket>>>,
}

impl View<'_> {
    /// Every ticket seen.
    pub(super) fn all(&self) -> Vec<&Arc<Ticket>> {
        let mut ids: BTreeSet<u64> = self.index.seen.keys().copied().collect();
        ids.extend(self.current.keys());
        self.of(ids.into_iter())
    }

    /// The tickets with these ids, so far as they are seen, lowest id first.
    pub(super) fn of(&self, ids: impl Iterator<Item = u64>) -> Vec<&Arc<Ticket>> {
        ids.filter_map(|id| match self.current.get(&id) {
            Some(current) => current.as_ref(),
            None => self.index.seen.get(&id),
        })
        .collect()
    }

    /// The ids that can have this label; the ticket itself has the last word.
    pub(super) fn with_label(&self, label: &str) -> BTreeSet<u64> {
        let mut ids = self.index.by_label.get(label).cloned().unwrap_or_default();
        ids.extend(self.current.keys());
        ids
    }

    /// How many ids [`View::with_label`] would give, without making the set.
    pub(super) fn with_label_count(&self, label: &str) -> usize {
        self.index.by_label.get(label).map_or(0, BTreeSet::len) + self.current.len()
    }
}
