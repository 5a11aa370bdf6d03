//! Short fingerprints of canonical fields, for keys.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The first 128 bits of SHA-256. Findings come from outside, so a key must not be forgeable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The fingerprint of a list of fields. Each is preceded by its length, so that no two
    /// different lists read the same.
    #[must_use]
    pub fn of(fields: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for field in fields {
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(field.as_bytes());
        }
        Self::first_half(hash)
    }

    /// The fingerprint of bytes given piece by piece, as one text.
    #[must_use]
    pub fn of_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for piece in pieces {
            hash.update(piece);
        }
        Self::first_half(hash)
    }

    /// As bytes, for a database column.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// From a database column.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// As two integers: the high half and the low half.
    #[must_use]
    pub fn halves(&self) -> (u64, u64) {
        let whole = u128::from_be_bytes(self.0);
        let low = whole & u128::from(u64::MAX);
        (
            u64::try_from(whole >> 64).unwrap_or(0),
            u64::try_from(low).unwrap_or(0),
        )
    }

    fn first_half(hash: Sha256) -> Self {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_text_between_fields_changes_the_digest() {
        assert_ne!(Digest::of(&["ab", "c"]), Digest::of(&["a", "bc"]));
        assert_ne!(Digest::of(&["a", ""]), Digest::of(&["", "a"]));
    }

    #[test]
    fn halves_are_the_whole() {
        let digest = Digest::of(&["x"]);
        let (high, low) = digest.halves();
        assert_eq!(
            digest.as_bytes().as_slice(),
            [high.to_be_bytes(), low.to_be_bytes()].concat()
        );
    }
}
