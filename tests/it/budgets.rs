//! What each operation may cost, as the design's table says: write units, read units and calls, as DynamoDB reports them. Requests report
//! theirs in `Server-Timing`, and workers in the log.

use crate::costs_page::{self, assert_documented};
use crate::harness::{Cost, Invocation, Race, Response, Target, all_at_once, dividends, random_text, win};
use cloud::Config;
use serde_json::{Value, json};

/// How many people the race of the settlement's budget pays.
const PAID: usize = 100;

/// The longest slip that may be placed on six runners.
fn longest_slip() -> Value {
    let all = [1, 2, 3, 4, 5, 6];
    let long =
        json!({"bet_type": "trifecta", "selection": {"kind": "formation", "legs": [all, all, [1, 2, 3, 4]]}, "stake": 100});
    let short = json!({"bet_type": "trio", "selection": {"kind": "wheel", "axis": [1, 2], "with": [3, 4, 5, 6]}, "stake": 100});
    let mut bets = vec![long; 9];
    bets.extend(vec![short; 3]);
    json!(bets)
}

#[track_caller]
fn within(what: &str, found: f64, most: f64) {
    assert!(found <= most + 1e-9, "{what}: {found}, at most {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_is_5_write_units_and_3_calls_or_2_beside_another() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(1_000_000).await;
    let mut costs: Vec<Cost> = Vec::new();
    let first = [win(1, 100), win(2, 100), longest_slip(), win(3, 100), win(4, 100)];
    for (index, bets) in first.iter().chain(std::iter::repeat_n(&first[0], 25)).enumerate() {
        // Another process may answer on AWS, which has no copy of the race: some slip finds one that does.
        if index >= first.len() && costs.iter().any(|cost| cost.calls <= 2.0) {
            break;
        }
        let placed = user.place(&race, "JPY", bets.clone()).await;
        placed.expect(201);
        let cost = placed.cost();
        within("write units of a slip", cost.wru, 5.0);
        within("calls of a slip", cost.calls, 3.0);
        within("read units of a slip", cost.rru, 2.0);
        costs.push(cost);
    }
    let at_hand = costs.iter().copied().min_by(|one, other| one.calls.total_cmp(&other.calls)).unwrap();
    within("calls with a copy of the race", at_hand.calls, 2.0);
    assert_documented("place a slip of any size", costs[0]);
    assert_documented(costs_page::A_SLIP, at_hand);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_1_write_unit_and_a_form_error_none() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.user();
    let refused = user.place(&race, "JPY", win(1, 100)).await;
    refused.refused(402, "insufficient_funds");
    within("write units of a refusal", refused.cost().wru, 1.0);
    assert_documented("refuse a slip", refused.cost());
    let form = user.place(&race, "JPY", win(1, 150)).await;
    form.refused(422, "stake_not_multiple_of_100");
    within("write units of a form error", form.cost().wru, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_a_balance_is_1_call_and_1_read_unit_however_long_the_history() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(100_000).await;
    for runner in [1, 2, 3, 4, 5, 6, 1, 2, 3, 4] {
        user.bet(&race, win(runner, 100)).await;
    }
    let cost = user.get("/v1/wallet").await.cost();
    within("calls of a balance", cost.calls, 1.0);
    within("read units of a balance", cost.rru, 1.0);
    within("write units of a balance", cost.wru, 0.0);
    assert_documented("read the balances", cost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_days_medals_are_4_write_units_and_2_calls() {
    let target = Target::start().await;
    let granted = target.user().post("/v1/medals/daily", &json!({})).await;
    granted.expect(200);
    within("write units of a grant", granted.cost().wru, 4.0);
    within("calls of a grant", granted.cost().calls, 2.0);
    assert_documented("grant the day's medals", granted.cost());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_for_a_top_up_is_1_call_and_2_write_units() {
    let target = Target::start().await;
    let body = json!({"asset": "JPY", "minor": 1_000});
    let asked = target.user().post_keyed("/v1/topups", &random_text(), &body).await;
    asked.expect(202);
    // The object and its entry in the index of open ones.
    within("write units of a top-up", asked.cost().wru, 2.0);
    within("calls of a top-up", asked.cost().calls, 1.0);
    assert_documented("ask for a top-up", asked.cost());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_read_their_rows_and_not_one_by_one() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(100_000).await;
    for _ in 0..20 {
        user.bet(&race, win(1, 100)).await;
    }
    target.feed_results(&race.ended(&json!({"dividends": {}}))).await.expect(200);
    let calls = |reply: Response| {
        reply.expect(200);
        reply.cost().calls
    };
    within("calls of a page of lines", calls(user.get("/v1/wallet/lines").await), 1.0);
    // The index, the slips with their races, the results.
    within("calls of a page of slips", calls(user.get("/v1/slips").await), 3.0);
    let day = format!("/v1/races?date={}&venue={}", race.date, race.venue);
    within("calls of a page of races", calls(target.get(&day).await), 1.0);
    within("calls of a race", calls(target.get(&race.path()).await), 1.0);
    within("calls of a settlement", calls(target.get(&format!("{}/settlement", race.path())).await), 1.0);
}

fn sum(invocations: &[Invocation], of: impl Fn(&Invocation) -> f64) -> f64 {
    invocations.iter().map(of).sum()
}

/// A settled race of one shard, with [`PAID`] people paid and as many who lost.
async fn settled_race(target: &Target) -> Race {
    let race = target.open_race().await;
    let people = 0..PAID * 2;
    all_at_once(people.map(async |number| {
        let user = target.user();
        user.take_medals().await;
        user.bet_in(&race, "MEDAL", win(if number % 2 == 0 { 1 } else { 2 }, 100)).await;
    }))
    .await;
    let settled = target.settle(&race, &dividends(&[("win", "1", 180)])).await;
    assert_eq!(settled["settlement"]["totals"]["paid_users"], PAID);
    race
}

/// One shard, so that its share is shared by all.
async fn one_shard() -> Option<Target> {
    Target::start_local_with(|config: &mut Config| {
        config.settings.insert("SHARDS".into(), "1".into());
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paying_a_person_is_4_write_units_and_2_calls() {
    let Some(target) = one_shard().await else { return };
    settled_race(&target).await;
    let worked = async || Some(target.invocations("settle-shard")).filter(|lines| !lines.is_empty());
    let shards = target.eventually("settle-shard reports what it used", worked).await;
    let paid = 100.0;
    within("write units of the shard", sum(&shards, |one| one.wru), 4.0 * paid + 2.0);
    within("calls of the shard", sum(&shards, |one| one.calls), 2.2 * paid);
    assert_documented("settle, a paid person's share of their shard", costs_page::share(&[&shards], paid));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_is_8_write_units_beside_its_people() {
    let Some(target) = one_shard().await else { return };
    settled_race(&target).await;
    target.pass(std::time::Duration::from_mins(16)).await;
    let proved = async || Some(target.invocations("certify-race")).filter(|lines| lines.len() == 2);
    let proofs = target.eventually("certify-race reports what it used, twice", proved).await;
    let started = target.invocations("settle-race");
    within("write units of the race", sum(&proofs, |one| one.wru) + sum(&started, |one| one.wru), 8.0);
    assert_documented("settle, a race of 200 slips, proved twice", costs_page::share(&[&started, &proofs], 1.0));
    let shards = target.invocations("settle-shard");
    assert_documented(costs_page::A_PAID_PERSON, costs_page::share(&[&started, &shards, &proofs], 100.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaid_slip_costs_settlement_nothing() {
    let Some(target) = one_shard().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(100_000).await;
    for _ in 0..50 {
        user.bet(&race, win(2, 100)).await;
    }
    target.settle(&race, &dividends(&[("win", "1", 180)])).await;
    let worked = async || Some(target.invocations("settle-shard")).filter(|lines| !lines.is_empty());
    let shards = target.eventually("settle-shard reports what it used", worked).await;
    within("write units of a shard without winners", sum(&shards, |one| one.wru), 2.0);
    assert_documented("settle, a shard of 50 slips without a winner", costs_page::share(&[&shards], 1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collecting_a_top_up_is_10_write_units() {
    let Some(target) = Target::start_local().await else { return };
    let user = target.user();
    user.top_up(1_000).await;
    let worked = async || Some(target.invocations("collect-topup")).filter(|lines| !lines.is_empty());
    let collected = target.eventually("collect-topup reports what it used", worked).await;
    // COLLECTING and its index entry, the bank's ledger, then the last state (out of the index) with the wallet's line.
    within("write units", sum(&collected, |one| one.wru), 10.0);
    within("calls", sum(&collected, |one| one.calls), 5.0);
    assert_documented("collect a top-up from the bank", costs_page::share(&[&collected], 1.0));
    assert!(collected.iter().all(|one| one.outcome == "1 of 1 handled" && one.rru > 0.0), "{collected:?}");
}
