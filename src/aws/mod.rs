//! AWS: accounts, Regions, sessions, and pages of findings.
//!
//! Knows how to ask AWS: endpoints, signatures, roles, request budgets, and what each refusal means.
//! Does not know what a finding says, what is stored, or when and what to ask next.

mod bounds;
mod budget;
mod classify;
mod clients;
mod config;
mod credentials;
mod discovery;
mod each;
mod error;
mod fetch;
mod list;
mod members;
mod metrics;
mod operation;
mod organization;
mod permissions;
#[cfg(test)]
mod pretend;
mod raw_body;
mod roll;
mod selection;
mod settings;
mod sight;
mod skew;
mod tag_book;
#[cfg(test)]
mod tests;
mod validate;
mod via;

use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};

pub use config::{Config, Pace};
pub use discovery::RegionState;
pub use each::for_each;
pub use error::AwsError;
pub use fetch::FINDINGS_PAGE;
pub use operation::{Identity, Operation};
pub use permissions::{Addition, Remedy};
pub use roll::{Roll, Wanted};
pub use settings::{
    AccountSelection, AccountsSection, AwsSection, ListedAccount, RegionsSection, RoleSection,
    Settings, TagValues,
};
pub use sight::Aggregation;

use crate::domain::{AccountId, Clock, Timestamp};
use bounds::Room;
use budget::Budgets;
use clients::Clients;
use credentials::{Session, Sessions};
use metrics::Metrics;
use skew::Skew;
use tag_book::TagBook;

/// AWS, as seen with one set of credentials in one partition. Share it in an `Arc`.
#[derive(Debug)]
pub struct Aws {
    config: Arc<Config>,
    clients: Arc<Clients>,
    sessions: Sessions,
    budgets: Budgets,
    in_flight: Semaphore,
    room: Room,
    skew: Skew,
    tags: Mutex<TagBook>,
}

/// Who we are to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Our own account.
    pub account: AccountId,
    /// Our own user, role or session.
    pub arn: String,
}

impl Aws {
    /// Builds the clients. Asks AWS nothing; see [`Aws::caller`] for whether the credentials work.
    ///
    /// # Errors
    /// [`AwsError::Setup`] if the registry already holds this room's metrics.
    pub async fn connect(
        config: Config,
        clock: Clock,
        registry: &prometheus::Registry,
    ) -> Result<Self, AwsError> {
        let metrics = Metrics::new(registry).map_err(|error| AwsError::Setup {
            reason: error.to_string(),
        })?;
        let config = Arc::new(config);
        let skew = Skew::new(clock.clone(), metrics.clock_ahead.clone());
        let clients = Arc::new(Clients::new(&config, metrics, &skew).await);
        Ok(Self {
            sessions: Sessions::new(Arc::clone(&config), Arc::clone(&clients), clock),
            budgets: Budgets::new(config.pace),
            in_flight: Semaphore::new(config.in_flight),
            room: Room::new(),
            skew,
            tags: Mutex::default(),
            clients,
            config,
        })
    }

    /// Who we are, asked with our own credentials.
    ///
    /// # Errors
    /// [`AwsError::BadCredentials`] if there are none or they do not work.
    pub async fn caller(&self) -> Result<Caller, AwsError> {
        let request = self.clients.sts.get_caller_identity();
        let answer = self
            .clients
            .ask(Operation::CallerIdentity, Identity::Own, request.send())
            .await?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Caller {
                account: AccountId::new(account),
                arn,
            }),
            _ => Err(AwsError::Malformed {
                operation: Operation::CallerIdentity,
                reason: "it names no account".to_owned(),
            }),
        }
    }

    /// A time of ours as AWS's clock has it, if ours is ahead by what its last answer said; the same
    /// otherwise. A window that ends then never covers times that AWS has yet to reach.
    #[must_use]
    pub fn not_ahead(&self, ours: Timestamp) -> Timestamp {
        self.skew.not_ahead(ours)
    }

    /// Asks AWS for the time, unless some answer has told it. Windows that are pinned before that
    /// are pinned by our own clock.
    pub async fn hear_the_time(&self) {
        if !self.skew.is_known() {
            // A refusal tells the time as well, and whatever is wrong is met again soon.
            drop(self.caller().await);
        }
    }

    /// What an answer says about the session that asked.
    async fn learn_about<T>(
        &self,
        account: &AccountId,
        session: &Arc<Session>,
        answer: &Result<T, AwsError>,
    ) {
        match answer {
            Err(AwsError::ExpiredSession) => self.sessions.forget(account, session).await,
            Err(AwsError::RegionDisabled) if session.is_doubtful() => {
                self.sessions.forget(account, session).await;
            }
            // AWS looked beyond the credentials.
            Ok(_) | Err(AwsError::Denied { .. } | AwsError::NotSubscribed) => session.accept(),
            Err(_) => {}
        }
    }
}
