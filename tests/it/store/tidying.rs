//! What goes when it was kept for long enough, what never goes, and the room it took.

use hubwatch::store::{Chore, Retention};

use super::*;

const AT_ONCE: Retention = Retention {
    gone: Some(SignedDuration::ZERO),
    incidents: Some(SignedDuration::ZERO),
    rejected: Some(SignedDuration::ZERO),
};
const FOR_EVER: Retention = Retention {
    gone: None,
    incidents: None,
    rejected: None,
};

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

/// Tidies up until everything was looked at once. What was done, by chore.
pub(super) async fn tidy(
    store: &dyn Store,
    retention: Retention,
    now: Timestamp,
) -> BTreeMap<Chore, u64> {
    let mut done = BTreeMap::new();
    loop {
        let step = store.tidy(retention, now).await.unwrap();
        if step.count > 0 {
            *done.entry(step.chore).or_default() += step.count;
        }
        if step.is_round_done {
            return done;
        }
    }
}

/// A comparison that met only these; what it did not meet is gone. Returns how many that are.
pub(super) async fn compare(store: &dyn Store, met: &[String], now: Timestamp) -> u32 {
    let window = Window {
        end: now,
        ..a_comparison()
    };
    let first = SyncProgress::first_contact(super::now());
    store.begin_window(&here(), window, first).await.unwrap();
    let last = page(window, true, met);
    store.record(vec![last], now).await.unwrap();
    let suspects = store.suspects(&here(), 100_000).await.unwrap();
    let asked: Vec<i64> = suspects.iter().map(|suspect| suspect.number).collect();
    let cleared = store.clear_suspects(asked.clone(), asked, now).await;
    cleared.unwrap()
}

#[tokio::test]
async fn a_finding_goes_when_it_was_gone_for_long_enough_and_takes_everything_along() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let resolved = Raw {
        compliance: "PASSED",
        ..raw("resolved")
    };
    let kept = [resolved.text(), raw("open").text()];
    record(&*store, a_backfill(), &[raw("gone").text()]).await;
    record(&*store, a_backfill(), &kept).await;
    store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!(compare(&*store, &kept, now()).await, 1);
    store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();

    let retention = Retention {
        gone: Some(days(90)),
        ..AT_ONCE
    };
    let done = tidy(&*store, FOR_EVER, now() + days(9_999)).await;
    assert_eq!(done, BTreeMap::new());
    let done = tidy(&*store, retention, now() + days(89)).await;
    // Its incident is over, and nobody was told of it.
    assert_eq!(done, BTreeMap::from([(Chore::Incidents, 1)]));
    let done = tidy(&*store, retention, now() + days(91)).await;
    let all = [(Chore::Findings, 1), (Chore::Issues, 1)];
    assert_eq!(done, BTreeMap::from(all));
    // However old they are, AWS has the others still.
    let mut left = raws_of(&*store).await;
    left.sort();
    assert_eq!(left, [raw("open").text(), resolved.text()]);
    let rows: BTreeMap<_, _> = store
        .tallies()
        .await
        .unwrap()
        .size
        .rows
        .into_iter()
        .collect();
    assert_eq!(
        (rows["findings"], rows["bodies"], rows["issues"]),
        (2, 1, 2)
    );
    let database = rusqlite::Connection::open(directory.path().join("hubwatch.db")).unwrap();
    let resources = database.query_row("SELECT count(*) FROM resources", [], |row| row.get(0));
    assert_eq!(resources, Ok(2));
    drop(database);

    // Should it come back, it is new.
    let change = record(&*store, a_tail(), &[raw("gone").text()]).await;
    assert_eq!(change, [(Change::Appeared, 1)]);
}

#[tokio::test]
async fn a_finding_that_came_back_counts_from_the_last_time_it_was_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_backfill(), &[raw("a").text()]).await;
    let retention = Retention {
        gone: Some(days(90)),
        ..FOR_EVER
    };
    compare(&*store, &[], now()).await;
    record(&*store, a_tail(), &[raw("a").text()]).await;
    let done = tidy(&*store, retention, now() + days(91)).await;
    assert_eq!((done.len(), raws_of(&*store).await.len()), (0, 1));

    record(&*store, a_tail(), &[raw("b").text()]).await;
    compare(&*store, &[raw("a").text()], now()).await;
    record(&*store, a_tail(), &[raw("b").text()]).await;
    compare(&*store, &[raw("a").text()], now() + days(50)).await;
    tidy(&*store, retention, now() + days(91)).await;
    assert_eq!(raws_of(&*store).await.len(), 2, "it was gone for 41 days");
    tidy(&*store, retention, now() + days(141)).await;
    assert_eq!(raws_of(&*store).await, [raw("a").text()]);
}

#[tokio::test]
async fn what_an_incident_needs_that_is_not_over_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    // Two findings of one issue; one of them goes.
    let other = raw("b").text().replace("bucket-b", "bucket-a");
    record(&*store, a_tail(), &[raw("a").text(), other.clone()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!(compare(&*store, &[raw("a").text()], now()).await, 1);
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    tidy(&*store, AT_ONCE, now() + days(1)).await;
    assert_eq!(raws_of(&*store).await.len(), 2);

    // The incident is over, and its notices are still owed.
    compare(&*store, &[], now() + days(2)).await;
    let later = now() + days(2);
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, later)
        .await
        .unwrap();
    tidy(&*store, AT_ONCE, now() + days(4)).await;
    assert_eq!(raws_of(&*store).await.len(), 2);

    // Everybody was told. The findings go; the incident and its receipts stay for good.
    let receipt = |n: i64| Receipt {
        reference: format!("SEC-{n}"),
        url: None,
    };
    for sink in ["jira", "mail"] {
        let until = now() + days(4);
        let leased = store
            .lease_deliveries(sink, 8, now() + days(3), until)
            .await;
        for delivery in leased.unwrap() {
            let settled = Settlement::Delivered(receipt(delivery.id));
            store
                .settle(delivery.id, settled, now() + days(3))
                .await
                .unwrap();
        }
    }
    let done = tidy(&*store, AT_ONCE, now() + days(6)).await;
    assert_eq!(done, BTreeMap::from([(Chore::Findings, 2)]));
    assert!(raws_of(&*store).await.is_empty());
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    assert_eq!((incidents.len(), incidents[0].deliveries.len()), (1, 2));
    let id = incidents[0].incident.id.unwrap();
    assert!(store.brief(id, 10).await.unwrap().is_some());
}

#[tokio::test]
async fn a_finding_that_holds_the_place_of_another_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_backfill(), &[raw("a").text()]).await;
    compare(&*store, &[], now()).await;
    // Another one, with the same forty bits, had to take the next key.
    let database = rusqlite::Connection::open(directory.path().join("hubwatch.db")).unwrap();
    let columns = "id_hash, issue, severity, standing, updated_at, since, recorded_at, title, product, \
                   compliance, workflow, traits, content, body, start, length, stamps, swept, gone";
    let copy = format!(
        "INSERT INTO findings (key, verify, {columns})
         SELECT key + 1, verify + 1, {columns} FROM findings"
    );
    assert_eq!(database.execute(&copy, []).unwrap(), 1);
    let done = tidy(&*store, AT_ONCE, now() + days(1)).await;
    assert_eq!(done.get(&Chore::Findings), None);
}

#[tokio::test]
async fn a_rejected_finding_goes_once_aws_no_longer_sends_it() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let broken = |id: &str| format!(r#"{{"Id":"{id}","UpdatedAt":"yesterday"}}"#);
    let met = async |ids: &[&str], at: Timestamp| {
        let raws: Vec<String> = ids.iter().map(|id| broken(id)).collect();
        let met = store.record(vec![page(a_tail(), false, &raws)], at).await;
        met.unwrap()[0].rejected
    };
    assert_eq!(met(&["x", "y"], now()).await, 2);
    assert_eq!(met(&["y"], now() + days(50)).await, 0);
    let retention = Retention {
        rejected: Some(days(90)),
        ..FOR_EVER
    };
    let done = tidy(&*store, retention, now() + days(91)).await;
    assert_eq!(done, BTreeMap::from([(Chore::Rejected, 1)]));
    let left = store.rejected(10).await.unwrap();
    assert_eq!((left.len(), left[0].id.as_deref()), (1, Some("y")));
    let tallies = store.tallies().await.unwrap();
    let counted: u64 = tallies.rejected.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, 1);
}

#[tokio::test]
async fn bodies_with_little_left_are_packed_anew_and_nothing_changes() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let name = |page: usize, n: usize| format!("{page}-{n}");
    for page in 0..10 {
        let raws: Vec<String> = (0..20).map(|n| raw(&name(page, n)).text()).collect();
        record(&*store, a_tail(), &raws).await;
    }
    // Newer stamps alone stand beside the body, and have to go on fitting it.
    let refreshed = Raw {
        updated_at: "2026-05-01T11:00:00.5Z".to_owned(),
        ..raw(&name(3, 19))
    };
    record(&*store, a_tail(), &[refreshed.text()]).await;
    // Of each page but the first two findings are left behind.
    for page in 1..10 {
        let renamed = (0..18).map(|n| Raw {
            title: format!("renamed {n}"),
            ..raw(&name(page, n))
        });
        let raws: Vec<String> = renamed.map(|raw| raw.text()).collect();
        record(&*store, a_tail(), &raws).await;
    }
    let bodies = async || {
        let rows = store.tallies().await.unwrap().size.rows;
        rows.into_iter()
            .find(|(table, _)| *table == "bodies")
            .unwrap()
            .1
    };
    let mut before = raws_of(&*store).await;
    assert_eq!(bodies().await, 19);
    let done = tidy(&*store, FOR_EVER, now()).await;
    assert_eq!(done, BTreeMap::from([(Chore::Bodies, 18)]));
    assert_eq!(bodies().await, 12, "nine became two, in two steps");
    let mut after = raws_of(&*store).await;
    before.sort();
    after.sort();
    assert!(after.contains(&refreshed.text()));
    assert_eq!(before, after);
    assert_eq!(tidy(&*store, FOR_EVER, now()).await, BTreeMap::new());
}

#[tokio::test]
async fn room_that_is_no_longer_needed_is_given_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let mut random = fastrand::Rng::with_seed(1);
    // Text that does not compress, 10 MB of it.
    let mut noise = || -> String { (0..2_000).map(|_| random.alphanumeric()).collect() };
    for page in 0..50 {
        let raws = (0..100).map(|n| Raw {
            title: noise(),
            ..raw(&format!("{page}-{n}"))
        });
        let raws: Vec<String> = raws.map(|raw| raw.text()).collect();
        record(&*store, a_backfill(), &raws).await;
    }
    assert_eq!(compare(&*store, &[], now()).await, 5_000);
    let before = store.tallies().await.unwrap().size;
    let done = tidy(&*store, AT_ONCE, now() + days(1)).await;
    assert!(done[&Chore::Pages] > 1_000, "{done:?}");
    let after = store.tallies().await.unwrap().size;
    let given = before.bytes - after.bytes;
    assert_eq!(given, done[&Chore::Pages] * 4_096);
    assert!(after.free_bytes <= 4_096 * 1_024, "{after:?}");
    drop(store);
    let file = directory.path().join("hubwatch.db");
    assert_eq!(file.metadata().unwrap().len(), after.bytes);
}
