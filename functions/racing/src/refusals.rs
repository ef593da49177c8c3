//! The refusals of racing's routes.

use platform::prelude::{Refusals, Refused, Timestamp};
use platform::problem;
use racing_domain::{BetError, SelectionError};
use shared::money::Amount;

platform::refusals! {
    /// Why a slip is refused: first what depends on the wallet and the race, which is remembered, then what is wrong with the bets.
    pub enum SlipRefusal {
        InsufficientFunds { available: Amount, needed: Amount } = 402 "insufficient_funds", "There is too little in the wallet", retryable: false,
        next: "Top up, then place the slip with a new Idempotency-Key. This key is refused again.";
        BettingClosed { closed_at: Timestamp } = 409 "betting_closed", "Betting on this race is closed", retryable: false,
        next: "Choose an open race. Nothing was taken.";
        NotFound = problem::NOT_FOUND;
        NoBets = 422 "no_bets", "A slip needs a bet", retryable: false, next: "Add a bet.";
        TooManyBets = 422 "too_many_bets", "Too many bets on one slip", retryable: false, next: "Place several slips.";
        UnknownRunner = 422 "unknown_runner", "No such runner in this race", retryable: false,
        next: "Choose from the race's runners.";
        DuplicateRunner = 422 "duplicate_runner", "A runner occurs twice", retryable: false, next: "Name each runner once.";
        NoBrackets = 422 "no_brackets", "The race has no brackets to bet on", retryable: false,
        next: "Bet on its runners, or choose a race whose runners have a `bracket`.";
        UnknownBracket = 422 "unknown_bracket", "No such bracket in this race", retryable: false,
        next: "Choose from the brackets of the race's runners.";
        DuplicateBracket = 422 "duplicate_bracket", "A bracket occurs twice", retryable: false,
        next: "Name each bracket once. To bet on one bracket twice, use a single, a formation, or a wheel with the axis among the others.";
        BracketOfOne = 422 "bracket_of_one", "One runner cannot be first and second", retryable: false,
        next: "Combine the bracket with another, or choose a bracket with two or more runners.";
        WrongSelection = 422 "wrong_selection", "The selection does not fit the bet type", retryable: false,
        next: "Give as many runners or legs as the bet type has places.";
        EmptyLeg = 422 "empty_leg", "A leg of the formation is empty", retryable: false, next: "Name a runner in each leg.";
        NoCombinations = 422 "no_combinations", "The selection makes no combination", retryable: false,
        next: "Add runners until there is at least one combination.";
        MultiUnordered = 422 "multi_unordered", "`multi` does not apply where the order does not count", retryable: false,
        next: "Leave `multi` out.";
        StakeNotPositive = 422 "stake_not_positive", "A stake must be positive", retryable: false, next: "Stake at least 100.";
        StakeNotMultipleOf100 = 422 "stake_not_multiple_of_100", "A stake must be a multiple of 100", retryable: false,
        next: "Round the stake.";
        TooManyCombinations = 422 "too_many_combinations", "Too many combinations on one slip", retryable: false,
        next: "Place several slips.";
        StakeAboveLimit = 422 "stake_above_limit", "The slip costs more than a slip may", retryable: false,
        next: "Stake less, or place several slips.";
    }
}

platform::problem_codes! {
    FEED_ID_REUSED = 422 "feed_id_reused", "This webhook-id was used for another message", retryable: false,
    next: "Give each message its own id.";
    DUPLICATE_RACE = 422 "duplicate_race", "The message names a race twice", retryable: false,
    next: "Name each race once. Send a correction as a later message.";
}

platform::refusals! {
    /// Why an announcement is refused.
    pub enum AnnouncementRefusal {
        InvalidRace = 422 "invalid_race", "The announcement does not describe a valid race", retryable: false,
        next: "Correct the fields named in `errors`.";
        RaceChanged = 422 "race_changed", "The announcement changes a race with a result, its runners or brackets, or a close that has passed",
        retryable: false, next: "Send corrections of results to /v1/feeds/results. Announce a postponement before the close.";
        DuplicateRace = DUPLICATE_RACE;
        FeedIdReused = FEED_ID_REUSED;
        Contention = problem::CONTENTION;
    }
}

platform::refusals! {
    /// Why results are refused.
    pub enum ResultRefusal {
        InvalidResult = 422 "invalid_result", "The result does not fit its race", retryable: false,
        next: "Correct the fields named in `errors`.";
        UnknownRace = 422 "unknown_race", "The feed names a race that was never announced", retryable: true,
        next: "Announce the race, then send the message again.";
        DuplicateRace = DUPLICATE_RACE;
        FeedIdReused = FEED_ID_REUSED;
        Contention = problem::CONTENTION;
    }
}

/// The refusal that a wrong bet is, pointing at what is wrong.
pub fn of_bet(error: BetError) -> Refused<SlipRefusal> {
    let (pointer, detail) = (error.pointer(), error.to_string());
    let refusal = match error {
        BetError::NoBets => SlipRefusal::NoBets,
        BetError::TooManyBets { .. } => SlipRefusal::TooManyBets,
        BetError::Selection { problem, .. } => problem.into(),
        BetError::NoBrackets { .. } => SlipRefusal::NoBrackets,
        BetError::StakeNotPositive { .. } => SlipRefusal::StakeNotPositive,
        BetError::StakeNotMultipleOf100 { .. } => SlipRefusal::StakeNotMultipleOf100,
        BetError::TooManyCombinations { .. } => SlipRefusal::TooManyCombinations,
        BetError::StakeAboveLimit { .. } => SlipRefusal::StakeAboveLimit,
    };
    refusal.at(pointer, detail)
}

impl From<SelectionError> for SlipRefusal {
    fn from(error: SelectionError) -> Self {
        match error {
            SelectionError::UnknownRunner { .. } => Self::UnknownRunner,
            SelectionError::DuplicateRunner { .. } => Self::DuplicateRunner,
            SelectionError::UnknownBracket { .. } => Self::UnknownBracket,
            SelectionError::DuplicateBracket { .. } => Self::DuplicateBracket,
            SelectionError::BracketOfOne { .. } => Self::BracketOfOne,
            SelectionError::WrongSelection { .. } => Self::WrongSelection,
            SelectionError::EmptyLeg { .. } => Self::EmptyLeg,
            SelectionError::NoCombinations { .. } => Self::NoCombinations,
            SelectionError::MultiUnordered { .. } => Self::MultiUnordered,
        }
    }
}
