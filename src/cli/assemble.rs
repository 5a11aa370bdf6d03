//! Putting the rooms together.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use prometheus::Registry;

use crate::{
    aws::Aws,
    config::Config,
    correlate::Rulebook,
    domain::Clock,
    http::Http,
    notify::{HttpClient, choose},
    observe::{Health, new_registry},
    pipeline::{Daemon, Pace, PipelineMetrics},
    store::{self, Access},
};

/// How long running work may take to finish when hubwatch is told to stop: longer than the longest
/// request to a sink, because a request that is cut off leaves it unclear whether people were told.
const DRAIN: Duration = Duration::from_secs(45);

/// A daemon, and what it serves.
pub(super) struct Assembled {
    pub(super) daemon: Daemon,
    pub(super) registry: Registry,
}

/// Builds everything that a configuration asks for. Opens the store; asks nobody anything.
pub(super) async fn assemble(config: &Config) -> anyhow::Result<Assembled> {
    let clock = Clock::system();
    let registry = new_registry().context("cannot make metrics")?;
    let aws_config = config.aws.clone().with_in_flight(config.sync.concurrency);
    let access = Access::Write(aws_config.partition().clone());
    let discover_interval = aws_config.refresh();
    let store = store::open(&config.store.url, &access)?;
    let aws = Aws::connect(aws_config, clock.clone(), &registry).await?;
    let http = HttpClient::new().context("cannot make an HTTP client")?;
    let sinks = config
        .sinks
        .iter()
        .map(|(name, sink)| Arc::from(choose(name, sink, &http)));
    let daemon = Daemon {
        aws: Arc::new(aws),
        store,
        outlook: config.sync.outlook.clone(),
        rulebook: Arc::new(Rulebook::new(config.routes.clone()).with_rules(config.rules.clone())),
        sinks: sinks.collect(),
        clock,
        pace: Pace {
            poll_interval: config.sync.poll_interval,
            poll_interval_max: config.sync.poll_interval_max,
            gaps_interval: config.sync.gaps_interval,
            discover_interval,
            rules: config.sync.rules,
            retention: config.retention,
            workers: config.sync.concurrency,
            drain: DRAIN,
        },
        health: Health::new(),
        metrics: PipelineMetrics::new(&registry).context("cannot make metrics")?,
        owner: config.owner.clone(),
        page_url: config.http.page_url.clone(),
    };
    Ok(Assembled { daemon, registry })
}

impl Assembled {
    /// What the daemon serves.
    pub(super) fn http(&self, config: &Config) -> anyhow::Result<Http> {
        Http::new(
            Arc::clone(&self.daemon.store),
            self.daemon.health.clone(),
            self.registry.clone(),
            self.daemon.clock.clone(),
            config.http.token.clone(),
            config.http.max_series,
        )
        .context("cannot make metrics")
    }
}
