//! Money and the other things that are counted like it. An amount never loses its asset, is never a float and never overflows
//! silently; amounts of different assets never meet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest magnitude of any amount: JSON numbers are exact below 2^53 (RFC 8259, section 6).
pub const MINOR_MAX: i64 = (1 << 53) - 1;

/// A kind of money or medals. Funds of different assets are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Asset {
    /// Japanese yen; the minor unit is one yen.
    Jpy,
    /// Free medals. They have no value outside and are never paid out.
    Medal,
}

impl Asset {
    /// Every asset, in the order in which they are listed to people.
    pub const ALL: [Self; 2] = [Self::Jpy, Self::Medal];

    /// The code used in JSON: `JPY`, `MEDAL`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Jpy => "JPY",
            Self::Medal => "MEDAL",
        }
    }
}

impl std::fmt::Display for Asset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of an asset in its minor units. A negative amount leaves a wallet, or is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// The asset of the amount.
    pub asset: Asset,
    /// The number of minor units, between -(2^53-1) and 2^53-1.
    #[schemars(range(min = -MINOR_MAX, max = MINOR_MAX))]
    pub minor: i64,
}

/// Why two amounts could not be combined. Neither is the caller's fault: both mean a bug or a balance beyond 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    #[error("{0} and {1} cannot be combined")]
    AssetMismatch(Asset, Asset),
    #[error("an amount of {0} beyond 2^53-1 minor units")]
    OutOfRange(Asset),
}

impl Amount {
    /// `minor` units of `asset`; refuses what JSON could not carry exactly.
    pub const fn new(asset: Asset, minor: i64) -> Result<Self, MoneyError> {
        if minor > MINOR_MAX || minor < -MINOR_MAX {
            return Err(MoneyError::OutOfRange(asset));
        }
        Ok(Self { asset, minor })
    }

    pub const fn zero(asset: Asset) -> Self {
        Self { asset, minor: 0 }
    }

    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.asset != other.asset {
            return Err(MoneyError::AssetMismatch(self.asset, other.asset));
        }
        Self::new(self.asset, self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange(self.asset))?)
    }

    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated())
    }

    #[must_use]
    pub const fn negated(self) -> Self {
        Self { asset: self.asset, minor: -self.minor }
    }

    /// This amount times `ratio`, rounded down, and what rounding left over; the caller books the remainder.
    pub fn times_rounded_down(self, ratio: Ratio) -> Result<Self, MoneyError> {
        let exact = i128::from(self.minor) * i128::from(ratio.numerator);
        let minor = i64::try_from(exact.div_euclid(i128::from(ratio.denominator.get())));
        Self::new(self.asset, minor.map_err(|_| MoneyError::OutOfRange(self.asset))?)
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.minor, self.asset)
    }
}

/// An exact rational, as a dividend "per 100" is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    pub numerator: i64,
    pub denominator: std::num::NonZeroI64,
}

impl Ratio {
    /// `numerator` per hundred: how Japanese pools publish dividends.
    pub const fn per_100(numerator: i64) -> Self {
        match std::num::NonZeroI64::new(100) {
            Some(denominator) => Self { numerator, denominator },
            None => unreachable!(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yen(minor: i64) -> Amount {
        Amount::new(Asset::Jpy, minor).unwrap()
    }

    #[test]
    fn assets_never_meet() {
        assert_eq!(yen(1).plus(Amount::zero(Asset::Medal)), Err(MoneyError::AssetMismatch(Asset::Jpy, Asset::Medal)));
    }

    #[test]
    fn amounts_stay_exact_in_json() {
        assert_eq!(yen(MINOR_MAX).plus(yen(1)), Err(MoneyError::OutOfRange(Asset::Jpy)));
        assert_eq!(serde_json::to_string(&yen(-5)).unwrap(), r#"{"asset":"JPY","minor":-5}"#);
    }

    #[test]
    fn a_ratio_rounds_down() {
        assert_eq!(yen(300).times_rounded_down(Ratio::per_100(250)), Ok(yen(750)));
        assert_eq!(yen(99).times_rounded_down(Ratio::per_100(250)), Ok(yen(247)));
        assert_eq!(yen(MINOR_MAX).times_rounded_down(Ratio::per_100(101)), Err(MoneyError::OutOfRange(Asset::Jpy)));
    }
}
