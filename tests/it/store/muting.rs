//! Mute times: who is told of nothing for some hours of the day, and of what is left of it afterwards.

use super::*;

/// One route to two sinks, muted from 22:00 to 06:00.
fn quiet_at_night() -> Rulebook {
    let settings: RouteSettings = serde_json::from_value(json!({
        "name": "all", "sinks": ["jira", "mail"], "first_sync": "notify",
        "mute": [{"from": "22:00", "to": "06:00"}],
    }))
    .unwrap();
    Rulebook::new(vec![settings.validate(&["jira", "mail"]).unwrap()])
}

async fn decide(store: &dyn Store, limit: u32, at: Timestamp) -> usize {
    let (rulebook, all) = (quiet_at_night(), Touched::ByAnything);
    store.decide(&rulebook, all, limit, at).await.unwrap().owed
}

async fn muted(store: &dyn Store) -> Vec<Option<Timestamp>> {
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let mut muted: Vec<_> = incidents.iter().map(|i| i.incident.muted_until).collect();
    muted.sort();
    muted
}

#[tokio::test]
async fn what_comes_in_a_mute_time_is_told_when_it_ends_whoever_opened_the_store_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let night = at("2026-05-01T23:00:00Z");
    let morning = at("2026-05-02T06:00:00Z");
    {
        let store = store(directory.path());
        record(&*store, a_tail(), &[raw("a").text(), raw("b").text()]).await;
        assert_eq!(decide(&*store, 100, night).await, 0);
        assert_eq!(muted(&*store).await, [Some(morning); 2]);
    }
    let store = store(directory.path());
    assert!(store.adopt(&quiet_at_night()).await.unwrap());
    assert!(!store.adopt(&quiet_at_night()).await.unwrap());
    assert_eq!(decide(&*store, 100, at("2026-05-02T05:59:59Z")).await, 0);
    // One of them is mended in time.
    let mended = Raw {
        compliance: "PASSED",
        updated_at: "2026-05-01T11:00:00.000Z".to_owned(),
        ..raw("b")
    };
    record(&*store, a_tail(), &[mended.text()]).await;
    assert_eq!(decide(&*store, 100, at("2026-05-02T05:59:59Z")).await, 0);
    assert_eq!(muted(&*store).await, [None, Some(morning)]);
    assert_eq!(decide(&*store, 100, morning).await, 2);
    assert_eq!(muted(&*store).await, [None, None]);
    assert_eq!(decide(&*store, 100, at("2026-05-02T23:00:00Z")).await, 0);
}

#[tokio::test]
async fn what_a_mute_time_kept_is_told_in_steps_of_bounded_size() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let raws: Vec<String> = (0..7).map(|n| raw(&format!("f{n}")).text()).collect();
    record(&*store, a_tail(), &raws).await;
    assert_eq!(decide(&*store, 100, at("2026-05-01T23:00:00Z")).await, 0);
    let morning = at("2026-05-02T07:00:00Z");
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.push(decide(&*store, 3, morning).await);
    }
    assert_eq!(steps, [6, 6, 2, 0]);
}

#[tokio::test]
async fn where_a_night_was_slept_through_the_next_one_is_as_quiet() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    assert_eq!(decide(&*store, 100, at("2026-05-01T23:00:00Z")).await, 0);
    // Nobody decided by day.
    assert_eq!(decide(&*store, 100, at("2026-05-02T22:30:00Z")).await, 0);
    assert_eq!(muted(&*store).await, [Some(at("2026-05-03T06:00:00Z"))]);
    assert_eq!(decide(&*store, 100, at("2026-05-03T06:00:00Z")).await, 2);
}
