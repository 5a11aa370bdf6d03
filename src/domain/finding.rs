//! Our record of one raw finding.

use jiff::Timestamp;

use super::{
    AccountId, Digest, Partition, Region, Scope, Severity, Standing, Topic,
    severity::SeveritySource,
};

/// What makes a finding the same finding, from whichever vantage it was read.
///
/// Security Hub addresses an update by `Id` and `ProductArn`; for AWS and partner products neither
/// need contain the customer's account, so account and Region belong to the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingKey {
    /// The partition it was read in.
    pub partition: Partition,
    /// The account that the finding is about.
    pub account: AccountId,
    /// The Region that generated it.
    pub region: Region,
    /// The product that wrote it.
    pub product_arn: String,
    /// The provider's id for it, at most 512 characters where AWS checked it.
    pub id: String,
}

impl FindingKey {
    /// The account and Region that the finding belongs to, whoever was asked for it.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope {
            account: self.account.clone(),
            region: self.region.clone(),
        }
    }

    /// A fingerprint of product and id; within one scope it stands for the key.
    #[must_use]
    pub fn digest_in_scope(&self) -> Digest {
        Digest::of(&[&self.product_arn, &self.id])
    }
}

/// Declares a set of words that AWS may extend: the known ones, and any other as it was written.
macro_rules! open_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that this version does not know, as it was written.
            Other(String),
        }

        impl $name {
            /// The word as AWS writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

open_words! {
    /// Whether the provider still reports the finding.
    RecordState {
        /// It does.
        Active = "ACTIVE",
        /// It no longer does.
        Archived = "ARCHIVED",
    }
}
open_words! {
    /// What the customer did about the finding.
    Workflow {
        /// Nothing yet.
        New = "NEW",
        /// Told the owner.
        Notified = "NOTIFIED",
        /// Chose not to hear of it.
        Suppressed = "SUPPRESSED",
        /// Dealt with it.
        Resolved = "RESOLVED",
    }
}
open_words! {
    /// What a control's check found.
    Compliance {
        /// Nothing wrong.
        Passed = "PASSED",
        /// Partly wrong, or partly unknown.
        Warning = "WARNING",
        /// Something wrong.
        Failed = "FAILED",
        /// The check could not be made.
        NotAvailable = "NOT_AVAILABLE",
    }
}

/// A thing that the finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Resource {
    /// ASFF resource type, such as `AwsEc2SecurityGroup`.
    pub kind: String,
    /// An ARN, or whatever the provider calls it.
    pub id: String,
    /// Its tags, as `(key, value)`, sorted by key.
    pub tags: Vec<(String, String)>,
    /// Whom it acts for, where it is an access key and the finding says so.
    pub principal: Option<Principal>,
}

/// An identity that an access key acts for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The account's root user.
    Root,
    /// A user, by its name without its path.
    User(String),
    /// A role, by its name without its path.
    Role(String),
}

/// What rules of correlation ask of a finding, beside its problem and severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Traits {
    /// An exploit of its vulnerability is known.
    pub exploit_known: bool,
    /// Its resource can be reached by anyone.
    pub open_to_anyone: bool,
}

impl Traits {
    /// What holds of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            exploit_known: self.exploit_known || other.exploit_known,
            open_to_anyone: self.open_to_anyone || other.open_to_anyone,
        }
    }

    /// A small number for a database column.
    #[must_use]
    pub fn code(self) -> u8 {
        u8::from(self.exploit_known) | (u8::from(self.open_to_anyone) << 1)
    }

    /// The reverse of [`Traits::code`].
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        Self {
            exploit_known: code & 1 != 0,
            open_to_anyone: code & 2 != 0,
        }
    }
}

/// What the provider advises.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Remediation {
    /// What to do.
    pub text: Option<String>,
    /// Where to read more.
    pub url: Option<String>,
}

/// Our record of one raw finding: the fields that hubwatch acts on or shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What makes it the same finding.
    pub key: FindingKey,
    /// One line; text from outside.
    pub title: String,
    /// A paragraph; text from outside.
    pub description: String,
    /// The rule, check or detector that made it.
    pub generator_id: String,
    /// `ProductName`, or the product's name from its ARN.
    pub product: String,
    /// Finding types, `namespace/category/classifier`.
    pub types: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Which field said so.
    pub severity_source: SeveritySource,
    /// How bad the provider says it is, where somebody has changed that.
    pub provider_severity: Option<Severity>,
    /// What rules of correlation ask of it, beside its problem and severity.
    pub traits: Traits,
    /// What a control's check found, where it is a control's.
    pub compliance: Option<Compliance>,
    /// Whether the provider still reports it. Absent reads as active.
    pub record_state: RecordState,
    /// Whether the provider says that it archived it because another finding takes its place.
    pub replaced: bool,
    /// What the customer did about it. Absent reads as new; `WorkflowState`, retired, is understood.
    pub workflow: Workflow,
    /// When the provider first wrote it.
    pub created_at: Option<Timestamp>,
    /// When the provider last wrote it: neither arrival nor change by the customer.
    pub updated_at: Timestamp,
    /// When the provider first saw the problem.
    pub first_observed_at: Option<Timestamp>,
    /// What it is about; never empty where AWS checked it.
    pub resources: Vec<Resource>,
    /// ARNs and bare ids of other resources that its details and product fields name, and the way
    /// that the network takes; each once, in order.
    pub related: Vec<String>,
    /// The security control, such as `EC2.19`, as the finding names it.
    pub control: Option<String>,
    /// CVE ids, or whatever the vulnerabilities are called.
    pub vulnerabilities: Vec<String>,
    /// What it is about, where the provider says so in fields of its own.
    pub topic: Option<Topic>,
    /// The account that owns the resource, where the finding names it: an analyzer of a whole
    /// organization writes all of its findings in its own account.
    pub owner: Option<AccountId>,
    /// What the provider advises.
    pub remediation: Remediation,
    /// What people call the account, where the finding says.
    pub account_name: Option<String>,
    /// Whether it is a sample that a product made for trying things out.
    pub sample: bool,
    /// What was odd about the raw finding: fields of the wrong type, guesses that were made.
    pub notes: Vec<String>,
}

impl Finding {
    /// What it says about its problem now.
    ///
    /// Archived comes first: the provider owns the record. Then the analyst's word, then the check's.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.record_state == RecordState::Archived {
            return if self.replaced {
                Standing::Replaced
            } else {
                Standing::Archived
            };
        }
        if self.workflow == Workflow::Suppressed {
            return Standing::Suppressed;
        }
        if self.workflow == Workflow::Resolved || self.compliance == Some(Compliance::Passed) {
            return Standing::Resolved;
        }
        if self.compliance == Some(Compliance::NotAvailable) {
            return Standing::Unassessed;
        }
        Standing::Open
    }
}
