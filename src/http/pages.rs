//! Pages for people: rendered here, no script, nothing from outside.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tracing::warn;

use crate::{
    domain::{IncidentId, IncidentState, IssueStatus, Region, Severity, delivery::DeliveryState},
    store::{Detail, IncidentBrief, IncidentFilter, Measures, StoreError, StoredIncident},
};

use super::Http;

/// How many rows a table of the status page has at most.
const ROWS: usize = 50;
/// What the status page asks for beside counts.
const DETAIL: Detail = Detail {
    kinds: 0,
    scopes: ROWS,
};
/// How many issues an incident's page shows.
const ISSUES: u32 = 200;
/// Styles stand in the page; nothing else is loaded or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = include_str!("style.css");

/// What is true now, on one page.
pub(super) async fn status(State(http): State<Arc<Http>>) -> Response {
    match Status::look(&http).await {
        Ok(status) => page("hubwatch: status", &status.markup()),
        Err(error) => unreadable(&error),
    }
}

/// What the status page shows.
struct Status {
    now: String,
    measures: Measures,
    incidents: Vec<StoredIncident>,
}

impl Status {
    async fn look(http: &Http) -> Result<Self, StoreError> {
        let filter = IncidentFilter {
            states: IncidentState::ACTIVE.to_vec(),
            limit: u32::try_from(ROWS).ok(),
            ..IncidentFilter::default()
        };
        Ok(Self {
            now: http
                .clock
                .now()
                .strftime("%Y-%m-%d %H:%M:%S UTC")
                .to_string(),
            measures: http.store.measure(DETAIL).await?,
            incidents: http.store.incidents(filter).await?,
        })
    }

    fn markup(&self) -> Markup {
        html! {
            h1 { "hubwatch" }
            p { "As of " (self.now) "." }
            (self.counts())
            h2 { "Open incidents" }
            (self.incidents())
            h2 { "Coverage" }
            (self.coverage())
            p {
                a href="/metrics" { "Metrics" } ", "
                a href="/livez" { "liveness" } ", "
                a href="/readyz" { "readiness" }
            }
        }
    }

    fn counts(&self) -> Markup {
        let tallies = &self.measures.tallies;
        let findings = tallies.all_findings();
        let open = tallies
            .issues
            .iter()
            .filter(|(status, _)| *status == IssueStatus::Open);
        let open_issues: u64 = open.map(|(_, count)| count).sum();
        let pending = tallies
            .deliveries
            .iter()
            .filter(|t| t.state == DeliveryState::Pending);
        let owed: u64 = pending.map(|t| t.count).sum();
        let rejected: u64 = tallies.rejected.iter().map(|(_, count)| count).sum();
        html! {
            ul .counts {
                li { b { (findings) } " findings" }
                li { b { (open_issues) } " open issues" }
                li { b { (self.open_incidents()) } " open incidents" }
                li { b { (owed) } " notices owed" }
                li { b { (rejected) } " findings rejected" }
            }
        }
    }

    fn open_incidents(&self) -> u64 {
        let tallies = &self.measures.tallies;
        tallies.incidents_in(&IncidentState::ACTIVE)
    }

    fn incidents(&self) -> Markup {
        if self.incidents.is_empty() {
            return html! { p { "None." } };
        }
        html! {
            p { "The " (self.incidents.len()) " worst of " (self.open_incidents()) "." }
            (table(&["Severity", "What", "Where", "Open issues", "Told"], html! {
                @for stored in &self.incidents {
                    tr {
                        td { (severity(stored.incident.severity)) }
                        td { (incident_link(stored)) }
                        td {
                            (stored.incident.account) " "
                            (stored.incident.region.as_ref().map_or("", Region::as_str))
                            br;
                            (stored.incident.resource)
                        }
                        td { (stored.incident.open_issues) }
                        td { (told(stored)) }
                    }
                }
            }))
        }
    }

    fn coverage(&self) -> Markup {
        let coverage = &self.measures.coverage;
        let troubled: Vec<_> = coverage
            .scopes
            .iter()
            .filter(|c| !c.state.is_readable())
            .collect();
        let unreadable = coverage.count(|state| !state.is_readable());
        let shown = u64::try_from(troubled.len()).unwrap_or(u64::MAX);
        let more = unreadable.saturating_sub(shown);
        html! {
            (table(&["State", "Accounts × Regions"], html! {
                @for (state, count) in &coverage.by_state {
                    tr { td { (state.as_str()) } td { (count) } }
                }
            }))
            @if !troubled.is_empty() {
                h2 { "Cannot be read" }
                (table(&["Account", "Region", "State", "Why, and what to do"], html! {
                    @for scope in &troubled {
                        tr {
                            td { (scope.scope.account) " " (scope.account_name) }
                            td { (scope.scope.region) }
                            td { (scope.state.as_str()) }
                            td { (scope.error().unwrap_or_default()) }
                        }
                    }
                }))
            }
            @if more > 0 {
                p { "And " (more) " more: " code { "hubwatch coverage" } " lists all." }
            }
        }
    }
}

fn incident_link(stored: &StoredIncident) -> Markup {
    let title = &stored.incident.title;
    match stored.incident.id {
        Some(id) => html! { a href=(format!("/incidents/{id}")) { (title) } },
        None => html! { (title) },
    }
}

fn told(stored: &StoredIncident) -> String {
    let each = stored.deliveries.iter().map(|(sink, _, state, reference)| {
        format!("{sink}: {}", reference.as_deref().unwrap_or(state.as_str()))
    });
    each.collect::<Vec<_>>().join(", ")
}

/// One incident with its issues.
pub(super) async fn incident(State(http): State<Arc<Http>>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else { return missing() };
    match http.store.brief(IncidentId(id), ISSUES).await {
        Ok(Some(brief)) => page(
            &format!("hubwatch: incident {id}"),
            &incident_markup(&brief),
        ),
        Ok(None) => missing(),
        Err(error) => unreadable(&error),
    }
}

fn incident_markup(brief: &IncidentBrief) -> Markup {
    let incident = &brief.incident;
    html! {
        p { a href="/" { "hubwatch" } }
        h1 { (severity(incident.severity)) " " (incident.title) }
        p {
            (incident.state.as_str()) ", opened " (incident.opened_at)
            " by route " (incident.route) "."
        }
        p {
            "Account " (incident.account) " " (brief.account_name) ", "
            (incident.region.as_ref().map_or("global", Region::as_str)) ", "
            (incident.resource_kind) " " (incident.resource) "."
        }
        h2 { "Issues" }
        (table(&["Severity", "State", "What", "Since", "Findings"], html! {
            @for issue in &brief.issues {
                tr {
                    td { (severity(issue.severity)) }
                    td { (issue.status.as_str()) }
                    td { (issue.title) br; code { (issue.identity.problem) } }
                    td { (issue.since) }
                    td { (issue.findings) }
                }
            }
        }))
        @if brief.more_issues > 0 { p { "And " (brief.more_issues) " more." } }
    }
}

fn severity(severity: Severity) -> Markup {
    html! { span class=(severity.as_str()) { (severity.as_str()) } }
}

fn table(headings: &[&str], rows: Markup) -> Markup {
    html! {
        div .scroll {
            table {
                thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                tbody { (rows) }
            }
        }
    }
}

fn page(title: &str, main: &Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (main) } }
        }
    };
    (headers, markup.into_string()).into_response()
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
