//! Things that happen by themselves: findings appear, change, pass, are archived, arrive late and
//! expire, and analysts change them without moving their time.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    clock::{self, HOUR, Nanos, SECOND},
    locks::write,
    random,
    shared::Shared,
    world::World,
};

/// How many dice are thrown to find a scope that has findings.
const TRIES: usize = 64;
/// Expiry is looked after once in so many steps.
const EXPIRE_EVERY: u64 = 100;
/// Providers deliver up to two days late.
const LATEST: Nanos = 48 * HOUR;

/// Lets things happen at a rate, until told to stop.
pub(super) async fn live(shared: Arc<Shared>, per_second: f64, mut stop: watch::Receiver<bool>) {
    let pause = Duration::from_secs_f64(1.0 / per_second.clamp(0.01, 1_000.0));
    loop {
        tokio::select! {
            _stopped = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause) => step(&shared),
        }
    }
}

/// One thing happens.
pub(super) fn step(shared: &Shared) {
    let step = shared.next_step();
    let now = shared.clock.world();
    let mut world = write(&shared.world);
    let mut rng = random::generator(&[world.seed, 0x11fe, step]);
    if step.is_multiple_of(EXPIRE_EVERY) {
        world.expire(now);
    }
    let Some(scope) = busy_scope(&world, &mut rng) else {
        return;
    };
    match rng.u8(..100) {
        0..=24 => {
            world.appear(scope, now - SECOND);
        }
        25..=34 => {
            let late = rng.i64(HOUR..LATEST);
            world.appear(scope, now - late);
        }
        kind => {
            let Some(index) = some_finding(&world, scope, &mut rng) else {
                return;
            };
            change(&mut world, scope, index, kind, now);
        }
    }
}

fn change(world: &mut World, scope: usize, index: usize, kind: u8, now: Nanos) {
    let Some(text) = world.text(scope, index).map(std::borrow::Cow::into_owned) else {
        return;
    };
    let Ok(mut finding) = serde_json::from_str::<Value>(&text) else {
        return;
    };
    let Some(members) = finding.as_object_mut() else {
        return;
    };
    let silent = matches!(kind, 80..=99);
    match kind {
        35..=49 => flip_compliance(members),
        50..=59 => {
            members.insert("RecordState".into(), "ARCHIVED".into());
        }
        60..=64 => {
            members.insert("RecordState".into(), "ACTIVE".into());
        }
        // Nothing but the time moves: a check ran again with the same result.
        65..=79 => {}
        80..=89 => {
            let status = if kind < 85 { "SUPPRESSED" } else { "NOTIFIED" };
            members.insert("Workflow".into(), json!({"Status": status}));
        }
        _ => {
            let note = json!({
                "Text": "looked at it", "UpdatedBy": "analyst", "UpdatedAt": clock::whole_seconds(now),
            });
            members.insert("Note".into(), note);
        }
    }
    let updated = if silent {
        world.updated(scope, index)
    } else {
        // Whole milliseconds, as it is written. No provider's next version is older than its last.
        let now = now - now.rem_euclid(1_000_000);
        Some(now).filter(|now| world.updated(scope, index).is_some_and(|last| last < *now))
    };
    let Some(updated) = updated else { return };
    if !silent {
        let text = format!("{:.3}", clock::timestamp(updated));
        for name in ["UpdatedAt", "LastObservedAt"] {
            if let Some(member) = members.get_mut(name) {
                *member = text.clone().into();
            }
        }
    }
    world.replace(scope, index, finding.to_string(), updated);
}

/// A check that failed passes, and the other way round, with the workflow AWS sets for each.
fn flip_compliance(members: &mut serde_json::Map<String, Value>) {
    let Some(Value::Object(compliance)) = members.get_mut("Compliance") else {
        return;
    };
    let passes = compliance.get("Status").and_then(Value::as_str) != Some("PASSED");
    compliance.insert(
        "Status".into(),
        if passes { "PASSED" } else { "FAILED" }.into(),
    );
    let suppressed = members
        .get("Workflow")
        .and_then(|workflow| workflow.get("Status"))
        .is_some_and(|status| status == "SUPPRESSED");
    if !suppressed && members.contains_key("Workflow") {
        let status = if passes { "RESOLVED" } else { "NEW" };
        members.insert("Workflow".into(), json!({"Status": status}));
    }
}

fn busy_scope(world: &World, rng: &mut fastrand::Rng) -> Option<usize> {
    let scopes = world.scopes();
    (0..TRIES)
        .map(|_| rng.usize(scopes.clone()))
        .find(|scope| world.count(*scope) > 0)
}

fn some_finding(world: &World, scope: usize, rng: &mut fastrand::Rng) -> Option<usize> {
    let numbered = world.numbered(scope);
    (0..TRIES)
        .map(|_| rng.usize(..numbered))
        .find(|index| world.updated(scope, *index).is_some())
}

/// Findings that a changed security group makes true or false, checked again at once.
pub(super) fn recheck_group(
    shared: &Shared,
    scope: usize,
    group_id: &str,
    exposed: impl Fn(&str) -> Option<bool>,
) {
    let now = shared.clock.world();
    let mut world = write(&shared.world);
    let about: Vec<(usize, Value)> = (0..world.numbered(scope))
        .filter_map(|index| {
            let text = world.text(scope, index)?;
            if !text.contains(group_id) || !text.contains("AwsEc2SecurityGroup") {
                return None;
            }
            Some((index, serde_json::from_str(&text).ok()?))
        })
        .collect();
    for (index, finding) in about {
        let control = finding
            .pointer("/Compliance/SecurityControlId")
            .and_then(Value::as_str);
        let Some(fails) = control.and_then(&exposed) else {
            continue;
        };
        let failed = finding
            .pointer("/Compliance/Status")
            .and_then(Value::as_str)
            == Some("FAILED");
        if fails != failed {
            change(&mut world, scope, index, 35, now);
        }
    }
}
