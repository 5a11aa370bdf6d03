//! Which resources a finding puts beside the one that its issue is about, and which relations lead on.

use crate::domain::{AccountId, Finding, IssueIdentity, RelatedResource, Tags};

use super::resource::{Arn, Canonical, canonical, named};

/// How many relations one finding can state. A Config rule's finding may list hundreds of resources
/// that have nothing to do with each other but the rule.
const RELATIONS_MAX: usize = 32;

/// EC2's resource types in ARNs, and theirs in ASFF.
const EC2_KINDS: [(&str, &str); 12] = [
    ("image", "Other"),
    ("instance", "AwsEc2Instance"),
    ("internet-gateway", "Other"),
    ("launch-template", "AwsEc2LaunchTemplate"),
    ("network-acl", "AwsEc2NetworkAcl"),
    ("network-interface", "AwsEc2NetworkInterface"),
    ("route-table", "AwsEc2RouteTable"),
    ("security-group", "AwsEc2SecurityGroup"),
    ("snapshot", "Other"),
    ("subnet", "AwsEc2Subnet"),
    ("volume", "AwsEc2Volume"),
    ("vpc", "AwsEc2Vpc"),
];

/// The same for other services of which resources relate to each other. What is not named here (keys,
/// log groups, topics) is beside so much else that it says nothing.
const OTHER_KINDS: [(&str, &str, &str); 11] = [
    ("ecs", "cluster/", "AwsEcsCluster"),
    ("ecs", "service/", "AwsEcsService"),
    ("ecs", "task-definition/", "AwsEcsTaskDefinition"),
    ("eks", "cluster/", "AwsEksCluster"),
    ("iam", "instance-profile/", "Other"),
    ("iam", "policy/", "AwsIamPolicy"),
    ("iam", "role/", "AwsIamRole"),
    ("iam", "user/", "AwsIamUser"),
    ("lambda", "function:", "AwsLambdaFunction"),
    ("rds", "cluster:", "AwsRdsDbCluster"),
    ("rds", "db:", "AwsRdsDbInstance"),
];

/// The resources that a finding names beside the one that its issue is about: in `Resources`, in their
/// details, in the product's own fields, and on the way that the network takes. Each once, in order.
#[must_use]
pub fn relate(finding: &Finding, issue: &IssueIdentity) -> Vec<RelatedResource> {
    if finding.resources.len() < 2 && finding.related.is_empty() {
        return Vec::new();
    }
    let listed = finding
        .resources
        .iter()
        .filter(|resource| !resource.id.trim().is_empty())
        .map(|resource| canonical(resource, finding))
        // Those of one kind have in common that they fail the same check, and nothing else.
        .filter(|resource| resource.kind != issue.resource_kind);
    let names = finding.related.iter();
    let mut related: Vec<RelatedResource> = listed
        .chain(names.filter_map(|name| of_name(name, finding)))
        .filter(|resource| !resource.is_account() && resource.id != issue.resource)
        .map(|resource| placed(resource, issue))
        .collect();
    // One thing under two kinds stays under the first by name.
    related.sort_unstable_by(|a, b| (&a.id, &a.kind).cmp(&(&b.id, &b.kind)));
    related.dedup_by(|a, b| a.id == b.id);
    related.truncate(RELATIONS_MAX);
    related
}

/// The tags of the resource that a finding's issue is about; none where it says none.
#[must_use]
pub fn tags(finding: &Finding, issue: &IssueIdentity) -> Tags {
    let tagged = finding
        .resources
        .iter()
        .filter(|resource| !resource.tags.is_empty());
    let mut own = tagged.filter(|resource| canonical(resource, finding).id == issue.resource);
    let own = own.next().map(|resource| resource.tags.iter().cloned());
    own.into_iter().flatten().collect()
}

/// The account is the one in the ARN, where it has one: a role may be another account's.
fn placed(resource: Canonical, issue: &IssueIdentity) -> RelatedResource {
    let in_arn = Arn::read(&resource.id).map(|arn| AccountId::from(arn.account));
    let account = in_arn.filter(AccountId::is_well_formed);
    RelatedResource {
        account: account.unwrap_or_else(|| issue.account.clone()),
        region: resource.region,
        kind: resource.kind,
        id: resource.id,
    }
}

/// The resource of a bare id or an ARN, if it is of a kind that relates.
fn of_name(name: &str, finding: &Finding) -> Option<Canonical> {
    let mut resource = named("", name, finding);
    let arn = Arn::read(&resource.id)?;
    // AWS's own policies are attached everywhere.
    if arn.account == "aws" {
        return None;
    }
    kind_of(&arn)?.clone_into(&mut resource.kind);
    Some(resource)
}

fn kind_of(arn: &Arn<'_>) -> Option<&'static str> {
    match arn.service {
        "ec2" => {
            let (kind, _) = arn.rest.split_once('/')?;
            let known = EC2_KINDS.iter().find(|(known, _)| *known == kind)?;
            Some(known.1)
        }
        "s3" => (!arn.rest.contains('/')).then_some("AwsS3Bucket"),
        "elasticloadbalancing" => {
            let rest = arn.rest.strip_prefix("loadbalancer/")?;
            let is_newer = ["app/", "net/", "gwy/"]
                .iter()
                .any(|kind| rest.starts_with(kind));
            Some(if is_newer {
                "AwsElbv2LoadBalancer"
            } else {
                "AwsElbLoadBalancer"
            })
        }
        service => {
            let mut known = OTHER_KINDS.iter();
            let known =
                known.find(|(of, start, _)| *of == service && arn.rest.starts_with(start))?;
            Some(known.2)
        }
    }
}

/// What a resource is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// Where many stand that have nothing else in common: networks, images, gateways. Leads nowhere.
    Ground,
    /// A network interface: what guards it guards what it belongs to.
    Interface,
    /// What stands between the Internet and others: security groups, load balancers.
    Guard,
    /// What acts for others: roles, users, instance profiles.
    Identity,
    /// What an identity may do: policies.
    Policy,
    /// Everything else: instances, functions, databases, buckets.
    Thing,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ground,
        Self::Interface,
        Self::Guard,
        Self::Identity,
        Self::Policy,
        Self::Thing,
    ];

    /// The place of a resource, by its ASFF type and canonical id.
    #[must_use]
    pub fn of(kind: &str, id: &str) -> Self {
        match kind {
            "AwsEc2Vpc"
            | "AwsEc2Subnet"
            | "AwsEc2NetworkAcl"
            | "AwsEc2RouteTable"
            | "AwsEc2LaunchTemplate"
            | "AwsAccount"
            | "AwsEcsCluster" => Self::Ground,
            "AwsEc2NetworkInterface" => Self::Interface,
            "AwsEc2SecurityGroup" | "AwsElbLoadBalancer" | "AwsElbv2LoadBalancer" => Self::Guard,
            "AwsIamRole" | "AwsIamUser" => Self::Identity,
            "AwsIamPolicy" => Self::Policy,
            "Other" if id.contains(":instance-profile/") => Self::Identity,
            "Other" if Arn::read(id).is_some_and(|arn| arn.service == "ec2") => Self::Ground,
            _ => Self::Thing,
        }
    }

    /// A small number for a database column.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ground => 0,
            Self::Interface => 1,
            Self::Guard => 2,
            Self::Identity => 3,
            Self::Policy => 4,
            Self::Thing => 5,
        }
    }

    /// How far it is from things, by the ways that relations lead.
    #[must_use]
    pub fn distance(self) -> u8 {
        match self {
            Self::Ground | Self::Thing => 0,
            Self::Interface | Self::Identity => 1,
            Self::Guard | Self::Policy => 2,
        }
    }

    /// The reverse of [`Place::code`]; `None` for a number that it never gives.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.code() == code)
    }

    /// Where relations lead on to from here, when it is not where they are followed from: through an
    /// interface to its guards, through an identity to others and to what they may do. Never to another
    /// thing: two instances of one role have nothing to do with each other.
    #[must_use]
    pub fn leads_to(self) -> &'static [Self] {
        match self {
            Self::Interface => &[Self::Guard],
            Self::Identity => &[Self::Identity, Self::Policy],
            Self::Ground | Self::Guard | Self::Policy | Self::Thing => &[],
        }
    }

    /// The places that lead here. What happens here matters to what stands behind those.
    #[must_use]
    pub fn reached_through(self) -> &'static [Self] {
        match self {
            Self::Guard => &[Self::Interface],
            Self::Identity | Self::Policy => &[Self::Identity],
            Self::Ground | Self::Interface | Self::Thing => &[],
        }
    }
}

#[cfg(test)]
mod tests;
