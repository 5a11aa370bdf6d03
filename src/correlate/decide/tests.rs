use jiff::SignedDuration;
use proptest::prelude::*;

use crate::{
    correlate::{Claim, MatchSettings, RouteSettings, Rulebook, SeveritySettings, Subject, claims},
    domain::{Acknowledgement, IncidentId, IssueIdentity, Parts, Score, Turn},
};

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A route that continues.
fn route(name: &str, group_by: &str, first_sync: &str) -> Route {
    let settings = RouteSettings {
        name: name.to_owned(),
        continues: true,
        group_by: Some(group_by.to_owned()),
        first_sync: Some(first_sync.to_owned()),
        sinks: vec!["jira".to_owned(), "oncall".to_owned()],
        ..RouteSettings::default()
    };
    settings.validate(&["jira", "oncall"]).unwrap()
}

fn silent() -> Rulebook {
    Rulebook::new(vec![route("high", "resource", "silent")])
}

/// An open, high, new issue on one resource.
pub(in crate::correlate) fn issue(id: i64) -> Assessment {
    Assessment {
        id,
        identity: IssueIdentity {
            account: "111122223333".into(),
            region: Some("eu-west-1".into()),
            resource_kind: "AwsS3Bucket".to_owned(),
            resource: "arn:aws:s3:::logs".to_owned(),
            problem: format!("control:S3.{id}"),
        },
        status: IssueStatus::Open,
        severity: Severity::High,
        score: Score::of(Severity::High),
        parts: Parts::NONE,
        title: format!("problem {id}").into(),
        since: NOW,
        about: std::sync::Arc::default(),
        silenced_until: None,
        history: false,
    }
}

/// What a store would know: issues as last assessed, and incidents with what they owe.
#[derive(Debug, Clone, Default)]
pub(in crate::correlate) struct Shelf {
    pub(in crate::correlate) issues: BTreeMap<i64, Assessment>,
    pub(in crate::correlate) incidents: BTreeMap<Digest, (Incident, BTreeSet<i64>)>,
    owed: Vec<(Digest, String)>,
    pub(in crate::correlate) now: Timestamp,
    turns: Vec<Turn>,
}

impl Shelf {
    /// One step of deciding, the way a store takes it.
    pub(in crate::correlate) fn decide(
        &mut self,
        rulebook: &Rulebook,
        touched: &[Assessment],
    ) -> Decision {
        let mut known = Known {
            issues: touched.to_vec(),
            ..Known::default()
        };
        self.issues
            .extend(touched.iter().map(|issue| (issue.id, issue.clone())));
        for issue in touched {
            let joins = rulebook.groups(issue);
            let belongs = self
                .incidents
                .iter()
                .filter(|(_, (_, m))| m.contains(&issue.id));
            let groups: Vec<Digest> = joins.into_iter().chain(belongs.map(|(g, _)| *g)).collect();
            for group in groups {
                if let Some((incident, members)) = self.incidents.get(&group) {
                    let members = members.iter().map(|id| (*id, member(&self.issues[id])));
                    let (incident, members) = (incident.clone(), members.collect());
                    known
                        .incidents
                        .insert(group, KnownIncident { incident, members });
                }
            }
        }
        let decision = rulebook.decide(&known, self.now);
        for decided in &decision.incidents {
            let mut incident = decided.incident.clone();
            let group = incident.group;
            let number = i64::try_from(self.incidents.len()).unwrap();
            incident.id = incident.id.or(Some(IncidentId(number)));
            self.turns
                .extend(decided.turns.iter().map(|turn| turn.turn));
            if decided.incident.id.is_none() {
                self.incidents.remove(&group);
            }
            let entry = self
                .incidents
                .entry(group)
                .or_insert((incident.clone(), BTreeSet::new()));
            entry.0 = incident;
            entry.1.extend(&decided.joined);
            entry.1.retain(|id| !decided.left.contains(id));
            self.owed
                .extend(decided.owed.iter().map(|(sink, _)| (group, sink.clone())));
        }
        decision
    }

    fn only(&self) -> (&Incident, Vec<i64>) {
        assert_eq!(self.incidents.len(), 1);
        let (incident, members) = self.incidents.values().next().unwrap();
        (incident, members.iter().copied().collect())
    }
}

#[test]
fn a_new_problem_opens_an_incident_that_owes_every_sink_once() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    let decision = shelf.decide(&rulebook, &[issue(1), issue(2)]);
    assert_eq!(decision.incidents.len(), 1);
    assert_eq!(decision.incidents[0].joined, [1, 2]);
    let (incident, _) = shelf.only();
    assert_eq!(incident.title, "problem 1 and 1 more problem");
    assert_eq!(
        (incident.open_issues, incident.told, incident.history),
        (2, true, false)
    );
    assert_eq!(shelf.owed.len(), 2);
    assert_eq!(
        shelf.decide(&rulebook, &[issue(2), issue(3)]).incidents[0].joined,
        [3]
    );
    assert_eq!(shelf.owed.len(), 2);
}

#[test]
fn deciding_again_decides_nothing() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    shelf.decide(&rulebook, &[issue(1), issue(2)]);
    assert_eq!(shelf.decide(&rulebook, &[issue(2)]), Decision::default());
    assert_eq!(
        shelf.decide(&rulebook, &[issue(1), issue(2)]),
        Decision::default()
    );
}

#[test]
fn a_problem_that_is_over_or_mild_opens_nothing() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    let resolved = Assessment {
        status: IssueStatus::Resolved,
        ..issue(1)
    };
    let suppressed = Assessment {
        status: IssueStatus::Suppressed,
        ..issue(2)
    };
    let mild = Assessment {
        severity: Severity::Medium,
        ..issue(3)
    };
    assert_eq!(
        shelf.decide(&rulebook, &[resolved, suppressed, mild]),
        Decision::default()
    );
}

#[test]
fn an_incident_follows_its_issues_to_the_end_and_back() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    shelf.decide(&rulebook, &[issue(1), issue(2)]);
    // A check that passed is informational: it must still resolve the incident it belongs to.
    shelf.decide(&rulebook, &[passed(1)]);
    assert_eq!(shelf.only().0.title, "problem 2");
    assert_eq!(shelf.only().0.state, IncidentState::Open);
    shelf.decide(
        &rulebook,
        &[Assessment {
            status: IssueStatus::Suppressed,
            ..issue(2)
        }],
    );
    assert_eq!(shelf.only().0.state, IncidentState::Suppressed);
    shelf.decide(&rulebook, &[passed(2)]);
    assert_eq!(shelf.only().0.state, IncidentState::Resolved);
    assert_eq!(shelf.only().1, [1, 2]);
    shelf.decide(&rulebook, &[issue(2)]);
    assert_eq!(shelf.only().0.state, IncidentState::Open);
    assert_eq!(shelf.owed.len(), 2);
}

/// A check that passed.
fn passed(id: i64) -> Assessment {
    Assessment {
        status: IssueStatus::Resolved,
        severity: Severity::Informational,
        ..issue(id)
    }
}

/// A route with these times, and an incident of two issues that a person has taken on.
fn taken_on(reopen_within: &str, damping: &str) -> (Rulebook, Shelf) {
    let settings = RouteSettings {
        name: "high".to_owned(),
        sinks: vec!["jira".to_owned()],
        reopen_within: Some(reopen_within.to_owned()),
        damping: Some(damping.to_owned()),
        ..RouteSettings::default()
    };
    let rulebook = Rulebook::new(vec![settings.validate(&["jira"]).unwrap()]);
    let mut shelf = Shelf::default();
    shelf.decide(&rulebook, &[issue(1), issue(2)]);
    let (incident, _) = shelf.incidents.values_mut().next().unwrap();
    incident.state = IncidentState::Acknowledged;
    incident.acknowledged = Some(Acknowledgement {
        by: "jane".to_owned(),
        at: NOW,
        note: None,
    });
    (rulebook, shelf)
}

const fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn what_passes_and_fails_by_turns_is_one_incident_that_stays_taken_on() {
    let (rulebook, mut shelf) = taken_on("0s", "15m");
    for _ in 0..5 {
        shelf.decide(&rulebook, &[passed(1), passed(2)]);
        assert_eq!(shelf.only().0.over_since, Some(shelf.now));
        shelf.now += minutes(15);
        shelf.decide(&rulebook, &[issue(1)]);
        let (incident, _) = shelf.only();
        assert_eq!(incident.state, IncidentState::Acknowledged);
        assert_eq!((incident.earlier, incident.over_since), (0, None));
        shelf.now += minutes(60);
    }
    assert_eq!(shelf.turns, [Turn::Resolved, Turn::Flapped].repeat(5));
    assert_eq!(shelf.owed.len(), 1);
}

#[test]
fn what_is_back_within_the_window_is_reopened_and_taken_on_by_nobody() {
    let (rulebook, mut shelf) = taken_on("1h", "15m");
    shelf.decide(&rulebook, &[passed(1), passed(2)]);
    shelf.now += minutes(60);
    shelf.decide(&rulebook, &[issue(2)]);
    let (incident, members) = shelf.only();
    assert_eq!(incident.state, IncidentState::Open);
    assert_eq!((incident.earlier, members), (0, vec![1, 2]));
    assert_eq!(incident.acknowledged, None);
    assert_eq!(shelf.turns, [Turn::Resolved, Turn::Reopened]);
    assert_eq!(shelf.owed.len(), 1);
}

#[test]
fn what_is_back_after_the_window_is_a_new_incident_and_the_old_one_stays_as_it_was() {
    let (rulebook, mut shelf) = taken_on("1h", "15m");
    shelf.decide(&rulebook, &[passed(1), passed(2)]);
    let old = shelf.only().0.clone();
    shelf.now += minutes(61);
    // What changes about a member that is still over changes nothing.
    let archived = Assessment {
        title: "archived".into(),
        ..passed(1)
    };
    assert_eq!(shelf.decide(&rulebook, &[archived]), Decision::default());
    let decision = shelf.decide(&rulebook, &[issue(2)]);
    let (incident, members) = shelf.only();
    assert_eq!(decision.incidents[0].incident.id, None);
    assert_ne!(incident.id, old.id);
    assert_eq!((incident.group, incident.earlier), (old.group, 1));
    assert_eq!(members, [2]);
    assert_eq!(shelf.owed.len(), 2);
}

#[test]
fn an_incident_that_becomes_worse_or_better_says_so_while_it_is_not_over() {
    let (rulebook, mut shelf) = taken_on("7d", "15m");
    let worse = Assessment {
        severity: Severity::Critical,
        ..issue(1)
    };
    shelf.decide(&rulebook, std::slice::from_ref(&worse));
    shelf.decide(&rulebook, std::slice::from_ref(&worse));
    shelf.decide(&rulebook, &[passed(1)]);
    shelf.decide(&rulebook, &[passed(2)]);
    shelf.decide(&rulebook, &[worse]);
    let expected = [Turn::Raised, Turn::Lowered, Turn::Resolved, Turn::Flapped];
    assert_eq!(shelf.turns, expected);
    assert_eq!(shelf.only().0.state, IncidentState::Acknowledged);
}

#[test]
fn what_a_silence_is_over_is_told_once_it_ends_and_what_joins_it_at_once() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    let until = NOW + minutes(60);
    let silenced = |id, until| Assessment {
        silenced_until: until,
        ..issue(id)
    };
    shelf.decide(&rulebook, &[silenced(1, Some(until))]);
    assert!(shelf.owed.is_empty() && !shelf.only().0.told);
    shelf.now = until;
    shelf.decide(&rulebook, &[silenced(1, None)]);
    assert_eq!(shelf.owed.len(), 2);
    assert!(shelf.only().0.told);

    let mut shelf = Shelf::default();
    shelf.decide(&rulebook, &[silenced(1, Some(until))]);
    shelf.decide(&rulebook, &[issue(2)]);
    assert_eq!(shelf.owed.len(), 2);
}

#[test]
fn history_stays_silent_until_news_joins_it() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    let old = |id| Assessment {
        history: true,
        ..issue(id)
    };
    shelf.decide(&rulebook, &[old(1), old(2)]);
    assert!(shelf.only().0.history && !shelf.only().0.told);
    assert!(shelf.owed.is_empty());
    shelf.decide(&rulebook, &[issue(3)]);
    assert!(!shelf.only().0.history && shelf.only().0.told);
    assert_eq!(shelf.owed.len(), 2);
}

#[test]
fn history_is_told_like_news_where_the_route_says_so() {
    let rulebook = Rulebook::new(vec![route("high", "resource", "notify")]);
    let mut shelf = Shelf::default();
    shelf.decide(
        &rulebook,
        &[Assessment {
            history: true,
            ..issue(1)
        }],
    );
    assert!(shelf.only().0.history && shelf.only().0.told);
    assert_eq!(shelf.owed.len(), 2);
}

#[test]
fn an_open_issue_that_is_no_longer_selected_leaves_its_incident() {
    let (rulebook, mut shelf) = (silent(), Shelf::default());
    shelf.decide(&rulebook, &[issue(1), issue(2)]);
    let milder = |id| Assessment {
        severity: Severity::Low,
        ..issue(id)
    };
    let decision = shelf.decide(&rulebook, &[milder(1)]);
    assert_eq!(decision.incidents[0].left, [1]);
    assert_eq!(shelf.only().1, [2]);
    shelf.decide(&rulebook, &[milder(2)]);
    let (incident, members) = shelf.only();
    assert!(members.is_empty());
    assert_eq!(
        (incident.state, incident.open_issues),
        (IncidentState::Resolved, 0)
    );
    assert_eq!(incident.title, "problem 2");
}

#[test]
fn an_incident_of_a_route_that_is_gone_still_follows_its_issues() {
    let mut shelf = Shelf::default();
    shelf.decide(&silent(), &[issue(1)]);
    let none = Rulebook::new(Vec::new());
    assert_eq!(shelf.decide(&none, &[issue(1)]), Decision::default());
    shelf.decide(
        &none,
        &[Assessment {
            status: IssueStatus::Resolved,
            ..issue(1)
        }],
    );
    assert_eq!(shelf.only().0.state, IncidentState::Resolved);
}

#[test]
fn every_route_groups_in_its_own_way() {
    let routes = ["resource", "issue", "control", "account"].map(|by| route(by, by, "silent"));
    let (rulebook, mut shelf) = (Rulebook::new(routes.to_vec()), Shelf::default());
    let other = |id, resource: &str| {
        let mut other = issue(id);
        other.identity.resource = resource.to_owned();
        other
    };
    let mut same = other(3, "arn:aws:s3:::more");
    same.identity.problem = issue(1).identity.problem;
    shelf.decide(&rulebook, &[issue(1), issue(2), same]);
    let count = |name: &str| {
        shelf
            .incidents
            .values()
            .filter(|(i, _)| i.route == name)
            .count()
    };
    assert_eq!(
        ["resource", "issue", "control", "account"].map(count),
        [2, 3, 2, 1]
    );
    let wide = shelf
        .incidents
        .values()
        .find(|(i, _)| i.route == "account")
        .unwrap();
    assert_eq!(wide.0.resource, "AWS::::Account:111122223333");
    assert_eq!(wide.0.region, None);
}

#[test]
fn a_route_selects_what_all_its_lists_allow() {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let rulebook = |matching| {
        let settings = RouteSettings {
            name: "some".to_owned(),
            sinks: list(&["jira"]),
            matching,
            ..RouteSettings::default()
        };
        Rulebook::new(vec![settings.validate(&["jira"]).unwrap()])
    };
    let all = || MatchSettings {
        severity: Some(SeveritySettings::Many(list(&["HIGH"]))),
        accounts: list(&["111122223333"]),
        regions: list(&["eu-*", "global"]),
        resources: list(&["AwsS3*"]),
        problems: list(&["control:S3.1", "cve:*"]),
        ..MatchSettings::default()
    };
    let mut global = issue(1);
    global.identity.region = None;
    for selected in [issue(1), global] {
        assert_eq!(rulebook(all()).groups(&selected).len(), 1);
    }
    let narrower = [
        MatchSettings {
            severity: Some(SeveritySettings::One("CRITICAL".into())),
            ..all()
        },
        MatchSettings {
            accounts: list(&["444455556666"]),
            ..all()
        },
        MatchSettings {
            regions: list(&["us-*", "global"]),
            ..all()
        },
        MatchSettings {
            resources: list(&["AwsS3"]),
            ..all()
        },
        MatchSettings {
            problems: list(&["control:S3.*0", "cve:*"]),
            ..all()
        },
    ];
    for matching in narrower {
        assert!(rulebook(matching).groups(&issue(1)).is_empty());
    }
}

/// Routes by severity, of which those continue that are named.
fn by_severity(severities: &[(&str, &str)], continuing: &[&str]) -> Rulebook {
    let route = |(name, severity): &(&str, &str)| {
        let settings = RouteSettings {
            name: (*name).to_owned(),
            sinks: vec!["jira".to_owned()],
            continues: continuing.contains(name),
            matching: MatchSettings {
                severity: Some(SeveritySettings::One((*severity).to_owned())),
                ..MatchSettings::default()
            },
            ..RouteSettings::default()
        };
        settings.validate(&["jira"]).unwrap()
    };
    Rulebook::new(severities.iter().map(route).collect())
}

impl Shelf {
    /// The routes with the issues that their incidents have.
    fn by_route(&self) -> Vec<(&str, Vec<i64>)> {
        let mut found: Vec<_> = self
            .incidents
            .values()
            .map(|(incident, members)| (&*incident.route, members.iter().copied().collect()))
            .collect();
        found.sort();
        found
    }
}

#[test]
fn an_issue_belongs_to_the_first_route_that_selects_it_and_goes_on_where_that_continues() {
    let routes = [("a", ">=HIGH"), ("b", ">=LOW"), ("c", ">=LOW")];
    let severe = |id, severity| Assessment {
        severity,
        ..issue(id)
    };
    let touched = [
        severe(1, Severity::High),
        severe(2, Severity::Low),
        severe(3, Severity::Informational),
    ];
    type Expected<'a> = Vec<(&'a str, Vec<i64>)>;
    let table: [(&[&str], Expected<'_>); 4] = [
        (&[], vec![("a", vec![1]), ("b", vec![2])]),
        (&["a"], vec![("a", vec![1]), ("b", vec![1, 2])]),
        (&["b"], vec![("a", vec![1]), ("b", vec![2]), ("c", vec![2])]),
        (
            &["a", "b"],
            vec![("a", vec![1]), ("b", vec![1, 2]), ("c", vec![1, 2])],
        ),
    ];
    for (continuing, expected) in table {
        let mut shelf = Shelf::default();
        shelf.decide(&by_severity(&routes, continuing), &touched);
        assert_eq!(shelf.by_route(), expected, "{continuing:?}");
    }
}

#[test]
fn an_issue_that_becomes_worse_leaves_one_route_for_another() {
    let rulebook = by_severity(&[("critical", "CRITICAL"), ("rest", ">=LOW")], &[]);
    let mut shelf = Shelf::default();
    shelf.decide(&rulebook, &[issue(1), issue(2)]);
    assert_eq!(shelf.by_route(), [("rest", vec![1, 2])]);
    let worse = Assessment {
        severity: Severity::Critical,
        ..issue(1)
    };
    shelf.decide(&rulebook, std::slice::from_ref(&worse));
    assert_eq!(shelf.by_route(), [("critical", vec![1]), ("rest", vec![2])]);
    assert_eq!(shelf.owed.len(), 2);
    // Over, it stays where it was.
    shelf.decide(&rulebook, &[passed(1)]);
    assert_eq!(shelf.by_route(), [("critical", vec![1]), ("rest", vec![2])]);
}

#[test]
fn what_routes_claim_is_what_deciding_does() {
    let routes = [
        ("a", "CRITICAL"),
        ("b", ">=HIGH"),
        ("c", ">=MEDIUM"),
        ("d", ">=LOW"),
    ];
    for continuing in [&[][..], &["a"], &["b", "c"], &["a", "b", "c", "d"]] {
        let rulebook = by_severity(&routes, continuing);
        for severity in Severity::ALL {
            let issue = Assessment {
                severity,
                ..issue(1)
            };
            let claims = claims(rulebook.routes(), Subject::of(&issue));
            let has = claims
                .iter()
                .filter(|(_, claim)| matches!(claim, Claim::Has));
            let groups: Vec<Digest> = has.map(|(route, _)| route.group(&issue)).collect();
            assert_eq!(groups, rulebook.groups(&issue), "{severity} {continuing:?}");
            for (route, claim) in claims {
                if let Claim::Behind(earlier) = claim {
                    assert!(!earlier.continues() && route.refusing(Subject::of(&issue)).is_empty());
                }
            }
        }
    }
}

/// A rulebook whose only route is muted from 22:00 to 06:00.
fn quiet_at_night() -> Rulebook {
    let settings: RouteSettings = serde_json::from_value(serde_json::json!({
        "name": "high", "sinks": ["jira", "oncall"], "mute": [{"from": "22:00", "to": "06:00"}],
    }))
    .unwrap();
    Rulebook::new(vec![settings.validate(&["jira", "oncall"]).unwrap()])
}

const fn hours(hours: i64) -> Timestamp {
    Timestamp::constant(hours * 3600, 0)
}

#[test]
fn what_comes_in_a_mute_time_is_told_when_it_ends_and_once() {
    let (rulebook, mut shelf) = (quiet_at_night(), Shelf::default());
    shelf.now = hours(23);
    shelf.decide(&rulebook, &[issue(1)]);
    let (incident, _) = shelf.only();
    assert!(!incident.told);
    assert_eq!(incident.muted_until, Some(hours(30)));
    shelf.now = hours(29);
    assert_eq!(shelf.decide(&rulebook, &[issue(1)]), Decision::default());
    let worse = Assessment {
        severity: Severity::Critical,
        ..issue(2)
    };
    shelf.decide(&rulebook, &[worse]);
    assert!(shelf.owed.is_empty());
    assert_eq!(shelf.turns, [Turn::Raised]);
    shelf.now = hours(30);
    shelf.decide(&rulebook, &[issue(1)]);
    let (incident, _) = shelf.only();
    assert!(incident.told);
    assert_eq!(incident.muted_until, None);
    assert_eq!(shelf.owed.len(), 2);
    // The next night changes nothing about what was told.
    shelf.now = hours(47);
    assert_eq!(shelf.decide(&rulebook, &[issue(1)]), Decision::default());
}

#[test]
fn what_is_mended_within_a_mute_time_is_told_to_nobody() {
    let (rulebook, mut shelf) = (quiet_at_night(), Shelf::default());
    shelf.now = hours(23);
    shelf.decide(&rulebook, &[issue(1)]);
    shelf.decide(&rulebook, &[passed(1)]);
    let (incident, _) = shelf.only();
    assert_eq!((incident.told, incident.muted_until), (false, None));
    shelf.now = hours(30);
    shelf.decide(&rulebook, &[passed(1)]);
    assert!(shelf.owed.is_empty());
}

#[test]
fn a_mute_time_and_a_silence_each_keep_the_other_quiet() {
    let (rulebook, mut shelf) = (quiet_at_night(), Shelf::default());
    shelf.now = hours(23);
    let silenced = |until| Assessment {
        silenced_until: Some(until),
        ..issue(1)
    };
    // The silence is the longer one: what waits for it does not wait for the mute time.
    shelf.decide(&rulebook, &[silenced(hours(32))]);
    assert_eq!(shelf.only().0.muted_until, None);
    shelf.now = hours(31);
    assert_eq!(
        shelf.decide(&rulebook, &[silenced(hours(32))]),
        Decision::default()
    );
    // It is ended in the next night.
    shelf.now = hours(48);
    shelf.decide(&rulebook, &[issue(1)]);
    assert_eq!(shelf.only().0.muted_until, Some(hours(54)));
    shelf.now = hours(54);
    shelf.decide(&rulebook, &[issue(1)]);
    assert_eq!(shelf.owed.len(), 2);
}

#[test]
fn history_that_nobody_is_told_of_waits_for_no_mute_time() {
    let (rulebook, mut shelf) = (quiet_at_night(), Shelf::default());
    shelf.now = hours(23);
    let old = Assessment {
        history: true,
        ..issue(1)
    };
    shelf.decide(&rulebook, &[old]);
    assert_eq!(shelf.only().0.muted_until, None);
}

#[test]
fn mute_times_that_are_taken_away_hold_nothing_back_and_are_part_of_the_fingerprint() {
    let (night, mut shelf) = (quiet_at_night(), Shelf::default());
    shelf.now = hours(23);
    shelf.decide(&night, &[issue(1)]);
    let rulebook = silent();
    assert_ne!(rulebook.fingerprint(), night.fingerprint());
    shelf.decide(&rulebook, &[issue(1)]);
    assert_eq!(shelf.owed.len(), 2);
    assert_eq!(shelf.only().0.muted_until, None);
    // Nor does a route that is gone.
    let mut shelf = Shelf {
        now: hours(23),
        ..Shelf::default()
    };
    shelf.decide(&night, &[issue(1)]);
    shelf.decide(&Rulebook::new(Vec::new()), &[issue(1)]);
    assert_eq!(shelf.only().0.muted_until, None);
    assert!(shelf.owed.is_empty());
}

/// How one issue is assessed in two rounds, and where it goes into the order of the second.
fn twice() -> impl Strategy<Value = (Assessment, Option<Assessment>)> {
    let assessment = || {
        (
            prop::sample::select(vec![
                IssueStatus::Open,
                IssueStatus::Suppressed,
                IssueStatus::Resolved,
            ]),
            prop::sample::select(Severity::ALL.to_vec()),
            0..4_u8,
            any::<bool>(),
        )
    };
    let place = (0..2_u8, 0..2_u8, 0..3_u8);
    (place, assessment(), prop::option::of(assessment())).prop_map(|(place, first, then)| {
        let (account, resource, problem) = place;
        let build = |(status, severity, title, history): (IssueStatus, _, u8, bool)| {
            let mut built = issue(0);
            built.identity.account = format!("00000000000{account}").as_str().into();
            built.identity.resource = format!("arn:aws:s3:::b{resource}");
            built.identity.problem = format!("control:S3.{problem}");
            let title = format!("title {title}").into();
            Assessment {
                status,
                severity,
                title,
                history,
                ..built
            }
        };
        (build(first), then.map(build))
    })
}

type Outcome = (Vec<(Incident, BTreeSet<i64>)>, Vec<(Digest, String)>);

/// The incidents in the end, and what is owed, without what may depend on who came first: numbers,
/// and the words of an incident that every issue has left.
fn outcome(mut shelf: Shelf) -> Outcome {
    shelf.owed.sort();
    let plain = |(incident, members): (Incident, BTreeSet<i64>)| {
        let mut incident = Incident {
            id: None,
            ..incident
        };
        if members.is_empty() {
            incident.title = String::new();
            incident.severity = Severity::Informational;
            incident.history = false;
        }
        (incident, members)
    };
    (
        shelf.incidents.into_values().map(plain).collect(),
        shelf.owed,
    )
}

proptest! {
    #[test]
    fn neither_order_nor_split_of_touched_issues_changes_the_end(
        rounds in prop::collection::vec(twice(), 1..14),
        order in any::<prop::sample::Index>(),
        sizes in prop::collection::vec(1..5_usize, 14),
        reversed in any::<bool>(),
        continues in prop::array::uniform4(any::<bool>()),
    ) {
        let mut routes = [("resource", "silent"), ("issue", "notify"), ("control", "silent"), ("account", "silent")]
            .map(|(by, first_sync)| route(by, by, first_sync));
        let bounds = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
        for ((route, continues), least) in routes.iter_mut().zip(continues).zip(bounds) {
            route.continues = continues;
            route.matcher.severities.extend(Severity::ALL.into_iter().filter(|s| *s >= least));
            route.matcher.severities.retain(|s| *s >= least);
        }
        let rulebook = Rulebook::new(routes.to_vec());
        // A store gives one identity one number.
        let mut first: BTreeMap<Digest, (Assessment, Option<Assessment>)> = BTreeMap::new();
        for round in rounds {
            first.insert(round.0.identity.key(), round);
        }
        let numbered = |round: usize| {
            (1..).zip(first.values()).filter_map(move |(id, (a, b))| {
                let now = if round == 0 { Some(a) } else { b.as_ref() };
                now.map(|now| Assessment { id, ..now.clone() })
            }).collect::<Vec<_>>()
        };
        let (mut together, mut apart) = (Shelf::default(), Shelf::default());
        for round in 0..2 {
            let mut touched = numbered(round);
            together.decide(&rulebook, &touched);
            let middle = order.index(touched.len().max(1)).min(touched.len());
            touched.rotate_left(middle);
            if reversed {
                touched.reverse();
            }
            let mut rest = touched.as_slice();
            for size in &sizes {
                let (now, later) = rest.split_at((*size).min(rest.len()));
                apart.decide(&rulebook, now);
                rest = later;
            }
        }
        for (group, sink) in &together.owed {
            let twice = together.owed.iter().filter(|owed| (&owed.0, &owed.1) == (group, sink));
            prop_assert_eq!(twice.count(), 1);
        }
        prop_assert_eq!(outcome(together), outcome(apart));
    }
}
