//! Configuration: what the operator typed, made into what the program runs on.
//!
//! Knows the file, the environment, where each value came from, and how to say what is wrong with
//! all of them at once without repeating one.
//! Does not know what a room's settings mean: each room declares its own and checks them.

mod environment;
mod explain;
mod extract;
mod facts;
mod gather;
mod http;
mod key;
mod layers;
mod problem;
mod retention;
mod routes;
mod secret;
mod sinks;
mod store;
mod sync;

use std::{collections::BTreeMap, ffi::OsString, path::Path};

pub use environment::environment;
pub use http::HttpConfig;
pub use problem::{ConfigErrors, ConfigProblem};
pub use store::StoreConfig;
pub use sync::SyncConfig;

use crate::{
    aws,
    correlate::{OwnerSettings, OwnerTags, Route, Rules, RulesSettings},
    notify::SinkConfig,
    observe::telemetry::{self, LogConfig},
    store::Retention,
};
use gather::Gather;

/// What the program runs on. It cannot hold nonsense, and printing it for debugging shows no
/// secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whom we are to AWS, and which accounts and Regions are followed.
    pub aws: aws::Config,
    /// How scopes are followed.
    pub sync: SyncConfig,
    /// Where findings are kept.
    pub store: StoreConfig,
    /// How long what nobody needs any more is kept.
    pub retention: Retention,
    /// Where and to whom we answer.
    pub http: HttpConfig,
    /// What is logged and how.
    pub log: LogConfig,
    /// The correlation rules that are on.
    pub rules: Rules,
    /// The tags that name the owner of an incident.
    pub owner: OwnerTags,
    /// Which incidents go to which sinks, in the order in which they are written.
    pub routes: Vec<Route>,
    /// The places notices go, by the name that the operator gave each.
    pub sinks: BTreeMap<String, SinkConfig>,
    /// What works, and still deserves a word to the operator.
    pub warnings: Vec<ConfigProblem>,
}

/// The sections, in the order in which their problems are told.
const SECTIONS: [&str; 12] = [
    "aws",
    "accounts",
    "regions",
    "sync",
    "store",
    "retention",
    "http",
    "log",
    "rules",
    "owner",
    "routes",
    "sinks",
];

/// Reads the configuration: the file, then variables of the environment over it, which come from
/// [`environment`] except in tests. Reads the files of secrets; changes nothing.
///
/// # Errors
/// Every problem at once, with its key and source, and never with a configured value. Only a file
/// that cannot be read as TOML hides the others.
pub fn load(
    path: Option<&Path>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigErrors> {
    let mut gather = Gather::begin(path, variables.into_iter())?;
    gather.refuse_unknown_sections(&SECTIONS);
    let aws = gather.sections(&["aws", "accounts", "regions"], aws::Settings::validate);
    let sync = gather.section("sync", |s: sync::Settings, _| s.validate());
    let store = gather.section("store", |s: store::Settings, _| s.validate());
    let retention = gather.section("retention", |s: retention::Settings, _| s.validate());
    let http = gather.section("http", http::Settings::validate);
    let log = gather.section("log", |s: telemetry::Settings, _| s.validate());
    let rules = gather.section("rules", |s: RulesSettings, _| s.validate());
    let owner = gather.section("owner", |s: OwnerSettings, _| s.validate());
    let sink_names = sinks::names(&gather);
    let routes = routes::read(&mut gather, &sink_names);
    let sinks = sinks::read(&mut gather);
    let (Some(aws), Some(sync), Some(store), Some(retention), Some(http), Some(log)) =
        (aws, sync, store, retention, http, log)
    else {
        return Err(gather.into_errors());
    };
    let (Some(rules), Some(owner)) = (rules, owner) else {
        return Err(gather.into_errors());
    };
    let wanted = facts::wanted(&mut gather, &aws, &routes, &owner);
    Ok(Config {
        aws: aws.with_wanted(wanted),
        sync,
        store,
        retention,
        http,
        log,
        rules,
        owner,
        routes: routes.into_iter().map(|(_, route)| route).collect(),
        sinks,
        warnings: gather.finish()?,
    })
}
