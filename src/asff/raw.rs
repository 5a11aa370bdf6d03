//! The wire shape, as borrowed slices of the raw text.
//!
//! One pass over the text finds every field we read. Fields of their own are slices that are read
//! later, and objects within say by themselves whether they are objects, so that a field of the
//! wrong type spoils itself only. What is not listed here is skipped, not lost: the raw finding is
//! kept whole.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::names::Names;

/// A field as it was written; `None` when it is absent or `null`.
pub(super) type Field<'a> = Option<&'a RawValue>;

/// A field that should be an object or a list.
#[derive(Default)]
pub(super) enum Nested<T> {
    /// It is absent or `null`.
    #[default]
    Absent,
    /// It is what it should be.
    Given(T),
    /// It is something else.
    Odd,
}

/// A field that should be a list of objects; any of them may be something else.
#[derive(Default)]
pub(super) struct List<T>(pub(super) Nested<Vec<Nested<T>>>);

/// Declares a JSON object of borrowed fields, spelled the way AWS does. Fields without a type are
/// slices.
macro_rules! wire {
    (@type $lt:lifetime) => { Field<$lt> };
    (@type $lt:lifetime $ty:ty) => { $ty };
    ($(#[$meta:meta])* $name:ident<$lt:lifetime> {
        $($(#[$fmeta:meta])* $field:ident $(: $ty:ty)?),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "PascalCase", default)]
        pub(super) struct $name<$lt> {
            $(#[serde(borrow)] $(#[$fmeta])* pub(super) $field: wire!(@type $lt $($ty)?),)+
        }
    };
}

wire! {
    /// The top level of a finding.
    RawFinding<'a> {
        aws_account_id,
        aws_account_name,
        compliance: Nested<RawCompliance<'a>>,
        created_at,
        description,
        finding_provider_fields: Nested<RawProviderFields<'a>>,
        first_observed_at,
        generator_id,
        id,
        last_observed_at,
        network: Nested<RawNetwork<'a>>,
        network_path: List<RawPathComponent<'a>>,
        processed_at,
        product_arn,
        product_fields: Nested<RawProductFields<'a>>,
        product_name,
        record_state,
        region,
        remediation: Nested<RawRemediation<'a>>,
        resources: List<RawResource<'a>>,
        sample,
        severity: Nested<RawSeverity<'a>>,
        title,
        types,
        updated_at,
        vulnerabilities: List<RawVulnerability<'a>>,
        workflow: Nested<RawWorkflow<'a>>,
        workflow_state,
    }
}
wire! { RawCompliance<'a> { status, security_control_id } }
wire! { RawAccessKey<'a> { principal_name, principal_type, user_name } }
wire! { RawNetwork<'a> { open_port_range: Nested<RawPortRange<'a>>, protocol } }
wire! {
    /// `Resources.Details.Other`, of which only Access Analyzer's is read.
    RawOther<'a> {
        #[serde(rename = "External Principal")]
        external_principal,
    }
}
wire! { RawPathComponent<'a> { component_id } }
wire! { RawPortRange<'a> { begin, end } }
wire! { RawProviderFields<'a> { severity: Nested<RawSeverity<'a>>, types } }
wire! { RawRecommendation<'a> { text, url } }
wire! { RawRemediation<'a> { recommendation: Nested<RawRecommendation<'a>> } }
wire! { RawResource<'a> { r#type, id, tags, details: Nested<RawDetails<'a>> } }
wire! { RawSeverity<'a> { label, normalized, original, product } }
wire! { RawVulnerability<'a> { exploit_available, id } }
wire! { RawWorkflow<'a> { status } }
wire! {
    /// The pairs of `ProductFields` that decide something.
    RawProductFields<'a> {
        control_id,
        resource_owner_account,
        rule_id,
        standards_arn,
        standards_control_arn,
        standards_guide_arn,
        #[serde(rename = "attributes/ACL")]
        acl,
        #[serde(rename = "attributes/ENI")]
        interface,
        #[serde(rename = "attributes/IGW")]
        gateway,
        #[serde(rename = "attributes/INSTANCE_ID")]
        instance,
        #[serde(rename = "ArchivalReasons:0/ReasonCode")]
        archival_reason,
        #[serde(rename = "attributes/PORT")]
        port,
        #[serde(rename = "attributes/PROTOCOL")]
        protocol,
        #[serde(rename = "attributes/REACHABILITY_TYPE")]
        reachability,
        #[serde(rename = "attributes/SECURITY_GROUP")]
        security_group,
        #[serde(rename = "attributes/VPC")]
        vpc,
        #[serde(rename = "aws/inspector/instanceId")]
        inspected_instance,
        #[serde(rename = "aws/config/ConfigRuleName")]
        config_rule_name,
        #[serde(rename = "aws/securityhub/ProductName")]
        product_name,
        #[serde(rename = "aws/securityhub/SeverityLabel")]
        severity_label,
    }
}
wire! {
    /// The top-level fields that move when a provider only says "still so".
    RawStamps<'a> { created_at, updated_at, first_observed_at, last_observed_at, processed_at }
}

/// `Resources.Details`: what they say of an access key, and the names of other resources anywhere in
/// them.
#[derive(Default)]
pub(super) struct RawDetails<'a> {
    pub(super) aws_iam_access_key: Nested<RawAccessKey<'a>>,
    pub(super) other: Nested<RawOther<'a>>,
    pub(super) names: Names<'a>,
}

impl<'a> RawFinding<'a> {
    /// Those of its fields.
    pub(super) fn stamps(&self) -> RawStamps<'a> {
        RawStamps {
            created_at: self.created_at,
            updated_at: self.updated_at,
            first_observed_at: self.first_observed_at,
            last_observed_at: self.last_observed_at,
            processed_at: self.processed_at,
        }
    }

    /// The types as the provider wrote them. Analysts can change `Types`, and not these.
    pub(super) fn provider_types(&self) -> Field<'a> {
        match &self.finding_provider_fields {
            Nested::Given(fields) => fields.types,
            Nested::Absent | Nested::Odd => None,
        }
    }
}

/// `T` read from a JSON object and from nothing else. Derived structs would also take an array,
/// by position.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData)).map(Object)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NestedVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListVisitor(PhantomData)).map(List)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawDetails<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(DetailsVisitor)
    }
}

/// A key of `Resources.Details`.
#[derive(Deserialize)]
#[serde(field_identifier)]
enum DetailsKey {
    AwsIamAccessKey,
    Other,
    #[serde(other)]
    OfAnotherKind,
}

struct DetailsVisitor;

impl<'de> Visitor<'de> for DetailsVisitor {
    type Value = RawDetails<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut details = RawDetails::default();
        while let Some(key) = map.next_key()? {
            match key {
                DetailsKey::AwsIamAccessKey => details.aws_iam_access_key = map.next_value()?,
                DetailsKey::Other => details.other = map.next_value()?,
                DetailsKey::OfAnotherKind => map.next_value_seed(&mut details.names)?,
            }
        }
        Ok(details)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);
struct NestedVisitor<T>(PhantomData<T>);
struct ListVisitor<T>(PhantomData<T>);

/// What is neither an object nor a list is odd, wherever one of them should be.
macro_rules! scalars_are_odd {
    () => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Nested::Absent)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Nested::Odd)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Nested::Odd)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Nested::Odd)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Nested::Odd)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Nested::Odd)
        }
    };
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for NestedVisitor<T> {
    type Value = Nested<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything, an object at best")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Nested::Given)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Nested::Odd)
    }

    scalars_are_odd!();
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Nested<Vec<Nested<T>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything, a list of objects at best")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::with_capacity(1);
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Nested::Given(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Nested::Odd)
    }

    scalars_are_odd!();
}
