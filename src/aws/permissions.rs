//! The IAM statements that hubwatch needs, and which of them a refusal asks for.
//! `docs/permissions.md` shows all of them; a test compares.

use serde_json::{Value, json};

use super::{
    Aws, Caller,
    config::Config,
    error::AwsError,
    operation::{Identity, Operation},
};

/// Stands for the external id, which is a secret.
const EXTERNAL_ID: &str = "the text of aws.role.external_id_file";

/// What to do about an error, the same words for every account that meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What is wrong and what to do.
    pub advice: String,
    /// The statements that would have allowed it, where statements can.
    pub additions: Vec<Addition>,
}

/// A statement, and the policy that it belongs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The policy, in words.
    pub to: String,
    /// The statement.
    pub statement: Value,
}

impl Aws {
    /// What to do about an error. Names no account, so that all who meet it can be told together.
    #[must_use]
    pub fn remedy(&self, error: &AwsError, caller: &Caller) -> Remedy {
        let role = &self.config.role.name;
        match error {
            AwsError::RoleMissing { .. } => Remedy {
                advice: format!(
                    "the role {role} cannot be assumed: it does not exist, or does not trust \
                     hubwatch, or hubwatch may not assume it, or aws.role.external_id_file holds \
                     another external id; AWS does not say which"
                ),
                additions: vec![
                    Addition {
                        to: format!("the trust policy of the role {role} in these accounts"),
                        statement: trust(&self.config, &principal(&caller.arn)),
                    },
                    own(assume(&self.config)),
                ],
            },
            AwsError::Denied {
                operation,
                identity,
                said,
            } => Remedy {
                advice: error.advice(),
                additions: if can_be_allowed(said) {
                    vec![match identity {
                        Identity::Own => own(allow(*operation)),
                        Identity::Role => Addition {
                            to: format!(
                                "the permissions policy of the role {role} in these accounts"
                            ),
                            statement: allow(*operation),
                        },
                    }]
                } else {
                    Vec::new()
                },
            },
            AwsError::Throttled { .. }
            | AwsError::NotSubscribed
            | AwsError::RegionDisabled
            | AwsError::ExpiredSession
            | AwsError::StaleToken
            | AwsError::BadCredentials { .. }
            | AwsError::ClockSkew { .. }
            | AwsError::Refused { .. }
            | AwsError::Unreachable { .. }
            | AwsError::Malformed { .. }
            | AwsError::Selection { .. }
            | AwsError::Setup { .. } => Remedy {
                advice: error.to_string(),
                additions: Vec::new(),
            },
        }
    }
}

/// An explicit denial is not lifted by a statement that allows, nor is Security Hub's own refusal.
fn can_be_allowed(said: &str) -> bool {
    !said.contains("explicit deny") && !said.starts_with("InvalidAccessException")
}

fn own(statement: Value) -> Addition {
    Addition {
        to: "the policy of hubwatch's own identity".to_owned(),
        statement,
    }
}

fn allow(operation: Operation) -> Value {
    json!({ "Effect": "Allow", "Action": operation.to_string(), "Resource": "*" })
}

/// Lets hubwatch become the role in every account.
fn assume(config: &Config) -> Value {
    json!({
        "Effect": "Allow",
        "Action": session_actions(config),
        "Resource": format!("arn:{}:iam::*:role/{}", config.partition, config.role.name),
    })
}

/// Lets hubwatch's identity become the role that has this trust policy.
fn trust(config: &Config, principal: &str) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Principal": { "AWS": principal },
        "Action": session_actions(config),
    });
    if config.role.external_id.is_some()
        && let Some(fields) = statement.as_object_mut()
    {
        let condition = json!({ "StringEquals": { "sts:ExternalId": EXTERNAL_ID } });
        fields.insert("Condition".to_owned(), condition);
    }
    statement
}

/// STS wants a permission for each thing that a session carries.
fn session_actions(config: &Config) -> Value {
    let mut actions = vec![Operation::AssumeRole.to_string()];
    if !config.role.session_tags.is_empty() {
        actions.push("sts:TagSession".to_owned());
    }
    if config.role.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity".to_owned());
    }
    match actions.as_slice() {
        [one] => json!(one),
        all => json!(all),
    }
}

/// What a trust policy calls a caller: a session, `arn:…:sts::ACCOUNT:assumed-role/NAME/SESSION`, is
/// trusted as its role. A path of the role's is not in there and has to be added by hand.
fn principal(arn: &str) -> String {
    let role = arn.split_once(":assumed-role/").and_then(|(head, tail)| {
        let (name, _) = tail.split_once('/')?;
        Some(format!(
            "{}:role/{name}",
            head.replacen(":sts:", ":iam:", 1)
        ))
    });
    role.unwrap_or_else(|| arn.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Settings;

    const DOCS: &str = include_str!("../../docs/permissions.md");

    /// All statements of the JSON that the page shows.
    fn documented() -> Vec<Value> {
        let blocks = DOCS.split("```json\n").skip(1);
        let blocks = blocks.map(|block| block.split("```").next().unwrap());
        blocks
            .flat_map(|block| {
                let policy: Value = serde_json::from_str(block).unwrap();
                policy["Statement"].as_array().unwrap().clone()
            })
            .collect()
    }

    fn config(role: &str) -> Config {
        use figment::providers::{Format as _, Toml};
        let text = format!("[aws.role]\nexternal_id_file = \"x\"\n{role}");
        let settings: Settings = figment::Figment::from(Toml::string(&text))
            .extract()
            .unwrap();
        settings.validate(&|_| Ok("external".into())).unwrap()
    }

    #[test]
    fn the_page_shows_every_action_that_we_ask_for() {
        let all = serde_json::to_string(&documented()).unwrap();
        for operation in Operation::ALL {
            // Everybody may ask who they are.
            let needless = operation == Operation::CallerIdentity;
            assert_eq!(
                all.contains(&operation.to_string()),
                !needless,
                "{operation}"
            );
        }
    }

    #[test]
    fn the_page_shows_the_statements_that_a_refusal_names() {
        let documented = documented();
        let config = config("");
        let mut trust = trust(&config, "arn:aws:iam::111122223333:role/hubwatch");
        trust["Condition"]["StringEquals"]["sts:ExternalId"] = "EXTERNAL-ID".into();
        assert!(documented.contains(&trust), "{trust}");
        assert!(documented.contains(&assume(&config)));
        for statement in &documented {
            assert_eq!(statement["Effect"], "Allow");
        }
    }

    #[test]
    fn what_sessions_carry_needs_permissions_of_its_own() {
        let config = config("session_tags = { a = \"b\" }\nsource_identity = \"me\"");
        let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
        assert_eq!(assume(&config)["Action"], json!(actions));
    }

    #[test]
    fn a_session_is_trusted_as_its_role() {
        assert_eq!(
            principal("arn:aws:sts::111122223333:assumed-role/hub/i-1"),
            "arn:aws:iam::111122223333:role/hub"
        );
        let user = "arn:aws:iam::111122223333:user/me";
        assert_eq!(principal(user), user);
    }
}
