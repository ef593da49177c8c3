//! The Boatrace Open API (v2): real race days, as files. A program becomes an announcement, and a result the official dividends. Weather
//! and engines are not read. The data's own README and the sport have the rules of reading: what 14, 15 and 16 mean, and when a race is
//! void.

mod files;
mod wire;

pub use files::{Days, read};

use jiff::civil::DateTime;
use racing_domain::{Announcement, BetType, Combination, Dividend, Placing, RaceId, RaceResult, Runner, RunnerNumber};
use shared::calendar::tokyo;
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;
use wire::{Boat, Payouts, Program, ResultPage};

/// The longest title of a race, in characters.
const TITLE_CHARS_MAX: usize = 128;
/// False start, late start, absent: the boat's combinations are refunded. 7 to 13 started and lost.
const NEVER_STARTED: std::ops::RangeInclusive<u8> = 14..=16;
const FINISHED: std::ops::RangeInclusive<u8> = 1..=6;

/// Why files could not be read as race days.
#[derive(Debug, Error)]
pub enum BoatraceError {
    #[error("{} cannot be read: name a Boatrace Open API file, or a directory that has programs/ and results/", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} has no Boatrace Open API files (*.json): give it programs/YYYYMMDD.json and results/YYYYMMDD.json", path.display())]
    Nothing { path: PathBuf },
    #[error("{} is no Boatrace Open API file of programs or results (v2): {reason}", path.display())]
    Malformed { path: PathBuf, reason: String },
}

/// What makes a program or result unusable, in words.
type Reason = String;

/// The announcement of a program.
fn announcement(program: &Program) -> Result<(RaceId, Announcement), Reason> {
    let id = race_id(program.race_date, program.race_stadium_number, program.race_number)?;
    let closed: DateTime = program.race_closed_at.parse().map_err(|error| format!("{id}: race_closed_at: {error}"))?;
    let closes_at = closed.to_zoned(tokyo()).map_err(|error| format!("{id}: race_closed_at: {error}"))?.timestamp();
    let title = format!("{} {}", program.race_title, program.race_subtitle.as_deref().unwrap_or_default());
    let title = title.trim().chars().take(TITLE_CHARS_MAX).collect();
    let runner = |boat: &Boat| {
        let name = boat.racer_name.clone().unwrap_or_default();
        Runner { number: boat.racer_boat_number, name, bracket: None }
    };
    Ok((id, Announcement { closes_at, title, runners: program.boats.iter().map(runner).collect() }))
}

/// The result of a result's page. The payouts alone decide; no payouts at all void the race.
fn result(page: &ResultPage) -> Result<(RaceId, RaceResult), Reason> {
    let id = race_id(page.race_date, page.race_stadium_number, page.race_number)?;
    let refunded = boats_placed(page, |place| NEVER_STARTED.contains(&place)).map(|(boat, _)| boat).collect();
    let mut places: Vec<_> =
        boats_placed(page, |place| FINISHED.contains(&place)).map(|(runner, place)| Placing { runner, place }).collect();
    places.sort_by_key(|placing| (placing.place, placing.runner));
    Ok((id, RaceResult { dividends: dividends(id, &page.payouts)?, refunded, places, ..RaceResult::default() }))
}

fn dividends(id: RaceId, payouts: &Payouts) -> Result<BTreeMap<BetType, Vec<Dividend>>, Reason> {
    let mut dividends = BTreeMap::new();
    for (&bet_type, listed) in payouts {
        let dividend = |payout: &wire::Payout| {
            let combination = Combination::parse(bet_type, &payout.combination);
            let combination = combination.map_err(|error| format!("{id}: {bet_type} {:?}: {error}", payout.combination))?;
            Ok(Dividend { combination, per_100: payout.payout })
        };
        let listed = listed.iter().map(dividend).collect::<Result<Vec<_>, Reason>>()?;
        if !listed.is_empty() {
            dividends.insert(bet_type, listed);
        }
    }
    Ok(dividends)
}

fn boats_placed(page: &ResultPage, wanted: fn(u8) -> bool) -> impl Iterator<Item = (RunnerNumber, u8)> + '_ {
    let placed = page.boats.iter().filter_map(|boat| Some((boat.racer_boat_number, boat.racer_place_number?)));
    placed.filter(move |(_, place)| wanted(*place))
}

fn race_id(date: jiff::civil::Date, stadium: u8, number: u8) -> Result<RaceId, Reason> {
    RaceId::new(date, stadium, number).map_err(|error| format!("{date}, stadium {stadium}, race {number}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(json: &str) -> (RaceId, Announcement) {
        announcement(&serde_json::from_str(json).unwrap()).unwrap()
    }

    fn result_of(json: &str) -> RaceResult {
        result(&serde_json::from_str(json).unwrap()).unwrap().1
    }

    fn boats(places: &[Option<u8>]) -> serde_json::Value {
        let boat = |(index, place): (usize, &Option<u8>)| serde_json::json!({"racer_boat_number": index + 1, "racer_place_number": place, "racer_start_timing": 0.1});
        places.iter().enumerate().map(boat).collect()
    }

    fn page(places: &[Option<u8>], payouts: &str) -> String {
        format!(
            r#"{{"race_date":"2025-12-26","race_stadium_number":3,"race_number":1,"race_wind":9,"boats":{},"payouts":{payouts}}}"#,
            boats(places)
        )
    }

    #[test]
    fn a_program_closes_by_the_japanese_clock() {
        let (id, announcement) = program(
            r#"{"race_date":"2025-12-26","race_stadium_number":3,"race_number":1,"race_closed_at":"2025-12-26 10:59:00",
                "race_title":"第48回京葉賞","race_subtitle":"予選","race_distance":1200,
                "boats":[{"racer_boat_number":1,"racer_name":"浦田 信義","racer_age":60},{"racer_boat_number":2,"racer_name":null}]}"#,
        );
        assert_eq!(id.to_string(), "rac_20251226-03-01");
        assert_eq!(announcement.closes_at.to_string(), "2025-12-26T01:59:00Z");
        assert_eq!(announcement.title, "第48回京葉賞 予選");
        assert_eq!(announcement.runners[0], Runner { number: 1, name: "浦田 信義".into(), bracket: None });
    }

    #[test]
    fn dividends_are_the_listed_payouts_and_an_empty_type_is_void() {
        let payouts = r#"{"trifecta":[{"combination":"3-4-1","payout":6440}],"quinella":[],
            "quinella_place":[{"combination":"3=4","payout":350},{"combination":"1=3","payout":470}],
            "win":[{"combination":"3","payout":470}]}"#;
        let result = result_of(&page(&[Some(3), Some(14), Some(1), Some(2), Some(16), Some(9)], payouts));
        assert_eq!(
            result.dividends.keys().copied().collect::<Vec<_>>(),
            [BetType::Win, BetType::QuinellaPlace, BetType::Trifecta]
        );
        assert_eq!(result.dividends_of(BetType::QuinellaPlace)[1].per_100, 470);
        assert_eq!(result.refunded.iter().collect::<Vec<_>>(), [2, 5]);
        let places: Vec<_> = result.places.iter().map(|placing| (placing.place, placing.runner)).collect();
        assert_eq!(places, [(1, 3), (2, 4), (3, 1)], "9 started and did not finish: neither placed nor refunded");
    }

    #[test]
    fn a_race_without_payouts_is_void() {
        let result = result_of(&page(&[None; 6], r#"{"trifecta":[],"win":[]}"#));
        assert!(result.is_void() && result.dividends.is_empty());
    }

    #[test]
    fn a_payout_that_is_no_combination_of_its_type_is_named() {
        let json = page(&[Some(1)], r#"{"win":[{"combination":"1-2","payout":100}]}"#);
        let reason = result(&serde_json::from_str(&json).unwrap()).unwrap_err();
        assert!(reason.contains("rac_20251226-03-01: win \"1-2\""), "{reason}");
    }
}
