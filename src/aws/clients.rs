//! The only place where SDK clients are built: one for each service in the whole process. Account
//! and Region change per call.

use std::{future::Future, time::Duration};

use aws_config::{BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::{
    identity::SharedIdentityCache, orchestrator::HttpResponse, result::SdkError,
    stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::{
    error::metadata::ProvideErrorMetadata, retry::RetryConfig, timeout::TimeoutConfig,
};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{
    classify::classify,
    config::Config,
    error::AwsError,
    metrics::Metrics,
    operation::{Identity, Operation},
    skew::Skew,
    via::Via,
};
use crate::domain::Region;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From sending to the last byte of the answer, so that a trickling answer ends, too.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Attempts of the SDK for STS, Organizations and EC2.
const ATTEMPTS: u32 = 3;

/// The clients, and what every call has in common.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) organizations: aws_sdk_organizations::Client,
    ec2: aws_sdk_ec2::Client,
    securityhub: aws_sdk_securityhub::Client,
    /// A session is kept in our own cache, so the SDK must not keep it again: by default each call
    /// with other credentials builds a cache of its own.
    no_cache: SharedIdentityCache,
    metrics: Metrics,
}

impl Clients {
    pub(super) async fn new(config: &Config, metrics: Metrics, skew: &Skew) -> Self {
        let mut shared = shared_config(config).await;
        if let Some(arn) = &config.role.via {
            let own = aws_sdk_sts::Client::new(&shared);
            let via = Via::new(own, &config.role, arn, metrics.clone());
            shared = shared
                .into_builder()
                .credentials_provider(SharedCredentialsProvider::new(via))
                .build();
        }
        // A request for findings is paid for from its scope's budget, and the SDK's retry quota is
        // shared by all scopes, so the SDK must not repeat one. The pipeline asks again.
        let securityhub = aws_sdk_securityhub::config::Builder::from(&shared)
            .retry_config(RetryConfig::disabled())
            .interceptor(skew.clone())
            .build();
        let sts = aws_sdk_sts::config::Builder::from(&shared).interceptor(skew.clone());
        Self {
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            organizations: aws_sdk_organizations::Client::new(&shared),
            ec2: aws_sdk_ec2::Client::new(&shared),
            securityhub: aws_sdk_securityhub::Client::from_conf(securityhub),
            no_cache: IdentityCache::no_cache(),
            metrics,
        }
    }

    /// Makes one call: times it, counts it, and says what a failure means.
    pub(super) async fn ask<T, E>(
        &self,
        operation: Operation,
        identity: Identity,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let started = Instant::now();
        let outcome = call
            .await
            .map_err(|error| classify(operation, identity, &error));
        self.metrics.asked(operation, started.elapsed(), &outcome);
        outcome
    }

    /// EC2, asked with our own credentials.
    pub(super) fn ec2(&self) -> &aws_sdk_ec2::Client {
        &self.ec2
    }

    /// What makes a call to EC2 one with an account's session.
    pub(super) fn ec2_as(
        &self,
        credentials: &SharedCredentialsProvider,
    ) -> aws_sdk_ec2::config::Builder {
        let mut call = aws_sdk_ec2::config::Builder::default();
        call.set_credentials_provider(Some(credentials.clone()));
        call.set_identity_cache(self.no_cache.clone());
        call
    }

    /// Security Hub, asked with our own credentials; see [`Clients::securityhub_as`].
    pub(super) fn securityhub(&self) -> &aws_sdk_securityhub::Client {
        &self.securityhub
    }

    /// What makes a call to Security Hub one with an account's session in a Region.
    pub(super) fn securityhub_as(
        &self,
        credentials: &SharedCredentialsProvider,
        region: &Region,
    ) -> aws_sdk_securityhub::config::Builder {
        let mut call = aws_sdk_securityhub::config::Builder::default();
        call.set_credentials_provider(Some(credentials.clone()));
        call.set_identity_cache(self.no_cache.clone());
        call.set_region(Some(SdkRegion::new(region.as_str().to_owned())));
        call
    }
}

async fn shared_config(config: &Config) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(SdkRegion::new(config.region.as_str().to_owned()))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts)
        // The time-out of an attempt ends what stalls; a second watch costs and says nothing more.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(url) = &config.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(keys) = &config.keys {
        loader = loader.credentials_provider(Credentials::new(
            keys.access_key_id.as_str(),
            keys.secret_access_key.expose_secret(),
            None,
            None,
            "hubwatch",
        ));
    }
    loader.load().await
}
