//! A pretend Jira over real sockets, asked by a client that shares nothing with it.

mod faults;
mod searching;
mod writing;

use serde_json::{Value, json};

use super::*;
use crate::simulator::desk::testing::{Served, serve};

pub(super) struct Wire {
    pub(super) jira: Jira,
    pub(super) served: Served,
}

/// What came back: the status and the body, null if it was empty.
pub(super) type Answered = (u16, Value);

impl Wire {
    pub(super) async fn up(settings: Settings) -> Wire {
        let jira = Jira::new(settings);
        let served = serve(jira.router()).await;
        Wire { jira, served }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = self.served.url(path);
        let request = self.served.client.request(method.parse().unwrap(), url);
        let settings = self.jira.settings();
        if path.starts_with("/rest/api/2") {
            request.bearer_auth(&settings.personal_access_token)
        } else {
            request.basic_auth(&settings.email, Some(&settings.api_token))
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        answer(self.request("GET", path)).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> Answered {
        answer(self.request(method, path).json(body)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send("POST", path, body).await
    }

    /// Creates a ticket in Cloud and returns its key.
    pub(super) async fn create(&self, summary: &str, labels: &[&str]) -> String {
        let body = json!({"fields": fields(summary, labels)});
        let (status, answer) = self.post("/rest/api/3/issue", &body).await;
        assert_eq!(status, 201, "{answer}");
        answer["key"].as_str().unwrap().to_owned()
    }

    pub(super) async fn search(&self, jql: &str) -> Vec<String> {
        let body = json!({"jql": jql, "fields": ["summary"]});
        let (status, answer) = self.post("/rest/api/3/search/jql", &body).await;
        assert_eq!(status, 200, "{jql}: {answer}");
        let issues = answer["issues"].as_array().unwrap();
        issues
            .iter()
            .map(|issue| issue["key"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(super) async fn answer(request: reqwest::RequestBuilder) -> Answered {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

pub(super) fn document(text: &str) -> Value {
    json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
}

pub(super) fn fields(summary: &str, labels: &[&str]) -> Value {
    json!({
        "project": {"key": "SEC"},
        "issuetype": {"name": "Bug"},
        "summary": summary,
        "labels": labels,
        "description": document("Port 22 is open."),
    })
}
