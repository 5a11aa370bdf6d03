//! What a preview comes to, for people and for programs.

mod rows;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    correlate::{Counts, Outcome, Route, Rulebook},
    domain::{IncidentId, IssueIdentity, Severity, Timestamp},
    store::{IncidentFilter, Store},
};

use super::super::super::output::{self, Output};
use rows::{RouteRow, SinkRow, rows, sinks};

#[derive(Debug, Serialize)]
pub(super) struct Report {
    issues: u64,
    open_issues: u64,
    routes: Vec<RouteRow>,
    /// Open issues that no route has, by severity.
    unrouted: BTreeMap<Severity, u64>,
    sinks: Vec<SinkRow>,
    difference: Difference,
}

/// What would be other than it is in the store.
#[derive(Debug, Serialize)]
struct Difference {
    kept: u64,
    opened: u64,
    reopened: u64,
    ended: u64,
    left_behind: u64,
    /// Some of those that would be opened, by the worst of their issues.
    opened_examples: Vec<Example>,
    /// Some of those that would be over.
    ended_examples: Vec<Example>,
}

#[derive(Debug, Serialize)]
struct Example {
    incident_id: Option<IncidentId>,
    severity: Severity,
    title: String,
    account_id: String,
    region: Option<String>,
    resource: String,
}

impl Report {
    pub(super) async fn of(
        outcome: &Outcome,
        rulebook: &Rulebook,
        store: &dyn Store,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let routes: Vec<(&Route, &BTreeMap<Severity, Counts>)> =
            rulebook.routes().iter().zip(&outcome.routes).collect();
        let rows = routes
            .iter()
            .flat_map(|(route, by_severity)| rows(route, by_severity, now));
        Ok(Self {
            issues: outcome.issues,
            open_issues: outcome.open_issues,
            routes: rows.collect(),
            unrouted: outcome.unrouted.clone(),
            sinks: sinks(&routes),
            difference: Difference {
                kept: outcome.kept,
                opened: outcome.opened.count,
                reopened: outcome.reopened,
                ended: outcome.ended.count,
                left_behind: outcome.left_behind,
                opened_examples: opened(outcome, rulebook, store, now).await?,
                ended_examples: ended(outcome, store).await?,
            },
        })
    }

    pub(super) fn print(&self) -> anyhow::Result<()> {
        output::line(format_args!(
            "{}, {} of them open; nothing was sent or written\n",
            output::counted(self.issues, "issue"),
            self.open_issues
        ))?;
        output::print(Output::Table, &self.routes)?;
        let unrouted: u64 = self.unrouted.values().sum();
        if unrouted > 0 {
            let severities = self.unrouted.iter().rev();
            let said = severities.map(|(severity, count)| format!("{count} {severity}"));
            let said: Vec<String> = said.collect();
            output::line(format_args!(
                "no route has {}: {}",
                output::counted(unrouted, "open issue"),
                said.join(", ")
            ))?;
        }
        if !self.sinks.is_empty() {
            output::line("")?;
            output::print(Output::Table, &self.sinks)?;
        }
        for route in self.muted() {
            output::line(route)?;
        }
        self.difference.print()
    }

    fn muted(&self) -> Vec<String> {
        let mut said: Vec<String> = self
            .routes
            .iter()
            .filter_map(|row| {
                let until = row.muted_until?;
                Some(format!("route {} is muted until {until}", row.route))
            })
            .collect();
        said.dedup();
        said
    }
}

async fn opened(
    outcome: &Outcome,
    rulebook: &Rulebook,
    store: &dyn Store,
    now: Timestamp,
) -> anyhow::Result<Vec<Example>> {
    let mut examples = Vec::new();
    for (severity, issue) in &outcome.opened.examples {
        let found = store.assessed(rulebook, issue - 1, 1, now).await?;
        // It may be gone by now.
        let Some(found) = found.into_iter().find(|found| found.id == *issue) else {
            continue;
        };
        let IssueIdentity {
            account,
            region,
            resource,
            ..
        } = found.identity;
        examples.push(Example {
            incident_id: None,
            severity: *severity,
            title: found.title.to_string(),
            account_id: account.to_string(),
            region: region.map(|region| region.to_string()),
            resource,
        });
    }
    Ok(examples)
}

async fn ended(outcome: &Outcome, store: &dyn Store) -> anyhow::Result<Vec<Example>> {
    let mut examples = Vec::new();
    for (severity, id) in &outcome.ended.examples {
        let filter = IncidentFilter {
            id: Some(*id),
            ..IncidentFilter::default()
        };
        for stored in store.incidents(filter).await? {
            let incident = stored.incident;
            examples.push(Example {
                incident_id: incident.id,
                severity: *severity,
                title: incident.title,
                account_id: incident.account.to_string(),
                region: incident.region.map(|region| region.to_string()),
                resource: incident.resource,
            });
        }
    }
    Ok(examples)
}

impl Difference {
    fn print(&self) -> anyhow::Result<()> {
        output::line("\nAgainst the incidents that are open now")?;
        output::line(format_args!("  {:>7} would stay open", self.kept))?;
        output::line(format_args!("  {:>7} would be new", self.opened))?;
        print_examples(&self.opened_examples, self.opened)?;
        if self.reopened > 0 {
            output::line(format_args!("  {:>7} would be reopened", self.reopened))?;
        }
        output::line(format_args!(
            "  {:>7} would be over, since their route has none of their issues",
            self.ended
        ))?;
        print_examples(&self.ended_examples, self.ended)?;
        if self.left_behind > 0 {
            output::line(format_args!(
                "  {:>7} would tell nobody any more, since the configuration lacks their route",
                self.left_behind
            ))?;
        }
        Ok(())
    }
}

/// Text from outside must not command the terminal.
fn print_examples(examples: &[Example], all: u64) -> anyhow::Result<()> {
    for example in examples {
        let id = example
            .incident_id
            .map(|id| format!("{id}: "))
            .unwrap_or_default();
        output::say(format_args!(
            "            {:<13} {id}{} ({}, {}, {})",
            example.severity.to_string(),
            example.title,
            example.account_id,
            example.region.as_deref().unwrap_or("global"),
            example.resource,
        ))?;
    }
    let shown = u64::try_from(examples.len()).unwrap_or(u64::MAX);
    if shown > 0 && all > shown {
        output::line(format_args!("            and {} more", all - shown))?;
    }
    Ok(())
}
