//! Faults that can be switched on while the servers run, and when they strike.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// How often something goes wrong: surely for the next few, otherwise by chance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chance {
    /// Strikes this many times for sure, counting down.
    pub next: u32,
    /// Afterwards strikes with this probability, 0 to 1.
    pub probability: f64,
}

impl Chance {
    /// The next `count` times, and then no more.
    pub fn next(count: u32) -> Self {
        Chance {
            next: count,
            probability: 0.0,
        }
    }

    /// Each time with this probability.
    pub fn probability(probability: f64) -> Self {
        Chance {
            next: 0,
            probability,
        }
    }

    /// Every time.
    pub fn always() -> Self {
        Chance::probability(1.0)
    }
}

/// Everything a service can do wrong. The default does nothing wrong.
///
/// A write is a request that changes something; a search is a read even where it is a POST.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Waits `slow_ms` before the work is done.
    pub slow: Chance,
    /// Waits `slow_ms` after a write is done and before it is answered.
    pub slow_after: Chance,
    /// How long slow is, in milliseconds.
    pub slow_ms: u64,
    /// Answers 401 whatever the credentials.
    pub refuse_credentials: Chance,
    /// Answers 429 with `Retry-After`.
    pub throttle: Chance,
    /// What `Retry-After` says, in seconds.
    pub retry_after_secs: u64,
    /// Answers `fail_status` without doing anything.
    pub fail_before: Chance,
    /// Does the write, then answers `fail_status`.
    pub fail_after: Chance,
    /// The status of a failure, 500 to 599; anything else reads as 503.
    pub fail_status: u16,
    /// Does the write, then cuts the connection without an answer.
    pub lose_answer: Chance,
    /// Refuses a write for good, in the service's own words for a bad request.
    pub refuse: Chance,
    /// Answers 409 to a transition, as if somebody else had just moved the ticket (Jira alone).
    pub conflict: Chance,
    /// Leaves reads alone.
    pub writes_only: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            slow: Chance::default(),
            slow_after: Chance::default(),
            slow_ms: 1_000,
            refuse_credentials: Chance::default(),
            throttle: Chance::default(),
            retry_after_secs: 1,
            fail_before: Chance::default(),
            fail_after: Chance::default(),
            fail_status: 503,
            lose_answer: Chance::default(),
            refuse: Chance::default(),
            conflict: Chance::default(),
            writes_only: false,
        }
    }
}

/// One way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Slow,
    SlowAfter,
    RefuseCredentials,
    Throttle,
    FailBefore,
    FailAfter,
    LoseAnswer,
    Refuse,
    Conflict,
}

impl Fault {
    fn label(self) -> &'static str {
        match self {
            Fault::Slow => "slow",
            Fault::SlowAfter => "slow_after",
            Fault::RefuseCredentials => "refuse_credentials",
            Fault::Throttle => "throttle",
            Fault::FailBefore => "fail_before",
            Fault::FailAfter => "fail_after",
            Fault::LoseAnswer => "lose_answer",
            Fault::Refuse => "refuse",
            Fault::Conflict => "conflict",
        }
    }

    fn chance(self, faults: &mut Faults) -> &mut Chance {
        match self {
            Fault::Slow => &mut faults.slow,
            Fault::SlowAfter => &mut faults.slow_after,
            Fault::RefuseCredentials => &mut faults.refuse_credentials,
            Fault::Throttle => &mut faults.throttle,
            Fault::FailBefore => &mut faults.fail_before,
            Fault::FailAfter => &mut faults.fail_after,
            Fault::LoseAnswer => &mut faults.lose_answer,
            Fault::Refuse => &mut faults.refuse,
            Fault::Conflict => &mut faults.conflict,
        }
    }
}

/// The faults of one service, its dice, and what has struck so far.
#[derive(Debug)]
pub(crate) struct FaultBox(RwLock<Dice>);

#[derive(Debug)]
struct Dice {
    faults: Faults,
    rng: fastrand::Rng,
    struck: BTreeMap<&'static str, u64>,
}

impl FaultBox {
    /// The same seed and the same requests in the same order go wrong in the same way.
    pub(crate) fn new(seed: u64) -> Self {
        let rng = fastrand::Rng::with_seed(seed);
        FaultBox(RwLock::new(Dice {
            faults: Faults::default(),
            rng,
            struck: BTreeMap::new(),
        }))
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .faults = faults;
    }

    /// The faults as they stand, with the counts that are left.
    pub(crate) fn get(&self) -> Faults {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .faults
            .clone()
    }

    /// How often each fault has struck, by its name in [`Faults`].
    pub(crate) fn struck(&self) -> BTreeMap<&'static str, u64> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .struck
            .clone()
    }

    /// Whether this fault strikes now. Counts it if it does.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let mut dice = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Dice {
            faults,
            rng,
            struck,
        } = &mut *dice;
        let chance = fault.chance(faults);
        let strikes = if chance.next > 0 {
            chance.next -= 1;
            true
        } else {
            chance.probability > 0.0 && rng.f64() < chance.probability
        };
        if strikes {
            *struck.entry(fault.label()).or_default() += 1;
        }
        strikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let pattern = |seed| {
            let dice = FaultBox::new(seed);
            dice.set(Faults {
                throttle: Chance::probability(0.3),
                ..Faults::default()
            });
            (0..200)
                .map(|_| dice.strikes(Fault::Throttle))
                .collect::<Vec<_>>()
        };
        assert_eq!(pattern(7), pattern(7));
        assert_ne!(pattern(7), pattern(8));
    }

    #[test]
    fn a_counted_fault_strikes_exactly_that_often() {
        let dice = FaultBox::new(1);
        dice.set(Faults {
            lose_answer: Chance::next(2),
            ..Faults::default()
        });
        let strikes = (0..10).filter(|_| dice.strikes(Fault::LoseAnswer)).count();
        assert_eq!(strikes, 2);
        assert_eq!(dice.struck().get("lose_answer"), Some(&2));
        assert_eq!(dice.get().lose_answer.next, 0);
    }

    #[test]
    fn faults_read_from_partial_json() {
        let faults: Faults = serde_json::from_str(r#"{"throttle":{"next":3}}"#).unwrap();
        assert_eq!(faults.throttle, Chance::next(3));
        assert_eq!(faults.fail_status, 503);
        assert!(serde_json::from_str::<Faults>(r#"{"throtle":{}}"#).is_err());
    }
}
