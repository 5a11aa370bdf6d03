use jiff::SignedDuration;
use proptest::prelude::*;

use crate::{
    correlate::{RouteSettings, decide::tests::Shelf, decide::tests::issue},
    domain::{IncidentState, decision::Decision},
};

use super::{outcome::EXAMPLES, *};

fn rulebook(routes: &serde_json::Value) -> Rulebook {
    let settings: Vec<RouteSettings> = serde_json::from_value(routes.clone()).unwrap();
    let routes = settings
        .into_iter()
        .map(|s| s.validate(&["jira", "mail"]).unwrap());
    Rulebook::new(routes.collect())
}

fn previewed(rulebook: &Rulebook, shelf: &Shelf) -> Outcome {
    let mut preview = Preview::new(rulebook, shelf.now);
    for (incident, _) in shelf.incidents.values() {
        preview.incident(incident);
    }
    for issue in shelf.issues.values() {
        preview.issue(issue);
    }
    preview.outcome()
}

/// How an issue is: status, severity, whether it was there before, whether a silence is over it.
type Look = (IssueStatus, Severity, bool, bool);

fn look() -> impl Strategy<Value = Look> {
    let statuses = [
        IssueStatus::Open,
        IssueStatus::Suppressed,
        IssueStatus::Resolved,
    ];
    (
        prop::sample::select(statuses.to_vec()),
        prop::sample::select(Severity::ALL.to_vec()),
        any::<bool>(),
        prop::bool::weighted(0.2),
    )
}

fn route() -> impl Strategy<Value = serde_json::Value> {
    (
        prop::sample::select(vec!["a", "b", "c", "d"]),
        prop::sample::select(vec!["resource", "issue", "control", "account"]),
        prop::sample::select(vec![">=CRITICAL", ">=HIGH", ">=MEDIUM", "LOW"]),
        prop::sample::select(vec!["silent", "notify"]),
        any::<bool>(),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(name, group_by, severity, first_sync, continues, muted)| {
            // Shelves begin at midnight and are moved by whole days and some minutes.
            let mute = muted.then(|| serde_json::json!({"from": "00:00", "to": "12:00"}));
            serde_json::json!({
                "name": name, "group_by": group_by, "match": {"severity": severity},
                "first_sync": first_sync, "continue": continues, "sinks": ["jira", "mail"],
                "mute": Vec::from_iter(mute),
            })
        })
}

/// Some routes with names of their own.
fn routes() -> impl Strategy<Value = serde_json::Value> {
    prop::collection::vec(route(), 0..5).prop_map(|routes| {
        let mut seen = std::collections::BTreeSet::new();
        let differ = |route: &serde_json::Value| seen.insert(route["name"].to_string());
        routes.into_iter().filter(differ).collect()
    })
}

fn assessed(id: i64, (status, severity, history, is_silenced): Look, now: Timestamp) -> Assessment {
    let mut built = issue(id);
    built.identity.account = format!("00000000000{}", id % 2).as_str().into();
    built.identity.resource = format!("arn:aws:s3:::b{}", id % 3);
    built.identity.problem = format!("control:S3.{}", id % 4);
    Assessment {
        status,
        severity,
        history,
        silenced_until: is_silenced.then(|| now + SignedDuration::from_hours(1)),
        ..built
    }
}

fn number<T>(of: impl Iterator<Item = T>) -> u64 {
    u64::try_from(of.count()).unwrap()
}

/// How many incidents of a route and severity are so.
fn count<'s>(
    shelf: &'s Shelf,
    is: impl Fn(&Incident) -> bool + 's,
) -> impl Fn(&str, Severity) -> u64 + 's {
    move |route, severity| {
        let incidents = shelf.incidents.values().map(|(incident, _)| incident);
        let such = incidents.filter(|i| i.route == route && i.severity == severity && is(i));
        number(such)
    }
}

proptest! {
    #[test]
    fn what_a_preview_says_is_what_deciding_does(
        first in routes(),
        then in routes(),
        is_changed in any::<bool>(),
        rounds in prop::collection::vec((look(), prop::option::of(look()), prop::option::of(look())), 1..14),
        gaps in prop::array::uniform2(prop::sample::select(vec![0_i64, 10, 60, 24 * 60 * 10])),
    ) {
        let (first, then) = (rulebook(&first), rulebook(if is_changed { &then } else { &first }));
        let mut shelf = Shelf::default();
        let numbered = |round: usize, now| (1..).zip(&rounds).filter_map(move |(id, (a, b, c))| {
            let look = [Some(*a), *b, *c][round];
            look.map(|look| assessed(id, look, now))
        }).collect::<Vec<_>>();
        shelf.decide(&first, &numbered(0, shelf.now));
        shelf.now += SignedDuration::from_mins(gaps[0]);
        shelf.decide(&first, &numbered(1, shelf.now));
        shelf.now += SignedDuration::from_mins(gaps[1]);
        // Some wait to be decided.
        let waiting = numbered(2, shelf.now).into_iter().map(|issue| (issue.id, issue));
        shelf.issues.extend(waiting);

        let outcome = previewed(&then, &shelf);
        let before = shelf.clone();
        let all: Vec<Assessment> = shelf.issues.values().cloned().collect();
        let Decision { incidents: decided } = shelf.decide(&then, &all);

        let active = |state: IncidentState| state.is_active();
        let known = |incident: &Incident| then.routes().iter().any(|r| r.name() == incident.route);
        let open = count(&shelf, |i| active(i.state));
        let held = count(&shelf, |i| i.muted_until.is_some());
        for (route, by_severity) in then.routes().iter().zip(&outcome.routes) {
            for severity in Severity::ALL {
                let counts = by_severity.get(&severity).copied().unwrap_or_default();
                let name = route.name();
                prop_assert_eq!(counts.open, open(name, severity));
                prop_assert_eq!(counts.held, held(name, severity));
                let owed = decided.iter().filter(|decision| {
                    let incident = &decision.incident;
                    incident.route == name && incident.severity == severity && !decision.owed.is_empty()
                });
                prop_assert_eq!(counts.owed, number(owed));
                prop_assert_eq!(counts.told + counts.untold, counts.open + counts.over);
            }
        }
        let was = |group: &Digest| before.incidents.get(group).map(|(incident, _)| incident);
        let new = decided.iter().filter(|decision| decision.incident.id.is_none());
        prop_assert_eq!(outcome.opened.count, number(new));
        let again = decided.iter().filter(|decision| {
            let incident = &decision.incident;
            // Those of a route that is gone follow their issues, and are no business of any other.
            incident.id.is_some() && active(incident.state) && known(incident)
                && was(&incident.group).is_some_and(|was| !active(was.state))
        });
        prop_assert_eq!(outcome.reopened, number(again));
        let (mut ended, mut kept, mut left_behind) = (Vec::new(), 0, 0);
        for (group, (incident, _)) in &shelf.incidents {
            match was(group).filter(|was| was.id == incident.id && active(was.state)) {
                Some(was) if !known(was) => left_behind += 1,
                Some(was) if !active(incident.state) => ended.push((was.severity, was.id.unwrap())),
                Some(_) => kept += 1,
                None => {}
            }
        }
        ended.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.cmp(second)));
        prop_assert_eq!(outcome.ended.count, number(ended.iter()));
        ended.truncate(EXAMPLES);
        prop_assert_eq!(&outcome.ended.examples, &ended);
        prop_assert_eq!((outcome.kept, outcome.left_behind), (kept, left_behind));
        let unrouted: u64 = outcome.unrouted.values().sum();
        let without = all.iter().filter(|issue| issue.status == IssueStatus::Open && then.groups(issue).is_empty());
        prop_assert_eq!(unrouted, number(without));
    }
}

fn high(first_sync: &str) -> Rulebook {
    rulebook(&serde_json::json!([{
        "name": "high", "sinks": ["jira"], "first_sync": first_sync, "group_by": "issue",
    }]))
}

#[test]
fn history_is_told_or_not_as_the_route_says_and_what_is_over_counts_as_it_was() {
    let look = |status, history| (status, Severity::High, history, false);
    let open = IssueStatus::Open;
    let passed = (IssueStatus::Resolved, Severity::Informational, false, false);
    let issues = [
        look(open, false),
        look(open, true),
        look(IssueStatus::Suppressed, false),
        // Of what was over when hubwatch came there was no incident.
        look(IssueStatus::Resolved, true),
        // A check that passed is informational: nobody knows what it was.
        passed,
        // Of this one there is an incident.
        passed,
        // A silence is over this one.
        (open, Severity::High, false, true),
    ];
    let mut shelf = Shelf::default();
    let now = shelf.now;
    shelf.decide(&high("silent"), &[assessed(6, look(open, false), now)]);
    for (id, look) in (1..).zip(issues) {
        shelf.issues.insert(id, assessed(id, look, now));
    }
    shelf.decide(&high("silent"), &[shelf.issues[&6].clone()]);

    let table = [("silent", 3, 2, 1), ("notify", 4, 1, 2)];
    for (first_sync, told, untold, owed) in table {
        let outcome = previewed(&high(first_sync), &shelf);
        let of = |severity| {
            let counts = outcome.routes[0].get(&severity);
            counts.copied().unwrap_or_default()
        };
        let (high, informational) = (of(Severity::High), of(Severity::Informational));
        let counts = (high.issues, high.open, high.over);
        assert_eq!(counts, (3, 3, 1), "{first_sync}");
        assert_eq!((informational.open, informational.over), (0, 1));
        assert_eq!(high.told + informational.told, told, "{first_sync}");
        assert_eq!(high.untold + informational.untold, untold, "{first_sync}");
        assert_eq!((high.owed, informational.owed), (owed, 0), "{first_sync}");
        assert_eq!((outcome.issues, outcome.open_issues), (7, 3));
        assert_eq!((outcome.opened.count, outcome.reopened), (3, 0));
        let examples = [1, 2, 7].map(|id| (Severity::High, id));
        assert_eq!(outcome.opened.examples, examples);
    }
}

#[test]
fn some_examples_are_kept_the_worst_first() {
    let mut differing = Differing::default();
    for n in 0..1000 {
        let severity = if n % 100 == 7 {
            Severity::Critical
        } else {
            Severity::Low
        };
        differing.note(severity, n);
    }
    differing.note(Severity::High, 5000);
    differing.tidy();
    assert_eq!(differing.count, 1001);
    let expected: Vec<_> = (0..10).map(|n| (Severity::Critical, n * 100 + 7)).collect();
    assert_eq!(differing.examples, expected);
}
