//! A slip's bets and what a slip may hold. The limits keep a slip within one write unit and its settlement within microseconds.

use super::{BetType, Field, Selection, SelectionError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most bets on one slip.
pub const BETS_PER_SLIP_MAX: usize = 12;
/// The most combinations of all bets of a slip together.
pub const COMBINATIONS_PER_SLIP_MAX: u32 = 1_000;
/// The most minor units staked by all combinations of a slip together.
pub const STAKE_PER_SLIP_MAX: i64 = 10_000_000;
/// Stakes are multiples of this, because dividends are published per 100: so every payout is exact and nothing is rounded.
pub const STAKE_UNIT: i64 = 100;

/// One bet: a selection of combinations of one type, with the same stake on each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bet {
    pub bet_type: BetType,
    /// The combinations of the bet.
    pub selection: Selection,
    /// Minor units on each combination: a positive multiple of 100.
    #[schemars(range(min = 100, max = 10_000_000), extend("multipleOf" = 100))]
    pub stake: i64,
}

/// What all bets of a slip come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlipTotals {
    pub combinations: u32,
    /// Minor units: what placing the slip costs.
    pub stake: i64,
}

/// Why bets are no slip.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BetError {
    #[error("a slip needs at least one bet")]
    NoBets,
    #[error("a slip holds at most {BETS_PER_SLIP_MAX} bets, this one has {bets}: place several slips")]
    TooManyBets { bets: usize },
    #[error("{problem}")]
    Selection { bet: usize, problem: SelectionError },
    #[error("this race has no brackets: bet on its runners")]
    NoBrackets { bet: usize },
    #[error("a stake is at least {STAKE_UNIT} minor units")]
    StakeNotPositive { bet: usize },
    #[error("a stake is a multiple of {STAKE_UNIT} minor units")]
    StakeNotMultipleOf100 { bet: usize },
    #[error("a slip holds at most {COMBINATIONS_PER_SLIP_MAX} combinations, this one has {combinations}: place several slips")]
    TooManyCombinations { combinations: u32 },
    #[error("the stakes of a slip come to at most {STAKE_PER_SLIP_MAX} minor units: stake less")]
    StakeAboveLimit { pointer: String },
}

impl BetError {
    /// The JSON pointer of the bad part, from the slip on: `/bets/3/selection/runners/2`.
    pub fn pointer(&self) -> String {
        match self {
            Self::NoBets | Self::TooManyBets { .. } | Self::TooManyCombinations { .. } => "/bets".into(),
            Self::Selection { bet, problem } => format!("/bets/{bet}/selection{}", problem.pointer()),
            Self::NoBrackets { bet } => format!("/bets/{bet}/bet_type"),
            Self::StakeNotPositive { bet } | Self::StakeNotMultipleOf100 { bet } => format!("/bets/{bet}/stake"),
            Self::StakeAboveLimit { pointer } => pointer.clone(),
        }
    }

    /// The problem code, stable for callers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoBets => "no_bets",
            Self::TooManyBets { .. } => "too_many_bets",
            Self::Selection { problem, .. } => problem.code(),
            Self::NoBrackets { .. } => "no_brackets",
            Self::StakeNotPositive { .. } => "stake_not_positive",
            Self::StakeNotMultipleOf100 { .. } => "stake_not_multiple_of_100",
            Self::TooManyCombinations { .. } => "too_many_combinations",
            Self::StakeAboveLimit { .. } => "stake_above_limit",
        }
    }
}

/// Checks the bets of one slip against the field of its race, and adds them up.
pub fn check_bets(bets: &[Bet], field: &Field) -> Result<SlipTotals, BetError> {
    if bets.is_empty() {
        return Err(BetError::NoBets);
    }
    if bets.len() > BETS_PER_SLIP_MAX {
        return Err(BetError::TooManyBets { bets: bets.len() });
    }
    let mut totals = SlipTotals { combinations: 0, stake: 0 };
    for (index, bet) in bets.iter().enumerate() {
        check_stake(bet.stake, index)?;
        if bet.bet_type.by_bracket() && field.brackets().is_empty() {
            return Err(BetError::NoBrackets { bet: index });
        }
        bet.selection.check(bet.bet_type, field).map_err(|problem| BetError::Selection { bet: index, problem })?;
        // At most 12 bets of 4,896 combinations at 10,000,000: far from the end of either integer.
        let combinations = bet.selection.count(bet.bet_type, field);
        totals.combinations += combinations;
        totals.stake += i64::from(combinations) * bet.stake;
    }
    if totals.combinations > COMBINATIONS_PER_SLIP_MAX {
        return Err(BetError::TooManyCombinations { combinations: totals.combinations });
    }
    if totals.stake > STAKE_PER_SLIP_MAX {
        return Err(BetError::StakeAboveLimit { pointer: "/bets".into() });
    }
    Ok(totals)
}

fn check_stake(stake: i64, bet: usize) -> Result<(), BetError> {
    if stake <= 0 {
        return Err(BetError::StakeNotPositive { bet });
    }
    if stake % STAKE_UNIT != 0 {
        return Err(BetError::StakeNotMultipleOf100 { bet });
    }
    if stake > STAKE_PER_SLIP_MAX {
        return Err(BetError::StakeAboveLimit { pointer: format!("/bets/{bet}/stake") });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::samples::keirin;
    use super::*;

    fn bet(bet_type: BetType, runners: &[u8], stake: i64) -> Bet {
        Bet { bet_type, selection: Selection::Box { runners: runners.to_vec() }, stake }
    }

    fn refusal(bets: &[Bet], field_size: u8) -> (&'static str, String) {
        let error = check_bets(bets, &(1..=field_size).collect()).unwrap_err();
        (error.code(), error.pointer())
    }

    #[test]
    fn bets_add_up() {
        let bets = [bet(BetType::Trifecta, &[1, 2, 3, 4], 200), bet(BetType::Win, &[6], 1_000)];
        let totals = check_bets(&bets, &(1..=6).collect()).unwrap();
        assert_eq!(totals, SlipTotals { combinations: 25, stake: 24 * 200 + 1_000 });
    }

    #[test]
    fn each_limit_names_its_place() {
        let win = bet(BetType::Win, &[1], 100);
        assert_eq!(refusal(&[], 6), ("no_bets", "/bets".into()));
        assert_eq!(refusal(&vec![win.clone(); 13], 6), ("too_many_bets", "/bets".into()));
        let wrong = bet(BetType::Trio, &[1, 2, 7], 100);
        assert_eq!(refusal(&[win, wrong], 6), ("unknown_runner", "/bets/1/selection/runners/2".into()));
        for (stake, code) in [
            (0, "stake_not_positive"),
            (-100, "stake_not_positive"),
            (150, "stake_not_multiple_of_100"),
            (STAKE_PER_SLIP_MAX + 100, "stake_above_limit"),
            (i64::MAX / 100 * 100, "stake_above_limit"),
        ] {
            assert_eq!(refusal(&[bet(BetType::Win, &[1], stake)], 6), (code, "/bets/0/stake".into()), "{stake}");
        }
        let two = [bet(BetType::Win, &[1], STAKE_PER_SLIP_MAX), bet(BetType::Win, &[1], 100)];
        assert_eq!(refusal(&two, 6), ("stake_above_limit", "/bets".into()));
        let every: Vec<_> = (1..=18).collect();
        assert_eq!(refusal(&[bet(BetType::Trifecta, &every, 100)], 18), ("too_many_combinations", "/bets".into()));
    }

    #[test]
    fn each_limit_may_be_reached() {
        let total = |bets: &[Bet]| check_bets(bets, &(1..=10).collect()).map(|totals| (totals.combinations, totals.stake));
        let win = |stake| bet(BetType::Win, &[1], stake);
        assert_eq!(total(&vec![win(STAKE_UNIT); BETS_PER_SLIP_MAX]), Ok((12, 1_200)));
        assert_eq!(total(&[win(STAKE_PER_SLIP_MAX)]), Ok((1, STAKE_PER_SLIP_MAX)));
        let [most, rest] = [STAKE_PER_SLIP_MAX - STAKE_UNIT, STAKE_UNIT].map(win);
        assert_eq!(total(&[most.clone(), rest.clone()]), Ok((2, STAKE_PER_SLIP_MAX)));
        let above = BetError::StakeAboveLimit { pointer: "/bets".into() };
        assert_eq!(total(&[most, rest.clone(), rest]), Err(above), "the least that is too much");

        // 720, 210, 60 and 10.
        let boxed = |bet_type, runners: u8| bet(bet_type, &(1..=runners).collect::<Vec<_>>(), 100);
        let mut thousand = [10, 7, 5].map(|runners| boxed(BetType::Trifecta, runners)).to_vec();
        thousand.push(boxed(BetType::Win, 10));
        assert_eq!(total(&thousand), Ok((COMBINATIONS_PER_SLIP_MAX, 100_000)));
        thousand.push(win(100));
        assert_eq!(total(&thousand), Err(BetError::TooManyCombinations { combinations: COMBINATIONS_PER_SLIP_MAX + 1 }));
    }

    #[test]
    fn bracket_bets_need_brackets() {
        let bets = [bet(BetType::Win, &[1], 100), bet(BetType::BracketQuinella, &[1, 2], 100)];
        assert_eq!(refusal(&bets, 9), ("no_brackets", "/bets/1/bet_type".into()));
        assert_eq!(check_bets(&bets, &keirin()).unwrap().combinations, 2);
    }

    #[test]
    fn the_wire_form_is_closed() {
        let json = r#"{"bet_type":"trio","selection":{"kind":"box","runners":[1,2,3]},"stake":100}"#;
        assert_eq!(serde_json::from_str::<Bet>(json).unwrap(), bet(BetType::Trio, &[1, 2, 3], 100));
        assert!(serde_json::from_str::<Bet>(&json.replace("stake\"", "steak\"")).is_err());
        assert!(serde_json::from_str::<Bet>(&json.replace("100", "100.5")).is_err());
    }
}
