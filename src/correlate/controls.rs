//! Which security control a finding is about, by whichever name it goes.

mod config_rules;
mod prowler;
mod standards;
#[cfg(test)]
mod tests;

use crate::domain::{Finding, OpenPort, Topic};

/// What precedes the rules of any version of the CIS AWS Foundations Benchmark in our names for them.
const CIS: &str = "cis-aws-foundations-benchmark/v/";

/// What AWS puts between a rule's name and random letters when a conformance pack sets it up.
const CONFORMANCE_PACK: &str = "-conformance-pack-";

/// Controls of the account as a whole that every Region answers alike: blocking public access to
/// S3, and whether one trail of all Regions exists or logs objects.
const ACCOUNT_WIDE: [&str; 4] = ["CloudTrail.1", "S3.1", "S3.22", "S3.23"];

/// A control about identities that every Region answers for itself: each has analyzers of its own.
const REGIONAL_IAM: &str = "IAM.28";

/// The control that a finding is about: the one that it names, or the one that its Config rule, its
/// open port or its partner's check amounts to.
pub(super) fn of(finding: &Finding) -> Option<&str> {
    if let Some(named) = &finding.control {
        return Some(canonical(named));
    }
    match &finding.topic {
        Some(Topic::ConfigRule(name)) => of_config_rule(name),
        Some(Topic::OpenPort(open)) => of_open_port(open),
        Some(_) => None,
        None => of_partner(&finding.key.product_arn, &finding.generator_id),
    }
}

/// The control that a finding's own name for it stands for. A name that is not in the tables stands
/// for itself: two names for one control are told as two problems, which is noise; one name for two
/// controls would hide a problem.
pub(super) fn canonical(named: &str) -> &str {
    let rule_of_cis = named
        .strip_prefix(CIS)
        .and_then(|rest| rest.split_once('/'));
    let (table, name) = match rule_of_cis {
        Some(("1.2.0", rule)) => (standards::CIS_1_2_0, rule),
        Some(("1.4.0", rule)) => (standards::CIS_1_4_0, rule),
        Some(("3.0.0", rule)) => (standards::CIS_3_0_0, rule),
        Some(("5.0.0", rule)) => (standards::CIS_5_0_0, rule),
        Some(_) => return named,
        None => (standards::NAMED, named),
    };
    find(table, name).unwrap_or(named)
}

/// The control that runs the same rule, where it is one that AWS manages and that kept its name.
fn of_config_rule(name: &str) -> Option<&'static str> {
    let name = name
        .split_once(CONFORMANCE_PACK)
        .map_or(name, |(name, _)| name);
    find(config_rules::RULES, name)
}

/// The control that asks the same as a partner's check.
fn of_partner(product_arn: &str, generator_id: &str) -> Option<&'static str> {
    let check = generator_id.strip_prefix(prowler::GENERATOR)?;
    let is_prowlers = product_arn.ends_with(prowler::PRODUCT);
    find(prowler::CHECKS, check).filter(|_| is_prowlers)
}

/// A group that lets the Internet in to SSH or to remote desktops, whoever found out.
fn of_open_port(open: &OpenPort) -> Option<&'static str> {
    if open.group.is_none() || open.inside || open.protocol != "tcp" {
        return None;
    }
    match (open.first, open.last) {
        (22, 22) => Some("EC2.13"),
        (3389, 3389) => Some("EC2.14"),
        _ => None,
    }
}

fn find(table: &'static [(&str, &str)], name: &str) -> Option<&'static str> {
    let at = table.binary_search_by(|(known, _)| (*known).cmp(name));
    let (_, control) = table.get(at.ok()?)?;
    Some(control)
}

/// Whether a control is about identities or the account itself. Those are the same in every Region,
/// and Security Hub reports them once per Region. Chapter 1 of every CIS benchmark is about
/// identities.
pub(super) fn is_global(control: &str) -> bool {
    let cis = control
        .strip_prefix(CIS)
        .and_then(|rest| rest.split_once('/'));
    let is_cis_identity = cis.is_some_and(|(_, rule)| rule.starts_with("1."));
    let is_identity = control.starts_with("IAM.") && control != REGIONAL_IAM;
    is_cis_identity
        || is_identity
        || control.starts_with("Account.")
        || ACCOUNT_WIDE.contains(&control)
}
