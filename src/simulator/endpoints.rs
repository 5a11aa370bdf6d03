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
    /// Jira, mail and webhooks.
    #[serde(flatten)]
    pub booth: BoothEndpoints,
}

/// Where tickets, mails and webhooks go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoothEndpoints {
    /// Jira Cloud.
    pub jira_url: String,
    /// Its user.
    pub jira_email: String,
    /// The user's token.
    pub jira_api_token: String,
    /// The project for tickets, on both.
    pub jira_project: String,
    /// Jira Data Center: the same tickets by another dialect.
    pub jira_dc_url: String,
    /// Its personal access token.
    pub jira_pat: String,
    /// SendGrid.
    pub sendgrid_url: String,
    /// Its key.
    pub sendgrid_api_key: String,
    /// Mailgun.
    pub mailgun_url: String,
    /// The domain it sends for.
    pub mailgun_domain: String,
    /// Its key.
    pub mailgun_api_key: String,
    /// Postmark.
    pub postmark_url: String,
    /// Its token.
    pub postmark_server_token: String,
    /// SES v2, which takes signatures of the AWS key above.
    pub ses_url: String,
    /// The mail server.
    pub smtp_host: String,
    /// Its port, without TLS.
    pub smtp_port: u16,
    /// Its user; anybody may send when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_username: Option<String>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_password: Option<String>,
    /// The webhook receiver.
    pub webhook_url: String,
    /// What webhooks are signed with.
    pub webhook_secret: String,
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
