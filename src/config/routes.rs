//! `[[routes]]`: which incidents go to which sinks.

use std::collections::BTreeSet;

use figment::value::Value;

use super::gather::Gather;
use crate::correlate::{Route, RouteSettings, out_of_reach};

/// The routes that are right, each with its place in the configuration. All is noted that is wrong with
/// the others.
pub(super) fn read(gather: &mut Gather, sinks: &[String]) -> Vec<(usize, Route)> {
    let typed = match gather.value(&["routes"]) {
        None => Vec::new(),
        Some(Value::Array(_, routes)) => routes.clone(),
        Some(_) => {
            gather.note(
                "routes",
                "expected a list of tables, each headed [[routes]]".to_owned(),
            );
            return Vec::new();
        }
    };
    let sinks: Vec<_> = sinks.iter().map(String::as_str).collect();
    let mut names = BTreeSet::new();
    let mut routes = Vec::new();
    for (at, typed) in typed.into_iter().enumerate() {
        let section = format!("routes[{at}]");
        let name = typed.find_ref("name").and_then(Value::as_str);
        if name.is_some_and(|name| !names.insert(name.to_owned())) {
            let advice = "is the name of an earlier route; incidents belong to one by its name";
            gather.note(&format!("{section}.name"), advice.to_owned());
        }
        let route = gather.read(&section, typed, |route: RouteSettings, _| {
            route.validate(&sinks)
        });
        routes.extend(route.map(|route| (at, route)));
    }
    refuse_out_of_reach(gather, &routes);
    warn_of_silence(gather, &sinks, &routes);
    routes
}

/// A route that can never have an issue tells nobody, and its author believes that it does. What is
/// wrong in some other way is left out: nobody knows what it was meant to match. Each route is with
/// its place in the configuration.
fn refuse_out_of_reach(gather: &mut Gather, routes: &[(usize, Route)]) {
    let is_right = |at: usize| !gather.has_problem(&format!("routes[{at}]"));
    let right: Vec<&(usize, Route)> = routes.iter().filter(|(at, _)| is_right(*at)).collect();
    let rights: Vec<Route> = right.iter().map(|(_, route)| route.clone()).collect();
    let written = |place: &usize| right.get(*place).map(|(at, _)| format!("routes[{at}]"));
    for (at, earlier) in out_of_reach(&rights) {
        let Some(section) = written(&at) else {
            continue;
        };
        let earlier: Vec<String> = earlier.iter().filter_map(written).collect();
        let (takes, there) = match earlier.as_slice() {
            [_] => ("takes", "there"),
            _ => ("together take", "in one of them"),
        };
        let advice = format!(
            "can never have an issue: {} {takes} all that it matches; move it up, match less before \
             it, or write continue = true {there}",
            earlier.join(" and ")
        );
        gather.note(&section, advice);
    }
}

/// A configuration that tells nobody is allowed, for those who only want metrics.
fn warn_of_silence(gather: &mut Gather, sinks: &[&str], routes: &[(usize, Route)]) {
    if gather.value(&["routes"]).is_none() {
        gather.warn("routes", "there is none, so nobody is told of anything");
        return;
    }
    for sink in sinks {
        if !routes
            .iter()
            .any(|(_, route)| route.sinks().iter().any(|s| s == sink))
        {
            gather.warn(&format!("sinks.{sink}"), "no route names this sink");
        }
    }
}
