//! A second opinion on every bet. The oracle decides slips from the raw JSON of a result by trying every order of the boats. It is as slow
//! and plain as the rules (shared/data/boatrace/README.md), and uses none of the domain's code. Where the domain and the oracle differ on a
//! slip of a real race day, one of them is wrong. Seeded: a failure prints what repeats it.
//!
//! It decides bracket bets by the riders. A combination is on sale if two announced riders can make it by coming first and second. It stays
//! valid if two that started can.

mod random;

pub use random::{race as random_race, slip as random_slip};

use fastrand::Rng;
use racing_domain::{self as racing, Bet, Field, RaceResult};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;

const BOATS_MAX: u64 = 9;
const BRACKETS: u64 = 6;
const SLIPS_PER_RACE: usize = 200;
const GENERATED_RACES: u64 = 300;
const REAL_DAYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/boatrace");

/// A bet type's name, how many boats or brackets it names and whether their order counts.
type BetType = (&'static str, usize, bool);

const TYPES: [BetType; 9] = [
    ("win", 1, false),
    ("place", 1, false),
    ("exacta", 2, true),
    ("quinella", 2, false),
    ("quinella_place", 2, false),
    ("trifecta", 3, true),
    ("trio", 3, false),
    ("bracket_exacta", 2, true),
    ("bracket_quinella", 2, false),
];

/// Payout and refund of a slip, in minor units. `race` is one of `results[]` of the Boatrace Open API, with two additions. `consolation` is
/// an object of bet type and payment per 100, and a boat has its `bracket`.
pub fn decide(race: &Value, slip: &Value) -> (i64, i64) {
    let never_started = never_started(race);
    let (mut payout, mut refund) = (0, 0);
    for bet in list(&slip["bets"]) {
        let stake = bet["stake"].as_i64().expect("a stake");
        let bet_type = text(&bet["bet_type"]);
        for combination in combinations(race, bet) {
            match decide_combination(race, &never_started, bet_type, combination) {
                Decision::Refund => refund += stake,
                Decision::Pays(per_100) => payout += stake / 100 * per_100,
                Decision::Lost => {}
            }
        }
    }
    (payout, refund)
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
    let named: Vec<u64> = combination.split(['-', '=']).map(|named| named.parse().expect("a number")).collect();
    let starts = |boat: &&Value| !never_started.contains(&number(&boat["racer_boat_number"]));
    let stands = if names_brackets(bet_type) {
        can_make(&list(&race["boats"]).iter().filter(starts).collect::<Vec<_>>(), &named)
    } else {
        named.iter().all(|boat| !never_started.contains(boat))
    };
    if !stands {
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

fn names_brackets(bet_type: &str) -> bool {
    bet_type.starts_with("bracket_")
}

/// Whether one of `boats` can be of the first bracket named and another of the second.
fn can_make(boats: &[&Value], brackets: &[u64]) -> bool {
    let is_of = |boat: &Value, bracket: u64| boat["bracket"] == bracket;
    let second = |first: &Value| {
        boats.iter().any(|boat| boat["racer_boat_number"] != first["racer_boat_number"] && is_of(boat, brackets[1]))
    };
    boats.iter().any(|first| is_of(first, brackets[0]) && second(first))
}

/// The different combinations of a bet, written as the payouts write them.
fn combinations(race: &Value, bet: &Value) -> BTreeSet<&'static str> {
    let (name, _, ordered) = type_of(bet);
    let is_marked = marks(&bet["selection"], names_brackets(name));
    on_sale(race, type_of(bet)).filter(|order| is_marked(&order.named)).map(|order| order.text(ordered)).collect()
}

/// Every order of boats or brackets in which the race can end, as far as the bet type looks.
fn on_sale(race: &Value, (name, named, _): BetType) -> impl Iterator<Item = &'static Order> {
    let boats: Vec<&Value> = list(&race["boats"]).iter().collect();
    let all = if names_brackets(name) { bracket_pairs() } else { orders(boats.len(), named) };
    all.iter().filter(move |order| !names_brackets(name) || can_make(&boats, &order.named))
}

type Marks = Box<dyn Fn(&[u64]) -> bool>;

/// Whether a bettor who hoped for exactly this order would find it on the slip.
fn marks(selection: &Value, of_brackets: bool) -> Marks {
    let runners = numbers(&selection["runners"]);
    match text(&selection["kind"]) {
        "single" => Box::new(move |order| order == runners),
        // A box is of different brackets; of boats an order never has the same twice.
        "box" => Box::new(move |order| order.iter().all(|boat| runners.contains(boat)) && order.get(1) != order.first()),
        "formation" => {
            let legs: Vec<_> = list(&selection["legs"]).iter().map(numbers).collect();
            Box::new(move |order| order.iter().zip(&legs).all(|(boat, leg)| leg.contains(boat)))
        }
        "wheel" => {
            let (axis, with) = (numbers(&selection["axis"]), numbers(&selection["with"]));
            let multi = selection["multi"] == true;
            Box::new(move |order| {
                let (first, others) = order.split_at(axis.len());
                if multi && of_brackets {
                    // Either way round, the axis among the others or not.
                    let found = |one: u64, other: u64| axis == [one] && with.contains(&other);
                    found(order[0], order[1]) || found(order[1], order[0])
                } else if multi {
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

/// Boats or brackets one after the other, and how payouts write them.
struct Order {
    named: Vec<u64>,
    exact: String,
    any: String,
}

impl Order {
    fn new(named: Vec<u64>) -> Self {
        let write = |named: &[u64], separator| named.iter().map(u64::to_string).collect::<Vec<_>>().join(separator);
        let mut sorted = named.clone();
        sorted.sort_unstable();
        Self { exact: write(&named, "-"), any: write(&sorted, "="), named }
    }

    fn text(&self, ordered: bool) -> &str {
        if ordered { &self.exact } else { &self.any }
    }
}

/// Every order of `named` different ones of `boats`.
fn orders(boats: usize, named: usize) -> &'static [Order] {
    static ORDERS: LazyLock<Vec<[Vec<Order>; 4]>> = LazyLock::new(|| (0..=BOATS_MAX).map(orders_of).collect());
    &ORDERS[boats][named]
}

fn orders_of(boats: u64) -> [Vec<Order>; 4] {
    let one = || (1..=boats).map(|boat| vec![boat]);
    let two = || one().flat_map(move |before| one().map(move |boat| [before.clone(), boat].concat()));
    let three = two().flat_map(|before| one().map(move |boat| [before.clone(), boat].concat()));
    let different = |boats: &Vec<u64>| boats.iter().collect::<BTreeSet<_>>().len() == boats.len();
    [
        vec![],
        one().map(Order::new).collect(),
        two().filter(different).map(Order::new).collect(),
        three.filter(different).map(Order::new).collect(),
    ]
}

/// Every bracket before every bracket, itself among them.
fn bracket_pairs() -> &'static [Order] {
    static PAIRS: LazyLock<Vec<Order>> = LazyLock::new(|| {
        let pair = |first| (1..=BRACKETS).map(move |second| Order::new(vec![first, second]));
        (1..=BRACKETS).flat_map(pair).collect()
    });
    &PAIRS
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

/// The runners of the raw result, as Koban's feed announces them.
pub fn runners(race: &Value) -> Value {
    let runner = |boat: &Value| {
        let mut runner = json!({ "number": boat["racer_boat_number"], "name": "" });
        if boat["bracket"].is_u64() {
            runner["bracket"] = boat["bracket"].clone();
        }
        runner
    };
    list(&race["boats"]).iter().map(runner).collect()
}

fn field(race: &Value) -> Field {
    let small = |value: &Value| value.as_u64().map(|value| u8::try_from(value).expect("a small number"));
    let boat = |boat: &Value| (small(&boat["racer_boat_number"]).expect("a number"), small(&boat["bracket"]));
    list(&race["boats"]).iter().map(boat).collect()
}

/// Settles random slips on `race` both ways, and adds up what the oracle says.
fn compare(race: &Value, rng: &mut Rng, name: &str) -> (i64, i64) {
    let field = field(race);
    let result = feed(race);
    result.check(&field).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut sum = (0, 0);
    for _ in 0..SLIPS_PER_RACE {
        let seed = rng.get_seed();
        let slip = random_slip(rng, race);
        let bets: Vec<Bet> = serde_json::from_value(slip["bets"].clone()).expect("bets in the wire form");
        racing::check_bets(&bets, &field).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error} in {slip}"));
        let stored = racing::decode_bets(&racing::encode_bets(&bets)).expect("bets as stored");
        let outcome = racing::outcome(&stored, &field, &result).expect("amounts within range");
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

fn type_of(bet: &Value) -> BetType {
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

#[test]
fn the_oracle_decides_brackets_as_the_rules_say() {
    // Nine riders, 5 and 6 scratched; 4 and 8 first together, then 9.
    let brackets = [1, 2, 3, 4, 4, 5, 5, 6, 6];
    let places = [4, 5, 6, 1, 14, 16, 7, 1, 3];
    let rider = |(index, (bracket, place)): (usize, (&u64, &u64))| json!({ "racer_boat_number": index + 1, "bracket": bracket, "racer_place_number": place });
    let race = json!({
        "boats": brackets.iter().zip(&places).enumerate().map(rider).collect::<Vec<_>>(),
        "payouts": {
            "bracket_exacta": [{ "combination": "4-6", "payout": 700 }, { "combination": "6-4", "payout": 800 }],
            "bracket_quinella": [{ "combination": "4=6", "payout": 400 }],
        },
    });
    let everything = json!({ "kind": "formation", "legs": [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]] });
    for (bet_type, selection, expected) in [
        // Of 18 and 33 combinations 4=4 and 5=5 have one starter each.
        ("bracket_quinella", everything.clone(), (400, 200)),
        ("bracket_exacta", everything, (1_500, 200)),
        ("bracket_quinella", json!({ "kind": "single", "runners": [4, 4] }), (0, 100)),
        ("bracket_quinella", json!({ "kind": "single", "runners": [6, 6] }), (0, 0)),
        ("bracket_quinella", json!({ "kind": "single", "runners": [5, 1] }), (0, 0)),
        ("bracket_quinella", json!({ "kind": "box", "runners": [4, 5, 6] }), (400, 0)),
        ("bracket_exacta", json!({ "kind": "wheel", "axis": [4], "with": [4, 6], "multi": true }), (1_500, 100)),
    ] {
        let slip = json!({ "bets": [{ "bet_type": bet_type, "selection": selection, "stake": 100 }] });
        assert_eq!(decide(&race, &slip), expected, "{slip}");
    }
    for (bet_type, count) in [("bracket_quinella", 18), ("bracket_exacta", 33)] {
        let bet_type = *TYPES.iter().find(|(name, ..)| *name == bet_type).expect("a bet type");
        let texts: BTreeSet<_> = on_sale(&race, bet_type).map(|order| order.text(bet_type.2)).collect();
        assert_eq!(texts.len(), count, "{}", bet_type.0);
    }
}
