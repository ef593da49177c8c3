//! The official result of a race. The list of dividends decides every bet; finishing places are shown, never settled by.
//! Reading a result is strict: an unknown field could be money, so an older reader refuses it (and is retried) rather than
//! settle without it.

use super::{BetType, Combination, Field, RUNNER_MAX, RaceId, RunnerNumber, RunnerSet};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::hash::{self, Hash};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// The most dividends of one bet type.
pub const DIVIDENDS_PER_TYPE_MAX: usize = 20;
/// The most dividends of a race: a result stays within 4 KB. A triple dead heat for the first place has 34.
pub const DIVIDENDS_MAX: usize = 64;
/// The largest dividend per 100: a million times the stake is a typing error.
pub const PER_100_MAX: i64 = 100_000_000;

/// The result of a finished or abandoned race.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RaceResult {
    /// The winning combinations by bet type. A type that is missing here and in `consolation` is void, and all its bets are
    /// refunded. If all types are void, the race is void. The field is required, so that a forgotten one never voids a race.
    #[schemars(transform = describe_dividends)]
    pub dividends: BTreeMap<BetType, Vec<Dividend>>,
    /// 特払い, by bet type: nobody held a winning combination, and every bet of the type is paid this amount per 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(transform = describe_consolation)]
    pub consolation: BTreeMap<BetType, i64>,
    /// 返還: runners that did not start (false start, late, absent). Every combination with one of them is refunded. A bracket
    /// combination is refunded if nobody of a bracket starts, or if it names one bracket twice and fewer than two start.
    #[serde(default, skip_serializing_if = "RunnerSet::is_empty_ref")]
    pub refunded: RunnerSet,
    /// The finishing places, for display; they decide no bet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = RUNNER_MAX))]
    pub places: Vec<Placing>,
}

/// States the bounds of `dividends` in its schema: its names are bet types, each with a bounded list.
pub fn describe_dividends(schema: &mut Schema) {
    name_bet_types(schema);
    describe_values(schema, &[("maxItems", DIVIDENDS_PER_TYPE_MAX.into())]);
}

/// States the bounds of `consolation` in its schema: its names are bet types, each with an amount per 100.
pub fn describe_consolation(schema: &mut Schema) {
    name_bet_types(schema);
    describe_values(schema, &[("minimum", 1.into()), ("maximum", PER_100_MAX.into())]);
}

fn name_bet_types(schema: &mut Schema) {
    let names: Vec<String> = BetType::ALL.iter().map(BetType::to_string).collect();
    schema.insert("propertyNames".into(), serde_json::json!({"enum": names}));
}

/// Adds `keywords` to the schema of an object's values.
fn describe_values(schema: &mut Schema, keywords: &[(&str, Value)]) {
    if let Some(values) = schema.get_mut("additionalProperties").and_then(Value::as_object_mut) {
        values.extend(keywords.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    }
}

/// One winning combination and its payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dividend {
    /// `3`, `3-1-5` (in this order) or `1=3=5` (in any order). For a bracket bet the brackets: `4-6`, `4-4`, `4=4`.
    pub combination: Combination,
    /// Minor units paid for each 100 staked, the stake included.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub per_100: i64,
}

/// A runner's finishing place. Two runners share one in a dead heat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placing {
    #[schemars(range(min = 1, max = 18))]
    pub runner: RunnerNumber,
    #[schemars(range(min = 1))]
    pub place: u8,
}

/// What a result says of one combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It won: `per_100` minor units for each 100 staked.
    Pays {
        per_100: i64,
    },
    /// It lost, but nobody won: `per_100` minor units for each 100 staked.
    Consolation {
        per_100: i64,
    },
    /// The stake goes back in full.
    Refund,
    Lost,
}

/// Why a result cannot be one of its race.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ResultError {
    #[error("{runner} does not run in this race")]
    UnknownRunner { pointer: String, runner: RunnerNumber },
    #[error("{combination} is no combination of a {bet_type}")]
    WrongCombination { pointer: String, bet_type: BetType, combination: Combination },
    #[error("nobody could bet a {bet_type} on {combination} in this race: check the brackets")]
    UnknownBrackets { pointer: String, bet_type: BetType, combination: Combination },
    #[error("this race has no brackets, so there is no {bet_type}")]
    NoBrackets { pointer: String, bet_type: BetType },
    #[error("{combination} is listed twice")]
    DuplicateCombination { pointer: String, combination: Combination },
    #[error("a dividend per 100 is between 1 and {PER_100_MAX}")]
    DividendOutOfRange { pointer: String },
    #[error("a result lists at most {DIVIDENDS_PER_TYPE_MAX} dividends of a bet type and {DIVIDENDS_MAX} of a race")]
    TooManyDividends { pointer: String },
    #[error("{bet_type} has dividends: somebody won, and there is no consolation")]
    ConsolationBesideDividends { pointer: String, bet_type: BetType },
    #[error("a place is at least 1, and a runner has only one")]
    WrongPlace { pointer: String },
}

impl ResultError {
    /// The JSON pointer of the bad part, from the result on: `/dividends/trio/0/combination`.
    pub fn pointer(&self) -> &str {
        match self {
            Self::UnknownRunner { pointer, .. }
            | Self::WrongCombination { pointer, .. }
            | Self::UnknownBrackets { pointer, .. }
            | Self::NoBrackets { pointer, .. }
            | Self::DuplicateCombination { pointer, .. }
            | Self::DividendOutOfRange { pointer }
            | Self::TooManyDividends { pointer }
            | Self::ConsolationBesideDividends { pointer, .. }
            | Self::WrongPlace { pointer } => pointer,
        }
    }

    /// The problem code, stable for callers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownRunner { .. } => "unknown_runner",
            Self::WrongCombination { .. } => "wrong_combination",
            Self::UnknownBrackets { .. } => "unknown_brackets",
            Self::NoBrackets { .. } => "no_brackets",
            Self::DuplicateCombination { .. } => "duplicate_combination",
            Self::DividendOutOfRange { .. } => "dividend_out_of_range",
            Self::TooManyDividends { .. } => "too_many_dividends",
            Self::ConsolationBesideDividends { .. } => "consolation_beside_dividends",
            Self::WrongPlace { .. } => "wrong_place",
        }
    }
}

/// The seal of a result as it is stored: over its race, its version and the bytes. Who pays by it or proves it reads no other.
pub fn result_seal(race: RaceId, version: u32, stored: &[u8]) -> Hash {
    hash::of_parts(&[b"result", race.key().as_bytes(), &version.to_be_bytes(), stored])
}

impl RaceResult {
    /// Checks that this can be the result of a race of `field`.
    pub fn check(&self, field: &Field) -> Result<(), ResultError> {
        for (bet_type, dividends) in &self.dividends {
            check_dividends(*bet_type, dividends, field)?;
        }
        if self.dividends.values().map(Vec::len).sum::<usize>() > DIVIDENDS_MAX {
            return Err(ResultError::TooManyDividends { pointer: "/dividends".into() });
        }
        for (&bet_type, per_100) in &self.consolation {
            let pointer = format!("/consolation/{bet_type}");
            if !self.dividends_of(bet_type).is_empty() {
                return Err(ResultError::ConsolationBesideDividends { pointer, bet_type });
            }
            check_brackets(bet_type, field, || pointer.clone())?;
            check_per_100(*per_100, pointer)?;
        }
        check_runners(self.refunded, field.runners(), || "/refunded".into())?;
        check_places(&self.places, field.runners())
    }

    /// Whether the race counts for nothing: no bet type has a winner or a consolation.
    pub fn is_void(&self) -> bool {
        BetType::ALL.into_iter().all(|bet_type| self.is_void_for(bet_type))
    }

    /// 不成立: whether the race counts for nothing in this bet type.
    pub fn is_void_for(&self, bet_type: BetType) -> bool {
        self.dividends_of(bet_type).is_empty() && !self.consolation.contains_key(&bet_type)
    }

    /// The winning combinations of `bet_type`.
    pub fn dividends_of(&self, bet_type: BetType) -> &[Dividend] {
        self.dividends.get(&bet_type).map_or(&[], Vec::as_slice)
    }

    /// What becomes of one combination on `field`. The order of the checks is the rule. A void type refunds before anything else. A
    /// combination with a refunded runner, or with too few runners left, is refunded even when it has a dividend.
    pub fn verdict(&self, bet_type: BetType, combination: &Combination, field: &Field) -> Verdict {
        if self.is_void_for(bet_type) || !field.without(self.refunded).has(bet_type, combination) {
            return Verdict::Refund;
        }
        if let Some(dividend) = self.dividends_of(bet_type).iter().find(|dividend| dividend.combination == *combination) {
            return Verdict::Pays { per_100: dividend.per_100 };
        }
        match self.consolation.get(&bet_type) {
            Some(per_100) => Verdict::Consolation { per_100: *per_100 },
            None => Verdict::Lost,
        }
    }
}

fn check_dividends(bet_type: BetType, dividends: &[Dividend], field: &Field) -> Result<(), ResultError> {
    if dividends.len() > DIVIDENDS_PER_TYPE_MAX {
        return Err(ResultError::TooManyDividends { pointer: format!("/dividends/{bet_type}") });
    }
    if !dividends.is_empty() {
        check_brackets(bet_type, field, || format!("/dividends/{bet_type}"))?;
    }
    let mut listed = BTreeSet::new();
    for (index, &Dividend { combination, per_100 }) in dividends.iter().enumerate() {
        let part = |name: &str| format!("/dividends/{bet_type}/{index}/{name}");
        if !combination.fits(bet_type) {
            return Err(ResultError::WrongCombination { pointer: part("combination"), bet_type, combination });
        }
        if bet_type.by_bracket() && !field.has(bet_type, &combination) {
            return Err(ResultError::UnknownBrackets { pointer: part("combination"), bet_type, combination });
        }
        if !bet_type.by_bracket() {
            check_runners(combination.set(), field.runners(), || part("combination"))?;
        }
        if !listed.insert(combination) {
            return Err(ResultError::DuplicateCombination { pointer: part("combination"), combination });
        }
        check_per_100(per_100, part("per_100"))?;
    }
    Ok(())
}

/// Nobody was sold a bracket bet on a race without brackets; what names one belongs to another race.
fn check_brackets(bet_type: BetType, field: &Field, pointer: impl FnOnce() -> String) -> Result<(), ResultError> {
    if bet_type.by_bracket() && field.brackets().is_empty() {
        return Err(ResultError::NoBrackets { pointer: pointer(), bet_type });
    }
    Ok(())
}

fn check_places(places: &[Placing], field: RunnerSet) -> Result<(), ResultError> {
    let mut seen = RunnerSet::EMPTY;
    for (index, &Placing { runner, place }) in places.iter().enumerate() {
        if !field.contains(runner) {
            return Err(ResultError::UnknownRunner { pointer: format!("/places/{index}/runner"), runner });
        }
        if place == 0 || !seen.insert(runner) {
            return Err(ResultError::WrongPlace { pointer: format!("/places/{index}") });
        }
    }
    Ok(())
}

fn check_runners(runners: RunnerSet, field: RunnerSet, pointer: impl Fn() -> String) -> Result<(), ResultError> {
    match runners.minus(field).iter().next() {
        Some(runner) => Err(ResultError::UnknownRunner { pointer: pointer(), runner }),
        None => Ok(()),
    }
}

fn check_per_100(per_100: i64, pointer: String) -> Result<(), ResultError> {
    if (1..=PER_100_MAX).contains(&per_100) { Ok(()) } else { Err(ResultError::DividendOutOfRange { pointer }) }
}

#[cfg(test)]
mod tests {
    use super::super::BRACKET_MAX;
    use super::super::samples::{every_combination, keirin};
    use super::*;

    fn result(json: &str) -> RaceResult {
        serde_json::from_str(json).unwrap()
    }

    fn verdict(result: &RaceResult, bet_type: BetType, text: &str) -> Verdict {
        result.verdict(bet_type, &Combination::parse(bet_type, text).unwrap(), &keirin())
    }

    #[test]
    fn a_scratch_takes_from_its_bracket_what_it_cannot_fill_any_more() {
        let result = result(
            r#"{"dividends":{"bracket_quinella":[{"combination":"4=6","per_100":470},{"combination":"4=4","per_100":900}],
            "bracket_exacta":[]},"refunded":[5,6,7]}"#,
        );
        assert_eq!(result.check(&keirin()), Ok(()));
        assert_eq!(verdict(&result, BetType::BracketQuinella, "4=6"), Verdict::Pays { per_100: 470 }, "rider 4 starts");
        assert_eq!(verdict(&result, BetType::BracketQuinella, "4=4"), Verdict::Refund, "listed, but rider 4 is alone");
        assert_eq!(verdict(&result, BetType::BracketQuinella, "1=5"), Verdict::Refund, "nobody of bracket 5 starts");
        assert_eq!(verdict(&result, BetType::BracketQuinella, "6=6"), Verdict::Lost);
        assert_eq!(verdict(&result, BetType::BracketExacta, "1-2"), Verdict::Refund, "the type is void");
    }

    #[test]
    fn bracket_dividends_are_of_the_races_brackets() {
        let refusal = |json: &str, field: &Field| {
            let error = result(json).check(field).unwrap_err();
            format!("{} {}", error.code(), error.pointer())
        };
        let listed = r#"{"dividends":{"bracket_quinella":[{"combination":"3=3","per_100":470}]}}"#;
        assert_eq!(refusal(listed, &keirin()), "unknown_brackets /dividends/bracket_quinella/0/combination");
        assert_eq!(
            refusal(&listed.replace("3=3", "3=7"), &keirin()),
            "unknown_brackets /dividends/bracket_quinella/0/combination"
        );
        assert_eq!(refusal(listed, &(1..=9).collect()), "no_brackets /dividends/bracket_quinella");
        let consoled = r#"{"dividends":{},"consolation":{"bracket_exacta":70}}"#;
        assert_eq!(refusal(consoled, &(1..=9).collect()), "no_brackets /consolation/bracket_exacta");
        assert_eq!(result(consoled).check(&keirin()), Ok(()));
        assert_eq!(
            result(r#"{"dividends":{"bracket_exacta":[]}}"#).check(&(1..=6).collect()),
            Ok(()),
            "void where there is none"
        );
    }

    #[test]
    fn the_list_decides() {
        let result = result(
            r#"{"dividends":{"win":[{"combination":"3","per_100":470}],"place":[{"combination":"3","per_100":620},
            {"combination":"6","per_100":100}],"trio":[]},"consolation":{"exacta":70},"refunded":[6]}"#,
        );
        assert_eq!(result.check(&(1..=6).collect()), Ok(()));
        assert_eq!(verdict(&result, BetType::Win, "3"), Verdict::Pays { per_100: 470 });
        assert_eq!(verdict(&result, BetType::Win, "1"), Verdict::Lost);
        assert_eq!(verdict(&result, BetType::Place, "6"), Verdict::Refund, "listed, but refunded");
        assert_eq!(verdict(&result, BetType::Exacta, "1-2"), Verdict::Consolation { per_100: 70 });
        assert_eq!(verdict(&result, BetType::Exacta, "1-6"), Verdict::Refund);
        assert_eq!(verdict(&result, BetType::Trio, "1=2=3"), Verdict::Refund, "the type is void");
        assert!(!result.is_void());
    }

    #[test]
    fn a_race_without_dividends_is_void() {
        let void = result(r#"{"dividends":{"win":[]},"places":[{"runner":1,"place":1}]}"#);
        assert!(void.is_void());
        assert_eq!(verdict(&void, BetType::Win, "1"), Verdict::Refund);
        assert!(serde_json::from_str::<RaceResult>("{}").is_err(), "a forgotten list must not void a race");
    }

    #[test]
    fn what_cannot_be_a_result_is_refused() {
        for (json, refusal) in [
            (r#"{"dividends":{"win":[{"combination":"7","per_100":470}]}}"#, "unknown_runner /dividends/win/0/combination"),
            (r#"{"dividends":{"win":[{"combination":"1-2","per_100":470}]}}"#, "wrong_combination /dividends/win/0/combination"),
            (
                r#"{"dividends":{"exacta":[{"combination":"1=2","per_100":1}]}}"#,
                "wrong_combination /dividends/exacta/0/combination",
            ),
            (
                r#"{"dividends":{"exacta":[{"combination":"1-1","per_100":1}]}}"#,
                "wrong_combination /dividends/exacta/0/combination",
            ),
            (r#"{"dividends":{"win":[{"combination":"1","per_100":0}]}}"#, "dividend_out_of_range /dividends/win/0/per_100"),
            (
                r#"{"dividends":{"win":[{"combination":"1","per_100":100000001}]}}"#,
                "dividend_out_of_range /dividends/win/0/per_100",
            ),
            (
                r#"{"dividends":{"trio":[{"combination":"1=2=3","per_100":1},{"combination":"3=2=1","per_100":1}]}}"#,
                "duplicate_combination /dividends/trio/1/combination",
            ),
            (
                r#"{"dividends":{"win":[{"combination":"1","per_100":1}]},"consolation":{"win":70}}"#,
                "consolation_beside_dividends /consolation/win",
            ),
            (r#"{"dividends":{},"consolation":{"win":-70}}"#, "dividend_out_of_range /consolation/win"),
            (r#"{"dividends":{},"refunded":[9]}"#, "unknown_runner /refunded"),
            (r#"{"dividends":{},"places":[{"runner":8,"place":1}]}"#, "unknown_runner /places/0/runner"),
            (r#"{"dividends":{},"places":[{"runner":1,"place":1},{"runner":1,"place":2}]}"#, "wrong_place /places/1"),
        ] {
            let error = result(json).check(&(1..=6).collect()).unwrap_err();
            assert_eq!(format!("{} {}", error.code(), error.pointer()), refusal, "{json}");
        }
    }

    #[test]
    fn the_longest_result_stays_within_4_kilobytes() {
        let field: Field = RunnerSet::ALL.iter().map(|runner| (runner, Some(1 + runner % BRACKET_MAX))).collect();
        let mut longest = RaceResult { refunded: RunnerSet::ALL, ..RaceResult::default() };
        longest.places = RunnerSet::ALL.iter().map(|runner| Placing { runner, place: runner }).collect();
        for bet_type in [BetType::Trifecta, BetType::Trio, BetType::BracketExacta] {
            let last = every_combination(bet_type, 18).into_iter().rev().filter(|combination| field.has(bet_type, combination));
            let last = last.take(DIVIDENDS_PER_TYPE_MAX);
            longest.dividends.insert(bet_type, last.map(|combination| Dividend { combination, per_100: PER_100_MAX }).collect());
        }
        for bet_type in [BetType::Exacta, BetType::Quinella, BetType::QuinellaPlace, BetType::BracketQuinella] {
            let last = every_combination(bet_type, 8).into_iter().next_back();
            longest
                .dividends
                .insert(bet_type, last.map(|combination| Dividend { combination, per_100: PER_100_MAX }).into_iter().collect());
        }
        longest.consolation = [BetType::Win, BetType::Place].map(|bet_type| (bet_type, PER_100_MAX)).into();
        assert_eq!(longest.check(&field), Ok(()));
        assert!(serde_json::to_string(&longest).unwrap().len() <= 4_000);

        longest.consolation.clear();
        let one_more = every_combination(BetType::Win, 1).into_iter().map(|combination| Dividend { combination, per_100: 1 });
        longest.dividends.insert(BetType::Win, one_more.collect());
        assert_eq!(longest.check(&field).unwrap_err().code(), "too_many_dividends");
    }
}
