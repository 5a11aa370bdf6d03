//! Who may call: the long-lived key of the management account, and sessions of assumed roles.

use std::{collections::HashMap, sync::RwLock};

use super::{
    clock::Nanos,
    locks::{read, write},
    random,
};

const KEY_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+";
const TOKEN_LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Expired sessions are swept out once so many are held; until then they answer `ExpiredToken`.
const SWEEP_ABOVE: usize = 50_000;

/// What an assumed role may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    /// Read everything, and update findings.
    Reader,
    /// Change security groups as well.
    Remediator,
}

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// Position of the account in the organization.
    pub(super) account: usize,
    pub(super) arn: String,
    pub(super) user_id: String,
    pub(super) power: Power,
    /// Whether this is already an assumed role: chained sessions last an hour at most.
    pub(super) assumed: bool,
}

/// Keys given out for a session.
#[derive(Debug, Clone)]
pub(super) struct SessionKeys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: String,
}

#[derive(Debug)]
struct Session {
    keys: SessionKeys,
    caller: Caller,
    expires: Nanos,
}

/// What a key stands for.
#[derive(Debug)]
pub(super) enum Found {
    /// A key that is good for signing with this secret.
    Good { secret: String, caller: Caller },
    /// A session that ran out or was revoked.
    Expired,
    /// A known key with another session token, or with none.
    WrongToken,
    /// No such key.
    Unknown,
}

/// Every key that was ever given out.
#[derive(Debug)]
pub(super) struct Keychain {
    seed: u64,
    access_key_id: String,
    secret_access_key: String,
    user: Caller,
    issued: RwLock<Issued>,
}

#[derive(Debug, Default)]
struct Issued {
    count: u64,
    sessions: HashMap<String, Session>,
}

impl Keychain {
    pub(super) fn new(seed: u64, user: Caller) -> Self {
        let mut rng = random::generator(&[seed, 0x4e15]);
        Self {
            seed,
            access_key_id: format!("AKIA{}", random::letters(&mut rng, KEY_LETTERS, 16)),
            secret_access_key: random::letters(&mut rng, SECRET_LETTERS, 40),
            user,
            issued: RwLock::default(),
        }
    }

    pub(super) fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    pub(super) fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// Gives out keys for a caller until `expires`.
    pub(super) fn issue(&self, caller: Caller, now: Nanos, expires: Nanos) -> SessionKeys {
        let mut issued = write(&self.issued);
        issued.count += 1;
        let mut rng = random::generator(&[self.seed, 0x5e55, issued.count]);
        let keys = SessionKeys {
            access_key_id: format!("ASIA{}", random::letters(&mut rng, KEY_LETTERS, 16)),
            secret_access_key: random::letters(&mut rng, SECRET_LETTERS, 40),
            session_token: format!(
                "IQoJb3JpZ2lu{}==",
                random::letters(&mut rng, TOKEN_LETTERS, 260)
            ),
        };
        if issued.sessions.len() > SWEEP_ABOVE {
            issued.sessions.retain(|_, session| session.expires > now);
        }
        let session = Session {
            keys: keys.clone(),
            caller,
            expires,
        };
        issued.sessions.insert(keys.access_key_id.clone(), session);
        keys
    }

    /// Looks a key up, with the session token that came with it.
    pub(super) fn find(&self, access_key_id: &str, token: Option<&str>, now: Nanos) -> Found {
        if access_key_id == self.access_key_id {
            return match token {
                None => Found::Good {
                    secret: self.secret_access_key.clone(),
                    caller: self.user.clone(),
                },
                Some(_) => Found::WrongToken,
            };
        }
        let issued = read(&self.issued);
        match issued.sessions.get(access_key_id) {
            None => Found::Unknown,
            Some(session) if Some(session.keys.session_token.as_str()) != token => {
                Found::WrongToken
            }
            Some(session) if session.expires <= now => Found::Expired,
            Some(session) => Found::Good {
                secret: session.keys.secret_access_key.clone(),
                caller: session.caller.clone(),
            },
        }
    }

    /// Position of the account that a key was given out for, whether the key is still good or not.
    pub(super) fn account_of(&self, access_key_id: &str) -> Option<usize> {
        if access_key_id == self.access_key_id {
            return Some(self.user.account);
        }
        let issued = read(&self.issued);
        let session = issued.sessions.get(access_key_id);
        session.map(|session| session.caller.account)
    }

    /// Ends every session at once; says how many were still good.
    pub(super) fn revoke_all(&self, now: Nanos) -> usize {
        let mut issued = write(&self.issued);
        let mut ended = 0;
        for session in issued
            .sessions
            .values_mut()
            .filter(|session| session.expires > now)
        {
            session.expires = now;
            ended += 1;
        }
        ended
    }
}
