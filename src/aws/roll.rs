//! The accounts with what the organization says of each: the units above them, and their tags.

use std::{
    collections::{BTreeMap, HashSet},
    ops::ControlFlow,
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Aws,
    config::AccountSource,
    each::for_each,
    error::AwsError,
    operation::Operation,
    organization::{AT_ONCE, tags_of_one},
};
use crate::domain::Account;

/// For how long tags are asked for in one census: whose turn does not come has it in the next one, and
/// its findings do not wait meanwhile.
const TAGS_WITHIN: Duration = Duration::from_mins(2);

/// What is asked of accounts beside what selects them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Units, each with the key of the configuration that names it. The same unit may be named often.
    pub units: Vec<(String, String)>,
    /// Whether somebody asks for tags.
    pub tags: bool,
}

/// The accounts that the configuration selects.
#[derive(Debug)]
pub struct Roll {
    /// The accounts, each with what is known of it.
    pub accounts: Vec<Account>,
    /// What could not be found out, by what was asked. Where nothing is known of an account for it, what
    /// was known before stays true.
    pub troubles: Vec<(Operation, AwsError)>,
}

impl Aws {
    /// The accounts as [`Aws::accounts`] has them, with what is wanted of them.
    ///
    /// Units cost nothing where the organization tells with each account what is above it; otherwise each
    /// unit that is wanted is walked. Tags cost a request for each account, and are kept for about an
    /// hour; with 1,000 accounts that is 1,000 requests at first and 170 every ten minutes.
    ///
    /// # Errors
    /// As [`Aws::accounts`].
    pub async fn roll(&self) -> Result<Roll, AwsError> {
        let placed = self.placed_accounts().await?;
        let mut accounts = placed.accounts;
        let mut troubles = Vec::new();
        if self.config.accounts == AccountSource::Organization {
            self.place(&mut accounts, &placed.holding, &mut troubles)
                .await;
            if self.config.wanted.tags {
                troubles.extend(self.tag(&mut accounts).await);
            }
        }
        Ok(Roll { accounts, troubles })
    }

    /// Finds out which accounts are below the wanted units, where that is not told; and whether they
    /// are there at all, where nobody is below them.
    async fn place(
        &self,
        accounts: &mut [Account],
        holding: &HashSet<String>,
        troubles: &mut Vec<(Operation, AwsError)>,
    ) {
        let mut walked = BTreeMap::new();
        let mut is_complete = true;
        for (key, unit) in &self.config.wanted.units {
            if holding.contains(unit) || walked.contains_key(unit) {
                continue;
            }
            match self.walk(key, unit).await {
                Ok(below) => {
                    walked.insert(unit, below);
                }
                Err(error) => {
                    // Nobody is below a unit that is not there.
                    if matches!(error, AwsError::Selection { .. }) {
                        walked.insert(unit, HashSet::new());
                    } else {
                        is_complete = false;
                    }
                    troubles.push((Operation::ListAccountsForParent, error));
                }
            }
        }
        if walked.is_empty() || !is_complete {
            return;
        }
        for account in accounts.iter_mut().filter(|a| a.learned.ous.is_none()) {
            let above = walked
                .iter()
                .filter(|(_, below)| below.contains(&account.id));
            account.learned.ous = Some(above.map(|(unit, _)| (*unit).clone()).collect());
        }
    }

    /// Fills in tags. Returns the first trouble on the way.
    async fn tag(&self, accounts: &mut [Account]) -> Option<(Operation, AwsError)> {
        let mut book = self.tags.lock().await;
        let due = book.begin(accounts, self.config.refresh);
        let until = Instant::now() + TAGS_WITHIN;
        let mut trouble = None;
        let clients = &self.clients;
        for_each(
            AT_ONCE,
            due,
            |account| {
                let clients = Arc::clone(clients);
                async move {
                    let found = tags_of_one(&clients, account.as_str()).await;
                    (account, found)
                }
            },
            |(account, answer)| {
                let goes_on = answer.as_ref().map_or_else(is_of_one_account, |_| true);
                match answer {
                    Ok(tags) => book.note(account, tags),
                    Err(error) => {
                        book.put_off(&account);
                        trouble.get_or_insert((Operation::ListTagsForResource, error));
                    }
                }
                if goes_on && Instant::now() < until {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        )
        .await;
        book.fill(accounts);
        trouble
    }
}

/// Whether what one account met says nothing about the others.
fn is_of_one_account(error: &AwsError) -> bool {
    matches!(error, AwsError::Refused { .. } | AwsError::Malformed { .. })
}
