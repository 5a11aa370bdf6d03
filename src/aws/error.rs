//! What can go wrong when AWS is asked, named by what to do about it.

use std::time::Duration;

use jiff::Timestamp;

use super::operation::{Identity, Operation};
use crate::domain::CoverageState;

/// Why AWS gave no answer that we can use.
///
/// The texts say what to do next. They may quote AWS, shortened to one line; they never hold
/// credentials, external ids or signatures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// Ask again later, and more slowly. hubwatch's own bound on waiting says so, too.
    #[error("asked to slow down; requests go on at a lower rate by themselves")]
    Throttled {
        /// How long to wait at least, where it was said.
        retry_after: Option<Duration>,
    },
    /// A policy does not allow it. A person has to change one.
    #[error("{}; AWS says: {said}", advice_on_denial(*.operation, *.identity, said))]
    Denied {
        /// What was asked.
        operation: Operation,
        /// As whom.
        identity: Identity,
        /// AWS's reason.
        said: String,
    },
    /// The account's role cannot be assumed. AWS does not say whether it is missing or distrusts us.
    #[error(
        "cannot assume {role}: either it does not exist, or its trust policy does not name hubwatch's \
         own identity or asks for another external id, or that identity lacks sts:AssumeRole on it; \
         create the role or correct these, and compare aws.role.external_id_file; AWS says: {said}"
    )]
    RoleMissing {
        /// The role's ARN.
        role: String,
        /// AWS's reason.
        said: String,
    },
    /// Security Hub is off there.
    #[error(
        "Security Hub is not enabled in this account and Region; enable it there or leave it out"
    )]
    NotSubscribed,
    /// The account has not turned the Region on.
    #[error(
        "this Region does not know the account's session, as when the account has not enabled the \
         Region; enable it there or leave the Region out"
    )]
    RegionDisabled,
    /// The session is over. The next call assumes the role anew.
    #[error("the account's session has expired; the role is assumed again at the next request")]
    ExpiredSession,
    /// The page token is no longer good: ask for the window from its beginning.
    #[error("AWS no longer accepts the page token; the window is read again from its beginning")]
    StaleToken,
    /// The credentials that hubwatch was started with are missing, wrong or expired.
    #[error(
        "hubwatch's own AWS credentials do not work; check the instance or task role, web identity, \
         profile or AWS_* variables it is started with: {reason}"
    )]
    BadCredentials {
        /// What is wrong with them.
        reason: String,
    },
    /// AWS refuses the signature because its time is not ours.
    #[error("this machine's clock differs too much from AWS's{}; correct it, for example with NTP", says(*.aws_time))]
    ClockSkew {
        /// What AWS's clock showed, where the answer said it.
        aws_time: Option<Timestamp>,
    },
    /// AWS does not accept the request as such. The same request will be refused again.
    #[error("AWS refused {operation}: {said}")]
    Refused {
        /// What was asked.
        operation: Operation,
        /// AWS's reason.
        said: String,
    },
    /// No answer, or a failure on AWS's side.
    #[error("no usable answer to {operation}: {reason}; it is asked again by itself")]
    Unreachable {
        /// What was asked.
        operation: Operation,
        /// What happened.
        reason: String,
    },
    /// An answer that cannot be read.
    #[error("the answer to {operation} cannot be read: {reason}")]
    Malformed {
        /// What was asked.
        operation: Operation,
        /// What is wrong with it.
        reason: String,
    },
    /// The configuration selects accounts by what is not there, or selects none. A person has to
    /// correct it; until then what is known stays.
    #[error("{key}: {reason}")]
    Selection {
        /// The key at fault.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// This process is put together wrongly.
    #[error("AWS clients cannot be built: {reason}")]
    Setup {
        /// What is wrong.
        reason: String,
    },
}

impl AwsError {
    /// A fixed word for metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Denied { .. } => "denied",
            Self::RoleMissing { .. } => "role_missing",
            Self::NotSubscribed => "not_subscribed",
            Self::RegionDisabled => "region_disabled",
            Self::ExpiredSession => "expired_session",
            Self::StaleToken => "stale_token",
            Self::BadCredentials { .. } => "bad_credentials",
            Self::ClockSkew { .. } => "clock_skew",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Malformed { .. } => "malformed",
            Self::Selection { .. } => "selection",
            Self::Setup { .. } => "setup",
        }
    }

    /// What reading a scope is like while this lasts.
    #[must_use]
    pub fn coverage(&self) -> CoverageState {
        match self {
            Self::Throttled { .. } => CoverageState::Throttled,
            Self::Denied { .. } => CoverageState::Denied,
            Self::RoleMissing { .. }
            // The role's own limits, such as a maximum session duration, refuse the request.
            | Self::Refused {
                operation: Operation::AssumeRole,
                ..
            } => CoverageState::RoleMissing,
            Self::NotSubscribed => CoverageState::NotSubscribed,
            Self::RegionDisabled => CoverageState::RegionDisabled,
            Self::ExpiredSession
            | Self::StaleToken
            | Self::BadCredentials { .. }
            | Self::ClockSkew { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Malformed { .. }
            | Self::Selection { .. }
            | Self::Setup { .. } => CoverageState::Unreachable,
        }
    }

    /// What was asked in vain, where the error knows better than whoever asked.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        match self {
            Self::RoleMissing { .. } => Some(Operation::AssumeRole),
            Self::Denied { operation, .. }
            | Self::Refused { operation, .. }
            | Self::Unreachable { operation, .. }
            | Self::Malformed { operation, .. } => Some(*operation),
            Self::Throttled { .. }
            | Self::NotSubscribed
            | Self::RegionDisabled
            | Self::ExpiredSession
            | Self::StaleToken
            | Self::BadCredentials { .. }
            | Self::ClockSkew { .. }
            | Self::Selection { .. }
            | Self::Setup { .. } => None,
        }
    }

    /// Whether asking again at once can help, because what was wrong has been put away: an expired
    /// session or a stale page token.
    #[must_use]
    pub fn is_cured_by_asking_again(&self) -> bool {
        matches!(self, Self::ExpiredSession | Self::StaleToken)
    }
}

impl AwsError {
    /// What to do about it, without the words of AWS, which name accounts.
    pub(super) fn advice(&self) -> String {
        if let Self::Denied {
            operation,
            identity,
            said,
        } = self
        {
            return advice_on_denial(*operation, *identity, said);
        }
        self.to_string()
    }
}

fn says(aws_time: Option<Timestamp>) -> String {
    aws_time.map_or_else(String::new, |at| format!(", which showed {at:.0}"))
}

fn advice_on_denial(operation: Operation, identity: Identity, said: &str) -> String {
    // The wording of service control policy denials is from the IAM documentation; it arrives in
    // the text alone.
    if said.contains("service control policy") {
        return format!("a service control policy forbids {operation}; exempt the role there");
    }
    if said.contains("explicit deny") {
        return format!(
            "a policy denies {operation} explicitly; exempt hubwatch from that statement"
        );
    }
    // Not a policy's word but Security Hub's own, about the account.
    if said.starts_with("InvalidAccessException") {
        return format!("Security Hub refuses {operation} to this account; see its settings there");
    }
    match (operation, identity) {
        (Operation::ListAccounts, _) => format!(
            "hubwatch's own identity may not call {operation}; allow it, with credentials of the \
             management account or a delegated administrator, or set accounts.discover = \"list\""
        ),
        (Operation::ListMembers, Identity::Own) => format!(
            "hubwatch's own identity may not call {operation}; allow it, with credentials of \
             Security Hub's delegated administrator, or change accounts.discover"
        ),
        (
            Operation::ListAccountsForParent | Operation::ListOrganizationalUnitsForParent,
            Identity::Own,
        ) => format!(
            "hubwatch's own identity may not call {operation}, which units in accounts.include and \
             accounts.exclude need; allow {operation} on * in its policy"
        ),
        (Operation::ListTagsForResource, Identity::Own) => format!(
            "hubwatch's own identity may not call {operation}, which tags in accounts.include and \
             accounts.exclude need; allow {operation} on * in its policy"
        ),
        (Operation::DescribeRegions, Identity::Role) => format!(
            "the account's role may not call {operation}; allow it in the role's policy, or set \
             regions.discover = \"list\""
        ),
        (_, Identity::Role) => format!(
            "the account's role may not call {operation}; allow {operation} on * in the role's policy"
        ),
        (_, Identity::Own) => format!(
            "hubwatch's own identity may not call {operation}; allow {operation} on * in its policy"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_says_which_statement_to_add_and_where() {
        let denied = |operation, identity, said: &str| {
            AwsError::Denied {
                operation,
                identity,
                said: said.to_owned(),
            }
            .to_string()
        };
        assert_eq!(
            denied(Operation::GetFindings, Identity::Role, "no"),
            "the account's role may not call securityhub:GetFindings; allow securityhub:GetFindings \
             on * in the role's policy; AWS says: no"
        );
        let by_organization = denied(
            Operation::GetFindings,
            Identity::Role,
            "x is not authorized with an explicit deny in a service control policy",
        );
        assert!(
            by_organization.starts_with("a service control policy forbids securityhub:GetFindings")
        );
        assert!(denied(Operation::ListAccounts, Identity::Own, "no").contains("accounts.discover"));
    }
}
