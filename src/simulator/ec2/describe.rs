//! Reading groups, rules and interfaces.

use super::{
    super::{answer::ApiError, locks::read, shared::Shared, wire::element, world::estate::Host},
    Call,
    rules::{self, Access, Rule},
};

/// `DescribeSecurityGroups`
pub(super) fn groups(shared: &Shared, call: Call<'_>) -> Result<String, ApiError> {
    let world = read(&shared.world);
    let scope = world.scope(call.account, call.region);
    let wanted = call.form.list("GroupId");
    let hosts = rules::hosts(&world, scope);
    if let Some(unknown) = wanted
        .iter()
        .find(|id| !hosts.iter().any(|host| host.group_id == **id))
    {
        return Err(unknown_group(unknown));
    }
    let chosen = hosts.iter().filter(|host| {
        let named = wanted.is_empty() || wanted.contains(&host.group_id.as_str());
        named
            && call
                .form
                .filters()
                .into_iter()
                .all(|(name, values)| match name {
                    "group-id" => values.contains(&host.group_id.as_str()),
                    "group-name" => values.contains(&host.name.as_str()),
                    "vpc-id" => values.contains(&host.vpc_id.as_str()),
                    _ => true,
                })
    });
    let owner = world.account_id(scope);
    let items = chosen
        .map(|host| group(owner, host, &shared.groups.rules(scope, host)))
        .collect::<Vec<_>>();
    page(call, "securityGroupInfo", items)
}

fn group(owner: &str, host: &Host, rules: &[Rule]) -> String {
    let permissions = |egress: bool| {
        rules
            .iter()
            .filter(|rule| rule.egress == egress)
            .map(permission)
            .collect::<String>()
    };
    [
        element("ownerId", owner),
        element("groupName", &host.name),
        element("groupDescription", &format!("ports of {}", host.name)),
        element("groupId", &host.group_id),
        element("vpcId", &host.vpc_id),
        format!("<ipPermissions>{}</ipPermissions>", permissions(false)),
        format!(
            "<ipPermissionsEgress>{}</ipPermissionsEgress>",
            permissions(true)
        ),
        tags(host),
    ]
    .concat()
}

/// One rule in the shape of `ipPermissions`.
pub(super) fn permission(rule: &Rule) -> String {
    let access = &rule.access;
    let (set, cidr) = if access.is_ipv6() {
        ("ipv6Ranges", "cidrIpv6")
    } else {
        ("ipRanges", "cidrIp")
    };
    let description = if rule.description.is_empty() {
        String::new()
    } else {
        element("description", &rule.description)
    };
    format!(
        "<item>{}{}<groups/><{set}><item>{}{description}</item></{set}><prefixListIds/></item>",
        element("ipProtocol", &access.protocol),
        ports(access),
        element(cidr, &access.cidr),
    )
}

fn ports(access: &Access) -> String {
    if access.protocol == "-1" {
        return String::new();
    }
    element("fromPort", &access.from_port.to_string())
        + &element("toPort", &access.to_port.to_string())
}

/// `DescribeSecurityGroupRules`
pub(super) fn rules(shared: &Shared, call: Call<'_>) -> Result<String, ApiError> {
    let world = read(&shared.world);
    let scope = world.scope(call.account, call.region);
    let wanted = call.form.list("SecurityGroupRuleId");
    let owner = world.account_id(scope);
    let (mut items, mut seen) = (Vec::new(), Vec::new());
    for host in rules::hosts(&world, scope) {
        for rule in shared.groups.rules(scope, &host) {
            let named = wanted.is_empty() || wanted.contains(&rule.id.as_str());
            let filtered = call
                .form
                .filters()
                .into_iter()
                .all(|(name, values)| match name {
                    "group-id" => values.contains(&host.group_id.as_str()),
                    "security-group-rule-id" => values.contains(&rule.id.as_str()),
                    _ => true,
                });
            if named && filtered {
                items.push(rule_item(owner, &host.group_id, &rule));
                seen.push(rule.id);
            }
        }
    }
    if let Some(unknown) = wanted
        .iter()
        .find(|id| !seen.iter().any(|found| found == *id))
    {
        return Err(unknown_rule(unknown));
    }
    page(call, "securityGroupRuleSet", items)
}

/// One rule in the shape of `securityGroupRuleSet`.
pub(super) fn rule_item(owner: &str, group_id: &str, rule: &Rule) -> String {
    let access = &rule.access;
    // Unlike in `ipPermissions`, the ports of "all traffic" are spelled out as -1.
    [
        element("securityGroupRuleId", &rule.id),
        element("groupId", group_id),
        element("groupOwnerId", owner),
        element("isEgress", if rule.egress { "true" } else { "false" }),
        element("ipProtocol", &access.protocol),
        element("fromPort", &access.from_port.to_string()),
        element("toPort", &access.to_port.to_string()),
        element(
            if access.is_ipv6() {
                "cidrIpv6"
            } else {
                "cidrIpv4"
            },
            &access.cidr,
        ),
        element("description", &rule.description),
        "<tagSet/>".to_owned(),
    ]
    .concat()
}

/// `DescribeNetworkInterfaces`
pub(super) fn interfaces(shared: &Shared, call: Call<'_>) -> Result<String, ApiError> {
    let world = read(&shared.world);
    let scope = world.scope(call.account, call.region);
    let wanted = call.form.list("NetworkInterfaceId");
    let owner = world.account_id(scope);
    let hosts = rules::hosts(&world, scope);
    if let Some(unknown) = wanted
        .iter()
        .find(|id| !hosts.iter().any(|host| host.interface_id == **id))
    {
        return Err(ApiError::new(
            400,
            "InvalidNetworkInterfaceID.NotFound",
            format!("The networkInterface ID '{unknown}' does not exist"),
        ));
    }
    let chosen = hosts.iter().filter(|host| {
        let named = wanted.is_empty() || wanted.contains(&host.interface_id.as_str());
        named
            && call
                .form
                .filters()
                .into_iter()
                .all(|(name, values)| match name {
                    "group-id" => values.contains(&host.group_id.as_str()),
                    "attachment.instance-id" => values.contains(&host.instance_id.as_str()),
                    "network-interface-id" => values.contains(&host.interface_id.as_str()),
                    "vpc-id" => values.contains(&host.vpc_id.as_str()),
                    "subnet-id" => values.contains(&host.subnet_id.as_str()),
                    _ => true,
                })
    });
    page(
        call,
        "networkInterfaceSet",
        chosen.map(|host| interface(owner, host)).collect(),
    )
}

fn interface(owner: &str, host: &Host) -> String {
    [
        element("networkInterfaceId", &host.interface_id),
        element("subnetId", &host.subnet_id),
        element("vpcId", &host.vpc_id),
        element("ownerId", owner),
        element("status", "in-use"),
        element("interfaceType", "interface"),
        element("privateIpAddress", &host.private_ip),
        format!(
            "<groupSet><item>{}{}</item></groupSet>",
            element("groupId", &host.group_id),
            element("groupName", &host.name)
        ),
        format!(
            "<attachment>{}{}{}</attachment>",
            element("instanceId", &host.instance_id),
            element("deviceIndex", "0"),
            element("status", "attached")
        ),
        format!(
            "<association>{}</association>",
            element("publicIp", &host.public_ip)
        ),
    ]
    .concat()
}

fn tags(host: &Host) -> String {
    format!(
        "<tagSet><item>{}{}</item></tagSet>",
        element("key", "Name"),
        element("value", &host.name)
    )
}

/// A page of a set: `MaxResults` is 5 to 1000; without it everything comes at once.
fn page(call: Call<'_>, set: &str, items: Vec<String>) -> Result<String, ApiError> {
    let invalid = |message: &str| ApiError::new(400, "InvalidParameterValue", message);
    let size = match call.form.text("MaxResults").map(str::parse::<usize>) {
        None => usize::MAX,
        Some(Ok(size)) if (5..=1_000).contains(&size) => size,
        Some(_) => return Err(invalid("MaxResults must be between 5 and 1000")),
    };
    let start = match call.form.text("NextToken").map(str::parse::<usize>) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(invalid("Unable to parse pagination token")),
    };
    let next = start.checked_add(size).filter(|next| *next < items.len());
    let shown: String = items
        .iter()
        .skip(start)
        .take(size)
        .map(|item| format!("<item>{item}</item>"))
        .collect();
    let token = next.map_or_else(String::new, |next| element("nextToken", &next.to_string()));
    Ok(format!("<{set}>{shown}</{set}>{token}"))
}

pub(super) fn unknown_group(id: &str) -> ApiError {
    ApiError::new(
        400,
        "InvalidGroup.NotFound",
        format!("The security group '{id}' does not exist"),
    )
}

pub(super) fn unknown_rule(id: &str) -> ApiError {
    ApiError::new(
        400,
        "InvalidSecurityGroupRuleId.NotFound",
        format!("The security group rule ID '{id}' does not exist"),
    )
}
