//! `[[routes]]`: which incidents go to which sinks.

use std::collections::BTreeSet;

use figment::value::Value;

use super::gather::Gather;
use crate::correlate::{Route, RouteSettings};

/// The routes that are right, in the order in which they are written. All is noted that is wrong
/// with the others.
pub(super) fn read(gather: &mut Gather, sinks: &[String]) -> Vec<Route> {
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
        routes.extend(route);
    }
    warn_of_silence(gather, &sinks, &routes);
    routes
}

/// A configuration that tells nobody is allowed, for those who only want metrics.
fn warn_of_silence(gather: &mut Gather, sinks: &[&str], routes: &[Route]) {
    if gather.value(&["routes"]).is_none() {
        gather.warn("routes", "there is none, so nobody is told of anything");
        return;
    }
    for sink in sinks {
        if !routes
            .iter()
            .any(|route| route.sinks().iter().any(|s| s == sink))
        {
            gather.warn(&format!("sinks.{sink}"), "no route names this sink");
        }
    }
}
