//! Wide vantages: what they say of the scopes that they show, and what they do not.

use hubwatch::domain::Sight;

use super::*;

fn wide(sight: Sight) -> Vantage {
    Vantage {
        at: Scope {
            account: "999988887777".into(),
            region: "eu-west-1".into(),
        },
        sight,
    }
}

/// A census that finds the scope in sight of a vantage, or asked itself.
async fn census(store: &dyn Store, seen_from: Option<Vantage>, at: Timestamp) {
    let entry = CensusEntry {
        seen_from,
        ..entry(scope().account.as_str(), None)
    };
    store.take_census(vec![entry], at).await.unwrap();
}

/// Reads a window of a vantage to its end, with these findings in it.
async fn read(store: &dyn Store, vantage: &Vantage, window: Window, raws: &[String]) {
    let first = SyncProgress::first_contact(now());
    store.begin_window(vantage, window, first).await.unwrap();
    let page = PageRecord {
        vantage: vantage.clone(),
        ..page(window, true, raws)
    };
    store.record(vec![page], now()).await.unwrap();
}

fn history() -> Window {
    Window {
        start: ORIGIN,
        ..a_backfill()
    }
}

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn comparison(end: Timestamp) -> Window {
    Window {
        end,
        ..a_comparison()
    }
}

async fn missed(store: &dyn Store, vantage: &Vantage) -> usize {
    store.suspects(vantage, 10).await.unwrap().len()
}

#[tokio::test]
async fn a_vantage_has_a_watermark_of_its_own_and_speaks_for_what_it_shows() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let administrator = wide(Sight::Administrator);
    census(&*store, Some(administrator.clone()), now()).await;
    assert_eq!(states(&*store).await, [CoverageState::Backfilling]);
    read(&*store, &administrator, history(), &[raw("a").text()]).await;
    assert_eq!(states(&*store).await, [CoverageState::Ok]);
    let coverage = &store.coverage().await.unwrap()[0];
    assert_eq!(coverage.scope, scope());
    assert_eq!(coverage.seen_from.as_ref(), Some(&administrator));
    assert!(coverage.last_complete().is_some());
    // The scope was never asked itself.
    assert_eq!(store.progress(&here()).await.unwrap().progress, None);

    let denied = CoverageState::Denied;
    let told = store.note_trouble(&administrator, denied, "no", now());
    told.await.unwrap();
    assert_eq!(states(&*store).await, [denied]);
    // A poll of the scope itself that ends now says nothing any more.
    let itself = here();
    let stray = store.note_trouble(&itself, CoverageState::Unreachable, "?", now());
    stray.await.unwrap();
    assert_eq!(states(&*store).await, [denied]);

    // Asked itself again, it has to be read from its own beginning.
    census(&*store, None, later(10)).await;
    assert_eq!(states(&*store).await, [CoverageState::Backfilling]);
    let coverage = &store.coverage().await.unwrap()[0];
    assert!(coverage.last_complete().is_some(), "it was read until then");
}

#[tokio::test]
async fn what_came_into_sight_is_complete_after_a_comparison_and_what_it_held_is_no_news() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let administrator = wide(Sight::Administrator);
    store.take_census(Vec::new(), now()).await.unwrap();
    read(&*store, &administrator, history(), &[]).await;
    census(&*store, Some(administrator.clone()), later(10)).await;
    assert_eq!(states(&*store).await, [CoverageState::Backfilling]);
    let known = store.progress(&administrator).await.unwrap();
    assert_eq!(known.sight_changed_at, Some(later(10)));

    let window = comparison(later(11));
    read(&*store, &administrator, window, &[raw("held").text()]).await;
    assert_eq!(states(&*store).await, [CoverageState::Ok]);
    let rules = rulebook("silent");
    let decided = store.decide(&rules, Touched::ByAnything, 100, later(12));
    let decided = decided.await.unwrap();
    assert_eq!((decided.opened, decided.owed), (1, 0));

    // From now on it is known, whoever shows it.
    let fresh = wide(Sight::Aggregator);
    census(&*store, Some(fresh.clone()), later(20)).await;
    let both = [raw("held").text(), raw("new").text()];
    read(&*store, &fresh, history(), &both).await;
    let decided = store.decide(&rules, Touched::ByAnything, 100, later(21));
    let decided = decided.await.unwrap();
    assert_eq!((decided.opened, decided.owed), (1, 2));
}

#[tokio::test]
async fn a_vantage_misses_only_what_was_in_its_sight_all_along() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let administrator = wide(Sight::Administrator);
    record(&*store, a_tail(), &[raw("a").text(), raw("b").text()]).await;
    census(&*store, Some(administrator.clone()), now()).await;
    read(&*store, &administrator, history(), &[]).await;

    // It came into sight while the comparison was read.
    census(&*store, None, later(1)).await;
    census(&*store, Some(administrator.clone()), later(5)).await;
    read(&*store, &administrator, comparison(later(4)), &[]).await;
    assert_eq!(missed(&*store, &administrator).await, 0);

    let met = [raw("a").text()];
    read(&*store, &administrator, comparison(later(30)), &met).await;
    assert_eq!(missed(&*store, &administrator).await, 1);
    // Seen from elsewhere, it is under no suspicion.
    census(&*store, Some(wide(Sight::Aggregator)), later(40)).await;
    assert_eq!(missed(&*store, &wide(Sight::Aggregator)).await, 0);
    census(&*store, Some(administrator.clone()), later(50)).await;
    assert_eq!(missed(&*store, &administrator).await, 0);
}

#[tokio::test]
async fn an_aggregator_is_believed_only_about_what_it_has_shown() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let home = wide(Sight::Aggregator);
    let both = [raw("copied").text(), raw("never-copied").text()];
    record(&*store, a_tail(), &both).await;
    census(&*store, Some(home.clone()), now()).await;
    read(&*store, &home, history(), &[raw("copied").text()]).await;
    read(&*store, &home, comparison(later(30)), &[]).await;
    let suspects = store.suspects(&home, 10).await.unwrap();
    assert_eq!(suspects.len(), 1);
    assert_eq!(suspects[0].raw, raw("copied").text());
}
