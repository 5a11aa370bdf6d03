//! What was tried, what failed, and what to do about it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    aws::{AwsError, Operation, Remedy},
    domain::{AccountId, CoverageState, Scope},
};

use super::super::{
    Exit,
    output::{self, Format, Output, Row},
};

/// How many accounts or scopes a failure names in a table. JSON names all.
const EXAMPLES: usize = 3;

/// Where something failed.
#[derive(Debug, Clone)]
pub(super) enum Where {
    /// With hubwatch's own identity.
    Own,
    Account(AccountId),
    Scope(Scope),
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Who we are to AWS.
    pub(super) caller: Option<String>,
    /// Accounts that are selected, those that are suspended or closed included.
    pub(super) accounts: usize,
    /// Accounts that are suspended or closed, and so were not tried.
    pub(super) inactive_accounts: usize,
    /// Accounts x Regions that are off, and so were not tried.
    pub(super) disabled_regions: usize,
    /// Accounts x Regions that were asked for a finding.
    pub(super) scopes: usize,
    /// Those that gave an answer.
    pub(super) readable_scopes: usize,
    failures: Vec<Failure>,
    /// What this check does not try.
    not_tried: Vec<String>,
    #[serde(skip)]
    by_cause: BTreeMap<(String, String), usize>,
}

/// All failures with one cause.
#[derive(Debug, Clone, Serialize)]
struct Failure {
    /// The action, as IAM calls it.
    action: String,
    /// A fixed word.
    outcome: &'static str,
    advice: String,
    /// What AWS said the first time.
    example: String,
    accounts: Vec<AccountId>,
    scopes: Vec<Scope>,
    add: Vec<Add>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Add {
    to: String,
    statement: serde_json::Value,
}

impl Report {
    pub(super) fn new<'a>(sinks: impl Iterator<Item = &'a String>) -> Self {
        Self {
            caller: None,
            accounts: 0,
            inactive_accounts: 0,
            disabled_regions: 0,
            scopes: 0,
            readable_scopes: 0,
            failures: Vec::new(),
            not_tried: sinks.map(|name| format!("sinks.{name}")).collect(),
            by_cause: BTreeMap::new(),
        }
    }

    pub(super) fn refused_by_credentials(&mut self, tried: Operation, error: &AwsError) {
        let remedy = Remedy {
            advice: error.to_string(),
            additions: Vec::new(),
        };
        self.failed(tried, error, remedy, Where::Own);
    }

    /// Notes a failure beside those with the same cause.
    pub(super) fn failed(&mut self, tried: Operation, error: &AwsError, remedy: Remedy, at: Where) {
        let action = error.operation().unwrap_or(tried).to_string();
        let next = self.failures.len();
        let cause = (action.clone(), remedy.advice.clone());
        let place = *self.by_cause.entry(cause).or_insert(next);
        if place == next {
            let additions = remedy.additions.into_iter();
            self.failures.push(Failure {
                action,
                outcome: error.label(),
                advice: remedy.advice,
                example: error.to_string(),
                accounts: Vec::new(),
                scopes: Vec::new(),
                add: additions
                    .map(|addition| Add {
                        to: addition.to,
                        statement: addition.statement,
                    })
                    .collect(),
            });
        }
        if let Some(failure) = self.failures.get_mut(place) {
            match at {
                Where::Own => {}
                Where::Account(account) => failure.accounts.push(account),
                Where::Scope(scope) => failure.scopes.push(scope),
            }
        }
    }

    /// Notes an account x Region that the administrator does not see, beside the others of its kind.
    pub(super) fn unseen(&mut self, scope: Scope, state: CoverageState, why: &str) {
        self.scopes += 1;
        let action = Operation::ListMembers.to_string();
        let next = self.failures.len();
        let cause = (action.clone(), why.to_owned());
        let place = *self.by_cause.entry(cause).or_insert(next);
        if place == next {
            self.failures.push(Failure {
                action,
                outcome: state.as_str(),
                advice: why.to_owned(),
                example: why.to_owned(),
                accounts: Vec::new(),
                scopes: Vec::new(),
                add: Vec::new(),
            });
        }
        if let Some(failure) = self.failures.get_mut(place) {
            failure.scopes.push(scope);
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match (self.readable_scopes, self.failures.len()) {
            (0, _) => Exit::Failure,
            (_, 0) => Exit::Success,
            (_, _) => Exit::Incomplete,
        }
    }

    pub(super) fn print(&mut self, format: Format) -> anyhow::Result<()> {
        for failure in &mut self.failures {
            // Answers came in no order.
            failure.accounts.sort_unstable();
            failure.scopes.sort_unstable();
        }
        match format {
            Format::Json => output::json(self),
            Format::Table => self.print_for_people(),
        }
    }

    fn print_for_people(&self) -> anyhow::Result<()> {
        if !self.failures.is_empty() {
            output::print(Output::Table, &self.failures)?;
            self.print_additions()?;
        }
        output::line(self.summary())?;
        if !self.not_tried.is_empty() {
            output::line(format_args!(
                "not tried: {}; this check does not ask sinks yet",
                self.not_tried.join(", ")
            ))?;
        }
        Ok(())
    }

    /// Each statement once, whatever failed for want of it.
    fn print_additions(&self) -> anyhow::Result<()> {
        let mut seen: Vec<&Add> = Vec::new();
        for add in self.failures.iter().flat_map(|failure| &failure.add) {
            if !seen.contains(&add) {
                seen.push(add);
                let statement = serde_json::to_string_pretty(&add.statement)?;
                output::line(format_args!("\nto add to {}:\n{statement}", add.to))?;
            }
        }
        if !seen.is_empty() {
            output::line("\nall policies are in docs/permissions.md\n")?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        format!(
            "{} accounts, {} of them suspended or closed; {} of {} accounts x Regions can be read, \
             {} more are off; {}",
            self.accounts,
            self.inactive_accounts,
            self.readable_scopes,
            self.scopes,
            self.disabled_regions,
            match self.failures.len() {
                0 => "no problems".to_owned(),
                1 => "1 problem".to_owned(),
                n => format!("{n} problems"),
            }
        )
    }
}

impl Failure {
    fn place(&self) -> String {
        let accounts = named(&self.accounts, "accounts");
        let scopes = named(&self.scopes, "accounts x Regions");
        match (accounts, scopes) {
            (None, None) => "hubwatch's own identity".to_owned(),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(accounts), Some(scopes)) => format!("{accounts}; {scopes}"),
        }
    }
}

/// `2 accounts: a, b`
fn named(all: &[impl std::fmt::Display], what: &str) -> Option<String> {
    let examples: Vec<_> = all.iter().take(EXAMPLES).map(ToString::to_string).collect();
    let more = if all.len() > EXAMPLES { ", …" } else { "" };
    match all {
        [] => None,
        [one] => Some(one.to_string()),
        _ => Some(format!(
            "{} {what}: {}{more}",
            all.len(),
            examples.join(", ")
        )),
    }
}

impl Row for Failure {
    const HEADINGS: &'static [&'static str] = &["Refused", "Where", "Why, and what to do"];

    fn cells(&self) -> Vec<String> {
        vec![self.action.clone(), self.place(), self.advice.clone()]
    }
}
