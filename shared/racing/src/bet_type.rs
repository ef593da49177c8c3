//! The ways to bet on a race. Everything that depends on the type is asked of it here, so that a further type is one more variant
//! and its answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The prediction of a bet. The rules are the sport's; the names are the English ones of Japanese racing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BetType {
    /// 単勝: the runner is first.
    Win,
    /// 複勝: the runner is placed.
    Place,
    /// 2連単: first and second in this order.
    Exacta,
    /// 2連複: first and second in any order.
    Quinella,
    /// 拡連複: both are among the first three.
    QuinellaPlace,
    /// 3連単: first, second and third in this order.
    Trifecta,
    /// 3連複: the first three in any order.
    Trio,
    /// 2枠単: the brackets of the first and the second in this order; both may be of one bracket.
    BracketExacta,
    /// 2枠複: the brackets of the first and the second in any order; both may be of one bracket.
    BracketQuinella,
}

impl BetType {
    /// Every type, from the simplest on.
    pub const ALL: [Self; 9] = [
        Self::Win,
        Self::Place,
        Self::Exacta,
        Self::Quinella,
        Self::QuinellaPlace,
        Self::Trifecta,
        Self::Trio,
        Self::BracketExacta,
        Self::BracketQuinella,
    ];

    /// The name in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Win => "win",
            Self::Place => "place",
            Self::Exacta => "exacta",
            Self::Quinella => "quinella",
            Self::QuinellaPlace => "quinella_place",
            Self::Trifecta => "trifecta",
            Self::Trio => "trio",
            Self::BracketExacta => "bracket_exacta",
            Self::BracketQuinella => "bracket_quinella",
        }
    }

    /// How many runners one combination names; of a bracket bet, how many brackets.
    pub const fn runners(self) -> usize {
        match self {
            Self::Win | Self::Place => 1,
            Self::Exacta | Self::Quinella | Self::QuinellaPlace | Self::BracketExacta | Self::BracketQuinella => 2,
            Self::Trifecta | Self::Trio => 3,
        }
    }

    /// Whether the order of a combination's runners matters.
    pub const fn ordered(self) -> bool {
        matches!(self, Self::Exacta | Self::Trifecta | Self::BracketExacta)
    }

    /// Whether a combination names brackets instead of runners. Only such a one may name a number twice (ゾロ目).
    pub const fn by_bracket(self) -> bool {
        matches!(self, Self::BracketExacta | Self::BracketQuinella)
    }
}

impl std::fmt::Display for BetType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_name_in_json() {
        for bet_type in BetType::ALL {
            assert_eq!(serde_json::to_value(bet_type).unwrap(), bet_type.code());
        }
    }
}
