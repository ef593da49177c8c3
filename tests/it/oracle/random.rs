//! Random slips and races for the oracle: what real days rarely have, and brackets, which the real days of boats never have.

use super::{BRACKETS, BetType, TYPES, combinations, list, names_brackets, on_sale};
use fastrand::Rng;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const COMBINATIONS_MAX: usize = 1_000;

/// A slip on `race` as raw JSON: one to twelve bets of any type and kind, at most 1,000 combinations together.
pub fn slip(rng: &mut Rng, race: &Value) -> Value {
    let mut bets = Vec::new();
    let mut combinations_left = COMBINATIONS_MAX;
    // Mostly short slips, as people write them, so that the 480 races take seconds.
    let bets_max = if rng.u8(..10) == 0 { 12 } else { 3 };
    for _ in 0..rng.usize(1..=bets_max) {
        let bet = bet(rng, race);
        let count = combinations(race, &bet).len();
        // A formation may come out empty; the domain refuses those, and the oracle has nothing to say of them.
        if count > 0 && count <= combinations_left {
            combinations_left -= count;
            bets.push(bet);
        }
    }
    if bets.is_empty() { slip(rng, race) } else { json!({ "bets": bets }) }
}

/// A result in the raw form with what real days rarely have: dead heats, scratches, void types, a void race, consolations. Of
/// six boats, of keirin's nine riders in brackets, or of four to nine riders in any brackets.
pub fn race(rng: &mut Rng) -> Value {
    let brackets: Vec<Option<u64>> = match rng.u8(..3) {
        0 => vec![None; 6],
        1 => [1, 2, 3, 4, 4, 5, 5, 6, 6].map(Some).into(),
        _ => (0..rng.usize(4..=9)).map(|_| Some(rng.u64(1..=BRACKETS))).collect(),
    };
    let order = some(rng, 1..=brackets.len() as u64, brackets.len(), brackets.len());
    let scratched = if rng.bool() { 0 } else { rng.usize(1..order.len()) };
    let ran = order.len() - scratched;
    let boat = |(index, boat): (usize, &u64)| {
        let place = if index < ran { [index + 1, (7 + index).min(13)][usize::from(index > 3)] } else { 14 + index % 3 };
        let mut boat = json!({ "racer_boat_number": boat, "racer_place_number": place });
        if let Some(bracket) = brackets[index_of(&boat["racer_boat_number"])] {
            boat["bracket"] = bracket.into();
        }
        boat
    };
    let mut race = json!({ "boats": order.iter().enumerate().map(boat).collect::<Vec<_>>() });
    let finishes = finishes(rng, &order[..ran]);
    let (payouts, consolation) = payouts(rng, &race, &finishes, &brackets);
    race["payouts"] = payouts.into();
    race["consolation"] = consolation.into();
    race
}

fn index_of(number: &Value) -> usize {
    usize::try_from(super::number(number)).expect("a number") - 1
}

/// The orders that `finish` may be read as. In a dead heat two neighbors share a place, so either may stand before the other.
fn finishes(rng: &mut Rng, finish: &[u64]) -> Vec<Vec<u64>> {
    let mut finishes = vec![finish.to_vec()];
    for place in (0..finish.len().saturating_sub(1)).filter(|_| rng.u8(..5) == 0) {
        let mut swapped = finishes.clone();
        for finish in &mut swapped {
            finish.swap(place, place + 1);
        }
        finishes.extend(swapped);
    }
    finishes
}

type Listed = Map<String, Value>;

fn payouts(rng: &mut Rng, race: &Value, finishes: &[Vec<u64>], brackets: &[Option<u64>]) -> (Listed, Listed) {
    let (mut payouts, mut consolation) = (Map::new(), Map::new());
    let void_race = rng.u8(..12) == 0;
    for bet_type in TYPES.into_iter().filter(|(name, ..)| brackets[0].is_some() || !names_brackets(name)) {
        let (name, _, ordered) = bet_type;
        let on_sale: Vec<_> = on_sale(race, bet_type).collect();
        let wins = |order: &[u64]| finishes.iter().any(|finish| wins(finish, brackets, bet_type, order));
        let winning = on_sale.iter().filter(|order| wins(&order.named)).map(|order| order.text(ordered));
        let mut listed: BTreeSet<_> =
            winning.collect::<BTreeSet<_>>().into_iter().take(racing_domain::DIVIDENDS_PER_TYPE_MAX - 1).collect();
        if void_race || rng.u8(..8) == 0 {
            listed.clear();
        }
        if !void_race && rng.u8(..8) == 0 {
            listed.clear();
            consolation.insert(name.into(), json!(rng.i64(1..=90)));
        } else if !listed.is_empty() && rng.u8(..8) == 0 {
            // A combination that is listed though one of its boats may never have started.
            listed.insert(on_sale[rng.usize(..on_sale.len())].text(ordered));
        }
        let listed: Vec<_> = listed.iter().map(|text| json!({ "combination": text, "payout": rng.i64(1..=100_000) })).collect();
        payouts.insert(name.into(), listed.into());
    }
    (payouts, consolation)
}

/// Whether `order` is what wins when the boats came in as `finish`.
fn wins(finish: &[u64], brackets: &[Option<u64>], (name, named, _): BetType, order: &[u64]) -> bool {
    let among = match name {
        "place" => 2,
        "quinella_place" => 3,
        _ => named,
    };
    let mut first = finish[..among.min(finish.len())].to_vec();
    if names_brackets(name) {
        first = first.iter().map(|boat| brackets[index_of(&json!(boat))].expect("a bracket")).collect();
    }
    if named == among { order == first } else { order.iter().all(|boat| first.contains(boat)) }
}

fn bet(rng: &mut Rng, race: &Value) -> Value {
    let boats = list(&race["boats"]);
    let of_boats: BTreeSet<u64> = boats.iter().filter_map(|boat| boat["bracket"].as_u64()).collect();
    let types: Vec<_> = TYPES.into_iter().filter(|(name, ..)| !names_brackets(name) || !of_boats.is_empty()).collect();
    let (bet_type, named, ordered) = types[rng.usize(..types.len())];
    let by_bracket = names_brackets(bet_type);
    let numbers: Vec<u64> = if by_bracket { of_boats.into_iter().collect() } else { (1..=boats.len() as u64).collect() };
    let some = |rng: &mut Rng, least, most| some(rng, numbers.iter().copied(), least, most);
    let alone = by_bracket && numbers.len() == 1;
    let kind = if alone { 2 } else { rng.u8(..if named == 1 { 3 } else { 4 }) };
    let selection = match kind {
        0 if by_bracket && rng.bool() => match pairs(race).as_slice() {
            [] => json!({ "kind": "single", "runners": some(rng, named, named) }),
            pairs => {
                let bracket = pairs[rng.usize(..pairs.len())];
                json!({ "kind": "single", "runners": [bracket, bracket] })
            }
        },
        0 => json!({ "kind": "single", "runners": some(rng, named, named) }),
        1 => json!({ "kind": "box", "runners": some(rng, named, 6) }),
        2 => json!({ "kind": "formation", "legs": (0..named).map(|_| some(rng, 1, 6)).collect::<Vec<_>>() }),
        _ => {
            let mut axis = some(rng, named, 6);
            let mut with = axis.split_off(rng.usize(1..named));
            if by_bracket && pairs(race).contains(&axis[0]) && rng.bool() {
                with.push(axis[0]);
            }
            json!({ "kind": "wheel", "axis": axis, "with": with, "multi": ordered && rng.bool() })
        }
    };
    json!({ "bet_type": bet_type, "selection": selection, "stake": rng.i64(1..=50) * 100 })
}

/// The brackets that more than one boat is of.
fn pairs(race: &Value) -> Vec<u64> {
    let of_boats: Vec<u64> = list(&race["boats"]).iter().filter_map(|boat| boat["bracket"].as_u64()).collect();
    (1..=BRACKETS).filter(|bracket| of_boats.iter().filter(|other| *other == bracket).count() > 1).collect()
}

/// Between `least` and `most` different ones of `all` in any order.
fn some(rng: &mut Rng, all: impl IntoIterator<Item = u64>, least: usize, most: usize) -> Vec<u64> {
    let mut drawn: Vec<_> = all.into_iter().collect();
    rng.shuffle(&mut drawn);
    drawn.truncate(rng.usize(least..=most));
    drawn
}
