//! The accounts whose findings Security Hub's administrator sees.

use std::collections::BTreeSet;

use aws_sdk_securityhub::types::Member;

use super::{Aws, error::AwsError, list::whole_list, operation::Operation};
use crate::domain::{Account, AccountId, Learned};

/// The largest page that AWS gives (API model).
pub(super) const PAGE: i32 = 50;

impl Aws {
    /// The member accounts, as Security Hub lists them to its administrator in `aws.region`, and the
    /// administrator's own account, which is not among its members. Security Hub knows no names.
    pub(super) async fn hub_members(&self) -> Result<Vec<Account>, AwsError> {
        let own = self.caller().await?.account;
        // AWS answers others than the administrator with an empty list.
        let members = self.list_members().await?;
        if members.is_empty() {
            return Err(AwsError::Selection {
                key: "accounts.discover".to_owned(),
                reason: format!(
                    "Security Hub lists no members to account {own} in {}; \"hub-members\" needs \
                     the credentials of Security Hub's delegated administrator",
                    self.config.region
                ),
            });
        }
        let ids = members.into_iter().chain([own]).collect::<BTreeSet<_>>();
        Ok(ids.into_iter().map(unnamed).collect())
    }

    async fn list_members(&self) -> Result<Vec<AccountId>, AwsError> {
        let client = self.clients.securityhub();
        let listed = whole_list(
            &self.clients,
            Operation::ListMembers,
            |token| {
                let request = client.list_members().only_associated(true);
                request.max_results(PAGE).set_next_token(token).send()
            },
            |page| (page.members.unwrap_or_default(), page.next_token),
        )
        .await?;
        Ok(account_ids(listed).collect())
    }
}

/// The accounts of listed members.
pub(super) fn account_ids(listed: Vec<Member>) -> impl Iterator<Item = AccountId> {
    let ids = listed.into_iter().filter_map(|member| member.account_id);
    ids.map(AccountId::new).filter(AccountId::is_well_formed)
}

fn unnamed(id: AccountId) -> Account {
    Account {
        name: id.to_string(),
        active: true,
        regions: None,
        learned: Learned::default(),
        id,
    }
}
