//! The things that a finding is about.

use crate::domain::{Resource, finding::Principal};

use super::{
    field::Reader,
    raw::{List, Nested, RawAccessKey, RawDetails, RawResource},
};

/// Reads `Resources`.
pub(super) fn resources(reader: &mut Reader, list: List<RawResource<'_>>) -> Vec<Resource> {
    if matches!(list, List(Nested::Absent)) {
        reader.note("Resources is missing");
    }
    reader
        .objects("Resources", list)
        .into_iter()
        .map(|raw| Resource {
            kind: reader.required_text("Resources.Type", raw.r#type),
            id: reader.required_text("Resources.Id", raw.id),
            tags: reader.pairs("Resources.Tags", raw.tags),
            principal: principal(reader, raw.details),
        })
        .collect()
}

/// Whom an access key acts for. Findings before 2019 say a `UserName` and no more.
fn principal(reader: &mut Reader, details: Nested<RawDetails<'_>>) -> Option<Principal> {
    let details = reader.object("Resources.Details", details);
    let key: RawAccessKey<'_> = reader.object(
        "Resources.Details.AwsIamAccessKey",
        details.aws_iam_access_key,
    );
    let kind = reader.text("AwsIamAccessKey.PrincipalType", key.principal_type);
    let name = reader
        .text("AwsIamAccessKey.PrincipalName", key.principal_name)
        .or_else(|| reader.text("AwsIamAccessKey.UserName", key.user_name))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty());
    match kind.as_deref() {
        Some("Root") => Some(Principal::Root),
        Some("AssumedRole" | "Role") => name.map(Principal::Role),
        Some("IAMUser") | None => name.map(Principal::User),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asff::raw::Object;

    fn of(details: &str) -> (Option<Principal>, usize) {
        let raw = format!(r#"{{"Type":"AwsIamAccessKey","Id":"k","Details":{details}}}"#);
        let Object(raw) = serde_json::from_str::<Object<RawResource<'_>>>(&raw).unwrap();
        let mut reader = Reader::default();
        let principal = principal(&mut reader, raw.details);
        (principal, reader.notes.len())
    }

    #[test]
    fn an_access_key_acts_for_a_user_a_role_or_root() {
        let key = |fields: &str| of(&format!(r#"{{"AwsIamAccessKey":{{{fields}}}}}"#));
        let name = |name: &str| name.to_owned();
        let table = [
            (
                r#""PrincipalType":"AssumedRole","PrincipalName":"app""#,
                Some(Principal::Role(name("app"))),
            ),
            (
                r#""PrincipalType":"IAMUser","PrincipalName":"jane""#,
                Some(Principal::User(name("jane"))),
            ),
            (r#""UserName":"jane""#, Some(Principal::User(name("jane")))),
            (
                r#""PrincipalType":"Root","PrincipalName":"Root""#,
                Some(Principal::Root),
            ),
            (r#""PrincipalType":"AssumedRole","PrincipalName":" ""#, None),
            (
                r#""PrincipalType":"FederatedUser","PrincipalName":"x""#,
                None,
            ),
        ];
        for (fields, expected) in table {
            assert_eq!(key(fields), (expected, 0), "{fields}");
        }
        assert_eq!(of("{}"), (None, 0));
        assert_eq!(of("null"), (None, 0));
        assert_eq!(of("7"), (None, 1));
    }
}
