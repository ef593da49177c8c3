//! The stored text of a slip's bets: `tri:b:123456@100;win:s:3@1000;tro:f:12/3/456@100;exa:w:1>234@100`. Each runner or bracket is one
//! character (10 is `a`, 18 is `i`). So a slip of the largest field fits its item of 1,024 bytes, and a person can read the bets in the
//! table. What was encoded decodes to the same bets, and nothing else decodes.

use super::{Bet, BetType, RUNNER_MAX, RunnerNumber, STAKE_PER_SLIP_MAX, STAKE_UNIT, Selection};
use thiserror::Error;

/// A stored text that no slip has. It means damage, or a newer writer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not the stored text of a bet: {0:?}")]
pub struct BetsTextError(pub String);

/// The text of checked bets.
pub fn encode_bets(bets: &[Bet]) -> String {
    bets.iter().map(encode_bet).collect::<Vec<_>>().join(";")
}

/// The bets of a text that [`encode_bets`] wrote.
pub fn decode_bets(text: &str) -> Result<Vec<Bet>, BetsTextError> {
    text.split(';').map(|bet| decode_bet(bet).ok_or_else(|| BetsTextError(bet.into()))).collect()
}

fn encode_bet(Bet { bet_type, selection, stake }: &Bet) -> String {
    let (kind, marks) = match selection {
        Selection::Single { runners } => ('s', encode_runners(runners)),
        Selection::Box { runners } => ('b', encode_runners(runners)),
        Selection::Formation { legs } => ('f', legs.iter().map(|leg| encode_runners(leg)).collect::<Vec<_>>().join("/")),
        Selection::Wheel { axis, with, multi } => {
            (if *multi { 'm' } else { 'w' }, format!("{}>{}", encode_runners(axis), encode_runners(with)))
        }
    };
    format!("{}:{kind}:{marks}@{stake}", type_code(*bet_type))
}

fn decode_bet(text: &str) -> Option<Bet> {
    let (code, rest) = text.split_once(':')?;
    let (kind, rest) = rest.split_once(':')?;
    let (marks, stake) = rest.split_once('@')?;
    let selection = match kind {
        "s" => Selection::Single { runners: decode_runners(marks)? },
        "b" => Selection::Box { runners: decode_runners(marks)? },
        "f" => Selection::Formation { legs: marks.split('/').map(decode_runners).collect::<Option<_>>()? },
        "w" | "m" => {
            let (axis, with) = marks.split_once('>')?;
            Selection::Wheel { axis: decode_runners(axis)?, with: decode_runners(with)?, multi: kind == "m" }
        }
        _ => return None,
    };
    let bet_type = BetType::ALL.into_iter().find(|bet_type| type_code(*bet_type) == code)?;
    Some(Bet { bet_type, selection, stake: decode_stake(stake)? })
}

const fn type_code(bet_type: BetType) -> &'static str {
    match bet_type {
        BetType::Win => "win",
        BetType::Place => "pla",
        BetType::Exacta => "exa",
        BetType::Quinella => "qui",
        BetType::QuinellaPlace => "qup",
        BetType::Trifecta => "tri",
        BetType::Trio => "tro",
        BetType::BracketExacta => "bex",
        BetType::BracketQuinella => "bqu",
    }
}

/// A number that no runner has becomes `?`, which does not decode: unchecked bets cannot come back as others.
fn encode_runners(runners: &[RunnerNumber]) -> String {
    let character =
        |runner: &RunnerNumber| char::from_digit(u32::from(*runner), 36).filter(|_| (1..=RUNNER_MAX).contains(runner));
    runners.iter().map(|runner| character(runner).unwrap_or('?')).collect()
}

fn decode_runners(text: &str) -> Option<Vec<RunnerNumber>> {
    let runner = |character: char| {
        let number = RunnerNumber::try_from(character.to_digit(36)?).ok()?;
        (!character.is_ascii_uppercase() && (1..=RUNNER_MAX).contains(&number)).then_some(number)
    };
    text.chars().map(runner).collect::<Option<Vec<_>>>().filter(|runners| !runners.is_empty())
}

fn decode_stake(text: &str) -> Option<i64> {
    let stake: i64 = text.parse().ok()?;
    let possible = stake > 0 && stake <= STAKE_PER_SLIP_MAX && stake % STAKE_UNIT == 0;
    (possible && stake.to_string() == text).then_some(stake)
}

#[cfg(test)]
mod tests {
    use super::super::samples::any_bet;
    use super::super::{BETS_PER_SLIP_MAX, RunnerSet, check_bets};
    use super::*;
    use proptest::prelude::*;

    /// What a slip's bets may take of its item's 1,024 bytes.
    const BETS_TEXT_BYTES_MAX: usize = 600;

    #[test]
    fn the_text_can_be_read() {
        let text = "tri:b:123456@100;win:s:a@1000;tro:f:12/3/456@100;exa:w:1>234@100;tri:m:i>12@200;bqu:s:44@100;bex:m:4>46@100";
        assert_eq!(encode_bets(&decode_bets(text).unwrap()), text);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            ";",
            "win",
            "win:s:3",
            "win:s:@100",
            "win:s:3@",
            "win:s:3@0",
            "win:s:3@-100",
            "win:s:3@+100",
            "win:s:3@0100",
            "win:s:3@150",
            "win:s:j@100",
            "win:s:0@100",
            "win:s:A@100",
            "win:x:3@100",
            "xxx:s:3@100",
            "exa:w:12@100",
            "exa:w:1>@100",
            "tro:f:1//2@100",
            "win:s:3@100;",
            "win:s:3@10000100",
        ] {
            assert!(decode_bets(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_longest_slips_stay_within_their_bytes() {
        let of_six = "tri:f:123456/123456/12345@10000";
        let of_eighteen = "tro:f:1/123456789abcde/123456789abcde@10000";
        for (longest, count) in [(of_six, 10), (of_eighteen, BETS_PER_SLIP_MAX)] {
            let text = vec![longest; count].join(";");
            let bets = decode_bets(&text).unwrap();
            check_bets(&bets, &RunnerSet::ALL.iter().collect()).unwrap();
            assert!(text.len() <= BETS_TEXT_BYTES_MAX, "{} bytes", text.len());
        }
    }

    proptest! {
        #[test]
        fn bets_come_back_as_they_were(bets in proptest::collection::vec(any_bet(), 1..=BETS_PER_SLIP_MAX)) {
            prop_assert_eq!(decode_bets(&encode_bets(&bets)), Ok(bets));
        }
    }
}
