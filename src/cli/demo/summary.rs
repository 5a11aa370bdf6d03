//! What came of the demo, side by side with what the simulator knows.

use std::collections::BTreeMap;

use crate::{
    pipeline::Daemon,
    simulator::{Reach, Running, ScopeTruth},
    store::{IncidentFilter, Tallies},
};

use super::super::output::line;

/// Counts of both sides.
pub(super) struct Summary {
    accounts: usize,
    regions: usize,
    unreadable: usize,
    /// Findings of readable accounts × Regions.
    findings: Side,
    /// Findings of the others, shown by an administrator account that could be read.
    from_elsewhere: u64,
    rejected: u64,
    /// Readable accounts × Regions where the two sides differ: account, Region, theirs, ours.
    differing: Vec<(String, String, u64, u64)>,
    issues: u64,
    selected: u64,
    open: u64,
    tickets: Side,
    mails: Side,
}

/// One count on both sides.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Side {
    /// At the far side: in Security Hub, in Jira, in the mail service.
    there: u64,
    /// In the store.
    here: u64,
}

impl Summary {
    /// Looks at both sides.
    pub(super) async fn look(daemon: &Daemon, running: &Running) -> anyhow::Result<Self> {
        let tallies = daemon.store.tallies().await?;
        let incidents = daemon.store.incidents(IncidentFilter::default()).await?;
        // The world is walked finding by finding, which would hold up everybody else.
        let world = running.world();
        let truth = tokio::task::spawn_blocking(move || world.truth()).await?;
        let rejected: u64 = tallies.rejected.iter().map(|(_, count)| count).sum();
        let readable: Vec<&ScopeTruth> = truth
            .scopes
            .iter()
            .filter(|scope| scope.reach == Reach::Ok)
            .collect();
        let here = findings_by_scope(&tallies);
        let findings = Side {
            there: whole(readable.iter().map(|scope| scope.findings).sum()),
            here: readable.iter().map(|scope| count_of(scope, &here)).sum(),
        };
        // Each was opened because the route selected it, and the demo's route tells of history too.
        let selected = whole(incidents.len());
        let booth = running.booth();
        Ok(Self {
            accounts: truth.accounts,
            regions: truth.regions,
            unreadable: truth.scopes.len() - readable.len(),
            findings,
            from_elsewhere: here.values().sum::<u64>().saturating_sub(findings.here),
            rejected,
            differing: differing(&readable, &here),
            issues: tallies.issues.iter().map(|(_, count)| count).sum(),
            selected,
            open: whole(
                incidents
                    .iter()
                    .filter(|i| i.incident.state.is_active())
                    .count(),
            ),
            tickets: Side {
                there: whole(booth.jira.ticket_count()),
                here: selected,
            },
            mails: Side {
                there: booth.mail.mails_accepted(),
                here: selected,
            },
        })
    }

    /// Whether both sides agree. What could not be read may be missing from the findings.
    pub(super) fn is_good(&self) -> bool {
        let agree = |side: Side| side.there == side.here;
        let missing = self.findings.there.saturating_sub(self.findings.here);
        let complete = agree(self.findings) && self.differing.is_empty();
        let excess = self.findings.here > self.findings.there;
        (complete || (!excess && self.rejected > 0 && missing <= self.rejected))
            && agree(self.tickets)
            && agree(self.mails)
    }

    /// Prints the counts.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        line(format_args!(
            "accounts {}, Regions {}, accounts x Regions that cannot be read {}",
            self.accounts, self.regions, self.unreadable
        ))?;
        line(format_args!(
            "findings: {} in Security Hub where it can be read, {} of them in the store, {} rejected",
            self.findings.there, self.findings.here, self.rejected
        ))?;
        if self.from_elsewhere > 0 {
            line(format_args!(
                "  and {} of accounts that cannot be read, shown by the administrator account",
                self.from_elsewhere
            ))?;
        }
        for (account, region, there, here) in &self.differing {
            line(format_args!(
                "  {account} {region}: {there} there, {here} in the store"
            ))?;
        }
        line(format_args!("issues: {}", self.issues))?;
        line(format_args!(
            "incidents: {}, {} of them open",
            self.selected, self.open
        ))?;
        line(format_args!(
            "tickets: {} in Jira, for {} incidents that the route selected",
            self.tickets.there, self.tickets.here
        ))?;
        line(format_args!(
            "mails: {} accepted by the mail service, for {} incidents",
            self.mails.there, self.mails.here
        ))?;
        line(if self.is_good() {
            "both sides agree"
        } else {
            "the two sides do not agree"
        })
    }
}

fn findings_by_scope(tallies: &Tallies) -> BTreeMap<(String, String), u64> {
    let mut here = BTreeMap::new();
    for tally in &tallies.findings {
        let scope = (
            tally.scope.account.to_string(),
            tally.scope.region.to_string(),
        );
        *here.entry(scope).or_default() += tally.count;
    }
    here
}

fn count_of(scope: &ScopeTruth, here: &BTreeMap<(String, String), u64>) -> u64 {
    let key = (scope.account_id.clone(), scope.region.clone());
    here.get(&key).copied().unwrap_or_default()
}

fn differing(
    readable: &[&ScopeTruth],
    here: &BTreeMap<(String, String), u64>,
) -> Vec<(String, String, u64, u64)> {
    let sides = readable.iter().map(|scope| {
        let (account, region) = (scope.account_id.clone(), scope.region.clone());
        (
            account,
            region,
            whole(scope.findings),
            count_of(scope, here),
        )
    });
    sides.filter(|(_, _, there, here)| there != here).collect()
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
