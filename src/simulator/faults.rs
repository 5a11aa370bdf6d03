//! What can be made to go wrong, and the dice that decide when.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

use super::random;

/// Switches for trouble. Shares are probabilities per request, 0 to 1; everything is off by default
/// except a few short pages, which AWS documents as normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Answers `TooManyRequestsException` or `Throttling` beyond what the quota refuses.
    pub throttle: f64,
    /// Answers 500 or 503.
    pub server_error: f64,
    /// Answers after `slow_millis`.
    pub slow: f64,
    /// How slow a slow answer is, in milliseconds.
    pub slow_millis: u64,
    /// Sends half of the answer and hangs up.
    pub cut: f64,
    /// Reads return the version before the last change.
    pub stale_reads: f64,
    /// A page starts a few findings before or after where the last one ended.
    pub shifting_pages: f64,
    /// A page holds fewer findings than asked for, or none, and still a `NextToken`.
    pub short_pages: f64,
    /// Only these services suffer from the shares above; all when empty. Names as in signatures:
    /// `sts`, `organizations`, `ec2`, `securityhub`.
    pub services: BTreeSet<String>,
    /// Only requests signed by these accounts suffer from the shares above; everybody's when empty.
    pub accounts: BTreeSet<String>,
    /// Accounts whose role may not call Security Hub.
    pub denied_accounts: BTreeSet<String>,
    /// Accounts where the role does not exist.
    pub role_missing_accounts: BTreeSet<String>,
    /// Accounts that are suspended.
    pub suspended_accounts: BTreeSet<String>,
    /// Accounts that have left the organization: it does not list them, and their roles trust nobody
    /// here any more.
    pub departed_accounts: BTreeSet<String>,
    /// `ACCOUNT/REGION` where Security Hub is not enabled.
    pub hub_off: BTreeSet<String>,
    /// `ACCOUNT/REGION` where the Region is not enabled.
    pub region_off: BTreeSet<String>,
    /// `ACCOUNT/REGION` where the account is no longer a member of Security Hub's administrator.
    pub disassociated: BTreeSet<String>,
    /// Regions that are not linked to the home Region. It has no copies of their findings.
    pub unlinked_regions: BTreeSet<String>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            throttle: 0.0,
            server_error: 0.0,
            slow: 0.0,
            slow_millis: 2_000,
            cut: 0.0,
            stale_reads: 0.0,
            shifting_pages: 0.0,
            short_pages: 0.02,
            services: BTreeSet::new(),
            accounts: BTreeSet::new(),
            denied_accounts: BTreeSet::new(),
            role_missing_accounts: BTreeSet::new(),
            suspended_accounts: BTreeSet::new(),
            departed_accounts: BTreeSet::new(),
            hub_off: BTreeSet::new(),
            region_off: BTreeSet::new(),
            disassociated: BTreeSet::new(),
            unlinked_regions: BTreeSet::new(),
        }
    }
}

impl Faults {
    /// No trouble at all, not even short pages.
    #[must_use]
    pub fn none() -> Self {
        Self {
            short_pages: 0.0,
            ..Self::default()
        }
    }

    /// Whether a set of `ACCOUNT/REGION` names this scope.
    pub(super) fn names_scope(set: &BTreeSet<String>, account: &str, region: &str) -> bool {
        !set.is_empty() && set.contains(&format!("{account}/{region}"))
    }

    fn concerns(&self, service: &str, account: &str) -> bool {
        let among = |few: &BTreeSet<String>, one: &str| few.is_empty() || few.contains(one);
        among(&self.services, service) && among(&self.accounts, account)
    }
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fate {
    pub(super) throttled: bool,
    pub(super) server_error: bool,
    pub(super) slow_millis: u64,
    pub(super) cut: bool,
    pub(super) stale: bool,
    /// How far the page starts from where it should, in findings.
    pub(super) shift: i64,
    /// Findings on a short page.
    pub(super) short: Option<usize>,
}

/// Rolls one fate per request, in the order of arrival, from the seed.
#[derive(Debug)]
pub(super) struct Dice {
    seed: u64,
    rolled: AtomicU64,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            rolled: AtomicU64::new(0),
        }
    }

    pub(super) fn roll(&self, faults: &Faults, service: &str, account: &str) -> Fate {
        let roll = self.rolled.fetch_add(1, Ordering::Relaxed);
        if !faults.concerns(service, account) {
            return Fate::default();
        }
        let mut rng = random::generator(&[self.seed, 0xfa7e, roll]);
        let mut happens = |share: f64| random::chance(&mut rng, share);
        let mut fate = Fate {
            throttled: happens(faults.throttle),
            server_error: happens(faults.server_error),
            slow_millis: if happens(faults.slow) {
                faults.slow_millis
            } else {
                0
            },
            cut: happens(faults.cut),
            stale: happens(faults.stale_reads),
            shift: 0,
            short: None,
        };
        let (shifts, short) = (happens(faults.shifting_pages), happens(faults.short_pages));
        if shifts {
            fate.shift = rng.i64(-3..=3);
        }
        if short {
            fate.short = Some(rng.usize(..20));
        }
        fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same_fates() {
        let faults = Faults {
            throttle: 0.5,
            cut: 0.5,
            ..Faults::default()
        };
        let rolls = |seed| {
            let dice = Dice::new(seed);
            (0..50)
                .map(|_| dice.roll(&faults, "sts", ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
    }

    #[test]
    fn a_service_that_is_not_named_is_spared() {
        let faults = Faults {
            throttle: 1.0,
            services: BTreeSet::from(["securityhub".to_owned()]),
            ..Faults::default()
        };
        assert_eq!(Dice::new(1).roll(&faults, "sts", ""), Fate::default());
        assert!(Dice::new(1).roll(&faults, "securityhub", "").throttled);
    }

    #[test]
    fn an_account_that_is_not_named_is_spared() {
        let faults = Faults {
            throttle: 1.0,
            accounts: BTreeSet::from(["1".to_owned()]),
            ..Faults::default()
        };
        assert!(Dice::new(1).roll(&faults, "ec2", "1").throttled);
        assert_eq!(Dice::new(1).roll(&faults, "ec2", "2"), Fate::default());
    }
}
