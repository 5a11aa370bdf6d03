//! How fast the simulator answers, and how much memory it takes.
//!
//! `cargo bench --bench simulator -- [accounts] [Regions] [findings] [seconds]`. The client is part of
//! the process and shares its cores: requests are signed once and sent over and over on connections
//! that stay open, so that nearly all the work is the simulator's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a measuring program prints, and stops at the first surprise"
)]

use std::{fmt::Write as _, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use hubwatch::simulator::{Endpoints, Faults, Options, Quota, Reach, Simulator};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

const CONNECTIONS: usize = 8;

#[tokio::main]
async fn main() {
    let sizes: Vec<usize> = std::env::args()
        .filter_map(|text| text.parse().ok())
        .collect();
    let size = |position: usize, default| sizes.get(position).copied().unwrap_or(default);
    let seconds = size(3, 5) as u64;
    let started = Instant::now();
    let running = Simulator::start(Options {
        accounts: size(0, 10_000),
        regions: size(1, 17),
        findings: size(2, 1_000_000),
        quota: Quota::OFF,
        faults: Faults::none(),
        administrator: false,
        ..Options::default()
    })
    .await
    .unwrap();
    println!(
        "started in {:.1?}, resident {} MB",
        started.elapsed(),
        resident_mb()
    );

    let truth = running.world().truth();
    println!(
        "{} accounts, {} Regions, {} findings",
        truth.accounts, truth.regions, truth.findings
    );
    let mut scopes: Vec<_> = truth
        .scopes
        .iter()
        .filter(|scope| scope.reach == Reach::Ok)
        .collect();
    scopes.sort_by_key(|scope| std::cmp::Reverse(scope.findings));
    let endpoints = running.endpoints();
    for (name, chosen, body) in [
        ("full pages, prepared", &scopes[..4], WINDOW),
        ("full pages, rendered", &scopes[..4], "VARIED"),
        (
            "small pages, prepared",
            &scopes[scopes.len() / 4..scopes.len() / 4 + 200],
            WINDOW,
        ),
        ("empty windows", &scopes[..200], EMPTY),
    ] {
        let mut targets = Vec::new();
        for scope in chosen {
            let keys = assume(endpoints, &scope.account_id).await;
            let bodies = if body == "VARIED" {
                varied()
            } else {
                vec![body.to_owned()]
            };
            for body in bodies {
                targets.push(signed(
                    endpoints,
                    &keys,
                    "securityhub",
                    &scope.region,
                    "/findings",
                    &body,
                ));
            }
        }
        let (requests, bytes, elapsed) =
            load(endpoints, targets, Duration::from_secs(seconds)).await;
        let rate = requests as f64 / elapsed.as_secs_f64();
        println!(
            "{name}: {rate:.0} GetFindings a second, {:.0} KB each, {:.0} MB/s, resident {} MB",
            bytes as f64 / requests as f64 / 1e3,
            bytes as f64 / elapsed.as_secs_f64() / 1e6,
            resident_mb(),
        );
    }
    running.stop().await;
}

const WINDOW: &str = r#"{"Filters":{"UpdatedAt":[{"Start":"2000-01-01T00:00:00Z","End":"2100-01-01T00:00:00Z"}]},"SortCriteria":[{"Field":"UpdatedAt","SortOrder":"asc"}],"MaxResults":100}"#;
const EMPTY: &str = r#"{"Filters":{"UpdatedAt":[{"Start":"2000-01-01T00:00:00Z","End":"2000-01-02T00:00:00Z"}]},"SortCriteria":[{"Field":"UpdatedAt","SortOrder":"asc"}],"MaxResults":100}"#;

/// So many different requests that answers are seldom still kept when one is sent again.
fn varied() -> Vec<String> {
    (0..1_000)
        .map(|n| {
            WINDOW.replace(
                "2000-01-01T00:00:00Z",
                &format!("2000-01-01T00:{:02}:{:02}Z", n / 60, n % 60),
            )
        })
        .collect()
}

struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

async fn assume(endpoints: &Endpoints, account: &str) -> Keys {
    let user = Keys {
        id: endpoints.access_key_id.clone(),
        secret: endpoints.secret_access_key.clone(),
        token: None,
    };
    let body = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=bench&ExternalId={}&RoleArn=arn%3Aaws%3Aiam%3A%3A{account}%3Arole%2F{}",
        endpoints.external_id, endpoints.role_name
    );
    let request = signed(endpoints, &user, "sts", &endpoints.region, "/", &body);
    let mut connection = BufReader::new(TcpStream::connect(host(endpoints)).await.unwrap());
    let answer = exchange(&mut connection, &request).await;
    let answer = String::from_utf8(answer).unwrap();
    let element = |name: &str| {
        let rest = answer.split_once(&format!("<{name}>")).expect(&answer).1;
        rest.split_once("</").unwrap().0.to_owned()
    };
    Keys {
        id: element("AccessKeyId"),
        secret: element("SecretAccessKey"),
        token: Some(element("SessionToken")),
    }
}

async fn load(
    endpoints: &Endpoints,
    targets: Vec<Vec<u8>>,
    time: Duration,
) -> (u64, u64, Duration) {
    let targets = std::sync::Arc::new(targets);
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for first in 0..CONNECTIONS {
        let (targets, host) = (std::sync::Arc::clone(&targets), host(endpoints));
        tasks.spawn(async move {
            let mut connection =
                BufReader::with_capacity(64 * 1024, TcpStream::connect(host).await.unwrap());
            let (mut requests, mut bytes) = (0_u64, 0_u64);
            for target in targets
                .iter()
                .cycle()
                .skip(first * targets.len() / CONNECTIONS)
            {
                if started.elapsed() > time {
                    break;
                }
                bytes += exchange(&mut connection, target).await.len() as u64;
                requests += 1;
            }
            (requests, bytes)
        });
    }
    let (mut requests, mut bytes) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        let done = done.unwrap();
        requests += done.0;
        bytes += done.1;
    }
    (requests, bytes, started.elapsed())
}

/// Sends a request and reads its answer, which must be a success.
async fn exchange(connection: &mut BufReader<TcpStream>, request: &[u8]) -> Vec<u8> {
    connection.get_mut().write_all(request).await.unwrap();
    let (mut line, mut length, mut first) = (String::new(), 0, String::new());
    loop {
        line.clear();
        connection.read_line(&mut line).await.unwrap();
        if first.is_empty() {
            first.clone_from(&line);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.unwrap();
    assert!(
        first.contains(" 200 "),
        "{first}{}",
        String::from_utf8_lossy(&body)
    );
    body
}

fn host(endpoints: &Endpoints) -> String {
    endpoints
        .aws_endpoint_url
        .trim_start_matches("http://")
        .to_owned()
}

fn signed(
    endpoints: &Endpoints,
    keys: &Keys,
    service: &str,
    region: &str,
    path: &str,
    body: &str,
) -> Vec<u8> {
    let stamp = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let (day, host) = (stamp.split_once('T').unwrap().0, host(endpoints));
    let kind = if service == "sts" {
        "application/x-www-form-urlencoded"
    } else {
        "application/json"
    };
    let hash = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let mut headers = format!("content-type:{kind}\nhost:{host}\nx-amz-date:{stamp}\n");
    let mut names = "content-type;host;x-amz-date".to_owned();
    if let Some(token) = &keys.token {
        let _written = writeln!(headers, "x-amz-security-token:{token}");
        names.push_str(";x-amz-security-token");
    }
    let canonical = format!("POST\n{path}\n\n{headers}\n{names}\n{}", hash(body));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hash(&canonical));
    let mut key = hmac(format!("AWS4{}", keys.secret).as_bytes(), day);
    for part in [region, service, "aws4_request"] {
        key = hmac(&key, part);
    }
    let signature = hex::encode(hmac(&key, &to_sign));
    let headers = headers
        .replace('\n', "\r\n")
        .replace("content-type:", "Content-Type: ");
    format!(
        "POST {path} HTTP/1.1\r\n{headers}Content-Length: {}\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential={}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\r\n{body}",
        body.len(),
        keys.id
    )
    .into_bytes()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| {
        line.trim()
            .trim_end_matches(" kB")
            .trim()
            .parse::<u64>()
            .ok()
    })
    .unwrap_or(0)
        / 1024
}
