//! What the operator types about AWS: `[aws]`, `[accounts]` and `[regions]`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

/// The three sections that this room reads, as they were typed. Checked by
/// [`Settings::validate`](super::Settings::validate).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Partition, Region, endpoint, role.
    pub aws: AwsSection,
    /// Which accounts.
    pub accounts: AccountsSection,
    /// Which Regions.
    pub regions: RegionsSection,
}

/// `[aws]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AwsSection {
    /// `aws` unless said otherwise. Credentials never cross a partition.
    pub partition: Option<String>,
    /// Where STS and Organizations are asked. Must be a Region that every account has.
    pub region: Option<String>,
    /// One endpoint for every AWS service, for simulators and VPC endpoints.
    pub endpoint_url: Option<String>,
    /// How often one account may be asked in one Region; 3 a second unless said otherwise.
    pub requests_per_second: Option<u32>,
    /// `[aws.role]`
    pub role: RoleSection,
}

/// `[aws.role]`: the role that is assumed in every account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleSection {
    /// Its name, with its path if it has one; `hubwatch-read` unless said otherwise.
    pub name: Option<String>,
    /// A file with the external id that the role's trust policy asks for.
    pub external_id_file: Option<PathBuf>,
    /// What CloudTrail calls the sessions; `hubwatch` unless said otherwise.
    pub session_name: Option<String>,
    /// How long a session lasts; `1h` unless said otherwise.
    pub duration: Option<String>,
    /// Tags of the sessions, for policies and CloudTrail.
    pub session_tags: BTreeMap<String, String>,
    /// Who is behind the sessions; every session that follows from them says so, too.
    pub source_identity: Option<String>,
    /// The ARN of a role that is assumed first. The accounts' roles are assumed as it, and
    /// organizations and members are listed as it.
    pub via: Option<String>,
}

/// `[accounts]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountsSection {
    /// `organization` (unless said otherwise), `hub-members` or `list`.
    pub discover: Option<String>,
    /// The accounts, when they are listed here.
    pub list: Vec<ListedAccount>,
    /// Only these, when it names any.
    pub include: AccountSelection,
    /// Never these.
    pub exclude: AccountSelection,
    /// How often to look for new accounts and Regions; `10m` unless said otherwise.
    pub refresh: Option<String>,
}

/// One account of `accounts.list`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListedAccount {
    /// Twelve digits.
    pub id: String,
    /// What people call it; its id unless said otherwise.
    pub name: Option<String>,
    /// The Regions to read in this account alone.
    pub regions: Option<Vec<String>>,
    /// Its tags, as the organization would say them.
    pub tags: BTreeMap<String, String>,
}

/// A choice of accounts: those that it names in any of these ways.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSelection {
    /// By id.
    pub ids: Vec<String>,
    /// By the organizational units or root that they are below, however deep.
    pub ous: Vec<String>,
    /// By their tags in the organization, of which they must have all.
    pub tags: BTreeMap<String, TagValues>,
}

/// The ways to write what a tag may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum TagValues {
    /// This.
    One(String),
    /// One of these.
    Many(Vec<String>),
}

/// `[regions]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegionsSection {
    /// `enabled` (unless said otherwise: every account is asked) or `list`.
    pub discover: Option<String>,
    /// The Regions, when they are listed here.
    pub list: Vec<String>,
}
