//! The things that a finding is about, and those that it names beside them.

use crate::domain::{Resource, finding::Principal};

use super::{
    field::Reader,
    names::Names,
    raw::{Field, List, Nested, RawAccessKey, RawOther, RawProductFields, RawResource},
};

/// What stands beside the resources of a finding.
#[derive(Default)]
pub(super) struct Beside<'a> {
    /// Names of other resources.
    pub(super) names: Names<'a>,
    /// Whether Access Analyzer says that anyone has access. It names the principal as policies do (IAM
    /// user guide, "Integrate IAM Access Analyzer with AWS Security Hub").
    pub(super) open_to_anyone: bool,
}

/// Reads `Resources`, and collects what stands in their details.
pub(super) fn resources<'a>(
    reader: &mut Reader,
    list: List<RawResource<'a>>,
    beside: &mut Beside<'a>,
) -> Vec<Resource> {
    if matches!(list, List(Nested::Absent)) {
        reader.note("Resources is missing");
    }
    reader
        .objects("Resources", list)
        .into_iter()
        .map(|raw| {
            let details = reader.object("Resources.Details", raw.details);
            for name in details.names.0 {
                beside.names.add(name);
            }
            beside.open_to_anyone |= is_open_to_anyone(reader, details.other);
            Resource {
                kind: reader.required_text("Resources.Type", raw.r#type),
                id: reader.required_text("Resources.Id", raw.id),
                tags: reader.pairs("Resources.Tags", raw.tags),
                principal: principal(reader, details.aws_iam_access_key),
            }
        })
        .collect()
}

fn is_open_to_anyone(reader: &mut Reader, other: Nested<RawOther<'_>>) -> bool {
    let other = reader.object("Resources.Details.Other", other);
    let principal = reader.text("Details.Other External Principal", other.external_principal);
    principal.is_some_and(|principal| principal.trim() == "*")
}

/// Collects the names that Inspector writes into `ProductFields`: Inspector Classic those of the whole
/// way that the network takes (Inspector user guide, 2019, "Integrating with Security Hub").
pub(super) fn named_by_product<'a>(
    reader: &mut Reader,
    fields: &RawProductFields<'a>,
    names: &mut Names<'a>,
) {
    let named: [(&str, Field<'a>); 7] = [
        ("ACL", fields.acl),
        ("ENI", fields.interface),
        ("IGW", fields.gateway),
        ("INSTANCE_ID", fields.instance),
        ("SECURITY_GROUP", fields.security_group),
        ("VPC", fields.vpc),
        ("instanceId", fields.inspected_instance),
    ];
    for (name, field) in named {
        if field.is_some()
            && let Some(text) = reader.text(&format!("ProductFields {name}"), field)
        {
            names.add(text);
        }
    }
}

/// Whom an access key acts for. Findings before 2019 say a `UserName` and no more.
fn principal(reader: &mut Reader, key: Nested<RawAccessKey<'_>>) -> Option<Principal> {
    let key = reader.object("Resources.Details.AwsIamAccessKey", key);
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
        let details = reader.object("Resources.Details", raw.details);
        let principal = principal(&mut reader, details.aws_iam_access_key);
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
