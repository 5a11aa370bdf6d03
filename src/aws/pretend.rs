//! A pretend AWS on a loopback socket: one endpoint for every service, answering as a test says.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{Response, request::Parts},
};
use secrecy::SecretString;
use tokio::{net::TcpListener, task::JoinSet};

use super::{Aws, Operation, Settings};
use crate::domain::Clock;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) operation: Operation,
    /// How many requests of this operation came before.
    pub(super) before: usize,
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) query: String,
    pub(super) body: String,
}

/// What to answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) after: Duration,
}

impl Reply {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            body: body.into(),
            ..Self::default()
        }
    }

    /// An error of a service that speaks JSON.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "Message": message });
        Self {
            status,
            body: body.to_string().into_bytes(),
            headers: vec![("x-amzn-errortype", code.to_owned())],
            ..Self::default()
        }
    }

    /// An error of STS.
    pub(super) fn sts_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        );
        Self {
            status,
            body: body.into_bytes(),
            ..Self::default()
        }
    }

    /// A session whose access key is the given one, good for an hour.
    pub(super) fn session(access_key: &str) -> Self {
        let ends = Clock::system().now() + jiff::SignedDuration::from_hours(1);
        Self::ok(format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleResult><AssumedRoleUser><AssumedRoleId>A:hubwatch</AssumedRoleId>\
             <Arn>arn:aws:sts::111122223333:assumed-role/hubwatch-read/hubwatch</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{access_key}</AccessKeyId>\
             <SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>\
             <Expiration>{ends:.0}</Expiration></Credentials></AssumeRoleResult>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"
        ))
    }
}

/// A pretend AWS; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Pretend {
    url: String,
    asked: Arc<RwLock<Vec<Asked>>>,
    _server: JoinSet<()>,
}

impl Pretend {
    pub(super) async fn start(
        reply: impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(RwLock::new(Vec::new()));
        let log = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| {
            let (log, reply) = (Arc::clone(&log), reply.clone());
            async move { answer(&log, &reply, request).await }
        });
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, app).await.unwrap();
        });
        Self {
            url,
            asked,
            _server: server,
        }
    }

    /// A room that asks this pretend AWS. `extra` is TOML beside `[aws]`.
    pub(super) async fn connect(&self, extra: &str) -> (Aws, prometheus::Registry) {
        connect(&self.url, extra).await
    }

    /// The requests of one operation so far.
    pub(super) fn asked(&self, operation: Operation) -> Vec<Asked> {
        let asked = self.asked.read().unwrap();
        asked
            .iter()
            .filter(|a| a.operation == operation)
            .cloned()
            .collect()
    }
}

/// A room that asks whatever is at a URL.
pub(super) async fn connect(url: &str, extra: &str) -> (Aws, prometheus::Registry) {
    use figment::providers::{Format as _, Toml};
    let settings: Settings = figment::Figment::from(Toml::string(extra))
        .merge(("aws.endpoint_url", url))
        .extract()
        .unwrap();
    let read = |_: &std::path::Path| Ok(SecretString::from("external-1"));
    let config = settings
        .validate(&read)
        .unwrap()
        .with_keys("AKIAOWN", SecretString::from("secret"));
    let registry = prometheus::Registry::new();
    let aws = Aws::connect(config, Clock::system(), &registry)
        .await
        .unwrap();
    (aws, registry)
}

async fn answer(
    log: &RwLock<Vec<Asked>>,
    reply: &impl Fn(&Asked) -> Reply,
    request: Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let asked = note(log, &head, body);
    let reply = reply(&asked);
    tokio::time::sleep(reply.after).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// Reads who asks from the signature's scope, `Credential=KEY/DATE/REGION/SERVICE/aws4_request`, and
/// what from where each protocol says it.
fn note(log: &RwLock<Vec<Asked>>, head: &Parts, body: String) -> Asked {
    let signature = head.headers["authorization"].to_str().unwrap();
    let scope = signature.split("Credential=").nth(1).unwrap();
    let scope: Vec<_> = scope.split('/').collect();
    let target = head.headers.get("x-amz-target");
    let target = target.map_or("", |value| value.to_str().unwrap());
    let operation = Operation::ALL
        .into_iter()
        .filter(|operation| operation.service() == scope[3])
        .find(|operation| match scope[3] {
            "organizations" => target.ends_with(&format!(".{}", operation.name())),
            "securityhub" => *operation == of_security_hub(head.uri.path()),
            _ => body.contains(&format!("Action={}&", operation.name())),
        })
        .unwrap();
    let mut log = log.write().unwrap();
    let asked = Asked {
        operation,
        before: log.iter().filter(|a| a.operation == operation).count(),
        access_key: scope[0].to_owned(),
        region: scope[2].to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body,
    };
    log.push(asked.clone());
    asked
}

fn of_security_hub(path: &str) -> Operation {
    match path {
        "/members" => Operation::ListMembers,
        "/findingAggregator/list" => Operation::ListFindingAggregators,
        "/findings" => Operation::GetFindings,
        _ => Operation::GetFindingAggregator,
    }
}
