//! A combination: the runners or brackets one bet names, in the order that counts. Its text is the one of the official dividends
//! ("3-1-5" in this order, "1=3=5" in any), and there is one text for each combination.

use super::{BetType, RUNNER_MAX, RunnerNumber, RunnerSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One to three different runners, or two brackets that may be the same. An unordered combination is written in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^([1-9]|1[0-8])((-([1-9]|1[0-8])){0,2}|(=([1-9]|1[0-8])){1,2})$"))]
pub struct Combination {
    /// Zero where there is none.
    numbers: [RunnerNumber; 3],
    ordered: bool,
}

/// Why a text or a list of runners is no combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CombinationError {
    #[error("a combination of this bet type names {expected} numbers")]
    WrongLength { expected: usize },
    #[error("{0} is no runner's number: use 1 to {RUNNER_MAX}")]
    UnknownRunner(RunnerNumber),
    #[error("{0} occurs in the combination twice")]
    DuplicateRunner(RunnerNumber),
    #[error("write a combination as \"3\", \"3-1-5\" (in this order) or \"1=3=5\" (in any order)")]
    Malformed,
    #[error("a combination of {0} is written with the other separator: - in this order, = in any order")]
    WrongOrder(BetType),
}

impl Combination {
    /// The combination of `numbers` for `bet_type`; of an unordered type they may come in any order.
    pub fn new(bet_type: BetType, numbers: &[RunnerNumber]) -> Result<Self, CombinationError> {
        if numbers.len() != bet_type.runners() {
            return Err(CombinationError::WrongLength { expected: bet_type.runners() });
        }
        Self::of(numbers, bet_type.ordered())?.repeating_only_for(bet_type)
    }

    /// Reads the text of a combination for `bet_type`.
    pub fn parse(bet_type: BetType, text: &str) -> Result<Self, CombinationError> {
        let combination: Self = text.parse()?;
        if combination.numbers().len() != bet_type.runners() {
            return Err(CombinationError::WrongLength { expected: bet_type.runners() });
        }
        if combination.ordered != bet_type.ordered() {
            return Err(CombinationError::WrongOrder(bet_type));
        }
        combination.repeating_only_for(bet_type)
    }

    /// Whether this can be a combination of `bet_type`.
    pub fn fits(&self, bet_type: BetType) -> bool {
        self.numbers().len() == bet_type.runners()
            && self.ordered == bet_type.ordered()
            && self.repeating_only_for(bet_type).is_ok()
    }

    /// The numbers of the runners or brackets, in the order that counts or ascending.
    pub fn numbers(&self) -> &[RunnerNumber] {
        let length = self.numbers.iter().take_while(|number| **number != 0).count();
        &self.numbers[..length]
    }

    pub fn set(&self) -> RunnerSet {
        self.numbers().iter().copied().collect()
    }

    /// ゾロ目: the bracket that this combination names twice.
    pub fn repeated(&self) -> Option<RunnerNumber> {
        match *self.numbers() {
            [one, other] if one == other => Some(one),
            _ => None,
        }
    }

    fn repeating_only_for(self, bet_type: BetType) -> Result<Self, CombinationError> {
        match self.repeated() {
            Some(number) if !bet_type.by_bracket() => Err(CombinationError::DuplicateRunner(number)),
            _ => Ok(self),
        }
    }

    /// Without the type it is not known yet whether these are brackets, so two numbers may be the same; three may not.
    fn of(numbers: &[RunnerNumber], ordered: bool) -> Result<Self, CombinationError> {
        let mut combination = Self { numbers: [0; 3], ordered };
        let mut seen = RunnerSet::EMPTY;
        for (position, &number) in combination.numbers.iter_mut().zip(numbers) {
            if RunnerSet::of(number).is_empty() {
                return Err(CombinationError::UnknownRunner(number));
            }
            if !seen.insert(number) && numbers.len() != 2 {
                return Err(CombinationError::DuplicateRunner(number));
            }
            *position = number;
        }
        if !ordered {
            combination.numbers[..numbers.len()].sort_unstable();
        }
        Ok(combination)
    }
}

impl std::str::FromStr for Combination {
    type Err = CombinationError;

    fn from_str(text: &str) -> Result<Self, CombinationError> {
        let ordered = text.contains('-');
        let numbers = text.split(if ordered { '-' } else { '=' }).map(number).collect::<Result<Vec<_>, _>>()?;
        if numbers.len() > 3 {
            return Err(CombinationError::Malformed);
        }
        Self::of(&numbers, ordered)
    }
}

/// A number without sign, blanks or leading zeros, so that a combination has one text.
fn number(text: &str) -> Result<RunnerNumber, CombinationError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| digits).ok_or(CombinationError::Malformed)
}

impl std::fmt::Display for Combination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.ordered { "-" } else { "=" };
        for (position, number) in self.numbers().iter().enumerate() {
            let before = if position == 0 { "" } else { separator };
            write!(f, "{before}{number}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Combination {
    type Error = CombinationError;

    fn try_from(text: String) -> Result<Self, CombinationError> {
        text.parse()
    }
}

impl From<Combination> for String {
    fn from(combination: Combination) -> Self {
        combination.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bet_type: BetType, text: &str) -> Result<String, CombinationError> {
        Combination::parse(bet_type, text).map(|combination| combination.to_string())
    }

    #[test]
    fn the_text_is_that_of_the_dividends() {
        assert_eq!(parse(BetType::Win, "3").as_deref(), Ok("3"));
        assert_eq!(parse(BetType::Trifecta, "3-1-15").as_deref(), Ok("3-1-15"));
        assert_eq!(parse(BetType::Trio, "5=1=3").as_deref(), Ok("1=3=5"));
        assert_eq!(parse(BetType::BracketQuinella, "6=4").as_deref(), Ok("4=6"));
        assert_eq!(parse(BetType::BracketExacta, "6-4").as_deref(), Ok("6-4"));
    }

    #[test]
    fn only_a_bracket_may_stand_twice() {
        assert_eq!(parse(BetType::BracketQuinella, "4=4").as_deref(), Ok("4=4"));
        assert_eq!(parse(BetType::BracketExacta, "4-4").as_deref(), Ok("4-4"));
        let of_json = |text: &str| serde_json::from_str::<Combination>(&format!("\"{text}\"")).unwrap();
        for bet_type in BetType::ALL {
            assert_eq!(of_json("4=4").fits(bet_type), bet_type == BetType::BracketQuinella, "{bet_type}");
            assert_eq!(of_json("4-4").fits(bet_type), bet_type == BetType::BracketExacta, "{bet_type}");
            assert_eq!(
                Combination::new(bet_type, &[4; 3][..bet_type.runners()]).is_ok(),
                bet_type.by_bracket() || bet_type.runners() == 1
            );
        }
        assert_eq!((of_json("4=4").repeated(), of_json("4=5").repeated(), of_json("4").repeated()), (Some(4), None, None));
        assert_eq!(parse(BetType::Trio, "4=4=5"), Err(CombinationError::DuplicateRunner(4)));
    }

    #[test]
    fn what_is_no_combination_is_refused() {
        assert_eq!(parse(BetType::Exacta, "1=3"), Err(CombinationError::WrongOrder(BetType::Exacta)));
        assert_eq!(parse(BetType::Quinella, "1-3"), Err(CombinationError::WrongOrder(BetType::Quinella)));
        assert_eq!(parse(BetType::Trio, "1=3"), Err(CombinationError::WrongLength { expected: 3 }));
        assert_eq!(parse(BetType::Exacta, "3-3"), Err(CombinationError::DuplicateRunner(3)));
        assert_eq!(parse(BetType::Exacta, "3-19"), Err(CombinationError::UnknownRunner(19)));
        for malformed in ["", "-", "1-", "0", "+1", "01", " 1", "1-2=3", "1-2-3-4", "256", "a", "１"] {
            assert_eq!(parse(BetType::Win, malformed), Err(CombinationError::Malformed), "{malformed:?}");
        }
    }

    #[test]
    fn in_json_it_is_its_text() {
        let combination = Combination::new(BetType::Trio, &[5, 3, 1]).unwrap();
        assert_eq!(serde_json::to_string(&combination).unwrap(), r#""1=3=5""#);
        assert_eq!(serde_json::from_str::<Combination>(r#""3=1=5""#).unwrap(), combination);
    }
}
