//! Being told to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// A token that is cancelled by SIGTERM or SIGINT. A second signal ends the process at once.
pub(super) fn on_signal() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    let wait = async move {
        for nth in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if nth > 0 {
                error!("stopped before running work was finished");
                abort();
            }
            info!("stopping; running work is finished first, a second signal ends it at once");
            cancelled.cancel();
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it waits for signals as long as the process lives and has nothing to drain"
    )]
    drop(tokio::spawn(wait));
    Ok(stop)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person asked twice; what is stored stays whole"
)]
fn abort() -> ! {
    std::process::exit(130)
}
