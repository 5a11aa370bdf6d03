//! `hubwatch incidents show`: one incident as a person wants to read it.

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use crate::{
    domain::{IncidentId, IncidentTurn, IssueStatus, Severity, score::Reason},
    store::{IncidentBrief, IncidentFilter, IncidentIssue, StoredIncident},
};

use super::{
    super::{
        Exit,
        output::{self, Format, say},
        stored::StoreArgs,
    },
    IncidentRow,
};

/// How many problems are spelled out; the rest are counted.
const MAX_PROBLEMS: u32 = 50;

pub(super) const EXAMPLES: &str = "Examples:\n  hubwatch incidents show 12 --config hubwatch.toml\n  \
     hubwatch incidents show 12 --config hubwatch.toml --output json";

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The incident's number, as `hubwatch incidents list` shows it.
    id: i64,
    #[command(flatten)]
    store: StoreArgs,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// Everything that is shown.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    incident: IncidentRow,
    account_name: String,
    /// Whose it is, by the tags of its resource and account.
    owner: Option<String>,
    issues: Vec<Problem>,
    more_issues: u32,
    /// What happened since it was opened.
    changes: Vec<IncidentTurn>,
}

#[derive(Debug, Serialize)]
struct Problem {
    status: IssueStatus,
    severity: Severity,
    score: u8,
    /// What makes it worse than its findings say.
    reasons: Vec<Reason>,
    title: String,
    problem: String,
    resource: String,
    since: String,
    findings: u32,
}

impl From<IncidentIssue> for Problem {
    fn from(issue: IncidentIssue) -> Self {
        Self {
            status: issue.status,
            severity: issue.severity,
            score: issue.score.value(),
            reasons: issue.score.reasons,
            title: issue.title,
            problem: issue.identity.problem,
            resource: issue.identity.resource,
            since: issue.since.to_string(),
            findings: issue.findings,
        }
    }
}

pub(super) async fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let store = args.store.open()?;
    let id = IncidentId(args.id);
    let filter = IncidentFilter {
        id: Some(id),
        ..IncidentFilter::default()
    };
    let stored: Option<StoredIncident> = store.incidents(filter).await?.into_iter().next();
    let brief = store.brief(id, MAX_PROBLEMS).await?;
    let (Some(stored), Some(brief)) = (stored, brief) else {
        bail!("there is no incident {id}; `hubwatch incidents list` shows those there are");
    };
    let IncidentBrief {
        account_name,
        resource_tags,
        account_tags,
        issues,
        more_issues,
        ..
    } = brief;
    let owner = args.store.load()?.and_then(|config| {
        let owner = config.owner.owner(&resource_tags, &account_tags);
        owner.map(str::to_owned)
    });
    let shown = Shown {
        incident: stored.into(),
        account_name,
        owner,
        issues: issues.into_iter().map(Problem::from).collect(),
        more_issues,
        changes: store.turns(id).await?,
    };
    match args.output {
        Format::Json => output::json(&shown)?,
        Format::Table => shown.print()?,
    }
    Ok(Exit::Success)
}

impl Shown {
    fn print(&self) -> anyhow::Result<()> {
        let incident = &self.incident;
        say(format_args!(
            "Incident {}: {}",
            incident.incident_id.unwrap_or_default(),
            incident.title
        ))?;
        let pairs = [
            (
                "Severity",
                format!("{}, score {}", incident.severity, incident.score),
            ),
            ("State", self.state()),
            (
                "Account",
                format!("{} {}", incident.account_id, self.account_name),
            ),
            (
                "Region",
                incident
                    .region
                    .clone()
                    .unwrap_or_else(|| "global".to_owned()),
            ),
            (
                "Resource",
                format!("{} {}", incident.resource_type, incident.resource),
            ),
            ("Route", incident.route.clone()),
            ("Opened", incident.opened_at.clone()),
        ];
        let owner = self.owner.iter().map(|owner| ("Owner", owner.clone()));
        for (name, value) in pairs.into_iter().chain(owner) {
            say(format_args!("  {name:<9} {value}"))?;
        }
        say("")?;
        say("Problems")?;
        for problem in &self.issues {
            say(format_args!(
                "  {:<10} {:<13} {}  ({}, {}, since {})",
                problem.status.as_str(),
                problem.severity.to_string(),
                problem.title,
                problem.problem,
                output::counted(u64::from(problem.findings), "finding"),
                problem.since,
            ))?;
            for reason in &problem.reasons {
                say(format_args!("  {:<10} + {reason}", ""))?;
            }
        }
        if self.more_issues > 0 {
            say(format_args!("  and {} more", self.more_issues))?;
        }
        self.print_life()?;
        self.print_told()
    }

    fn state(&self) -> String {
        let state = self.incident.state.as_str();
        if let Some(taken) = &self.incident.acknowledged
            && self.incident.state.is_active()
        {
            return format!("{state} by {} at {}", taken.by, taken.at);
        }
        match &self.incident.over_since {
            Some(since) => format!("{state} since {since}"),
            None => state.to_owned(),
        }
    }

    fn print_life(&self) -> anyhow::Result<()> {
        if self.changes.is_empty() {
            return Ok(());
        }
        say("")?;
        say("Since it was opened")?;
        for change in &self.changes {
            let mut words = format!(
                "  {}  {} ({})",
                change.at,
                change.turn.as_str(),
                change.severity
            );
            if let Some(by) = &change.by {
                words.push_str(&format!(" by {by}"));
            }
            if let Some(note) = &change.note {
                words.push_str(&format!(": {note}"));
            }
            say(words)?;
        }
        Ok(())
    }

    fn print_told(&self) -> anyhow::Result<()> {
        say("")?;
        if self.incident.deliveries.is_empty() {
            let why = match &self.incident.muted_until {
                Some(until) => &*format!("its route is muted until {until}"),
                None if self.incident.history => "it was there before hubwatch came",
                None => "nothing is owed yet",
            };
            return say(format_args!("Nobody was told: {why}"));
        }
        say("Told")?;
        for told in &self.incident.deliveries {
            say(format_args!(
                "  {:<12} {:<10} {:<10} {}",
                told.sink,
                told.occasion.as_str(),
                told.state.as_str(),
                told.reference.as_deref().unwrap_or_default(),
            ))?;
        }
        Ok(())
    }
}
