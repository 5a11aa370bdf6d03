//! Named tasks that stop together.

use std::{collections::HashMap, future::Future, time::Duration};

use thiserror::Error;
use tokio::{
    task::{Id, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// A loop ended by itself. That is a bug; the daemon stops and is started again, which is safe
/// because progress lives in the store.
#[derive(Debug, Error)]
#[error("the loop `{task}` ended by itself: {how}")]
pub struct Failed {
    /// Which.
    pub task: String,
    /// By returning, or by panicking.
    pub how: &'static str,
}

/// Starts tasks, and waits for all of them.
pub(super) struct Supervisor {
    tasks: JoinSet<()>,
    names: HashMap<Id, String>,
    stop: CancellationToken,
    drain: Duration,
}

impl Supervisor {
    pub(super) fn new(stop: CancellationToken, drain: Duration) -> Self {
        Self {
            tasks: JoinSet::new(),
            names: HashMap::new(),
            stop,
            drain,
        }
    }

    /// Starts a task. It must end soon after `stop`, and not before.
    pub(super) fn spawn(
        &mut self,
        name: impl Into<String>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let handle = self.tasks.spawn(task);
        self.names.insert(handle.id(), name.into());
    }

    /// Waits until `stop` and then for every task, or until one ends by itself, which stops the
    /// others too.
    pub(super) async fn wait(mut self) -> Result<(), Failed> {
        let failed = tokio::select! {
            () = self.stop.cancelled() => None,
            ended = self.tasks.join_next_with_id() => self.early(ended),
        };
        self.stop.cancel();
        if timeout(self.drain, self.join_all()).await.is_err() {
            warn!(
                tasks = self.tasks.len(),
                "running work did not finish in time and is cut off"
            );
            self.tasks.shutdown().await;
        }
        match failed {
            Some(failed) => {
                error!(task = failed.task, "{failed}");
                Err(failed)
            }
            None => {
                info!("drained");
                Ok(())
            }
        }
    }

    fn early(&self, ended: Option<Result<(Id, ()), tokio::task::JoinError>>) -> Option<Failed> {
        if self.stop.is_cancelled() {
            return None;
        }
        let (id, how) = match ended? {
            Ok((id, ())) => (id, "it returned"),
            Err(error) => (error.id(), "it panicked"),
        };
        let task = self.names.get(&id).cloned().unwrap_or_default();
        Some(Failed { task, how })
    }

    async fn join_all(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            if let Err(error) = ended {
                let name = self.names.get(&error.id()).map_or("", String::as_str);
                error!(task = name, "a task panicked while draining");
            }
        }
    }
}
