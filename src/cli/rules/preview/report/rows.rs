//! The tables of a preview.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    correlate::{Counts, Route},
    domain::{Severity, Timestamp},
};

use super::super::super::super::output::Row;

/// What a route has of one severity.
#[derive(Debug, Serialize)]
pub(super) struct RouteRow {
    pub(super) route: String,
    /// Empty where the route has nothing at all.
    severity: Option<Severity>,
    open_issues: u64,
    open_incidents: u64,
    over_incidents: u64,
    told: u64,
    untold: u64,
    owed_at_once: u64,
    held: u64,
    pub(super) muted_until: Option<Timestamp>,
}

/// How many notices a sink has to do with.
#[derive(Debug, Default, Serialize)]
pub(super) struct SinkRow {
    sink: String,
    told: u64,
    owed_at_once: u64,
    held: u64,
}

pub(super) fn rows(
    route: &Route,
    by_severity: &BTreeMap<Severity, Counts>,
    now: Timestamp,
) -> Vec<RouteRow> {
    let row = |severity: Option<Severity>, counts: Counts| RouteRow {
        route: route.name().to_owned(),
        severity,
        open_issues: counts.issues,
        open_incidents: counts.open,
        over_incidents: counts.over,
        told: counts.told,
        untold: counts.untold,
        owed_at_once: counts.owed,
        held: counts.held,
        muted_until: route.muted_until(now),
    };
    if by_severity.is_empty() {
        return vec![row(None, Counts::default())];
    }
    let worst_first = by_severity.iter().rev();
    worst_first
        .map(|(severity, counts)| row(Some(*severity), *counts))
        .collect()
}

pub(super) fn sinks(routes: &[(&Route, &BTreeMap<Severity, Counts>)]) -> Vec<SinkRow> {
    let mut rows: BTreeMap<&str, SinkRow> = BTreeMap::new();
    for (route, by_severity) in routes {
        for sink in route.sinks() {
            let row = rows.entry(sink).or_insert_with(|| SinkRow {
                sink: sink.clone(),
                ..SinkRow::default()
            });
            for counts in by_severity.values() {
                row.told += counts.told;
                row.owed_at_once += counts.owed;
                row.held += counts.held;
            }
        }
    }
    rows.into_values().collect()
}

impl Row for RouteRow {
    const HEADINGS: &'static [&'static str] = &[
        "Route",
        "Severity",
        "Open issues",
        "Open",
        "Over",
        "Told",
        "Untold",
        "At once",
        "Held",
    ];

    fn cells(&self) -> Vec<String> {
        let severity = self.severity.map(|severity| severity.to_string());
        let counts = [
            self.open_issues,
            self.open_incidents,
            self.over_incidents,
            self.told,
            self.untold,
            self.owed_at_once,
            self.held,
        ];
        let mut cells = vec![
            self.route.clone(),
            severity.unwrap_or_else(|| "none".to_owned()),
        ];
        cells.extend(counts.map(|count| count.to_string()));
        cells
    }
}

impl Row for SinkRow {
    const HEADINGS: &'static [&'static str] = &["Sink", "Told", "At once", "Held"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.sink.clone(),
            self.told.to_string(),
            self.owed_at_once.to_string(),
            self.held.to_string(),
        ]
    }
}
