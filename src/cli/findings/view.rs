//! A finding as it is shown.

use anyhow::anyhow;
use serde::Serialize;

use crate::{
    asff,
    domain::{Severity, Standing, finding::Compliance, severity::SeveritySource},
    store::{Store, StoredFinding},
};

use super::super::output::Row;

/// A finding as programs see it, and people in part.
#[derive(Debug, Serialize)]
pub(super) struct FindingView {
    pub(super) account_id: String,
    pub(super) account_name: Option<String>,
    pub(super) region: String,
    pub(super) product_arn: String,
    pub(super) id: String,
    pub(super) product: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) severity: Severity,
    pub(super) severity_source: SeveritySource,
    pub(super) status: Standing,
    pub(super) compliance: Option<String>,
    pub(super) workflow: String,
    pub(super) record_state: String,
    pub(super) generator_id: String,
    pub(super) control: Option<String>,
    pub(super) vulnerabilities: Vec<String>,
    pub(super) types: Vec<String>,
    pub(super) resources: Vec<ResourceView>,
    pub(super) remediation: Option<String>,
    pub(super) remediation_url: Option<String>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: String,
    pub(super) first_observed_at: Option<String>,
    pub(super) first_recorded_at: String,
    pub(super) sample: bool,
    pub(super) issue_id: i64,
    pub(super) problem: String,
    pub(super) resource: String,
    pub(super) notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ResourceView {
    pub(super) r#type: String,
    pub(super) id: String,
}

impl FindingView {
    pub(super) fn all(
        findings: Vec<StoredFinding>,
        store: &dyn Store,
    ) -> anyhow::Result<Vec<Self>> {
        findings
            .into_iter()
            .map(|finding| Self::of(finding, store))
            .collect()
    }

    fn of(stored: StoredFinding, store: &dyn Store) -> anyhow::Result<Self> {
        // It was read once before it was stored, so this fails only if the rules of reading changed.
        let reading = asff::read(&stored.raw, &stored.scope, store.partition())
            .map_err(|rejection| anyhow!("a stored finding is rejected: {}", rejection.detail))?;
        let finding = reading.finding;
        let resources = finding.resources.into_iter();
        Ok(Self {
            account_id: finding.key.account.to_string(),
            account_name: finding.account_name,
            region: finding.key.region.to_string(),
            product_arn: finding.key.product_arn,
            id: finding.key.id,
            product: finding.product,
            title: finding.title,
            description: finding.description,
            severity: finding.severity,
            severity_source: finding.severity_source,
            status: stored.standing,
            compliance: finding
                .compliance
                .as_ref()
                .map(|c| Compliance::as_str(c).to_owned()),
            workflow: finding.workflow.as_str().to_owned(),
            record_state: finding.record_state.as_str().to_owned(),
            generator_id: finding.generator_id,
            control: finding.control,
            vulnerabilities: finding.vulnerabilities,
            types: finding.types,
            resources: resources
                .map(|r| ResourceView {
                    r#type: r.kind,
                    id: r.id,
                })
                .collect(),
            remediation: finding.remediation.text,
            remediation_url: finding.remediation.url,
            created_at: finding.created_at.map(|at| at.to_string()),
            updated_at: finding.updated_at.to_string(),
            first_observed_at: finding.first_observed_at.map(|at| at.to_string()),
            first_recorded_at: stored.first_recorded_at.to_string(),
            sample: finding.sample,
            issue_id: stored.issue,
            problem: stored.problem,
            resource: stored.resource,
            notes: finding.notes,
        })
    }
}

impl Row for FindingView {
    const HEADINGS: &'static [&'static str] = &[
        "Severity", "Status", "Account", "Region", "Product", "Title", "Resource", "Updated", "Id",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.severity.to_string(),
            self.status.as_str().to_owned(),
            self.account_id.clone(),
            self.region.clone(),
            self.product.clone(),
            self.title.clone(),
            self.resource.clone(),
            self.updated_at.clone(),
            self.id.clone(),
        ]
    }
}
