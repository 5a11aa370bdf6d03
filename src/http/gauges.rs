//! Series that are read from the store when they are asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prometheus::{GaugeVec, IntGauge, IntGaugeVec, Registry};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    domain::{Coverage, CoverageState, delivery::DeliveryState},
    observe::Meter,
    store::{Store, StoreError, Tallies},
};

/// Gauges of what is stored now.
#[derive(Debug)]
pub(super) struct Gauges {
    findings: IntGaugeVec,
    rejected: IntGaugeVec,
    issues: IntGaugeVec,
    incidents: IntGaugeVec,
    scopes: IntGaugeVec,
    scope_state: IntGaugeVec,
    last_complete: GaugeVec,
    accounts: IntGaugeVec,
    deliveries: IntGaugeVec,
    oldest_pending: GaugeVec,
    touched: IntGauge,
    bytes: IntGauge,
    /// Series are set one by one, so a scrape has them for itself until it has gathered them.
    /// Otherwise it could see another's half: no data would read as no findings.
    turn: Mutex<()>,
}

impl Gauges {
    pub(super) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let meter = Meter::new(registry);
        Ok(Self {
            findings: meter.gauges(
                "hubwatch_findings",
                "Findings stored, by account, Region, severity and whether the problem is there.",
                &["account", "region", "severity", "status"],
            )?,
            rejected: meter.gauges(
                "hubwatch_rejected_findings",
                "Raw findings stored that could not be read, by reason.",
                &["reason"],
            )?,
            issues: meter.gauges("hubwatch_issues", "Issues, by status.", &["status"])?,
            incidents: meter.gauges(
                "hubwatch_incidents",
                "Incidents, by account, Region, severity and state.",
                &["account", "region", "severity", "state"],
            )?,
            scopes: meter.gauges(
                "hubwatch_scopes",
                "Accounts x Regions, by coverage state.",
                &["state"],
            )?,
            scope_state: meter.gauges(
                "hubwatch_scope_state",
                "1 for the coverage state that an account and Region is in.",
                &["account", "region", "state"],
            )?,
            last_complete: meter.float_gauges(
                "hubwatch_scope_last_complete_timestamp_seconds",
                "When a window of an account and Region was last read to its end.",
                &["account", "region"],
            )?,
            accounts: meter.gauges(
                "hubwatch_account_info",
                "1 for each account, with its name.",
                &["account", "name"],
            )?,
            deliveries: meter.gauges(
                "hubwatch_deliveries",
                "Deliveries, by sink and state.",
                &["sink", "state"],
            )?,
            oldest_pending: meter.float_gauges(
                "hubwatch_delivery_oldest_pending_timestamp_seconds",
                "When the oldest delivery that is still owed became owed.",
                &["sink"],
            )?,
            touched: meter.gauge("hubwatch_issues_touched", "Issues waiting to be decided.")?,
            bytes: meter.gauge("hubwatch_store_bytes", "Size of the database.")?,
            turn: Mutex::new(()),
        })
    }

    /// Sets every series to what is stored now. On an error they stay as they were. Nobody else
    /// sets them while the answer is held.
    pub(super) async fn refresh(
        &self,
        store: &dyn Store,
    ) -> Result<MutexGuard<'_, ()>, StoreError> {
        let turn = self.turn.lock().await;
        let tallies = store.tallies().await?;
        let coverage = store.coverage().await?;
        self.set_coverage(&coverage);
        self.set_tallies(&tallies);
        Ok(turn)
    }

    fn set_coverage(&self, coverage: &[Coverage]) {
        self.scope_state.reset();
        self.last_complete.reset();
        self.accounts.reset();
        let mut by_state: BTreeMap<CoverageState, i64> = CoverageState::ALL
            .into_iter()
            .map(|state| (state, 0))
            .collect();
        for scope in coverage {
            *by_state.entry(scope.state).or_default() += 1;
            let labels = [scope.scope.account.as_str(), scope.scope.region.as_str()];
            let [account, region] = labels;
            self.scope_state
                .with_label_values(&[account, region, scope.state.as_str()])
                .set(1);
            if let Some(at) = scope.last_complete {
                self.last_complete
                    .with_label_values(&labels)
                    .set(seconds(at));
            }
            if scope.account_name.is_empty() {
                continue;
            }
            self.accounts
                .with_label_values(&[account, &scope.account_name])
                .set(1);
        }
        for (state, count) in by_state {
            self.scopes.with_label_values(&[state.as_str()]).set(count);
        }
    }

    fn set_tallies(&self, tallies: &Tallies) {
        self.findings.reset();
        for tally in &tallies.findings {
            let labels = [
                tally.scope.account.as_str(),
                tally.scope.region.as_str(),
                tally.severity.as_str(),
                tally.standing.as_str(),
            ];
            self.findings
                .with_label_values(&labels)
                .set(whole(tally.count));
        }
        self.rejected.reset();
        for (reason, count) in &tallies.rejected {
            self.rejected
                .with_label_values(&[reason])
                .set(whole(*count));
        }
        self.issues.reset();
        for (status, count) in &tallies.issues {
            self.issues
                .with_label_values(&[status.as_str()])
                .set(whole(*count));
        }
        self.incidents.reset();
        for tally in &tallies.incidents {
            let region = tally.region.as_ref().map_or("", |region| region.as_str());
            let labels = [
                tally.account.as_str(),
                region,
                tally.severity.as_str(),
                tally.state.as_str(),
            ];
            // Told and silent incidents are one series.
            self.incidents
                .with_label_values(&labels)
                .add(whole(tally.count));
        }
        self.deliveries.reset();
        self.oldest_pending.reset();
        for tally in &tallies.deliveries {
            self.deliveries
                .with_label_values(&[tally.sink.as_str(), tally.state.as_str()])
                .set(whole(tally.count));
            if tally.state == DeliveryState::Pending {
                self.oldest_pending
                    .with_label_values(&[tally.sink.as_str()])
                    .set(seconds(tally.oldest));
            }
        }
        self.touched.set(whole(tallies.touched));
        self.bytes.set(whole(tallies.bytes));
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
