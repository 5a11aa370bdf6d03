//! Sessions of the accounts' roles: assumed once, kept, refreshed early.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_sts::types::Tag;
use secrecy::ExposeSecret;
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

use super::{
    clients::Clients,
    config::{Config, Role},
    error::AwsError,
    operation::{Identity, Operation},
};
use crate::domain::{Account, AccountId, Clock};

/// How many roles are being assumed at once. STS allows 600 requests a second.
const IN_FLIGHT: usize = 16;
/// How long it is remembered that a role cannot be assumed: all Regions of an account ask, and each
/// clock of theirs.
const REFUSAL_LASTS: Duration = Duration::from_secs(60);
/// The same for trouble that passes by itself.
const TROUBLE_LASTS: Duration = Duration::from_secs(5);
/// When a session that is still good could not be refreshed, it is tried again after this.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);
/// A session is used this long, even if our clock and AWS's disagree about its end.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(60);
/// A session that no Region has accepted for so long may have been revoked.
const DOUBT_AFTER: Duration = Duration::from_secs(600);

/// A session of an account's role.
#[derive(Debug)]
pub(super) struct Session {
    credentials: SharedCredentialsProvider,
    begun: Instant,
    lifetime: Duration,
    accepted_secs: AtomicU64,
}

impl Session {
    /// What signs requests.
    pub(super) fn credentials(&self) -> &SharedCredentialsProvider {
        &self.credentials
    }

    /// A Region accepted it.
    pub(super) fn accept(&self) {
        let secs = self.begun.elapsed().as_secs();
        self.accepted_secs.fetch_max(secs, Ordering::Relaxed);
    }

    /// Whether it may be the session that is at fault when a Region does not know it. AWS answers
    /// the same for a Region that is off and for a role that was deleted under its session; if the
    /// latter, no Region accepts it.
    pub(super) fn is_doubtful(&self) -> bool {
        let accepted = Duration::from_secs(self.accepted_secs.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(accepted) > DOUBT_AFTER
    }
}

/// What is known about an account's session.
#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    Session {
        session: Arc<Session>,
        refresh_at: Instant,
    },
    Trouble {
        error: AwsError,
        until: Instant,
    },
}

/// The sessions of all accounts.
#[derive(Debug)]
pub(super) struct Sessions {
    config: Arc<Config>,
    clients: Arc<Clients>,
    clock: Clock,
    accounts: RwLock<HashMap<AccountId, Arc<Mutex<Held>>>>,
    in_flight: Semaphore,
}

impl Sessions {
    pub(super) fn new(config: Arc<Config>, clients: Arc<Clients>, clock: Clock) -> Self {
        Self {
            config,
            clients,
            clock,
            accounts: RwLock::new(HashMap::new()),
            in_flight: Semaphore::new(IN_FLIGHT),
        }
    }

    /// The account's session: the one at hand, or a new one. However many ask at once, the role is
    /// assumed once; a failure is remembered for a minute at most.
    pub(super) async fn of(&self, account: &AccountId) -> Result<Arc<Session>, AwsError> {
        let entry = self.entry(account);
        // Whoever comes first assumes the role; the others wait here and find the outcome.
        let mut held = entry.lock().await;
        if let Some(outcome) = held.outcome(Instant::now()) {
            return outcome;
        }
        let outcome = self.assume(account).await;
        let trouble = outcome.as_ref().err().cloned();
        let answer = held.learn(outcome);
        if let (Some(error), Ok(_)) = (trouble, &answer) {
            // Who asked does not hear of it, so it is said here.
            tracing::warn!(account = %account, error = %error, "cannot refresh the session of {account}; it is used while it lasts");
        }
        answer
    }

    /// Forgets a session that AWS no longer accepts; the next call assumes the role anew. A newer
    /// session than the given one stays.
    pub(super) async fn forget(&self, account: &AccountId, session: &Arc<Session>) {
        let entry = self.entry(account);
        let mut held = entry.lock().await;
        if matches!(&*held, Held::Session { session: kept, .. } if Arc::ptr_eq(kept, session)) {
            *held = Held::Nothing;
        }
    }

    /// Forgets the sessions of all accounts but these, so that those which left cost no memory.
    pub(super) fn keep_only(&self, accounts: &[Account]) {
        let ids: std::collections::HashSet<_> = accounts.iter().map(|a| &a.id).collect();
        self.accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| ids.contains(id));
    }

    fn entry(&self, account: &AccountId) -> Arc<Mutex<Held>> {
        let known = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get(account) {
            return Arc::clone(entry);
        }
        drop(known);
        let mut known = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(account.clone()).or_default())
    }

    async fn assume(&self, account: &AccountId) -> Result<Session, AwsError> {
        // Never closed, so there always is a permit.
        let _permit = self.in_flight.acquire().await.ok();
        let role = &self.config.role;
        let arn = self.config.role_arn(account);
        let request = self
            .clients
            .sts
            .assume_role()
            .role_arn(&arn)
            .role_session_name(&role.session_name)
            .duration_seconds(role.duration_secs())
            .set_tags(session_tags(role))
            // A role on the way has already said who is behind it, and AWS lets nobody say it again.
            .set_source_identity(role.source_identity.clone().filter(|_| role.via.is_none()))
            .set_external_id(
                role.external_id
                    .as_ref()
                    .map(|id| id.expose_secret().to_owned()),
            );
        let begun = Instant::now();
        let answer = self
            .clients
            .ask(Operation::AssumeRole, Identity::Own, request.send())
            .await
            .map_err(|error| name_role(error, arn))?;
        let keys = answer.credentials.ok_or_else(|| AwsError::Malformed {
            operation: Operation::AssumeRole,
            reason: "it holds no credentials".to_owned(),
        })?;
        Ok(Session {
            lifetime: self.lifetime(keys.expiration.secs()),
            credentials: SharedCredentialsProvider::new(Credentials::new(
                keys.access_key_id,
                keys.secret_access_key,
                Some(keys.session_token),
                None,
                "hubwatch",
            )),
            begun,
            accepted_secs: AtomicU64::new(0),
        })
    }

    /// How long to use a session: what AWS says, within what we asked for, because clocks differ.
    fn lifetime(&self, expiration_secs: i64) -> Duration {
        let left = expiration_secs.saturating_sub(self.clock.now().as_second());
        let left = Duration::from_secs(u64::try_from(left).unwrap_or(0));
        left.min(self.config.role.duration).max(SHORTEST_LIFETIME)
    }
}

impl Held {
    /// What to answer without asking AWS; `None` when it must be asked.
    fn outcome(&self, now: Instant) -> Option<Result<Arc<Session>, AwsError>> {
        match self {
            Self::Session {
                session,
                refresh_at,
            } if now < *refresh_at => Some(Ok(Arc::clone(session))),
            Self::Trouble { error, until } if now < *until => Some(Err(error.clone())),
            Self::Session { .. } | Self::Trouble { .. } | Self::Nothing => None,
        }
    }

    /// Takes in what AWS answered, and says what to answer.
    fn learn(&mut self, outcome: Result<Session, AwsError>) -> Result<Arc<Session>, AwsError> {
        let now = Instant::now();
        match outcome {
            Ok(session) => {
                let session = Arc::new(session);
                *self = Self::Session {
                    session: Arc::clone(&session),
                    refresh_at: session.begun + early(session.lifetime),
                };
                Ok(session)
            }
            Err(error) => {
                if let Self::Session {
                    session,
                    refresh_at,
                } = self
                    && now < session.begun + session.lifetime
                {
                    *refresh_at = now + REFRESH_AGAIN;
                    return Ok(Arc::clone(session));
                }
                *self = Self::Trouble {
                    until: now + lasts(&error),
                    error: error.clone(),
                };
                Err(error)
            }
        }
    }
}

/// Between 70 and 90 % of the lifetime, at random: accounts met together are not refreshed together.
fn early(lifetime: Duration) -> Duration {
    lifetime.mul_f64(0.7 + 0.2 * fastrand::f64())
}

fn lasts(error: &AwsError) -> Duration {
    if let AwsError::Throttled { retry_after } = error {
        let asked = retry_after.unwrap_or(TROUBLE_LASTS);
        return asked.clamp(TROUBLE_LASTS, REFUSAL_LASTS);
    }
    // Somebody has to change the role, or the account's choice of Regions.
    let needs_a_person = matches!(
        error,
        AwsError::RoleMissing { .. } | AwsError::Refused { .. } | AwsError::RegionDisabled
    );
    if needs_a_person {
        REFUSAL_LASTS
    } else {
        TROUBLE_LASTS
    }
}

/// `None` when there are none: STS asks for a permission of its own as soon as there is a list.
fn session_tags(role: &Role) -> Option<Vec<Tag>> {
    let tags = role.session_tags.iter().filter_map(|(key, value)| {
        // Fails only without a key or value.
        Tag::builder().key(key).value(value).build().ok()
    });
    (!role.session_tags.is_empty()).then(|| tags.collect())
}

/// Says which role it was: only the caller knows.
fn name_role(mut error: AwsError, arn: String) -> AwsError {
    if let AwsError::RoleMissing { role, .. } = &mut error {
        *role = arn;
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(lifetime_secs: u64) -> Session {
        Session {
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "ASIA", "s", None, None, "test",
            )),
            begun: Instant::now(),
            lifetime: Duration::from_secs(lifetime_secs),
            accepted_secs: AtomicU64::new(0),
        }
    }

    fn missing() -> AwsError {
        AwsError::RoleMissing {
            role: "r".to_owned(),
            said: "s".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_refreshed_before_it_ends_and_kept_while_that_fails() {
        let mut held = Held::default();
        let kept = held.learn(Ok(session(1000))).unwrap();
        tokio::time::advance(Duration::from_secs(699)).await;
        assert!(held.outcome(Instant::now()).is_some());
        tokio::time::advance(Duration::from_secs(202)).await;
        assert!(held.outcome(Instant::now()).is_none(), "due for a refresh");

        let answer = held.learn(Err(missing())).unwrap();
        assert!(Arc::ptr_eq(&answer, &kept));
        assert!(held.outcome(Instant::now()).is_some(), "not tried at once");
        tokio::time::advance(Duration::from_secs(31)).await;
        assert!(held.outcome(Instant::now()).is_none(), "tried again");

        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(held.learn(Err(missing())).unwrap_err(), missing());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_remembered_for_a_minute_and_trouble_for_seconds() {
        for (error, secs) in [(missing(), 60), (AwsError::ClockSkew { aws_time: None }, 5)] {
            let mut held = Held::default();
            held.learn(Err(error)).unwrap_err();
            tokio::time::advance(Duration::from_secs(secs - 1)).await;
            assert!(held.outcome(Instant::now()).is_some());
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(held.outcome(Instant::now()).is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_some_region_accepts_is_not_at_fault() {
        let session = session(3600);
        assert!(!session.is_doubtful(), "STS has just made it");
        tokio::time::advance(Duration::from_secs(601)).await;
        assert!(session.is_doubtful());
        session.accept();
        assert!(!session.is_doubtful());
    }
}
