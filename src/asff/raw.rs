//! The wire shape, as borrowed slices of the raw text.
//!
//! Every field is a slice that is read later, so that one of the wrong type spoils itself only.
//! What is not listed here is skipped, not lost: the raw finding is kept whole.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

/// A field as it was written; `None` when it is absent or `null`.
pub(super) type Field<'a> = Option<&'a RawValue>;

/// Declares a JSON object of borrowed fields, spelled the way AWS does.
macro_rules! wire {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Deserialize, Default)]
        #[serde(rename_all = "PascalCase")]
        pub(super) struct $name<'a> {
            $(#[serde(borrow)] $(#[$fmeta])* pub(super) $field: Field<'a>,)+
        }
    };
}

wire! {
    /// The top level of a finding.
    RawFinding {
        aws_account_id, aws_account_name, compliance, created_at, description,
        finding_provider_fields, first_observed_at, generator_id, id, last_observed_at,
        processed_at, product_arn, product_fields, product_name, record_state, region,
        remediation, resources, sample, severity, title, types, updated_at, vulnerabilities,
        workflow, workflow_state,
    }
}
wire! { RawCompliance { status, security_control_id } }
wire! { RawProviderFields { severity } }
wire! { RawRecommendation { text, url } }
wire! { RawRemediation { recommendation } }
wire! { RawResource { r#type, id, tags } }
wire! { RawSeverity { label, normalized } }
wire! { RawVulnerability { id } }
wire! { RawWorkflow { status } }
wire! {
    /// The pairs of `ProductFields` that decide something.
    RawProductFields {
        control_id,
        rule_id,
        standards_arn,
        standards_control_arn,
        standards_guide_arn,
        #[serde(rename = "aws/securityhub/ProductName")]
        product_name,
        #[serde(rename = "aws/securityhub/SeverityLabel")]
        severity_label,
    }
}
wire! {
    /// The top-level fields that move when a provider only says "still so".
    RawStamps { created_at, updated_at, first_observed_at, last_observed_at, processed_at }
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
}

/// `T` read from a JSON object and from nothing else. Derived structs would also take an array,
/// by position.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        from.deserialize_map(ObjectVisitor(PhantomData))
    }
}
