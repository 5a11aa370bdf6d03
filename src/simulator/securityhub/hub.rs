//! The hub itself: its settings, its members, and where findings are aggregated.

use serde_json::json;

use super::{
    super::{
        answer::{ApiError, Reply, reply_json},
        clock,
        locks::read,
        shared::Shared,
        world::{World, organization::State},
    },
    Call, invalid_input, parameter,
};

/// `ListMembers` hands out at most this many at once.
const MAX_MEMBERS: usize = 50;

/// `DescribeHub`
pub(super) fn describe(shared: &Shared, call: &Call<'_>) -> Reply {
    let world = read(&shared.world);
    let scope = world.scope(call.caller.account, call.region);
    let account = world.organization.accounts.get(call.caller.account);
    let consolidated = account.is_some_and(|account| account.consolidated);
    reply_json(&json!({
        "HubArn": format!("arn:aws:securityhub:{}:{}:hub/default", world.region_name(scope), world.account_id(scope)),
        "SubscribedAt": account.map(|account| format!("{:.3}", clock::timestamp(account.joined))),
        "AutoEnableControls": true,
        "ControlFindingGenerator": if consolidated { "SECURITY_CONTROL" } else { "STANDARD_CONTROL" },
    }))
}

/// `ListMembers`: the associated members in the Region, all accounts but the administrator's own, when the administrator asks; none for
/// anybody else.
pub(super) fn list_members(shared: &Shared, call: &Call<'_>) -> Reply {
    let world = read(&shared.world);
    let page = match parameter(call, "MaxResults").map(|text| text.parse::<usize>()) {
        None => MAX_MEMBERS,
        Some(Ok(number)) if (1..=MAX_MEMBERS).contains(&number) => number,
        Some(_) => return Err(invalid_input("MaxResults must be between 1 and 50")),
    };
    let start = match parameter(call, "NextToken").map(|token| token.parse::<usize>()) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(invalid_input("Invalid NextToken")),
    };
    let only_associated = parameter(call, "OnlyAssociated").is_none_or(|value| value != "false");
    let faults = read(&shared.faults);
    let accounts = &world.organization.accounts;
    let administrator = accounts.get(call.caller.account);
    let asks = world.organization.administrator == Some(call.caller.account);
    let members: Vec<_> = accounts
        .iter()
        .enumerate()
        .filter(|(position, _)| {
            let associated =
                !only_associated || world.is_member(*position, call.region, &faults);
            asks && *position != call.caller.account && associated
        })
        .map(|(_, account)| {
            json!({
                "AccountId": account.id,
                "Email": account.email,
                "AdministratorId": administrator.map(|account| account.id.as_str()),
                "MasterId": administrator.map(|account| account.id.as_str()),
                "MemberStatus": if account.state == State::Active { "Enabled" } else { "AccountSuspended" },
                "InvitedAt": clock::whole_seconds(account.joined),
                "UpdatedAt": clock::whole_seconds(account.joined),
            })
        })
        .collect();
    let next = (members.len() > start + page).then(|| (start + page).to_string());
    let shown: Vec<_> = members.into_iter().skip(start).take(page).collect();
    let mut answer = json!({"Members": shown});
    if let (Some(next), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("NextToken".into(), next.into());
    }
    reply_json(&answer)
}

/// Where the path of `GetFindingAggregator` begins; the aggregator's ARN follows.
pub(super) const AGGREGATOR: &str = "/findingAggregator/get/";

/// `ListFindingAggregators`: one, in the first Region, which only the administrator sees.
pub(super) fn list_aggregators(shared: &Shared, call: &Call<'_>) -> Reply {
    let world = read(&shared.world);
    if world.organization.administrator != Some(call.caller.account) {
        return reply_json(&json!({"FindingAggregators": []}));
    }
    let arn = aggregator_arn(&world, call);
    reply_json(&json!({"FindingAggregators": [{"FindingAggregatorArn": arn}]}))
}

/// `GetFindingAggregator`
pub(super) fn get_aggregator(shared: &Shared, call: &Call<'_>) -> Reply {
    let world = read(&shared.world);
    let arn = aggregator_arn(&world, call);
    let asked = call.uri.path().strip_prefix(AGGREGATOR).unwrap_or_default();
    let asked = asked.replace("%3A", ":").replace("%2F", "/");
    if world.organization.administrator != Some(call.caller.account) || asked != arn {
        return Err(ApiError::new(
            404,
            "ResourceNotFoundException",
            "The finding aggregator is not there",
        ));
    }
    let home = world.regions.first().map_or("", |region| region.name);
    let unlinked = &read(&shared.faults).unlinked_regions;
    let mut answer = json!({
        "FindingAggregatorArn": arn,
        "FindingAggregationRegion": home,
        "RegionLinkingMode": "ALL_REGIONS",
    });
    if let (false, Some(members)) = (unlinked.is_empty(), answer.as_object_mut()) {
        members.insert(
            "RegionLinkingMode".into(),
            "ALL_REGIONS_EXCEPT_SPECIFIED".into(),
        );
        members.insert("Regions".into(), json!(unlinked));
    }
    reply_json(&answer)
}

fn aggregator_arn(world: &World, call: &Call<'_>) -> String {
    let home = world.regions.first().map_or("", |region| region.name);
    let scope = world.scope(call.caller.account, call.region);
    format!(
        "arn:aws:securityhub:{home}:{}:finding-aggregator/{:016x}",
        world.account_id(scope),
        world.seed
    )
}
