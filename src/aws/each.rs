//! Asking about many things, a few at a time.

use std::future::Future;

use tokio::task::JoinSet;

/// Does the work for each thing, `at_once` at a time, and hears of every outcome as it comes, in no
/// order. Ends when all is done, or as soon as `hear` says no: then what is under way is given up,
/// and nothing is left behind. Memory is bounded by `at_once`, not by the number of things.
///
/// A panic in the work goes on here.
pub async fn for_each<T, O, W>(
    at_once: usize,
    things: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> W,
    mut hear: impl FnMut(O) -> std::ops::ControlFlow<()>,
) where
    O: Send + 'static,
    W: Future<Output = O> + Send + 'static,
{
    let mut things = things.into_iter();
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < at_once.max(1)
            && let Some(thing) = things.next()
        {
            under_way.spawn(work(thing));
        }
        match under_way.join_next().await {
            None => return,
            Some(Ok(outcome)) => {
                if hear(outcome).is_break() {
                    return;
                }
            }
            Some(Err(error)) if error.is_panic() => {
                std::panic::resume_unwind(error.into_panic());
            }
            // Nobody else cancels this work.
            Some(Err(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        ops::ControlFlow,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_work_is_done_and_never_more_at_once_than_said() {
        let now = Arc::new(AtomicUsize::new(0));
        let mut heard = Vec::new();
        for_each(
            3,
            0..20,
            |number| {
                let now = Arc::clone(&now);
                async move {
                    let others = now.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    (number, others)
                }
            },
            |outcome| {
                heard.push(outcome);
                ControlFlow::Continue(())
            },
        )
        .await;
        assert!(heard.iter().all(|(_, others)| *others < 3));
        heard.sort_unstable();
        assert_eq!(heard.len(), 20);
        assert_eq!(heard[19].0, 19);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_no_ends_it() {
        let begun = Arc::new(AtomicUsize::new(0));
        for_each(
            2,
            0..20,
            |_| {
                begun.fetch_add(1, Ordering::SeqCst);
                async {}
            },
            |()| ControlFlow::Break(()),
        )
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }
}
