//! Incidents that people take on, and what is remembered of an incident's life.

use hubwatch::{
    domain::{Acknowledgement, IncidentId, IncidentState, IncidentTurn, Turn},
    store::Acknowledging,
};

use super::*;

fn word(by: &str, note: Option<&str>) -> Acknowledgement {
    Acknowledgement {
        by: by.to_owned(),
        at: now(),
        note: note.map(str::to_owned),
    }
}

async fn decide(store: &dyn Store, at: Timestamp) {
    let all = Touched::ByAnything;
    store
        .decide(&rulebook("notify"), all, 100, at)
        .await
        .unwrap();
}

/// A store in which one incident is open.
async fn with_an_incident(directory: &Path) -> (Arc<dyn Store>, IncidentId) {
    let store = store(directory);
    record(&*store, a_backfill(), &[raw("a").text()]).await;
    decide(&*store, now()).await;
    let id = only(&*store).await.0;
    (store, id)
}

async fn only(store: &dyn Store) -> (IncidentId, IncidentState, Option<Acknowledgement>) {
    let all = store.incidents(IncidentFilter::default()).await.unwrap();
    assert_eq!(all.len(), 1);
    let incident = &all[0].incident;
    (
        incident.id.unwrap(),
        incident.state,
        incident.acknowledged.clone(),
    )
}

async fn turns(store: &dyn Store, id: IncidentId) -> Vec<Turn> {
    let turns = store.turns(id).await.unwrap();
    turns.into_iter().map(|turn| turn.turn).collect()
}

/// The finding, passed or failed, as the tail brings it.
async fn says(store: &dyn Store, updated_at: &str, compliance: &'static str) {
    let finding = Raw {
        updated_at: updated_at.to_owned(),
        compliance,
        ..raw("a")
    };
    record(store, a_tail(), &[finding.text()]).await;
}

#[tokio::test]
async fn a_person_takes_an_incident_on_beside_the_daemon_and_lets_go_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let (daemon, id) = with_an_incident(directory.path()).await;
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let person = open(&url, &Access::Amend).unwrap();
    let jane = word("jane", Some("on it"));
    let done = person.acknowledge(id, jane.clone()).await.unwrap();
    assert_eq!(done, Acknowledging::Done);
    let expected = (id, IncidentState::Acknowledged, Some(jane));
    assert_eq!(only(&*daemon).await, expected);

    // Another version of the finding leaves it hers.
    says(&*daemon, "2026-05-01T11:59:00Z", "FAILED").await;
    decide(&*daemon, now()).await;
    assert_eq!(only(&*daemon).await, expected);

    let joe = word("joe", None);
    let again = person.acknowledge(id, joe.clone()).await.unwrap();
    assert_eq!(again, Acknowledging::Again);
    let let_go = person.unacknowledge(id, joe.clone()).await.unwrap();
    assert_eq!(let_go, Acknowledging::Done);
    assert_eq!(only(&*daemon).await, (id, IncidentState::Open, None));
    assert_eq!(
        person.unacknowledge(id, joe.clone()).await.unwrap(),
        Acknowledging::Again
    );
    let nobody = person.acknowledge(IncidentId(99), joe).await.unwrap();
    assert_eq!(nobody, Acknowledging::Unknown);

    let all = daemon.turns(id).await.unwrap();
    let words = |turn: &IncidentTurn| (turn.turn, turn.by.clone(), turn.note.clone());
    let words: Vec<_> = all.iter().map(words).collect();
    let expected = [
        (Turn::Acknowledged, Some("jane"), Some("on it")),
        (Turn::Acknowledged, Some("joe"), None),
        (Turn::Unacknowledged, Some("joe"), None),
    ];
    let owned = |text: Option<&str>| text.map(str::to_owned);
    assert_eq!(
        words,
        expected.map(|(turn, by, note)| (turn, owned(by), owned(note)))
    );
}

#[tokio::test]
async fn an_incident_that_is_over_cannot_be_taken_on_and_a_reopened_one_is_nobodys() {
    let directory = tempfile::tempdir().unwrap();
    let (store, id) = with_an_incident(directory.path()).await;
    let taken = store.acknowledge(id, word("jane", None)).await.unwrap();
    assert_eq!(taken, Acknowledging::Done);
    says(&*store, "2026-05-01T11:58:00Z", "PASSED").await;
    decide(&*store, now()).await;
    let over = store.acknowledge(id, word("joe", None)).await.unwrap();
    assert_eq!(over, Acknowledging::Over(IncidentState::Resolved));

    let tomorrow = now() + SignedDuration::from_hours(24);
    says(&*store, "2026-05-01T11:59:00Z", "FAILED").await;
    decide(&*store, tomorrow).await;
    assert_eq!(only(&*store).await, (id, IncidentState::Open, None));
    let expected = [Turn::Acknowledged, Turn::Resolved, Turn::Reopened];
    assert_eq!(turns(&*store, id).await, expected);
}

#[tokio::test]
async fn what_is_back_after_the_window_is_told_again_as_an_incident_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let (store, first) = with_an_incident(directory.path()).await;
    let later = now() + SignedDuration::from_hours(24 * 8);
    let lease = |store: Arc<dyn Store>, at: Timestamp| async move {
        let until = at + SignedDuration::from_mins(5);
        store.lease_deliveries("jira", 9, at, until).await.unwrap()
    };
    let told = lease(Arc::clone(&store), now() + SignedDuration::from_secs(2)).await;
    assert_eq!((told[0].incident, told[0].earlier), (first, 0));
    says(&*store, "2026-05-01T11:58:00Z", "PASSED").await;
    decide(&*store, now()).await;
    says(&*store, "2026-05-01T11:59:00Z", "FAILED").await;
    decide(&*store, later).await;

    let all = store.incidents(IncidentFilter::default()).await.unwrap();
    let states: Vec<_> = all.iter().map(|i| i.incident.state).collect();
    assert_eq!(states, [IncidentState::Open, IncidentState::Resolved]);
    assert_eq!(turns(&*store, first).await, [Turn::Resolved]);
    let due = later + SignedDuration::from_secs(2);
    let mut told_again = lease(Arc::clone(&store), due).await;
    told_again.retain(|delivery| delivery.incident != first);
    let [again] = told_again.as_slice() else {
        panic!("{told_again:?}");
    };
    assert_eq!((again.group, again.earlier), (told[0].group, 1));
}
