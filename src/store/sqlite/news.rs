//! What is news, and what was there before hubwatch came.

use rusqlite::Transaction;

use crate::domain::Timestamp;

use super::{
    super::{PageRecord, StoreError},
    windows,
};

/// What of a page can be news. What a scope held before hubwatch came is history; only a problem
/// that appears or comes back afterwards is news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing: it is history that is read.
    No,
    /// Problems since this time, when the scope was first met. Its history is not all recorded yet,
    /// and an old finding that its provider has just written anew comes with the tail.
    Since(Timestamp),
    /// Whatever appears.
    All,
}

impl News {
    /// What of a scope can be news in a page of a vantage, which reads history or does not. Once
    /// history is known, it does not become history again when another vantage reads it.
    fn of(
        tx: &Transaction<'_>,
        scope: i64,
        NewsOfPage {
            asked,
            is_wide,
            reads_history,
        }: NewsOfPage,
    ) -> Result<Self, StoreError> {
        let history = windows::history(tx, scope)?;
        if history.is_known {
            return Ok(Self::All);
        }
        if reads_history {
            return Ok(Self::No);
        }
        if let Some(met_at) = history.met_at {
            return Ok(Self::Since(met_at));
        }
        if is_wide {
            // A census is about to name it, and what it holds by then is history.
            return Ok(Self::No);
        }
        // A scope that nobody named was met when the account was that shows it.
        let met_at = windows::history(tx, asked)?.met_at;
        Ok(met_at.map_or(Self::All, Self::Since))
    }

    pub(super) fn is_appearance(self, since: Timestamp) -> bool {
        match self {
            Self::No => false,
            Self::Since(first_contact) => since >= first_contact,
            Self::All => true,
        }
    }
}

/// What can be news in one page, by scope. Nearly always it is the same scope again.
pub(super) struct NewsOfScopes {
    page: NewsOfPage,
    last: Option<(i64, News)>,
}

/// What decides beside the scope.
#[derive(Clone, Copy)]
struct NewsOfPage {
    asked: i64,
    is_wide: bool,
    reads_history: bool,
}

impl NewsOfScopes {
    pub(super) fn of_page(asked: i64, page: &PageRecord) -> Self {
        Self {
            page: NewsOfPage {
                asked,
                is_wide: page.vantage.is_wide(),
                reads_history: page.history,
            },
            last: None,
        }
    }

    pub(super) fn of(&mut self, tx: &Transaction<'_>, scope: i64) -> Result<News, StoreError> {
        if let Some((of, news)) = self.last
            && of == scope
        {
            return Ok(news);
        }
        let news = News::of(tx, scope, self.page)?;
        self.last = Some((scope, news));
        Ok(news)
    }
}
