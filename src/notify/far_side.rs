//! A far side for tests: answers as it is told, and remembers what it heard. And a notice to send.

use std::{
    collections::VecDeque,
    future::{Future, IntoFuture},
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Uri},
    response::Response,
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Notice, NoticeProblem};
use crate::domain::{IncidentId, Remediation, Severity, delivery::Occasion};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Canned {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: String,
}

impl Canned {
    pub(super) fn new(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn on_the_wire(&self) -> String {
        let mut text = format!(
            "HTTP/1.1 {} X\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{text}\r\n{}", self.body)
    }
}

/// Runs `client` against a server that gives these answers in turn, and returns what it heard.
pub(super) async fn answering<C, F>(answers: Vec<Canned>, client: C) -> (F::Output, Vec<Heard>)
where
    C: FnOnce(String) -> F,
    F: Future,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard: Arc<RwLock<Vec<Heard>>> = Arc::default();
    let answers = Arc::new(RwLock::new(VecDeque::from(answers)));
    let ears = heard.clone();
    let router = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let body = serde_json::from_slice(&body).unwrap();
        ears.write().unwrap().push(Heard {
            path: uri.path().to_owned(),
            headers,
            body,
        });
        let canned = answers.write().unwrap().pop_front().unwrap();
        async move {
            let mut answer = Response::builder().status(canned.status);
            for (name, value) in canned.headers {
                answer = answer.header(name, value);
            }
            answer.body(Body::from(canned.body)).unwrap()
        }
    });
    let outcome = tokio::select! {
        ended = axum::serve(listener, router).into_future() => panic!("server ended: {ended:?}"),
        outcome = client(url) => outcome,
    };
    let heard = heard.read().unwrap().clone();
    (outcome, heard)
}

/// Runs `client` against a server that reads the whole request and then hangs up, or never speaks.
pub(super) async fn silent<C, F>(hangs_up: bool, client: C) -> F::Output
where
    C: FnOnce(String) -> F,
    F: Future,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = async {
        let mut kept = Vec::new();
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            drain(&mut connection).await;
            if !hangs_up {
                kept.push(connection);
            }
        }
    };
    tokio::select! {
        () = serve => unreachable!(),
        outcome = client(url) => outcome,
    }
}

/// Runs `client` against a server that says yes to the first request of a connection and, having
/// read the second one whole, hangs up. Returns how many requests it read in all.
pub(super) async fn hanging_up_on_the_second<C, F>(yes: &Canned, client: C) -> (F::Output, usize)
where
    C: FnOnce(String) -> F,
    F: Future,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = AtomicUsize::new(0);
    let serve = async {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            drain(&mut connection).await;
            heard.fetch_add(1, Ordering::SeqCst);
            connection
                .write_all(yes.on_the_wire().as_bytes())
                .await
                .unwrap();
            drain(&mut connection).await;
            heard.fetch_add(1, Ordering::SeqCst);
        }
    };
    let outcome = tokio::select! {
        () = serve => unreachable!(),
        outcome = client(url) => outcome,
    };
    (outcome, heard.load(Ordering::SeqCst))
}

/// Reads a request to its end, as its `Content-Length` gives it.
async fn drain(connection: &mut TcpStream) {
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = connection.read(&mut part).await.unwrap();
        text.extend_from_slice(&part[..read]);
        let all = String::from_utf8_lossy(&text);
        let Some((head, body)) = all.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.to_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length: ")
                .map(|n| n.parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap() || read == 0 {
            return;
        }
    }
}

/// A URL on which nobody listens.
pub(super) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// An ordinary notice.
pub(super) fn notice() -> Notice {
    let since = "2026-03-01T12:00:00Z".parse().unwrap();
    Notice {
        mark: "hubwatch-1f3a".to_owned(),
        occasion: Occasion::Opened,
        incident: IncidentId(12),
        title: "Port 22 is open to the world".to_owned(),
        severity: Severity::Critical,
        account: "111122223333".into(),
        account_name: "payments".to_owned(),
        owner: None,
        region: Some("eu-west-1".into()),
        resource: "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1".to_owned(),
        resource_kind: "AwsEc2SecurityGroup".to_owned(),
        since,
        problems: vec![NoticeProblem {
            worse: None,
            title: "Security groups should not allow unrestricted access".to_owned(),
            problem: "control:EC2.19".to_owned(),
            severity: Severity::Critical,
            description: "This control checks ports.\nPort 22 is open.".to_owned(),
            remediation: Remediation {
                text: Some("Close the port.".to_owned()),
                url: Some(
                    "https://docs.aws.amazon.com/console/securityhub/EC2.19/remediation".to_owned(),
                ),
            },
            since,
            findings: 4,
            finding_id: "finding-1".to_owned(),
        }],
        more_problems: 0,
        console_url: Some("https://console.aws.amazon.com/securityhub/home".to_owned()),
        page_url: Some("https://hubwatch.example.com/incidents/12".to_owned()),
    }
}
