//! Asking for known findings by id: what no window of `UpdatedAt` can tell.

use std::collections::BTreeSet;

use tracing::info;

use crate::{
    asff,
    domain::{ClockKind, Question, Scope},
    store::{KnownFinding, Reached},
};

use super::{
    page_token::PageToken,
    poll::{MAX_PAGES, PollError, Poller},
};

/// How many findings are asked for by id in one poll; the others wait for the next.
const MAX_BY_ID: u32 = 200;

impl Poller {
    /// Asks for findings behind open incidents by id: what analysts do to them does not move
    /// `UpdatedAt`.
    pub(super) async fn watch(&self, scope: &Scope) -> Result<(), PollError> {
        let known = self.store.watched(scope, MAX_BY_ID).await?;
        if known.is_empty() {
            self.recorder.unwatched(scope, self.clock.now()).await;
            return Ok(());
        }
        for some in known.chunks(Question::MAX_IDS) {
            self.ask_by_id(scope, some, ClockKind::Watch).await?;
        }
        let more = u32::try_from(known.len()).is_ok_and(|count| count == MAX_BY_ID);
        let last = known.last().filter(|_| more).map(|finding| finding.number);
        self.store
            .note_watched(scope, last, self.clock.now())
            .await?;
        Ok(())
    }

    /// Asks for what a comparison did not meet by id. What is not there either is gone.
    pub(super) async fn look_for_suspects(&self, scope: &Scope) -> Result<(), PollError> {
        let suspects = self.store.suspects(scope, MAX_BY_ID).await?;
        for some in suspects.chunks(Question::MAX_IDS) {
            let absent = self.ask_by_id(scope, some, ClockKind::Reconcile).await?;
            let asked = some.iter().map(|suspect| suspect.number).collect();
            let gone = self
                .store
                .clear_suspects(asked, absent, self.clock.now())
                .await?;
            if gone > 0 {
                info!(%scope, gone, "findings are no longer there");
            }
        }
        Ok(())
    }

    /// Asks for known findings by id, records what comes, and returns the numbers of the others.
    async fn ask_by_id(
        &self,
        scope: &Scope,
        known: &[KnownFinding],
        clock: ClockKind,
    ) -> Result<Vec<i64>, PollError> {
        let keyed = known.iter().filter_map(|finding| {
            let reading = asff::read(&finding.raw, scope, &self.partition).ok()?;
            Some((finding.number, reading.finding.key))
        });
        let keyed: Vec<_> = keyed.collect();
        let ids: BTreeSet<&str> = keyed.iter().map(|(_, key)| key.id.as_str()).collect();
        let question = Question::Ids(ids.into_iter().map(str::to_owned).collect());
        let mut met = BTreeSet::new();
        let mut token = PageToken::default();
        for _ in 0..MAX_PAGES {
            if self.stop.is_cancelled() {
                return Err(PollError::Stopped);
            }
            let page = self.page(scope, &question, token.get()).await?;
            met.extend(
                page.findings
                    .iter()
                    .map(|record| record.finding.key.clone()),
            );
            let next_token = page.next_token.clone();
            self.record(scope, page, clock, None, Reached::Nothing)
                .await?;
            match next_token {
                None => {
                    let absent = keyed.into_iter().filter(|(_, key)| !met.contains(key));
                    return Ok(absent.map(|(number, _)| number).collect());
                }
                Some(next) => token.follow(next)?,
            }
        }
        Err(PollError::Endless)
    }
}
