//! `hubwatch silences`: what people do not want to hear of for a while.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;

use crate::{
    correlate::{Hush, MatchSettings, SeveritySettings},
    domain::{Clock, Silence, Timestamp},
    store::NewSilence,
};

use super::{
    Exit,
    output::{self, Output, Row},
    stored::StoreArgs,
    words,
};

/// The longest silence: one for ever is a route that should not match.
const LONGEST: Duration = Duration::from_hours(90 * 24);

#[derive(Debug, Args)]
pub(super) struct SilencesArgs {
    #[command(subcommand)]
    command: SilencesCommand,
}

#[derive(Debug, Subcommand)]
enum SilencesCommand {
    /// Tells nobody of some issues for a while. They are found, shown and counted as ever; what is
    /// still a problem in the end is told then.
    #[command(
        after_help = "Examples:\n  hubwatch silences add --problem control:EC2.19 --account 111122223333 --for 4h \\\n      \
                      --by jane --reason \"opened for the migration\" --config hubwatch.toml\n  \
                      hubwatch silences add --resource 'AwsEcr*' --for 30d --by joe \\\n      \
                      --reason \"images are rebuilt monthly\" --config hubwatch.toml\n\n\
                      An issue has to be allowed by every option that is given, as by a route's match."
    )]
    Add(Box<AddArgs>),
    /// Lists silences: those in force, and those that ended in the last 90 days.
    #[command(after_help = "Example:\n  hubwatch silences list --config hubwatch.toml")]
    List(ListArgs),
    /// Ends a silence now.
    #[command(after_help = "Example:\n  hubwatch silences expire 3 --config hubwatch.toml")]
    Expire(ExpireArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Only this account; may be repeated.
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only accounts below this organizational unit or root; may be repeated.
    #[arg(long, value_name = "ID")]
    ou: Vec<String>,
    /// Only what this product reports, in any case, or its beginning before a *; may be repeated.
    #[arg(long, value_name = "NAME")]
    product: Vec<String>,
    /// Only findings of this type, or its beginning before a *; may be repeated.
    #[arg(long, value_name = "TYPE")]
    r#type: Vec<String>,
    /// Only this Region, or its beginning before a *; `global` for resources in none; may be
    /// repeated.
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Only this ASFF resource type, or its beginning before a *; may be repeated.
    #[arg(long, value_name = "TYPE")]
    resource: Vec<String>,
    /// Only this problem, such as control:EC2.19, or its beginning before a *; may be repeated.
    #[arg(long, value_name = "PROBLEM")]
    problem: Vec<String>,
    /// Only these severities: >=LABEL or one label.
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<String>,
    /// For how long, such as 4h or 30d; at most 90 days.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    length: Duration,
    /// Who asks for it.
    #[arg(long, value_name = "NAME", value_parser = words::name)]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = words::note)]
    reason: String,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Args)]
struct ExpireArgs {
    /// The silence's number, as `hubwatch silences list` shows it.
    id: i64,
    #[command(flatten)]
    store: StoreArgs,
}

fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(length) if length.is_zero() || length > LONGEST => {
            Err("expected more than nothing and at most 90d".to_owned())
        }
        Ok(length) => Ok(length),
        Err(_) => Err("expected a duration such as 4h or 30d".to_owned()),
    }
}

pub(super) async fn run(args: &SilencesArgs) -> anyhow::Result<Exit> {
    let now = Clock::system().now();
    match &args.command {
        SilencesCommand::Add(args) => add(args, now).await,
        SilencesCommand::List(args) => list(args, now).await,
        SilencesCommand::Expire(args) => expire(args, now).await,
    }
}

async fn add(args: &AddArgs, now: Timestamp) -> anyhow::Result<Exit> {
    let ends_at = now.saturating_add(SignedDuration::try_from(args.length)?)?;
    let matching = MatchSettings {
        severity: args.severity.clone().map(SeveritySettings::One),
        accounts: args.account.clone(),
        ous: args.ou.clone(),
        regions: args.region.clone(),
        products: args.product.clone(),
        types: args.r#type.clone(),
        resources: args.resource.clone(),
        problems: args.problem.clone(),
        ..MatchSettings::default()
    };
    if let Err(problems) = Hush::new(matching.clone(), ends_at) {
        for problem in &problems {
            let option = option(&problem.key);
            output::note(format_args!("hubwatch: {option} {}", problem.message));
        }
        return Ok(Exit::Usage);
    }
    let new = NewSilence {
        matching,
        by: args.by.clone(),
        reason: args.reason.clone(),
        ends_at,
    };
    let id = args.store.amend()?.add_silence(new, now).await?;
    output::line(format_args!("silence {id} is in force until {ends_at}"))?;
    Ok(Exit::Success)
}

/// The option that a key of a route's match is given by.
fn option(key: &str) -> &'static str {
    match key {
        "match.accounts" => "--account",
        "match.ous" => "--ou",
        "match.products" => "--product",
        "match.types" => "--type",
        "match.regions" => "--region",
        "match.resources" => "--resource",
        "match.problems" => "--problem",
        "match.severity" => "--severity",
        _ => "a silence over everything would tell nobody of anything:",
    }
}

async fn list(args: &ListArgs, now: Timestamp) -> anyhow::Result<Exit> {
    let silences = args.store.open()?.silences().await?;
    let rows: Vec<SilenceRow> = silences
        .into_iter()
        .map(|silence| SilenceRow::of(silence, now))
        .collect();
    output::print(args.output, &rows)?;
    Ok(Exit::Success)
}

async fn expire(args: &ExpireArgs, now: Timestamp) -> anyhow::Result<Exit> {
    let id = args.id;
    if !args.store.amend()?.expire_silence(id, now).await? {
        bail!("no silence {id} is in force; `hubwatch silences list` shows those there are");
    }
    output::line(format_args!("silence {id} has ended"))?;
    Ok(Exit::Success)
}

#[derive(Debug, Serialize)]
struct SilenceRow {
    silence_id: i64,
    in_force: bool,
    starts_at: String,
    ends_at: String,
    by: String,
    reason: String,
    matching: Value,
}

impl SilenceRow {
    fn of(silence: Silence, now: Timestamp) -> Self {
        Self {
            silence_id: silence.id,
            in_force: silence.ends_at > now,
            starts_at: silence.starts_at.to_string(),
            ends_at: silence.ends_at.to_string(),
            by: silence.by,
            reason: silence.reason,
            matching: serde_json::from_str(&silence.matching).unwrap_or_default(),
        }
    }
}

impl Row for SilenceRow {
    const HEADINGS: &'static [&'static str] = &["Id", "State", "Until", "By", "Reason", "Matches"];

    fn cells(&self) -> Vec<String> {
        let state = if self.in_force { "in force" } else { "ended" };
        vec![
            self.silence_id.to_string(),
            state.to_owned(),
            self.ends_at.clone(),
            self.by.clone(),
            self.reason.clone(),
            matches(&self.matching),
        ]
    }
}

/// The keys that are given, each with what it allows.
fn matches(matching: &Value) -> String {
    let keys = matching.as_object().into_iter().flatten();
    let given = keys.filter_map(|(key, value)| match value {
        Value::String(word) => Some(format!("{key} {word}")),
        Value::Array(list) if !list.is_empty() => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            Some(format!("{key} {}", words.join(", ")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    });
    given.collect::<Vec<_>>().join("; ")
}
