//! What to do next when a sink did not say yes.

use std::time::Duration;

/// Why a notice is not known to have landed. Variants differ in what the caller does next.
///
/// A reason is a lowercase fragment of bounded length. It may quote the far side, on one line, and
/// never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The far side said no to this notice. Asking again will not help.
    #[error("refused: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The sink cannot work until someone mends its settings or its far side. It did not land; wait
    /// long and try again, because a revoked token must not cost the notices that were owed.
    #[error("misconfigured: {reason}")]
    Misconfigured {
        /// Why.
        reason: String,
    },
    /// Not now. It did not land.
    #[error("busy: {reason}")]
    Busy {
        /// How long to wait, if the far side said so; at most a year.
        retry_after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// Nothing was sent: no address, no connection or no TLS session. It did not land.
    #[error("unreachable: {reason}")]
    Unreachable {
        /// Why.
        reason: String,
    },
    /// Sent, and we cannot tell whether it landed. Look before sending again.
    #[error("unclear: {reason}")]
    Unclear {
        /// Why.
        reason: String,
    },
}

impl SinkError {
    /// The word for metrics and columns.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Busy { .. } => "busy",
            Self::Unreachable { .. } => "unreachable",
            Self::Unclear { .. } => "unclear",
        }
    }

    /// The same trouble, if it would meet every notice alike: a refusal is then about settings.
    #[must_use]
    pub(super) fn about_settings(self) -> Self {
        match self {
            Self::Refused { reason } => Self::Misconfigured { reason },
            Self::Misconfigured { .. }
            | Self::Busy { .. }
            | Self::Unreachable { .. }
            | Self::Unclear { .. } => self,
        }
    }

    /// The same trouble, met while looking something up: a question that got no answer changed
    /// nothing, and a refused one says nothing about the notice.
    #[must_use]
    pub(super) fn while_looking(self) -> Self {
        match self.about_settings() {
            Self::Unclear { reason } => Self::Unreachable { reason },
            other @ (Self::Refused { .. }
            | Self::Misconfigured { .. }
            | Self::Busy { .. }
            | Self::Unreachable { .. }) => other,
        }
    }
}
