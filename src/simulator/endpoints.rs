//! Where everything listens, and the keys to it.

use serde::Serialize;

use super::wire;

/// Everything a client needs. Serialized, it is the one line that `hubwatch simulate` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// One endpoint for STS, Organizations, EC2 and Security Hub, in every Region.
    pub aws_endpoint_url: String,
    /// The Region that is home to Organizations and to the finding aggregator.
    pub region: String,
    /// Long-lived key of a user in the management account.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The role that every account but the odd one has.
    pub role_name: String,
    /// A role that may change security groups as well.
    pub remediation_role_name: String,
    /// What both roles insist on.
    pub external_id: String,
    /// Identifier of the organization.
    pub organization_id: String,
    /// Where the key lives.
    pub management_account_id: String,
    /// The delegated Security Hub administrator, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator_account_id: Option<String>,
    /// The control API.
    pub control_url: String,
}

impl Endpoints {
    /// Shell exports: what the AWS tools read, and each field as `HUBWATCH_SIMULATOR_…`.
    #[must_use]
    pub fn to_env(&self) -> String {
        let mut lines = vec![
            export("AWS_ENDPOINT_URL", &self.aws_endpoint_url),
            export("AWS_ACCESS_KEY_ID", &self.access_key_id),
            export("AWS_SECRET_ACCESS_KEY", &self.secret_access_key),
            export("AWS_DEFAULT_REGION", &self.region),
            export("AWS_REGION", &self.region),
        ];
        if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(self) {
            for (name, value) in fields {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                let name = format!("HUBWATCH_SIMULATOR_{}", name.to_ascii_uppercase());
                lines.push(export(&name, &text));
            }
        }
        lines.join("\n") + "\n"
    }
}

fn export(name: &str, value: &str) -> String {
    format!("export {name}={}", wire::shell_quoted(value))
}
