//! Which findings are one issue.

use std::collections::BTreeSet;

use crate::domain::{Digest, Finding, IssueIdentity};

use super::{controls, resource};

/// How long a list of vulnerabilities may become before a digest stands for it, in bytes.
const NAMES_MAX: usize = 120;

/// Names the issue that a finding reports: which problem, on which resource, of which account, in
/// which Region.
///
/// The problem is the first that applies: the security control, `control:EC2.19`; the CVEs,
/// `cve:CVE-2021-44228`; other vulnerabilities, `vulnerability:GHSA-…`; what the product's detector
/// is called, `product:aws/guardduty/…`. Only canonical fields are read, never prose, so the issue
/// stays the same when a standard, a provider's wording or a finding's id changes. The order of
/// lists decides nothing.
#[must_use]
pub fn identify(finding: &Finding) -> IssueIdentity {
    let control = finding.control.as_deref().map(controls::canonical);
    let resource = resource::primary(finding, control);
    let is_global = resource.is_account() && control.is_some_and(controls::is_global);
    IssueIdentity {
        account: finding.key.account.clone(),
        region: resource.region.filter(|_| !is_global),
        resource_kind: resource.kind,
        resource: resource.id,
        problem: problem(finding, control),
    }
}

fn problem(finding: &Finding, control: Option<&str>) -> String {
    if let Some(control) = control {
        return format!("control:{control}");
    }
    let names: BTreeSet<String> = finding
        .vulnerabilities
        .iter()
        .map(|name| name.trim().to_ascii_uppercase())
        .collect();
    let (cves, others): (BTreeSet<_>, BTreeSet<_>) =
        names.into_iter().partition(|name| name.starts_with("CVE-"));
    // Products add their own names for the same vulnerability; the CVE is the one they share.
    if !cves.is_empty() {
        return format!("cve:{}", joined(cves));
    }
    if !others.is_empty() {
        return format!("vulnerability:{}", joined(others));
    }
    let product = product(&finding.key.product_arn);
    format!("product:{product}/{}", finding.generator_id)
}

/// The names in order; a digest of them where that would be long.
fn joined(names: BTreeSet<String>) -> String {
    let names: Vec<String> = names.into_iter().collect();
    let all = names.join(",");
    match names.first() {
        Some(first) if all.len() > NAMES_MAX && names.len() > 1 => {
            format!("{first}+{}:{}", names.len() - 1, Digest::of(&[&all]))
        }
        _ => all,
    }
}

/// The product's path in its ARN, without the Region: `aws/guardduty`.
fn product(product_arn: &str) -> &str {
    product_arn
        .split_once(":product/")
        .map_or(product_arn, |(_, product)| product)
}

#[cfg(test)]
mod tests;
