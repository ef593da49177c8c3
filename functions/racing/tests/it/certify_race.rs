//! The proof that closes a race: stakes equal payouts, refunds and the operator's result. It is computed twice from stored records. No race
//! without that proof is settled.

use data_encoding::BASE64;
use racing_domain::RaceId;
use racing_testing::{Race, Target, User, dividends, time, win};
use serde_json::{Value, json};
use std::time::Duration;

const QUEUE: &str = "certify-race";

fn job(race: &Race, version: u32, pass: u32) -> Value {
    json!({"race": race.id, "result_version": version, "pass": pass})
}

/// A stored certificate.
async fn certificate(target: &Target, race: &Race, version: u32, pass: u32) -> Option<Value> {
    let id: RaceId = race.id.parse().unwrap();
    let item = target.item("racing", &format!("race#{}", id.key()), &format!("cert#{version:04}#{pass:04}")).await?;
    Some(serde_json::from_slice(&BASE64.decode(item["body"]["B"].as_str().unwrap().as_bytes()).unwrap()).unwrap())
}

async fn with_slips(target: &Target) -> (Race, User) {
    let race = target.open_race().await;
    let user = target.rich_user(10_000).await;
    user.take_medals().await;
    user.bet(&race, win(1, 500)).await;
    user.bet(&race, win(3, 200)).await;
    user.bet_in(&race, "MEDAL", win(2, 400)).await;
    (race, user)
}

/// Runner 1 pays 1.8 times, runner 3 never started.
fn result() -> Value {
    let mut result = dividends(&[("win", "1", 180)]);
    result["refunded"] = json!([3]);
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settled_race_shows_totals_that_the_wallets_agree_with() {
    let target = Target::start().await;
    let (race, user) = with_slips(&target).await;
    let totals = target.settle(&race, &result()).await["settlement"]["totals"].clone();
    let by_asset = json!({
        "JPY": {"stake": 700, "payout": 900, "refund": 200},
        "MEDAL": {"stake": 400, "payout": 0, "refund": 0},
    });
    assert_eq!(totals, json!({"slips": 3, "paid_users": 1, "by_asset": by_asset}));
    assert_eq!((user.balance("JPY").await, user.balance("MEDAL").await), (10_000 - 700 + 900 + 200, 600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proof_is_written_and_repeated_a_quarter_of_an_hour_later() {
    let Some(target) = Target::start_local().await else { return };
    let (race, _) = with_slips(&target).await;
    target.settle(&race, &result()).await;
    let first = certificate(&target, &race, 1, 1).await.unwrap();
    assert_eq!(first["operator_result"][0]["minor"], 700 - 900 - 200);
    assert_eq!(first["operator_result"][1]["minor"], 400);
    assert_eq!(certificate(&target, &race, 1, 2).await, None);
    target.pass(Duration::from_mins(16)).await;
    let repeated = async || certificate(&target, &race, 1, 2).await;
    let second = target.eventually("the proof is repeated", repeated).await;
    assert_eq!(second["totals"], first["totals"]);
    assert!(time(&second["made_at"]).duration_since(time(&first["made_at"])).as_secs() >= 900);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_has_a_proof_of_its_own() {
    let Some(target) = Target::start_local().await else { return };
    let (race, _) = with_slips(&target).await;
    target.settle(&race, &result()).await;
    let corrected = target.settle(&race, &dividends(&[("win", "2", 150)])).await;
    let by_asset = json!({
        "JPY": {"stake": 700, "payout": 0, "refund": 0},
        "MEDAL": {"stake": 400, "payout": 600, "refund": 0},
    });
    assert_eq!(corrected["settlement"]["totals"]["by_asset"], by_asset);
    assert_eq!(certificate(&target, &race, 2, 1).await.unwrap()["operator_result"][1]["minor"], -200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_does_not_add_up_is_not_settled_and_raises_an_alarm() {
    let Some(target) = Target::start_local().await else { return };
    let (race, user) = with_slips(&target).await;
    target.put_wrong_payout(&race, &user).await;
    target.feed_results(&race.ended(&result())).await.expect(200);
    target.pass(Duration::from_secs(26)).await;
    let alarm = async || target.alarms("race-does-not-add-up").first().cloned();
    let shown = target.eventually("an alarm", alarm).await;
    assert!(shown.contains(&race.id) && shown.contains(user.id().as_str()), "{shown}");
    assert_eq!(target.race(&race).await["state"], "resulted");
    assert_eq!(certificate(&target, &race, 1, 1).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_by_hand_before_the_shards_are_done_closes_nothing() {
    let Some(target) = Target::start_local().await else { return };
    let (race, _) = with_slips(&target).await;
    target.publish(QUEUE, &job(&race, 0, 1)).await;
    target.rest().await;
    assert_eq!(target.race(&race).await["state"], "open");
    target.feed_results(&race.ended(&json!({"dividends": {"win": [{"combination": "6", "per_100": 100}]}}))).await.expect(200);
    // Nothing is due to anybody, so every shard adds up; but none is done.
    target.publish(QUEUE, &job(&race, 1, 1)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(target.race(&race).await["state"], "resulted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_job_again_changes_nothing() {
    let Some(target) = Target::start_local().await else { return };
    let (race, user) = with_slips(&target).await;
    target.settle(&race, &result()).await;
    let before = (certificate(&target, &race, 1, 1).await, user.lines().await);
    for _ in 0..3 {
        target.publish(QUEUE, &job(&race, 1, 1)).await;
    }
    target.rest().await;
    assert_eq!((certificate(&target, &race, 1, 1).await, user.lines().await), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_message_is_given_up_alone() {
    let Some(target) = Target::start_local().await else { return };
    let (race, _) = with_slips(&target).await;
    let unknown = target.new_race(Duration::ZERO);
    target.publish_all(QUEUE, &["poison".into(), job(&unknown, 1, 1).to_string()]).await;
    target.settle(&race, &result()).await;
    target.until_dead(QUEUE, 2).await;
}
