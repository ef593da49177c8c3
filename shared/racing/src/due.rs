//! What a result makes of a slip: payout and refund, and the sum of that for a user. Computed without writing the combinations
//! out: each listed dividend is looked up in the bet, and refunds are counted.

use super::{Bet, Field, RaceResult};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shared::money::{Amount, Asset, MoneyError, Ratio};
use shared::planted::{self, Bug};
use std::collections::BTreeMap;

/// The payout and refund of a slip, in minor units of its own asset. Neither is ever negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The amount that its winning combinations and consolations pay.
    pub payout: i64,
    /// The stakes that are refunded.
    pub refund: i64,
    /// The number of winning combinations. A consolation pays but does not win.
    pub winning: u32,
    /// The number of refunded combinations.
    pub refunded: u32,
}

/// What `bets` on `field` come to by `result`: exact, because stakes are multiples of 100. Fails only on bets that were never
/// checked.
pub fn outcome(bets: &[Bet], field: &Field, result: &RaceResult) -> Result<Outcome, MoneyError> {
    let started = field.without(result.refunded);
    bets.iter().try_fold(Outcome::default(), |sum, bet| sum.plus(outcome_of_bet(bet, field, &started, result)?))
}

/// The outcome of a slip whose race is void, or that came too late: its whole stake is refunded.
///
/// # Panics
///
/// If the bets were never checked and stake more than money can count.
#[expect(
    clippy::expect_used,
    reason = "the bets of a slip were checked before it was written, and stake far less than money can count"
)]
pub fn refunded_in_full(bets: &[Bet], field: &Field) -> Outcome {
    let all = |bet: &Bet| refund_of(bet, bet.selection.count(bet.bet_type, field));
    let sum = bets.iter().try_fold(Outcome::default(), |sum, bet| sum.plus(all(bet)?));
    sum.expect("a checked slip stakes at most STAKE_PER_SLIP_MAX")
}

fn outcome_of_bet(bet: &Bet, field: &Field, started: &Field, result: &RaceResult) -> Result<Outcome, MoneyError> {
    let Bet { bet_type, selection, .. } = bet;
    if result.is_void_for(*bet_type) {
        return refund_of(bet, selection.count(*bet_type, field));
    }
    let standing = || selection.count(*bet_type, started);
    let mut sum = Outcome::default();
    if !result.refunded.is_empty() && !planted::is_on(Bug::ScratchedNotRefunded) {
        sum = refund_of(bet, selection.count(*bet_type, field) - standing())?;
    }
    if let Some(per_100) = result.consolation.get(bet_type) {
        return sum.plus(Outcome { payout: payout_of(bet, *per_100, standing())?, ..Outcome::default() });
    }
    for dividend in result.dividends_of(*bet_type) {
        let stands = started.has(*bet_type, &dividend.combination);
        if stands && selection.covers(*bet_type, dividend.combination, field) {
            sum = sum.plus(Outcome { payout: payout_of(bet, dividend.per_100, 1)?, winning: 1, ..Outcome::default() })?;
        }
    }
    Ok(sum)
}

/// A slip has one asset and it does not change the arithmetic, so amounts are counted here as if they were yen.
const COUNTED_AS: Asset = Asset::Jpy;

fn stake_of(bet: &Bet, combinations: u32) -> Result<Amount, MoneyError> {
    let stake = bet.stake.checked_mul(combinations.into()).ok_or(MoneyError::OutOfRange(COUNTED_AS))?;
    Amount::new(COUNTED_AS, stake)
}

fn payout_of(bet: &Bet, per_100: i64, combinations: u32) -> Result<i64, MoneyError> {
    Ok(stake_of(bet, combinations)?.times_rounded_down(Ratio::per_100(per_100))?.minor)
}

fn refund_of(bet: &Bet, refunded: u32) -> Result<Outcome, MoneyError> {
    Ok(Outcome { refund: stake_of(bet, refunded)?.minor, refunded, ..Outcome::default() })
}

impl Outcome {
    fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            payout: sum(COUNTED_AS, self.payout, other.payout)?,
            refund: sum(COUNTED_AS, self.refund, other.refund)?,
            winning: self.winning + other.winning,
            refunded: self.refunded + other.refunded,
        })
    }
}

fn sum(asset: Asset, one: i64, other: i64) -> Result<i64, MoneyError> {
    Ok(Amount::new(asset, one)?.plus(Amount::new(asset, other)?)?.minor)
}

/// Payouts and refunds in minor units of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    pub payout: i64,
    pub refund: i64,
}

/// What is due to a user from a race, by asset: the sum of the outcomes of all their slips. An asset of which nothing is due is left out,
/// so equal dues are equal values. Payout and refund of an asset together are an amount that [`Amount`] can hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Asset, Settled>", into = "BTreeMap<Asset, Settled>")]
pub struct Due {
    by_asset: BTreeMap<Asset, Settled>,
}

impl Due {
    /// Adds the outcome of one slip, which was staked in `asset`.
    pub fn add(&mut self, asset: Asset, outcome: Outcome) -> Result<(), MoneyError> {
        let before = self.settled(asset);
        let after =
            Settled { payout: sum(asset, before.payout, outcome.payout)?, refund: sum(asset, before.refund, outcome.refund)? };
        sum(asset, after.payout, after.refund)?;
        self.put(asset, after);
        Ok(())
    }

    /// What is still to be posted when `posted` was posted already. Negative where a correction takes back.
    #[must_use]
    pub fn minus(&self, posted: &Self) -> Self {
        let mut net = self.clone();
        for (asset, less) in &posted.by_asset {
            let due = self.settled(*asset);
            // Each part is within 2^53, so no difference overflows an i64.
            net.put(*asset, Settled { payout: due.payout - less.payout, refund: due.refund - less.refund });
        }
        net
    }

    pub fn is_zero(&self) -> bool {
        self.by_asset.is_empty()
    }

    /// Payout and refund in `asset`.
    pub fn settled(&self, asset: Asset) -> Settled {
        self.by_asset.get(&asset).copied().unwrap_or_default()
    }

    /// Payout and refund in `asset` together: what the wallet is credited.
    pub fn total(&self, asset: Asset) -> Amount {
        let Settled { payout, refund } = self.settled(asset);
        Amount { asset, minor: payout + refund }
    }

    /// The assets of which something is due or to be taken back.
    pub fn by_asset(&self) -> &BTreeMap<Asset, Settled> {
        &self.by_asset
    }

    fn put(&mut self, asset: Asset, settled: Settled) {
        if settled == Settled::default() {
            self.by_asset.remove(&asset);
        } else {
            self.by_asset.insert(asset, settled);
        }
    }
}

impl TryFrom<BTreeMap<Asset, Settled>> for Due {
    type Error = MoneyError;

    fn try_from(by_asset: BTreeMap<Asset, Settled>) -> Result<Self, MoneyError> {
        let mut due = Self::default();
        for (asset, settled) in by_asset {
            sum(asset, settled.payout, settled.refund)?;
            due.put(asset, settled);
        }
        Ok(due)
    }
}

impl From<Due> for BTreeMap<Asset, Settled> {
    fn from(due: Due) -> Self {
        due.by_asset
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{any_bets, any_result, keirin};
    use super::super::{BetType, Selection, Verdict};
    use super::*;
    use proptest::prelude::*;
    use shared::money::MINOR_MAX;

    /// The same by writing every combination out.
    fn outcome_by_expansion(bets: &[Bet], result: &RaceResult) -> Outcome {
        let mut sum = Outcome::default();
        for bet in bets {
            for combination in bet.selection.combinations(bet.bet_type, &keirin()) {
                match result.verdict(bet.bet_type, &combination, &keirin()) {
                    Verdict::Pays { per_100 } => {
                        sum.payout += bet.stake / 100 * per_100;
                        sum.winning += 1;
                    }
                    Verdict::Consolation { per_100 } => sum.payout += bet.stake / 100 * per_100,
                    Verdict::Refund => {
                        sum.refund += bet.stake;
                        sum.refunded += 1;
                    }
                    Verdict::Lost => {}
                }
            }
        }
        sum
    }

    proptest! {
        #[test]
        fn the_outcome_is_that_of_the_expansion(bets in any_bets(), result in any_result()) {
            prop_assert_eq!(outcome(&bets, &keirin(), &result), Ok(outcome_by_expansion(&bets, &result)));
        }

        #[test]
        fn a_void_race_gives_everything_back(bets in any_bets()) {
            prop_assert_eq!(outcome(&bets, &keirin(), &RaceResult::default()), Ok(refunded_in_full(&bets, &keirin())));
        }
    }

    #[test]
    fn unchecked_stakes_fail_instead_of_overflowing() {
        let bet = Bet { bet_type: BetType::Win, selection: Selection::Box { runners: vec![1, 2] }, stake: i64::MAX };
        assert_eq!(outcome(&[bet], &keirin(), &RaceResult::default()), Err(MoneyError::OutOfRange(COUNTED_AS)));
    }

    fn due(asset: Asset, payout: i64, refund: i64) -> Due {
        let mut due = Due::default();
        due.add(asset, Outcome { payout, refund, ..Outcome::default() }).unwrap();
        due
    }

    #[test]
    fn a_correction_is_the_net_difference() {
        let net = due(Asset::Jpy, 300, 200).minus(&due(Asset::Jpy, 750, 0));
        assert_eq!(net.settled(Asset::Jpy), Settled { payout: -450, refund: 200 });
        assert_eq!(net.total(Asset::Jpy), Amount { asset: Asset::Jpy, minor: -250 });
        assert_eq!(Due::default().minus(&due(Asset::Medal, 5, 0)).total(Asset::Medal).minor, -5);
    }

    #[test]
    fn nothing_due_is_zero_and_assets_stay_apart() {
        assert!(due(Asset::Jpy, 0, 0).is_zero());
        assert!(due(Asset::Jpy, 5, 1).minus(&due(Asset::Jpy, 5, 1)).is_zero());
        assert!(!due(Asset::Jpy, 5, 1).minus(&due(Asset::Jpy, 1, 5)).is_zero(), "the parts differ, though the total does not");
        assert_eq!(due(Asset::Jpy, 5, 1).total(Asset::Medal), Amount::zero(Asset::Medal));
        assert!(due(Asset::Jpy, MINOR_MAX, 0).add(Asset::Jpy, Outcome { refund: 1, ..Outcome::default() }).is_err());
    }

    #[test]
    fn its_stored_form_is_short() {
        let json = serde_json::to_string(&due(Asset::Jpy, 750, 100)).unwrap();
        assert_eq!(json, r#"{"JPY":{"payout":750,"refund":100}}"#);
        assert_eq!(serde_json::from_str::<Due>(&json).unwrap(), due(Asset::Jpy, 750, 100));
        assert_eq!(serde_json::from_str::<Due>(r#"{"JPY":{"payout":0,"refund":0}}"#).unwrap(), Due::default());
        assert!(serde_json::from_str::<Due>(r#"{"JPY":{"payout":9007199254740992,"refund":0}}"#).is_err());
    }
}
