//! The part that an issue plays in correlation rules.

use std::ops::{BitAnd, BitOr};

/// What an open issue means for others on its resource and near it; nothing for most issues, and for
/// those that are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Parts(u16);

impl Parts {
    /// None.
    pub const NONE: Self = Self(0);
    /// Its resource, or what is behind it, can be reached from the Internet.
    pub const EXPOSED: Self = Self(1);
    /// The data of its resource can be had by anyone.
    pub const PUBLIC: Self = Self(1 << 1);
    /// A vulnerability that is critical, or of which an exploit is known.
    pub const VULNERABLE: Self = Self(1 << 2);
    /// A threat was detected.
    pub const THREAT: Self = Self(1 << 3);
    /// An identity was used in an unusual way; every such issue is a threat as well.
    pub const UNUSUAL_USE: Self = Self(1 << 4);
    /// Sensitive data was found.
    pub const SENSITIVE: Self = Self(1 << 5);
    /// An identity can sign in without a second factor.
    pub const WITHOUT_MFA: Self = Self(1 << 6);
    /// An identity's credentials are in the wrong hands.
    pub const LEAKED: Self = Self(1 << 7);
    /// A policy allows nearly everything.
    pub const PRIVILEGED: Self = Self(1 << 8);

    /// Parts of issues that rules make worse.
    pub const ANCHORS: Self = Self::VULNERABLE
        .or(Self::THREAT)
        .or(Self::UNUSUAL_USE)
        .or(Self::SENSITIVE);

    /// A number for a database column.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The reverse of [`Parts::code`].
    #[must_use]
    pub fn from_code(code: u16) -> Self {
        Self(code)
    }

    /// These, and those.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is any of these.
    #[must_use]
    pub fn any_of(self, parts: Self) -> bool {
        self & parts != Self::NONE
    }
}

impl BitOr for Parts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl BitAnd for Parts {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
