//! EC2 on the wire: Regions, security groups and their rules, interfaces.
//!
//! Knows what revoking a rule answers, down to the cases where AWS says success and has done nothing.
//! Does not know of findings; what a changed group means for them is the world's business.

mod describe;
mod form;
mod ingress;
mod rules;

use bytes::Bytes;

use super::{
    answer::{ApiError, Reply},
    keychain::{Caller, Power},
    locks::read,
    shared::Shared,
    wire::element,
};
use form::Form;
pub(super) use rules::Groups;

/// Calls that change something.
const WRITES: &[&str] = &[
    "RevokeSecurityGroupIngress",
    "AuthorizeSecurityGroupIngress",
];

/// A call to EC2.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    form: Form<'a>,
    account: usize,
    region: usize,
}

/// Answers a call whose signature was good.
pub(super) fn answer(
    shared: &Shared,
    operation: &str,
    pairs: &[(String, String)],
    caller: &Caller,
    region: usize,
) -> Reply {
    let form = Form::new(pairs);
    if WRITES.contains(&operation) && caller.power != Power::Remediator {
        return Err(ApiError::new(
            403,
            "UnauthorizedOperation",
            format!(
                "You are not authorized to perform this operation. User: {} is not authorized to perform: ec2:{operation}",
                caller.arn
            ),
        ));
    }
    if form.text("DryRun") == Some("true") {
        return Err(ApiError::new(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ));
    }
    let call = Call {
        form,
        account: caller.account,
        region,
    };
    let result = match operation {
        "DescribeRegions" => describe_regions(shared, call)?,
        "DescribeSecurityGroups" => describe::groups(shared, call)?,
        "DescribeSecurityGroupRules" => describe::rules(shared, call)?,
        "DescribeNetworkInterfaces" => describe::interfaces(shared, call)?,
        "RevokeSecurityGroupIngress" => ingress::revoke(shared, call)?,
        "AuthorizeSecurityGroupIngress" => ingress::authorize(shared, call)?,
        _ => {
            return Err(ApiError::new(
                400,
                "InvalidAction",
                format!("The action {operation} is not valid for this web service."),
            ));
        }
    };
    Ok(document(operation, &result, &shared.request_id()))
}

/// The simulation's Regions as this account has them; those that are off only when asked for.
fn describe_regions(shared: &Shared, call: Call<'_>) -> Result<String, ApiError> {
    let (world, faults) = (read(&shared.world), read(&shared.faults));
    let all = call.form.text("AllRegions") == Some("true");
    let names = call.form.list("RegionName");
    if let Some(unknown) = names
        .iter()
        .find(|name| world.region_position(name).is_none())
    {
        return Err(ApiError::new(
            400,
            "InvalidParameterValue",
            format!("Invalid region provided: {unknown}"),
        ));
    }
    let mut items = String::new();
    for (position, region) in world.regions.iter().enumerate() {
        let on = world.region_enabled(call.account, position, &faults);
        let status = match (region.opt_in, on) {
            (false, true) => "opt-in-not-required",
            (true, true) => "opted-in",
            (_, false) => "not-opted-in",
        };
        let named = names.is_empty() || names.contains(&region.name);
        let filtered = call
            .form
            .filters()
            .into_iter()
            .all(|(name, values)| match name {
                "opt-in-status" => values.contains(&status),
                "region-name" => values.contains(&region.name),
                _ => true,
            });
        if (on || all) && named && filtered {
            items.push_str("<item>");
            items.push_str(&element("regionName", region.name));
            items.push_str(&element(
                "regionEndpoint",
                &format!("ec2.{}.amazonaws.com", region.name),
            ));
            items.push_str(&element("optInStatus", status));
            items.push_str("</item>");
        }
    }
    Ok(format!("<regionInfo>{items}</regionInfo>"))
}

fn document(operation: &str, result: &str, request_id: &str) -> Bytes {
    Bytes::from(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response \
         xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{}{result}</{operation}Response>",
        element("requestId", request_id)
    ))
}
