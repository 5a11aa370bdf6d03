//! From touched issues to incidents and what is owed.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::domain::{
    Digest, Incident, IncidentState, IssueStatus, Severity, Timestamp,
    decision::{Assessment, Decision, IncidentDecision, Known, KnownIncident, Member},
    delivery::Occasion,
};

use super::{
    lifecycle::Lifecycle,
    route::{self, FirstSync, Route},
};

/// An incident while it is decided.
struct Draft<'a> {
    /// As the store knows it, or empty if it is new.
    incident: Incident,
    /// The issues that it had.
    before: BTreeSet<i64>,
    /// The issues that it has.
    members: BTreeMap<i64, Member>,
    /// Its route; `None` when the configuration has it no longer.
    route: Option<&'a Route>,
}

/// See [`super::Rulebook::decide`].
pub(super) fn decide(routes: &[Route], known: &Known, now: Timestamp) -> Decision {
    let memberships = memberships(known);
    let mut drafts: BTreeMap<Digest, Draft<'_>> = BTreeMap::new();
    // In the order of their numbers, so that a decision does not depend on how they were read.
    let issues: BTreeMap<i64, &Assessment> = known.issues.iter().map(|i| (i.id, i)).collect();
    for issue in issues.into_values() {
        let having: BTreeMap<Digest, &Route> = route::having(routes, issue)
            .into_iter()
            .map(|route| (route.group(issue), route))
            .collect();
        for group in memberships.get(&issue.id).into_iter().flatten() {
            if let Some(draft) = draft(&mut drafts, routes, known, *group, now) {
                stay_or_leave(draft, issue, having.contains_key(group));
            }
        }
        // Only an open problem opens an incident or joins one. Those that are over stay where they
        // are.
        if issue.status != IssueStatus::Open {
            continue;
        }
        for (group, route) in having {
            match draft(&mut drafts, routes, known, group, now) {
                Some(draft) => {
                    draft.members.insert(issue.id, member(issue));
                }
                None => {
                    let before = known.incidents.get(&group);
                    let earlier = before.map_or(0, |before| before.incident.earlier + 1);
                    drafts.insert(group, opened(route, (group, earlier), issue, now));
                }
            }
        }
    }
    let decided = drafts
        .into_values()
        .filter_map(|draft| conclude(draft, now));
    Decision {
        incidents: decided.collect(),
    }
}

/// The incidents that each touched issue belongs to already.
fn memberships(known: &Known) -> BTreeMap<i64, Vec<Digest>> {
    let touched: BTreeSet<i64> = known.issues.iter().map(|issue| issue.id).collect();
    let mut memberships: BTreeMap<i64, Vec<Digest>> = BTreeMap::new();
    for (group, incident) in &known.incidents {
        for issue in incident
            .members
            .keys()
            .filter(|issue| touched.contains(issue))
        {
            memberships.entry(*issue).or_default().push(*group);
        }
    }
    memberships
}

/// The draft of a group's incident, begun from what is known if need be; `None` when there is none,
/// or none that can still change.
fn draft<'d, 'r>(
    drafts: &'d mut BTreeMap<Digest, Draft<'r>>,
    routes: &'r [Route],
    known: &Known,
    group: Digest,
    now: Timestamp,
) -> Option<&'d mut Draft<'r>> {
    match drafts.entry(group) {
        Entry::Occupied(draft) => Some(draft.into_mut()),
        Entry::Vacant(place) => {
            let KnownIncident { incident, members } = known.incidents.get(&group)?;
            let route = routes.iter().find(|route| route.name == incident.route);
            if lifecycle(route).is_final(incident, now) {
                return None;
            }
            Some(place.insert(Draft {
                incident: incident.clone(),
                before: members.keys().copied().collect(),
                members: members.clone(),
                route,
            }))
        }
    }
}

/// How long incidents of a route can come back.
pub(super) fn lifecycle(route: Option<&Route>) -> Lifecycle {
    route.map_or(Lifecycle::USUAL, |route| route.lifecycle)
}

/// Brings a member up to date, or takes it out because its route no longer has it.
///
/// Only an open issue leaves. One that is over stays: a check that passed is informational, and
/// would else leave the very incident that it resolves. So does one whose route is gone from the
/// configuration.
fn stay_or_leave(draft: &mut Draft<'_>, issue: &Assessment, is_had: bool) {
    if !is_had && issue.status == IssueStatus::Open && draft.route.is_some() {
        draft.members.remove(&issue.id);
    } else {
        draft.members.insert(issue.id, member(issue));
    }
}

fn member(issue: &Assessment) -> Member {
    Member {
        status: issue.status,
        severity: issue.severity,
        score: issue.score.value(),
        title: issue.title.clone(),
        silenced_until: issue.silenced_until,
        history: issue.history,
    }
}

fn opened<'a>(
    route: &'a Route,
    (group, earlier): (Digest, u32),
    issue: &Assessment,
    now: Timestamp,
) -> Draft<'a> {
    let place = route.place(issue);
    Draft {
        incident: Incident {
            id: None,
            route: route.name.clone(),
            group,
            earlier,
            title: String::new(),
            severity: Severity::Informational,
            score: 0,
            state: IncidentState::Open,
            over_since: None,
            acknowledged: None,
            account: place.account,
            region: place.resource.region,
            resource: place.resource.id,
            resource_kind: place.resource.kind,
            open_issues: 0,
            opened_at: now,
            changed_at: now,
            history: true,
            told: false,
            muted_until: None,
        },
        before: BTreeSet::new(),
        members: BTreeMap::from([(issue.id, member(issue))]),
        route: Some(route),
    }
}

/// What is to be written of a draft; `None` when nothing about it is different.
fn conclude(draft: Draft<'_>, now: Timestamp) -> Option<IncidentDecision> {
    let mut incident = summary(&draft.incident, &draft.members);
    let turns = match draft.incident.id {
        Some(_) => lifecycle(draft.route).follow(&draft.incident, &mut incident, now),
        None => Vec::new(),
    };
    let Telling { owed, muted_until } = telling(&incident, &draft, now);
    incident.told |= !owed.is_empty();
    incident.muted_until = muted_until;
    let now_in: BTreeSet<i64> = draft.members.keys().copied().collect();
    let joined: Vec<i64> = now_in.difference(&draft.before).copied().collect();
    let left: Vec<i64> = draft.before.difference(&now_in).copied().collect();
    if incident == draft.incident && joined.is_empty() && left.is_empty() {
        return None;
    }
    incident.changed_at = now;
    Some(IncidentDecision {
        incident,
        turns,
        joined,
        left,
        owed,
    })
}

/// The incident as its issues make it. One that every issue has left is over, and otherwise stays
/// as it was: people who were told of it must still recognise it.
fn summary(before: &Incident, members: &BTreeMap<i64, Member>) -> Incident {
    let status = |status| {
        members
            .values()
            .filter(move |member| member.status == status)
    };
    let open = status(IssueStatus::Open).count();
    let state = if open > 0 && before.acknowledged.is_some() {
        IncidentState::Acknowledged
    } else if open > 0 {
        IncidentState::Open
    } else if status(IssueStatus::Suppressed).count() > 0 {
        IncidentState::Suppressed
    } else {
        IncidentState::Resolved
    };
    let mut incident = Incident {
        state,
        open_issues: u32::try_from(open).unwrap_or(u32::MAX),
        ..before.clone()
    };
    if let Some(worst) = worst(members.values()) {
        incident.severity = worst.severity;
        incident.score = worst.score;
        incident.title = title(worst, if open > 0 { open } else { members.len() });
        incident.history = members.values().all(|member| member.history);
    }
    incident
}

/// The issue that speaks for the incident: the worst open one, or the worst of all when none is
/// open; of equally bad ones the first by title.
fn worst<'a>(members: impl Iterator<Item = &'a Member>) -> Option<&'a Member> {
    members.max_by(|a, b| {
        let open = |member: &Member| member.status == IssueStatus::Open;
        (open(a), a.severity, a.score)
            .cmp(&(open(b), b.severity, b.score))
            .then_with(|| b.title.cmp(&a.title))
    })
}

fn title(worst: &Member, problems: usize) -> String {
    match problems {
        0 | 1 => worst.title.to_string(),
        2 => format!("{} and 1 more problem", worst.title),
        more => format!("{} and {} more problems", worst.title, more - 1),
    }
}

/// Who must hear of an incident.
#[derive(Default)]
struct Telling {
    owed: Vec<(String, Occasion)>,
    /// Until when those who must hear of it are spared.
    muted_until: Option<Timestamp>,
}

/// Who must hear of the incident now: every sink of its route, once, as soon as one of its open
/// issues is news that no silence is over, and no mute time of the route is in the way. Until then
/// an incident of nothing but history stays silent, if its route says so.
fn telling(incident: &Incident, draft: &Draft<'_>, now: Timestamp) -> Telling {
    let Some(route) = draft.route.filter(|_| !incident.told) else {
        return Telling::default();
    };
    let is_news = |member: &Member| {
        member.status == IssueStatus::Open
            && member.silenced_until.is_none_or(|until| until <= now)
            && (!member.history || route.first_sync == FirstSync::Notify)
    };
    if !draft.members.values().any(is_news) {
        return Telling::default();
    }
    let muted_until = route.muted_until(now);
    let sinks = route.sinks.iter().filter(|_| muted_until.is_none());
    Telling {
        owed: sinks.map(|sink| (sink.clone(), Occasion::Opened)).collect(),
        muted_until,
    }
}

#[cfg(test)]
pub(super) mod tests;
