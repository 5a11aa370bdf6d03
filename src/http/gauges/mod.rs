//! Series that are read from the store, and from the loops, when they are asked for.

mod coverage;
mod loops;
mod stored;

use jiff::Timestamp;
use prometheus::{IntGaugeVec, Registry};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    domain::ClockKind,
    observe::{Health, Meter},
    store::{Detail, Store, StoreError},
};

use self::{coverage::CoverageGauges, loops::LoopGauges, stored::StoredGauges};

/// Gauges of what is true now.
#[derive(Debug)]
pub(super) struct Gauges {
    detail: Detail,
    stored: StoredGauges,
    coverage: CoverageGauges,
    loops: LoopGauges,
    left_out: IntGaugeVec,
    /// Series are set one by one, so a scrape has them for itself until it has gathered them.
    /// Otherwise it could see another's half: no data would read as no findings.
    turn: Mutex<()>,
}

impl Gauges {
    /// No metric has many more series than `max_series`, however large the store is.
    pub(super) fn new(registry: &Registry, max_series: usize) -> prometheus::Result<Self> {
        let meter = Meter::new(registry);
        Ok(Self {
            detail: Detail {
                kinds: max_series,
                // Each scope has a series for each clock.
                scopes: max_series / ClockKind::ALL.len(),
            },
            stored: StoredGauges::new(meter)?,
            coverage: CoverageGauges::new(meter)?,
            loops: LoopGauges::new(meter)?,
            left_out: meter.gauges(
                "hubwatch_series_left_out",
                "Series that this metric would have beyond http.max_series; sums still count them.",
                &["metric"],
            )?,
            turn: Mutex::new(()),
        })
    }

    /// Sets every series to what is true now. On an error they stay as they were. Nobody else sets
    /// them while the answer is held.
    pub(super) async fn refresh(
        &self,
        store: &dyn Store,
        health: &Health,
        now: Timestamp,
    ) -> Result<MutexGuard<'_, ()>, StoreError> {
        let turn = self.turn.lock().await;
        let measures = store.measure(self.detail).await?;
        self.stored.set(&measures.tallies);
        self.coverage.set(&measures.coverage, now);
        self.loops.set(&health.report(), now);
        let listed = u64::try_from(measures.coverage.scopes.len()).unwrap_or(u64::MAX);
        for (metric, left_out) in [
            ("hubwatch_findings", measures.tallies.other_findings.kinds),
            ("hubwatch_incidents", measures.tallies.other_incidents.kinds),
            ("hubwatch_scope_state", measures.coverage.all() - listed),
        ] {
            let gauge = self.left_out.with_label_values(&[metric]);
            gauge.set(whole(left_out));
        }
        Ok(turn)
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
