//! Pages, and what became of the findings in them.

use super::*;

#[tokio::test]
async fn a_page_recorded_twice_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let raws = [raw("a").text(), raw("b").text()];
    assert_eq!(
        record(&*store, a_tail(), &raws).await,
        [(Change::Appeared, 2)]
    );
    let before = store.tallies().await.unwrap();
    assert_eq!(
        record(&*store, a_tail(), &raws).await,
        [(Change::Unchanged, 2)]
    );
    assert_eq!(store.tallies().await.unwrap(), before);
    assert_eq!(raws_of(&*store).await.len(), 2);
}

#[tokio::test]
async fn the_same_finding_twice_in_one_page_is_one_finding() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let newer = Raw {
        updated_at: "2026-05-01T11:00:00Z".to_owned(),
        compliance: "PASSED",
        ..raw("a")
    };
    let raws = [raw("a").text(), newer.text(), raw("a").text()];
    record(&*store, a_tail(), &raws).await;
    assert_eq!(raws_of(&*store).await, [newer.text()]);
    let tallies = store.tallies().await.unwrap().findings;
    let counts: Vec<_> = tallies
        .iter()
        .filter(|t| t.count > 0)
        .map(|t| (t.standing, t.count))
        .collect();
    assert_eq!(counts, [(Standing::Resolved, 1)]);
}

#[tokio::test]
async fn a_refreshed_finding_comes_back_byte_for_byte() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let neighbour = raw("b").text();
    record(&*store, a_tail(), &[raw("a").text(), neighbour.clone()]).await;
    let newer = Raw {
        updated_at: "2026-05-01T11:00:00.123456+00:00".to_owned(),
        ..raw("a")
    };
    let change = record(&*store, a_tail(), &[newer.text()]).await;
    assert_eq!(change, [(Change::Refreshed, 1)]);
    assert_eq!(raws_of(&*store).await, [newer.text(), neighbour]);
}

#[tokio::test]
async fn an_older_version_never_wins() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    // Later as an instant, though not as text.
    let newer = Raw {
        updated_at: "2026-05-01T09:30:00-05:00".to_owned(),
        ..raw("a")
    };
    let older = Raw {
        updated_at: "2026-05-01T14:29:59.999Z".to_owned(),
        compliance: "PASSED",
        ..raw("a")
    };
    record(&*store, a_tail(), &[newer.text()]).await;
    assert_eq!(
        record(&*store, a_tail(), &[older.text()]).await,
        [(Change::Unchanged, 1)]
    );
    assert_eq!(raws_of(&*store).await, [newer.text()]);
}

#[tokio::test]
async fn an_analysts_change_is_seen_though_updated_at_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    let suppressed = Raw {
        workflow: "SUPPRESSED",
        ..raw("a")
    };
    let change = record(&*store, a_tail(), &[suppressed.text()]).await;
    assert_eq!(change, [(Change::Suppressed, 1)]);
    assert_eq!(raws_of(&*store).await, [suppressed.text()]);
}

#[tokio::test]
async fn bodies_that_no_finding_points_to_are_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text(), raw("b").text()]).await;
    for (id, title) in [("a", "renamed"), ("b", "renamed too")] {
        let renamed = Raw {
            title: title.to_owned(),
            ..raw(id)
        };
        record(&*store, a_tail(), &[renamed.text()]).await;
    }
    drop(store);
    let database = rusqlite::Connection::open(directory.path().join("hubwatch.db")).unwrap();
    let bodies: Vec<i64> = database
        .prepare("SELECT live FROM bodies")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(bodies, [1, 1]);
}

#[tokio::test]
async fn a_batch_is_recorded_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    // The second page ends a window that was never begun, which cannot be.
    let pages = vec![
        page(a_tail(), false, &[raw("a").text()]),
        page(a_tail(), true, &[]),
    ];
    assert!(store.record(pages, now()).await.is_err());
    assert!(raws_of(&*store).await.is_empty());
    assert!(store.tallies().await.unwrap().findings.is_empty());
    // What the failed transaction had learned is forgotten: numbers of scopes and texts.
    assert_eq!(
        record(&*store, a_tail(), &[raw("a").text()]).await,
        [(Change::Appeared, 1)]
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let broken = r#"{"Id":"x","AwsAccountId":"111122223333","UpdatedAt":"yesterday"}"#.to_owned();
    for _ in 0..2 {
        record(&*store, a_tail(), &[raw("a").text(), broken.clone()]).await;
    }
    let rejected = store.rejected(10).await.unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(
        (rejected[0].raw.as_str(), rejected[0].id.as_deref()),
        (&*broken, Some("x"))
    );
    assert_eq!(raws_of(&*store).await.len(), 1);
}
