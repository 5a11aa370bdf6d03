//! The demo's configuration: written as an operator would write it, and read the same way.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};

use crate::{
    config::{self, Config},
    simulator::Endpoints,
};

/// Where the demo keeps its files. A temporary place is removed at the end.
pub(super) struct Place {
    dir: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Place {
    /// Makes the directory.
    pub(super) fn prepare(dir: Option<&Path>) -> anyhow::Result<Self> {
        match dir {
            Some(dir) => {
                fs::create_dir_all(dir)
                    .with_context(|| format!("cannot create {}", dir.display()))?;
                // The settings name it, and they may be read from elsewhere.
                let dir = fs::canonicalize(dir)?;
                Ok(Self {
                    dir,
                    _temporary: None,
                })
            }
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("hubwatch-demo-")
                    .tempdir()?;
                Ok(Self {
                    dir: temporary.path().to_owned(),
                    _temporary: Some(temporary),
                })
            }
        }
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.dir.join("hubwatch.toml")
    }

    /// Writes settings and secrets, and loads them.
    pub(super) fn write(
        &self,
        endpoints: &Endpoints,
        listen: SocketAddr,
        verbose: bool,
    ) -> anyhow::Result<Config> {
        self.secret("external-id", &endpoints.external_id)?;
        self.secret("jira-token", &endpoints.booth.jira_api_token)?;
        self.secret("sendgrid-key", &endpoints.booth.sendgrid_api_key)?;
        fs::write(self.config(), self.toml(endpoints, listen, verbose))
            .with_context(|| format!("cannot write {}", self.config().display()))?;
        // The demo is what it says, whatever the environment holds.
        config::load(Some(&self.config()), [])
            .map_err(|errors| anyhow!("the demo's own settings are wrong: {errors}"))
    }

    fn secret(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(fs::set_permissions(
            &path,
            fs::Permissions::from_mode(0o600),
        )?)
    }

    fn toml(&self, endpoints: &Endpoints, listen: SocketAddr, verbose: bool) -> String {
        let dir = self.dir.display();
        let filter = if verbose { "info" } else { "error" };
        let booth = &endpoints.booth;
        format!(
            r#"# Settings of a demo: every address is the simulator's, on this machine.
[aws]
region = "{region}"
endpoint_url = "{aws_endpoint_url}"
[aws.role]
name = "{role_name}"
external_id_file = "{dir}/external-id"

[sync]
poll_interval = "10s"
poll_interval_max = "10s"

[store]
url = "sqlite://{dir}/hubwatch.db"

[http]
listen = "{listen}"

[log]
filter = "{filter}"

[[routes]]
name = "high-and-critical"
match = {{ severity = ">=HIGH" }}
group_by = "resource"
sinks = ["jira-demo", "oncall"]
# What the first reading finds would be history elsewhere; here it is what there is to show.
first_sync = "notify"

[sinks.jira-demo]
type = "jira"
url = "{jira_url}"
email = "{jira_email}"
api_token_file = "{dir}/jira-token"
project = "{jira_project}"
issue_type = "Task"

[sinks.oncall]
type = "email"
via = "sendgrid"
api_url = "{sendgrid_url}"
api_key_file = "{dir}/sendgrid-key"
from = "hubwatch@example.com"
to = ["oncall@example.com"]
"#,
            region = endpoints.region,
            aws_endpoint_url = endpoints.aws_endpoint_url,
            role_name = endpoints.role_name,
            jira_url = booth.jira_url,
            jira_email = booth.jira_email,
            jira_project = booth.jira_project,
            sendgrid_url = booth.sendgrid_url,
        )
    }
}
