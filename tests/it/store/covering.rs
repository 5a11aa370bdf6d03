//! How well scopes can be read, and how far they are recorded.

use super::*;

#[tokio::test]
async fn progress_moves_with_the_last_page_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let first = SyncProgress::first_contact(now());
    store
        .begin_window(&scope(), a_backfill(), first)
        .await
        .unwrap();

    store
        .record(vec![page(a_backfill(), false, &[raw("a").text()])], now())
        .await
        .unwrap();
    let known = store.progress(&scope()).await.unwrap();
    assert_eq!(
        (known.progress, known.begun),
        (Some(first), vec![BegunWindow::at_start(a_backfill())])
    );

    store
        .record(vec![page(a_backfill(), true, &[])], now())
        .await
        .unwrap();
    let known = store.progress(&scope()).await.unwrap();
    assert_eq!(known.progress.unwrap().history_from, a_backfill().start);
    assert!(known.begun.is_empty());
}

#[tokio::test]
async fn a_poll_does_not_overrule_a_census_that_ended_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let progress = SyncProgress::first_contact(now());
    store
        .begin_window(&scope(), a_backfill(), progress)
        .await
        .unwrap();
    let account = scope().account.to_string();
    let suspended = entry(&account, Some(CoverageState::Suspended));
    store.take_census(vec![suspended], now()).await.unwrap();
    store
        .record(vec![page(a_backfill(), true, &[])], now())
        .await
        .unwrap();
    assert_eq!(states(&*store).await, [CoverageState::Suspended]);
}

#[tokio::test]
async fn every_scope_is_in_exactly_one_state_through_leaving_and_coming_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let suspended = Some(CoverageState::Suspended);
    store
        .take_census(vec![entry("1", None), entry("2", suspended)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Backfilling, CoverageState::Suspended]
    );

    store
        .take_census(vec![entry("2", None)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Stale, CoverageState::Backfilling]
    );

    store
        .take_census(vec![entry("1", None), entry("2", None)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Backfilling, CoverageState::Backfilling]
    );
}

#[tokio::test]
async fn a_scope_that_cannot_be_read_keeps_its_findings() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let census = vec![entry(scope().account.as_str(), None)];
    store.take_census(census, now()).await.unwrap();
    let first = SyncProgress::first_contact(now());
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    store
        .begin_window(&scope(), everything, first)
        .await
        .unwrap();
    store
        .record(vec![page(everything, true, &[raw("a").text()])], now())
        .await
        .unwrap();
    assert_eq!(states(&*store).await, [CoverageState::Ok]);

    store
        .note_trouble(&scope(), CoverageState::Denied, "no", now())
        .await
        .unwrap();
    let coverage = store.coverage().await.unwrap();
    assert_eq!(coverage[0].state, CoverageState::Denied);
    assert_eq!(coverage[0].last_complete, Some(now()));
    assert_eq!(raws_of(&*store).await.len(), 1);
}
