//! What a finding's way comes to: who was told, or the step that it ended at.

use crate::{
    correlate::{Claim, FirstSync, Route, Subject, claims},
    domain::{IssueStatus, Standing, Tags, Timestamp, delivery::DeliveryState},
    store::{Explained, ExplainedIssue, StoredDelivery, StoredIncident},
};

/// The sentences; at least one.
pub(super) fn verdict(
    explained: &Explained,
    routes: Option<&[Route]>,
    now: Timestamp,
) -> Vec<String> {
    let mut said = outcome(explained, routes, now);
    if explained.issue.status == Some(IssueStatus::Open) {
        said.extend(behind(&explained.issue, routes.unwrap_or_default()));
    }
    said
}

fn outcome(explained: &Explained, routes: Option<&[Route]>, now: Timestamp) -> Vec<String> {
    let told: Vec<String> = explained.incidents.iter().flat_map(told).collect();
    if !told.is_empty() {
        return told;
    }
    let issue = &explained.issue;
    if issue.waits {
        return one(
            "nobody was told yet: its issue waits to be decided, which takes seconds while `hubwatch run` is up",
        );
    }
    if issue.status != Some(IssueStatus::Open) {
        return one(&not_open(explained));
    }
    if let Some(until) = issue.silenced_until.filter(|until| *until > now) {
        return one(&format!(
            "nobody was told: a silence is over its issue until {until}; `hubwatch silences list` says whose"
        ));
    }
    match explained.incidents.first() {
        Some(incident) => one(&untold(incident, routes, now)),
        None => unselected(issue, routes),
    }
}

fn one(sentence: &str) -> Vec<String> {
    vec![sentence.to_owned()]
}

/// What was, is or cannot be sent of an incident.
fn told(incident: &StoredIncident) -> Vec<String> {
    let sentence = |delivery: &StoredDelivery| {
        let sink = &delivery.sink;
        let reason = delivery.reason.as_deref().unwrap_or("no reason is known");
        match delivery.state {
            DeliveryState::Delivered => format!(
                "{sink} was told: {}",
                delivery
                    .reference
                    .as_deref()
                    .unwrap_or("without a reference")
            ),
            DeliveryState::Dead => format!("{sink} was not told, and is not tried again: {reason}"),
            DeliveryState::Pending if delivery.attempts == 0 => {
                format!("{sink} is owed a notice, which was not tried yet")
            }
            DeliveryState::Pending => {
                let due = delivery
                    .due_at
                    .map(|due| due.to_string())
                    .unwrap_or_default();
                format!(
                    "{sink} is owed a notice; tried {} times, again at {due}: {reason}",
                    delivery.attempts
                )
            }
        }
    };
    incident.deliveries.iter().map(sentence).collect()
}

/// Why an issue that is not open is told to nobody.
fn not_open(explained: &Explained) -> String {
    let why = match explained.finding.standing {
        Standing::Open => "its issue was decided before it was; it waits for the daemon",
        Standing::Unassessed => "the check could not be made, which is no evidence of a problem",
        Standing::Suppressed => "an analyst suppressed it",
        Standing::Resolved => "its check passed, or an analyst resolved it",
        Standing::Archived => "its provider archived it",
        Standing::Gone => "Security Hub no longer has it",
        Standing::Replaced => "its provider archived it and writes another in its place",
    };
    format!("nobody was told: {why}, and nothing else reports the problem")
}

/// Why an open issue's incident was told to nobody.
fn untold(incident: &StoredIncident, routes: Option<&[Route]>, now: Timestamp) -> String {
    let name = &incident.incident.route;
    let route = routes.and_then(|routes| routes.iter().find(|route| route.name() == name));
    if let Some(until) = incident.incident.muted_until {
        return if until > now {
            format!("nobody was told yet: route {name} is muted until {until}")
        } else {
            format!(
                "nobody was told yet: the mute time of route {name} ended at {until}, and the daemon \
                 has not looked since, which takes seconds while `hubwatch run` is up"
            )
        };
    }
    match (incident.incident.history, route) {
        (true, Some(route)) if route.first_sync() == FirstSync::Silent => format!(
            "nobody was told: it was there before hubwatch came, and route {name} has first_sync = \"silent\""
        ),
        (true, _) => "nobody was told: it was there before hubwatch came".to_owned(),
        (false, None) if routes.is_some() => {
            format!("nobody was told: the configuration no longer has route {name}")
        }
        (false, _) => "nobody was told yet: the incident owes nothing".to_owned(),
    }
}

/// Why no route selects an open issue.
fn unselected(issue: &ExplainedIssue, routes: Option<&[Route]>) -> Vec<String> {
    let Some(routes) = routes else {
        return one(
            "nobody was told: no route has selected its issue; with --config this says why",
        );
    };
    if routes.is_empty() {
        return one("nobody was told: the configuration has no routes");
    }
    let sentence = |(route, claim): (&Route, Claim<'_>)| {
        let name = route.name();
        match claim {
            Claim::Has => Some(format!(
                "route {name} of this configuration has it; the daemon has not decided by it yet"
            )),
            Claim::Refuses(keys) => {
                let said = keys
                    .iter()
                    .map(|key| format!("{key} does not allow {}", value(key, issue)));
                let said: Vec<String> = said.collect();
                Some(format!(
                    "route {name} does not select it: {}",
                    said.join(", ")
                ))
            }
            // Said of every issue that is open.
            Claim::Behind(_) => None,
        }
    };
    let said = claims(routes, subject(issue));
    let head = std::iter::once("nobody was told: no route has selected its issue".to_owned());
    head.chain(said.into_iter().filter_map(sentence)).collect()
}

/// The routes that would have the issue if an earlier one had not.
fn behind(issue: &ExplainedIssue, routes: &[Route]) -> Vec<String> {
    let sentence = |(route, claim): (&Route, Claim<'_>)| match claim {
        Claim::Behind(earlier) => Some(format!(
            "route {} would select it, but an earlier route has it: {} does not continue",
            route.name(),
            earlier.name()
        )),
        Claim::Has | Claim::Refuses(_) => None,
    };
    let said = claims(routes, subject(issue));
    said.into_iter().filter_map(sentence).collect()
}

fn subject(issue: &ExplainedIssue) -> Subject<'_> {
    Subject {
        identity: &issue.identity,
        severity: issue.severity,
        score: issue.score.value(),
        about: &issue.about,
    }
}

/// What an issue has where a key of a route's match looks.
fn value(key: &str, issue: &ExplainedIssue) -> String {
    let identity = &issue.identity;
    match key {
        "match.severity" => issue.severity.to_string(),
        "match.score" => issue.score.value().to_string(),
        "match.ous" => listed(&issue.about.account.ous, "an account without known units"),
        "match.tags" => tags(&issue.about.account.tags),
        "match.products" => listed(&issue.about.products, "a finding of no product"),
        "match.types" => listed(&issue.about.types, "a finding of no type"),
        "match.resource_tags" => tags(&issue.about.resource_tags),
        "match.accounts" => identity.account.to_string(),
        "match.regions" => identity
            .region
            .as_ref()
            .map_or_else(|| "global".to_owned(), ToString::to_string),
        "match.resources" => identity.resource_kind.clone(),
        "match.problems" => identity.problem.clone(),
        _ => "it".to_owned(),
    }
}

fn listed(texts: &[impl AsRef<str>], none: &str) -> String {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    if texts.is_empty() {
        none.to_owned()
    } else {
        texts.join(" and ")
    }
}

fn tags(tags: &Tags) -> String {
    let pairs: Vec<String> = tags
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    listed(&pairs, "what has no tags")
}
