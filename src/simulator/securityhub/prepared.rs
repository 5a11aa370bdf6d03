//! Answers kept for when the same page is asked for again, as load tests and several readers do.

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hasher},
    sync::RwLock,
};

use bytes::Bytes;

use super::super::{
    faults::Fate,
    locks::{read, write},
    random,
};

/// What an answer depends on: the vantage, the request, and the state of what is in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::simulator) struct PreparedKey {
    scope: usize,
    request: u64,
    version: u64,
    /// When it was made, roughly: the token in it must be good for a while longer.
    period: i64,
}

/// The kept answers, oldest thrown out first.
#[derive(Debug)]
pub(in crate::simulator) struct Prepared {
    limit_bytes: usize,
    kept: RwLock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    answers: HashMap<PreparedKey, Bytes>,
    order: VecDeque<PreparedKey>,
}

impl Prepared {
    pub(in crate::simulator) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            kept: RwLock::default(),
        }
    }

    /// The key of a request; none when fate makes its answer a special one, or when the answer
    /// depends on the time of asking.
    pub(super) fn key(
        &self,
        scope: usize,
        body: &[u8],
        version: u64,
        period: i64,
        fate: &Fate,
    ) -> Option<PreparedKey> {
        let special = fate.stale || fate.shift != 0 || fate.short.is_some();
        let timed = body.windows(9).any(|part| part == b"DateRange")
            || body.windows(9).any(|part| part == b"NextToken");
        if special || timed || self.limit_bytes == 0 {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(body);
        let request = random::mix(&[hasher.finish(), random::word(body.len())]);
        Some(PreparedKey {
            scope,
            request,
            version,
            period,
        })
    }

    pub(super) fn get(&self, key: PreparedKey) -> Option<Bytes> {
        read(&self.kept).answers.get(&key).cloned()
    }

    pub(super) fn keep(&self, key: PreparedKey, answer: Bytes) {
        let mut kept = write(&self.kept);
        if answer.len() > self.limit_bytes || kept.answers.contains_key(&key) {
            return;
        }
        kept.bytes += answer.len();
        kept.answers.insert(key, answer);
        kept.order.push_back(key);
        while kept.bytes > self.limit_bytes {
            let Some(oldest) = kept.order.pop_front() else {
                return;
            };
            if let Some(dropped) = kept.answers.remove(&oldest) {
                kept.bytes -= dropped.len();
            }
        }
    }
}
