//! What a bettor marks on the slip: single, box, formation or wheel. A selection stays as it was marked; its combinations are
//! counted and compared without writing them out. A bracket bet names brackets where another names runners; what of it one
//! bracket can be bet twice, the race's field knows.

use super::shape::Shape;
use super::{BetType, BracketNumber, Combination, Field, RunnerNumber, RunnerSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The combinations of one bet, in the forms of Japanese slips. Bets on brackets name brackets where others name runners.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Selection {
    /// One combination, with its runners in the predicted order.
    Single {
        /// As many runners as the bet type names. For a bracket bet two brackets, or twice the same bracket of two or more runners.
        #[schemars(length(min = 1, max = 3), inner(range(min = 1, max = 18)))]
        runners: Vec<RunnerNumber>,
    },
    /// Every combination of the runners; for an ordered type in every order. For a bracket bet every combination of different
    /// brackets: a box never has one bracket twice.
    Box {
        /// At least as many runners as the bet type names.
        #[schemars(length(min = 1, max = 18), inner(range(min = 1, max = 18)), extend("uniqueItems" = true))]
        runners: Vec<RunnerNumber>,
    },
    /// One runner from each leg, all different. For an unordered type each set of runners counts once. For a bracket bet, a bracket
    /// of two or more runners may come from both legs.
    Formation {
        /// One leg for each runner that the bet type names: the first leg is for the first place, and so on.
        #[schemars(length(min = 1, max = 3), inner(length(min = 1, max = 18), inner(range(min = 1, max = 18))))]
        legs: Vec<Vec<RunnerNumber>>,
    },
    /// 流し (nagashi): the axis with each of the others. For an ordered type the axis comes first, in the given order.
    Wheel {
        /// One runner; for a bet type of three runners, one or two.
        #[schemars(length(min = 1, max = 2), inner(range(min = 1, max = 18)), extend("uniqueItems" = true))]
        axis: Vec<RunnerNumber>,
        /// The runners for the other places. For a bracket bet the axis may be among them: the bet is then on the axis twice.
        #[schemars(length(min = 1, max = 17), inner(range(min = 1, max = 18)), extend("uniqueItems" = true))]
        with: Vec<RunnerNumber>,
        /// For ordered bet types: every order of each combination, not only the axis first.
        #[serde(default)]
        multi: bool,
    },
}

/// Why a selection is no bet. The place is a JSON pointer into the selection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectionError {
    #[error("{runner} does not run in this race")]
    UnknownRunner { pointer: String, runner: RunnerNumber },
    #[error("runner {runner} occurs here twice: name it once")]
    DuplicateRunner { pointer: String, runner: RunnerNumber },
    #[error("{bracket} is no bracket of this race")]
    UnknownBracket { pointer: String, bracket: BracketNumber },
    #[error("bracket {bracket} occurs here twice: name it once")]
    DuplicateBracket { pointer: String, bracket: BracketNumber },
    #[error("bracket {bracket} has one runner, who cannot be first and second: combine it with another bracket")]
    BracketOfOne { pointer: String, bracket: BracketNumber },
    #[error("a {bet_type} takes {expected} here")]
    WrongSelection { pointer: String, bet_type: BetType, expected: String },
    #[error("this leg is empty: name at least one number")]
    EmptyLeg { pointer: String },
    #[error("one number from each leg makes no combination")]
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
            | Self::UnknownBracket { pointer, .. }
            | Self::DuplicateBracket { pointer, .. }
            | Self::BracketOfOne { pointer, .. }
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
            Self::UnknownBracket { .. } => "unknown_bracket",
            Self::DuplicateBracket { .. } => "duplicate_bracket",
            Self::BracketOfOne { .. } => "bracket_of_one",
            Self::WrongSelection { .. } => "wrong_selection",
            Self::EmptyLeg { .. } => "empty_leg",
            Self::NoCombinations { .. } => "no_combinations",
            Self::MultiUnordered { .. } => "multi_unordered",
        }
    }
}

impl Selection {
    /// Checks that this is a bet of `bet_type` on `field`.
    pub fn check(&self, bet_type: BetType, field: &Field) -> Result<(), SelectionError> {
        let named = bet_type.runners();
        let marks = Marks { bet_type, field };
        match self {
            Self::Single { runners } => {
                expect(runners.len() == named, bet_type, "/runners", || numbers_text("exactly", named, bet_type))?;
                match **runners {
                    [one, other] if one == other && bet_type.by_bracket() => marks.check_repeated(one, "/runners/1"),
                    _ => marks.check(runners, "/runners"),
                }
            }
            Self::Box { runners } => {
                expect(runners.len() >= named, bet_type, "/runners", || numbers_text("at least", named, bet_type))?;
                marks.check(runners, "/runners")
            }
            Self::Formation { legs } => self.check_formation(legs, marks),
            Self::Wheel { axis, with, multi } => marks.check_wheel(axis, with, *multi),
        }
    }

    /// How many different combinations this is on `field`. With those who started instead of those announced: how many stand, so
    /// that the difference is what is refunded.
    pub fn count(&self, bet_type: BetType, field: &Field) -> u32 {
        self.shape(bet_type, field).map_or(0, |shape| shape.count())
    }

    /// Whether `combination` is one of the combinations on `field`.
    pub fn covers(&self, bet_type: BetType, combination: Combination, field: &Field) -> bool {
        combination.fits(bet_type) && self.shape(bet_type, field).is_some_and(|shape| shape.covers(combination))
    }

    /// The combinations on `field`, each once, ascending. At most 4,896.
    pub fn combinations(&self, bet_type: BetType, field: &Field) -> Vec<Combination> {
        self.shape(bet_type, field).map_or_else(Vec::new, |shape| shape.combinations(bet_type))
    }

    fn check_formation(&self, legs: &[Vec<RunnerNumber>], marks: Marks) -> Result<(), SelectionError> {
        let Marks { bet_type, field } = marks;
        let named = bet_type.runners();
        expect(legs.len() == named, bet_type, "/legs", || format!("exactly {named} {}", plural(named, "leg")))?;
        for (index, leg) in legs.iter().enumerate() {
            let pointer = format!("/legs/{index}");
            if leg.is_empty() {
                return Err(SelectionError::EmptyLeg { pointer });
            }
            marks.check(leg, &pointer)?;
        }
        if self.count(bet_type, field) == 0 {
            return Err(SelectionError::NoCombinations { pointer: "/legs".into() });
        }
        Ok(())
    }

    fn shape(&self, bet_type: BetType, field: &Field) -> Option<Shape> {
        let one = |runner: &RunnerNumber| RunnerSet::of(*runner);
        let all = |runners: &[RunnerNumber]| runners.iter().copied().collect::<RunnerSet>();
        let shape = match self {
            Self::Single { runners } => Shape::new(bet_type, runners.iter().map(one), false),
            Self::Box { runners } => Shape::new(bet_type, vec![all(runners); bet_type.runners()], false),
            Self::Formation { legs } => Shape::new(bet_type, legs.iter().map(|leg| all(leg)), false),
            Self::Wheel { axis, with, multi } => {
                let others = vec![all(with); bet_type.runners().saturating_sub(axis.len())];
                Shape::new(bet_type, axis.iter().map(one).chain(others), *multi)
            }
        }?;
        let repeats = bet_type.by_bracket() && !matches!(self, Self::Box { .. });
        let shape = shape.within(field.numbers(bet_type));
        Some(if repeats { shape.repeating(field.brackets_of_two()) } else { shape })
    }
}

/// What marks are checked against.
#[derive(Clone, Copy)]
struct Marks<'a> {
    bet_type: BetType,
    field: &'a Field,
}

impl Marks<'_> {
    /// Checks that each number can be bet and occurs once.
    fn check(self, numbers: &[RunnerNumber], pointer: &str) -> Result<(), SelectionError> {
        self.check_beside(numbers, pointer, RunnerSet::EMPTY)
    }

    /// The same, and none of those `taken` already.
    fn check_beside(self, numbers: &[RunnerNumber], pointer: &str, mut taken: RunnerSet) -> Result<(), SelectionError> {
        for (index, &number) in numbers.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            self.check_number(number, &pointer)?;
            if !taken.insert(number) {
                return Err(if self.bet_type.by_bracket() {
                    SelectionError::DuplicateBracket { pointer, bracket: number }
                } else {
                    SelectionError::DuplicateRunner { pointer, runner: number }
                });
            }
        }
        Ok(())
    }

    fn check_number(self, number: RunnerNumber, pointer: &str) -> Result<(), SelectionError> {
        let pointer = pointer.to_owned();
        match (self.field.numbers(self.bet_type).contains(number), self.bet_type.by_bracket()) {
            (true, _) => Ok(()),
            (false, true) => Err(SelectionError::UnknownBracket { pointer, bracket: number }),
            (false, false) => Err(SelectionError::UnknownRunner { pointer, runner: number }),
        }
    }

    /// The bracket that is named a second time at `pointer` has two runners for it.
    fn check_repeated(self, bracket: BracketNumber, pointer: &str) -> Result<(), SelectionError> {
        self.check_number(bracket, pointer)?;
        if self.field.brackets_of_two().contains(bracket) {
            return Ok(());
        }
        Err(SelectionError::BracketOfOne { pointer: pointer.into(), bracket })
    }

    fn check_wheel(self, axis: &[RunnerNumber], with: &[RunnerNumber], multi: bool) -> Result<(), SelectionError> {
        let bet_type = self.bet_type;
        let named = bet_type.runners();
        expect(named > 1, bet_type, "/kind", || "a single, a box or a formation".into())?;
        if multi && !bet_type.ordered() {
            return Err(SelectionError::MultiUnordered { pointer: "/multi".into(), bet_type });
        }
        expect((1..named).contains(&axis.len()), bet_type, "/axis", || {
            let word = number_word(bet_type);
            if named == 2 { format!("one axis {word}") } else { format!("one or two axis {word}s") }
        })?;
        self.check(axis, "/axis")?;
        let open = named - axis.len();
        expect(with.len() >= open, bet_type, "/with", || numbers_text("at least", open, bet_type))?;
        if !bet_type.by_bracket() {
            return self.check_beside(with, "/with", axis.iter().copied().collect());
        }
        self.check(with, "/with")?;
        match with.iter().position(|bracket| axis.contains(bracket)) {
            Some(index) => self.check_repeated(with[index], &format!("/with/{index}")),
            None => Ok(()),
        }
    }
}

fn expect(holds: bool, bet_type: BetType, pointer: &str, expected: impl FnOnce() -> String) -> Result<(), SelectionError> {
    if holds {
        return Ok(());
    }
    Err(SelectionError::WrongSelection { pointer: pointer.into(), bet_type, expected: expected() })
}

fn numbers_text(how: &str, number: usize, bet_type: BetType) -> String {
    format!("{how} {number} {}", plural(number, number_word(bet_type)))
}

const fn number_word(bet_type: BetType) -> &'static str {
    if bet_type.by_bracket() { "bracket" } else { "runner" }
}

fn plural(number: usize, word: &str) -> String {
    if number == 1 { word.into() } else { format!("{word}s") }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{any_bet, any_runner_set, every_combination, keirin};
    use super::*;
    use proptest::prelude::*;

    fn selection(json: &str) -> Selection {
        serde_json::from_str(json).unwrap()
    }

    /// The combinations in their text, or the refusal's code and pointer.
    fn check_on(field: &Field, bet_type: BetType, json: &str, expected: &str) {
        let selection = selection(json);
        let actual = match selection.check(bet_type, field) {
            Ok(()) => selection.combinations(bet_type, field).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(error) => format!("{} {}", error.code(), error.pointer()),
        };
        assert_eq!(actual, expected, "{bet_type} {json}");
    }

    fn check(bet_type: BetType, json: &str, expected: &str) {
        check_on(&(1..=6).collect(), bet_type, json, expected);
    }

    #[test]
    fn a_single_may_name_a_bracket_of_two_twice() {
        let check = |bet_type, json, expected| check_on(&keirin(), bet_type, json, expected);
        check(BetType::BracketQuinella, r#"{"kind":"single","runners":[6,4]}"#, "4=6");
        check(BetType::BracketExacta, r#"{"kind":"single","runners":[6,4]}"#, "6-4");
        check(BetType::BracketQuinella, r#"{"kind":"single","runners":[4,4]}"#, "4=4");
        check(BetType::BracketExacta, r#"{"kind":"single","runners":[4,4]}"#, "4-4");
        check(BetType::BracketExacta, r#"{"kind":"single","runners":[3,3]}"#, "bracket_of_one /runners/1");
        check(BetType::BracketExacta, r#"{"kind":"single","runners":[7,7]}"#, "unknown_bracket /runners/1");
        check(BetType::BracketExacta, r#"{"kind":"single","runners":[1,9]}"#, "unknown_bracket /runners/1");
        check(BetType::BracketExacta, r#"{"kind":"single","runners":[4]}"#, "wrong_selection /runners");
    }

    #[test]
    fn a_box_of_brackets_is_of_different_ones_and_a_formation_of_all() {
        let check = |bet_type, json, expected| check_on(&keirin(), bet_type, json, expected);
        check(BetType::BracketQuinella, r#"{"kind":"box","runners":[5,4,1]}"#, "1=4 1=5 4=5");
        check(BetType::BracketExacta, r#"{"kind":"box","runners":[5,4]}"#, "4-5 5-4");
        check(BetType::BracketQuinella, r#"{"kind":"box","runners":[4,4]}"#, "duplicate_bracket /runners/1");
        check(BetType::BracketQuinella, r#"{"kind":"formation","legs":[[1,4],[1,4,5]]}"#, "1=4 1=5 4=4 4=5");
        check(BetType::BracketExacta, r#"{"kind":"formation","legs":[[1,4],[1,4]]}"#, "1-4 4-1 4-4");
        check(BetType::BracketExacta, r#"{"kind":"formation","legs":[[1],[1]]}"#, "no_combinations /legs");
        check(BetType::BracketExacta, r#"{"kind":"formation","legs":[[1],[4,4]]}"#, "duplicate_bracket /legs/1/1");
    }

    #[test]
    fn a_wheel_of_brackets_may_run_around_an_axis_among_the_others() {
        let check = |bet_type, json, expected| check_on(&keirin(), bet_type, json, expected);
        check(BetType::BracketQuinella, r#"{"kind":"wheel","axis":[4],"with":[1,4,6]}"#, "1=4 4=4 4=6");
        check(BetType::BracketExacta, r#"{"kind":"wheel","axis":[4],"with":[1,6]}"#, "4-1 4-6");
        check(BetType::BracketExacta, r#"{"kind":"wheel","axis":[4],"with":[1,4],"multi":true}"#, "1-4 4-1 4-4");
        check(BetType::BracketExacta, r#"{"kind":"wheel","axis":[4],"with":[4],"multi":true}"#, "4-4");
        check(BetType::BracketExacta, r#"{"kind":"wheel","axis":[1],"with":[4,1]}"#, "bracket_of_one /with/1");
        check(BetType::BracketExacta, r#"{"kind":"wheel","axis":[4,5],"with":[1]}"#, "wrong_selection /axis");
        check(BetType::BracketQuinella, r#"{"kind":"wheel","axis":[4],"with":[1],"multi":true}"#, "multi_unordered /multi");
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
        let field: Field = (1..=18).collect();
        assert_eq!((every.count(BetType::Trifecta, &field), every.count(BetType::Trio, &field)), (4_896, 816));
        assert_eq!(every.combinations(BetType::Trifecta, &field).len(), 4_896);
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_expansion(bet in any_bet(), scratched in any_runner_set()) {
            let combinations = bet.selection.combinations(bet.bet_type, &keirin());
            prop_assert_eq!(bet.selection.count(bet.bet_type, &keirin()) as usize, combinations.len());
            let started = keirin().without(scratched);
            let standing = combinations.iter().filter(|combination| started.has(bet.bet_type, combination)).count();
            prop_assert_eq!(bet.selection.count(bet.bet_type, &started) as usize, standing);
        }

        #[test]
        fn it_covers_its_expansion_and_nothing_else(bet in any_bet(), scratched in any_runner_set()) {
            let started = keirin().without(scratched);
            let combinations = bet.selection.combinations(bet.bet_type, &started);
            for bet_type in BetType::ALL {
                for combination in every_combination(bet_type, 9) {
                    let expected = bet_type == bet.bet_type && combinations.contains(&combination);
                    let covers = bet.selection.covers(bet_type, combination, &started);
                    prop_assert_eq!(bet_type == bet.bet_type && covers, expected);
                }
            }
        }
    }
}
