//! A race day made up from a seed. Everything that settlement must handle happens at least once. There are scratched runners, dead heats, a
//! void bet type and a void race. There is a consolation (特払い), and a bracket that comes first and second.

use super::field::Field;
use super::{PlannedDay, PlannedRace, result_time};
use fastrand::Rng;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use racing_domain::{
    Announcement, BetType, BracketNumber, Combination, Dividend, Placing, RaceId, RaceResult, Runner, RunnerNumber, RunnerSet,
};
use shared::calendar::tokyo;
use shared::id::IdError;

const VENUES: [u8; 2] = [3, 7];
const RACES_PER_VENUE: u8 = 12;
/// The first race closes at half past ten, Japan time; then every venue has one each half hour.
const FIRST_CLOSE_MINUTE: i64 = 10 * 60 + 30;
const BETWEEN_MINUTES: i64 = 30;
const BOATS: RunnerNumber = 6;
/// Keirin's brackets by rider: the three last are of two.
const KEIRIN: [BracketNumber; 9] = [1, 2, 3, 4, 4, 5, 5, 6, 6];

/// What is out of the ordinary about a race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    None,
    Scratched,
    DeadHeatForFirst,
    DeadHeatForThird,
    VoidType,
    Consolation,
    VoidRace,
    BracketFirstAndSecond,
}

/// By the number of the race within the day; the others go as races do.
const fn turn_of(index: usize) -> Turn {
    match index {
        2 | 13 => Turn::Scratched,
        5 => Turn::DeadHeatForFirst,
        7 => Turn::BracketFirstAndSecond,
        8 => Turn::DeadHeatForThird,
        11 => Turn::VoidType,
        16 => Turn::Consolation,
        19 => Turn::VoidRace,
        _ => Turn::None,
    }
}

pub(super) fn day(date: Date, seed: u64) -> Result<PlannedDay, IdError> {
    let mut rng = Rng::with_seed(seed);
    let mut races = Vec::new();
    for number in 1..=RACES_PER_VENUE {
        for (place, venue) in (0_i64..).zip(VENUES) {
            let id = RaceId::new(date, venue, number)?;
            let minute = FIRST_CLOSE_MINUTE + (i64::from(number) - 1) * BETWEEN_MINUTES + place * BETWEEN_MINUTES / 2;
            let closes_at = local_minute(date, minute);
            let runners = if place == 0 { boats() } else { riders() };
            let result = result(turn_of(races.len()), &runners, &mut rng);
            let announcement = Announcement { closes_at, title: format!("Race {number}"), runners };
            races.push(PlannedRace { id, announcement, result, result_at: result_time(closes_at, &mut rng) });
        }
    }
    Ok(PlannedDay::new(date, races))
}

fn local_minute(date: Date, minute: i64) -> Timestamp {
    let midnight = date.to_zoned(tokyo()).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp());
    midnight.saturating_add(SignedDuration::from_mins(minute)).unwrap_or(midnight)
}

fn boats() -> Vec<Runner> {
    (1..=BOATS).map(|number| runner(number, None)).collect()
}

fn riders() -> Vec<Runner> {
    (1..).zip(KEIRIN).map(|(number, bracket)| runner(number, Some(bracket))).collect()
}

fn runner(number: RunnerNumber, bracket: Option<BracketNumber>) -> Runner {
    Runner { number, name: format!("Runner {number}"), bracket }
}

fn result(turn: Turn, runners: &[Runner], rng: &mut Rng) -> RaceResult {
    if turn == Turn::VoidRace {
        return RaceResult::default();
    }
    let last = RunnerNumber::try_from(runners.len()).unwrap_or(RunnerNumber::MAX);
    let scratched = (turn == Turn::Scratched).then(|| rng.u8(1..=last));
    let field = Field::new((1..=last).filter(|runner| Some(*runner) != scratched), rng);
    let mut order = field.finish(rng);
    if turn == Turn::BracketFirstAndSecond {
        // The last three brackets' riders are neighbors.
        let front = *rng.choice(&[4, 6, 8]).unwrap_or(&4);
        order.sort_by_key(|runner| *runner != front && *runner != front + 1);
    }
    let places = places(turn, &order);
    let mut result = RaceResult { refunded: scratched.map_or(RunnerSet::EMPTY, RunnerSet::of), ..RaceResult::default() };
    for bet_type in BetType::ALL {
        let mut listed: Vec<Dividend> = Vec::new();
        for winners in winners(bet_type, &places) {
            let Some(combination) = combination(bet_type, &winners, runners) else { continue };
            if listed.iter().all(|dividend| dividend.combination != combination) {
                listed.push(Dividend { combination, per_100: field.per_100(bet_type, &winners) });
            }
        }
        if !listed.is_empty() {
            result.dividends.insert(bet_type, listed);
        }
    }
    match turn {
        Turn::VoidType => drop(result.dividends.remove(&BetType::QuinellaPlace)),
        Turn::Consolation => {
            result.dividends.remove(&BetType::Trifecta);
            result.consolation.insert(BetType::Trifecta, 70);
        }
        _ => {}
    }
    result.places = places;
    result
}

/// What these runners make; none of brackets where they have none.
fn combination(bet_type: BetType, winners: &[RunnerNumber], runners: &[Runner]) -> Option<Combination> {
    if !bet_type.by_bracket() {
        return Combination::new(bet_type, winners).ok();
    }
    let bracket = |winner: &RunnerNumber| runners.iter().find(|runner| runner.number == *winner)?.bracket;
    let brackets = winners.iter().map(bracket).collect::<Option<Vec<_>>>()?;
    Combination::new(bet_type, &brackets).ok()
}

/// Who finished where. A dead heat shares a place and leaves the next one out.
fn places(turn: Turn, order: &[RunnerNumber]) -> Vec<Placing> {
    let place = |index: usize| match (turn, index) {
        (Turn::DeadHeatForFirst, 1) => 1,
        (Turn::DeadHeatForThird, 3) => 3,
        _ => u8::try_from(index + 1).unwrap_or(u8::MAX),
    };
    order.iter().enumerate().map(|(index, runner)| Placing { runner: *runner, place: place(index) }).collect()
}

/// The combinations that win, each as the runners of one possible order.
fn winners(bet_type: BetType, places: &[Placing]) -> Vec<Vec<RunnerNumber>> {
    let within = |last: u8| places.iter().filter(move |placing| placing.place <= last).copied().collect::<Vec<_>>();
    match bet_type {
        BetType::Win => within(1).iter().map(|placing| vec![placing.runner]).collect(),
        BetType::Place => within(2).iter().map(|placing| vec![placing.runner]).collect(),
        BetType::QuinellaPlace => pairs(&within(3)),
        BetType::Exacta | BetType::Quinella | BetType::BracketExacta | BetType::BracketQuinella => orders(places, 2),
        BetType::Trifecta | BetType::Trio => orders(places, 3),
    }
}

fn pairs(placed: &[Placing]) -> Vec<Vec<RunnerNumber>> {
    let with_later = |(index, one): (usize, &Placing)| {
        let one = one.runner;
        placed[index + 1..].iter().map(move |other| vec![one, other.runner]).collect::<Vec<_>>()
    };
    placed.iter().enumerate().flat_map(with_later).collect()
}

/// The first `count` runners, in every order that dead heats allow.
fn orders(places: &[Placing], count: usize) -> Vec<Vec<RunnerNumber>> {
    let mut orders = vec![Vec::<Placing>::new()];
    for _ in 0..count {
        let longer = |order: &Vec<Placing>| {
            let left: Vec<_> = places.iter().filter(|placing| !order.contains(placing)).copied().collect();
            let next = left.iter().map(|placing| placing.place).min();
            let extended = left.into_iter().filter(|placing| Some(placing.place) == next);
            extended.map(|placing| [order.as_slice(), &[placing]].concat()).collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(longer).collect();
    }
    orders.into_iter().map(|order| order.into_iter().map(|placing| placing.runner).collect()).collect()
}
