//! Which issues are one incident.

use crate::domain::{AccountId, Digest, Region, decision::Assessment};

use super::resource::Canonical;

/// What the issues of one incident share. No group reaches beyond one account: its people are those
/// who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupBy {
    /// The resource.
    Resource,
    /// Everything: each issue is an incident.
    Issue,
    /// The problem, on any resource of the account.
    Control,
    /// The account.
    Account,
}

impl GroupBy {
    pub(super) const ALL: [Self; 4] = [Self::Resource, Self::Issue, Self::Control, Self::Account];

    /// The word in settings, and in fingerprints: a word that changes makes new incidents.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Issue => "issue",
            Self::Control => "control",
            Self::Account => "account",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }

    /// The fingerprint of an issue's group on a route.
    pub(super) fn digest(self, route: &str, issue: &Assessment) -> Digest {
        let identity = &issue.identity;
        let account = identity.account.as_str();
        let region = identity.region.as_ref().map_or("", Region::as_str);
        let by = self.as_str();
        match self {
            Self::Resource => Digest::of(&[route, by, account, region, &identity.resource]),
            Self::Issue => Digest::of(&[route, by, &identity.key().to_string()]),
            Self::Control => Digest::of(&[route, by, account, &identity.problem]),
            Self::Account => Digest::of(&[route, by, account]),
        }
    }

    /// Where an incident of this issue's group is. It must not depend on which issue came first, so
    /// a group of several resources is placed at the account.
    pub(super) fn place(self, issue: &Assessment) -> Place {
        let identity = &issue.identity;
        let resource = match self {
            Self::Resource | Self::Issue => Canonical {
                kind: identity.resource_kind.clone(),
                id: identity.resource.clone(),
                region: identity.region.clone(),
            },
            Self::Control | Self::Account => Canonical::account(identity.account.as_str()),
        };
        Place {
            account: identity.account.clone(),
            resource,
        }
    }
}

/// Where an incident is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) resource: Canonical,
}
