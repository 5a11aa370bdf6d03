//! A part of JQL: read strictly, checked against what exists, asked of the tickets searches see.
//!
//! `=`, `!=`, `in`, `not in`, `~`, `!~`, `is`, `<`, `<=`, `>`, `>=`; AND, OR, NOT, parentheses,
//! ORDER BY. Anything else is refused as Jira refuses nonsense, so that text which slips into a
//! query unquoted shows at once.

mod clause;
mod parser;
mod tokens;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::settings::Settings;
use super::store::View;
use super::ticket::Ticket;
use clause::{Clause, Field};

pub(super) use parser::parse;

/// A query that can be asked.
#[derive(Debug)]
pub(super) struct Query {
    condition: Option<Condition>,
    order: Vec<Order>,
}

#[derive(Debug)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Is(Clause),
}

#[derive(Debug)]
struct Order {
    field: Field,
    descending: bool,
}

impl Query {
    /// Whether the query restricts anything. Cloud refuses one that does not.
    pub(super) fn is_bounded(&self) -> bool {
        self.condition.is_some()
    }

    /// The keys that the query names; Jira refuses a query that names a ticket it does not have.
    pub(super) fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        if let Some(condition) = &self.condition {
            condition.collect_keys(&mut keys);
        }
        keys
    }

    /// The tickets that match, in order; without ORDER BY the newest first.
    pub(super) fn run(&self, view: &View<'_>, settings: &Settings) -> Vec<Arc<Ticket>> {
        let candidates = self.condition.as_ref().and_then(|it| it.candidates(view));
        let candidates = match candidates {
            Some(ids) => view.of(ids.into_iter()),
            None => view.all(),
        };
        let matches = |ticket: &Ticket| {
            self.condition
                .as_ref()
                .is_none_or(|condition| condition.holds(ticket, settings))
        };
        let mut found: Vec<Arc<Ticket>> = candidates
            .into_iter()
            .filter(|ticket| matches(ticket))
            .cloned()
            .collect();
        found.sort_by(|a, b| self.compare(a, b, settings));
        found
    }

    fn compare(&self, a: &Ticket, b: &Ticket, settings: &Settings) -> Ordering {
        for order in &self.order {
            let ordering = order.field.compare(a, b, settings);
            let ordering = if order.descending {
                ordering.reverse()
            } else {
                ordering
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        b.id.cmp(&a.id)
    }
}

impl Condition {
    fn holds(&self, ticket: &Ticket, settings: &Settings) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(ticket, settings)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(ticket, settings)),
            Condition::Not(part) => !part.holds(ticket, settings),
            Condition::Is(clause) => clause.holds(ticket, settings),
        }
    }

    /// Ids among which every match must be, when the index knows them.
    fn candidates(&self, view: &View<'_>) -> Option<BTreeSet<u64>> {
        match self {
            Condition::All(parts) => {
                let cheapest = parts
                    .iter()
                    .filter_map(|part| Some((part.cost(view)?, part)))
                    .min_by_key(|(cost, _)| *cost);
                cheapest?.1.candidates(view)
            }
            Condition::Any(parts) => {
                let sets: Option<Vec<_>> = parts.iter().map(|part| part.candidates(view)).collect();
                Some(sets?.into_iter().flatten().collect())
            }
            Condition::Not(_) => None,
            Condition::Is(clause) => {
                let labels = clause.labels()?;
                Some(
                    labels
                        .iter()
                        .flat_map(|label| view.with_label(label))
                        .collect(),
                )
            }
        }
    }

    /// How many ids [`Condition::candidates`] would give.
    fn cost(&self, view: &View<'_>) -> Option<usize> {
        match self {
            Condition::All(parts) => parts.iter().filter_map(|part| part.cost(view)).min(),
            Condition::Any(parts) => parts.iter().map(|part| part.cost(view)).sum(),
            Condition::Not(_) => None,
            Condition::Is(clause) => {
                let labels = clause.labels()?;
                Some(
                    labels
                        .iter()
                        .map(|label| view.with_label_count(label))
                        .sum(),
                )
            }
        }
    }

    fn collect_keys<'a>(&'a self, keys: &mut Vec<&'a str>) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| part.collect_keys(keys));
            }
            Condition::Not(part) => part.collect_keys(keys),
            Condition::Is(clause) => keys.extend(clause.keys()),
        }
    }
}
