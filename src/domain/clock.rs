//! The only source of wall-clock time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;

/// Tells the time: the system's, or one that a test moves by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    fixed_us: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's time.
    #[must_use]
    pub fn system() -> Self {
        Self { fixed_us: None }
    }

    /// A time that moves only by [`Clock::set`]. Clones move together.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self {
            fixed_us: Some(Arc::new(AtomicI64::new(at.as_microsecond()))),
        }
    }

    /// The time now, in whole microseconds: the same before and after it was stored.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let us = match &self.fixed_us {
            None => Timestamp::now().as_microsecond(),
            Some(us) => us.load(Ordering::SeqCst),
        };
        Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
    }

    /// Moves a fixed clock; the system's takes no orders.
    pub fn set(&self, at: Timestamp) {
        if let Some(us) = &self.fixed_us {
            us.store(at.as_microsecond(), Ordering::SeqCst);
        }
    }
}
