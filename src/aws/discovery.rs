//! Which accounts there are, and which Regions they can use.

use std::collections::HashSet;

use aws_sdk_ec2::operation::describe_regions::DescribeRegionsOutput;

use super::{
    Aws,
    config::{AccountSource, RegionSource},
    error::AwsError,
    operation::{Identity, Operation},
    organization::Placed,
    selection::Facts,
};
use crate::domain::{Account, AccountId, Region};

/// A Region, and whether the account can use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegionState {
    /// Its name.
    pub region: Region,
    /// False if the account has not opted in.
    pub enabled: bool,
}

impl Aws {
    /// The accounts that the configuration selects: the organization's, the members of Security
    /// Hub's administrator, or those that the configuration lists.
    ///
    /// Closed and suspended accounts are among them, marked as not active.
    ///
    /// # Errors
    /// If there is no complete answer: whoever is missing from half a list would be taken for gone.
    /// [`AwsError::Selection`] if the selection names what is not there, or leaves no account.
    pub async fn accounts(&self) -> Result<Vec<Account>, AwsError> {
        Ok(self.placed_accounts().await?.accounts)
    }

    /// The same, with what the list of accounts says of their places.
    pub(super) async fn placed_accounts(&self) -> Result<Placed, AwsError> {
        let nowhere = |accounts| Placed {
            accounts,
            holding: HashSet::new(),
        };
        let placed = match &self.config.accounts {
            AccountSource::Organization => self.organization().await?,
            AccountSource::HubMembers => {
                nowhere(self.select(self.hub_members().await?, &Facts::default())?)
            }
            AccountSource::List(listed) => nowhere(self.select(listed.clone(), &Facts::default())?),
        };
        self.sessions.keep_only(&placed.accounts);
        Ok(placed)
    }

    /// The accounts that are followed. Never none: that would make everything that is known stale,
    /// and is a slip of the pen far sooner than a wish.
    pub(super) fn select(
        &self,
        mut accounts: Vec<Account>,
        facts: &Facts,
    ) -> Result<Vec<Account>, AwsError> {
        let selection = &self.config.selection;
        for id in selection.absent(&accounts) {
            tracing::warn!(account = %id, "accounts.include.ids names {id}, which is not there");
        }
        let found = accounts.len();
        accounts.retain(|account| selection.selects(&account.id, facts));
        if accounts.is_empty() {
            return Err(AwsError::Selection {
                key: "accounts".to_owned(),
                reason: format!(
                    "include and exclude leave none of the {found} accounts that are there"
                ),
            });
        }
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
