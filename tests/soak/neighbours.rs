//! Some accounts are in deep trouble: nothing comes of them but refusals, errors and silence. The
//! others must not be slower for it.

use std::{collections::BTreeSet, time::Duration};

use hubwatch::{
    domain::{CoverageState, Timestamp},
    simulator::ScopeTruth,
    store::Store,
};
use jiff::SignedDuration;

use crate::{checks, lives::Run, plan::Plan};

/// How long one request may take, from connecting to the last byte.
const ATTEMPT: Duration = Duration::from_secs(25);
/// Everything that a poll of a healthy scope takes when it is due ...
const READING: Duration = Duration::from_secs(30);
/// ... and how long it may take until it is written that there was nothing, and once more where the
/// store failed.
const WRITING: Duration = Duration::from_secs(60);

pub(crate) async fn live(plan: Plan) {
    let mut run = Box::pin(Run::begin(plan)).await;
    let troubled = run.trouble.troubled();
    for _ in 0..run.plan.rounds {
        round(&mut run, &troubled).await;
    }
    run.end().await;
}

/// The troubled accounts get other trouble, and the others are looked at again and again.
async fn round(run: &mut Run, troubled: &BTreeSet<String>) {
    run.trouble.turn_on(troubled);
    for _ in 0..run.dice.between(1, 3) {
        run.things_happen().await;
        let store = run.house.look();
        for _ in 0..run.dice.between(3, 9) {
            run.time.pass(run.plan.pace.poll_interval / 3).await;
            run.house.must_run();
            none_waits(run, &*store, troubled).await;
        }
    }
    run.check().await;
}

/// Every healthy scope was read to its end within its poll interval. What its neighbours may cost it:
/// each of theirs may hold one of the readers that are left for everybody for one request, once. A
/// single reader is held by every one of theirs, for as long as it is asked again.
async fn none_waits(run: &Run, store: &dyn Store, troubled: &BTreeSet<String>) {
    let world = run.simulator.world();
    let scopes = world.truth().scopes;
    let is_troubled = |scope: &&ScopeTruth| troubled.contains(&scope.account_id);
    let theirs = scopes.iter().filter(is_troubled).count();
    let readers = run.plan.pace.workers;
    let (held, attempts) = match readers {
        1 => (theirs, 8),
        _ => (theirs.div_ceil(readers - readers / 2), 1),
    };
    let theirs = ATTEMPT * attempts * u32::try_from(held).unwrap();
    let bound = run.plan.pace.poll_interval.mul_f64(1.1) + theirs + READING + WRITING;
    let faults = world.faults();
    let known = run.known(&world);
    for scope in scopes.iter().filter(|scope| !is_troubled(scope)) {
        if known.expected(scope, &faults) != CoverageState::Ok {
            continue;
        }
        let found = store.progress(&checks::asked(scope)).await.unwrap();
        let read: Option<Timestamp> = found.progress.map(|progress| progress.watermark);
        let waits = run.time.ours().duration_since(read.unwrap_or(run.begun_at));
        let in_time = waits < SignedDuration::try_from(bound).unwrap();
        assert!(
            in_time,
            "{scope:?} waits for {waits:#}, beyond {bound:?}: {found:?}"
        );
    }
}
