//! How long recording waits while the store is tidied up. Measures and prints; run it by name:
//! `cargo test --release --test it stalls -- --ignored --nocapture`.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]

use std::time::Duration;

use hubwatch::store::{Chore, Retention};

use tokio::{task::JoinSet, time::Instant};

use super::{tidying::compare, *};

const PAGES: usize = 1_000;
const PER_PAGE: usize = 100;
/// How long recording rests between pages: readers wait for AWS most of the time.
const BETWEEN: Duration = Duration::from_millis(10);
/// More often than the daemon does, whose loop rests nine times as long as a step took.
const SHARE: u32 = 3;

/// Two kilobytes that compress about as findings do.
fn words(random: &mut fastrand::Rng) -> String {
    let word = |random: &mut fastrand::Rng| format!("{:x} ", random.u16(0..500));
    (0..500).map(|_| word(random)).collect()
}

fn raws(random: &mut fastrand::Rng, page: usize, title: &str) -> Vec<String> {
    let some = (0..PER_PAGE).map(|n| Raw {
        title: title.to_owned(),
        ..raw(&format!("{page}-{n}"))
    });
    let described = some.map(|raw| {
        let text = raw.text();
        text.replace("The bucket can be read by everyone.", &words(random))
    });
    described.collect()
}

/// Records pages of unchanged and new findings until told to stop, and says how long each took.
async fn record_on(store: &dyn Store, stop: impl Fn(usize) -> bool) -> Vec<Duration> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut took = Vec::new();
    while !stop(took.len()) {
        let fresh = page(
            a_tail(),
            false,
            &raws(&mut random, PAGES + took.len(), "new"),
        );
        let begun = Instant::now();
        store.record(vec![fresh], now()).await.unwrap();
        took.push(begun.elapsed());
        tokio::time::sleep(BETWEEN).await;
    }
    took
}

fn told(name: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |per_mille: usize| took[(took.len() - 1) * per_mille / 1000];
    println!(
        "{name}: {} pages, 50 % within {:.1?}, 99 % within {:.1?}, longest {:.1?}",
        took.len(),
        at(500),
        at(990),
        at(1000)
    );
}

fn sizes(when: &str, tallies: &hubwatch::store::Tallies) {
    let mib = |bytes: u64| bytes / (1024 * 1024);
    let size = &tallies.size;
    println!(
        "{when}: {} MiB, {} MiB of it free, log {} MiB, {:?}",
        mib(size.bytes),
        mib(size.free_bytes),
        mib(size.wal_bytes),
        size.rows
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and measures"]
async fn how_long_recording_waits_while_the_store_is_tidied_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let mut random = fastrand::Rng::with_seed(3);
    let begun = Instant::now();
    for number in 0..PAGES {
        let first = page(a_backfill(), false, &raws(&mut random, number, "first"));
        store.record(vec![first], now()).await.unwrap();
    }
    println!(
        "recorded {} findings in {:.1?}",
        PAGES * PER_PAGE,
        begun.elapsed()
    );
    sizes("full", &store.tallies().await.unwrap());

    // Half of the pages are gone. Of the others three quarters change, so that their bodies hold little.
    let met: Vec<String> = (0..PAGES)
        .step_by(2)
        .flat_map(|number| {
            let changed = (0..PER_PAGE)
                .filter(|n| n % 4 > 0)
                .map(move |n| format!("{number}-{n}"));
            let changed = changed.map(|id| {
                Raw {
                    title: "changed".to_owned(),
                    ..raw(&id)
                }
                .text()
            });
            changed.collect::<Vec<_>>()
        })
        .collect();
    for some in met.chunks(PER_PAGE) {
        let changed = page(a_tail(), false, some);
        store.record(vec![changed], now()).await.unwrap();
    }
    let window = Window {
        end: now(),
        ..a_comparison()
    };
    let first = SyncProgress::first_contact(now());
    store.begin_window(&here(), window, first).await.unwrap();
    // An older version changes nothing; the comparison has met the finding all the same.
    let older = |id: String| Raw {
        updated_at: "2026-04-30T10:00:00Z".to_owned(),
        ..raw(&id)
    };
    let kept = |number: usize| {
        (0..PER_PAGE)
            .step_by(4)
            .map(move |n| format!("{number}-{n}"))
    };
    let kept = (0..PAGES).step_by(2).flat_map(kept);
    let kept: Vec<String> = kept.map(|id| older(id).text()).collect();
    for some in kept.chunks(PER_PAGE).chain(met.chunks(PER_PAGE)) {
        let part = page(window, false, some);
        store.record(vec![part], now()).await.unwrap();
    }
    let gone = compare(&*store, &[], now()).await;
    println!("{gone} findings are gone");

    told(
        "recording alone",
        record_on(&*store, |pages| pages == 400).await,
    );
    sizes("before", &store.tallies().await.unwrap());
    let mut tidying = JoinSet::new();
    let handle = {
        let store = Arc::clone(&store);
        tidying.spawn(async move {
            let mut longest = BTreeMap::<Chore, (Duration, u64)>::new();
            let retention = Retention {
                gone: Some(SignedDuration::ZERO),
                ..Retention::default()
            };
            loop {
                let begun = Instant::now();
                let step = store
                    .tidy(retention, now() + SignedDuration::from_hours(1))
                    .await
                    .unwrap();
                let took = begun.elapsed();
                let of_chore = longest.entry(step.chore).or_default();
                *of_chore = (of_chore.0.max(took), of_chore.1 + step.count);
                if step.is_round_done {
                    return longest;
                }
                tokio::time::sleep((SHARE * took).max(Duration::from_millis(20))).await;
            }
        })
    };
    let took = record_on(&*store, |_| handle.is_finished()).await;
    told("recording while tidying up", took);
    for (chore, (longest, count)) in tidying.join_next().await.unwrap().unwrap() {
        println!("{}: {count}, longest step {longest:.1?}", chore.as_str());
    }
    sizes("after", &store.tallies().await.unwrap());
}
