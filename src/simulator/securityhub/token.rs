//! `NextToken`: where the next page starts, for whom, of which query, and until when.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    super::{
        answer::ApiError,
        clock::{Nanos, SECOND},
        random,
        world::Spot,
    },
    invalid_input,
};

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Start,
    /// Behind a finding.
    After(Spot),
    /// At a rank of everything that matches.
    Rank(usize),
}

/// What tokens are made and judged with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seal {
    pub(super) seed: u64,
    /// The vantage: one account in one Region.
    pub(super) scope: usize,
    /// Mixed from everything in the request except the token itself.
    pub(super) query: u64,
    pub(super) now: Nanos,
    pub(super) lifetime_secs: u32,
}

/// Everything of a request that a token is tied to.
pub(super) fn query_of(request: &Value) -> u64 {
    let mut request = request.clone();
    if let Some(members) = request.as_object_mut() {
        members.remove("NextToken");
    }
    random::mix_text(0x9e4, &request.to_string())
}

impl Seal {
    /// A token for the page at this position.
    pub(super) fn write(self, position: Position) -> String {
        let (kind, words) = match position {
            Position::Start => ("s", [0, 0, 0]),
            Position::After(spot) => ("a", [spot.at, signed(spot.scope), signed(spot.index)]),
            Position::Rank(rank) => ("r", [signed(rank), 0, 0]),
        };
        let [a, b, c] = words;
        let Self {
            scope, query, now, ..
        } = self;
        let text = format!("{kind}.{a}.{b}.{c}.{scope}.{query:x}.{now}");
        let mark = random::mix_text(self.seed, &text);
        URL_SAFE_NO_PAD.encode(format!("{text}.{mark:x}"))
    }

    /// The position in a token that is still good for this query.
    pub(super) fn read(self, token: &str) -> Result<Position, ApiError> {
        let invalid = || invalid_input("Invalid NextToken");
        let decoded = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
        let decoded = String::from_utf8(decoded).map_err(|_| invalid())?;
        let (text, mark) = decoded.rsplit_once('.').ok_or_else(invalid)?;
        if format!("{:x}", random::mix_text(self.seed, text)) != mark {
            return Err(invalid());
        }
        let parts: Vec<&str> = text.split('.').collect();
        let [kind, a, b, c, scope, query, made] = parts.as_slice() else {
            return Err(invalid());
        };
        let number = |text: &str| text.parse::<i64>().map_err(|_| invalid());
        let unsigned = |text: &str| text.parse::<usize>().map_err(|_| invalid());
        if format!("{:x}", self.query) != *query || self.scope != unsigned(scope)? {
            return Err(invalid_input("Invalid NextToken: Input Query has changed"));
        }
        if self.now > number(made)?.saturating_add(i64::from(self.lifetime_secs) * SECOND) {
            return Err(invalid_input("Invalid NextToken: Token has expired"));
        }
        Ok(match *kind {
            "a" => Position::After(Spot {
                at: number(a)?,
                scope: unsigned(b)?,
                index: unsigned(c)?,
            }),
            "r" => Position::Rank(unsigned(a)?),
            _ => Position::Start,
        })
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: Seal = Seal {
        seed: 1,
        scope: 5,
        query: 77,
        now: 1_000,
        lifetime_secs: 60,
    };

    #[test]
    fn a_token_reads_back_until_it_is_stale() {
        let position = Position::After(Spot {
            at: -5,
            scope: 3,
            index: 9,
        });
        let token = SEAL.write(position);
        assert_eq!(SEAL.read(&token), Ok(position));
        let late = Seal {
            now: 1_001 + 60 * SECOND,
            ..SEAL
        };
        assert!(late.read(&token).unwrap_err().message.contains("expired"));
    }

    #[test]
    fn a_token_is_good_for_its_own_query_and_vantage_only() {
        let token = SEAL.write(Position::Rank(100));
        for other in [Seal { query: 78, ..SEAL }, Seal { scope: 6, ..SEAL }] {
            let refused = other.read(&token).unwrap_err();
            assert_eq!(
                refused.message,
                "Invalid NextToken: Input Query has changed"
            );
        }
        assert_eq!(
            SEAL.read("made-up").unwrap_err().message,
            "Invalid NextToken"
        );
    }
}
