//! Random bets and results for the property tests of this module. Every bet is a valid one, or the properties would hold emptily.

use super::{Bet, BetType, Combination, Dividend, Field, RaceResult, RunnerNumber, RunnerSet, Selection, check_bets};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Most properties are tried on fields of this size: small enough to try every combination.
pub(super) const FIELD_SIZE: RunnerNumber = 9;

pub(super) fn any_runner_set() -> impl Strategy<Value = RunnerSet> {
    runners(0..=FIELD_SIZE.into()).prop_map(RunnerSet::from_iter)
}

/// Keirin's field of nine: brackets 1, 2, 3, 4·5, 6·7 and 8·9.
pub(super) fn keirin() -> Field {
    (1..=FIELD_SIZE).zip([1, 2, 3, 4, 4, 5, 5, 6, 6].map(Some)).collect()
}

/// A bet of any type and kind on a field of nine.
pub(super) fn any_bet() -> impl Strategy<Value = Bet> {
    (select(BetType::ALL.to_vec()), 1..=50_i64)
        .prop_flat_map(|(bet_type, hundreds)| {
            let stake = hundreds * 100;
            any_selection(bet_type).prop_map(move |selection| Bet { bet_type, selection, stake })
        })
        .prop_filter("a bet that would be refused", |bet| bet.selection.check(bet.bet_type, &keirin()).is_ok())
}

/// One to four bets that one slip may hold.
pub(super) fn any_bets() -> impl Strategy<Value = Vec<Bet>> {
    proptest::collection::vec(any_bet(), 1..=4)
        .prop_filter("a slip that would be refused", |bets| check_bets(bets, &keirin()).is_ok())
}

fn any_selection(bet_type: BetType) -> BoxedStrategy<Selection> {
    let named = bet_type.runners();
    let all = keirin().numbers(bet_type);
    let numbers = move |how_many| numbers(all, how_many);
    let wheel = (numbers(1..=named.max(2) - 1), numbers(1..=6), any::<bool>()).prop_map(move |(axis, with, multi)| {
        let with = with.into_iter().filter(|number| bet_type.by_bracket() || !axis.contains(number)).collect();
        Selection::Wheel { axis, with, multi: multi && bet_type.ordered() }
    });
    let twice = (4..=6_u8).prop_map(|bracket| Selection::Single { runners: vec![bracket; 2] });
    prop_oneof![
        4 => numbers(named..=named).prop_map(|runners| Selection::Single { runners }),
        u32::from(bet_type.by_bracket()) => twice,
        4 => numbers(named..=7.min(all.iter().count())).prop_map(|runners| Selection::Box { runners }),
        4 => proptest::collection::vec(numbers(1..=6), named).prop_map(|legs| Selection::Formation { legs }),
        4 => wheel,
    ]
    .boxed()
}

/// Different ones of `all`, in any order.
fn numbers(all: RunnerSet, how_many: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<RunnerNumber>> {
    subsequence(all.iter().collect::<Vec<_>>(), how_many).prop_shuffle()
}

fn runners(how_many: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<RunnerNumber>> {
    numbers((1..=FIELD_SIZE).collect(), how_many)
}

/// A result of any sort: dead heats, refunds, void types, special payouts, and now and then a void race.
pub(super) fn any_result() -> impl Strategy<Value = RaceResult> {
    let of_type = prop_oneof![
        1 => Just((0, None)),
        1 => (1..=90_i64).prop_map(|per_100| (0, Some(per_100))),
        6 => (1..=3_usize).prop_map(|dividends| (dividends, None)),
    ];
    let types = proptest::collection::vec((of_type, any::<[u16; 3]>(), 1..=100_000_i64), BetType::ALL.len());
    (types, runners(0..=2), 0..10_u8).prop_map(|(types, refunded, luck)| {
        let mut result = RaceResult { refunded: refunded.into_iter().collect(), ..RaceResult::default() };
        for (bet_type, ((dividends, consolation), picks, per_100)) in BetType::ALL.into_iter().zip(types) {
            if luck == 0 {
                break;
            }
            let mut every = every_combination(bet_type, FIELD_SIZE);
            every.retain(|combination| keirin().has(bet_type, combination));
            let mut listed: Vec<_> = picks[..dividends].iter().map(|pick| every[usize::from(*pick) % every.len()]).collect();
            listed.sort_unstable();
            listed.dedup();
            let listed = listed.into_iter().map(|combination| Dividend { combination, per_100 }).collect();
            result.dividends.insert(bet_type, listed);
            result.consolation.extend(consolation.map(|per_100| (bet_type, per_100)));
        }
        result
    })
}

/// Every combination of `bet_type` in a field of `field_size`.
pub(super) fn every_combination(bet_type: BetType, field_size: RunnerNumber) -> Vec<Combination> {
    let mut tuples = vec![Vec::new()];
    for _ in 0..bet_type.runners() {
        let longer =
            |tuple: &Vec<RunnerNumber>| (1..=field_size).map(|runner| [tuple.as_slice(), &[runner]].concat()).collect::<Vec<_>>();
        tuples = tuples.iter().flat_map(longer).collect();
    }
    let mut all: Vec<_> = tuples.iter().filter_map(|tuple| Combination::new(bet_type, tuple).ok()).collect();
    all.sort_unstable();
    all.dedup();
    all
}
