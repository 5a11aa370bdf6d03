//! Which accounts there are, and which Regions they can use.

use std::collections::HashSet;

use aws_sdk_ec2::operation::describe_regions::DescribeRegionsOutput;
use aws_sdk_organizations::types::{Account as ListedAccount, AccountState, AccountStatus};

use super::{
    Aws,
    config::{AccountSource, RegionSource},
    error::AwsError,
    operation::{Identity, Operation},
};
use crate::domain::{Account, AccountId, Region};

/// The most pages of accounts that are read: 200,000 accounts at 20 a page. A list that never ends
/// must not keep us for ever.
const MOST_PAGES: usize = 10_000;

/// A Region, and whether the account can use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegionState {
    /// Its name.
    pub region: Region,
    /// False if the account has not opted in.
    pub enabled: bool,
}

impl Aws {
    /// The accounts that the configuration selects: the organization's or those it lists.
    ///
    /// Closed and suspended accounts are among them, marked as not active.
    ///
    /// # Errors
    /// If the organization cannot be listed to its end. Half a list is no answer: whoever is
    /// missing from it would be taken for gone.
    pub async fn accounts(&self) -> Result<Vec<Account>, AwsError> {
        let mut accounts = match &self.config.accounts {
            AccountSource::Organization => self.organization().await?,
            AccountSource::List(listed) => listed.clone(),
        };
        accounts.retain(|account| self.config.selects(&account.id));
        self.sessions.keep_only(&accounts);
        Ok(accounts)
    }

    /// The Regions of an account, asked with a session of its role; or those that the
    /// configuration lists for all accounts, which are then taken to be enabled.
    ///
    /// An account's own list, [`Account::regions`], is for the caller to prefer.
    ///
    /// # Errors
    /// If the role cannot be assumed, or may not ask.
    pub async fn regions(&self, account: &AccountId) -> Result<Vec<RegionState>, AwsError> {
        if let Some(listed) = self.listed_regions() {
            return Ok(listed);
        }
        let session = self.sessions.of(account).await?;
        let request = self
            .clients
            .ec2()
            .describe_regions()
            .all_regions(true)
            .customize()
            .config_override(self.clients.ec2_as(session.credentials()));
        let answer = self
            .clients
            .ask(Operation::DescribeRegions, Identity::Role, request.send())
            .await;
        self.learn_about(account, &session, &answer).await;
        answer.map(region_states)
    }

    /// The Regions that hubwatch's own account sees: what to fall back on for an account whose
    /// Regions cannot be asked.
    ///
    /// # Errors
    /// If our own credentials do not work, or may not ask.
    pub async fn home_regions(&self) -> Result<Vec<RegionState>, AwsError> {
        if let Some(listed) = self.listed_regions() {
            return Ok(listed);
        }
        let request = self.clients.ec2().describe_regions().all_regions(true);
        self.clients
            .ask(Operation::DescribeRegions, Identity::Own, request.send())
            .await
            .map(region_states)
    }

    fn listed_regions(&self) -> Option<Vec<RegionState>> {
        match &self.config.regions {
            RegionSource::Enabled => None,
            RegionSource::List(regions) => Some(
                regions
                    .iter()
                    .map(|region| RegionState {
                        region: region.clone(),
                        enabled: true,
                    })
                    .collect(),
            ),
        }
    }

    async fn organization(&self) -> Result<Vec<Account>, AwsError> {
        let mut accounts = Vec::new();
        let mut seen = HashSet::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let request = self
                .clients
                .organizations
                .list_accounts()
                .set_next_token(token);
            let page = self
                .clients
                .ask(Operation::ListAccounts, Identity::Own, request.send())
                .await?;
            // An account may be on two pages when the list moves while it is read.
            accounts.extend(
                page.accounts
                    .unwrap_or_default()
                    .iter()
                    .filter_map(account)
                    .filter(|account| seen.insert(account.id.clone())),
            );
            // A page may be empty and yet have a token: only its absence ends the list.
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(accounts);
            }
        }
        Err(AwsError::Malformed {
            operation: Operation::ListAccounts,
            reason: format!("it goes on after {MOST_PAGES} pages"),
        })
    }
}

/// The account as the organization lists it; `None` if its id cannot be one.
fn account(listed: &ListedAccount) -> Option<Account> {
    let id = AccountId::new(listed.id().unwrap_or_default());
    if !id.is_well_formed() {
        tracing::warn!("the organization lists an account whose id is not twelve digits; left out");
        return None;
    }
    Some(Account {
        name: listed.name().unwrap_or(id.as_str()).to_owned(),
        active: is_active(listed),
        regions: None,
        id,
    })
}

/// `State` replaces `Status`, which AWS retires in September 2026. Missing or unknown words do not
/// make an account inactive: it would no longer be asked.
fn is_active(listed: &ListedAccount) -> bool {
    if let Some(state) = listed.state() {
        return !matches!(
            state,
            AccountState::Suspended | AccountState::PendingClosure | AccountState::Closed
        );
    }
    !matches!(
        listed.status(),
        Some(AccountStatus::Suspended | AccountStatus::PendingClosure)
    )
}

fn region_states(answer: DescribeRegionsOutput) -> Vec<RegionState> {
    let mut states: Vec<_> = answer
        .regions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|listed| {
            let region = Region::new(listed.region_name?);
            // The name becomes part of a host name.
            region.is_well_formed().then(|| RegionState {
                enabled: listed.opt_in_status.as_deref() != Some("not-opted-in"),
                region,
            })
        })
        .collect();
    states.sort_by(|a, b| a.region.cmp(&b.region));
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_that_says_so_makes_an_account_inactive() {
        let listed = |state: Option<&str>, status: Option<&str>| {
            ListedAccount::builder()
                .set_state(state.map(AccountState::from))
                .set_status(status.map(AccountStatus::from))
                .build()
        };
        let table = [
            (None, None, true),
            (Some("ACTIVE"), Some("SUSPENDED"), true),
            (Some("CLOSED"), Some("ACTIVE"), false),
            (Some("PENDING_ACTIVATION"), None, true),
            (Some("PENDING_CLOSURE"), None, false),
            (Some("SOMETHING_NEW"), None, true),
            (None, Some("ACTIVE"), true),
            (None, Some("SUSPENDED"), false),
            (None, Some("PENDING_CLOSURE"), false),
        ];
        for (state, status, active) in table {
            assert_eq!(
                is_active(&listed(state, status)),
                active,
                "{state:?} {status:?}"
            );
        }
    }
}
