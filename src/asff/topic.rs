//! What the problem is, in the fields that a product of AWS keeps for it.
//!
//! Titles and descriptions are never asked: AWS rewrites them.

use crate::domain::{AccountId, OpenPort, Topic};

use super::{
    field::Reader,
    raw::{Field, List, Nested, RawNetwork, RawPathComponent, RawProductFields},
};

/// Where AWS's own products are named in `ProductArn`.
const AWS_PRODUCT: &str = "product/aws/";

/// Inspector's word in `Types` for what the network reaches (Inspector user guide, "Integration
/// with Security Hub"). Other products use it for anything.
const NETWORK: &str = "Network Reachability";

/// What a topic is read from, besides the network.
pub(super) struct Hints<'a> {
    pub(super) product_arn: &'a str,
    /// `Types`, read.
    pub(super) types: &'a [String],
    /// `FindingProviderFields.Types`.
    pub(super) provider_types: Field<'a>,
    pub(super) fields: &'a RawProductFields<'a>,
}

impl Hints<'_> {
    /// `guardduty`, for a product of AWS.
    fn product(&self) -> Option<&str> {
        let (_, product) = self.product_arn.rsplit_once(AWS_PRODUCT)?;
        Some(product)
    }

    /// The first by name of what is made of the types. Their order decides nothing. Those of the
    /// provider come first: an analyst may have changed the others.
    fn least<T: Ord>(
        &self,
        reader: &mut Reader,
        make: impl Fn(&str) -> Option<T> + Copy,
    ) -> Option<T> {
        let provided = reader.texts("FindingProviderFields.Types", self.provider_types);
        let least = |types: &[String]| types.iter().filter_map(|text| make(text.trim())).min();
        least(&provided).or_else(|| least(self.types))
    }
}

/// Reads the topic of a finding; `None` where the product keeps no field for it.
pub(super) fn topic(
    reader: &mut Reader,
    hints: &Hints<'_>,
    network: Nested<RawNetwork<'_>>,
    path: &[String],
) -> Option<Topic> {
    match hints.product()? {
        "access-analyzer" => hints.least(reader, access).map(Topic::Access),
        "config" => {
            let field = hints.fields.config_rule_name;
            let name = reader.text("ProductFields ConfigRuleName", field)?;
            let name = name.trim();
            (!name.is_empty()).then(|| Topic::ConfigRule(name.to_owned()))
        }
        "guardduty" => hints.least(reader, threat).map(Topic::Threat),
        "inspector" => {
            let kind = hints.least(reader, network_kind)?;
            let open_port = open_port(reader, &kind, hints.fields, network, path);
            Some(open_port.map_or(Topic::Check(kind), Topic::OpenPort))
        }
        "macie" => hints
            .least(reader, sensitive_data)
            .map(Topic::SensitiveData)
            .or_else(|| hints.least(reader, own_type).map(Topic::Check)),
        _ => None,
    }
}

/// The resource's owner, in the one product that may report it from elsewhere.
pub(super) fn owner(reader: &mut Reader, hints: &Hints<'_>) -> Option<AccountId> {
    if hints.product()? != "access-analyzer" {
        return None;
    }
    let field = hints.fields.resource_owner_account;
    let owner = reader.text("ProductFields ResourceOwnerAccount", field)?;
    Some(AccountId::new(owner)).filter(AccountId::is_well_formed)
}

/// `TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort`, as GuardDuty and Macie call it:
/// `Recon:EC2/PortProbeUnprotectedPort`. Types without a purpose have it as their category:
/// `TTPs/Initial Access/IAMUser-AnomalousBehavior` is `InitialAccess:IAMUser/AnomalousBehavior`
/// (GuardDuty user guide, "Viewing GuardDuty findings in Security Hub").
fn own_type(text: &str) -> Option<String> {
    let (purpose, of) = match text.split_once(':') {
        Some((before, of)) => (before.rsplit('/').next()?.to_owned(), of),
        None => {
            let (before, of) = text.rsplit_once('/')?;
            let (_, category) = before.rsplit_once('/')?;
            (category.replace(' ', ""), of)
        }
    };
    let (resource, name) = of.split_once(['-', '/'])?;
    let is_whole = ![purpose.as_str(), resource, name].contains(&"");
    is_whole.then(|| format!("{purpose}:{resource}/{name}"))
}

/// A threat's family: GuardDuty's types are `Purpose:Resource/Family.Mechanism!Artifact`, and how it
/// was detected makes no other problem of it.
fn threat(text: &str) -> Option<String> {
    let mut family = own_type(text)?;
    let (before, name) = family.split_once('/')?;
    if let Some(variant) = name.find(['.', '!']) {
        family.truncate(before.len() + 1 + variant);
    }
    (!family.ends_with('/')).then_some(family)
}

/// `Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal`: `Personal`.
fn sensitive_data(text: &str) -> Option<String> {
    let (_, of) = text.split_once("SensitiveData:")?;
    let (_, class) = of.split_once(['-', '/'])?;
    (!class.is_empty()).then(|| class.to_owned())
}

/// `Effects/Data Exposure/External Access Granted`: `external`. Access from anywhere and access from
/// another account have that classifier in common, and Access Analyzer turns the one into the other.
fn access(text: &str) -> Option<String> {
    let classifier = text.rsplit('/').next()?.trim();
    let classifier = classifier
        .strip_suffix(" Access Granted")
        .unwrap_or(classifier);
    let name = classifier.to_ascii_lowercase().replace(' ', "-");
    (!name.is_empty()).then_some(name)
}

fn network_kind(text: &str) -> Option<String> {
    let kind = text.rsplit('/').next()?;
    kind.starts_with(NETWORK).then(|| kind.to_owned())
}

/// The port, from Inspector Classic's attributes or else from `Network`; the group, from the
/// attributes or else from `NetworkPath`.
fn open_port(
    reader: &mut Reader,
    kind: &str,
    fields: &RawProductFields<'_>,
    network: Nested<RawNetwork<'_>>,
    path: &[String],
) -> Option<OpenPort> {
    let network = reader.object("Network", network);
    let (first, last) = match reader.text("ProductFields PORT", fields.port) {
        Some(port) => port.trim().parse().ok().map(|port| (port, port))?,
        None => {
            let range = reader.object("Network.OpenPortRange", network.open_port_range);
            (port(range.begin)?, port(range.end)?)
        }
    };
    let protocol = reader
        .text("ProductFields PROTOCOL", fields.protocol)
        .or_else(|| reader.text("Network.Protocol", network.protocol))
        .map(|protocol| protocol.trim().to_ascii_lowercase())
        .filter(|protocol| !protocol.is_empty());
    let reachability = reader.text("ProductFields REACHABILITY_TYPE", fields.reachability);
    let inside = match reachability {
        Some(from) => !from.eq_ignore_ascii_case("internet"),
        None if path.is_empty() => kind.contains("Peered") || kind.contains("Private Gateway"),
        None => !path.iter().any(|id| id.starts_with("igw-")),
    };
    let group = reader
        .text("ProductFields SECURITY_GROUP", fields.security_group)
        .map(|group| group.trim().to_owned());
    let group = group.or_else(|| only_group(path));
    Some(OpenPort {
        protocol: protocol.unwrap_or_else(|| "any".to_owned()),
        first: first.min(last),
        last: first.max(last),
        inside,
        group: group.filter(|id| id.starts_with("sg-")),
    })
}

/// The ids in `NetworkPath`.
pub(super) fn component_ids(reader: &mut Reader, path: List<RawPathComponent<'_>>) -> Vec<String> {
    let mut ids = Vec::new();
    for raw in reader.objects("NetworkPath", path) {
        if let Some(id) = reader.text("NetworkPath.ComponentId", raw.component_id) {
            ids.push(id.trim().to_owned());
        }
    }
    ids
}

/// The group on a path that has one. Of several, each has to let the port through, and closing it in
/// any of them is enough.
fn only_group(path: &[String]) -> Option<String> {
    let mut groups = path.iter().filter(|id| id.starts_with("sg-"));
    let first = groups.next()?;
    groups.all(|group| group == first).then(|| first.clone())
}

/// A whole number within bounds.
fn port(field: Field<'_>) -> Option<u16> {
    field?.get().parse().ok()
}

#[cfg(test)]
mod tests;
