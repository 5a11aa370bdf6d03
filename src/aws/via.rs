//! The role that is assumed first, where the configuration names one: everything else is asked as it.

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use secrecy::ExposeSecret;

use super::{
    classify::classify,
    config::Role,
    error::AwsError,
    metrics::Metrics,
    operation::{Identity, Operation},
};

/// Gives the SDK sessions of the role; the SDK keeps each until shortly before it ends.
#[derive(Debug)]
pub(super) struct Via {
    sts: aws_sdk_sts::Client,
    role: Role,
    arn: String,
    metrics: Metrics,
}

impl Via {
    /// `sts` asks with the credentials that hubwatch was started with.
    pub(super) fn new(sts: aws_sdk_sts::Client, role: &Role, arn: &str, metrics: Metrics) -> Self {
        Self {
            sts,
            role: role.clone(),
            arn: arn.to_owned(),
            metrics,
        }
    }

    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        let external_id = self.role.external_id.as_ref();
        let request = self
            .sts
            .assume_role()
            .role_arn(&self.arn)
            .role_session_name(&self.role.session_name)
            .duration_seconds(self.role.duration_secs())
            .set_external_id(external_id.map(|id| id.expose_secret().to_owned()))
            .set_source_identity(self.role.source_identity.clone());
        let begun = tokio::time::Instant::now();
        let answer = request
            .send()
            .await
            .map_err(|error| classify(Operation::AssumeRole, Identity::Own, &error));
        self.metrics
            .asked(Operation::AssumeRole, begun.elapsed(), &answer);
        let keys = answer
            .map_err(|error| self.refused(&error))?
            .credentials
            .ok_or_else(|| CredentialsError::provider_error("no credentials in the answer"))?;
        let ends = std::time::SystemTime::try_from(keys.expiration)
            .map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            Some(ends),
            "hubwatch",
        ))
    }

    fn refused(&self, error: &AwsError) -> CredentialsError {
        // Its advice is about the accounts' roles.
        let said = if let AwsError::RoleMissing { said, .. } = error {
            said.clone()
        } else {
            error.to_string()
        };
        CredentialsError::provider_error(format!("cannot assume aws.role.via {}: {said}", self.arn))
    }
}

impl ProvideCredentials for Via {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
