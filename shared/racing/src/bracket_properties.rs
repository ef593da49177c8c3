//! Bracket bets against the riders themselves: a combination is one that some two riders can make by coming first and second. The tests try
//! every way to put up to nine riders into six brackets. With up to five riders and with keirin's nine they try every first two. With
//! keirin's nine they try every scratch.

use super::samples::keirin;
use super::{Bet, BetType, BracketNumber, Combination, Dividend, Field, RaceResult, RunnerNumber, RunnerSet, Selection, outcome};
use std::collections::BTreeSet;

const BRACKETS: BracketNumber = 6;
const TYPES: [BetType; 2] = [BetType::BracketExacta, BetType::BracketQuinella];
const PER_100: i64 = 350;

/// Each rider's bracket.
type Layout = Vec<BracketNumber>;

/// Every layout of `riders`, by how many each bracket has: who of them has which number changes no count.
fn layouts(riders: usize) -> Vec<Layout> {
    let longer = |layout: &Layout| {
        let last = layout.last().copied().unwrap_or(1);
        (last..=BRACKETS).map(|bracket| [layout.as_slice(), &[bracket]].concat()).collect::<Vec<_>>()
    };
    (0..riders).fold(vec![Layout::new()], |layouts, _| layouts.iter().flat_map(longer).collect())
}

fn keirin_layout() -> Layout {
    vec![1, 2, 3, 4, 4, 5, 5, 6, 6]
}

fn field(layout: &[BracketNumber]) -> Field {
    (1..).zip(layout.iter().copied().map(Some)).collect()
}

/// Every first and second, as riders' numbers.
fn finishes(starters: &[RunnerNumber]) -> Vec<[RunnerNumber; 2]> {
    let behind =
        |first: RunnerNumber| starters.iter().filter(move |second| **second != first).map(move |second| [first, *second]);
    starters.iter().flat_map(|first| behind(*first)).collect()
}

/// What wins when these two riders are in front.
fn winner(bet_type: BetType, layout: &[BracketNumber], finish: [RunnerNumber; 2]) -> Combination {
    Combination::new(bet_type, &finish.map(|rider| layout[usize::from(rider) - 1])).unwrap()
}

fn everything() -> Selection {
    Selection::Formation { legs: vec![(1..=BRACKETS).collect(); 2] }
}

fn bet(bet_type: BetType, selection: Selection) -> Bet {
    Bet { bet_type, selection, stake: 100 }
}

/// The result of a race that these finishes won: several in a dead heat.
fn result(bet_type: BetType, layout: &[BracketNumber], finishes: &[[RunnerNumber; 2]], refunded: RunnerSet) -> RaceResult {
    let winners: BTreeSet<_> = finishes.iter().map(|finish| winner(bet_type, layout, *finish)).collect();
    let listed = winners.into_iter().map(|combination| Dividend { combination, per_100: PER_100 }).collect();
    RaceResult { dividends: [(bet_type, listed)].into(), refunded, ..RaceResult::default() }
}

#[test]
fn what_is_on_sale_is_what_two_riders_can_make() {
    let mut tried = 0;
    for layout in (2..=9).flat_map(layouts) {
        let field = field(&layout);
        let riders: Vec<_> = field.runners().iter().collect();
        for bet_type in TYPES {
            let possible: BTreeSet<_> = finishes(&riders).into_iter().map(|finish| winner(bet_type, &layout, finish)).collect();
            let offered = everything().combinations(bet_type, &field);
            assert_eq!(offered, possible.iter().copied().collect::<Vec<_>>(), "{bet_type} {layout:?}");
            assert_eq!(everything().count(bet_type, &field) as usize, possible.len(), "{bet_type} {layout:?}");
        }
        tried += 1;
    }
    assert_eq!(tried, 4_998, "the ways to put 2 to 9 riders into 6 brackets");
}

#[test]
fn every_finish_pays_exactly_its_combination() {
    for layout in (2..=5).flat_map(layouts).chain([keirin_layout()]) {
        let field = field(&layout);
        let riders: Vec<_> = field.runners().iter().collect();
        for bet_type in TYPES {
            let all = everything().combinations(bet_type, &field);
            for finish in finishes(&riders) {
                let result = result(bet_type, &layout, &[finish], RunnerSet::EMPTY);
                assert_eq!(result.check(&field), Ok(()));
                for combination in &all {
                    let single = Selection::Single { runners: combination.numbers().to_vec() };
                    let came_to = outcome(&[bet(bet_type, single)], &field, &result).unwrap();
                    let expected = if *combination == winner(bet_type, &layout, finish) { PER_100 } else { 0 };
                    assert_eq!((came_to.payout, came_to.refund), (expected, 0), "{bet_type} {combination} {layout:?} {finish:?}");
                }
                let came_to = outcome(&[bet(bet_type, everything())], &field, &result).unwrap();
                assert_eq!((came_to.payout, came_to.winning, came_to.refunded), (PER_100, 1, 0));
            }
        }
    }
}

#[test]
fn after_any_scratch_what_two_starters_cannot_make_is_refunded() {
    let layout = keirin_layout();
    for scratched in 0..1_u32 << 9 {
        let (starters, refunded): (Vec<RunnerNumber>, Vec<RunnerNumber>) =
            (1..=9).partition(|rider| scratched >> (rider - 1) & 1 == 0);
        for bet_type in TYPES {
            let Some(&finish) = finishes(&starters).first() else { continue };
            let result = result(bet_type, &layout, &[finish], refunded.iter().copied().collect());
            let standing: BTreeSet<_> = finishes(&starters).into_iter().map(|finish| winner(bet_type, &layout, finish)).collect();
            let sold = everything().count(bet_type, &keirin()) as usize;
            let came_to = outcome(&[bet(bet_type, everything())], &keirin(), &result).unwrap();
            assert_eq!(came_to.refunded as usize, sold - standing.len(), "{bet_type} without {refunded:?}");
            assert_eq!((came_to.payout, came_to.refund), (PER_100, i64::from(came_to.refunded) * 100));
        }
    }
}

#[test]
fn a_dead_heat_pays_every_combination_it_makes_once() {
    let layout = keirin_layout();
    for (finishes, exacta, quinella) in [
        // 4 and 5, of one bracket, first together: both orders are the same pair.
        (vec![[4, 5], [5, 4]], "4-4", "4=4"),
        (vec![[1, 9], [9, 1]], "1-6 6-1", "1=6"),
        // 6 first, then 7 of its own bracket and 2 together.
        (vec![[6, 7], [6, 2]], "5-2 5-5", "2=5 5=5"),
        // 1 first, then both of bracket 4 together: one combination.
        (vec![[1, 4], [1, 5]], "1-4", "1=4"),
        // 4, 5 and 8 first together.
        (vec![[4, 5], [5, 4], [4, 8], [8, 4], [5, 8], [8, 5]], "4-4 4-6 6-4", "4=4 4=6"),
    ] {
        for (bet_type, expected) in [(BetType::BracketExacta, exacta), (BetType::BracketQuinella, quinella)] {
            let result = result(bet_type, &layout, &finishes, RunnerSet::EMPTY);
            let listed: Vec<_> = result.dividends_of(bet_type).iter().map(|dividend| dividend.combination.to_string()).collect();
            assert_eq!(listed.join(" "), expected, "{finishes:?}");
            let came_to = outcome(&[bet(bet_type, everything())], &keirin(), &result).unwrap();
            assert_eq!((came_to.winning as usize, came_to.payout), (listed.len(), PER_100 * i64::from(came_to.winning)));
        }
    }
}
