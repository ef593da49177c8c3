//! A top-up: money asked of the bank. It moves one way only, and each step is a conditional write. So a late or repeated worker can never
//! collect twice, or credit what was declined.

use crate::wallet::{Account, Change, Kind, Posting, WalletError, WalletTail};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::journal::Line;
use shared::money::Amount;

shared::derived_id! {
    /// A top-up: money requested from the bank for a wallet.
    TopUpId, "top_", "a top-up id (top_…)"
}

/// The largest top-up in minor units, and the smallest.
pub const TOP_UP_MAX: i64 = 100_000_000;
pub const TOP_UP_MIN: i64 = 100;

/// The state of a top-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TopUpState {
    /// Recorded; the bank has not been asked yet.
    Requested,
    /// The bank is being asked.
    Collecting,
    /// The bank did not answer. The status at the bank decides; the charge is never repeated blindly.
    Unknown,
    /// The bank collected the money, and the wallet is credited.
    Collected,
    /// The bank refused, and took nothing.
    Declined,
}

impl TopUpState {
    /// Whether nothing more will happen.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Collected | Self::Declined)
    }
}

/// A top-up as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    pub id: TopUpId,
    pub user: UserId,
    pub amount: Amount,
    pub state: TopUpState,
    pub requested_at: Timestamp,
    pub updated_at: Timestamp,
}

impl TopUp {
    /// This top-up in another state; none when it is final already.
    pub fn moved(&self, state: TopUpState, now: Timestamp) -> Option<Self> {
        (!self.state.is_final()).then(|| Self { state, updated_at: self.updated_at.max(now), ..self.clone() })
    }

    /// The wallet line that credits what the bank collected.
    pub fn credit(&self, tail: &WalletTail, now: Timestamp, by: &str) -> Result<Line, WalletError> {
        let change = Change {
            kind: Kind::TopUp,
            operation: self.id.to_string(),
            postings: vec![Posting::new(self.amount, Account::BankClearing)],
        };
        Ok(tail.append(now, by, change)?)
    }
}
