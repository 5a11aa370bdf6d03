//! The fields that a record is made of, borrowed from the answer where they are written plainly.

use std::borrow::Cow;

use serde::Deserialize;

type Text<'a> = Option<Cow<'a, str>>;

macro_rules! fields {
    ($name:ident { $($field:ident: $ty:ty),+ $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        #[allow(dead_code, reason = "what is scanned is counted, not used")]
        pub(crate) struct $name<'a> { $(#[serde(borrow, default)] pub(crate) $field: $ty),+ }
    };
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) findings: Vec<Finding<'a>>,
    pub(crate) next_token: Option<String>,
}

fields!(Finding {
    id: Text<'a>,
    product_arn: Text<'a>,
    product_name: Text<'a>,
    aws_account_id: Text<'a>,
    region: Text<'a>,
    generator_id: Text<'a>,
    title: Text<'a>,
    record_state: Text<'a>,
    created_at: Text<'a>,
    updated_at: Text<'a>,
    first_observed_at: Text<'a>,
    severity: Option<Severity<'a>>,
    workflow: Option<Workflow<'a>>,
    compliance: Option<Compliance<'a>>,
    resources: Option<Vec<Resource<'a>>>,
    vulnerabilities: Option<Vec<Vulnerability<'a>>>,
});
fields!(Severity { label: Text<'a> });
fields!(Workflow { status: Text<'a> });
fields!(Compliance { status: Text<'a>, security_control_id: Text<'a> });
fields!(Resource { r#type: Text<'a>, id: Text<'a> });
fields!(Vulnerability { id: Text<'a> });
