//! Controls under every name that standards give them, and what is truly wrong where one fails.

/// The thing that a control looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum On {
    Group,
    Instance,
    Bucket,
    Database,
    Function,
    User,
    /// The account as a whole: one answer for all Regions.
    Account,
    /// The account in one Region.
    RegionOfAccount,
}

/// A standard, as its findings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standard {
    Fsbp,
    Cis12,
    Cis14,
    Cis30,
    Cis50,
    Pci321,
    Pci401,
    Nist,
}
use Standard::{Cis12, Cis14, Cis30, Cis50, Fsbp, Nist, Pci321, Pci401};

/// One check under all of its names.
pub(super) struct Check {
    pub(super) weakness: &'static str,
    /// Its name with consolidated control findings.
    pub(super) control: &'static str,
    pub(super) on: On,
    pub(super) severity: &'static str,
    pub(super) rules: &'static [(Standard, &'static str)],
    /// Under which AWS Config reports the same check, where its rule's name means nothing else.
    pub(super) config_rule: Option<&'static str>,
}

const fn check(
    control: &'static str,
    on: On,
    severity: &'static str,
    weakness: &'static str,
    config_rule: Option<&'static str>,
    rules: &'static [(Standard, &'static str)],
) -> Check {
    Check {
        weakness,
        control,
        on,
        severity,
        rules,
        config_rule,
    }
}

/// From the control reference and the tables of each standard in the Security Hub user guide.
pub(super) const CHECKS: &[Check] = &[
    check(
        "EC2.13",
        On::Group,
        "HIGH",
        "anybody reaches SSH",
        Some("restricted-ssh"),
        &[
            (Cis12, "4.1"),
            (Pci321, "PCI.EC2.5"),
            (Pci401, "EC2.13"),
            (Nist, "EC2.13"),
        ],
    ),
    check(
        "EC2.14",
        On::Group,
        "HIGH",
        "anybody reaches remote desktops",
        None,
        &[(Cis12, "4.2"), (Pci401, "EC2.14")],
    ),
    check(
        "EC2.18",
        On::Group,
        "HIGH",
        "open for other ports than are allowed",
        Some("vpc-sg-open-only-to-authorized-ports"),
        &[(Fsbp, "EC2.18"), (Nist, "EC2.18")],
    ),
    check(
        "EC2.19",
        On::Group,
        "CRITICAL",
        "open for ports of high risk",
        None,
        &[(Fsbp, "EC2.19"), (Nist, "EC2.19")],
    ),
    check(
        "EC2.8",
        On::Instance,
        "HIGH",
        "metadata without tokens",
        Some("ec2-imdsv2-check"),
        &[
            (Fsbp, "EC2.8"),
            (Cis30, "5.6"),
            (Cis50, "5.7"),
            (Pci401, "EC2.8"),
            (Nist, "EC2.8"),
        ],
    ),
    check(
        "SSM.1",
        On::Instance,
        "MEDIUM",
        "not managed",
        Some("ec2-instance-managed-by-systems-manager"),
        &[(Fsbp, "SSM.1"), (Pci321, "PCI.SSM.3"), (Nist, "SSM.1")],
    ),
    check(
        "S3.5",
        On::Bucket,
        "MEDIUM",
        "read without encryption",
        Some("s3-bucket-ssl-requests-only"),
        &[
            (Fsbp, "S3.5"),
            (Cis14, "2.1.2"),
            (Cis30, "2.1.1"),
            (Cis50, "2.1.1"),
            (Pci321, "PCI.S3.5"),
            (Nist, "S3.5"),
        ],
    ),
    check(
        "S3.8",
        On::Bucket,
        "HIGH",
        "public access not blocked",
        Some("s3-bucket-level-public-access-prohibited"),
        &[(Fsbp, "S3.8"), (Cis14, "2.1.5.2"), (Nist, "S3.8")],
    ),
    check(
        "S3.2",
        On::Bucket,
        "CRITICAL",
        "anybody reads it",
        Some("s3-bucket-public-read-prohibited"),
        &[(Fsbp, "S3.2"), (Pci321, "PCI.S3.2"), (Nist, "S3.2")],
    ),
    check(
        "RDS.2",
        On::Database,
        "CRITICAL",
        "anybody connects",
        Some("rds-instance-public-access-check"),
        &[
            (Fsbp, "RDS.2"),
            (Cis30, "2.3.3"),
            (Cis50, "2.2.3"),
            (Pci321, "PCI.RDS.2"),
            (Nist, "RDS.2"),
        ],
    ),
    check(
        "RDS.3",
        On::Database,
        "MEDIUM",
        "stored without encryption",
        Some("rds-storage-encrypted"),
        &[
            (Fsbp, "RDS.3"),
            (Cis14, "2.3.1"),
            (Cis30, "2.3.1"),
            (Cis50, "2.2.1"),
            (Nist, "RDS.3"),
        ],
    ),
    check(
        "Lambda.1",
        On::Function,
        "CRITICAL",
        "anybody calls it",
        Some("lambda-function-public-access-prohibited"),
        &[
            (Fsbp, "Lambda.1"),
            (Pci321, "PCI.Lambda.1"),
            (Nist, "Lambda.1"),
        ],
    ),
    check(
        "IAM.3",
        On::User,
        "MEDIUM",
        "old access keys",
        None,
        &[
            (Fsbp, "IAM.3"),
            (Cis12, "1.4"),
            (Cis14, "1.14"),
            (Cis30, "1.14"),
            (Cis50, "1.13"),
            (Nist, "IAM.3"),
        ],
    ),
    check(
        "IAM.5",
        On::User,
        "MEDIUM",
        "a password without a second factor",
        None,
        &[
            (Fsbp, "IAM.5"),
            (Cis12, "1.2"),
            (Cis14, "1.10"),
            (Cis30, "1.10"),
            (Cis50, "1.9"),
            (Nist, "IAM.5"),
        ],
    ),
    check(
        "IAM.2",
        On::User,
        "LOW",
        "policies of its own",
        None,
        &[
            (Fsbp, "IAM.2"),
            (Cis12, "1.16"),
            (Cis30, "1.15"),
            (Cis50, "1.14"),
            (Pci321, "PCI.IAM.2"),
            (Nist, "IAM.2"),
        ],
    ),
    check(
        "IAM.6",
        On::Account,
        "CRITICAL",
        "root without a hardware token",
        None,
        &[
            (Fsbp, "IAM.6"),
            (Cis12, "1.14"),
            (Cis14, "1.6"),
            (Cis30, "1.6"),
            (Cis50, "1.5"),
            (Pci321, "PCI.IAM.4"),
            (Nist, "IAM.6"),
        ],
    ),
    check(
        "IAM.4",
        On::Account,
        "CRITICAL",
        "root with an access key",
        None,
        &[
            (Fsbp, "IAM.4"),
            (Cis12, "1.12"),
            (Cis14, "1.4"),
            (Cis30, "1.4"),
            (Cis50, "1.3"),
            (Pci321, "PCI.IAM.1"),
            (Nist, "IAM.4"),
        ],
    ),
    check(
        "CloudTrail.1",
        On::Account,
        "HIGH",
        "no trail of all Regions",
        None,
        &[
            (Fsbp, "CloudTrail.1"),
            (Cis12, "2.1"),
            (Cis14, "3.1"),
            (Cis30, "3.1"),
            (Cis50, "3.1"),
            (Nist, "CloudTrail.1"),
        ],
    ),
    check(
        "Config.1",
        On::RegionOfAccount,
        "CRITICAL",
        "nothing recorded",
        None,
        &[
            (Fsbp, "Config.1"),
            (Cis12, "2.5"),
            (Cis14, "3.5"),
            (Cis30, "3.3"),
            (Cis50, "3.3"),
            (Pci321, "PCI.Config.1"),
            (Nist, "Config.1"),
        ],
    ),
];

impl Standard {
    pub(super) fn path(self) -> &'static str {
        match self {
            Fsbp => "aws-foundational-security-best-practices/v/1.0.0",
            Cis12 => "cis-aws-foundations-benchmark/v/1.2.0",
            Cis14 => "cis-aws-foundations-benchmark/v/1.4.0",
            Cis30 => "cis-aws-foundations-benchmark/v/3.0.0",
            Cis50 => "cis-aws-foundations-benchmark/v/5.0.0",
            Pci321 => "pci-dss/v/3.2.1",
            Pci401 => "pci-dss/v/4.0.1",
            Nist => "nist-800-53/v/5.0.0",
        }
    }

    pub(super) fn arn(self) -> String {
        let kind = if self == Cis12 {
            "ruleset"
        } else {
            "standards"
        };
        format!("arn:aws:securityhub:::{kind}/{}", self.path())
    }

    pub(super) fn generator(self, rule: &str) -> String {
        if self == Cis12 {
            format!("{}/rule/{rule}", self.arn())
        } else {
            format!("{}/{rule}", self.path())
        }
    }
}
