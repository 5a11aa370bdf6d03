//! Tidying up: removes what is kept for long enough, and gives back the room that it took.
//!
//! A round is made of small steps. Each looks for something to do with a connection that only reads,
//! and then does it in a short transaction that checks everything again, so that neither the search
//! nor what is done holds up recording for long.

mod bodies;
mod findings;
mod incidents;
mod issues;
mod rejected;
mod relations;
mod space;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Transaction;

use super::super::{Chore, Retention, StoreError, Tidied};

pub(super) use findings::note_gone;

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    chore: Chore,
    /// Rows up to this one were looked at.
    cursor: i64,
}

impl Default for Round {
    fn default() -> Self {
        Self::at(Chore::Findings)
    }
}

impl Round {
    fn at(chore: Chore) -> Self {
        Self {
            chore,
            cursor: i64::MIN,
        }
    }

    /// The next chore, or the next round.
    pub(super) fn next(self) -> Self {
        Self::at(self.chore.next().unwrap_or(Chore::Findings))
    }
}

/// Something to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Findings that may have been gone for long enough.
    Findings(Vec<i64>),
    /// Incidents that may be over for long enough.
    Incidents(Vec<i64>, Timestamp),
    /// Issues that may have nothing left.
    Issues(Vec<i64>),
    /// Relations that may no longer hold.
    Relations(Vec<relations::Pair>),
    /// Rejected findings last seen before this.
    Rejected(Timestamp),
    /// What is left in packed bodies that hold little.
    Bodies(Vec<bodies::Remnant>),
    /// Pages to be given back.
    Pages(u64),
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) task: Option<Task>,
    /// Where the chore goes on; `None` when there is no more of it.
    cursor: Option<i64>,
}

impl Found {
    fn nothing() -> Self {
        Self {
            task: None,
            cursor: None,
        }
    }
}

/// Looks for the next thing to do. Changes nothing.
pub(super) fn find(
    tx: &Transaction<'_>,
    round: Round,
    retention: Retention,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let before = |kept: Option<SignedDuration>| now.saturating_sub(kept?).ok();
    match round.chore {
        Chore::Findings => findings::find(tx, before(retention.gone)),
        Chore::Incidents => incidents::find(tx, round.cursor, before(retention.incidents)),
        Chore::Issues => issues::find(tx, round.cursor),
        Chore::Relations => relations::find(tx, round.cursor),
        Chore::Rejected => rejected::find(tx, before(retention.rejected)),
        Chore::Bodies => bodies::find(tx, round.cursor),
        Chore::Pages => space::find(tx),
    }
}

/// Does what was found, as far as it is still right. Returns how much was done.
pub(super) fn carry_out(
    tx: &Transaction<'_>,
    task: Task,
    now: Timestamp,
) -> Result<u64, StoreError> {
    match task {
        Task::Findings(some) => findings::remove(tx, &some, now),
        Task::Incidents(some, before) => incidents::remove(tx, &some, before),
        Task::Issues(some) => issues::remove(tx, &some),
        Task::Relations(some) => relations::remove(tx, &some),
        Task::Rejected(before) => rejected::remove(tx, before),
        Task::Bodies(remnants) => bodies::rewrite(tx, remnants),
        Task::Pages(some) => space::give_back(tx, some),
    }
}

/// Where the round goes on, and what the step came to.
pub(super) fn done(round: Round, cursor: Option<i64>, count: u64) -> (Round, Tidied) {
    let next = match cursor {
        Some(cursor) => Round { cursor, ..round },
        None => round.next(),
    };
    let tidied = Tidied {
        chore: round.chore,
        count,
        is_round_done: cursor.is_none() && round.chore.next().is_none(),
    };
    (next, tidied)
}

impl Found {
    pub(super) fn cursor(&self) -> Option<i64> {
        self.cursor
    }
}
