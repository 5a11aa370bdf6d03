//! What we ask of AWS, and as whom.

/// A request that hubwatch makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Who are we?
    CallerIdentity,
    /// A session of an account's role.
    AssumeRole,
    /// The organization's accounts.
    ListAccounts,
    /// The accounts directly in a unit.
    ListAccountsForParent,
    /// The units directly in a unit.
    ListOrganizationalUnitsForParent,
    /// An account's tags.
    ListTagsForResource,
    /// The accounts of Security Hub's administrator.
    ListMembers,
    /// Where an account's findings of several Regions are gathered.
    ListFindingAggregators,
    /// Which Regions those are.
    GetFindingAggregator,
    /// The Regions that an account can use.
    DescribeRegions,
    /// A page of findings.
    GetFindings,
}

impl Operation {
    pub(super) const ALL: [Self; 11] = [
        Self::CallerIdentity,
        Self::AssumeRole,
        Self::ListAccounts,
        Self::ListAccountsForParent,
        Self::ListOrganizationalUnitsForParent,
        Self::ListTagsForResource,
        Self::ListMembers,
        Self::ListFindingAggregators,
        Self::GetFindingAggregator,
        Self::DescribeRegions,
        Self::GetFindings,
    ];

    /// The service, as IAM calls it.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::CallerIdentity | Self::AssumeRole => "sts",
            Self::ListAccounts
            | Self::ListAccountsForParent
            | Self::ListOrganizationalUnitsForParent
            | Self::ListTagsForResource => "organizations",
            Self::DescribeRegions => "ec2",
            Self::ListMembers
            | Self::ListFindingAggregators
            | Self::GetFindingAggregator
            | Self::GetFindings => "securityhub",
        }
    }

    /// The operation, as AWS calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CallerIdentity => "GetCallerIdentity",
            Self::AssumeRole => "AssumeRole",
            Self::ListAccounts => "ListAccounts",
            Self::ListAccountsForParent => "ListAccountsForParent",
            Self::ListOrganizationalUnitsForParent => "ListOrganizationalUnitsForParent",
            Self::ListTagsForResource => "ListTagsForResource",
            Self::ListMembers => "ListMembers",
            Self::ListFindingAggregators => "ListFindingAggregators",
            Self::GetFindingAggregator => "GetFindingAggregator",
            Self::DescribeRegions => "DescribeRegions",
            Self::GetFindings => "GetFindings",
        }
    }
}

impl std::fmt::Display for Operation {
    /// The action as an IAM policy names it, such as `securityhub:GetFindings`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.service(), self.name())
    }
}

/// Whose credentials a request is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Those that hubwatch was started with.
    Own,
    /// A session of the account's role.
    Role,
}
