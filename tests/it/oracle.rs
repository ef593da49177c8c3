//! A second opinion on every bet. The oracle decides slips from the raw JSON of a result by trying every order of the boats, as
//! slowly and as plainly as the rules are written (shared/data/boatrace/README.md), and uses none of the domain's code for it.
//! Where the domain and the oracle differ on a slip of a real race day, one of them is wrong. Seeded: a failure prints what
//! repeats it.

use fastrand::Rng;
use serde_json::{Map, Value, json};
use shared::racing::{self, Bet, RaceResult, RunnerSet};
use std::collections::BTreeSet;
use std::sync::LazyLock;

const BOATS: u64 = 6;
const COMBINATIONS_MAX: usize = 1_000;
const SLIPS_PER_RACE: usize = 200;
const GENERATED_RACES: u64 = 300;
const REAL_DAYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/boatrace");

/// Each bet type, how many boats it names and whether their order counts.
const TYPES: [(&str, usize, bool); 7] = [
    ("win", 1, false),
    ("place", 1, false),
    ("exacta", 2, true),
    ("quinella", 2, false),
    ("quinella_place", 2, false),
    ("trifecta", 3, true),
    ("trio", 3, false),
];

/// Payout and refund of a slip, in minor units. `race` is one of `results[]` of the Boatrace Open API, with `consolation`, an
/// object of bet type and payment per 100, as the one addition.
pub fn decide(race: &Value, slip: &Value) -> (i64, i64) {
    let never_started = never_started(race);
    let (mut payout, mut refund) = (0, 0);
    for bet in list(&slip["bets"]) {
        let stake = bet["stake"].as_i64().expect("a stake");
        let bet_type = text(&bet["bet_type"]);
        for combination in combinations(bet) {
            match decide_combination(race, &never_started, bet_type, combination) {
                Decision::Refund => refund += stake,
                Decision::Pays(per_100) => payout += stake / 100 * per_100,
                Decision::Lost => {}
            }
        }
    }
    (payout, refund)
}

/// A slip for six boats as raw JSON: one to twelve bets of any type and kind, at most 1,000 combinations together.
pub fn random_slip(rng: &mut Rng) -> Value {
    let mut bets = Vec::new();
    let mut combinations_left = COMBINATIONS_MAX;
    // Mostly short slips, as people write them, so that the 480 races take seconds.
    let bets_max = if rng.u8(..10) == 0 { 12 } else { 3 };
    for _ in 0..rng.usize(1..=bets_max) {
        let bet = random_bet(rng);
        let count = combinations(&bet).len();
        // A formation may come out empty; the domain refuses those, and the oracle has nothing to say of them.
        if count > 0 && count <= combinations_left {
            combinations_left -= count;
            bets.push(bet);
        }
    }
    if bets.is_empty() { random_slip(rng) } else { json!({ "bets": bets }) }
}

enum Decision {
    Pays(i64),
    Refund,
    Lost,
}

fn decide_combination(race: &Value, never_started: &[u64], bet_type: &str, combination: &str) -> Decision {
    let payouts = list(&race["payouts"][bet_type]);
    let consolation = race["consolation"][bet_type].as_i64();
    if payouts.is_empty() && consolation.is_none() {
        return Decision::Refund;
    }
    if combination.split(['-', '=']).any(|boat| never_started.contains(&boat.parse().expect("a boat"))) {
        return Decision::Refund;
    }
    match payouts.iter().find(|listed| listed["combination"] == combination) {
        Some(listed) => Decision::Pays(listed["payout"].as_i64().expect("a payout")),
        None => consolation.map_or(Decision::Lost, Decision::Pays),
    }
}

/// The boats with a false start (14), a late start (15) or that were absent (16).
fn never_started(race: &Value) -> Vec<u64> {
    let refunded = |boat: &&Value| matches!(boat["racer_place_number"].as_u64(), Some(14..=16));
    list(&race["boats"]).iter().filter(refunded).map(|boat| number(&boat["racer_boat_number"])).collect()
}

/// The different combinations of a bet, written as the payouts write them.
fn combinations(bet: &Value) -> BTreeSet<&'static str> {
    let (_, named, ordered) = type_of(bet);
    let is_marked = marks(&bet["selection"]);
    orders(named).iter().filter(|order| is_marked(&order.boats)).map(|order| order.text(ordered)).collect()
}

type Marks = Box<dyn Fn(&[u64]) -> bool>;

/// Whether a bettor who hoped for exactly this order would find it on the slip.
fn marks(selection: &Value) -> Marks {
    let runners = numbers(&selection["runners"]);
    match text(&selection["kind"]) {
        "single" => Box::new(move |order| order == runners),
        "box" => Box::new(move |order| order.iter().all(|boat| runners.contains(boat))),
        "formation" => {
            let legs: Vec<_> = list(&selection["legs"]).iter().map(numbers).collect();
            Box::new(move |order| order.iter().zip(&legs).all(|(boat, leg)| leg.contains(boat)))
        }
        "wheel" => {
            let (axis, with) = (numbers(&selection["axis"]), numbers(&selection["with"]));
            let multi = selection["multi"] == true;
            Box::new(move |order| {
                let (first, others) = order.split_at(axis.len());
                if multi {
                    let of_axis = order.iter().filter(|boat| axis.contains(boat)).count();
                    of_axis == axis.len() && order.iter().all(|boat| axis.contains(boat) || with.contains(boat))
                } else {
                    first == axis && others.iter().all(|boat| with.contains(boat))
                }
            })
        }
        other => panic!("no kind of selection: {other}"),
    }
}

/// Different boats one after the other, and how payouts write them.
struct Order {
    boats: Vec<u64>,
    exact: String,
    any: String,
}

impl Order {
    fn new(boats: Vec<u64>) -> Self {
        let write = |boats: &[u64], separator| boats.iter().map(u64::to_string).collect::<Vec<_>>().join(separator);
        let mut sorted = boats.clone();
        sorted.sort_unstable();
        Self { exact: write(&boats, "-"), any: write(&sorted, "="), boats }
    }

    fn text(&self, ordered: bool) -> &str {
        if ordered { &self.exact } else { &self.any }
    }
}

/// Every order of `named` different boats.
fn orders(named: usize) -> &'static [Order] {
    static ORDERS: LazyLock<[Vec<Order>; 4]> = LazyLock::new(|| {
        let one = || (1..=BOATS).map(|boat| vec![boat]);
        let two = || one().flat_map(move |before| one().map(move |boat| [before.clone(), boat].concat()));
        let three = two().flat_map(|before| one().map(move |boat| [before.clone(), boat].concat()));
        let different = |boats: &Vec<u64>| boats.iter().collect::<BTreeSet<_>>().len() == boats.len();
        [
            vec![],
            one().map(Order::new).collect(),
            two().filter(different).map(Order::new).collect(),
            three.filter(different).map(Order::new).collect(),
        ]
    });
    &ORDERS[named]
}

fn random_bet(rng: &mut Rng) -> Value {
    let (bet_type, named, ordered) = TYPES[rng.usize(..TYPES.len())];
    let selection = match rng.u8(..if named == 1 { 3 } else { 4 }) {
        0 => json!({ "kind": "single", "runners": boats(rng, named, named) }),
        1 => json!({ "kind": "box", "runners": boats(rng, named, 6) }),
        2 => json!({ "kind": "formation", "legs": (0..named).map(|_| boats(rng, 1, 6)).collect::<Vec<_>>() }),
        _ => {
            let mut axis = boats(rng, named, 6);
            let with = axis.split_off(rng.usize(1..named));
            let multi = ordered && rng.bool();
            json!({ "kind": "wheel", "axis": axis, "with": with, "multi": multi })
        }
    };
    json!({ "bet_type": bet_type, "selection": selection, "stake": rng.i64(1..=50) * 100 })
}

/// Between `least` and `most` different boats in any order.
fn boats(rng: &mut Rng, least: usize, most: usize) -> Vec<u64> {
    let mut boats: Vec<_> = (1..=BOATS).collect();
    rng.shuffle(&mut boats);
    boats.truncate(rng.usize(least..=most));
    boats
}

/// A result in the raw form with what real days rarely have: dead heats, scratches, void types, a void race, consolations.
pub fn random_race(rng: &mut Rng) -> Value {
    let order = boats(rng, 6, 6);
    let scratched = if rng.bool() { 0 } else { rng.usize(1..=5) };
    let ran = order.len() - scratched;
    // In a dead heat two neighbours share a place, so either may stand before the other.
    let mut finishes = vec![order[..ran].to_vec()];
    for place in (0..ran.saturating_sub(1)).filter(|_| rng.u8(..5) == 0) {
        let mut swapped = finishes.clone();
        for finish in &mut swapped {
            finish.swap(place, place + 1);
        }
        finishes.extend(swapped);
    }
    let (mut payouts, mut consolation) = (Map::new(), Map::new());
    let void_race = rng.u8(..12) == 0;
    for bet_type in TYPES {
        let mut listed = if void_race || rng.u8(..8) == 0 { BTreeSet::new() } else { winners(&finishes, bet_type) };
        if !void_race && rng.u8(..8) == 0 {
            listed.clear();
            consolation.insert(bet_type.0.into(), json!(rng.i64(1..=90)));
        } else if !listed.is_empty() && rng.u8(..8) == 0 {
            // A combination that is listed though one of its boats may never have started.
            let (_, named, ordered) = bet_type;
            listed.insert(orders(named)[rng.usize(..orders(named).len())].text(ordered));
        }
        let listed: Vec<_> = listed.iter().map(|text| json!({ "combination": text, "payout": rng.i64(1..=100_000) })).collect();
        payouts.insert(bet_type.0.into(), listed.into());
    }
    let place = |(index, boat): (usize, &u64)| {
        let place = if index < ran { [index + 1, 7 + index][usize::from(index > 3)] } else { 14 + index % 3 };
        json!({ "racer_boat_number": boat, "racer_place_number": place })
    };
    json!({ "boats": order.iter().enumerate().map(place).collect::<Vec<_>>(), "payouts": payouts, "consolation": consolation })
}

/// What wins when the boats came in as any of `finishes` says.
fn winners(finishes: &[Vec<u64>], (bet_type, named, ordered): (&str, usize, bool)) -> BTreeSet<&'static str> {
    let among = match bet_type {
        "place" => 2,
        "quinella_place" => 3,
        _ => named,
    };
    let mut winners = BTreeSet::new();
    for finish in finishes {
        let first = &finish[..among.min(finish.len())];
        let wins = |order: &&Order| {
            if named == among { order.boats == first } else { order.boats.iter().all(|boat| first.contains(boat)) }
        };
        winners.extend(orders(named).iter().filter(wins).map(|order| order.text(ordered)));
    }
    winners.into_iter().take(racing::DIVIDENDS_PER_TYPE_MAX - 1).collect()
}

/// The raw result as Koban's feed has it.
pub fn feed(race: &Value) -> RaceResult {
    let dividend = |raw: &Value| json!({ "combination": raw["combination"], "per_100": raw["payout"] });
    let payouts = race["payouts"].as_object().expect("payouts");
    let dividends: Map<_, _> =
        payouts.iter().map(|(bet_type, listed)| (bet_type.clone(), list(listed).iter().map(dividend).collect())).collect();
    let consolation = race.get("consolation").cloned().unwrap_or_else(|| json!({}));
    let feed = json!({ "dividends": dividends, "consolation": consolation, "refunded": never_started(race) });
    serde_json::from_value(feed).expect("a result in the feed's format")
}

/// Settles random slips on `race` both ways, and adds up what the oracle says.
fn compare(race: &Value, rng: &mut Rng, name: &str) -> (i64, i64) {
    let field: RunnerSet = (1..=6).collect();
    let result = feed(race);
    result.check(field).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut sum = (0, 0);
    for _ in 0..SLIPS_PER_RACE {
        let seed = rng.get_seed();
        let slip = random_slip(rng);
        let bets: Vec<Bet> = serde_json::from_value(slip["bets"].clone()).expect("bets in the wire form");
        racing::check_bets(&bets, field).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error} in {slip}"));
        let stored = racing::decode_bets(&racing::encode_bets(&bets)).expect("bets as stored");
        let outcome = racing::outcome(&stored, &result).expect("amounts within range");
        let expected = decide(race, &slip);
        assert_eq!((outcome.payout, outcome.refund), expected, "{name}, seed {seed}: {slip}");
        sum = (sum.0 + expected.0, sum.1 + expected.1);
    }
    sum
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn numbers(value: &Value) -> Vec<u64> {
    list(value).iter().map(number).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn type_of(bet: &Value) -> (&'static str, usize, bool) {
    *TYPES.iter().find(|(name, ..)| bet["bet_type"] == *name).expect("a bet type")
}

#[test]
fn the_domain_agrees_with_the_oracle_on_every_real_race() {
    let mut races = 0;
    let mut sum = (0, 0);
    for day in ["20251226", "20260515", "20260523"] {
        let Ok(results) = std::fs::read(format!("{REAL_DAYS}/results/{day}.json")) else {
            println!("NOT RUN: the real race days are not at {REAL_DAYS}; generated results are compared all the same");
            return;
        };
        let results: Value = serde_json::from_slice(&results).expect("the results are JSON");
        for race in list(&results["results"]) {
            let name = format!("{day}, stadium {} race {}", race["race_stadium_number"], race["race_number"]);
            let (payout, refund) = compare(race, &mut Rng::with_seed(races), &name);
            sum = (sum.0 + payout, sum.1 + refund);
            races += 1;
        }
    }
    assert_eq!(races, 480);
    assert!(sum.0 > 0 && sum.1 > 0, "no slip was paid or none refunded: {sum:?}");
}

#[test]
fn the_domain_agrees_with_the_oracle_on_generated_results() {
    let mut sum = (0, 0);
    for seed in 0..GENERATED_RACES {
        let mut rng = Rng::with_seed(seed);
        let race = random_race(&mut rng);
        let (payout, refund) = compare(&race, &mut rng, &format!("the generated race {seed}: {race}"));
        sum = (sum.0 + payout, sum.1 + refund);
    }
    assert!(sum.0 > 0 && sum.1 > 0, "no slip was paid or none refunded: {sum:?}");
}

#[test]
fn the_oracle_decides_as_the_rules_say() {
    let race = json!({
        "boats": [
            { "racer_boat_number": 1, "racer_place_number": 1 }, { "racer_boat_number": 2, "racer_place_number": 1 },
            { "racer_boat_number": 3, "racer_place_number": 3 }, { "racer_boat_number": 4, "racer_place_number": 9 },
            { "racer_boat_number": 5, "racer_place_number": 14 }, { "racer_boat_number": 6, "racer_place_number": 16 },
        ],
        "payouts": {
            "win": [{ "combination": "1", "payout": 150 }, { "combination": "2", "payout": 320 }],
            "exacta": [{ "combination": "1-2", "payout": 1_000 }, { "combination": "2-1", "payout": 2_000 }],
            "trio": [],
        },
        "consolation": { "quinella": 70 },
    });
    for (bet_type, selection, expected) in [
        ("win", json!({ "kind": "box", "runners": [1, 2, 3, 4, 5] }), (470, 100)),
        ("exacta", json!({ "kind": "single", "runners": [2, 1] }), (2_000, 0)),
        ("exacta", json!({ "kind": "wheel", "axis": [1], "with": [2, 6], "multi": true }), (3_000, 200)),
        ("exacta", json!({ "kind": "wheel", "axis": [1], "with": [2, 6] }), (1_000, 100)),
        ("quinella", json!({ "kind": "formation", "legs": [[1, 2], [1, 2, 5]] }), (70, 200)),
        ("trio", json!({ "kind": "box", "runners": [1, 2, 3, 4] }), (0, 400)),
    ] {
        let slip = json!({ "bets": [{ "bet_type": bet_type, "selection": selection, "stake": 100 }] });
        assert_eq!(decide(&race, &slip), expected, "{slip}");
    }
}
