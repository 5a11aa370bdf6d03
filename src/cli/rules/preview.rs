//! `hubwatch rules preview`: what a configuration would make of what is stored.

mod report;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::{
    config,
    correlate::{Outcome, Preview, Rulebook},
    domain::{Clock, Timestamp},
    store::{self, Access, Store, StoreUrl},
};

use super::super::{
    Exit,
    output::{self, Format},
    progress::Progress,
};
use report::Report;

/// How many issues, or incidents, are read at once.
const PER_STEP: u32 = 2000;

pub(super) const EXAMPLES: &str = "Examples:\n  hubwatch rules preview --config new.toml\n  \
     hubwatch rules preview --config new.toml --output json \\\n    \
     --store sqlite:///var/lib/hubwatch/hubwatch.db\n\n\
     Works beside a running daemon. The columns:\n  \
     Open     incidents that would not be over\n  \
     Over     incidents that would be, as far as the store still knows of them\n  \
     Told     those of both of which each sink would have been told\n  \
     Untold   the others: history that nobody is told of, or under a silence\n  \
     At once  those that each sink would be told at the next start of `hubwatch run`\n  \
     Held     those that wait for the end of a mute time\n\
     docs/incidents.md says more of what they rest on.\n\n\
     Exit codes: 0 done; 1 the store cannot be read; 2 wrong command line or configuration.";

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The configuration in question.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The store to look at, such as sqlite:///var/lib/hubwatch/hubwatch.db, in place of the
    /// configuration's own.
    #[arg(long, value_name = "URL", value_parser = store_url)]
    store: Option<StoreUrl>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

fn store_url(text: &str) -> Result<StoreUrl, String> {
    StoreUrl::parse(text).map_err(|problem| problem.message)
}

pub(super) async fn run(args: &PreviewArgs) -> anyhow::Result<Exit> {
    let config = config::load(Some(&args.config), config::environment())?;
    let url = args.store.clone().unwrap_or(config.store.url);
    let store = store::open(&url, &Access::Read).with_context(|| {
        format!("cannot read {url}; has `hubwatch run` or `hubwatch sync` been started yet?")
    })?;
    let rulebook = Rulebook::new(config.routes).with_rules(config.rules);
    let now = Clock::system().now();
    let outcome = look(&*store, &rulebook, now).await?;
    let report = Report::of(&outcome, &rulebook, &*store, now).await?;
    match args.output {
        Format::Json => output::json(&report)?,
        Format::Table => report.print()?,
    }
    Ok(Exit::Success)
}

/// Lets all incidents and issues go by.
async fn look(store: &dyn Store, rulebook: &Rulebook, now: Timestamp) -> anyhow::Result<Outcome> {
    let tallies = store.tallies().await?;
    let decided: u64 = tallies.issues.iter().map(|(_, count)| count).sum();
    let expected = usize::try_from(decided)?;
    let mut preview = Preview::new(rulebook, now);
    let mut last = 0;
    loop {
        let incidents = store.incidents_after(last, PER_STEP).await?;
        let Some(id) = incidents.last().and_then(|incident| incident.id) else {
            break;
        };
        last = id.0;
        incidents
            .iter()
            .for_each(|incident| preview.incident(incident));
    }
    let mut progress = Progress::new();
    let (mut last, mut done) = (0, 0);
    loop {
        let issues = store.assessed(rulebook, last, PER_STEP, now).await?;
        let Some(issue) = issues.last() else {
            break;
        };
        last = issue.id;
        done += issues.len();
        issues.iter().for_each(|issue| preview.issue(issue));
        progress.show(done, expected.max(done), "issues looked at");
    }
    progress.finish();
    Ok(preview.outcome())
}
