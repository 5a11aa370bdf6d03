//! Names that AWS gives: partitions, accounts, Regions.

use std::{fmt, sync::Arc};

/// Declares a newtype over shared text. Clones are cheap, because these names repeat endlessly.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is written; nothing is checked.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

name! {
    /// An AWS partition, such as `aws`, `aws-cn` or `aws-us-gov`. Credentials never cross one.
    Partition
}
name! {
    /// An AWS account id. Twelve digits where AWS writes it; findings from elsewhere vary, so the
    /// text is kept as written.
    AccountId
}
name! {
    /// An AWS Region name, such as `eu-west-1`. Never checked against a list: AWS adds Regions.
    Region
}

impl AccountId {
    /// Whether this is an id that AWS itself would give to an account.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.0.len() == 12 && self.0.bytes().all(|b| b.is_ascii_digit())
    }
}

impl Region {
    /// Whether a name from outside has a Region's letters. It becomes part of host names.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (3..=32).contains(&self.0.len()) && self.0.bytes().all(letters)
    }
}

/// Whether a text can be the id of an organizational unit or a root: `ou-ROOT-UNIT` or `r-ROOT`, in
/// lower-case letters and digits (API reference of Organizations, `OrganizationalUnit`).
#[must_use]
pub fn is_unit(id: &str) -> bool {
    let part = |text: &str, least: usize| {
        (least..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match id.split_once('-') {
        Some(("r", root)) => part(root, 4),
        Some(("ou", rest)) => rest
            .split_once('-')
            .is_some_and(|(root, unit)| part(root, 4) && part(unit, 8)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_roots_are_known_by_their_ids() {
        for id in ["r-ab12", "ou-ab12-cdefgh34"] {
            assert!(is_unit(id), "{id}");
        }
        for id in [
            "",
            "Production",
            "ou-ab12",
            "ou-AB12-cdefgh34",
            "r-",
            "x-ab12",
            "ou-ab12-cdefgh34/x",
        ] {
            assert!(!is_unit(id), "{id}");
        }
    }
}
