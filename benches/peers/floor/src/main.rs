//! The floor under every client of `GetFindings`: asks for the pages, reads the answers, scans them
//! for the fields that a record is made of, and keeps nothing.
//!
//! One blocking connection for each thread, one buffer, one pass of serde over each answer. There is
//! no cheaper way to hold the same bytes and to know what they say.
//!
//! Reads on standard input what `full_sync.py` says of the simulation and of the scopes to read;
//! prints how much it read as a line of JSON.

mod http;
mod scan;
mod sign;

use std::{
    collections::VecDeque,
    error::Error,
    hint::black_box,
    io::stdin,
    sync::{Mutex, PoisonError},
    thread,
};

use serde::Deserialize;
use serde_json::json;

use self::{http::Connection, sign::Keys};

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Deserialize)]
struct Task {
    aws_endpoint_url: String,
    region: String,
    access_key_id: String,
    secret_access_key: String,
    role_name: String,
    external_id: String,
    threads: usize,
    /// Each account with the Regions to read in it.
    accounts: Vec<(String, Vec<String>)>,
    /// `UpdatedAt` from and to.
    windows: Vec<(String, String)>,
}

#[derive(Default)]
struct Read {
    findings: usize,
    requests: usize,
    bytes: usize,
}

fn main() -> Result<(), Failure> {
    let task: Task = serde_json::from_reader(stdin().lock())?;
    let accounts = Mutex::new(task.accounts.iter().collect::<VecDeque<_>>());
    let next = || {
        let mut accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.pop_front()
    };
    let mut all = Read::default();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..task.threads)
            .map(|_| {
                scope.spawn(|| -> Result<Read, Failure> {
                    let mut read = Read::default();
                    let mut connection = Connection::open(&task.aws_endpoint_url)?;
                    while let Some((account, regions)) = next() {
                        read_account(&task, &mut connection, account, regions, &mut read)?;
                    }
                    Ok(read)
                })
            })
            .collect();
        for reader in readers {
            let read = reader.join().map_err(|_| "a reader panicked")??;
            all.findings += read.findings;
            all.requests += read.requests;
            all.bytes += read.bytes;
        }
        Ok::<(), Failure>(())
    })?;
    let Read {
        findings,
        requests,
        bytes,
    } = all;
    println!(
        "{}",
        json!({"findings": findings, "requests": requests, "bytes": bytes})
    );
    Ok(())
}

fn read_account(
    task: &Task,
    connection: &mut Connection,
    account: &str,
    regions: &[String],
    read: &mut Read,
) -> Result<(), Failure> {
    let keys = assume(task, connection, account)?;
    for region in regions {
        for (start, end) in &task.windows {
            let mut token: Option<String> = None;
            loop {
                let mut question = json!({
                    "Filters": {"UpdatedAt": [{"Start": start, "End": end}]},
                    "SortCriteria": [{"Field": "UpdatedAt", "SortOrder": "asc"}],
                    "MaxResults": 100,
                });
                if let Some(token) = token {
                    question["NextToken"] = token.into();
                }
                let body = question.to_string();
                let request = sign::request(
                    connection.host(),
                    &keys,
                    ("securityhub", region),
                    "/findings",
                    &body,
                );
                let answer = connection.exchange(&request)?;
                let page: scan::Page<'_> = serde_json::from_slice(answer)?;
                read.requests += 1;
                read.bytes += answer.len();
                read.findings += black_box(&page).findings.len();
                token = page.next_token;
                if token.is_none() {
                    break;
                }
            }
        }
    }
    Ok(())
}

fn assume(task: &Task, connection: &mut Connection, account: &str) -> Result<Keys, Failure> {
    let user = Keys {
        id: task.access_key_id.clone(),
        secret: task.secret_access_key.clone(),
        token: None,
    };
    let body = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleSessionName=floor&ExternalId={}\
         &RoleArn=arn%3Aaws%3Aiam%3A%3A{account}%3Arole%2F{}",
        task.external_id, task.role_name
    );
    let request = sign::request(connection.host(), &user, ("sts", &task.region), "/", &body);
    let answer = std::str::from_utf8(connection.exchange(&request)?)?;
    let element = |name: &str| -> Result<String, Failure> {
        let (_, rest) = answer
            .split_once(&format!("<{name}>"))
            .ok_or_else(|| format!("AssumeRole answered no {name}"))?;
        let (text, _) = rest.split_once("</").ok_or("AssumeRole's answer is cut")?;
        Ok(text.to_owned())
    };
    Ok(Keys {
        id: element("AccessKeyId")?,
        secret: element("SecretAccessKey")?,
        token: Some(element("SessionToken")?),
    })
}
