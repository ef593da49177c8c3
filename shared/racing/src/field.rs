//! Who runs, and in which bracket: what a bet of any type can name. A slip is taken on the field that was announced, and settled on the
//! field that started. Both use the same functions, so the difference of two counts is what a scratch removes.
//!
//! Brackets are keirin's: nine riders in six brackets, 1, 2, 3, 4·5, 6·7 and 8·9. That makes 18 combinations of the bracket quinella and 33
//! of the bracket exacta. A pair of one bracket (ゾロ目) is on sale where the bracket has two riders or more. After a scratch a bracket stays
//! valid while one of its riders starts. A pair of one bracket stays valid while two do. The rest is refunded (docs/decisions/0012).

use super::{BetType, Combination, RunnerNumber, RunnerSet};

/// A bracket's number, from 1 to [`BRACKET_MAX`]. Brackets are counted with the same sets as runners.
pub type BracketNumber = u8;

/// The largest number of any bracket: horse racing's. Keirin has 6.
pub const BRACKET_MAX: BracketNumber = 8;

/// The runners of a race and their brackets, if it has brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Field {
    runners: RunnerSet,
    /// The runners of bracket n at n - 1; all empty in a race without brackets.
    brackets: [RunnerSet; BRACKET_MAX as usize],
}

impl Field {
    /// Everyone runs, in every bracket: what cannot be named here can be named in no race. It says nothing of how many combinations a
    /// bracket bet has.
    pub const ANY: Self = Self { runners: RunnerSet::ALL, brackets: [RunnerSet::ALL; BRACKET_MAX as usize] };

    /// Adds a runner. A bracket that cannot be is left out, as are runners; those who must know check first.
    pub fn insert(&mut self, runner: RunnerNumber, bracket: Option<BracketNumber>) {
        self.runners.insert(runner);
        let members = bracket.and_then(|bracket| self.brackets.get_mut(usize::from(bracket).checked_sub(1)?));
        members.map(|members| members.insert(runner));
    }

    pub const fn runners(&self) -> RunnerSet {
        self.runners
    }

    /// The brackets of at least one runner; none in a race without brackets.
    pub fn brackets(&self) -> RunnerSet {
        self.brackets_of_at_least(1)
    }

    /// The brackets of two runners or more: the two of them can be first and second.
    pub fn brackets_of_two(&self) -> RunnerSet {
        self.brackets_of_at_least(2)
    }

    /// The numbers that a bet of `bet_type` may name.
    pub fn numbers(&self, bet_type: BetType) -> RunnerSet {
        if bet_type.by_bracket() { self.brackets() } else { self.runners }
    }

    /// Whether `combination` can be bet here, as one of `bet_type`.
    pub fn has(&self, bet_type: BetType, combination: &Combination) -> bool {
        combination.set().is_within(self.numbers(bet_type))
            && combination.repeated().is_none_or(|bracket| self.brackets_of_two().contains(bracket))
    }

    /// This field without `runners`.
    #[must_use]
    pub fn without(&self, runners: RunnerSet) -> Self {
        Self { runners: self.runners.minus(runners), brackets: self.brackets.map(|members| members.minus(runners)) }
    }

    fn brackets_of_at_least(&self, runners: u32) -> RunnerSet {
        let of_enough = (1..=BRACKET_MAX).zip(&self.brackets).filter(|(_, members)| members.len() >= runners);
        of_enough.map(|(bracket, _)| bracket).collect()
    }
}

impl FromIterator<RunnerNumber> for Field {
    /// A field without brackets.
    fn from_iter<I: IntoIterator<Item = RunnerNumber>>(runners: I) -> Self {
        runners.into_iter().map(|runner| (runner, None)).collect()
    }
}

impl FromIterator<(RunnerNumber, Option<BracketNumber>)> for Field {
    fn from_iter<I: IntoIterator<Item = (RunnerNumber, Option<BracketNumber>)>>(runners: I) -> Self {
        let mut field = Self::default();
        runners.into_iter().for_each(|(runner, bracket)| field.insert(runner, bracket));
        field
    }
}

#[cfg(test)]
mod tests {
    use super::super::Selection;
    use super::super::samples::keirin;
    use super::*;

    fn on_sale(field: &Field, bet_type: BetType) -> String {
        let everything = vec![field.brackets().into(), field.brackets().into()];
        let combinations = Selection::Formation { legs: everything }.combinations(bet_type, field);
        combinations.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nine_riders_are_six_brackets() {
        assert_eq!(keirin().brackets(), (1..=6).collect());
        assert_eq!(keirin().brackets_of_two(), (4..=6).collect());
        assert_eq!(on_sale(&keirin(), BetType::BracketQuinella).split(' ').count(), 18);
        assert_eq!(on_sale(&keirin(), BetType::BracketExacta).split(' ').count(), 33);
    }

    #[test]
    fn a_bracket_stays_while_one_of_its_riders_starts_and_its_pair_while_two_do() {
        let one_gone = keirin().without(RunnerSet::of(5));
        assert_eq!((one_gone.brackets(), one_gone.brackets_of_two()), ((1..=6).collect(), (5..=6).collect()));
        assert_eq!(on_sale(&one_gone, BetType::BracketQuinella).split(' ').count(), 17);
        let both_gone = one_gone.without(RunnerSet::of(4));
        assert_eq!(both_gone.brackets(), [1, 2, 3, 5, 6].into_iter().collect());
        let few = keirin().without((3..=7).collect());
        assert_eq!(on_sale(&few, BetType::BracketExacta), "1-2 1-6 2-1 2-6 6-1 6-2 6-6");
    }

    #[test]
    fn a_field_without_brackets_sells_none() {
        let boats: Field = (1..=6).collect();
        assert_eq!((boats.brackets(), on_sale(&boats, BetType::BracketQuinella)), (RunnerSet::EMPTY, String::new()));
        assert_eq!(boats.numbers(BetType::Trio), boats.runners());
    }
}
