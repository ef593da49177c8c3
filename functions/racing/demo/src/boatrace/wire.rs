//! The parts of the Boatrace Open API's JSON that Koban reads. Unknown fields are passed over: the files have dozens, and more come.

use jiff::civil::Date;
use racing_domain::BetType;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A file: of programs or of results. Both optional, instead of an enum, so that an error names the field that does not fit.
#[derive(Deserialize)]
pub(super) struct File {
    pub programs: Option<Vec<Program>>,
    pub results: Option<Vec<ResultPage>>,
}

#[derive(Deserialize)]
pub(super) struct Program {
    pub race_date: Date,
    pub race_stadium_number: u8,
    pub race_number: u8,
    /// When betting closes, `2025-12-26 10:59:00`, Japan time.
    pub race_closed_at: String,
    pub race_title: String,
    pub race_subtitle: Option<String>,
    pub boats: Vec<Boat>,
}

#[derive(Deserialize)]
pub(super) struct Boat {
    pub racer_boat_number: u8,
    pub racer_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ResultPage {
    pub race_date: Date,
    pub race_stadium_number: u8,
    pub race_number: u8,
    pub boats: Vec<PlacedBoat>,
    pub payouts: Payouts,
}

/// The official dividends by bet type. A type that Koban does not know is refused: it could be money.
pub(super) type Payouts = BTreeMap<BetType, Vec<Payout>>;

#[derive(Deserialize)]
pub(super) struct PlacedBoat {
    pub racer_boat_number: u8,
    /// Null when the race was not run.
    pub racer_place_number: Option<u8>,
}

#[derive(Deserialize)]
pub(super) struct Payout {
    pub combination: String,
    /// Yen per 100 yen staked.
    pub payout: i64,
}
