//! Pages for people: rendered here, no script, nothing from outside.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use minijinja::{AutoEscape, Environment, context};
use tracing::{error, warn};

use crate::{
    domain::{CoverageState, IncidentId, IncidentState, IssueStatus, delivery::DeliveryState},
    store::{IncidentFilter, StoreError, StoredIncident},
};

use super::Http;

/// How many rows a table of the status page has at most.
const ROWS: usize = 50;
/// How many issues an incident's page shows.
const ISSUES: u32 = 200;
/// Styles stand in the page; nothing else is loaded or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

const TEMPLATES: [(&str, &str); 3] = [
    ("base.html", include_str!("templates/base.html")),
    ("status.html", include_str!("templates/status.html")),
    ("incident.html", include_str!("templates/incident.html")),
];

/// What is true now, on one page.
pub(super) async fn status(State(http): State<Arc<Http>>) -> Response {
    match status_page(&http).await {
        Ok(page) => page,
        Err(error) => unreadable(&error),
    }
}

async fn status_page(http: &Http) -> Result<Response, StoreError> {
    let tallies = http.store.tallies().await?;
    let coverage = http.store.coverage().await?;
    let filter = IncidentFilter {
        states: vec![IncidentState::Open],
        limit: u32::try_from(ROWS).ok(),
        ..IncidentFilter::default()
    };
    let incidents = http.store.incidents(filter).await?;
    let mut by_state: BTreeMap<CoverageState, usize> = BTreeMap::new();
    for scope in &coverage {
        *by_state.entry(scope.state).or_default() += 1;
    }
    let troubled: Vec<_> = coverage.iter().filter(|c| !c.state.is_readable()).collect();
    let open = tallies
        .incidents
        .iter()
        .filter(|t| t.state == IncidentState::Open);
    let pending = tallies
        .deliveries
        .iter()
        .filter(|t| t.state == DeliveryState::Pending);
    Ok(page(
        "status.html",
        context! {
            now => http.clock.now().to_string(),
            findings => tallies.findings.iter().map(|t| t.count).sum::<u64>(),
            open_issues => tallies.issues.iter()
                .filter(|(status, _)| *status == IssueStatus::Open).map(|(_, n)| n).sum::<u64>(),
            open_incidents => open.map(|t| t.count).sum::<u64>(),
            pending => pending.map(|t| t.count).sum::<u64>(),
            rejected => tallies.rejected.iter().map(|(_, n)| n).sum::<u64>(),
            incidents => incidents.iter().map(row).collect::<Vec<_>>(),
            coverage => by_state.iter()
                .map(|(state, count)| context! { state => state.as_str(), count => count })
                .collect::<Vec<_>>(),
            troubles => troubled.iter().take(ROWS).map(|c| context! {
                account => c.scope.account.as_str(),
                name => c.account_name,
                region => c.scope.region.as_str(),
                state => c.state.as_str(),
                why => c.error,
            }).collect::<Vec<_>>(),
            more_troubles => troubled.len().saturating_sub(ROWS),
        },
    ))
}

fn row(stored: &StoredIncident) -> minijinja::Value {
    let incident = &stored.incident;
    let told: Vec<String> = stored
        .deliveries
        .iter()
        .map(|(sink, _, state, reference)| match reference {
            Some(reference) => format!("{sink}: {reference}"),
            None => format!("{sink}: {}", state.as_str()),
        })
        .collect();
    context! {
        id => incident.id.map(|id| id.0),
        severity => incident.severity.as_str(),
        title => incident.title,
        account => incident.account.as_str(),
        region => incident.region.as_ref().map(|region| region.as_str()),
        resource => incident.resource,
        open_issues => incident.open_issues,
        told => told.join(", "),
    }
}

/// One incident with its issues.
pub(super) async fn incident(State(http): State<Arc<Http>>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return missing() };
    let brief = match http.store.brief(IncidentId(id), ISSUES).await {
        Ok(Some(brief)) => brief,
        Ok(None) => return missing(),
        Err(error) => return unreadable(&error),
    };
    let incident = &brief.incident;
    page(
        "incident.html",
        context! {
            id => id,
            severity => incident.severity.as_str(),
            title => incident.title,
            state => incident.state.as_str(),
            route => incident.route,
            opened_at => incident.opened_at.to_string(),
            account => incident.account.as_str(),
            account_name => brief.account_name,
            region => incident.region.as_ref().map(|region| region.as_str()),
            resource => incident.resource,
            resource_kind => incident.resource_kind,
            issues => brief.issues.iter().map(|issue| context! {
                severity => issue.severity.as_str(),
                status => issue.status.as_str(),
                title => issue.title,
                problem => issue.identity.problem,
                since => issue.since.to_string(),
                findings => issue.findings,
            }).collect::<Vec<_>>(),
            more_issues => brief.more_issues,
        },
    )
}

fn page(template: &str, values: minijinja::Value) -> Response {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let rendered = TEMPLATES
        .iter()
        .try_for_each(|(name, source)| environment.add_template(name, source))
        .and_then(|()| environment.get_template(template)?.render(values));
    match rendered {
        Ok(html) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, html).into_response()
        }
        Err(error) => {
            error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "there is no such incident\n").into_response()
}

fn unreadable(error: &StoreError) -> Response {
    warn!(%error, "cannot read the store for a page");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "the store cannot be read\n",
    )
        .into_response()
}
