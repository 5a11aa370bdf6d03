//! The tables of a preview.

use std::{cmp::Reverse, collections::BTreeMap};

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

/// How many notices of one severity a sink has to do with.
#[derive(Debug, Serialize)]
pub(super) struct SinkRow {
    sink: String,
    severity: Severity,
    told: u64,
    owed_at_once: u64,
    held: u64,
}

impl SinkRow {
    fn empty(sink: &str, severity: Severity) -> Self {
        Self {
            sink: sink.to_owned(),
            severity,
            told: 0,
            owed_at_once: 0,
            held: 0,
        }
    }
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
    let mut sums: BTreeMap<(&str, Reverse<Severity>), SinkRow> = BTreeMap::new();
    for (route, by_severity) in routes {
        for (sink, (severity, counts)) in product(route.sinks(), by_severity) {
            let row = sums.entry((sink, Reverse(*severity)));
            let row = row.or_insert_with(|| SinkRow::empty(sink, *severity));
            row.told += counts.told;
            row.owed_at_once += counts.owed;
            row.held += counts.held;
        }
    }
    sums.into_values().collect()
}

/// Every sink with every severity.
fn product<'a>(
    sinks: &'a [String],
    by_severity: &'a BTreeMap<Severity, Counts>,
) -> impl Iterator<Item = (&'a str, (&'a Severity, &'a Counts))> {
    let of = move |sink: &'a String| by_severity.iter().map(move |of| (sink.as_str(), of));
    sinks.iter().flat_map(of)
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
    const HEADINGS: &'static [&'static str] = &["Sink", "Severity", "Told", "At once", "Held"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.sink.clone(),
            self.severity.to_string(),
            self.told.to_string(),
            self.owed_at_once.to_string(),
            self.held.to_string(),
        ]
    }
}
