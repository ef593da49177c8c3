//! What a bettor marks on the slip: single, box, formation or wheel. A selection stays as it was marked; its combinations are
//! counted and compared without writing them out.

use super::shape::Shape;
use super::{BetType, Combination, RUNNER_MAX, RunnerNumber, RunnerSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The combinations of one bet, as Japanese slips have them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Selection {
    /// One combination, its runners in the order predicted.
    Single {
        /// As many runners as the bet type names.
        #[schemars(length(min = 1, max = 3), inner(range(min = 1, max = 18)))]
        runners: Vec<RunnerNumber>,
    },
    /// Every combination of the runners; of an ordered type in every order.
    Box {
        /// At least as many runners as the bet type names.
        #[schemars(length(min = 1, max = 18), inner(range(min = 1, max = 18)))]
        runners: Vec<RunnerNumber>,
    },
    /// One runner from each leg, all different. Of an unordered type a set of runners counts once, however it can be taken.
    Formation {
        /// One leg for each runner the bet type names: the first leg is for the first place, and so on.
        #[schemars(length(min = 1, max = 3), inner(length(min = 1, max = 18), inner(range(min = 1, max = 18))))]
        legs: Vec<Vec<RunnerNumber>>,
    },
    /// Nagashi: the axis with each of the others. Of an ordered type the axis comes first, in the order given.
    Wheel {
        /// One runner, or two of a bet type of three.
        #[schemars(length(min = 1, max = 2), inner(range(min = 1, max = 18)))]
        axis: Vec<RunnerNumber>,
        /// The runners that fill the other places.
        #[schemars(length(min = 1, max = 17), inner(range(min = 1, max = 18)))]
        with: Vec<RunnerNumber>,
        /// For ordered bet types: every order of each, not only the axis first.
        #[serde(default)]
        multi: bool,
    },
}

/// Why a selection is no bet. The place is a JSON pointer into the selection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectionError {
    #[error("{runner} does not run in this race")]
    UnknownRunner { pointer: String, runner: RunnerNumber },
    #[error("runner {runner} stands here twice: name it once")]
    DuplicateRunner { pointer: String, runner: RunnerNumber },
    #[error("a {bet_type} takes {expected} here")]
    WrongSelection { pointer: String, bet_type: BetType, expected: String },
    #[error("this leg is empty: name at least one runner")]
    EmptyLeg { pointer: String },
    #[error("no combination has a different runner from each leg")]
    NoCombinations { pointer: String },
    #[error("a {bet_type} has no order: leave multi out")]
    MultiUnordered { pointer: String, bet_type: BetType },
}

impl SelectionError {
    /// The JSON pointer of the bad part, from the selection on: `/legs/0/1`.
    pub fn pointer(&self) -> &str {
        match self {
            Self::UnknownRunner { pointer, .. }
            | Self::DuplicateRunner { pointer, .. }
            | Self::WrongSelection { pointer, .. }
            | Self::EmptyLeg { pointer }
            | Self::NoCombinations { pointer }
            | Self::MultiUnordered { pointer, .. } => pointer,
        }
    }

    /// The problem code, stable for callers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownRunner { .. } => "unknown_runner",
            Self::DuplicateRunner { .. } => "duplicate_runner",
            Self::WrongSelection { .. } => "wrong_selection",
            Self::EmptyLeg { .. } => "empty_leg",
            Self::NoCombinations { .. } => "no_combinations",
            Self::MultiUnordered { .. } => "multi_unordered",
        }
    }
}

impl Selection {
    /// Checks that this is a bet of `bet_type` on runners of `field`. The other methods answer for checked selections; of any
    /// other they count and cover nothing that is not a combination.
    pub fn check(&self, bet_type: BetType, field: RunnerSet) -> Result<(), SelectionError> {
        let named = bet_type.runners();
        match self {
            Self::Single { runners } => {
                expect(runners.len() == named, bet_type, "/runners", || runners_text("exactly", named))?;
                check_runners(runners, "/runners", field, RunnerSet::EMPTY)
            }
            Self::Box { runners } => {
                expect(runners.len() >= named, bet_type, "/runners", || runners_text("at least", named))?;
                check_runners(runners, "/runners", field, RunnerSet::EMPTY)
            }
            Self::Formation { legs } => self.check_formation(legs, bet_type, field),
            Self::Wheel { axis, with, multi } => check_wheel(axis, with, *multi, bet_type, field),
        }
    }

    /// How many different combinations this is.
    pub fn count(&self, bet_type: BetType) -> u32 {
        self.shape(bet_type).map_or(0, |shape| shape.count())
    }

    /// How many of the combinations have all their runners in `allowed`. What a scratched runner makes to be refunded is
    /// `count - count_within(those that run)`.
    pub fn count_within(&self, bet_type: BetType, allowed: RunnerSet) -> u32 {
        self.shape(bet_type).map_or(0, |shape| shape.within(allowed).count())
    }

    /// Whether `combination` is one of the combinations.
    pub fn covers(&self, bet_type: BetType, combination: Combination) -> bool {
        combination.fits(bet_type) && self.shape(bet_type).is_some_and(|shape| shape.covers(combination))
    }

    /// The combinations, each once, ascending. At most 4,896.
    pub fn combinations(&self, bet_type: BetType) -> Vec<Combination> {
        self.shape(bet_type).map_or_else(Vec::new, |shape| shape.combinations(bet_type))
    }

    fn check_formation(&self, legs: &[Vec<RunnerNumber>], bet_type: BetType, field: RunnerSet) -> Result<(), SelectionError> {
        let named = bet_type.runners();
        expect(legs.len() == named, bet_type, "/legs", || format!("exactly {named} {}", plural(named, "leg")))?;
        for (index, leg) in legs.iter().enumerate() {
            let pointer = format!("/legs/{index}");
            if leg.is_empty() {
                return Err(SelectionError::EmptyLeg { pointer });
            }
            check_runners(leg, &pointer, field, RunnerSet::EMPTY)?;
        }
        if self.count(bet_type) == 0 {
            return Err(SelectionError::NoCombinations { pointer: "/legs".into() });
        }
        Ok(())
    }

    fn shape(&self, bet_type: BetType) -> Option<Shape> {
        let one = |runner: &RunnerNumber| RunnerSet::of(*runner);
        let all = |runners: &[RunnerNumber]| runners.iter().copied().collect::<RunnerSet>();
        match self {
            Self::Single { runners } => Shape::new(bet_type, runners.iter().map(one), false),
            Self::Box { runners } => Shape::new(bet_type, vec![all(runners); bet_type.runners()], false),
            Self::Formation { legs } => Shape::new(bet_type, legs.iter().map(|leg| all(leg)), false),
            Self::Wheel { axis, with, multi } => {
                let others = vec![all(with); bet_type.runners().saturating_sub(axis.len())];
                Shape::new(bet_type, axis.iter().map(one).chain(others), *multi)
            }
        }
    }
}

fn check_wheel(
    axis: &[RunnerNumber],
    with: &[RunnerNumber],
    multi: bool,
    bet_type: BetType,
    field: RunnerSet,
) -> Result<(), SelectionError> {
    let named = bet_type.runners();
    expect(named > 1, bet_type, "/kind", || "a single, a box or a formation".into())?;
    if multi && !bet_type.ordered() {
        return Err(SelectionError::MultiUnordered { pointer: "/multi".into(), bet_type });
    }
    expect((1..named).contains(&axis.len()), bet_type, "/axis", || {
        if named == 2 { "one axis runner".into() } else { "one or two axis runners".into() }
    })?;
    check_runners(axis, "/axis", field, RunnerSet::EMPTY)?;
    let open = named - axis.len();
    expect(with.len() >= open, bet_type, "/with", || runners_text("at least", open))?;
    check_runners(with, "/with", field, axis.iter().copied().collect())
}

/// Each runner runs, stands here once and is none of those `taken` already.
fn check_runners(runners: &[RunnerNumber], pointer: &str, field: RunnerSet, mut taken: RunnerSet) -> Result<(), SelectionError> {
    for (index, &runner) in runners.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        if runner > RUNNER_MAX || !field.contains(runner) {
            return Err(SelectionError::UnknownRunner { pointer, runner });
        }
        if !taken.insert(runner) {
            return Err(SelectionError::DuplicateRunner { pointer, runner });
        }
    }
    Ok(())
}

fn expect(holds: bool, bet_type: BetType, pointer: &str, expected: impl FnOnce() -> String) -> Result<(), SelectionError> {
    if holds {
        return Ok(());
    }
    Err(SelectionError::WrongSelection { pointer: pointer.into(), bet_type, expected: expected() })
}

fn runners_text(how: &str, number: usize) -> String {
    format!("{how} {number} {}", plural(number, "runner"))
}

fn plural(number: usize, word: &str) -> String {
    if number == 1 { word.into() } else { format!("{word}s") }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{any_bet, any_runner_set, every_combination};
    use super::*;
    use proptest::prelude::*;

    fn selection(json: &str) -> Selection {
        serde_json::from_str(json).unwrap()
    }

    /// The combinations in their text, or the refusal's code and pointer.
    fn check(bet_type: BetType, json: &str, expected: &str) {
        let selection = selection(json);
        let actual = match selection.check(bet_type, (1..=6).collect()) {
            Ok(()) => selection.combinations(bet_type).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{} {}", error.code(), error.pointer()),
        };
        assert_eq!(actual, expected, "{bet_type} {json}");
    }

    #[test]
    fn a_single_is_one_combination() {
        check(BetType::Win, r#"{"kind":"single","runners":[3]}"#, "3");
        check(BetType::Trifecta, r#"{"kind":"single","runners":[3,1,5]}"#, "3-1-5");
        check(BetType::Trio, r#"{"kind":"single","runners":[3,1,5]}"#, "1=3=5");
        check(BetType::Trio, r#"{"kind":"single","runners":[3,1]}"#, "wrong_selection /runners");
        check(BetType::Exacta, r#"{"kind":"single","runners":[3,7]}"#, "unknown_runner /runners/1");
        check(BetType::Exacta, r#"{"kind":"single","runners":[3,3]}"#, "duplicate_runner /runners/1");
    }

    #[test]
    fn a_box_is_every_combination() {
        check(BetType::Place, r#"{"kind":"box","runners":[4,2]}"#, "2 4");
        check(BetType::Quinella, r#"{"kind":"box","runners":[3,1,2]}"#, "1=2 1=3 2=3");
        check(BetType::Exacta, r#"{"kind":"box","runners":[3,1]}"#, "1-3 3-1");
        check(BetType::Trifecta, r#"{"kind":"box","runners":[3,1]}"#, "wrong_selection /runners");
        check(BetType::Trifecta, r#"{"kind":"box","runners":[3,1,0]}"#, "unknown_runner /runners/2");
    }

    #[test]
    fn a_formation_takes_one_from_each_leg() {
        check(BetType::Trifecta, r#"{"kind":"formation","legs":[[1],[1,2],[2,3]]}"#, "1-2-3");
        check(BetType::Quinella, r#"{"kind":"formation","legs":[[1,2],[1,2,3]]}"#, "1=2 1=3 2=3");
        check(BetType::Trio, r#"{"kind":"formation","legs":[[1,2],[3,4]]}"#, "wrong_selection /legs");
        check(BetType::Quinella, r#"{"kind":"formation","legs":[[1,2],[]]}"#, "empty_leg /legs/1");
        check(BetType::Quinella, r#"{"kind":"formation","legs":[[1],[1]]}"#, "no_combinations /legs");
        check(BetType::Quinella, r#"{"kind":"formation","legs":[[1,9],[2]]}"#, "unknown_runner /legs/0/1");
        check(BetType::Quinella, r#"{"kind":"formation","legs":[[1],[2,2]]}"#, "duplicate_runner /legs/1/1");
    }

    #[test]
    fn a_wheel_runs_around_its_axis() {
        check(BetType::Exacta, r#"{"kind":"wheel","axis":[3],"with":[1,2]}"#, "3-1 3-2");
        check(BetType::Exacta, r#"{"kind":"wheel","axis":[3],"with":[1,2],"multi":true}"#, "1-3 2-3 3-1 3-2");
        check(BetType::Trifecta, r#"{"kind":"wheel","axis":[3],"with":[1,2]}"#, "3-1-2 3-2-1");
        check(BetType::Trifecta, r#"{"kind":"wheel","axis":[3,1],"with":[2,4]}"#, "3-1-2 3-1-4");
        check(BetType::Trio, r#"{"kind":"wheel","axis":[3],"with":[1,2,4]}"#, "1=2=3 1=3=4 2=3=4");
        check(BetType::Win, r#"{"kind":"wheel","axis":[3],"with":[1]}"#, "wrong_selection /kind");
        check(BetType::Exacta, r#"{"kind":"wheel","axis":[3,1],"with":[2]}"#, "wrong_selection /axis");
        check(BetType::Trio, r#"{"kind":"wheel","axis":[3],"with":[1]}"#, "wrong_selection /with");
        check(BetType::Exacta, r#"{"kind":"wheel","axis":[3],"with":[1,3]}"#, "duplicate_runner /with/1");
        check(BetType::Trio, r#"{"kind":"wheel","axis":[3],"with":[1,2],"multi":true}"#, "multi_unordered /multi");
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(serde_json::from_str::<Selection>(r#"{"kind":"single","runners":[1],"multi":true}"#).is_err());
        assert!(serde_json::from_str::<Selection>(r#"{"kind":"wheel","axis":[1],"with":[2],"multy":true}"#).is_err());
    }

    #[test]
    fn the_largest_selection_is_counted() {
        let every = Selection::Box { runners: (1..=18).collect() };
        assert_eq!((every.count(BetType::Trifecta), every.count(BetType::Trio)), (4_896, 816));
        assert_eq!(every.combinations(BetType::Trifecta).len(), 4_896);
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_expansion(bet in any_bet(), allowed in any_runner_set()) {
            let combinations = bet.selection.combinations(bet.bet_type);
            prop_assert_eq!(bet.selection.count(bet.bet_type) as usize, combinations.len());
            let within = combinations.iter().filter(|combination| combination.set().is_within(allowed)).count();
            prop_assert_eq!(bet.selection.count_within(bet.bet_type, allowed) as usize, within);
        }

        #[test]
        fn it_covers_its_expansion_and_nothing_else(bet in any_bet()) {
            let combinations = bet.selection.combinations(bet.bet_type);
            for bet_type in BetType::ALL {
                for combination in every_combination(bet_type, 9) {
                    let expected = bet_type == bet.bet_type && combinations.contains(&combination);
                    prop_assert_eq!(bet_type == bet.bet_type && bet.selection.covers(bet_type, combination), expected);
                }
            }
        }
    }
}
