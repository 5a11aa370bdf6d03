//! What the organization says of accounts, and how it reaches routes.

use hubwatch::domain::{Learned, Tags};

use super::*;

const UNIT: &str = "ou-ab12-cdefgh34";

fn tags(env: &str) -> Option<Tags> {
    Some([("env".to_owned(), env.to_owned())].into())
}

fn ous(ids: &[&str]) -> Option<Vec<String>> {
    Some(ids.iter().map(|id| (*id).to_owned()).collect())
}

async fn note(store: &dyn Store, ous: Option<Vec<String>>, tags: Option<Tags>) {
    let account = scope().account;
    let learned = vec![(account, Learned { ous, tags })];
    store.note_accounts(learned).await.unwrap();
}

/// A route for production accounts below a unit.
fn of_unit() -> Rulebook {
    let settings: RouteSettings = serde_json::from_value(json!({
        "name": "unit", "sinks": ["jira"], "match": {"ous": [UNIT], "tags": {"env": "prod"}},
    }))
    .unwrap();
    Rulebook::new(vec![settings.validate(&["jira"]).unwrap()])
}

/// How many issues are decided, and how many incidents are open then.
async fn decide(store: &dyn Store) -> (usize, usize) {
    let decided = store
        .decide(&of_unit(), Touched::ByAnything, 100, now())
        .await
        .unwrap();
    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let open = incidents.iter().filter(|i| i.incident.state.is_active());
    (decided.issues, open.count())
}

#[tokio::test]
async fn what_is_learned_of_an_account_reaches_routes_and_what_is_not_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text(), raw("b").text()]).await;
    assert_eq!(decide(&*store).await, (2, 0));

    note(&*store, ous(&["r-ab12", UNIT]), None).await;
    assert_eq!(decide(&*store).await, (2, 0), "its tags are not known");
    note(&*store, None, tags("prod")).await;
    assert_eq!(decide(&*store).await, (2, 2));
    let told = store.incidents(IncidentFilter::default()).await.unwrap();
    assert!(
        told.iter().all(|i| i.incident.told),
        "it was news all along"
    );

    // Neither the same again nor what could not be found out is worth a look.
    note(&*store, ous(&["r-ab12", UNIT]), tags("prod")).await;
    note(&*store, None, None).await;
    assert_eq!(decide(&*store).await, (0, 2));

    note(&*store, None, tags("dev")).await;
    assert_eq!(decide(&*store).await, (2, 0));
    note(&*store, ous(&["r-ab12"]), tags("prod")).await;
    assert_eq!(decide(&*store).await, (2, 0));
}

#[tokio::test]
async fn issues_of_other_accounts_are_left_alone_and_tags_are_told_with_an_incident() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    note(&*store, ous(&[UNIT]), tags("prod")).await;
    record(&*store, a_tail(), &[raw("a").text()]).await;
    assert_eq!(decide(&*store).await, (1, 1));
    let other = Learned {
        ous: ous(&[UNIT]),
        tags: tags("prod"),
    };
    let learned = vec![("999999999999".into(), other)];
    store.note_accounts(learned).await.unwrap();
    assert_eq!(decide(&*store).await, (0, 1));

    let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
    let id = incidents[0].incident.id.unwrap();
    let brief = store.brief(id, 5).await.unwrap().unwrap();
    assert_eq!(Some(brief.account_tags), tags("prod"));
    assert_eq!(brief.resource_tags, Tags::new());
}
