//! Lists that AWS gives in pages, read to their end.

use std::{future::Future, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::sleep;

use super::{
    clients::Clients,
    error::AwsError,
    operation::{Identity, Operation},
};

/// The most pages of one list that are read: 200,000 accounts at 20 a page. A list that never ends
/// must not keep us for ever.
const MOST_PAGES: usize = 10_000;
/// How long to wait when AWS asks to slow down; twice as long each time.
const SLOW_DOWN: Duration = Duration::from_secs(1);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often to wait for one page before giving up: a minute in all, unless AWS asks for more.
const PATIENCE: u32 = 6;

/// A whole list, asked with our own credentials: `send` asks for the page of a token, `read` takes
/// a page apart into what it lists and the next token.
///
/// # Errors
/// If a page cannot be had, or there is no end. Half a list is no answer.
pub(super) async fn whole_list<Page, Item, E, Sent>(
    clients: &Clients,
    operation: Operation,
    send: impl Fn(Option<String>) -> Sent,
    read: impl Fn(Page) -> (Vec<Item>, Option<String>),
) -> Result<Vec<Item>, AwsError>
where
    Sent: Future<Output = Result<Page, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    whole_list_as(clients, operation, Identity::Own, send, read).await
}

/// The same, where `send` signs as somebody else.
pub(super) async fn whole_list_as<Page, Item, E, Sent>(
    clients: &Clients,
    operation: Operation,
    identity: Identity,
    send: impl Fn(Option<String>) -> Sent,
    read: impl Fn(Page) -> (Vec<Item>, Option<String>),
) -> Result<Vec<Item>, AwsError>
where
    Sent: Future<Output = Result<Page, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut all = Vec::new();
    let mut token = None;
    for _ in 0..MOST_PAGES {
        let page = patiently(clients, (operation, identity), || send(token.clone())).await?;
        let (listed, next) = read(page);
        all.extend(listed);
        // A page may be empty and yet have a token: only its absence ends a list.
        token = next.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(all);
        }
    }
    Err(AwsError::Malformed {
        operation,
        reason: format!("it goes on after {MOST_PAGES} pages"),
    })
}

/// Asks again when AWS wants us slower: throwing a long list away for one refused page would only
/// make us ask for more.
async fn patiently<Page, E, Sent>(
    clients: &Clients,
    (operation, identity): (Operation, Identity),
    send: impl Fn() -> Sent,
) -> Result<Page, AwsError>
where
    Sent: Future<Output = Result<Page, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut wait = SLOW_DOWN;
    for _ in 0..PATIENCE {
        match clients.ask(operation, identity, send()).await {
            Err(AwsError::Throttled { retry_after }) => {
                sleep(retry_after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                wait *= 2;
            }
            answer => return answer,
        }
    }
    clients.ask(operation, identity, send()).await
}
