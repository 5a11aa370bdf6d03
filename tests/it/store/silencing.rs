//! Silences: what nobody is told of for a while, and is told of once it is over.

use hubwatch::{correlate::MatchSettings, store::NewSilence};

use super::*;

async fn decide(store: &dyn Store, at: Timestamp) -> usize {
    let rulebook = rulebook("notify");
    let all = Touched::ByAnything;
    store.decide(&rulebook, all, 100, at).await.unwrap().owed
}

fn over_buckets(hours: i64) -> NewSilence {
    NewSilence {
        matching: MatchSettings {
            problems: vec!["control:S3.*".to_owned()],
            ..MatchSettings::default()
        },
        by: "jane".to_owned(),
        reason: "moving house".to_owned(),
        ends_at: in_hours(hours),
    }
}

fn in_hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

#[tokio::test]
async fn what_comes_under_a_silence_is_told_when_the_silence_ends() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    store.add_silence(over_buckets(4), now()).await.unwrap();
    record(&*store, a_tail(), &[raw("a").text()]).await;
    assert_eq!(decide(&*store, now()).await, 0);
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    assert_eq!(incidents.len(), 1, "it is shown all the same");
    assert_eq!(decide(&*store, in_hours(3)).await, 0);
    assert_eq!(decide(&*store, in_hours(4)).await, 2);
    assert_eq!(decide(&*store, in_hours(5)).await, 0);
}

#[tokio::test]
async fn a_silence_is_over_what_it_matches_and_only_that() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let elsewhere = NewSilence {
        matching: MatchSettings {
            accounts: vec!["444455556666".to_owned()],
            ..over_buckets(4).matching
        },
        ..over_buckets(4)
    };
    store.add_silence(elsewhere, now()).await.unwrap();
    record(&*store, a_tail(), &[raw("a").text()]).await;
    assert_eq!(decide(&*store, now()).await, 2);
}

#[tokio::test]
async fn a_silence_reaches_what_was_there_before_it_and_can_be_ended_by_a_person() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_backfill(), &[raw("a").text(), raw("b").text()]).await;
    let silent = rulebook("silent");
    let all = Touched::ByAnything;
    let owed = store.decide(&silent, all, 100, now()).await.unwrap().owed;
    assert_eq!(owed, 0, "history");

    // A person adds them beside the daemon; the longer of two counts.
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let person = open(&url, &Access::Amend).unwrap();
    let short = person.add_silence(over_buckets(1), now()).await.unwrap();
    let long = person.add_silence(over_buckets(9), now()).await.unwrap();
    assert_eq!(store.tallies().await.unwrap().touched, 2);
    assert_eq!(decide(&*store, now()).await, 0);
    assert_eq!(decide(&*store, in_hours(2)).await, 0);
    assert!(person.expire_silence(long, in_hours(2)).await.unwrap());
    assert!(!person.expire_silence(long, in_hours(2)).await.unwrap());
    assert!(!person.expire_silence(short, in_hours(2)).await.unwrap());
    assert_eq!(decide(&*store, in_hours(2)).await, 4);

    let all = store.silences().await.unwrap();
    let ends: Vec<_> = all.iter().map(|s| (s.id, s.ends_at)).collect();
    assert_eq!(ends, [(long, in_hours(2)), (short, in_hours(1))]);
    assert_eq!((&*all[0].by, &*all[0].reason), ("jane", "moving house"));
}

#[tokio::test]
async fn a_silence_over_everything_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let everything = NewSilence {
        matching: MatchSettings::default(),
        ..over_buckets(1)
    };
    store.add_silence(everything, now()).await.unwrap_err();
    assert!(store.silences().await.unwrap().is_empty());
}
