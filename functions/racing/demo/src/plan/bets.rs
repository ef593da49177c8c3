//! What somebody marks on a slip: any bet type, any kind of selection, mostly few combinations and now and then many.

use fastrand::Rng;
use racing_domain::{Bet, BetType, Field, RunnerNumber, STAKE_UNIT, Selection, SlipTotals, check_bets};

/// What every bet type and kind of selection can be drawn from.
const RUNNERS_MIN: usize = 3;
/// Further draws when a slip would be refused or is too dear.
const DRAWS_MAX: u32 = 20;

/// Bets that a slip on `field` may hold, staking at most `stake_max`.
pub(super) fn bets(field: &Field, stake_max: i64, rng: &mut Rng) -> (Vec<Bet>, SlipTotals) {
    let runners: Vec<_> = field.runners().iter().collect();
    if runners.len() < RUNNERS_MIN {
        return cheapest(&runners, rng);
    }
    let types: Vec<_> = BetType::ALL.into_iter().filter(|bet_type| !field.numbers(*bet_type).is_empty()).collect();
    for _ in 0..DRAWS_MAX {
        // Most slips have one bet, a few have a dozen.
        let count = [1, 1, 1, 1, 2, 2, 3, 4, 6, 12][rng.usize(..10)];
        let bets: Vec<_> = (0..count).map(|_| bet(field, &types, rng)).collect();
        if let Ok(totals) = check_bets(&bets, field)
            && totals.stake <= stake_max
        {
            return (bets, totals);
        }
    }
    cheapest(&runners, rng)
}

/// One combination at the smallest stake: what always fits.
fn cheapest(runners: &[RunnerNumber], rng: &mut Rng) -> (Vec<Bet>, SlipTotals) {
    let selection = Selection::Single { runners: some(runners, 1, rng) };
    let bets = vec![Bet { bet_type: BetType::Win, selection, stake: STAKE_UNIT }];
    (bets, SlipTotals { combinations: 1, stake: STAKE_UNIT })
}

fn bet(field: &Field, types: &[BetType], rng: &mut Rng) -> Bet {
    let bet_type = types[rng.usize(..types.len())];
    let stake = STAKE_UNIT * [1, 1, 1, 2, 3, 5, 10][rng.usize(..7)];
    let numbers: Vec<_> = field.numbers(bet_type).iter().collect();
    let mut selection = selection(bet_type, &numbers, rng);
    if bet_type.by_bracket() && rng.u8(..4) == 0 {
        name_twice(&mut selection, field, rng);
    }
    Bet { bet_type, selection, stake }
}

/// Makes one bracket of two runners stand twice, where a selection of brackets can have that.
fn name_twice(selection: &mut Selection, field: &Field, rng: &mut Rng) {
    let of_two: Vec<_> = field.brackets_of_two().iter().collect();
    let Some(&bracket) = of_two.get(rng.usize(..of_two.len().max(1))) else { return };
    match selection {
        Selection::Single { runners } => *runners = vec![bracket; 2],
        Selection::Wheel { axis, with, .. } => {
            *axis = vec![bracket];
            if !with.contains(&bracket) {
                with.push(bracket);
            }
        }
        Selection::Box { .. } | Selection::Formation { .. } => {}
    }
}

fn selection(bet_type: BetType, runners: &[RunnerNumber], rng: &mut Rng) -> Selection {
    let named = bet_type.runners();
    match rng.u8(..10) {
        0..4 => Selection::Single { runners: some(runners, named, rng) },
        4..6 => {
            let size = rng.usize(named..=(named + 2).min(runners.len()));
            Selection::Box { runners: some(runners, size, rng) }
        }
        6..8 => {
            let leg = |_| {
                let size = rng.usize(1..=3.min(runners.len()));
                some(runners, size, rng)
            };
            Selection::Formation { legs: (0..named).map(leg).collect() }
        }
        _ if named == 1 => Selection::Single { runners: some(runners, 1, rng) },
        _ => {
            let axis = rng.usize(1..named);
            let with = rng.usize(named - axis..=(runners.len() - axis).min(4));
            let mut drawn = some(runners, axis + with, rng);
            let with = drawn.split_off(axis);
            Selection::Wheel { axis: drawn, with, multi: bet_type.ordered() && rng.bool() }
        }
    }
}

/// `count` different runners, in any order.
fn some(runners: &[RunnerNumber], count: usize, rng: &mut Rng) -> Vec<RunnerNumber> {
    let mut drawn = runners.to_vec();
    rng.shuffle(&mut drawn);
    drawn.truncate(count);
    drawn
}
