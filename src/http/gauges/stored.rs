//! What is stored, and how much room it takes.

use prometheus::{GaugeVec, IntGauge, IntGaugeVec};

use crate::{domain::delivery::DeliveryState, observe::Meter, store::Tallies};

use super::{seconds, whole};

/// The account and Region of what is summed because there would be too many series.
const OTHER: &str = "other";

#[derive(Debug)]
pub(super) struct StoredGauges {
    findings: IntGaugeVec,
    rejected: IntGaugeVec,
    issues: IntGaugeVec,
    incidents: IntGaugeVec,
    deliveries: IntGaugeVec,
    oldest_pending: GaugeVec,
    touched: IntGauge,
    bytes: IntGauge,
    free_bytes: IntGauge,
    wal_bytes: IntGauge,
    rows: IntGaugeVec,
}

impl StoredGauges {
    pub(super) fn new(meter: Meter<'_>) -> prometheus::Result<Self> {
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
            free_bytes: meter.gauge(
                "hubwatch_store_free_bytes",
                "Room in the database that holds nothing, and is used again or given back.",
            )?,
            wal_bytes: meter.gauge(
                "hubwatch_store_wal_bytes",
                "Size of the log of what was written last, beside the database.",
            )?,
            rows: meter.gauges(
                "hubwatch_store_rows",
                "Rows in the database, by table; of issues the decided ones.",
                &["table"],
            )?,
        })
    }

    pub(super) fn set(&self, tallies: &Tallies) {
        self.set_findings(tallies);
        self.set_incidents(tallies);
        self.set_deliveries(tallies);
        self.rejected.reset();
        for (reason, count) in &tallies.rejected {
            let gauge = self.rejected.with_label_values(&[reason]);
            gauge.set(whole(*count));
        }
        self.issues.reset();
        for (status, count) in &tallies.issues {
            let gauge = self.issues.with_label_values(&[status.as_str()]);
            gauge.set(whole(*count));
        }
        self.touched.set(whole(tallies.touched));
        self.bytes.set(whole(tallies.size.bytes));
        self.free_bytes.set(whole(tallies.size.free_bytes));
        self.wal_bytes.set(whole(tallies.size.wal_bytes));
        for (table, count) in &tallies.size.rows {
            self.rows.with_label_values(&[*table]).set(whole(*count));
        }
    }

    fn set_findings(&self, tallies: &Tallies) {
        self.findings.reset();
        for tally in &tallies.findings {
            let labels = [
                tally.scope.account.as_str(),
                tally.scope.region.as_str(),
                tally.severity.as_str(),
                tally.standing.as_str(),
            ];
            let gauge = self.findings.with_label_values(&labels);
            gauge.set(whole(tally.count));
        }
        for ((severity, standing), count) in &tallies.other_findings.sums {
            let labels = [OTHER, OTHER, severity.as_str(), standing.as_str()];
            self.findings.with_label_values(&labels).set(whole(*count));
        }
    }

    fn set_incidents(&self, tallies: &Tallies) {
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
            let gauge = self.incidents.with_label_values(&labels);
            gauge.add(whole(tally.count));
        }
        for ((severity, state), count) in &tallies.other_incidents.sums {
            let labels = [OTHER, OTHER, severity.as_str(), state.as_str()];
            self.incidents.with_label_values(&labels).set(whole(*count));
        }
    }

    fn set_deliveries(&self, tallies: &Tallies) {
        self.deliveries.reset();
        self.oldest_pending.reset();
        for tally in &tallies.deliveries {
            let labels = [tally.sink.as_str(), tally.state.as_str()];
            let gauge = self.deliveries.with_label_values(&labels);
            gauge.set(whole(tally.count));
            if let Some(oldest) = tally
                .oldest
                .filter(|_| tally.state == DeliveryState::Pending)
            {
                let gauge = self.oldest_pending.with_label_values(&[&tally.sink]);
                gauge.set(seconds(oldest));
            }
        }
    }
}
