//! Race betting: what may be bet, what a race is, what its result decides and what a slip is due. Pure decisions only; who stores
//! and pays is not known here. The list of dividends decides every bet; nothing in this module works out who won.

mod bet_type;
#[cfg(test)]
mod bracket_properties;
mod certificate;
mod combination;
mod due;
pub mod event;
mod field;
pub mod payout;
mod placed;
mod race;
mod race_id;
mod result;
mod runners;
#[cfg(test)]
mod samples;
mod selection;
mod shape;
mod slip;
mod slip_id;
mod slip_sketch;
mod slip_text;
mod venue;

pub use bet_type::BetType;
pub use certificate::{AssetTotals, Certificate, ClosingPosting, Totals, operator_result};
pub use combination::{Combination, CombinationError};
pub use due::{Due, Outcome, Settled, outcome, refunded_in_full};
pub use field::{BRACKET_MAX, BracketNumber, Field};
pub use placed::Slip;
pub use race::{Announcement, PRINTABLE, RUNNERS_MIN, Race, RaceError, RaceState, Runner, TITLE_CHARS_MAX};
pub use race_id::RaceId;
pub use result::{
    DIVIDENDS_MAX, DIVIDENDS_PER_TYPE_MAX, Dividend, PER_100_MAX, Placing, RaceResult, ResultError, Verdict,
    describe_consolation, describe_dividends, result_seal,
};
pub use runners::{RUNNER_MAX, RunnerNumber, RunnerSet};
pub use selection::{Selection, SelectionError};
pub use slip::{
    BETS_PER_SLIP_MAX, Bet, BetError, COMBINATIONS_PER_SLIP_MAX, STAKE_PER_SLIP_MAX, STAKE_UNIT, SlipTotals, check_bets,
};
pub use slip_id::{SHARDS_MAX, SlipId, shard_of};
pub use slip_sketch::{SketchError, SlipSketch};
pub use slip_text::{BetsTextError, decode_bets, encode_bets};
pub use venue::{VENUES, Venue, VenueError};
