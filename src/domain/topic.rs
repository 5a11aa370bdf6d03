//! What a provider says that a finding is about, in fields of its own.

/// What the problem is, where neither a control nor a vulnerability names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A rule of AWS Config says no: the rule's name.
    ConfigRule(String),
    /// A port can be reached over the network.
    OpenPort(OpenPort),
    /// A threat was seen: GuardDuty's type without the detection's variant, such as
    /// `Recon:EC2/PortProbeUnprotectedPort`.
    Threat(String),
    /// Sensitive data lies there: Macie's class of it, such as `Financial`.
    SensitiveData(String),
    /// Somebody has access: `external`, or what Access Analyzer found else, such as
    /// `unused-iam-role`.
    Access(String),
    /// A check of a product that gives all of its findings one generator: the check's name.
    Check(String),
}

/// Ports that can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpenPort {
    /// In lower case, such as `tcp`; `any` where none is given.
    pub protocol: String,
    /// The lowest port.
    pub first: u16,
    /// The highest port.
    pub last: u16,
    /// Whether it is reached from within only: a peered VPC or a private gateway.
    pub inside: bool,
    /// The bare id of the one security group that lets it through, where the finding says so.
    pub group: Option<String>,
}
