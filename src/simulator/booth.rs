//! Where people are told things: the pretend Jira, mail services and webhook receiver, on ports of
//! their own beside the AWS endpoint.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{
    bind,
    endpoints::BoothEndpoints,
    jira::{self, Jira},
    mail::{self, MailService},
    options::Options,
    serve,
    shared::Shared,
    sigv4::{self, Authorization, Refusal},
    spawn, stopped,
    webhook::{self, Webhook},
};

/// Shared secret of webhooks, unless the options set one.
const WEBHOOK_SECRET: &str = "simulated-webhook-secret";

/// Handles on the three services, for looking inside and for switching their faults.
#[derive(Debug, Clone)]
pub struct Booth {
    /// Jira Cloud and Data Center, over one store of tickets.
    pub jira: Jira,
    /// SendGrid, Mailgun, Postmark, SES and SMTP.
    pub mail: MailService,
    /// What webhooks were received.
    pub webhook: Webhook,
}

/// The booth's sockets, bound and not yet served.
pub(super) struct Sockets {
    jira: TcpListener,
    mail: TcpListener,
    smtp: TcpListener,
    webhook: TcpListener,
}

impl Sockets {
    pub(super) async fn bind(options: &Options) -> io::Result<Self> {
        let (at, ports) = (options.listen, options.ports);
        Ok(Self {
            jira: bind(at, ports.jira).await?,
            mail: bind(at, ports.mail).await?,
            smtp: bind(at, ports.smtp).await?,
            webhook: bind(at, ports.webhook).await?,
        })
    }
}

impl Booth {
    /// Services with their settings, SES taking the signatures of the simulation's own key.
    pub(super) fn new(options: &Options, shared: &Arc<Shared>) -> Self {
        let mut mail = options.mail.clone();
        mail.ses_verifier
            .get_or_insert_with(|| ses_verifier(Arc::clone(shared)));
        let mut webhook = options.webhook.clone();
        webhook
            .secret
            .get_or_insert_with(|| WEBHOOK_SECRET.to_owned());
        Self {
            jira: Jira::new(jira::Settings {
                seed: options.seed,
                ..options.jira.clone()
            }),
            mail: MailService::new(mail::Settings {
                seed: options.seed,
                ..mail
            }),
            webhook: Webhook::new(webhook::Settings {
                seed: options.seed,
                ..webhook
            }),
        }
    }

    /// Serves on the sockets until told to stop.
    pub(super) fn open(
        &self,
        sockets: Sockets,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let (smtp, stop_smtp) = (self.mail.smtp(), stop.clone());
        vec![
            serve(sockets.jira, self.jira.router(), stop.clone()),
            serve(sockets.mail, self.mail.router(), stop.clone()),
            serve(sockets.webhook, self.webhook.router(), stop.clone()),
            spawn(async move {
                if let Err(error) = smtp.serve(sockets.smtp, stopped(stop_smtp)).await {
                    tracing::error!(%error, "the simulated mail server ended: {error}");
                }
            }),
        ]
    }

    /// Where the sockets are, and what opens them.
    pub(super) fn endpoints(&self, sockets: &Sockets) -> io::Result<BoothEndpoints> {
        let url = |listener: &TcpListener| listener.local_addr().map(|at| format!("http://{at}"));
        let (jira_url, mail_url) = (url(&sockets.jira)?, url(&sockets.mail)?);
        let smtp: SocketAddr = sockets.smtp.local_addr()?;
        let (jira, mail) = (self.jira.settings(), self.mail.settings());
        let (smtp_username, smtp_password) = mail.smtp_login.clone().unzip();
        Ok(BoothEndpoints {
            jira_dc_url: jira_url.clone(),
            jira_url,
            jira_email: jira.email.clone(),
            jira_api_token: jira.api_token.clone(),
            jira_project: jira
                .projects
                .first()
                .map_or_else(String::new, |project| project.key.clone()),
            jira_pat: jira.personal_access_token.clone(),
            sendgrid_url: mail_url.clone(),
            sendgrid_api_key: mail.sendgrid_key.clone(),
            mailgun_url: mail_url.clone(),
            mailgun_domain: mail.mailgun_domain.clone(),
            mailgun_api_key: mail.mailgun_key.clone(),
            postmark_url: mail_url.clone(),
            postmark_server_token: mail.postmark_token.clone(),
            ses_url: mail_url,
            smtp_host: smtp.ip().to_string(),
            smtp_port: smtp.port(),
            smtp_username,
            smtp_password,
            webhook_url: url(&sockets.webhook)? + "/hook",
            webhook_secret: self.webhook.settings().secret.clone().unwrap_or_default(),
        })
    }
}

fn ses_verifier(shared: Arc<Shared>) -> mail::Verifier {
    Arc::new(move |parts, body| {
        let now = sigv4::Now {
            signature: sigv4::machine_time(),
            session: shared.clock.wall(),
        };
        let authorization = Authorization::of(&parts.headers).map_err(reason)?;
        if authorization.service != "ses" {
            return Err(format!(
                "Credential should be scoped to service 'ses', not '{}'",
                authorization.service
            ));
        }
        let caller = sigv4::verify(parts, body, &authorization, &shared.keychain, now);
        caller.map(|_| ()).map_err(reason)
    })
}

fn reason(refusal: Refusal) -> String {
    match refusal {
        Refusal::Missing => "Missing Authentication Token".to_owned(),
        Refusal::UnknownKey => "The security token included in the request is invalid.".to_owned(),
        Refusal::SessionExpired => {
            "The security token included in the request is expired".to_owned()
        }
        Refusal::Incomplete(message) | Refusal::Skewed(message) | Refusal::Mismatch(message) => {
            message
        }
    }
}
