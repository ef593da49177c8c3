//! The proof that a race is settled: its slips and payouts are read a second time, and add up. Stakes are payouts, refunds and what stays
//! with the operator, asset by asset; off by one yen there is no certificate.

use super::{Due, RaceId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::money::{Amount, Asset, MoneyError};
use std::collections::BTreeMap;

/// The totals of a race, or of one of its shards, in one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AssetTotals {
    pub stake: i64,
    pub payout: i64,
    pub refund: i64,
}

/// The totals of a race, or of one of its shards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    pub slips: u64,
    /// The number of people to whom an amount was posted.
    pub paid_users: u64,
    pub by_asset: BTreeMap<Asset, AssetTotals>,
}

impl Totals {
    /// Counts a slip.
    pub fn add_stake(&mut self, stake: Amount) -> Result<(), MoneyError> {
        self.slips += 1;
        let totals = self.by_asset.entry(stake.asset).or_default();
        totals.stake = sum(stake.asset, totals.stake, stake.minor)?;
        Ok(())
    }

    /// Counts what was posted to a person.
    pub fn add_paid(&mut self, posted: &Due) -> Result<(), MoneyError> {
        self.paid_users += u64::from(!posted.is_zero());
        for (&asset, settled) in posted.by_asset() {
            let totals = self.by_asset.entry(asset).or_default();
            totals.payout = sum(asset, totals.payout, settled.payout)?;
            totals.refund = sum(asset, totals.refund, settled.refund)?;
        }
        Ok(())
    }

    /// These totals and those of another shard.
    pub fn plus(mut self, other: &Self) -> Result<Self, MoneyError> {
        self.slips += other.slips;
        self.paid_users += other.paid_users;
        for (asset, more) in &other.by_asset {
            let totals = self.by_asset.entry(*asset).or_default();
            totals.stake = sum(*asset, totals.stake, more.stake)?;
            totals.payout = sum(*asset, totals.payout, more.payout)?;
            totals.refund = sum(*asset, totals.refund, more.refund)?;
        }
        Ok(self)
    }
}

fn sum(asset: Asset, one: i64, other: i64) -> Result<i64, MoneyError> {
    Ok(Amount::new(asset, one)?.plus(Amount::new(asset, other)?)?.minor)
}

/// A posting between two system accounts; neither is an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingPosting {
    pub from: String,
    pub to: String,
    #[serde(flatten)]
    pub amount: Amount,
}

/// A race's certificate for one result version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub race: RaceId,
    pub version: u32,
    /// 1 for the certificate that closed the race, 2 for its repetition a quarter of an hour later. 3 and more after a late slip changed
    /// the totals.
    pub pass: u32,
    pub shards: u16,
    pub totals: Totals,
    /// What stays of the stakes, asset by asset; below zero when the race paid out more than it took.
    pub operator_result: Vec<ClosingPosting>,
    pub made_at: Timestamp,
}

impl Certificate {
    /// The certificate of `totals`, which must be those of all shards.
    pub fn new(
        race: RaceId,
        version: u32,
        pass: u32,
        shards: u16,
        totals: Totals,
        made_at: Timestamp,
    ) -> Result<Self, MoneyError> {
        let operator_result = operator_result(race, &totals)?;
        Ok(Self { race, version, pass, shards, totals, operator_result, made_at })
    }
}

/// What leaves the race's escrow for the operator when everybody is paid.
pub fn operator_result(race: RaceId, totals: &Totals) -> Result<Vec<ClosingPosting>, MoneyError> {
    let posting = |(asset, totals): (&Asset, &AssetTotals)| {
        let stake = Amount::new(*asset, totals.stake)?;
        let amount = stake.minus(Amount::new(*asset, totals.payout)?)?.minus(Amount::new(*asset, totals.refund)?)?;
        Ok(ClosingPosting { from: format!("escrow:{}", race.key()), to: "operator_result".into(), amount })
    };
    totals.by_asset.iter().map(posting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn stakes_are_payouts_refunds_and_the_operators_result() {
        let mut totals = Totals::default();
        totals.add_stake(Amount::new(Asset::Jpy, 1_000).unwrap()).unwrap();
        let mut due = Due::default();
        due.add(Asset::Jpy, Outcome { payout: 600, refund: 100, ..Outcome::default() }).unwrap();
        totals.add_paid(&due).unwrap();
        let totals = totals.plus(&Totals::default()).unwrap();
        let race = "rac_20260523-01-01".parse().unwrap();
        let certificate = Certificate::new(race, 1, 1, 4, totals, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(certificate.operator_result[0].amount, Amount::new(Asset::Jpy, 300).unwrap());
        assert_eq!((certificate.totals.slips, certificate.totals.paid_users), (1, 1));
    }
}
