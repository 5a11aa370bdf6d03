//! Organizations on the wire: accounts, units and tags, in pages that can be empty.

use serde_json::{Map, Value, json};

use super::{
    answer::{ApiError, Reply, reply_json},
    clock,
    faults::Faults,
    keychain::Caller,
    locks::read,
    random,
    shared::Shared,
    world::{
        World,
        organization::{Account, MANAGEMENT, Organization, State},
    },
};

const MAX_RESULTS: usize = 20;
/// One page in so many is empty and still has a `NextToken`, as AWS warns.
const EMPTY_ONE_IN: u64 = 5;

/// Answers a call whose signature was good.
pub(super) fn answer(shared: &Shared, operation: &str, body: &[u8], caller: &Caller) -> Reply {
    let (world, faults) = (read(&shared.world), read(&shared.faults));
    let organization = &world.organization;
    let trusted =
        caller.account == MANAGEMENT || organization.administrator == Some(caller.account);
    if !trusted && operation != "DescribeOrganization" {
        return Err(error(
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        ));
    }
    let request: Value = if body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(body)
            .map_err(|_| ApiError::new(400, "SerializationException", "not valid JSON"))?
    };
    let text = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match operation {
        "DescribeOrganization" => describe(organization),
        "ListRoots" => page(&world, &request, "Roots", vec![root(organization)]),
        "ListAccounts" => {
            let all = organization.accounts.iter().enumerate();
            let accounts = all
                .filter(|(_, account)| !faults.departed_accounts.contains(&account.id))
                .map(|(p, a)| account(&world, p, a, &faults))
                .collect();
            page(&world, &request, "Accounts", accounts)
        }
        "ListAccountsForParent" => {
            let parent = parent(organization, text("ParentId"))?;
            let all = organization.accounts.iter().enumerate();
            let within = all.filter(|(_, account)| account.unit == parent);
            let accounts = within
                .filter(|(_, account)| !faults.departed_accounts.contains(&account.id))
                .map(|(p, a)| account(&world, p, a, &faults))
                .collect();
            page(&world, &request, "Accounts", accounts)
        }
        "ListOrganizationalUnitsForParent" => {
            let parent = parent(organization, text("ParentId"))?;
            let units = organization
                .units
                .iter()
                .enumerate()
                .filter(|(_, unit)| unit.parent == parent);
            let units = units
                .map(|(position, unit)| {
                    json!({
                        "Id": unit.id, "Name": unit.name, "Arn": ou_arn(organization, &unit.id),
                        "Path": organization.path(Some(position)),
                    })
                })
                .collect();
            page(&world, &request, "OrganizationalUnits", units)
        }
        "ListParents" => {
            let parents = parents_of(organization, text("ChildId"))?;
            page(&world, &request, "Parents", parents)
        }
        "ListTagsForResource" => {
            let tags = tags_of(organization, text("ResourceId"))?;
            page(&world, &request, "Tags", tags)
        }
        _ => Err(ApiError::new(400, "UnknownOperationException", "")),
    }
}

fn account(world: &World, position: usize, found: &Account, faults: &Faults) -> Value {
    let organization = &world.organization;
    let suspended = world.account_suspended(position, faults);
    let state = if suspended && found.state == State::Active {
        State::Suspended
    } else {
        found.state
    };
    json!({
        "Id": found.id,
        "Arn": account_arn(organization, &found.id),
        "Email": found.email,
        "Name": found.name,
        "Status": state.name(),
        "State": state.name(),
        "Paths": [format!("{}{}/", organization.path(found.unit), found.id)],
        "JoinedMethod": if found.created_here { "CREATED" } else { "INVITED" },
        "JoinedTimestamp": clock::epoch_seconds(found.joined),
    })
}

fn describe(organization: &Organization) -> Reply {
    let management = organization.accounts.get(MANAGEMENT);
    let id = management.map_or("", |account| account.id.as_str());
    reply_json(&json!({"Organization": {
        "Id": organization.id,
        "Arn": format!("arn:aws:organizations::{id}:organization/{}", organization.id),
        "FeatureSet": "ALL",
        "MasterAccountArn": account_arn(organization, id),
        "MasterAccountId": id,
        "MasterAccountEmail": management.map(|account| account.email.as_str()),
        "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    }}))
}

fn root(organization: &Organization) -> Value {
    let id = organization
        .accounts
        .get(MANAGEMENT)
        .map_or("", |account| account.id.as_str());
    json!({
        "Id": organization.root_id,
        "Arn": format!("arn:aws:organizations::{id}:root/{}/{}", organization.id, organization.root_id),
        "Name": "Root",
        "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
    })
}

/// The position of a parent unit; `None` for the root.
fn parent(organization: &Organization, id: &str) -> Result<Option<usize>, ApiError> {
    if id == organization.root_id {
        return Ok(None);
    }
    let position = organization.units.iter().position(|unit| unit.id == id);
    position.map(Some).ok_or_else(|| {
        error(
            "ParentNotFoundException",
            "You specified parent that doesn't exist.",
        )
    })
}

fn parents_of(organization: &Organization, child: &str) -> Result<Vec<Value>, ApiError> {
    let above = match organization.position(child) {
        Some(position) => organization
            .accounts
            .get(position)
            .and_then(|account| account.unit),
        None => organization
            .units
            .iter()
            .find(|unit| unit.id == child)
            .map(|unit| unit.parent)
            .ok_or_else(|| {
                error(
                    "ChildNotFoundException",
                    "You specified child that doesn't exist.",
                )
            })?,
    };
    Ok(
        match above.and_then(|position| organization.units.get(position)) {
            Some(unit) => vec![json!({"Id": unit.id, "Type": "ORGANIZATIONAL_UNIT"})],
            None => vec![json!({"Id": organization.root_id, "Type": "ROOT"})],
        },
    )
}

fn tags_of(organization: &Organization, id: &str) -> Result<Vec<Value>, ApiError> {
    if id == organization.root_id {
        return Ok(Vec::new());
    }
    if let Some(unit) = organization.units.iter().find(|unit| unit.id == id) {
        return Ok(vec![json!({"Key": "unit", "Value": unit.name})]);
    }
    let account = organization
        .position(id)
        .and_then(|position| organization.accounts.get(position));
    let account = account.ok_or_else(|| {
        error(
            "TargetNotFoundException",
            "You specified a target that doesn't exist.",
        )
    })?;
    Ok(account
        .tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect())
}

/// A page of a list. A token says where it starts, and whether an empty page came just before.
fn page(world: &World, request: &Value, name: &str, all: Vec<Value>) -> Reply {
    let size = match request.get("MaxResults").and_then(Value::as_u64) {
        None => MAX_RESULTS,
        Some(size @ 1..=20) => usize::try_from(size).unwrap_or(MAX_RESULTS),
        Some(_) => {
            return Err(error(
                "InvalidInputException",
                "You provided a MaxResults outside 1 to 20.",
            ));
        }
    };
    let (start, fresh) = match request.get("NextToken").and_then(Value::as_str) {
        None => (0, true),
        Some(token) => read_token(token).ok_or_else(|| {
            error(
                "InvalidInputException",
                "The provided NextToken is not valid.",
            )
        })?,
    };
    let more =
        |start: usize, fresh: bool| format!("{}{start}", if fresh { "page-" } else { "rest-" });
    let roll = random::mix(&[
        world.seed,
        random::mix_text(0x9a9e, name),
        random::word(start),
    ]);
    let empty = fresh && start < all.len() && all.len() > size && roll.is_multiple_of(EMPTY_ONE_IN);
    let (shown, next): (Vec<Value>, _) = if empty {
        (Vec::new(), Some(more(start, false)))
    } else {
        let next = (all.len() > start + size).then(|| more(start + size, true));
        (all.into_iter().skip(start).take(size).collect(), next)
    };
    let mut answer = Map::new();
    answer.insert(name.to_owned(), shown.into());
    if let Some(next) = next {
        answer.insert("NextToken".into(), next.into());
    }
    reply_json(&Value::Object(answer))
}

fn read_token(token: &str) -> Option<(usize, bool)> {
    match token.split_once('-')? {
        ("page", start) => Some((start.parse().ok()?, true)),
        ("rest", start) => Some((start.parse().ok()?, false)),
        _ => None,
    }
}

fn account_arn(organization: &Organization, id: &str) -> String {
    let management = organization
        .accounts
        .get(MANAGEMENT)
        .map_or("", |account| account.id.as_str());
    format!(
        "arn:aws:organizations::{management}:account/{}/{id}",
        organization.id
    )
}

fn ou_arn(organization: &Organization, id: &str) -> String {
    let management = organization
        .accounts
        .get(MANAGEMENT)
        .map_or("", |account| account.id.as_str());
    format!(
        "arn:aws:organizations::{management}:ou/{}/{id}",
        organization.id
    )
}

fn error(code: &'static str, message: &str) -> ApiError {
    ApiError::new(400, code, message)
}
