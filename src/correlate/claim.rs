//! What each route makes of an issue, and why, for people who ask.

use super::{Route, Subject};

/// What a route makes of an issue.
#[derive(Debug, Clone)]
pub enum Claim<'r> {
    /// It has the issue: an open one belongs to an incident of it.
    Has,
    /// These keys of its `match` do not allow the issue; at least one.
    Refuses(Vec<&'static str>),
    /// It selects the issue, but this earlier route has it and does not continue.
    Behind(&'r Route),
}

/// What each of the routes makes of an issue, in their order. Says the same as deciding does.
#[must_use]
pub fn claims<'r>(routes: &'r [Route], issue: Subject<'_>) -> Vec<(&'r Route, Claim<'r>)> {
    let mut last: Option<&Route> = None;
    let mut claims = Vec::new();
    for route in routes {
        let refusing = route.refusing(issue);
        let claim = match last {
            _ if !refusing.is_empty() => Claim::Refuses(refusing),
            Some(earlier) => Claim::Behind(earlier),
            None => {
                last = (!route.continues()).then_some(route);
                Claim::Has
            }
        };
        claims.push((route, claim));
    }
    claims
}
