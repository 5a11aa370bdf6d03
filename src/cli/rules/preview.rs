//! `hubwatch rules preview`: what a configuration would make of what is stored.

mod report;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
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
     hubwatch rules preview --config new.toml --store sqlite:///var/lib/hubwatch/hubwatch.db --output json\n\n\
     Reads the store beside a running daemon, sends nothing and writes nothing.\n\n\
     Open, over   incidents that are or would be: the last of each group. What is over counts by the severity\n               \
     that its findings have now, which is INFORMATIONAL once a check has passed.\n  \
     Told         those of which each sink of the route was told, or would have been, had this configuration\n               \
     been there from the start and no mute time in the way.\n  \
     Untold       the others: their issues were there before hubwatch came (first_sync = \"silent\"), or a\n               \
     silence is over those that are open.\n  \
     At once      what each sink would be told when `hubwatch run` is started with this configuration.\n  \
     Held         what a mute time that it is now would hold back until it ends.\n\n\
     Exit codes: 0 done; 1 the store cannot be read; 2 wrong command line or configuration.";

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The configuration in question.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The store to look at, such as sqlite:///var/lib/hubwatch/hubwatch.db, in place of the
    /// configuration's own.
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

pub(super) async fn run(args: &PreviewArgs) -> anyhow::Result<Exit> {
    let config = config::load(Some(&args.config), config::environment())?;
    let url = match args.store.as_deref().map(StoreUrl::parse) {
        None => config.store.url,
        Some(Ok(url)) => url,
        Some(Err(problem)) => bail!("--store: {}", problem.message),
    };
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
