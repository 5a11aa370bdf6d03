//! Opening and closing ports.
//!
//! By rule id, one unknown id refuses the whole call. By properties, a rule that is not there is an
//! error, except in a default VPC, where AWS answers success and lists it as unknown.

use super::{
    super::{
        answer::ApiError,
        life,
        locks::read,
        shared::Shared,
        world::estate::{self, Host},
    },
    Call, describe,
    rules::{self, Access, Rule},
};

/// `RevokeSecurityGroupIngress`
pub(super) fn revoke(shared: &Shared, call: Call<'_>) -> Result<String, ApiError> {
    let (scope, _, host) = group_of(shared, call)?;
    let mut held = shared.groups.rules(scope, &host);
    let ids = call.form.list("SecurityGroupRuleId");
    let (mut revoked, mut unknown) = (Vec::new(), Vec::new());
    if ids.is_empty() {
        for access in accesses(call)? {
            let access = access.0;
            match held
                .iter()
                .position(|rule| !rule.egress && rule.access == access)
            {
                Some(position) => revoked.push(held.remove(position)),
                None => unknown.push(access),
            }
        }
        if !unknown.is_empty() && !host.default_vpc {
            return Err(ApiError::new(
                400,
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            ));
        }
    } else {
        for id in ids {
            let position = held.iter().position(|rule| !rule.egress && rule.id == id);
            let position = position.ok_or_else(|| describe::unknown_rule(id))?;
            revoked.push(held.remove(position));
        }
    }
    if !revoked.is_empty() {
        store(shared, scope, &host, held);
    }
    let items: String = revoked
        .iter()
        .map(|rule| revoked_item(&host, rule))
        .collect();
    let unknown: String = unknown
        .into_iter()
        .map(|access| {
            let rule = Rule {
                id: String::new(),
                egress: false,
                access,
                description: String::new(),
            };
            describe::permission(&rule)
        })
        .collect();
    Ok(format!(
        "<return>true</return><revokedSecurityGroupRuleSet>{items}</revokedSecurityGroupRuleSet>\
         <unknownIpPermissionSet>{unknown}</unknownIpPermissionSet>"
    ))
}

fn revoked_item(host: &Host, rule: &Rule) -> String {
    format!(
        "<item>{}</item>",
        describe::rule_item("", &host.group_id, rule)
    )
}

/// `AuthorizeSecurityGroupIngress`
pub(super) fn authorize(shared: &Shared, call: Call<'_>) -> Result<String, ApiError> {
    let (scope, owner, host) = group_of(shared, call)?;
    let mut held = shared.groups.rules(scope, &host);
    let mut added = Vec::new();
    for (access, description) in accesses(call)? {
        if held
            .iter()
            .any(|rule| !rule.egress && rule.access == access)
        {
            return Err(ApiError::new(
                400,
                "InvalidPermission.Duplicate",
                format!(
                    "the specified rule \"peer: {}, {}, from port: {}, to port: {}, ALLOW\" already exists",
                    access.cidr, access.protocol, access.from_port, access.to_port
                ),
            ));
        }
        // A rule that comes back is a new rule with a new id.
        let salt = u64::try_from(shared.clock.world()).unwrap_or(0);
        let id = rules::rule_id(&host.group_id, salt, &access);
        let rule = Rule {
            id,
            egress: false,
            access,
            description,
        };
        held.push(rule.clone());
        added.push(rule);
    }
    store(shared, scope, &host, held);
    let items: String = added
        .iter()
        .map(|rule| {
            format!(
                "<item>{}</item>",
                describe::rule_item(&owner, &host.group_id, rule)
            )
        })
        .collect();
    Ok(format!(
        "<return>true</return><securityGroupRuleSet>{items}</securityGroupRuleSet>"
    ))
}

/// Keeps the rules, and lets the controls that look at them judge again.
fn store(shared: &Shared, scope: usize, host: &Host, rules: Vec<Rule>) {
    let open: Vec<Access> = rules
        .iter()
        .filter(|r| !r.egress)
        .map(|r| r.access.clone())
        .collect();
    shared.groups.set(scope, host, rules);
    let reaches = |port: i32| open.iter().any(|access| access.admits_world(port));
    life::recheck_group(shared, scope, &host.group_id, |control| match control {
        "EC2.13" => Some(reaches(22)),
        "EC2.14" => Some(reaches(3389)),
        "EC2.18" | "EC2.19" => Some(estate::RISKY_PORTS.iter().any(|port| reaches(*port))),
        _ => None,
    });
}

fn group_of(shared: &Shared, call: Call<'_>) -> Result<(usize, String, Host), ApiError> {
    let world = read(&shared.world);
    let scope = world.scope(call.account, call.region);
    let id = call.form.text("GroupId").ok_or_else(|| {
        ApiError::new(
            400,
            "MissingParameter",
            "The request must contain the parameter groupName or groupId",
        )
    })?;
    let host = rules::hosts(&world, scope)
        .into_iter()
        .find(|host| host.group_id == id);
    let host = host.ok_or_else(|| describe::unknown_group(id))?;
    Ok((scope, world.account_id(scope).to_owned(), host))
}

/// What the call names by properties, in `IpPermissions.N` or in the call's own parameters.
fn accesses(call: Call<'_>) -> Result<Vec<(Access, String)>, ApiError> {
    let form = call.form;
    let mut found = Vec::new();
    let mut prefixes: Vec<String> = (1..=form.groups("IpPermissions"))
        .map(|n| format!("IpPermissions.{n}."))
        .collect();
    if prefixes.is_empty() {
        prefixes.push(String::new());
    }
    for prefix in prefixes {
        let protocol = form
            .text(&format!("{prefix}IpProtocol"))
            .unwrap_or("-1")
            .to_owned();
        let port = |name: &str| {
            let all = protocol == "-1";
            form.number(&format!("{prefix}{name}"))
                .filter(|_| !all)
                .unwrap_or(-1)
        };
        let access = |cidr: &str| Access {
            protocol: protocol.clone(),
            from_port: port("FromPort"),
            to_port: port("ToPort"),
            cidr: cidr.to_owned(),
        };
        for (set, name) in [("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")] {
            for n in 1..=form.groups(&format!("{prefix}{set}")) {
                let description = form.text(&format!("{prefix}{set}.{n}.Description"));
                if let Some(cidr) = form.text(&format!("{prefix}{set}.{n}.{name}")) {
                    found.push((access(cidr), description.unwrap_or_default().to_owned()));
                }
            }
        }
        if let Some(cidr) = form.text(&format!("{prefix}CidrIp")) {
            found.push((access(cidr), String::new()));
        }
    }
    if found.is_empty() {
        return Err(ApiError::new(
            400,
            "MissingParameter",
            "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.",
        ));
    }
    Ok(found)
}
