//! What is counted about requests to AWS.

use std::time::Duration;

use prometheus::{Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

use super::{error::AwsError, operation::Operation};

/// Counters of this room.
#[derive(Debug, Clone)]
pub(super) struct Metrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    throttles: IntCounter,
    credentials: IntCounterVec,
    pub(super) clock_ahead: Gauge,
}

impl Metrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "hubwatch_aws_requests_total",
                "Requests to AWS by outcome; what the SDK repeats by itself counts once.",
            ),
            &["service", "operation", "outcome"],
        )?;
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "hubwatch_aws_request_duration_seconds",
                "Time from sending a request to AWS to having its whole answer.",
            )
            .buckets(vec![
                0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0,
            ]),
            &["service", "operation"],
        )?;
        let throttles = IntCounter::new(
            "hubwatch_aws_throttles_total",
            "GetFindings requests that AWS refused because of their rate.",
        )?;
        let credentials = IntCounterVec::new(
            Opts::new(
                "hubwatch_credentials_total",
                "Attempts to assume an account's role, by outcome.",
            ),
            &["outcome"],
        )?;
        let clock_ahead = Gauge::new(
            "hubwatch_aws_clock_skew_seconds",
            "How far this machine's clock is ahead of AWS's by its last answer, negative if behind.",
        )?;
        registry.register(Box::new(clock_ahead.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(throttles.clone()))?;
        registry.register(Box::new(credentials.clone()))?;
        // Rates need a zero to start from.
        for operation in Operation::ALL {
            requests.with_label_values(&[operation.service(), operation.name(), "ok"]);
        }
        credentials.with_label_values(&["ok"]);
        Ok(Self {
            requests,
            duration,
            throttles,
            credentials,
            clock_ahead,
        })
    }

    pub(super) fn asked<T>(
        &self,
        operation: Operation,
        took: Duration,
        outcome: &Result<T, AwsError>,
    ) {
        let outcome = outcome.as_ref().map_or_else(AwsError::label, |_| "ok");
        let (service, name) = (operation.service(), operation.name());
        self.requests
            .with_label_values(&[service, name, outcome])
            .inc();
        self.duration
            .with_label_values(&[service, name])
            .observe(took.as_secs_f64());
        match operation {
            Operation::GetFindings if outcome == "throttled" => self.throttles.inc(),
            Operation::AssumeRole => self.credentials.with_label_values(&[outcome]).inc(),
            Operation::GetFindings
            | Operation::CallerIdentity
            | Operation::ListAccounts
            | Operation::ListAccountsForParent
            | Operation::ListOrganizationalUnitsForParent
            | Operation::ListTagsForResource
            | Operation::ListMembers
            | Operation::ListFindingAggregators
            | Operation::GetFindingAggregator
            | Operation::DescribeRegions => {}
        }
    }
}
