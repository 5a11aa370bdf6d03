//! Routes that can never have an issue, because earlier ones take all that they match.

use std::collections::BTreeSet;

use crate::domain::Severity;

use super::{
    Route,
    matcher::{Matcher, TagPattern, covers},
};

/// The places of routes that can never have an issue, each with the places of the earlier routes that
/// take all that it matches. What it says is true; what several earlier routes take together is only
/// seen where they differ by severity alone.
#[must_use]
pub fn out_of_reach(routes: &[Route]) -> Vec<(usize, Vec<usize>)> {
    let mut found = Vec::new();
    for (at, route) in routes.iter().enumerate() {
        let before = routes.iter().enumerate().take(at);
        let takes: Vec<(usize, &BTreeSet<Severity>)> = before
            .filter(|(_, earlier)| !earlier.continues)
            .filter(|(_, earlier)| covers_but_for_severity(&earlier.matcher, &route.matcher))
            .map(|(place, earlier)| (place, &earlier.matcher.severities))
            .collect();
        if let Some(takers) = takers(&takes, &route.matcher.severities) {
            found.push((at, takers));
        }
    }
    found
}

/// The first of some routes whose severities are together all that are wanted; `None` if some are
/// left. A single one that has all is preferred.
fn takers(
    takes: &[(usize, &BTreeSet<Severity>)],
    wanted: &BTreeSet<Severity>,
) -> Option<Vec<usize>> {
    if let Some((place, _)) = takes.iter().find(|(_, has)| wanted.is_subset(has)) {
        return Some(vec![*place]);
    }
    let mut left = wanted.clone();
    let mut takers = Vec::new();
    for (place, has) in takes {
        let before = left.len();
        left.retain(|severity| !has.contains(severity));
        if left.len() < before {
            takers.push(*place);
        }
    }
    left.is_empty().then_some(takers)
}

/// Whether every issue that `narrow` allows is one that `wide` allows, severities aside.
fn covers_but_for_severity(wide: &Matcher, narrow: &Matcher) -> bool {
    // All keys are named, so that a new one cannot be forgotten here.
    let Matcher {
        severities: _,
        score,
        accounts,
        ous,
        tags,
        regions,
        products,
        types,
        resources,
        resource_tags,
        problems,
    } = wide;
    *score <= narrow.score
        && has_all(accounts, &narrow.accounts)
        && has_all(ous, &narrow.ous)
        && demands_no_more(tags, &narrow.tags)
        && covers(regions, &narrow.regions)
        && covers(products, &narrow.products)
        && covers(types, &narrow.types)
        && covers(resources, &narrow.resources)
        && demands_no_more(resource_tags, &narrow.resource_tags)
        && covers(problems, &narrow.problems)
}

/// Whether everything that `narrow` lists is in `wide`. An empty list allows all.
fn has_all<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| wide.contains(one)))
}

/// Whether every tag that `wide` asks for is one that `narrow` asks for, too, as strictly.
fn demands_no_more(wide: &[TagPattern], narrow: &[TagPattern]) -> bool {
    let is_demanded = |tag: &TagPattern| narrow.iter().any(|other| tag.covers(other));
    wide.iter().all(is_demanded)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::correlate::RouteSettings;

    use super::*;

    /// Routes, each with its `match`; a `+` says that one continues.
    type Matches = Vec<(&'static str, Value)>;
    type Found = Vec<(usize, Vec<usize>)>;

    fn routes(matches: &[(&'static str, Value)]) -> Vec<Route> {
        let route = |(continues, matching): &(&'static str, Value)| {
            let settings: RouteSettings = serde_json::from_value(json!({
                "name": "r", "sinks": ["jira"], "match": matching, "continue": *continues == "+",
            }))
            .unwrap();
            settings.validate(&["jira"]).unwrap()
        };
        matches.iter().map(route).collect()
    }

    #[test]
    fn a_route_is_out_of_reach_when_earlier_ones_take_all_that_it_matches() {
        let all = || json!({"severity": ">=INFORMATIONAL"});
        let high = || json!({});
        let table: Vec<(Matches, Found)> = vec![
            (vec![("", high()), ("", high())], vec![(1, vec![0])]),
            (vec![("+", high()), ("", high())], vec![]),
            (vec![("", high()), ("", all())], vec![]),
            (
                vec![("", all()), ("", high()), ("", high())],
                vec![(1, vec![0]), (2, vec![0])],
            ),
            // The first takes nothing from the others; the second takes all from the third.
            (
                vec![("+", all()), ("", high()), ("", high())],
                vec![(2, vec![1])],
            ),
            // Together.
            (
                vec![
                    ("", json!({"severity": "HIGH"})),
                    ("", json!({"severity": "LOW"})),
                    ("", json!({"severity": "CRITICAL"})),
                    ("", high()),
                ],
                vec![(3, vec![0, 2])],
            ),
            // Every key must be covered.
            (
                vec![
                    (
                        "",
                        json!({"regions": ["eu-*", "global"], "problems": ["cve:*"]}),
                    ),
                    (
                        "",
                        json!({"regions": ["eu-west-1", "eu-c*"], "problems": ["cve:CVE-2026-*"]}),
                    ),
                    ("", json!({"regions": ["eu-west-1"]})),
                    ("", json!({"problems": ["cve:*"]})),
                    (
                        "",
                        json!({"regions": ["eu-west-1", "us-east-1"], "problems": ["cve:*"]}),
                    ),
                ],
                // The last is taken by the one before it, and the third is not.
                vec![(1, vec![0]), (4, vec![3])],
            ),
            (
                vec![
                    ("", json!({"accounts": ["111122223333", "444455556666"]})),
                    (
                        "",
                        json!({"accounts": ["444455556666"], "resources": ["AwsS3*"]}),
                    ),
                    ("", json!({"resources": ["AwsS3*"]})),
                    ("", json!({"resources": ["AwsS3Bucket"]})),
                    ("", json!({"resources": ["AwsS*"]})),
                ],
                vec![(1, vec![0]), (3, vec![2])],
            ),
            // An exact text covers no beginning.
            (
                vec![
                    ("", json!({"resources": ["AwsS3Bucket"]})),
                    ("", json!({"resources": ["AwsS3Bucket*"]})),
                ],
                vec![],
            ),
        ];
        for (matches, expected) in table {
            assert_eq!(out_of_reach(&routes(&matches)), expected, "{matches:?}");
        }
    }
}
