//! What will be played: the races of each day with their results, and who bets what on them, when. Everything follows from the seed, so a
//! run that went wrong can be repeated. A day's slips are made when the day comes, so memory holds one day.

mod bets;
mod field;
mod generate;
mod slips;

pub use slips::{PlannedSlip, SlipPlan};

use crate::boatrace::Days;
use demo::DemoError;
use fastrand::Rng;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use racing_domain::{Announcement, Field, RaceId, RaceResult};
use std::collections::BTreeMap;

/// Results come this long after the close, in minutes.
const RESULT_AFTER_MINUTES: std::ops::RangeInclusive<i64> = 15..=20;
/// Programs, top-ups and medals come this long before the day's first close.
const MORNING: SignedDuration = SignedDuration::from_mins(120);

/// A race with its end already known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRace {
    pub id: RaceId,
    pub announcement: Announcement,
    pub result: RaceResult,
    pub result_at: Timestamp,
}

impl PlannedRace {
    pub const fn closes_at(&self) -> Timestamp {
        self.announcement.closes_at
    }

    /// What can be bet on.
    pub fn field(&self) -> Field {
        self.announcement.field()
    }
}

/// A race day, its races in the order of their closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedDay {
    pub date: Date,
    pub races: Vec<PlannedRace>,
}

impl PlannedDay {
    /// When the day begins: before anything can be bet.
    pub fn morning(&self) -> Timestamp {
        let first = self.races.first().map_or(Timestamp::UNIX_EPOCH, PlannedRace::closes_at);
        first.saturating_sub(MORNING).unwrap_or(first)
    }
}

/// The days of real files: races that have a program and a result. `only` leaves out the other days.
pub fn days_of_feed(days: &Days, only: Option<Date>, seed: u64) -> Result<Vec<PlannedDay>, DemoError> {
    let mut rng = Rng::with_seed(seed ^ 0x7265_7375_6c74_7321);
    let mut by_date = BTreeMap::<Date, Vec<PlannedRace>>::new();
    for (&id, announcement) in &days.programs {
        let Some(result) = days.results.get(&id) else { continue };
        // Drawn for every race, so that leaving out days changes nothing in the others.
        let result_at = result_time(announcement.closes_at, &mut rng);
        if only.is_none_or(|only| only == id.date()) {
            let race = PlannedRace { id, announcement: announcement.clone(), result: result.clone(), result_at };
            by_date.entry(id.date()).or_default().push(race);
        }
    }
    if by_date.is_empty() {
        let wanted = only.map_or_else(String::new, |only| format!(" of {only}"));
        return Err(DemoError::Input(format!("the feed has no races{wanted} that have both a program and a result")));
    }
    Ok(by_date.into_iter().map(|(date, races)| PlannedDay::new(date, races)).collect())
}

/// A made-up race day.
pub fn generated_day(date: Date, seed: u64) -> Result<PlannedDay, DemoError> {
    generate::day(date, seed).map_err(|error| DemoError::Input(format!("a race day on {date}: {error}")))
}

impl PlannedDay {
    fn new(date: Date, mut races: Vec<PlannedRace>) -> Self {
        races.sort_by_key(|race| (race.closes_at(), race.id));
        Self { date, races }
    }
}

fn result_time(closes_at: Timestamp, rng: &mut Rng) -> Timestamp {
    closes_at.saturating_add(SignedDuration::from_mins(rng.i64(RESULT_AFTER_MINUTES))).unwrap_or(closes_at)
}

#[cfg(test)]
mod tests;
