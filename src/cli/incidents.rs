//! `hubwatch incidents`: what people were told, and of what.

mod ack;
mod show;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    domain::{Acknowledgement, IncidentState, Severity},
    store::{IncidentFilter, StoredDelivery, StoredIncident},
};

use super::{
    Exit,
    findings::severity,
    output::{self, Output, Row},
    stored::StoreArgs,
};

#[derive(Debug, Args)]
pub(super) struct IncidentsArgs {
    #[command(subcommand)]
    command: IncidentsCommand,
}

#[derive(Debug, Subcommand)]
enum IncidentsCommand {
    /// Lists incidents: open ones first, worst first, newest first among equals.
    #[command(
        after_help = "Examples:\n  hubwatch incidents list --config hubwatch.toml\n  \
                            hubwatch incidents list --config hubwatch.toml --state open --severity CRITICAL --output ndjson"
    )]
    List(ListArgs),
    /// Shows one incident: its problems, its life so far, and who was told.
    #[command(after_help = show::EXAMPLES)]
    Show(show::ShowArgs),
    /// Takes an incident on, so that others see that somebody has it; or lets go of it.
    #[command(after_help = ack::EXAMPLES)]
    Ack(ack::AckArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Only this state: open, acknowledged, suppressed or resolved; may be repeated.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<IncidentState>,
    /// Only this account; may be repeated.
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// This severity or worse.
    #[arg(long, value_name = "LABEL", value_parser = severity)]
    severity: Option<Severity>,
    /// No more than this many; 0 for all.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

fn state(word: &str) -> Result<IncidentState, String> {
    IncidentState::from_word(word)
        .ok_or_else(|| "expected open, acknowledged, suppressed or resolved".to_owned())
}

pub(super) async fn run(args: &IncidentsArgs) -> anyhow::Result<Exit> {
    match &args.command {
        IncidentsCommand::List(args) => list(args).await,
        IncidentsCommand::Show(args) => show::run(args).await,
        IncidentsCommand::Ack(args) => ack::run(args).await,
    }
}

async fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let filter = IncidentFilter {
        states: args.state.clone(),
        accounts: args.account.clone(),
        at_least: args.severity,
        limit: (args.limit > 0).then_some(args.limit),
        ..IncidentFilter::default()
    };
    let incidents = args.store.open()?.incidents(filter).await?;
    let rows: Vec<IncidentRow> = incidents.into_iter().map(IncidentRow::from).collect();
    output::print(args.output, &rows)?;
    if usize::try_from(args.limit).is_ok_and(|limit| limit == rows.len()) {
        output::note(format_args!("there may be more; --limit 0 lists all"));
    }
    Ok(Exit::Success)
}

#[derive(Debug, Serialize)]
pub(super) struct IncidentRow {
    pub(super) incident_id: Option<i64>,
    pub(super) state: IncidentState,
    pub(super) severity: Severity,
    pub(super) score: u8,
    pub(super) title: String,
    pub(super) route: String,
    pub(super) account_id: String,
    pub(super) region: Option<String>,
    pub(super) resource_type: String,
    pub(super) resource: String,
    pub(super) open_issues: u32,
    pub(super) opened_at: String,
    pub(super) changed_at: String,
    pub(super) over_since: Option<String>,
    pub(super) acknowledged: Option<Acknowledgement>,
    pub(super) history: bool,
    /// Until when a mute time of its route keeps it from being told.
    pub(super) muted_until: Option<String>,
    pub(super) deliveries: Vec<StoredDelivery>,
}

impl From<StoredIncident> for IncidentRow {
    fn from(stored: StoredIncident) -> Self {
        let incident = stored.incident;
        Self {
            incident_id: incident.id.map(|id| id.0),
            state: incident.state,
            severity: incident.severity,
            score: incident.score,
            title: incident.title,
            route: incident.route,
            account_id: incident.account.to_string(),
            region: incident.region.map(|region| region.to_string()),
            resource_type: incident.resource_kind,
            resource: incident.resource,
            open_issues: incident.open_issues,
            opened_at: incident.opened_at.to_string(),
            changed_at: incident.changed_at.to_string(),
            over_since: incident.over_since.map(|since| since.to_string()),
            acknowledged: incident.acknowledged,
            history: incident.history,
            muted_until: incident.muted_until.map(|until| until.to_string()),
            deliveries: stored.deliveries,
        }
    }
}

impl Row for IncidentRow {
    const HEADINGS: &'static [&'static str] = &[
        "Id",
        "State",
        "Severity",
        "Score",
        "Title",
        "Account",
        "Region",
        "Resource",
        "Open issues",
        "Told",
    ];

    fn cells(&self) -> Vec<String> {
        let told: Vec<String> = self
            .deliveries
            .iter()
            .map(|d| {
                format!(
                    "{} {}",
                    d.sink,
                    d.reference.as_deref().unwrap_or(d.state.as_str())
                )
            })
            .collect();
        vec![
            self.incident_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            self.state.as_str().to_owned(),
            self.severity.to_string(),
            self.score.to_string(),
            self.title.clone(),
            self.account_id.clone(),
            self.region.clone().unwrap_or_else(|| "global".to_owned()),
            self.resource.clone(),
            self.open_issues.to_string(),
            match &self.muted_until {
                _ if !told.is_empty() => told.join(", "),
                Some(until) => format!("muted until {until}"),
                None => "nobody".to_owned(),
            },
        ]
    }
}
