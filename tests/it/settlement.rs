//! What a result means for the people who bet on it, through the API. It covers every bet type, every way in which a stake is refunded, and
//! every correction. The independent oracle checks random slips.

use crate::harness::{Race, Target, User, all_at_once, bet, dividends, win};
use crate::oracle;
use fastrand::Rng;
use serde_json::{Value, json};
use std::time::Duration;

/// A bet type with runners that win, how a result writes them, what they pay per 100, and runners that lose.
type Example = (&'static str, &'static [u8], &'static str, i64, &'static [u8]);

/// Every bet type when the boats came in as 1, 2, 3.
const TYPES: [Example; 7] = [
    ("win", &[1], "1", 210, &[2]),
    ("place", &[2], "2", 130, &[3]),
    ("exacta", &[1, 2], "1-2", 560, &[2, 1]),
    ("quinella", &[2, 1], "1=2", 320, &[1, 3]),
    ("quinella_place", &[3, 1], "1=3", 200, &[1, 4]),
    ("trifecta", &[1, 2, 3], "1-2-3", 1_980, &[1, 3, 2]),
    ("trio", &[3, 2, 1], "1=2=3", 640, &[1, 2, 4]),
];

fn result() -> Value {
    dividends(&TYPES.map(|(bet_type, _, combination, per_100, _)| (bet_type, combination, per_100)))
}

/// A race and somebody with 100,000 yen and 1,000 medals.
async fn race_and_bettor(target: &Target) -> (Race, User) {
    let race = target.open_race().await;
    let user = target.rich_user(100_000).await;
    user.take_medals().await;
    (race, user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bet_type_pays_in_its_own_asset() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    let mut slips = Vec::new();
    for (bet_type, winner, _, per_100, loser) in TYPES {
        for (asset, units) in [("JPY", 3), ("MEDAL", 1)] {
            let won = user.bet_in(&race, asset, json!([bet(bet_type, winner, units * 100)])).await;
            slips.push((won, "won", units * per_100));
        }
        slips.push((user.bet(&race, json!([bet(bet_type, loser, 100)])).await, "lost", 0));
    }
    let settled = target.settle(&race, &result()).await;
    for (slip, status, payout) in slips {
        assert_eq!(user.outcome(&slip).await, (status.into(), payout, 0), "{slip}");
    }
    let paid_per_100: i64 = TYPES.iter().map(|(_, _, _, per_100, _)| per_100).sum();
    assert_eq!(user.balance("JPY").await, 100_000 - 7 * 400 + 3 * paid_per_100);
    assert_eq!(user.balance("MEDAL").await, 1_000 - 7 * 100 + paid_per_100);
    let line = &user.lines().await[0];
    let amounts = json!([{"asset": "JPY", "minor": 3 * paid_per_100}, {"asset": "MEDAL", "minor": paid_per_100}]);
    assert_eq!((&line["kind"], &line["amounts"]), (&json!("settlement"), &amounts), "one line for all of it");
    let by_asset = json!({
        "JPY": {"stake": 2_800, "payout": 3 * paid_per_100, "refund": 0},
        "MEDAL": {"stake": 700, "payout": paid_per_100, "refund": 0},
    });
    assert_eq!(settled["settlement"]["totals"], json!({"slips": 21, "paid_users": 1, "by_asset": by_asset}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scratched_runner_gives_its_combinations_back() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    let of_box = json!([{"bet_type": "exacta", "selection": {"kind": "box", "runners": [1, 2, 6]}, "stake": 100}]);
    let (boxed, scratched) = (user.bet(&race, of_box).await, user.bet(&race, win(6, 300)).await);
    let mut result = result();
    result["refunded"] = json!([6]);
    target.settle(&race, &result).await;
    // Of six orders four name runner 6, one wins.
    assert_eq!(user.outcome(&boxed).await, ("won".into(), 560, 400));
    assert_eq!(user.outcome(&scratched).await, ("refunded".into(), 0, 300));
    let amounts = json!([{"asset": "JPY", "minor": 560}, {"asset": "JPY", "minor": 700}]);
    assert_eq!(user.lines().await[0]["amounts"], amounts);
    assert_eq!(user.balance("JPY").await, 100_000 - 900 + 560 + 700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brackets_pay_a_pair_and_a_scratch_gives_back_what_nobody_can_make() {
    let target = Target::start().await;
    let race = target.open_keirin_race().await;
    let user = target.rich_user(100_000).await;
    let pair = user.bet(&race, json!([bet("bracket_quinella", &[4, 4], 300), bet("bracket_exacta", &[4, 4], 100)])).await;
    let lost_pair = user.bet(&race, json!([bet("bracket_quinella", &[6, 6], 200)])).await;
    let one_left = user.bet(&race, json!([bet("bracket_quinella", &[6, 1], 200)])).await;
    let everything = json!({"kind": "formation", "legs": [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]]});
    let all = user.bet(&race, json!([{"bet_type": "bracket_exacta", "selection": everything, "stake": 100}])).await;
    // 4 and 5 came in first; 9 was scratched, and 1, the only one of its bracket.
    let mut result = dividends(&[("bracket_quinella", "4=4", 1_230), ("bracket_exacta", "4-4", 2_460)]);
    result["refunded"] = json!([1, 9]);
    target.settle(&race, &result).await;
    assert_eq!(user.outcome(&pair).await, ("won".into(), 3 * 1_230 + 2_460, 0));
    assert_eq!(user.outcome(&lost_pair).await, ("refunded".into(), 0, 200), "rider 8 is alone in bracket 6");
    assert_eq!(user.outcome(&one_left).await, ("refunded".into(), 0, 200), "nobody of bracket 1 starts");
    // Ten with bracket 1, and 6-6.
    assert_eq!(user.outcome(&all).await, ("won".into(), 2_460, 1_100));
    assert_eq!(user.balance("JPY").await, 100_000 - 400 - 200 - 200 - 3_300 + 3 * 1_230 + 2 * 2_460 + 200 + 200 + 1_100);
    // Corrected: a dead heat behind rider 4, and nobody was scratched.
    let corrected =
        dividends(&[("bracket_quinella", "4=4", 500), ("bracket_quinella", "1=4", 400), ("bracket_exacta", "4-1", 900)]);
    target.settle(&race, &corrected).await;
    assert_eq!(user.outcome(&pair).await, ("won".into(), 1_500, 0));
    assert_eq!(user.outcome(&lost_pair).await, ("lost".into(), 0, 0));
    assert_eq!(user.balance("JPY").await, 100_000 - 4_100 + 1_500 + 900);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bet_type_without_dividends_is_refunded() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    let (void, lost) = (user.bet(&race, json!([bet("trio", &[4, 5, 6], 200)])).await, user.bet(&race, win(4, 300)).await);
    target.settle(&race, &dividends(&[("win", "1", 210)])).await;
    assert_eq!(user.outcome(&void).await, ("refunded".into(), 0, 200));
    assert_eq!(user.outcome(&lost).await, ("lost".into(), 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_void_race_gives_everything_back() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    for (bet_type, runners, ..) in TYPES {
        user.bet(&race, json!([bet(bet_type, runners, 100)])).await;
    }
    user.bet_in(&race, "MEDAL", win(1, 500)).await;
    let settled = target.settle(&race, &json!({"dividends": {}})).await;
    assert_eq!((user.balance("JPY").await, user.balance("MEDAL").await), (100_000, 1_000));
    let by_asset = json!({
        "JPY": {"stake": 700, "payout": 0, "refund": 700},
        "MEDAL": {"stake": 500, "payout": 0, "refund": 500},
    });
    assert_eq!(settled["settlement"]["totals"]["by_asset"], by_asset);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consolation_pays_everybody_who_ran() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    let bets = json!([bet("trifecta", &[4, 5, 6], 200), bet("trifecta", &[1, 2, 3], 300), bet("trifecta", &[6, 2, 3], 100)]);
    let slip = user.bet(&race, bets).await;
    let result =
        json!({"dividends": {"win": [{"combination": "1", "per_100": 210}]}, "consolation": {"trifecta": 70}, "refunded": [4]});
    target.settle(&race, &result).await;
    assert_eq!(user.outcome(&slip).await, ("won".into(), 280, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_heat_pays_both() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    let both = user.bet(&race, json!([bet("win", &[1], 100), bet("win", &[2], 200), bet("exacta", &[2, 1], 100)])).await;
    let result = dividends(&[("win", "1", 110), ("win", "2", 150), ("exacta", "1-2", 400), ("exacta", "2-1", 500)]);
    target.settle(&race, &result).await;
    assert_eq!(user.outcome(&both).await, ("won".into(), 110 + 300 + 500, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_closes_by_the_clock_is_settled_too() {
    let target = Target::start().await;
    let user = target.rich_user(1_000).await;
    let race = target.announce(Duration::from_secs(12)).await;
    let slip = user.bet(&race, win(1, 500)).await;
    target.pass(Duration::from_secs(13)).await;
    target.settle(&race, &result()).await;
    assert_eq!(user.outcome(&slip).await, ("won".into(), 1_050, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_posts_the_net_difference_once() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    let slip = user.bet(&race, json!([bet("win", &[1], 500), bet("win", &[2], 100)])).await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    assert_eq!(user.balance("JPY").await, 100_150);
    // 750 was paid; 400 is due, and 500 goes back.
    let corrected = json!({"dividends": {"win": [{"combination": "2", "per_100": 400}]}, "refunded": [1]});
    target.settle(&race, &corrected).await;
    assert_eq!(user.outcome(&slip).await, ("won".into(), 400, 500));
    let line = &user.lines().await[0];
    let amounts = json!([{"asset": "JPY", "minor": 400 - 750}, {"asset": "JPY", "minor": 500}]);
    assert_eq!((&line["kind"], &line["amounts"]), (&json!("correction"), &amounts));
    assert_eq!(user.balance("JPY").await, 99_400 + 900);
    let again = target.feed_results(&race.ended(&corrected)).await.expect(200);
    assert_eq!(again["races"][0]["outcome"], "unchanged");
    assert_eq!(target.race(&race).await["state"], "settled");
    assert_eq!(user.lines().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_may_leave_a_wallet_owing_and_nothing_else_may() {
    let target = Target::start().await;
    let (race, other) = (target.open_race().await, target.open_race().await);
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    user.bet(&other, win(1, 1_200)).await;
    target.settle(&race, &dividends(&[("win", "2", 150)])).await;
    assert_eq!(user.balance("JPY").await, 50 - 750);
    let refused = user.place(&other, "JPY", win(1, 100)).await.refused(402, "insufficient_funds");
    assert_eq!(refused["available"]["minor"], -700);
    user.top_up(1_000).await;
    assert_eq!(user.balance("JPY").await, 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_that_comes_before_the_first_settlement_is_the_only_one_paid() {
    let target = Target::start().await;
    let (race, user) = race_and_bettor(&target).await;
    user.bet(&race, win(1, 500)).await;
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    target.settle(&race, &dividends(&[("win", "1", 190)])).await;
    assert_eq!(user.lines().await[0]["amounts"], json!([{"asset": "JPY", "minor": 950}]));
    assert_eq!(user.balance("JPY").await, 99_500 + 950);
}

/// The bets of a random slip.
fn random_bets(rng: &mut Rng, raw: &Value) -> Value {
    oracle::random_slip(rng, raw)["bets"].clone()
}

/// Somebody's slips on the races, decided by the oracle: id, payout, refund.
async fn bet_at_random(user: &User, races: &[(Race, Value)], seed: u64) -> Vec<(String, i64, i64)> {
    let mut rng = Rng::with_seed(seed);
    let mut decided = Vec::new();
    for (race, raw) in races {
        for _ in 0..3 {
            let bets = random_bets(&mut rng, raw);
            let (payout, refund) = oracle::decide(raw, &json!({"bets": bets}));
            decided.push((user.bet(race, bets).await, payout, refund));
        }
    }
    decided
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_slip_and_every_wallet_agrees_with_the_oracle() {
    let target = Target::start().await;
    let seed = fastrand::u64(..);
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let mut races = Vec::new();
    for race in target.new_races(6, Duration::from_hours(1)) {
        let raw = oracle::random_race(&mut rng);
        let mut announced = race.announced();
        announced["runners"] = oracle::runners(&raw);
        target.feed_races(&race.announcement(&announced)).await.expect(200);
        races.push((race, raw));
    }
    let users = all_at_once((0..6).map(|_| target.rich_user(100_000_000))).await;
    let seeds: Vec<u64> = users.iter().map(|_| rng.u64(..)).collect();
    let bets = all_at_once(users.iter().zip(&seeds).map(|(user, seed)| bet_at_random(user, &races, *seed))).await;
    for (race, raw) in &races {
        let wire = serde_json::to_value(oracle::feed(raw)).unwrap();
        target.feed_results(&race.ended(&wire)).await.expect(200);
    }
    for (race, _) in &races {
        target.until_settled(race).await;
    }
    for (user, slips) in users.iter().zip(&bets) {
        let mut balance = 100_000_000;
        for (slip, payout, refund) in slips {
            let (_, paid, returned) = user.outcome(slip).await;
            assert_eq!((paid, returned), (*payout, *refund), "seed {seed}: {}", user.slip(slip).await);
            balance += payout + refund - user.slip(slip).await["stake"].as_i64().unwrap();
        }
        assert_eq!(user.balance("JPY").await, balance, "seed {seed}");
    }
}
