//! Which findings are one issue.

use std::collections::BTreeSet;

use crate::domain::{Digest, Finding, IssueIdentity, OpenPort, Topic};

use super::{
    controls,
    resource::{self, Canonical},
};

/// How long a list of vulnerabilities may become before a digest stands for it, in bytes.
const NAMES_MAX: usize = 120;

/// Names the issue that a finding reports: which problem, on which resource, of which account, in
/// which Region.
///
/// The problem is the first that applies. `docs/issues.md` has an example of each:
///
/// - the security control, `control:EC2.19`, also where a Config rule or an open port amounts to one;
/// - the CVEs, `cve:CVE-2021-44228`, or else other vulnerabilities, `vulnerability:GHSA-…`. The package
///   and its fixed version do not belong to it;
/// - the open port, `port:tcp/443`, or `port:inside/tcp/443` where only a private network reaches it;
/// - the threat, `threat:Recon:EC2/Portscan`;
/// - the class of sensitive data, `sensitive-data:Financial`;
/// - the access, `access:external`;
/// - what the product's check or detector is called, `product:aws/health/AWS_RISK_…`.
///
/// Only canonical fields are read, never prose, so the issue stays the same when a standard, a
/// provider's wording or a finding's id changes. The order of lists decides nothing.
#[must_use]
pub fn identify(finding: &Finding) -> IssueIdentity {
    let control = controls::of(finding);
    let resource = resource(finding, control);
    let is_global = resource.is_account() && control.is_some_and(controls::is_global);
    let account = finding.owner.as_ref().unwrap_or(&finding.key.account);
    IssueIdentity {
        account: account.clone(),
        region: resource.region.filter(|_| !is_global),
        resource_kind: resource.kind,
        resource: resource.id,
        problem: problem(finding, control),
    }
}

/// The security group of an open port, where the finding names it, since that is what every other
/// product reports the port of, and where it is closed.
fn resource(finding: &Finding, control: Option<&str>) -> Canonical {
    match &finding.topic {
        Some(Topic::OpenPort(OpenPort {
            group: Some(group), ..
        })) => resource::named("AwsEc2SecurityGroup", group, finding),
        _ => resource::primary(finding, control),
    }
}

fn problem(finding: &Finding, control: Option<&str>) -> String {
    if let Some(control) = control {
        return ["control:", control].concat();
    }
    if let Some(vulnerabilities) = vulnerabilities(&finding.vulnerabilities) {
        return vulnerabilities;
    }
    let product = product(&finding.key.product_arn);
    match &finding.topic {
        Some(Topic::OpenPort(open)) => port(open),
        Some(Topic::Threat(family)) => ["threat:", family].concat(),
        Some(Topic::SensitiveData(class)) => ["sensitive-data:", class].concat(),
        Some(Topic::Access(access)) => ["access:", access].concat(),
        Some(Topic::ConfigRule(name) | Topic::Check(name)) => {
            ["product:", product, "/", name].concat()
        }
        None => ["product:", product, "/", &finding.generator_id].concat(),
    }
}

fn port(open: &OpenPort) -> String {
    let inside = if open.inside { "inside/" } else { "" };
    let OpenPort {
        protocol,
        first,
        last,
        ..
    } = open;
    if first == last {
        format!("port:{inside}{protocol}/{first}")
    } else {
        format!("port:{inside}{protocol}/{first}-{last}")
    }
}

/// The CVEs, or the other names where there are none.
fn vulnerabilities(named: &[String]) -> Option<String> {
    if named.is_empty() {
        return None;
    }
    let names: BTreeSet<String> = named
        .iter()
        .map(|name| name.trim().to_ascii_uppercase())
        .filter(|name| !name.is_empty())
        .collect();
    let (cves, others): (BTreeSet<_>, BTreeSet<_>) =
        names.into_iter().partition(|name| name.starts_with("CVE-"));
    // Products add their own names for the same vulnerability; the CVE is the one they share.
    if !cves.is_empty() {
        return Some(["cve:", &joined(cves)].concat());
    }
    (!others.is_empty()).then(|| ["vulnerability:", &joined(others)].concat())
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
