//! How the loops are.

use jiff::{SignedDuration, Timestamp};
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use crate::observe::{LoopReport, Meter};

use super::seconds;

#[derive(Debug)]
pub(super) struct LoopGauges {
    turning: IntGaugeVec,
    succeeding: IntGaugeVec,
    turns: IntCounterVec,
    last_success: GaugeVec,
    silence: GaugeVec,
}

impl LoopGauges {
    pub(super) fn new(meter: Meter<'_>) -> prometheus::Result<Self> {
        Ok(Self {
            turning: meter.gauges(
                "hubwatch_loop_turning",
                "1 while no task of the loop hangs; when 0, /livez fails.",
                &["loop"],
            )?,
            succeeding: meter.gauges(
                "hubwatch_loop_succeeding",
                "1 while the loop does what it is for; when 0, /readyz fails.",
                &["loop"],
            )?,
            turns: meter.counters(
                "hubwatch_loop_turns_total",
                "Turns of the loop, by outcome.",
                &["loop", "outcome"],
            )?,
            last_success: meter.float_gauges(
                "hubwatch_loop_last_success_timestamp_seconds",
                "When a turn of the loop last succeeded.",
                &["loop"],
            )?,
            silence: meter.float_gauges(
                "hubwatch_loop_silence_seconds",
                "How long a task of the loop has been at work without a sign of life, at most.",
                &["loop"],
            )?,
        })
    }

    pub(super) fn set(&self, loops: &[LoopReport], now: Timestamp) {
        // The loops count their turns themselves; here the counts are only shown.
        self.turns.reset();
        for report in loops {
            let name = &*report.name;
            let turning = self.turning.with_label_values(&[name]);
            turning.set(i64::from(report.turning));
            let succeeding = self.succeeding.with_label_values(&[name]);
            succeeding.set(i64::from(report.succeeding));
            for (outcome, count) in [("succeeded", report.succeeded), ("failed", report.failed)] {
                let turns = self.turns.with_label_values(&[name, outcome]);
                turns.inc_by(count);
            }
            if let Some(age) = report.success_age {
                let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
                let at = now.saturating_sub(age).unwrap_or(Timestamp::UNIX_EPOCH);
                self.last_success
                    .with_label_values(&[name])
                    .set(seconds(at));
            }
            let silence = self.silence.with_label_values(&[name]);
            silence.set(report.silence.as_secs_f64());
        }
    }
}
