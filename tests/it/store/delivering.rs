//! Leases and settlements.

use super::*;

#[tokio::test]
async fn a_lease_that_ends_unsettled_leaves_the_delivery_in_doubt() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let later = |secs| now() + SignedDuration::from_secs(secs);

    let leased = store
        .lease_deliveries("jira", 8, later(2), later(60))
        .await
        .unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].attempts, leased[0].in_doubt_since), (0, None));
    // Nobody else gets it meanwhile.
    assert!(
        store
            .lease_deliveries("jira", 8, later(3), later(60))
            .await
            .unwrap()
            .is_empty()
    );

    let found = store
        .lease_deliveries("jira", 8, later(61), later(120))
        .await
        .unwrap();
    assert_eq!(
        (found[0].attempts, found[0].in_doubt_since),
        (1, Some(later(2)))
    );

    let receipt = Receipt {
        reference: "SEC-1".to_owned(),
        url: None,
    };
    let settled = Settlement::Delivered(receipt);
    store.settle(found[0].id, settled, later(62)).await.unwrap();
    assert!(
        store
            .lease_deliveries("jira", 8, later(999), later(1999))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_delivery_that_certainly_did_not_land_is_not_in_doubt() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let later = |secs| now() + SignedDuration::from_secs(secs);
    let leased = store
        .lease_deliveries("jira", 8, later(2), later(60))
        .await
        .unwrap();
    let settlement = Settlement::Later {
        due_at: later(30),
        reason: "busy".to_owned(),
        in_doubt_since: None,
    };
    store
        .settle(leased[0].id, settlement, later(3))
        .await
        .unwrap();
    assert!(
        store
            .lease_deliveries("jira", 8, later(29), later(60))
            .await
            .unwrap()
            .is_empty()
    );
    let again = store
        .lease_deliveries("jira", 8, later(31), later(90))
        .await
        .unwrap();
    assert_eq!((again[0].attempts, again[0].in_doubt_since), (1, None));
}

#[tokio::test]
async fn what_a_dead_process_had_leased_is_in_doubt_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let dying = store(directory.path());
    record(&*dying, a_tail(), &[raw("a").text()]).await;
    dying
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let later = |secs| now() + SignedDuration::from_secs(secs);
    dying
        .lease_deliveries("jira", 8, later(2), later(600))
        .await
        .unwrap();
    drop(dying);

    let restarted = store(directory.path());
    let leased = restarted
        .lease_deliveries("jira", 8, later(3), later(600))
        .await
        .unwrap();
    assert_eq!(leased[0].in_doubt_since, Some(later(2)));
}
