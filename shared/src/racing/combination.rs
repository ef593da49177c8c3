//! A combination: the runners one bet names, in the order that counts. Its text is the one of the official dividends ("3-1-5" in
//! this order, "1=3=5" in any), and there is one text for each combination.

use super::{BetType, RUNNER_MAX, RunnerNumber, RunnerSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One to three different runners, ordered or not. Unordered ones are kept ascending, so that equal combinations are equal
/// values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Combination {
    /// Zero where there is no runner.
    runners: [RunnerNumber; 3],
    ordered: bool,
}

/// Why a text or a list of runners is no combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CombinationError {
    #[error("a combination of this bet type names {expected} runners")]
    WrongLength { expected: usize },
    #[error("{0} is no runner's number: use 1 to {RUNNER_MAX}")]
    UnknownRunner(RunnerNumber),
    #[error("runner {0} stands in the combination twice")]
    DuplicateRunner(RunnerNumber),
    #[error("write a combination as \"3\", \"3-1-5\" (in this order) or \"1=3=5\" (in any order)")]
    Malformed,
    #[error("a combination of {0} is written with the other separator: - in this order, = in any order")]
    WrongOrder(BetType),
}

impl Combination {
    /// The combination of `runners` for `bet_type`; of an unordered type they may come in any order.
    pub fn new(bet_type: BetType, runners: &[RunnerNumber]) -> Result<Self, CombinationError> {
        if runners.len() != bet_type.runners() {
            return Err(CombinationError::WrongLength { expected: bet_type.runners() });
        }
        Self::of(runners, bet_type.ordered())
    }

    /// Reads the text of a combination for `bet_type`.
    pub fn parse(bet_type: BetType, text: &str) -> Result<Self, CombinationError> {
        let combination: Self = text.parse()?;
        if combination.runners().len() != bet_type.runners() {
            return Err(CombinationError::WrongLength { expected: bet_type.runners() });
        }
        if combination.ordered != bet_type.ordered() {
            return Err(CombinationError::WrongOrder(bet_type));
        }
        Ok(combination)
    }

    /// Whether this can be a combination of `bet_type`.
    pub fn fits(&self, bet_type: BetType) -> bool {
        self.runners().len() == bet_type.runners() && self.ordered == bet_type.ordered()
    }

    /// The runners, in the order that counts or ascending.
    pub fn runners(&self) -> &[RunnerNumber] {
        let length = self.runners.iter().take_while(|runner| **runner != 0).count();
        &self.runners[..length]
    }

    pub fn set(&self) -> RunnerSet {
        self.runners().iter().copied().collect()
    }

    fn of(runners: &[RunnerNumber], ordered: bool) -> Result<Self, CombinationError> {
        let mut combination = Self { runners: [0; 3], ordered };
        let mut seen = RunnerSet::EMPTY;
        for (position, &runner) in combination.runners.iter_mut().zip(runners) {
            if RunnerSet::of(runner).is_empty() {
                return Err(CombinationError::UnknownRunner(runner));
            }
            if !seen.insert(runner) {
                return Err(CombinationError::DuplicateRunner(runner));
            }
            *position = runner;
        }
        if !ordered {
            combination.runners[..runners.len()].sort_unstable();
        }
        Ok(combination)
    }
}

impl std::str::FromStr for Combination {
    type Err = CombinationError;

    fn from_str(text: &str) -> Result<Self, CombinationError> {
        let ordered = text.contains('-');
        let runners = text.split(if ordered { '-' } else { '=' }).map(number).collect::<Result<Vec<_>, _>>()?;
        if runners.len() > 3 {
            return Err(CombinationError::Malformed);
        }
        Self::of(&runners, ordered)
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
        for (position, runner) in self.runners().iter().enumerate() {
            let before = if position == 0 { "" } else { separator };
            write!(f, "{before}{runner}")?;
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
