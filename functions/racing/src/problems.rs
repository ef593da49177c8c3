//! The problems of racing's routes. A bet's faults keep the codes that the domain gives them.

use platform::problem::{Code, Problem};
use racing_domain::BetError;

platform::problem_codes! {
    INSUFFICIENT_FUNDS = 402 "insufficient_funds", "There is too little in the wallet", retryable: false,
        next: "Top up, then place the slip anew with a new Idempotency-Key; this key will refuse again.";
    BETTING_CLOSED = 409 "betting_closed", "Betting on this race is closed", retryable: false,
        next: "Choose a race that is open; nothing was taken.";
    UNKNOWN_RACE = 422 "unknown_race", "The feed names a race that was never announced", retryable: true,
        next: "Announce the race, then send the message again.";
    FEED_ID_REUSED = 422 "feed_id_reused", "This webhook-id was used for another message", retryable: false,
        next: "Give each message an id of its own.";
    RACE_CHANGED = 422 "race_changed", "A race with a result, or other runners or brackets, is not announced anew, nor a closed one opened",
        retryable: false, next: "Send corrections of results to /v1/feeds/results; announce a postponement before the close.";
    DUPLICATE_RACE = 422 "duplicate_race", "The message names a race twice", retryable: false,
        next: "Name each race once; send a correction as a later message.";
    INVALID_RACE = 422 "invalid_race", "The announcement is not one of a race", retryable: false,
        next: "Correct the fields named in `errors`.";
    INVALID_RESULT = 422 "invalid_result", "The result is not one of its race", retryable: false,
        next: "Correct the fields named in `errors`.";
    NO_BETS = 422 "no_bets", "A slip needs a bet", retryable: false, next: "Add a bet.";
    TOO_MANY_BETS = 422 "too_many_bets", "Too many bets on one slip", retryable: false, next: "Place several slips.";
    UNKNOWN_RUNNER = 422 "unknown_runner", "No such runner in this race", retryable: false,
        next: "Choose from the race's runners.";
    DUPLICATE_RUNNER = 422 "duplicate_runner", "A runner stands twice", retryable: false, next: "Name each runner once.";
    NO_BRACKETS = 422 "no_brackets", "The race has no brackets to bet on", retryable: false,
        next: "Bet on its runners, or choose a race whose runners have a `bracket`.";
    UNKNOWN_BRACKET = 422 "unknown_bracket", "No such bracket in this race", retryable: false,
        next: "Choose from the brackets of the race's runners.";
    DUPLICATE_BRACKET = 422 "duplicate_bracket", "A bracket stands twice", retryable: false,
        next: "Name each bracket once; one bracket twice is a single, a formation, or a wheel with the axis among the others.";
    BRACKET_OF_ONE = 422 "bracket_of_one", "One runner cannot be first and second", retryable: false,
        next: "Combine the bracket with another, or choose one of two runners or more.";
    WRONG_SELECTION = 422 "wrong_selection", "The selection does not fit the bet type", retryable: false,
        next: "Give as many runners or legs as the bet type has places.";
    EMPTY_LEG = 422 "empty_leg", "A leg of the formation is empty", retryable: false, next: "Name a runner in each leg.";
    NO_COMBINATIONS = 422 "no_combinations", "The selection makes no combination", retryable: false,
        next: "Add runners until there is at least one combination.";
    MULTI_UNORDERED = 422 "multi_unordered", "`multi` means nothing where the order does not count", retryable: false,
        next: "Leave `multi` out.";
    STAKE_NOT_POSITIVE = 422 "stake_not_positive", "A stake must be positive", retryable: false, next: "Stake at least 100.";
    STAKE_NOT_MULTIPLE_OF_100 = 422 "stake_not_multiple_of_100", "A stake must be a multiple of 100", retryable: false,
        next: "Round the stake.";
    TOO_MANY_COMBINATIONS = 422 "too_many_combinations", "Too many combinations on one slip", retryable: false,
        next: "Place several slips.";
    STAKE_ABOVE_LIMIT = 422 "stake_above_limit", "The slip costs more than a slip may", retryable: false,
        next: "Stake less, or place several slips.";
}

/// The codes of a slip's form errors.
pub const BET_CODES: &[&Code] = &[
    &NO_BETS,
    &TOO_MANY_BETS,
    &UNKNOWN_RUNNER,
    &DUPLICATE_RUNNER,
    &NO_BRACKETS,
    &UNKNOWN_BRACKET,
    &DUPLICATE_BRACKET,
    &BRACKET_OF_ONE,
    &WRONG_SELECTION,
    &EMPTY_LEG,
    &NO_COMBINATIONS,
    &MULTI_UNORDERED,
    &STAKE_NOT_POSITIVE,
    &STAKE_NOT_MULTIPLE_OF_100,
    &TOO_MANY_COMBINATIONS,
    &STAKE_ABOVE_LIMIT,
];

/// The problem that a wrong bet is.
pub fn of_bet(error: &BetError) -> Problem {
    let code = BET_CODES.iter().find(|code| code.code == error.code());
    // A code that is not listed would be a fault of ours, and still the caller's bet is wrong.
    let code = code.copied().unwrap_or(&WRONG_SELECTION);
    Problem::new(code, "").with_error(error.pointer(), error.to_string())
}
