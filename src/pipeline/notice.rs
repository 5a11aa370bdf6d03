//! From an incident to the notice that people read.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    asff,
    correlate::OwnerTags,
    domain::{Digest, Finding, IssueStatus, Partition, Region, Remediation, delivery::Delivery},
    notify::{Notice, NoticeProblem},
    store::{IncidentBrief, IncidentIssue},
};

/// How many problems a notice spells out; the rest are counted.
pub(super) const MAX_PROBLEMS: u32 = 20;

/// The notice that a delivery owes.
pub(super) fn notice(
    delivery: &Delivery,
    brief: IncidentBrief,
    partition: &Partition,
    owner: &OwnerTags,
    page_url: Option<&str>,
) -> Notice {
    let IncidentBrief {
        incident,
        account_name,
        resource_tags,
        account_tags,
        issues,
        more_issues,
    } = brief;
    // What was closed meanwhile is no problem, unless nothing else is left to tell of.
    let any_open = issues.iter().any(|issue| issue.status == IssueStatus::Open);
    let told = issues
        .into_iter()
        .filter(|i| !any_open || i.status == IssueStatus::Open);
    let told: Vec<(IncidentIssue, Option<Finding>)> = told
        .map(|issue| {
            let finding = asff::read(&issue.raw, &issue.scope, partition).ok();
            (issue, finding.map(|reading| reading.finding))
        })
        .collect();
    let shown = u32::try_from(told.len()).unwrap_or(u32::MAX);
    let more_problems = if any_open {
        incident.open_issues.saturating_sub(shown)
    } else {
        more_issues
    };
    let since = told
        .iter()
        .map(|(issue, _)| issue.since)
        .min()
        .unwrap_or(incident.opened_at);
    let console_url = told.first().and_then(|(issue, finding)| {
        console_url(partition, &issue.scope.region, &finding.as_ref()?.key.id)
    });
    Notice {
        mark: mark(delivery),
        occasion: delivery.occasion,
        incident: delivery.incident,
        title: incident.title,
        severity: incident.severity,
        account: incident.account,
        account_name,
        owner: owner
            .owner(&resource_tags, &account_tags)
            .map(str::to_owned),
        region: incident.region,
        resource: incident.resource,
        resource_kind: incident.resource_kind,
        since,
        problems: told
            .into_iter()
            .map(|(issue, finding)| problem(issue, finding))
            .collect(),
        more_problems,
        console_url,
        page_url: page_url.map(|base| format!("{}/incidents/{}", base, delivery.incident)),
    }
}

fn problem(issue: IncidentIssue, finding: Option<Finding>) -> NoticeProblem {
    let (description, remediation, finding_id) = match finding {
        Some(finding) => (finding.description, finding.remediation, finding.key.id),
        None => (String::new(), Remediation::default(), String::new()),
    };
    NoticeProblem {
        title: issue.title,
        problem: issue.identity.problem,
        severity: issue.severity,
        worse: (!issue.score.reasons.is_empty()).then(|| issue.score.to_string()),
        description,
        remediation,
        since: issue.since,
        findings: issue.findings,
        finding_id,
    }
}

/// The mark that a delivery leaves at the far side. A function of the sink and of the incident's group
/// and place in it, so that it is the same after a crash and, where a group had one incident, after
/// the store was lost.
fn mark(delivery: &Delivery) -> String {
    let digest = Digest::of(&[
        &delivery.group.to_string(),
        &delivery.earlier.to_string(),
        &delivery.sink,
        delivery.occasion.as_str(),
    ]);
    format!("hubwatch-{digest}")
}

/// Where the AWS console shows a finding. The search text is encoded twice: it is a parameter
/// within the page's own fragment.
fn console_url(partition: &Partition, region: &Region, id: &str) -> Option<String> {
    let domain = match partition.as_str() {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => return None,
    };
    if !region.is_well_formed() {
        return None;
    }
    let search = format!("\\operator\\:EQUALS\\:{id}");
    let once = utf8_percent_encode(&search, NON_ALPHANUMERIC).to_string();
    let twice = utf8_percent_encode(&once, NON_ALPHANUMERIC);
    Some(format!(
        "https://{region}.{domain}/securityhub/home?region={region}#/findings?search=Id%3D{twice}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{IncidentId, delivery::Occasion};

    fn delivery(sink: &str) -> Delivery {
        Delivery {
            id: 1,
            incident: IncidentId(7),
            group: Digest::of(&["route", "resource"]),
            earlier: 0,
            sink: sink.to_owned(),
            occasion: Occasion::Opened,
            attempts: 0,
            in_doubt_since: None,
        }
    }

    #[test]
    fn the_mark_outlives_the_store_and_differs_between_sinks() {
        let mut restored = delivery("jira");
        (restored.id, restored.incident) = (99, IncidentId(1));
        assert_eq!(mark(&delivery("jira")), mark(&restored));
        assert_ne!(mark(&delivery("jira")), mark(&delivery("mail")));
        restored.earlier = 1;
        assert_ne!(mark(&delivery("jira")), mark(&restored));
    }

    #[test]
    fn an_id_from_outside_cannot_leave_the_search_of_the_console_link() {
        let url = console_url(&"aws".into(), &"eu-west-1".into(), "x\"&region=evil#/y z").unwrap();
        let (_, search) = url.split_once("search=Id%3D").unwrap();
        assert!(
            search
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'%'),
            "{search}"
        );
        assert_eq!(
            console_url(&"aws".into(), &"evil.example/".into(), "x"),
            None
        );
    }
}
