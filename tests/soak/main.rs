//! Simulated lives of an organization, each drawn from a seed: a world, what happens in it, and what
//! goes wrong. The daemon's loops run in this process against the simulator's sockets, by a time that
//! the test moves: days pass in moments. They are cut off at any point and started again on what
//! is on disk. Then the faults end, the sweeps run, and the store must be the hub.
//!
//! `make soak SEEDS=1000..4000` runs others than the few hundred of every test run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails; helpers outside of #[test] are not covered by clippy.toml"
)]

mod blinks;
mod checks;
mod dice;
mod doors;
mod house;
mod known;
mod ledger;
mod life;
mod lives;
mod neighbours;
mod news;
mod outlook;
mod plan;
mod time;
mod trouble;
mod witness;

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
};

use plan::{Plan, Promise};

/// The seeds of every test run: about a minute on two cores.
const SEEDS: Range<u64> = 0..200;
/// How much memory the process may use in the end, whatever the number of seeds: what one seed leaves
/// behind adds up.
const MEMORY_KIB: u64 = 700 * 1024;

#[test]
fn whatever_goes_wrong_the_store_is_the_hub_once_it_has_ended() {
    log();
    let seeds = seeds();
    let (next, failed) = (AtomicU64::new(seeds.start), AtomicU64::new(0));
    let begun = tokio::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    failed.fetch_add(u64::from(!live_through(seed)), Ordering::Relaxed);
                    if seed % 100 == 99 {
                        say(&format!(
                            "{} seeds in {:.0?}",
                            seed + 1 - seeds.start,
                            begun.elapsed()
                        ));
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), 0, "seeds failed; see above");
    let kib = peak_kib();
    assert!(kib < MEMORY_KIB, "{kib} KiB");
}

/// Runs one seed to its end, and says whether all went well. A failure says how to see it again.
fn live_through(seed: u64) -> bool {
    let plan = Plan::draw(seed);
    let what = format!("{:?}, {:?}", plan.promise, plan.outlooks);
    // What the product draws by itself, such as jitter.
    fastrand::seed(seed);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        match plan.promise {
            Promise::Neighbours => runtime.block_on(neighbours::live(plan)),
            Promise::Tail | Promise::Late | Promise::Watch | Promise::All => {
                runtime.block_on(lives::live(plan));
            }
        }
    }));
    if lived.is_err() {
        say(&format!(
            "seed {seed} ({what}) failed; again: make soak SEEDS={seed}..{}",
            seed + 1
        ));
    }
    lived.is_ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the ban keeps the environment out of the product; this chooses what tests it"
)]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

/// What the daemon has to say, for a look at one seed.
fn log() {
    if let Some(filter) = said("HUBWATCH_SOAK_LOG") {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
    }
}

fn seeds() -> Range<u64> {
    let Some(text) = said("HUBWATCH_SOAK_SEEDS") else {
        return SEEDS;
    };
    let number = |text: &str| text.trim().parse().expect("HUBWATCH_SOAK_SEEDS=FIRST..END");
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => number(&text)..number(&text) + 1,
    }
}

/// The most memory that this process has used.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or_default()
}

#[expect(
    clippy::print_stderr,
    reason = "a run of thousands of seeds says how far it is, and which one failed"
)]
fn say(words: &str) {
    eprintln!("{words}");
}
