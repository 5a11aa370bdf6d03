//! What an operator writes about a route, and what is wrong with it.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;

use crate::domain::{
    duration::{self, DAY},
    settings::Problem,
};

use super::{
    group::GroupBy,
    lifecycle::Lifecycle,
    matching::{MatchSettings, matcher},
    mute::{MuteSettings, mutes},
    route::{FirstSync, Route},
};

/// How long a route's name may be, in bytes. It stands in labels.
const NAME_MAX: usize = 64;
/// For how long an incident may be able to come back.
const REOPEN_WITHIN: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(366 * 24);
/// For how long an incident may have to be over to be so.
const DAMPING: RangeInclusive<Duration> = Duration::ZERO..=DAY;

/// One `[[routes]]`, as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteSettings {
    /// Its name, other than every other route's. Incidents belong to a route by its name.
    pub name: String,
    /// Which issues it selects.
    #[serde(rename = "match")]
    pub matching: MatchSettings,
    /// Whether later routes are asked, too, of the issues that it selects; not by default.
    #[serde(rename = "continue")]
    pub continues: bool,
    /// `resource`, which is the default, `issue`, `control` or `account`.
    pub group_by: Option<String>,
    /// The names of the sinks that hear of its incidents; at least one.
    pub sinks: Vec<String>,
    /// What becomes of the issues that a first sync finds: `silent` or `notify`. The default will
    /// be `digest` once hubwatch writes digests; until then it is `silent`, since forty thousand
    /// tickets are worse than none.
    pub first_sync: Option<String>,
    /// How long after an incident was over its problem makes it open again, `7d` by default; after
    /// that there is a new incident.
    pub reopen_within: Option<String>,
    /// How long an incident has to be over before its problem's return is news, `15m` by default.
    pub damping: Option<String>,
    /// When nobody is told.
    pub mute: Vec<MuteSettings>,
}

impl RouteSettings {
    /// Turns what was typed into a route.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, with keys relative to the route. That two routes share a
    /// name is for the caller to see.
    pub fn validate(self, known_sinks: &[&str]) -> Result<Route, Vec<Problem>> {
        let mut problems = Vec::new();
        check_name(&self.name, &mut problems);
        check_sinks(&self.sinks, known_sinks, &mut problems);
        let matcher = matcher(&self.matching, &mut problems);
        let group_by = group_by(self.group_by.as_deref(), &mut problems);
        let first_sync = first_sync(self.first_sync.as_deref(), &mut problems);
        let lifecycle = self.lifecycle(&mut problems);
        let mutes = mutes(&self.mute, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Route {
            name: self.name,
            matcher,
            group_by,
            sinks: self.sinks,
            first_sync,
            lifecycle,
            continues: self.continues,
            mutes,
        })
    }

    fn lifecycle(&self, problems: &mut Vec<Problem>) -> Lifecycle {
        let mut read = |key, text: Option<&str>, bounds, usual| {
            let Some(text) = text else {
                return usual;
            };
            match duration::read(key, text, bounds) {
                Ok(duration) => SignedDuration::try_from(duration).unwrap_or(usual),
                Err(problem) => {
                    problems.push(problem);
                    usual
                }
            }
        };
        let Lifecycle {
            reopen_within,
            damping,
        } = Lifecycle::USUAL;
        Lifecycle {
            reopen_within: read(
                "reopen_within",
                self.reopen_within.as_deref(),
                REOPEN_WITHIN,
                reopen_within,
            ),
            damping: read("damping", self.damping.as_deref(), DAMPING, damping),
        }
    }
}

fn check_name(name: &str, problems: &mut Vec<Problem>) {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() {
        problems.push(Problem::new(
            "name",
            "is missing: give each route a name of its own",
        ));
    } else if name.len() > NAME_MAX || !name.bytes().all(letters) {
        problems.push(Problem::new(
            "name",
            format!("must be at most {NAME_MAX} letters, digits, dots, dashes and underscores"),
        ));
    }
}

fn check_sinks(sinks: &[String], known_sinks: &[&str], problems: &mut Vec<Problem>) {
    if sinks.is_empty() {
        problems.push(Problem::new(
            "sinks",
            "is empty: name at least one sink to tell",
        ));
    }
    let mut seen = BTreeSet::new();
    for (entry, sink) in (1..).zip(sinks) {
        let wrong = if !known_sinks.contains(&sink.as_str()) {
            "names no sink of the configuration"
        } else if !seen.insert(sink) {
            "repeats an earlier entry"
        } else {
            continue;
        };
        problems.push(Problem::new("sinks", format!("entry {entry} {wrong}")));
    }
}

fn group_by(word: Option<&str>, problems: &mut Vec<Problem>) -> GroupBy {
    let Some(word) = word else {
        return GroupBy::Resource;
    };
    GroupBy::from_word(word).unwrap_or_else(|| {
        let words = GroupBy::ALL.map(GroupBy::as_str).join(", ");
        problems.push(Problem::new("group_by", format!("must be one of {words}")));
        GroupBy::Resource
    })
}

fn first_sync(word: Option<&str>, problems: &mut Vec<Problem>) -> FirstSync {
    let advice = match word {
        None | Some("silent") => return FirstSync::Silent,
        Some("notify") => return FirstSync::Notify,
        Some("digest") => "digests are not written yet: use silent or notify",
        Some(_) => "must be silent or notify",
    };
    problems.push(Problem::new("first_sync", advice));
    FirstSync::Silent
}

#[cfg(test)]
mod tests {
    use crate::domain::Severity;

    use super::*;

    fn settings(json: &str) -> RouteSettings {
        serde_json::from_str(json).unwrap()
    }

    fn problems(json: &str) -> Vec<String> {
        let found = settings(json).validate(&["jira", "oncall"]).unwrap_err();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_route_needs_a_name_and_a_sink_and_the_rest_has_defaults() {
        let route = settings(r#"{"name":"high","sinks":["jira","oncall"]}"#);
        let route = route.validate(&["jira", "oncall"]).unwrap();
        assert_eq!(route.name(), "high");
        assert_eq!(route.sinks(), ["jira", "oncall"]);
        assert_eq!(route.group_by, GroupBy::Resource);
        assert_eq!(route.first_sync(), FirstSync::Silent);
        let expected = BTreeSet::from([Severity::High, Severity::Critical]);
        assert_eq!(route.matcher.severities, expected);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_no_value_is_repeated() {
        let found = problems(
            r#"{"name":"se cret","group_by":"secret","first_sync":"digest","sinks":["jira","secret","jira"],
                "match":{"severity":["HIGH","secret"],"accounts":["111122223333","secret"],"regions":["SECRET"],
                         "resources":["secret!"],"problems":["secret","secret:x","cve:secret","control:PCI.S3.1","cve:"]}}"#,
        );
        assert_eq!(found.len(), 14, "{found:#?}");
        assert!(!found.join("\n").contains("secret"), "{found:#?}");
        assert!(
            found
                .iter()
                .any(|p| p.starts_with("match.accounts: entry 2 ")),
            "{found:#?}"
        );
    }

    #[test]
    fn an_empty_route_names_what_is_missing() {
        let found = problems("{}");
        assert_eq!(found.len(), 2, "{found:#?}");
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        for json in [r#"{"tickets":1}"#, r#"{"match":{"tag":{}}}"#] {
            assert!(
                serde_json::from_str::<RouteSettings>(json).is_err(),
                "{json}"
            );
        }
    }
}
