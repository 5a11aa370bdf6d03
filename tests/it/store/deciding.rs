//! Touched issues, and the incidents and deliveries that follow.

use super::*;

#[tokio::test]
async fn history_is_silent_and_news_is_owed_to_every_sink_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_backfill(), &[raw("old").text()]).await;
    record(&*store, a_tail(), &[raw("new").text()]).await;
    let decided = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.opened, decided.owed), (2, 2, 2));

    // A refresh of everything and a second look change nothing.
    record(&*store, a_tail(), &[raw("new").text(), raw("old").text()]).await;
    let again = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((again.issues, again.owed), (0, 0));
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let told: Vec<_> = incidents
        .iter()
        .map(|i| (i.incident.history, i.deliveries.len()))
        .collect();
    assert!(
        told.contains(&(true, 0)) && told.contains(&(false, 2)),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_old_finding_that_the_tail_meets_before_the_history_is_no_news() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let first = SyncProgress::first_contact(now());
    store
        .begin_window(&here(), a_backfill(), first)
        .await
        .unwrap();
    // Its provider has just written it anew, as Security Hub does daily; it is a month old.
    let rewritten = Raw {
        updated_at: "2026-05-01T12:00:30Z".to_owned(),
        ..raw("old")
    };
    let later = tail("2026-05-01T11:50:00Z", "2026-05-01T12:01:00Z");
    record(&*store, later, &[rewritten.text()]).await;
    let decided = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.opened, decided.owed), (1, 0));

    // Once all history is recorded, what was not in it is news.
    for start in [a_backfill().start, ORIGIN] {
        let window = Window {
            start,
            ..a_backfill()
        };
        store.begin_window(&here(), window, first).await.unwrap();
        store
            .record(vec![page(window, true, &[])], now())
            .await
            .unwrap();
    }
    record(&*store, later, &[raw("late").text()]).await;
    let decided = store
        .decide(&rulebook("silent"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.opened, decided.owed), (1, 2));
}

#[tokio::test]
async fn new_rules_reach_what_was_there_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let nobody = Rulebook::new(vec![]);
    assert!(store.adopt(&nobody).await.unwrap());
    record(&*store, a_backfill(), &[raw("old").text()]).await;
    record(&*store, a_tail(), &[raw("new").text()]).await;
    store
        .decide(&nobody, Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert!(!store.adopt(&nobody).await.unwrap());

    // What was news is told by the new route; what was history stays silent.
    let rules = rulebook("silent");
    assert!(store.adopt(&rules).await.unwrap());
    let decided = store
        .decide(&rules, Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.opened, decided.owed), (2, 2, 2));
}

#[tokio::test]
async fn an_incident_is_resolved_when_its_findings_pass() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let passed = Raw {
        compliance: "PASSED",
        updated_at: NOW.to_owned(),
        ..raw("a")
    };
    record(&*store, a_tail(), &[passed.text()]).await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].incident.state.as_str(), "resolved");
}
