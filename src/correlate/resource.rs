//! Canonical resources: one text for one thing, whichever way a product writes it.

use crate::domain::{Finding, Region, Resource, finding::Principal};

/// Services whose resources belong to no Region (service authorization reference: their ARNs leave
/// the Region empty). S3 is not among them: a bucket's ARN names no Region, but the bucket has one.
const GLOBAL_SERVICES: [&str; 11] = [
    "account",
    "budgets",
    "cloudfront",
    "globalaccelerator",
    "iam",
    "networkmanager",
    "organizations",
    "route53",
    "shield",
    "sts",
    "waf",
];

/// The beginnings of ASFF types of such resources, for ids that are no ARNs.
const GLOBAL_KINDS: [&str; 3] = ["AwsIam", "AwsCloudFront", "AwsRoute53HostedZone"];

/// EC2's bare ids and the resource types of their ARNs.
const EC2_IDS: [(&str, &str); 19] = [
    ("acl", "network-acl"),
    ("ami", "image"),
    ("cgw", "customer-gateway"),
    ("eipalloc", "elastic-ip"),
    ("eni", "network-interface"),
    ("fl", "vpc-flow-log"),
    ("i", "instance"),
    ("igw", "internet-gateway"),
    ("lt", "launch-template"),
    ("nat", "natgateway"),
    ("pl", "prefix-list"),
    ("rtb", "route-table"),
    ("sg", "security-group"),
    ("snap", "snapshot"),
    ("subnet", "subnet"),
    ("vgw", "vpn-gateway"),
    ("vol", "volume"),
    ("vpc", "vpc"),
    ("vpn", "vpn-connection"),
];

/// Resources that are only the surroundings of another one when a finding names both.
const SURROUNDINGS: [&str; 6] = [
    "AwsAccount",
    "AwsEc2NetworkInterface",
    "AwsEc2Subnet",
    "AwsEc2Vpc",
    "AwsIamAccessKey",
    "Other",
];

/// What precedes an account's id in the resource that stands for the whole account.
const ACCOUNT: &str = "AWS::::Account:";

/// A resource as issues know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Canonical {
    /// ASFF type.
    pub(super) kind: String,
    /// An ARN wherever one can be had, else the provider's id for it.
    pub(super) id: String,
    /// The Region it is in; `None` when it is global.
    pub(super) region: Option<Region>,
}

impl Canonical {
    /// The resource that stands for a whole account, in no Region.
    pub(super) fn account(id: &str) -> Self {
        Self {
            kind: "AwsAccount".to_owned(),
            id: format!("{ACCOUNT}{id}"),
            region: None,
        }
    }

    /// Whether it stands for a whole account.
    pub(super) fn is_account(&self) -> bool {
        self.id.starts_with(ACCOUNT)
    }
}

/// The resource that a finding is about: the account itself where it names none.
///
/// AWS promises no order, so the order of `Resources` decides nothing. Of several, first come those
/// of the service that the control is named after, then those that are not mere surroundings (the
/// VPC of a security group), then the first by canonical id.
pub(super) fn primary(finding: &Finding, control: Option<&str>) -> Canonical {
    let service = control.and_then(|control| control.split_once('.'));
    let service = service.map(|(service, _)| service);
    finding
        .resources
        .iter()
        .filter(|resource| !resource.id.trim().is_empty())
        .map(|resource| {
            let kind = resource.kind.as_str();
            let rank = (!is_of_service(kind, service), SURROUNDINGS.contains(&kind));
            (rank, canonical(resource, finding))
        })
        .min_by(|(a_rank, a), (b_rank, b)| {
            a_rank
                .cmp(b_rank)
                .then_with(|| a.id.cmp(&b.id))
                .then_with(|| a.kind.cmp(&b.kind))
        })
        .map_or_else(
            || of_account(finding.key.account.as_str(), finding),
            |(_, resource)| resource,
        )
}

/// The account, in the Region of a finding that is about it.
fn of_account(account: &str, finding: &Finding) -> Canonical {
    Canonical {
        region: Some(finding.key.region.clone()),
        ..Canonical::account(account)
    }
}

/// Whether a kind is one of a service's: `AwsEc2SecurityGroup` is of `EC2`.
fn is_of_service(kind: &str, service: Option<&str>) -> bool {
    let named = kind.strip_prefix("Aws").zip(service);
    named.is_some_and(|(kind, service)| {
        let start = kind.as_bytes().get(..service.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(service.as_bytes()))
    })
}

/// The resource of this kind that a field other than `Resources` names.
pub(super) fn named(kind: &str, id: &str, finding: &Finding) -> Canonical {
    let resource = Resource {
        kind: kind.to_owned(),
        id: id.to_owned(),
        ..Resource::default()
    };
    canonical(&resource, finding)
}

/// One text for one thing. An id that is not understood is kept as it is.
pub(super) fn canonical(resource: &Resource, finding: &Finding) -> Canonical {
    let id = resource.id.trim();
    if let Some(account) = account_in(id, &resource.kind) {
        return of_account(account, finding);
    }
    if let Some(principal) = &resource.principal {
        return identity(principal, finding);
    }
    let text = arn_of_bare(id, &resource.kind, finding);
    let text = text.as_deref().unwrap_or(id);
    let (id, region) = match Arn::read(text) {
        Some(arn) => arn.canonical(finding),
        None if GLOBAL_KINDS
            .iter()
            .any(|kind| resource.kind.starts_with(kind)) =>
        {
            (text.to_owned(), None)
        }
        None => (text.to_owned(), Some(finding.key.region.clone())),
    };
    Canonical {
        kind: resource.kind.clone(),
        id,
        region,
    }
}

/// The identity that an access key acts for. Keys come and go, temporary ones by the hour; who misuses
/// them, or whom they were stolen from, stays.
fn identity(principal: &Principal, finding: &Finding) -> Canonical {
    let key = &finding.key;
    let (kind, path, name) = match principal {
        Principal::Root => {
            return Canonical {
                region: None,
                ..of_account(key.account.as_str(), finding)
            };
        }
        Principal::User(name) => ("AwsIamUser", "user", name),
        Principal::Role(name) => ("AwsIamRole", "role", name),
    };
    Canonical {
        kind: kind.to_owned(),
        id: format!("arn:{}:iam::{}:{path}/{name}", key.partition, key.account),
        region: None,
    }
}

/// The account that an id stands for: `AWS::::Account:1…`, as Security Hub writes it; the root
/// user's or the organization's ARN, or bare digits, as others do for `AwsAccount`.
fn account_in<'a>(id: &'a str, kind: &str) -> Option<&'a str> {
    if let Some(account) = id.strip_prefix(ACCOUNT) {
        return Some(account);
    }
    if kind != "AwsAccount" {
        return None;
    }
    if is_account_id(id) {
        return Some(id);
    }
    let arn = Arn::read(id)?;
    match (arn.service, arn.rest) {
        ("iam", "root") => Some(arn.account),
        ("organizations", rest) if rest.starts_with("account/") => {
            rest.rsplit('/').next().filter(|id| is_account_id(id))
        }
        _ => None,
    }
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The ARN of a bare id, where its kind or its letters leave no doubt.
fn arn_of_bare(id: &str, kind: &str, finding: &Finding) -> Option<String> {
    let key = &finding.key;
    if id.contains(':') {
        return None;
    }
    if kind == "AwsS3Bucket" {
        return Some(format!("arn:{}:s3:::{id}", key.partition));
    }
    let ec2_kind = ec2_kind(id)?;
    Some(format!(
        "arn:{}:ec2:{}:{}:{ec2_kind}/{id}",
        key.partition, key.region, key.account
    ))
}

/// The ARN's resource type of a bare EC2 id: `sg-` and eight or seventeen hexadecimal digits.
fn ec2_kind(id: &str) -> Option<&'static str> {
    let (prefix, digits) = id.split_once('-')?;
    let is_id = matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let known = EC2_IDS.iter().find(|(known, _)| *known == prefix)?;
    is_id.then_some(known.1)
}

/// `arn:partition:service:region:account:rest`
pub(super) struct Arn<'a> {
    partition: &'a str,
    pub(super) service: &'a str,
    region: &'a str,
    pub(super) account: &'a str,
    pub(super) rest: &'a str,
}

impl<'a> Arn<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            rest: parts.next().filter(|rest| !rest.is_empty())?,
        })
    }

    /// Its canonical text, and the Region of what it names.
    fn canonical(&self, finding: &Finding) -> (String, Option<Region>) {
        let is_global = GLOBAL_SERVICES.contains(&self.service);
        // Some products write the Region they looked from into the ARN of a global resource.
        let region = if is_global { "" } else { self.region };
        let mut account = self.account;
        // Older products leave out the type: `arn:aws:ec2:eu-west-1:111122223333:i-0123…`.
        let mut kind = ["", ""];
        let mut rest = self.rest;
        if self.service == "ec2" {
            if let Some(missing) = ec2_kind(self.rest) {
                kind = [missing, "/"];
            }
            // AWS itself writes images and snapshots without their owner.
            if account.is_empty() {
                account = finding.key.account.as_str();
            }
        }
        if self.service == "lambda" {
            rest = without_qualifier(self.rest);
        }
        let own = &finding.key.region;
        let in_region = if is_global {
            None
        } else if region.is_empty() || region == own.as_str() {
            // Shared, not copied: nearly every resource is where its finding is.
            Some(own.clone())
        } else {
            Some(Region::new(region))
        };
        let [kind, slash] = kind;
        let text = [
            "arn:",
            self.partition,
            ":",
            self.service,
            ":",
            region,
            ":",
            account,
            ":",
            kind,
            slash,
            rest,
        ];
        (text.concat(), in_region)
    }
}

/// A function's version or alias is the function: `function:name:$LATEST`.
fn without_qualifier(rest: &str) -> &str {
    let mut colons = rest.match_indices(':').map(|(at, _)| at);
    let end = colons.nth(1).filter(|_| rest.starts_with("function:"));
    end.and_then(|end| rest.get(..end)).unwrap_or(rest)
}
