//! Asking for known findings by id: what no window of `UpdatedAt` can tell.

use std::collections::BTreeSet;

use tracing::info;

use crate::{
    asff,
    domain::{ClockKind, FindingKey, Question, Scope, Vantage},
    store::{KnownFinding, Reached},
};

use super::{
    lookout::still_in_sight,
    page_token::PageToken,
    poll::{MAX_PAGES, PollError, Poller},
};

/// How many findings are asked for by id in one poll; the others wait for the next, which follows at
/// once.
const MAX_BY_ID: u32 = 200;

/// What one turn of the watch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// There is nothing to be asked for by id.
    Nothing,
    /// Some of it was asked for, and the round goes on.
    Part,
    /// Everything was asked for.
    All,
}

/// A known finding that AWS did not return when it was asked for it by id.
struct Absent {
    number: i64,
    scope: Scope,
}

impl Poller {
    /// Asks for findings behind open incidents by id: what analysts do to them does not move
    /// `UpdatedAt`.
    pub(super) async fn watch(&self, vantage: &Vantage) -> Result<Watched, PollError> {
        let known = self.store.watched(vantage, MAX_BY_ID).await?;
        if known.is_empty() {
            self.recorder.unwatched(vantage, self.clock.now()).await;
            return Ok(Watched::Nothing);
        }
        for some in known.chunks(Question::MAX_IDS) {
            self.ask_by_id(vantage, some, ClockKind::Watch).await?;
        }
        let more = u32::try_from(known.len()).is_ok_and(|count| count == MAX_BY_ID);
        let last = known.last().filter(|_| more).map(|finding| finding.number);
        self.store
            .note_watched(vantage, last, self.clock.now())
            .await?;
        Ok(if more { Watched::Part } else { Watched::All })
    }

    /// Asks for what a comparison did not meet by id. What is not there either is gone, if it would be
    /// in sight.
    pub(super) async fn look_for_suspects(&self, vantage: &Vantage) -> Result<(), PollError> {
        let suspects = self.store.suspects(vantage, MAX_BY_ID).await?;
        if suspects.is_empty() {
            return Ok(());
        }
        let asked = suspects.iter().map(|suspect| suspect.number).collect();
        let mut absent = self.absent(vantage, &suspects).await?;
        if vantage.is_wide() {
            // Asked after the findings were: a member that left in between takes them along. And
            // before they are asked for once more: one that came back in between brings them again.
            let scopes = absent.iter().map(|absent| absent.scope.clone());
            let in_sight = still_in_sight(&self.aws, vantage, scopes).await;
            absent.retain(|absent| in_sight.contains(&absent.scope));
            let missed: BTreeSet<i64> = absent.iter().map(|absent| absent.number).collect();
            let mut again = suspects;
            again.retain(|suspect| missed.contains(&suspect.number));
            absent = self.absent(vantage, &again).await?;
        }
        let absent = absent.into_iter().map(|absent| absent.number).collect();
        let gone = self
            .store
            .clear_suspects(asked, absent, self.clock.now())
            .await?;
        if gone > 0 {
            info!(scope = %vantage, gone, "findings are no longer there");
        }
        Ok(())
    }

    /// Those of some suspects that AWS does not have. The others are recorded.
    async fn absent(
        &self,
        vantage: &Vantage,
        suspects: &[KnownFinding],
    ) -> Result<Vec<Absent>, PollError> {
        let mut absent = Vec::new();
        for some in suspects.chunks(Question::MAX_IDS) {
            absent.extend(self.ask_by_id(vantage, some, ClockKind::Reconcile).await?);
        }
        Ok(absent)
    }

    /// Asks for known findings by id, records what comes, and returns the others.
    async fn ask_by_id(
        &self,
        vantage: &Vantage,
        known: &[KnownFinding],
        clock: ClockKind,
    ) -> Result<Vec<Absent>, PollError> {
        let keyed = known.iter().filter_map(|finding| {
            let reading = asff::read(&finding.raw, &vantage.at, &self.partition).ok()?;
            Some((finding.number, reading.finding.key))
        });
        let keyed: Vec<(i64, FindingKey)> = keyed.collect();
        let ids: BTreeSet<&str> = keyed.iter().map(|(_, key)| key.id.as_str()).collect();
        let question = Question::Ids(ids.into_iter().map(str::to_owned).collect());
        let mut met = BTreeSet::new();
        let mut token = PageToken::default();
        for _ in 0..MAX_PAGES {
            if self.stop.is_cancelled() {
                return Err(PollError::Stopped);
            }
            let page = self.page(vantage, &question, token.get()).await?;
            met.extend(
                page.findings
                    .iter()
                    .map(|record| record.finding.key.clone()),
            );
            let next_token = page.next_token.clone();
            self.record(vantage, page, clock, None, Reached::Nothing)
                .await?;
            match next_token {
                None => {
                    let absent = keyed.into_iter().filter(|(_, key)| !met.contains(key));
                    let absent = absent.map(|(number, key)| Absent {
                        number,
                        scope: key.scope(),
                    });
                    return Ok(absent.collect());
                }
                Some(next) => token.follow(next)?,
            }
        }
        Err(PollError::Endless)
    }
}
