//! Who bets on a day. Slips are spread over the races, and the last minutes before a close are the busiest. In the morning everybody gets
//! what they need to pay for their slips.

use super::{PlannedDay, PlannedRace, bets};
use bytes::Bytes;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use racing_domain::{Bet, STAKE_UNIT};
use serde::Serialize;
use shared::money::Asset;
use wallet_domain::medals::MEDALS_PER_DAY;

/// No slip is placed later than this before the close, so that one in flight while the clock moves on is still in time.
const LEAD_MINUTES_MIN: i64 = 2;
const LEAD_MINUTES_SPAN: i64 = 40;
/// One slip in ten is bet in medals, as long as the day's medals last.
const MEDAL_SLIPS_IN: u32 = 10;
/// Nobody bets more than this on one slip.
const STAKE_MAX: i64 = 100_000;
/// Top-ups are round: the development bank declines and times out by their last digits.
const TOP_UP_UNIT: i64 = 10_000;

/// A slip to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSlip {
    /// From this moment on; the close is minutes later.
    pub at: Timestamp,
    /// The race's place in its day.
    pub race: usize,
    pub bettor: usize,
    /// The request's body.
    pub body: Bytes,
}

/// A day's slips, in the order of their moments, and what they cost.
#[derive(Debug, PartialEq, Eq)]
pub struct SlipPlan {
    pub slips: Vec<PlannedSlip>,
    /// What each bettor must have in yen: round, 0 for who bets nothing.
    pub top_ups: Vec<i64>,
    /// Who needs the day's medals.
    pub takes_medals: Vec<bool>,
}

#[derive(Serialize)]
struct Body<'a> {
    asset: Asset,
    bets: &'a [Bet],
}

impl SlipPlan {
    /// `count` slips of `bettors` people on `day`.
    pub fn new(day: &PlannedDay, count: usize, bettors: usize, seed: u64) -> Self {
        let date = day.date;
        let day_seed = i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day());
        let mut rng = Rng::with_seed(seed.rotate_left(17) ^ day_seed.unsigned_abs());
        let popularity = Popularity::new(day.races.len(), &mut rng);
        let mut yen = vec![0; bettors];
        let mut medals = vec![0; bettors];
        let mut slips = Vec::with_capacity(count);
        for number in 0..count {
            // One for each race first, so that every race has something to settle.
            let race = if number < day.races.len() { number } else { popularity.draw(&mut rng) };
            let bettor = rng.usize(..bettors);
            slips.push(slip(&day.races[race], race, bettor, (&mut yen, &mut medals), &mut rng));
        }
        // Stable: slips of the same minute stay in the order in which they were drawn.
        slips.sort_by_key(|slip| slip.at);
        let top_ups = yen.into_iter().map(top_up).collect();
        Self { slips, top_ups, takes_medals: medals.into_iter().map(|medals| medals > 0).collect() }
    }
}

fn slip(race: &PlannedRace, place: usize, bettor: usize, (yen, medals): (&mut [i64], &mut [i64]), rng: &mut Rng) -> PlannedSlip {
    let medals_left = MEDALS_PER_DAY - medals[bettor];
    let in_medals = rng.u32(..MEDAL_SLIPS_IN) == 0 && medals_left >= STAKE_UNIT;
    let (asset, stake_max) = if in_medals { (Asset::Medal, medals_left) } else { (Asset::Jpy, STAKE_MAX) };
    let (bets, totals) = bets::bets(&race.field(), stake_max, rng);
    let spent = if in_medals { medals } else { yen };
    spent[bettor] += totals.stake;
    // Squared, so that half of them come in the last quarter of the time.
    let draw = rng.i64(0..1_000);
    let lead = LEAD_MINUTES_MIN + draw * draw * LEAD_MINUTES_SPAN / 1_000_000;
    let at = race.closes_at().saturating_sub(SignedDuration::from_mins(lead)).unwrap_or(race.closes_at());
    let body = serde_json::to_vec(&Body { asset, bets: &bets }).unwrap_or_default();
    PlannedSlip { at, race: place, bettor, body: body.into() }
}

/// How many of the slips each race draws.
struct Popularity {
    /// Up to and with each race.
    sums: Vec<u64>,
}

impl Popularity {
    fn new(races: usize, rng: &mut Rng) -> Self {
        let mut sum = 0;
        let sums = (0..races).map(|_| {
            sum += rng.u64(50..=150);
            sum
        });
        Self { sums: sums.collect() }
    }

    fn draw(&self, rng: &mut Rng) -> usize {
        let drawn = rng.u64(..self.sums.last().copied().unwrap_or(1));
        self.sums.partition_point(|sum| *sum <= drawn)
    }
}

/// The next round top-up that covers `yen`.
const fn top_up(yen: i64) -> i64 {
    (yen + TOP_UP_UNIT - 1) / TOP_UP_UNIT * TOP_UP_UNIT
}
