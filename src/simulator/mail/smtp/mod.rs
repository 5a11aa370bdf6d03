//! An SMTP listener: EHLO, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT.
//!
//! STARTTLS is not offered: the listener has no certificate, and answers 454 to it.

mod session;
mod wire;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::MailService;

/// How long to wait before accepting again when accepting fails, as it does out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The SMTP side of a [`MailService`].
#[derive(Clone, Debug)]
pub struct Smtp {
    service: MailService,
}

impl Smtp {
    pub(super) fn new(service: MailService) -> Self {
        Smtp { service }
    }

    /// Serves connections until `shutdown` completes, then cuts those that are open.
    ///
    /// # Errors
    /// None at present: failures of single connections end those connections alone.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let mut shutdown = pin!(shutdown);
        let mut sessions = JoinSet::new();
        let most = self.service.settings().smtp_connections_max.max(1);
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                Some(_) = sessions.join_next() => {}
                accepted = listener.accept(), if sessions.len() < most => match accepted {
                    Ok((stream, _)) => {
                        let session = session::Session::new(self.service.clone());
                        sessions.spawn(session.run(stream));
                    }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
            }
        }
    }
}
