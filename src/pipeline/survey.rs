//! Looking at everything that there is to read, without reading it.

use std::{ops::ControlFlow, sync::Arc};

use crate::{
    aws::{Aws, AwsError, RegionState, for_each},
    domain::{Account, Scope},
};

/// How many accounts are asked for their Regions at the same time.
const AT_ONCE: usize = 16;

/// An account's Regions, or what stands in the way of asking.
#[derive(Debug)]
pub enum Regions {
    /// The Regions, and which of them are off.
    Listed(Vec<RegionState>),
    /// The account was asked in vain.
    Trouble(AwsError),
    /// The account is suspended or closed, and is not asked.
    Inactive,
}

/// Asks every account for its Regions, sixteen at a time, and hears of each once, in no order.
pub async fn survey(
    aws: &Arc<Aws>,
    accounts: Vec<Account>,
    mut hear: impl FnMut(Account, Regions),
) {
    let ask = |account: Account| {
        let aws = Arc::clone(aws);
        async move {
            let regions = regions_of(&aws, &account).await;
            (account, regions)
        }
    };
    for_each(AT_ONCE, accounts, ask, |(account, regions)| {
        hear(account, regions);
        ControlFlow::Continue(())
    })
    .await;
}

/// Asks for one finding of every scope, so many at a time, and hears of each once, in no order. What
/// was found is thrown away: that it could be read is the answer.
pub async fn probe(
    aws: &Arc<Aws>,
    at_once: usize,
    scopes: Vec<Scope>,
    mut hear: impl FnMut(Scope, Result<(), AwsError>),
) {
    let ask = |scope: Scope| {
        let aws = Arc::clone(aws);
        async move {
            let mut answer = aws.try_findings(&scope).await;
            // A session may end between two questions; the next one is good.
            if matches!(&answer, Err(error) if error.is_cured_by_asking_again()) {
                answer = aws.try_findings(&scope).await;
            }
            (scope, answer)
        }
    };
    for_each(at_once, scopes, ask, |(scope, answer)| {
        hear(scope, answer);
        ControlFlow::Continue(())
    })
    .await;
}

async fn regions_of(aws: &Aws, account: &Account) -> Regions {
    if !account.active {
        return Regions::Inactive;
    }
    if let Some(regions) = &account.regions {
        let states = regions.iter().cloned().map(|region| RegionState {
            region,
            enabled: true,
        });
        return Regions::Listed(states.collect());
    }
    match aws.regions(&account.id).await {
        Ok(regions) => Regions::Listed(regions),
        Err(error) => Regions::Trouble(error),
    }
}
