//! One problem on one resource, however many findings report it.

use super::{AccountId, Digest, Region};

/// Which problem on which resource: what makes two findings one issue. A pure function of a
/// finding's canonical fields, never of its prose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IssueIdentity {
    /// The account that has the problem.
    pub account: AccountId,
    /// The Region that has it; `None` for a global resource, reported once per Region.
    pub region: Option<Region>,
    /// ASFF type of the resource, such as `AwsS3Bucket`.
    pub resource_kind: String,
    /// The resource's canonical id.
    pub resource: String,
    /// The problem's canonical name, such as `control:S3.8` or `cve:CVE-2021-44228`.
    pub problem: String,
}

impl IssueIdentity {
    /// The fingerprint that stands for the issue.
    #[must_use]
    pub fn key(&self) -> Digest {
        let region = self.region.as_ref().map_or("", Region::as_str);
        Digest::of(&[self.account.as_str(), region, &self.resource, &self.problem])
    }
}

/// A resource beside the one that an issue is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelatedResource {
    /// The account that has it.
    pub account: AccountId,
    /// The Region that it is in; `None` when it is global.
    pub region: Option<Region>,
    /// ASFF type; `Other` where there is none for it.
    pub kind: String,
    /// Its canonical id.
    pub id: String,
}

/// Whether the problem is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueStatus {
    /// It is.
    Open,
    /// Every finding that reports it is suppressed by an analyst.
    Suppressed,
    /// Every finding that reported it was seen fixed, resolved or archived.
    Resolved,
}

impl IssueStatus {
    /// The word for columns, labels and output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Suppressed => "suppressed",
            Self::Resolved => "resolved",
        }
    }

    /// A small number for a database column.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Resolved => 1,
            Self::Suppressed => 2,
        }
    }

    /// The reverse of [`IssueStatus::code`]; `None` for a number that it never gives.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Open, Self::Resolved, Self::Suppressed]
            .into_iter()
            .find(|status| status.code() == code)
    }
}
