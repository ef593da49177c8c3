//! A slip's id contains its race and shard, so that one read finds the slip without an index.

use super::RaceId;
use super::race_id::KEY_PATTERN;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::hash;
use shared::id::{IdError, Operation, UserId, is_hash_text};

const EXPECTED: IdError = IdError { expected: "a slip id (bet_…)" };

/// The most shards of a race: at 2,500 slips a shard, two and a half million slips.
pub const SHARDS_MAX: u16 = 1_000;

/// `bet_20251226-03-01_07_` and 26 characters derived from the caller and the Idempotency-Key. Each slip has exactly one id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = format!("^{}{KEY_PATTERN}_([0-9]{{2}}|[1-9][0-9]{{2}})_[a-z2-7]{{26}}$", Self::PREFIX)))]
pub struct SlipId {
    race: RaceId,
    shard: u16,
    tail: Box<str>,
}

impl SlipId {
    pub const PREFIX: &'static str = "bet_";

    /// The id of the slip that `operation` places on a race; the same operation always names the same slip.
    pub fn derive(race: &RaceId, shard: u16, operation: &Operation) -> Self {
        Self { race: *race, shard, tail: hash::text(&hash::of_parts(&operation.parts())).into() }
    }

    /// The slip of a shard whose id ends in `tail`.
    pub fn at(race: RaceId, shard: u16, tail: &str) -> Result<Self, IdError> {
        let fits = is_hash_text(tail) && shard < SHARDS_MAX;
        fits.then(|| Self { race, shard, tail: tail.into() }).ok_or(EXPECTED)
    }

    pub const fn race(&self) -> RaceId {
        self.race
    }

    pub const fn shard(&self) -> u16 {
        self.shard
    }

    /// The last 26 characters. They differ between the slips of a shard.
    pub fn tail(&self) -> &str {
        &self.tail
    }
}

/// The shard of a race in which all slips of `user` lie.
pub fn shard_of(user: &UserId, shards: u16) -> u16 {
    let shard = hash::place(&hash::of_parts(&[b"shard", user.as_str().as_bytes()]), shards.into());
    u16::try_from(shard).unwrap_or_default() // It is below `shards`, a u16.
}

impl std::str::FromStr for SlipId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts: Vec<_> = text.strip_prefix(Self::PREFIX).ok_or(EXPECTED)?.split('_').collect();
        let [race, shard, tail] = parts[..] else { return Err(EXPECTED) };
        let race = RaceId::from_key(race).map_err(|_| EXPECTED)?;
        let id = Self::at(race, shard.parse().map_err(|_| EXPECTED)?, tail)?;
        if id.to_string() == text { Ok(id) } else { Err(EXPECTED) }
    }
}

impl std::fmt::Display for SlipId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}_{:02}_{}", Self::PREFIX, self.race.key(), self.shard, self.tail)
    }
}

impl TryFrom<String> for SlipId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<SlipId> for String {
    fn from(id: SlipId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip(shard: u16, idempotency_key: &str) -> SlipId {
        let caller = UserId::of_subject("https://issuer", "alice");
        let race: RaceId = "rac_20251226-03-01".parse().unwrap();
        let operation = Operation { caller: caller.as_str(), name: "place-slip", resource: &race.to_string(), idempotency_key };
        SlipId::derive(&race, shard, &operation)
    }

    #[test]
    fn an_id_says_where_the_slip_is() {
        for (shard, text) in [(7, "_07_"), (999, "_999_")] {
            let id = slip(shard, "k");
            assert!(id.to_string().starts_with(&format!("bet_20251226-03-01{text}")));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_ne!(slip(7, "k").tail(), slip(7, "l").tail());
    }

    #[test]
    fn other_texts_are_refused() {
        let id = slip(7, "k").to_string();
        for (part, other) in [
            ("_07_", "_7_"),
            ("_07_", "_007_"),
            ("_07_", "_+7_"),
            ("_07_", "_1000_"),
            ("_07_", "_07__"),
            ("bet_", "rac_"),
            ("2025", "25"),
        ] {
            assert!(id.replace(part, other).parse::<SlipId>().is_err(), "{part} {other}");
        }
        assert!(id.to_uppercase().parse::<SlipId>().is_err());
        assert!(id[..id.len() - 1].parse::<SlipId>().is_err());
    }

    #[test]
    fn users_spread_over_the_shards() {
        let mut users = [0; 8];
        for number in 0..8_000 {
            let user = UserId::of_subject("https://issuer", &number.to_string());
            users[usize::from(shard_of(&user, 8))] += 1;
            assert_eq!(shard_of(&user, 1), 0);
        }
        assert!(users.iter().all(|count| (850..1_150).contains(count)), "{users:?}");
    }
}
