//! The day's free medals: one grant a person and Japanese day. The day is the idempotency key.

use crate::wallet::{Account, Change, Kind, Posting, WalletError, WalletTail};
use jiff::Timestamp;
use shared::id::UserId;
use shared::journal::Line;
use shared::money::{Amount, Asset};

/// How many medals a day brings.
pub const MEDALS_PER_DAY: i64 = 1_000;

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
