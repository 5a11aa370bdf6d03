//! `hubwatch explain`: what became of a finding, and if nobody heard of it, why.

mod verdict;

use clap::Args;
use serde::Serialize;

use crate::{
    asff,
    config::Config,
    correlate,
    domain::{Clock, IssueStatus, Severity, Standing, score::Reason, severity::SeveritySource},
    store::{Explained, ExplainedIssue, Store},
};

use super::{
    Exit,
    incidents::IncidentRow,
    output::{self, Format, say},
    stored::StoreArgs,
};

pub(super) const EXAMPLES: &str = "Examples:\n  hubwatch explain arn:aws:securityhub:eu-west-1:111122223333:security-control/EC2.19/finding/1f2e… \\\n    \
     --config hubwatch.toml\n  hubwatch explain FINDING-ID --config hubwatch.toml --output json\n\n\
     With --store in place of --config it says all but what routes make of it.";

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The finding's id, as `hubwatch findings list` shows it.
    id: String,
    #[command(flatten)]
    store: StoreArgs,
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    output: Format,
}

/// One finding's way, as programs see it.
#[derive(Debug, Serialize)]
struct Way {
    finding: FindingStep,
    issue: IssueStep,
    incidents: Vec<IncidentRow>,
    /// What it comes to, in sentences: who was told, or what stood in the way.
    verdict: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FindingStep {
    id: String,
    account_id: String,
    region: String,
    product: String,
    status: Standing,
    gone: Option<String>,
    severity: Severity,
    severity_source: SeveritySource,
    /// What the provider says, where somebody has changed it.
    provider_severity: Option<Severity>,
    updated_at: String,
    first_recorded_at: String,
    /// Resources that it names beside the one of its issue.
    related_resources: Vec<Beside>,
}

/// A resource that a finding names beside the one of its issue.
#[derive(Debug, Serialize)]
struct Beside {
    resource_type: String,
    resource: String,
}

#[derive(Debug, Serialize)]
struct IssueStep {
    issue_id: i64,
    problem: String,
    account_id: String,
    region: Option<String>,
    resource_type: String,
    resource: String,
    status: Option<IssueStatus>,
    severity: Severity,
    score: u8,
    /// How bad its findings say it is.
    base_severity: Severity,
    /// What makes it worse.
    reasons: Vec<Reason>,
    /// Whose it is, by the tags of its resource and account.
    owner: Option<String>,
    title: String,
    since: String,
    findings: u32,
    history: bool,
    silenced_until: Option<String>,
    waits_to_be_decided: bool,
}

pub(super) async fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let store = args.store.open()?;
    let config = args.store.load()?;
    let mut ways = Vec::new();
    for explained in store.explain(&args.id).await? {
        let way = Way::of(explained, store.as_ref(), config.as_ref())?;
        // The store compares fingerprints.
        if way.finding.id == args.id {
            ways.push(way);
        }
    }
    if ways.is_empty() {
        output::note(
            "no finding has this id; `hubwatch findings list` shows those that are stored, and \
             `hubwatch findings list --rejected` those that could not be read",
        );
        return Ok(Exit::Failure);
    }
    match args.output {
        Format::Json => output::json(&ways)?,
        Format::Table => {
            for way in &ways {
                way.print()?;
            }
        }
    }
    Ok(Exit::Success)
}

impl Way {
    fn of(
        explained: Explained,
        store: &dyn Store,
        config: Option<&Config>,
    ) -> anyhow::Result<Self> {
        let routes = config.map(|config| config.routes.as_slice());
        let owner = config.and_then(|config| {
            let about = &explained.issue.about;
            let owner = config
                .owner
                .owner(&about.resource_tags, &about.account.tags);
            owner.map(str::to_owned)
        });
        let verdict = verdict::verdict(&explained, routes, Clock::system().now());
        let Explained {
            finding,
            issue,
            incidents,
        } = explained;
        let reading = asff::read(&finding.raw, &finding.scope, store.partition());
        let reading = reading.map_err(|rejection| {
            anyhow::anyhow!("a stored finding is rejected: {}", rejection.detail)
        })?;
        let read = reading.finding;
        let related = correlate::relate(&read, &issue.identity).into_iter();
        let related = related.map(|resource| Beside {
            resource_type: resource.kind,
            resource: resource.id,
        });
        Ok(Self {
            finding: FindingStep {
                id: read.key.id,
                account_id: finding.scope.account.to_string(),
                region: finding.scope.region.to_string(),
                product: read.product,
                status: finding.standing,
                gone: finding.gone,
                severity: read.severity,
                severity_source: read.severity_source,
                provider_severity: read.provider_severity,
                updated_at: read.updated_at.to_string(),
                first_recorded_at: finding.first_recorded_at.to_string(),
                related_resources: related.collect(),
            },
            issue: IssueStep {
                owner,
                ..IssueStep::from(issue)
            },
            incidents: incidents.into_iter().map(IncidentRow::from).collect(),
            verdict,
        })
    }

    fn print(&self) -> anyhow::Result<()> {
        let (finding, issue) = (&self.finding, &self.issue);
        say(format_args!("Finding {}", finding.id))?;
        say(format_args!(
            "  {} in {}, by {}",
            finding.account_id, finding.region, finding.product
        ))?;
        let provider = finding.provider_severity;
        let provider = provider.map(|severity| format!(" (its provider says {severity})"));
        say(format_args!(
            "  {}, {} by its {}{}; updated {}, recorded {}",
            finding.status.as_str(),
            finding.severity,
            finding.severity_source.as_str(),
            provider.unwrap_or_default(),
            finding.updated_at,
            finding.first_recorded_at
        ))?;
        for beside in &finding.related_resources {
            say(format_args!(
                "  beside {} {}",
                beside.resource_type, beside.resource
            ))?;
        }
        say(format_args!(
            "Issue {}: {} on {}",
            issue.issue_id, issue.problem, issue.resource
        ))?;
        let status = issue.status.map_or("not decided yet", IssueStatus::as_str);
        say(format_args!(
            "  {status}, {}, since {}, reported by {}",
            issue.severity,
            issue.since,
            output::counted(u64::from(issue.findings), "finding")
        ))?;
        let (base, least) = (issue.base_severity, issue.base_severity.least_score());
        say(format_args!("  score {}: {base} {least}", issue.score))?;
        for reason in &issue.reasons {
            say(format_args!("    + {reason}"))?;
        }
        if let Some(owner) = &issue.owner {
            say(format_args!("  owner {owner}"))?;
        }
        for incident in &self.incidents {
            incident.print_step()?;
        }
        for sentence in &self.verdict {
            say(format_args!("=> {sentence}"))?;
        }
        Ok(())
    }
}

impl IncidentRow {
    fn print_step(&self) -> anyhow::Result<()> {
        say(format_args!(
            "Incident {} of route {}: {}",
            self.incident_id.unwrap_or_default(),
            self.route,
            self.title
        ))?;
        say(format_args!(
            "  {}, {}, opened {}",
            self.state.as_str(),
            self.severity,
            self.opened_at
        ))?;
        for told in &self.deliveries {
            say(format_args!(
                "  {} {}: {} {}",
                told.sink,
                told.occasion.as_str(),
                told.state.as_str(),
                told.reference.as_deref().unwrap_or_default()
            ))?;
        }
        Ok(())
    }
}

impl From<ExplainedIssue> for IssueStep {
    fn from(issue: ExplainedIssue) -> Self {
        let identity = issue.identity;
        Self {
            issue_id: issue.id,
            problem: identity.problem,
            account_id: identity.account.to_string(),
            region: identity.region.map(|region| region.to_string()),
            resource_type: identity.resource_kind,
            resource: identity.resource,
            status: issue.status,
            severity: issue.severity,
            score: issue.score.value(),
            base_severity: issue.score.base,
            reasons: issue.score.reasons,
            owner: None,
            title: issue.title,
            since: issue.since.to_string(),
            findings: issue.findings,
            history: issue.history,
            silenced_until: issue.silenced_until.map(|until| until.to_string()),
            waits_to_be_decided: issue.waits,
        }
    }
}
