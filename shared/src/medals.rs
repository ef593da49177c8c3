//! The day's free medals: one grant a person and Japanese day. The day is the idempotency key.

use crate::id::UserId;
use crate::journal::Line;
use crate::money::{Amount, Asset};
use crate::wallet::{Account, Change, Kind, Posting, WalletError, WalletTail};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// How many medals a day brings.
pub const MEDALS_PER_DAY: i64 = 1_000;

/// The day in Asia/Tokyo at `now`. Japan has had no daylight saving since 1951, so a fixed offset is exact.
pub fn day_of(now: Timestamp) -> Date {
    now.to_zoned(tokyo()).date()
}

/// Asia/Tokyo: UTC+9.
pub fn tokyo() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(9))
}

/// The amount of one day's grant.
pub fn grant_amount() -> Amount {
    Amount { asset: Asset::Medal, minor: MEDALS_PER_DAY }
}

/// The wallet line of a day's grant.
pub fn grant(tail: &WalletTail, now: Timestamp, user: &UserId, operation: &str) -> Result<Line, WalletError> {
    let posting = Posting::new(grant_amount(), Account::Bonus);
    let change = Change { kind: Kind::MedalGrant, operation: operation.into(), postings: vec![posting] };
    Ok(tail.append(now, user.as_str(), change)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_tokyos() {
        assert_eq!(day_of("2026-05-23T14:59:59Z".parse().unwrap()).to_string(), "2026-05-23");
        assert_eq!(day_of("2026-05-23T15:00:00Z".parse().unwrap()).to_string(), "2026-05-24");
    }
}
