//! Time that the test moves. The runtime's clock, the world's and the daemon's go together: the
//! runtime is paused and moved in steps, and between two steps everything that can happen does.

use std::{sync::Arc, time::Duration};

use hubwatch::{
    domain::{Clock, Timestamp},
    simulator::Handle,
};
use jiff::SignedDuration;
use tokio::task::yield_now;

use crate::witness::Witness;

/// How many times in a row the sockets are looked at in vain before nothing is under way. A request
/// takes fewer looks from one end to the other.
const QUIET: u32 = 7;
/// For how many steps to wait for the store to have work.
const SOON: u32 = 1_000;
/// The step while there is work, and the longest without any.
const SHORTEST: Duration = Duration::from_millis(40);
const LONGEST: Duration = Duration::from_secs(60);

/// The hand on all clocks.
pub(crate) struct Time {
    world: Handle,
    clock: Clock,
    ahead: SignedDuration,
    witness: Arc<Witness>,
    step: Duration,
}

impl Time {
    pub(crate) fn new(world: Handle, ahead: SignedDuration, witness: Arc<Witness>) -> Self {
        let clock = Clock::fixed(world.now() + ahead);
        Self {
            world,
            clock,
            ahead,
            witness,
            step: SHORTEST,
        }
    }

    /// The daemon's clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Now, as the daemon has it.
    pub(crate) fn ours(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) async fn pass(&mut self, duration: Duration) {
        let mut left = duration;
        while !left.is_zero() {
            self.settle().await;
            let step = self.step.min(left);
            left -= step;
            self.advance(step).await;
        }
        self.settle().await;
    }

    /// Lets time pass in which nobody does anything.
    pub(crate) async fn skip(&self, duration: Duration) {
        self.advance(duration).await;
    }

    /// Stops somewhere in the middle of what is under way.
    pub(crate) async fn stop_short(&mut self, looks: usize) {
        self.advance(SHORTEST).await;
        for _ in 0..looks {
            yield_now().await;
        }
    }

    /// Stops while the store is at work, if it has any soon.
    pub(crate) async fn stop_at_work(&mut self) {
        for _ in 0..SOON {
            if self.witness.is_busy() {
                return;
            }
            self.advance(SHORTEST).await;
            yield_now().await;
        }
    }

    async fn advance(&self, step: Duration) {
        let moved = SignedDuration::try_from(step).unwrap();
        self.clock.set(self.world.now() + moved + self.ahead);
        tokio::time::advance(step).await;
    }

    /// Returns when everybody waits for time to pass. The steps grow while nothing happens.
    async fn settle(&mut self) {
        let mut quiet = 0;
        let mut seen = self.progress();
        let mut busy = false;
        while quiet < QUIET {
            yield_now().await;
            let now = self.progress();
            if self.witness.is_busy() {
                // Its thread needs a core, and perhaps this one.
                std::thread::yield_now();
                (quiet, busy) = (0, true);
            } else if now != seen {
                (quiet, busy) = (0, true);
            } else {
                quiet += 1;
            }
            seen = now;
        }
        self.step = if busy {
            SHORTEST
        } else {
            LONGEST.min(self.step * 4)
        };
    }

    /// Grows with everything that is asked and answered.
    fn progress(&self) -> u64 {
        self.world.answered() + self.witness.calls()
    }
}
