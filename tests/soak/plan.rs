//! What a seed draws before anything runs: the world, the daemon's pace, and which promise is put to
//! the test.

use std::time::Duration;

use hubwatch::{
    domain::{Timestamp, window::WindowRules},
    pipeline::Pace,
    simulator::{Faults, Options, Quota},
    store::Retention,
};
use jiff::SignedDuration;

use crate::{dice::Dice, outlook::Outlooks};

/// The clocks repair each other's mistakes, so each is also put to the test with those switched off
/// that come after it, and with a life that holds nothing but what the others promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// History and tail alone: everything delivered within the overlap is recorded.
    Tail,
    /// And what is delivered up to 48 hours late.
    Late,
    /// And what analysts do in silence to findings behind open incidents.
    Watch,
    /// All clocks: silent changes, deletions and expiry of anything.
    All,
    /// All clocks; some accounts are in deep trouble, and the others must not be slower for it.
    Neighbours,
}

/// Everything that is drawn before the run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) promise: Promise,
    /// From where findings are seen.
    pub(crate) outlooks: Outlooks,
    pub(crate) options: Options,
    pub(crate) pace: Pace,
    /// How far our clock is ahead of the world's.
    pub(crate) ahead: SignedDuration,
    pub(crate) rounds: usize,
}

/// A clock that never ticks within a run.
const NEVER: SignedDuration = SignedDuration::from_hours(24 * 3650);
/// When the worlds are made: a fixed moment, so that a seed always makes the same one.
const BEGIN: Timestamp = Timestamp::constant(1_772_323_200, 0); // 2026-03-01T00:00:00Z

impl Plan {
    pub(crate) fn draw(seed: u64) -> Self {
        use Promise::{All, Late, Neighbours, Tail, Watch};
        let mut dice = Dice::new(seed, 0x91a);
        let promise = dice.among(&[Tail, Tail, Late, Watch, All, All, All, Neighbours]);
        let poll = Duration::from_secs(60) * dice.among(&[5, 20, 60]);
        let ticks = |wanted: &[Promise], every: u32| {
            if wanted.contains(&promise) {
                SignedDuration::try_from(poll * every).unwrap()
            } else {
                NEVER
            }
        };
        let every =
            |dice: &mut Dice, least, most| u32::try_from(dice.between(least, most)).unwrap();
        let rules = WindowRules {
            tail_every: SignedDuration::try_from(poll).unwrap(),
            overlap: SignedDuration::from_mins(10),
            watch_every: ticks(&[Watch, All, Neighbours], every(&mut dice, 1, 4)),
            late_every: ticks(&[Late, All, Neighbours], every(&mut dice, 2, 5)),
            late_reach: SignedDuration::from_hours(48),
            reconcile_every: ticks(&[All, Neighbours], every(&mut dice, 5, 10)),
            backfill: SignedDuration::from_hours(24 * dice.among(&[1, 30, 90])),
        };
        let gone = dice.among(&[1, 24, 24 * 90]);
        let pace = Pace {
            poll_interval: poll,
            poll_interval_max: poll,
            gaps_interval: None,
            discover_interval: poll * every(&mut dice, 2, 5),
            rules,
            retention: Retention {
                gone: Some(SignedDuration::from_hours(gone)),
                ..Retention::default()
            },
            workers: dice.among(&[1, 2, 3, 6]),
            drain: Duration::from_secs(10),
        };
        let ahead = match promise {
            Tail | Watch | Neighbours => 0,
            Late | All => i64::try_from(dice.up_to(600)).unwrap() - 300,
        };
        let mut options = options(seed, promise, &mut dice);
        // Drawn apart, so that the lives of members stay what they were.
        let mut dice_of_outlooks = Dice::new(seed, 0x10_0c);
        let outlooks = match promise {
            Neighbours => Outlooks::MEMBERS,
            Tail | Late | Watch | All => Outlooks::draw(&mut dice_of_outlooks),
        };
        if outlooks.are_wide() {
            options.administrator = true;
            options.accounts = options.accounts.max(dice_of_outlooks.between(2, 4));
        }
        Self {
            seed,
            promise,
            outlooks,
            options,
            pace,
            ahead: SignedDuration::from_secs(ahead),
            rounds: dice.between(2, 3),
        }
    }
}

fn options(seed: u64, promise: Promise, dice: &mut Dice) -> Options {
    use Promise::{All, Late, Neighbours, Tail, Watch};
    // A few have a window so long that it is read in parts.
    let large = promise != Promise::Neighbours && dice.percent(4);
    let most = dice.among(&[40, 80, 80, 240]);
    let (accounts, regions, findings) = match promise {
        Neighbours => (dice.between(4, 6), dice.between(1, 3), 60),
        _ if large => (1, 1, dice.between(550, 650)),
        Tail | Late | Watch | All => (
            dice.between(1, 6),
            dice.between(1, 3),
            dice.between(10, most),
        ),
    };
    Options {
        accounts,
        regions,
        findings,
        seed,
        now: Some(BEGIN),
        administrator: false,
        quota: dice.among(&[Quota::GET_FINDINGS, Quota::OFF]),
        token_lifetime_secs: dice.among(&[5, 60, 900]),
        faults: Faults {
            // A window that is long in pages, though not in findings.
            short_pages: if large { 1.0 } else { 0.0 },
            ..Faults::none()
        },
        ..Options::default()
    }
}
