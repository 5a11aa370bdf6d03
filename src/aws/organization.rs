//! The organization: its accounts, which unit they are below, and their tags.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::ControlFlow,
    sync::Arc,
};

use aws_sdk_organizations::types::{Account as ListedAccount, AccountState, AccountStatus};

use super::{
    Aws,
    clients::Clients,
    each::for_each,
    error::AwsError,
    list::whole_list,
    operation::Operation,
    selection::{AccountTags, Facts},
};
use crate::domain::{Account, AccountId, Learned, ids::is_unit};

/// The most units that are walked below one; an organization has at most 2,000 (Organizations quotas).
const MOST_UNITS: usize = 5_000;
/// How many accounts' tags are asked for at once. AWS does not publish the rate of Organizations.
pub(super) const AT_ONCE: usize = 4;

/// The accounts that are followed.
pub(super) struct Placed {
    pub(super) accounts: Vec<Account>,
    /// The root and the units that hold an account, followed or not. Empty where the organization does
    /// not say of every account what is above it.
    pub(super) holding: HashSet<String>,
}

impl Aws {
    /// The organization's accounts that the configuration selects.
    pub(super) async fn organization(&self) -> Result<Placed, AwsError> {
        let members = self.members_of_organization().await?;
        let selection = &self.config.selection;
        let mut facts = Facts::default();
        for (key, ou) in selection.ous() {
            if !facts.below.contains_key(ou) {
                let below = self.below(key, ou, &members).await?;
                facts.below.insert(ou.to_owned(), below);
            }
        }
        let ids = members.iter().map(|member| &member.id);
        let undecided: Vec<_> = ids
            .filter(|id| selection.needs_tags(id, &facts))
            .cloned()
            .collect();
        facts.tags = self.tags_of(undecided).await?;
        let holding = holding(&members);
        let mut accounts = self.select(members, &facts)?;
        for account in &mut accounts {
            account.learned.tags = facts.tags.remove(&account.id);
        }
        Ok(Placed { accounts, holding })
    }

    async fn members_of_organization(&self) -> Result<Vec<Account>, AwsError> {
        let client = &self.clients.organizations;
        let listed = whole_list(
            &self.clients,
            Operation::ListAccounts,
            |token| client.list_accounts().set_next_token(token).send(),
            |page| (page.accounts.unwrap_or_default(), page.next_token),
        )
        .await?;
        // An account may be on two pages when the list moves while it is read.
        let mut seen = HashSet::new();
        let members = listed.iter().filter_map(member);
        Ok(members
            .filter(|member| seen.insert(member.id.clone()))
            .collect())
    }

    /// The accounts below a unit, however deep.
    ///
    /// Where the organization says of every account what is above it, that is the answer, with no
    /// further request. Otherwise, or if it puts nobody there, the unit is walked, so that one which
    /// does not exist is told from one that is empty.
    async fn below(
        &self,
        key: &'static str,
        ou: &str,
        members: &[Account],
    ) -> Result<HashSet<AccountId>, AwsError> {
        let is_below = |member: &&Account| {
            let mut above = member.learned.ous.iter().flatten();
            above.any(|id| id == ou)
        };
        let placed = members.iter().filter(is_below);
        let placed: HashSet<_> = placed.map(|member| member.id.clone()).collect();
        if all_placed(members) && !placed.is_empty() {
            return Ok(placed);
        }
        self.walk(key, ou).await
    }

    /// The accounts below a unit that a key names, asked unit by unit.
    ///
    /// # Errors
    /// [`AwsError::Selection`] if there is no such unit.
    pub(super) async fn walk(&self, key: &str, top: &str) -> Result<HashSet<AccountId>, AwsError> {
        let walked = self.accounts_below(top).await;
        walked.map_err(|error| name_key(error, key, top))
    }

    async fn accounts_below(&self, top: &str) -> Result<HashSet<AccountId>, AwsError> {
        let mut accounts = HashSet::new();
        let mut seen = HashSet::from([top.to_owned()]);
        let mut to_visit = vec![top.to_owned()];
        while let Some(unit) = to_visit.pop() {
            accounts.extend(self.accounts_directly_in(&unit).await?);
            for inner in self.units_directly_in(&unit).await? {
                if seen.insert(inner.clone()) {
                    to_visit.push(inner);
                }
            }
            if seen.len() > MOST_UNITS {
                return Err(AwsError::Malformed {
                    operation: Operation::ListOrganizationalUnitsForParent,
                    reason: format!("it names more than {MOST_UNITS} units"),
                });
            }
        }
        Ok(accounts)
    }

    async fn accounts_directly_in(&self, unit: &str) -> Result<Vec<AccountId>, AwsError> {
        let client = &self.clients.organizations;
        let listed = whole_list(
            &self.clients,
            Operation::ListAccountsForParent,
            |token| {
                let request = client.list_accounts_for_parent().parent_id(unit);
                request.set_next_token(token).send()
            },
            |page| (page.accounts.unwrap_or_default(), page.next_token),
        )
        .await?;
        let ids = listed.into_iter().filter_map(|account| account.id);
        Ok(ids.map(AccountId::new).collect())
    }

    async fn units_directly_in(&self, unit: &str) -> Result<Vec<String>, AwsError> {
        let client = &self.clients.organizations;
        let listed = whole_list(
            &self.clients,
            Operation::ListOrganizationalUnitsForParent,
            |token| {
                let request = client.list_organizational_units_for_parent();
                request.parent_id(unit).set_next_token(token).send()
            },
            |page| {
                (
                    page.organizational_units.unwrap_or_default(),
                    page.next_token,
                )
            },
        )
        .await?;
        Ok(listed.into_iter().filter_map(|unit| unit.id).collect())
    }

    /// The tags of accounts, a few accounts at a time. All of them or an error: an account whose
    /// tags are not known would be taken for one that has none.
    async fn tags_of(&self, accounts: Vec<AccountId>) -> Result<AccountTags, AwsError> {
        let mut tags = HashMap::new();
        let mut failed = None;
        let clients = &self.clients;
        for_each(
            AT_ONCE,
            accounts,
            |account| {
                let clients = Arc::clone(clients);
                async move {
                    let found = tags_of_one(&clients, account.as_str()).await;
                    (account, found)
                }
            },
            |(account, answer)| match answer {
                Ok(found) => {
                    tags.insert(account, found);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            },
        )
        .await;
        failed.map_or(Ok(tags), Err)
    }
}

pub(super) async fn tags_of_one(
    clients: &Clients,
    account: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let listed = whole_list(
        clients,
        Operation::ListTagsForResource,
        |token| {
            let request = clients.organizations.list_tags_for_resource();
            request.resource_id(account).set_next_token(token).send()
        },
        |page| (page.tags.unwrap_or_default(), page.next_token),
    )
    .await?;
    Ok(listed.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Says which key names a unit that is not there: only the caller knows.
fn name_key(mut error: AwsError, named_by: &str, ou: &str) -> AwsError {
    if let AwsError::Selection { key, reason } = &mut error {
        *key = named_by.to_owned();
        *reason = format!("the organization has no unit {ou}; AWS says: {reason}");
    }
    error
}

/// The account as the organization lists it; `None` if its id cannot be one.
fn member(listed: &ListedAccount) -> Option<Account> {
    let id = AccountId::new(listed.id().unwrap_or_default());
    if !id.is_well_formed() {
        tracing::warn!("the organization lists an account whose id is not twelve digits; left out");
        return None;
    }
    Some(Account {
        name: listed.name().unwrap_or(id.as_str()).to_owned(),
        active: is_active(listed),
        regions: None,
        learned: Learned {
            ous: above(listed),
            tags: None,
        },
        id,
    })
}

/// The root and the units above an account, outermost first; `None` where the organization does not
/// say. A path is `o-ORGANIZATION/r-ROOT/ou-UNIT/ACCOUNT/`.
fn above(listed: &ListedAccount) -> Option<Vec<String>> {
    let steps = listed.paths().iter().flat_map(|path| path.split('/'));
    let mut units: Vec<String> = Vec::new();
    for step in steps.filter(|step| is_unit(step)) {
        if !units.iter().any(|unit| unit == step) {
            units.push(step.to_owned());
        }
    }
    (!units.is_empty()).then_some(units)
}

fn all_placed(members: &[Account]) -> bool {
    members.iter().all(|member| member.learned.ous.is_some())
}

/// See [`Placed::holding`].
fn holding(members: &[Account]) -> HashSet<String> {
    if !all_placed(members) {
        return HashSet::new();
    }
    let above = members.iter().flat_map(|member| &member.learned.ous);
    above.flatten().cloned().collect()
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
