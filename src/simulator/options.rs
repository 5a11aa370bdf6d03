//! What a simulation is made of.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{faults::Faults, jira, mail, webhook};

/// Sizes, seed and habits of a simulated organization.
#[derive(Debug, Clone)]
pub struct Options {
    /// Member accounts, the management account included; at least 1.
    pub accounts: usize,
    /// Regions, from `us-east-1` on; 1 to 34.
    pub regions: usize,
    /// Findings over the whole organization.
    pub findings: usize,
    /// The same seed, sizes and `now` make the same world.
    pub seed: u64,
    /// Whether findings appear, change, arrive late and expire by themselves.
    pub live: bool,
    /// Changes a second while living.
    pub live_per_second: f64,
    /// Where to listen. Everything else than loopback is refused.
    pub listen: IpAddr,
    /// Port of the AWS endpoint; 0 lets the system choose.
    pub port: u16,
    /// `GetFindings` per account and Region.
    pub quota: Quota,
    /// What goes wrong from the start; the control API changes it later.
    pub faults: Faults,
    /// The moment the world is made for. The machine's clock when absent.
    pub now: Option<Timestamp>,
    /// Share of findings that break the finding format on purpose, 0 to 1.
    pub malformed: f64,
    /// Whether one member is the delegated Security Hub administrator, who sees every member's
    /// findings, and in the first Region those of all Regions.
    pub administrator: bool,
    /// How long a `NextToken` of `GetFindings` is good for. AWS states no figure.
    pub token_lifetime_secs: u32,
    /// Bound of the prepared answers kept for repeats.
    pub prepared_bytes: usize,
    /// Ports of the other servers.
    pub ports: Ports,
    /// The pretend Jira; its seed is replaced by the simulation's.
    pub jira: jira::Settings,
    /// The pretend mail services; SES checks signatures unless another verifier is set.
    pub mail: mail::Settings,
    /// The webhook receiver; it checks signatures, with a secret of the simulation's unless one is set.
    pub webhook: webhook::Settings,
}

/// Fixed ports of the other servers; 0 lets the system choose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The control API.
    pub control: u16,
    /// Jira, both dialects.
    pub jira: u16,
    /// Mail over HTTP, all providers.
    pub mail: u16,
    /// Mail over SMTP.
    pub smtp: u16,
    /// The webhook receiver.
    pub webhook: u16,
}

/// A token bucket. `per_second` of 0 switches it off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quota {
    /// Requests a second in the long run.
    pub per_second: f64,
    /// Requests at once after a pause.
    pub burst: f64,
}

impl Quota {
    /// AWS's figures for `GetFindings`.
    pub const GET_FINDINGS: Self = Self {
        per_second: 3.0,
        burst: 6.0,
    };
    /// AWS's figures for most other Security Hub calls.
    pub const OTHERS: Self = Self {
        per_second: 10.0,
        burst: 30.0,
    };
    /// No limit.
    pub const OFF: Self = Self {
        per_second: 0.0,
        burst: 0.0,
    };
}

impl Default for Options {
    fn default() -> Self {
        Self {
            accounts: 12,
            regions: 4,
            findings: 3_000,
            seed: 1,
            live: false,
            live_per_second: 2.0,
            listen: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            quota: Quota::GET_FINDINGS,
            faults: Faults::default(),
            now: None,
            malformed: 0.0,
            administrator: true,
            token_lifetime_secs: 900,
            prepared_bytes: 128 * 1024 * 1024,
            ports: Ports::default(),
            jira: jira::Settings::default(),
            mail: mail::Settings::default(),
            webhook: webhook::Settings::default(),
        }
    }
}
