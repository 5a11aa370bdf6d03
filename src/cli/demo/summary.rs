//! What came of the demo, side by side with what the simulator knows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::IncidentState,
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
    findings: Side,
    rejected: u64,
    /// Readable accounts × Regions where the two sides differ: account, Region, theirs, ours.
    differing: Vec<(String, String, u64, u64)>,
    issues: u64,
    incidents: u64,
    selected: u64,
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
        let readable: Vec<&ScopeTruth> =
            truth.scopes.iter().filter(|scope| scope.reach == Reach::Ok).collect();
        let here = findings_by_scope(&tallies);
        let told: BTreeSet<_> = incidents
            .iter()
            .filter(|incident| !incident.deliveries.is_empty())
            .map(|incident| incident.incident.id)
            .collect();
        let booth = running.booth();
        Ok(Self {
            accounts: truth.accounts,
            regions: truth.regions,
            unreadable: truth.scopes.len() - readable.len(),
            findings: Side {
                there: whole(readable.iter().map(|scope| scope.findings).sum()),
                here: here.values().sum::<u64>() + rejected,
            },
            rejected,
            differing: if rejected == 0 { differing(&readable, &here) } else { Vec::new() },
            issues: tallies.issues.iter().map(|(_, count)| count).sum(),
            incidents: whole(incidents.len()),
            selected: whole(
                incidents.iter().filter(|i| i.incident.state == IncidentState::Open).count(),
            ),
            tickets: Side { there: whole(booth.jira.ticket_count()), here: whole(told.len()) },
            mails: Side { there: booth.mail.mails_accepted(), here: whole(told.len()) },
        })
    }

    /// Whether both sides agree.
    pub(super) fn is_good(&self) -> bool {
        let agree = |side: Side| side.there == side.here;
        agree(self.findings)
            && agree(self.tickets)
            && agree(self.mails)
            && self.differing.is_empty()
    }

    /// Prints the counts.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        line(format_args!(
            "accounts {}, Regions {}, accounts x Regions that cannot be read {}",
            self.accounts, self.regions, self.unreadable
        ))?;
        line(format_args!(
            "findings: {} in Security Hub where it can be read, {} in the store ({} of them rejected)",
            self.findings.there, self.findings.here, self.rejected
        ))?;
        for (account, region, there, here) in &self.differing {
            line(format_args!("  {account} {region}: {there} there, {here} in the store"))?;
        }
        line(format_args!("issues: {}", self.issues))?;
        line(format_args!("incidents: {}, {} of them open", self.incidents, self.selected))?;
        line(format_args!(
            "tickets: {} in Jira, for {} incidents that the route selected",
            self.tickets.there, self.tickets.here
        ))?;
        line(format_args!(
            "mails: {} accepted by the mail service, for {} incidents",
            self.mails.there, self.mails.here
        ))?;
        line(if self.is_good() { "both sides agree" } else { "the two sides do not agree" })
    }
}

fn findings_by_scope(tallies: &Tallies) -> BTreeMap<(String, String), u64> {
    let mut here = BTreeMap::new();
    for tally in &tallies.findings {
        let scope = (tally.scope.account.to_string(), tally.scope.region.to_string());
        *here.entry(scope).or_default() += tally.count;
    }
    here
}

fn differing(
    readable: &[&ScopeTruth],
    here: &BTreeMap<(String, String), u64>,
) -> Vec<(String, String, u64, u64)> {
    let mut differing = Vec::new();
    for scope in readable {
        let key = (scope.account_id.clone(), scope.region.clone());
        let (there, here) = (whole(scope.findings), here.get(&key).copied().unwrap_or_default());
        if there != here {
            differing.push((key.0, key.1, there, here));
        }
    }
    differing
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
