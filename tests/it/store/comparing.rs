//! What a comparison did not meet, and what is asked for by id.

use super::*;

fn numbers(suspects: &[hubwatch::store::KnownFinding]) -> Vec<i64> {
    suspects.iter().map(|suspect| suspect.number).collect()
}

#[tokio::test]
async fn what_a_comparison_did_not_meet_is_gone_once_it_is_not_found_by_id_either() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    store
        .record(vec![page(a_comparison(), false, &[raw("a").text()])], now())
        .await
        .unwrap();
    // Not before the end of the window.
    assert!(store.suspects(&here(), 10).await.unwrap().is_empty());
    store
        .record(vec![page(a_comparison(), true, &[])], now())
        .await
        .unwrap();
    let suspects = store.suspects(&here(), 10).await.unwrap();
    assert_eq!(suspects.len(), 1);
    assert_eq!(suspects[0].raw, raw("b").text());

    let asked = numbers(&suspects);
    assert_eq!(
        store
            .clear_suspects(asked.clone(), asked, now())
            .await
            .unwrap(),
        1
    );
    assert!(store.suspects(&here(), 10).await.unwrap().is_empty());
    let gone = FindingFilter {
        standings: vec![Standing::Gone],
        ..FindingFilter::default()
    };
    let gone = store.findings(gone).await.unwrap();
    assert_eq!((gone.len(), gone[0].gone.as_deref()), (1, Some("deleted")));

    // Its incident is over, and nobody is told of anything new.
    let decided = store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    assert_eq!((decided.issues, decided.owed), (1, 0));
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let states: Vec<_> = incidents
        .iter()
        .map(|i| i.incident.state.as_str())
        .collect();
    assert_eq!(states, ["open", "resolved"]);

    // It comes back as it was.
    let change = record(&*store, a_tail(), &[raw("b").text()]).await;
    assert_eq!(change, [(Change::Reopened, 1)]);
}

#[tokio::test]
async fn a_suspect_that_is_found_by_id_is_not_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    store
        .record(vec![page(a_comparison(), true, &[raw("a").text()])], now())
        .await
        .unwrap();
    let asked = numbers(&store.suspects(&here(), 10).await.unwrap());
    assert_eq!(store.clear_suspects(asked, vec![], now()).await.unwrap(), 0);
    assert!(store.suspects(&here(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_suspect_that_was_updated_meanwhile_is_not_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    store
        .record(vec![page(a_comparison(), true, &[raw("a").text()])], now())
        .await
        .unwrap();
    let asked = numbers(&store.suspects(&here(), 10).await.unwrap());
    let newer = Raw {
        updated_at: NOW.to_owned(),
        ..raw("b")
    };
    record(&*store, a_tail(), &[newer.text()]).await;
    assert_eq!(
        store
            .clear_suspects(asked.clone(), asked, now())
            .await
            .unwrap(),
        0
    );
}

#[tokio::test]
async fn a_long_window_goes_on_behind_what_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    let edge = at("2026-05-01T10:30:00Z");
    let mut part = page(a_comparison(), false, &[raw("a").text()]);
    part.reached = Reached::UpTo(WindowKind::Reconcile, edge);
    store.record(vec![part], now()).await.unwrap();
    let known = store.progress(&here()).await.unwrap();
    let begun = BegunWindow {
        window: a_comparison(),
        from: edge,
    };
    assert_eq!((known.begun, known.suspects), (vec![begun], 1));
}

#[tokio::test]
async fn an_expired_finding_is_told_from_a_deleted_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    let later = now() + SignedDuration::from_hours(24 * 91);
    store
        .record(vec![page(a_comparison(), true, &[])], later)
        .await
        .unwrap();
    let asked = numbers(&store.suspects(&here(), 10).await.unwrap());
    assert_eq!(
        store
            .clear_suspects(asked.clone(), asked, later)
            .await
            .unwrap(),
        2
    );
    let findings = store.findings(FindingFilter::default()).await.unwrap();
    assert!(
        findings
            .iter()
            .all(|finding| finding.gone.as_deref() == Some("expired"))
    );
}

#[tokio::test]
async fn findings_behind_open_incidents_are_watched_in_turns() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    record(
        &*store,
        a_tail(),
        &[Raw {
            severity: "LOW",
            ..raw("c")
        }
        .text()],
    )
    .await;
    store
        .decide(&rulebook("notify"), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let first = numbers(&store.watched(&here(), 1).await.unwrap());
    store
        .note_watched(&here(), first.first().copied(), now())
        .await
        .unwrap();
    let second = numbers(&store.watched(&here(), 10).await.unwrap());
    assert_eq!(
        (first.len(), second.len()),
        (1, 1),
        "the low one is behind no incident"
    );
    assert_ne!(first, second);
    store.note_watched(&here(), None, now()).await.unwrap();
    assert_eq!(store.watched(&here(), 10).await.unwrap().len(), 2);
}
