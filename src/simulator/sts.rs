//! STS on the wire: who am I, and becoming a role in another account.

use bytes::Bytes;

use super::{
    answer::{ApiError, Reply},
    clock::{self, SECOND},
    keychain::{Caller, Power},
    locks::read,
    random,
    shared::Shared,
    wire::element,
};

const MIN_DURATION_SECS: i64 = 900;
/// The longest session of a role here: AWS allows 1 to 12 hours by role, and 12 at the utmost.
const ROLE_MAX_SECS: i64 = 12 * 3_600;
const MAX_DURATION_SECS: i64 = 43_200;
/// A session of a role that was assumed by a role.
const CHAINED_MAX_SECS: i64 = 3_600;

/// A request's parameters.
pub(super) type Form = [(String, String)];

/// Answers a call whose signature was good.
pub(super) fn answer(shared: &Shared, operation: &str, form: &Form, caller: &Caller) -> Reply {
    match operation {
        "AssumeRole" => assume_role(shared, form, caller),
        "GetCallerIdentity" => Ok(identity(shared, caller)),
        _ => Err(ApiError::new(
            400,
            "InvalidAction",
            format!("Could not find operation {operation} for version 2011-06-15"),
        )),
    }
}

fn identity(shared: &Shared, caller: &Caller) -> Bytes {
    let world = read(&shared.world);
    let account = world.account_id(world.scope(caller.account, 0)).to_owned();
    let result = [
        element("Arn", &caller.arn),
        element("UserId", &caller.user_id),
        element("Account", &account),
    ]
    .concat();
    document("GetCallerIdentity", &result, &shared.request_id())
}

fn assume_role(shared: &Shared, form: &Form, caller: &Caller) -> Reply {
    let arn = required(form, "RoleArn")?;
    let session_name = required(form, "RoleSessionName")?;
    check_text("roleSessionName", session_name, 2, 64, "+=,.@-_")?;
    let external_id = find(form, "ExternalId");
    if let Some(external_id) = external_id {
        check_text("externalId", external_id, 2, 1_224, "+=,.@:/-_")?;
    }
    let duration = duration_secs(form, caller)?;
    let denied = || {
        ApiError::new(
            403,
            "AccessDenied",
            format!(
                "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
                caller.arn
            ),
        )
    };
    let (account_id, role) = role_of(arn)
        .ok_or_else(|| ApiError::new(400, "ValidationError", format!("{arn} is invalid")))?;
    let (world, faults) = (read(&shared.world), read(&shared.faults));
    let account = world.organization.position(account_id).ok_or_else(denied)?;
    let power = if role == shared.role_name {
        Power::Reader
    } else if role == shared.remediation_role_name {
        Power::Remediator
    } else {
        return Err(denied());
    };
    // AWS gives the same answer whether the role is missing, the account is suspended or the external
    // id is wrong.
    if world.role_missing(account, &faults)
        || world.account_suspended(account, &faults)
        || external_id != Some(shared.external_id.as_str())
    {
        return Err(denied());
    }
    let role_id = format!("AROA{:016X}", random::mix_text(world.seed, arn));
    let assumed = Caller {
        account,
        arn: format!("arn:aws:sts::{account_id}:assumed-role/{role}/{session_name}"),
        user_id: format!("{role_id}:{session_name}"),
        power,
        assumed: true,
    };
    let now = shared.clock.wall();
    let expires = now + duration * SECOND;
    let keys = shared.keychain.issue(assumed.clone(), now, expires);
    let result = [
        "<Credentials>".to_owned(),
        element("AccessKeyId", &keys.access_key_id),
        element("SecretAccessKey", &keys.secret_access_key),
        element("SessionToken", &keys.session_token),
        // The clock may have been moved forward: what a client reads is in its own time.
        element(
            "Expiration",
            &clock::whole_seconds(shared.clock.on_the_machine(expires)),
        ),
        "</Credentials><AssumedRoleUser>".to_owned(),
        element("Arn", &assumed.arn),
        element("AssumedRoleId", &assumed.user_id),
        "</AssumedRoleUser>".to_owned(),
        find(form, "SourceIdentity").map_or_else(String::new, |id| element("SourceIdentity", id)),
    ]
    .concat();
    Ok(document("AssumeRole", &result, &shared.request_id()))
}

fn duration_secs(form: &Form, caller: &Caller) -> Result<i64, ApiError> {
    let Some(text) = find(form, "DurationSeconds") else {
        return Ok(3_600);
    };
    let invalid = |message: &str| ApiError::new(400, "ValidationError", message);
    let secs: i64 = text
        .parse()
        .map_err(|_| invalid("DurationSeconds must be a number"))?;
    if !(MIN_DURATION_SECS..=MAX_DURATION_SECS).contains(&secs) {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{secs}' at 'durationSeconds' failed to satisfy constraint: \
             Member must have value between {MIN_DURATION_SECS} and {MAX_DURATION_SECS}"
        )));
    }
    if caller.assumed && secs > CHAINED_MAX_SECS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if secs > ROLE_MAX_SECS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(secs)
}

/// Account and role name of `arn:aws:iam::ACCOUNT:role/[PATH/]NAME`.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (account, path) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    let name = path.rsplit('/').next()?;
    (account.len() == 12 && !name.is_empty()).then_some((account, name))
}

fn check_text(
    name: &str,
    text: &str,
    least: usize,
    most: usize,
    extra: &str,
) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    if (least..=most).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(());
    }
    Err(ApiError::new(
        400,
        "ValidationError",
        format!(
            "1 validation error detected: Value '{text}' at '{name}' failed to satisfy constraint: Member must \
             have length between {least} and {most} and satisfy regular expression pattern: [\\w{extra}]*"
        ),
    ))
}

fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, ApiError> {
    find(form, name).ok_or_else(|| {
        ApiError::new(
            400,
            "ValidationError",
            format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
        )
    })
}

fn find<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.iter()
        .find_map(|(found, value)| (found == name).then_some(value.as_str()))
}

fn document(operation: &str, result: &str, request_id: &str) -> Bytes {
    Bytes::from(format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{result}\
         </{operation}Result><ResponseMetadata>{}</ResponseMetadata></{operation}Response>",
        element("RequestId", request_id)
    ))
}
