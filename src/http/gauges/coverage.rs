//! How well scopes are read: each of them, and over all of them.

use jiff::Timestamp;
use prometheus::{GaugeVec, IntGaugeVec};

use crate::{
    domain::{ClockKind, Coverage, CoverageState},
    observe::Meter,
    store::CoverageSummary,
};

use super::{seconds, whole};

#[derive(Debug)]
pub(super) struct CoverageGauges {
    scopes: IntGaugeVec,
    lag: GaugeVec,
    never: IntGaugeVec,
    scope_state: IntGaugeVec,
    scope_since: GaugeVec,
    last_complete: GaugeVec,
    accounts: IntGaugeVec,
}

impl CoverageGauges {
    pub(super) fn new(meter: Meter<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            scopes: meter.gauges(
                "hubwatch_scopes",
                "Accounts x Regions, by coverage state.",
                &["state"],
            )?,
            lag: meter.float_gauges(
                "hubwatch_clock_lag_seconds",
                "How long ago the last complete window ended: for this part of the accounts x Regions \
                 that can be read it is no longer ago. For history: how long ago it was recorded.",
                &["clock", "part"],
            )?,
            never: meter.gauges(
                "hubwatch_clock_scopes_never_complete",
                "Accounts x Regions that can be read, and of which this clock has read no window to \
                 its end yet.",
                &["clock"],
            )?,
            scope_state: meter.gauges(
                "hubwatch_scope_state",
                "1 for the coverage state that an account and Region is in.",
                &["account", "region", "state"],
            )?,
            scope_since: meter.float_gauges(
                "hubwatch_scope_state_since_timestamp_seconds",
                "Since when an account and Region is in its coverage state.",
                &["account", "region"],
            )?,
            last_complete: meter.float_gauges(
                "hubwatch_scope_last_complete_timestamp_seconds",
                "The end of the last window of an account and Region that was recorded whole, by the \
                 clock that asked. For history: when it was recorded.",
                &["account", "region", "clock"],
            )?,
            accounts: meter.gauges(
                "hubwatch_account_info",
                "1 for each account, with its name.",
                &["account", "name"],
            )?,
        })
    }

    pub(super) fn set(&self, coverage: &CoverageSummary, now: Timestamp) {
        for state in CoverageState::ALL {
            let count = coverage.by_state.get(&state).copied().unwrap_or_default();
            let gauge = self.scopes.with_label_values(&[state.as_str()]);
            gauge.set(whole(count));
        }
        self.lag.reset();
        for clock in ClockKind::ALL {
            let summary = coverage.clocks.get(&clock);
            let never = summary.map_or(0, |summary| summary.never);
            let gauge = self.never.with_label_values(&[clock.as_str()]);
            gauge.set(whole(never));
            for (part, at) in summary.into_iter().flat_map(|summary| &summary.complete) {
                let lag = now.duration_since(*at).as_secs_f64().max(0.0);
                let gauge = self.lag.with_label_values(&[clock.as_str(), part]);
                gauge.set(lag);
            }
        }
        self.scope_state.reset();
        self.scope_since.reset();
        self.last_complete.reset();
        self.accounts.reset();
        for scope in &coverage.scopes {
            self.set_scope(scope);
        }
    }

    fn set_scope(&self, coverage: &Coverage) {
        let (account, region) = (
            coverage.scope.account.as_str(),
            coverage.scope.region.as_str(),
        );
        let labels = [account, region, coverage.state.as_str()];
        self.scope_state.with_label_values(&labels).set(1);
        let gauge = self.scope_since.with_label_values(&[account, region]);
        gauge.set(seconds(coverage.since));
        for clock in ClockKind::ALL {
            if let Some(at) = coverage.complete.of(clock) {
                let labels = [account, region, clock.as_str()];
                let gauge = self.last_complete.with_label_values(&labels);
                gauge.set(seconds(at));
            }
        }
        if !coverage.account_name.is_empty() {
            let labels = [account, &coverage.account_name];
            self.accounts.with_label_values(&labels).set(1);
        }
    }
}
