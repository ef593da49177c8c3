//! A slip that was placed. It is written once and never changed. Its outcome is derived from it and the race's result, so losing slips cost
//! nothing to settle.

use super::{Bet, Field, Outcome, RaceResult, SlipId, SlipTotals, decode_bets, encode_bets, outcome, refunded_in_full};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::id::UserId;
use shared::money::{Amount, Asset, MoneyError};
use shared::planted::{self, Bug};

/// A slip as it is stored; its id and owner are its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slip {
    pub asset: Asset,
    /// What it cost: minor units of all its combinations together.
    pub stake: i64,
    pub combinations: u32,
    #[serde(with = "as_text")]
    pub bets: Vec<Bet>,
    /// The later of the function's clock and the gateway's.
    pub placed_at: Timestamp,
}

impl Slip {
    pub const fn new(asset: Asset, totals: SlipTotals, bets: Vec<Bet>, placed_at: Timestamp) -> Self {
        Self { asset, stake: totals.stake, combinations: totals.combinations, bets, placed_at }
    }

    pub const fn stake(&self) -> Amount {
        Amount { asset: self.asset, minor: self.stake }
    }

    /// A slip's sort key within its shard. A person's slips and payouts of a race are side by side.
    pub fn sort_key(user: &UserId, id: &SlipId) -> String {
        format!("{user}#b#{}", id.tail())
    }

    /// What the slip comes to on the race's `field` by `result`. One placed at or after the effective close, or found only after
    /// its shard was counted (`late`), is refunded, never paid.
    pub fn outcome(
        &self,
        field: &Field,
        result: &RaceResult,
        effective_close: Timestamp,
        late: bool,
    ) -> Result<Outcome, MoneyError> {
        let is_after_close = self.placed_at >= effective_close && !planted::is_on(Bug::SlipAfterClosePaid);
        if late || is_after_close {
            return Ok(refunded_in_full(&self.bets, field));
        }
        outcome(&self.bets, field, result)
    }
}

mod as_text {
    use super::{Bet, decode_bets, encode_bets};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::borrow::Cow;

    pub fn serialize<S: Serializer>(bets: &[Bet], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&encode_bets(bets))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bet>, D::Error> {
        decode_bets(&Cow::<str>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BetType, Selection};
    use super::*;

    fn slip() -> Slip {
        let bets = vec![Bet { bet_type: BetType::Win, selection: Selection::Single { runners: vec![3] }, stake: 500 }];
        Slip::new(Asset::Jpy, SlipTotals { combinations: 1, stake: 500 }, bets, Timestamp::from_second(100).unwrap())
    }

    #[test]
    fn it_reads_back() {
        let json = serde_json::to_string(&slip()).unwrap();
        assert_eq!(serde_json::from_str::<Slip>(&json).unwrap(), slip());
    }

    #[test]
    fn one_at_the_close_or_late_is_refunded_never_paid() {
        let result: RaceResult = serde_json::from_str(r#"{"dividends":{"win":[{"combination":"3","per_100":250}]}}"#).unwrap();
        let after = |second| Timestamp::from_second(second).unwrap();
        let came_to = |close, late| {
            let outcome = slip().outcome(&(1..=6).collect(), &result, close, late).unwrap();
            (outcome.payout, outcome.refund)
        };
        assert_eq!(came_to(after(101), false), (1_250, 0));
        assert_eq!(came_to(after(100), false), (0, 500));
        assert_eq!(came_to(after(101), true), (0, 500));
    }
}
