//! Scopes that had nothing new, written down together now and then.
//!
//! Nearly every poll of a large organization finds nothing, and all that it changes is a time. A
//! commit for each, or for a few that have nothing to do with each other, would rewrite the pages of
//! the file that hold their rows again and again. Until the time is written, a crash makes the next
//! poll ask from a little earlier, which is all.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use tokio::sync::Mutex;

use crate::{
    domain::{Timestamp, Vantage, window::WindowKind},
    store::{PageRecord, Reached, Store, StoreError},
};

/// How long it takes at least until a quiet scope is written down ...
const SOONEST: Duration = Duration::from_secs(1);
/// ... and at most; no longer than half an interval between polls, so that what is written is no
/// older than one and a half.
const LATEST: Duration = Duration::from_secs(30);
/// How much longer it takes for each scope that was written the last time. Up to some hundred polls a
/// second everything is written within about a second, and beyond a thousand at the latest time.
const EACH: Duration = Duration::from_millis(1);
/// How many scopes are written in one commit, so that other commits need not wait for long.
const PER_COMMIT: usize = 4_096;

/// What is not written down yet, in the order of its rows. Holds one small page for each scope that
/// was asked since the last time.
#[derive(Debug)]
pub(super) struct Quiet {
    waiting: Mutex<Waiting>,
    /// Held while pages that were taken from there are written.
    writing: Mutex<()>,
    latest: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Tails that were read to the end and held nothing.
    pages: BTreeMap<Vantage, PageRecord>,
    /// Scopes without a finding behind an open incident, and when that was found.
    unwatched: BTreeMap<Vantage, Timestamp>,
}

impl Quiet {
    pub(super) fn new(poll_interval: Duration) -> Self {
        Self {
            waiting: Mutex::default(),
            writing: Mutex::new(()),
            latest: (poll_interval / 2).clamp(SOONEST, LATEST),
        }
    }

    /// Keeps a page if nothing stands in it, and gives it back if something does. What the scope has
    /// waiting stays: a page of another window says nothing of the tail.
    pub(super) async fn keep(&self, page: PageRecord) -> Option<PageRecord> {
        if is_quiet(&page) {
            let page = PageRecord {
                body: Bytes::new(),
                ..page
            };
            let pages = &mut self.waiting.lock().await.pages;
            pages.insert(page.vantage.clone(), page);
            return None;
        }
        Some(page)
    }

    /// Keeps that there is nothing in a scope to be asked for by id.
    pub(super) async fn unwatched(&self, vantage: &Vantage, now: Timestamp) {
        let mut waiting = self.waiting.lock().await;
        waiting.unwatched.insert(vantage.clone(), now);
    }

    /// Takes a scope's page out. While pages are being written, waits until they are.
    pub(super) async fn withdraw(&self, vantage: &Vantage) {
        let _written = self.writing.lock().await;
        self.waiting.lock().await.pages.remove(vantage);
    }

    /// Writes everything down. Says after what pause to do so again, and how much there was. What
    /// cannot be written waits for the next time, unless something newer does.
    pub(super) async fn write(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> (Duration, Result<usize, StoreError>) {
        let _writing = self.writing.lock().await;
        let Waiting { pages, unwatched } = std::mem::take(&mut *self.waiting.lock().await);
        let count = pages.len() + unwatched.len();
        let mut written = Ok(count);
        for some in portions(pages.into_values()) {
            let mut recorded = store.record(some.clone(), now).await.map(drop);
            let mut kept = some;
            if matches!(recorded, Err(StoreError::Corrupt(_))) {
                (recorded, kept) = one_by_one(store, kept, now).await;
            }
            if let Err(error) = recorded {
                let mut waiting = self.waiting.lock().await;
                for page in kept {
                    waiting.pages.entry(page.vantage.clone()).or_insert(page);
                }
                written = Err(error);
            }
        }
        for some in portions(unwatched) {
            if let Err(error) = store.note_unwatched(some.clone()).await {
                let mut waiting = self.waiting.lock().await;
                for (vantage, at) in some {
                    waiting.unwatched.entry(vantage).or_insert(at);
                }
                written = Err(error);
            }
        }
        let more = EACH.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        (SOONEST.saturating_add(more).min(self.latest), written)
    }
}

/// Writes pages one by one, because one of them can never be written and must not hold back the others.
/// That one is let go of: its scope is asked from a little earlier the next time. Returns the last
/// error, and the pages that are worth another try.
async fn one_by_one(
    store: &dyn Store,
    pages: Vec<PageRecord>,
    now: Timestamp,
) -> (Result<(), StoreError>, Vec<PageRecord>) {
    let mut last = Ok(());
    let mut kept = Vec::new();
    for page in pages {
        match store.record(vec![page.clone()], now).await {
            Ok(_) => {}
            Err(error) => {
                if !matches!(error, StoreError::Corrupt(_)) {
                    kept.push(page);
                }
                last = Err(error);
            }
        }
    }
    (last, kept)
}

/// Portions of what is written in one commit each.
fn portions<T>(all: impl IntoIterator<Item = T>) -> impl Iterator<Item = Vec<T>> {
    let mut all = all.into_iter();
    std::iter::from_fn(move || {
        let some: Vec<T> = all.by_ref().take(PER_COMMIT).collect();
        (!some.is_empty()).then_some(some)
    })
}

/// Whether all there is to a page is that its tail is read to the end.
fn is_quiet(page: &PageRecord) -> bool {
    let is_tail =
        |reached| matches!(reached, Reached::End(window) if window.kind == WindowKind::Tail);
    page.findings.is_empty() && page.rejected.is_empty() && is_tail(page.reached)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        domain::{Partition, Scope, SyncProgress, Window},
        store::{Access, StoreUrl, open},
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn vantage() -> Vantage {
        Vantage::member(Scope {
            account: "111122223333".into(),
            region: "eu-west-1".into(),
        })
    }

    fn window(kind: WindowKind, end: &str) -> Window {
        Window {
            kind,
            start: at("2026-03-01T00:00:00Z"),
            end: at(end),
        }
    }

    fn page(reached: Reached) -> PageRecord {
        PageRecord {
            vantage: vantage(),
            history: false,
            sweep: None,
            reached,
            body: Bytes::from_static(b"{\"Findings\":[]}"),
            findings: Arc::from([]),
            rejected: Vec::new(),
        }
    }

    #[tokio::test]
    async fn only_the_end_of_a_tail_is_quiet() {
        let quiet = Quiet::new(Duration::from_secs(60));
        let end = "2026-03-01T01:00:00Z";
        for reached in [
            Reached::Nothing,
            Reached::UpTo(WindowKind::Tail, at(end)),
            Reached::End(window(WindowKind::Late, end)),
            Reached::End(window(WindowKind::Reconcile, end)),
        ] {
            assert!(quiet.keep(page(reached)).await.is_some());
        }
        let tail = Reached::End(window(WindowKind::Tail, end));
        assert!(quiet.keep(page(tail)).await.is_none());
    }

    #[tokio::test]
    async fn the_newest_watermark_is_written_unless_it_was_withdrawn() {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
        let store = open(&url, &Access::Write(Partition::from("aws"))).unwrap();
        let first = at("2026-03-01T00:00:00Z");
        let begun = window(WindowKind::Backfill, "2026-03-01T00:00:00Z");
        let progress = SyncProgress::first_contact(first);
        store
            .begin_window(&vantage(), begun, progress)
            .await
            .unwrap();
        let quiet = Quiet::new(Duration::from_secs(60));
        let watermark = async |end: &str, withdrawn: bool| {
            let tail = Reached::End(window(WindowKind::Tail, end));
            assert!(quiet.keep(page(tail)).await.is_none());
            if withdrawn {
                quiet.withdraw(&vantage()).await;
            }
            let (wait, written) = quiet.write(&*store, at(end)).await;
            assert!((SOONEST..=LATEST).contains(&wait));
            assert_eq!(written.unwrap(), usize::from(!withdrawn));
            let known = store.progress(&vantage()).await.unwrap();
            known.progress.unwrap().watermark
        };
        // A page of another window leaves the tail waiting.
        let tail = Reached::End(window(WindowKind::Tail, "2026-03-01T00:30:00Z"));
        assert!(quiet.keep(page(tail)).await.is_none());
        let late = Reached::End(window(WindowKind::Late, "2026-03-01T00:30:00Z"));
        assert!(quiet.keep(page(late)).await.is_some());
        assert_eq!(quiet.write(&*store, first).await.1.unwrap(), 1);

        let (one, two) = ("2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z");
        assert_eq!(watermark(one, false).await, at(one));
        assert_eq!(watermark(two, true).await, at(one));
        assert_eq!(watermark(two, false).await, at(two));

        quiet.unwatched(&vantage(), at(two)).await;
        assert_eq!(quiet.write(&*store, at(two)).await.1.unwrap(), 1);
        let known = store.progress(&vantage()).await.unwrap();
        assert_eq!(known.watched_at, Some(at(two)));
    }

    #[tokio::test]
    async fn a_page_that_can_never_be_written_holds_back_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
        let store = open(&url, &Access::Write(Partition::from("aws"))).unwrap();
        let first = at("2026-03-01T00:00:00Z");
        let begun = window(WindowKind::Backfill, "2026-03-01T00:00:00Z");
        let progress = SyncProgress::first_contact(first);
        store
            .begin_window(&vantage(), begun, progress)
            .await
            .unwrap();
        let end = "2026-03-01T01:00:00Z";
        let tail = Reached::End(window(WindowKind::Tail, end));
        let never_met = Vantage::member(Scope {
            account: "000000000000".into(),
            region: "eu-west-1".into(),
        });
        let quiet = Quiet::new(Duration::from_secs(60));
        for vantage in [vantage(), never_met] {
            let page = PageRecord {
                vantage,
                ..page(tail)
            };
            assert!(quiet.keep(page).await.is_none());
        }
        quiet.write(&*store, at(end)).await.1.unwrap_err();
        let known = store.progress(&vantage()).await.unwrap();
        assert_eq!(known.progress.unwrap().watermark, at(end));
        assert_eq!(quiet.write(&*store, at(end)).await.1.unwrap(), 0);
    }
}
