//! The worker that starts a race's settlement. It waits for slips that may still be under way, and sends one job for each shard. Only the
//! newest result counts.

use racing_testing::{Holds, Race, Target, dividends, win};
use serde_json::{Value, json};
use std::time::Duration;

const QUEUE: &str = "settle-race";

fn job(race: &Race, version: u32) -> Value {
    json!({"data": {"race": race.id, "result_version": version}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_settles_the_race_without_another_request() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let settled = target.settle(&race, &dividends(&[("win", "1", 100)])).await;
    assert_eq!(settled["settlement"]["shards_done"], settled["shards"]);
    assert_eq!(settled["settlement"]["totals"], json!({"slips": 0, "paid_users": 0, "by_asset": {}}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_wait_for_the_slips_that_are_on_their_way() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    target.feed_results(&race.ended(&dividends(&[("win", "1", 100)]))).await.expect(200);
    target.rest().await;
    let shards = target.race(&race).await["shards"].as_u64().unwrap();
    assert_eq!(target.status().await.queues["settle-shard"].delayed, shards);
    target.pass(Duration::from_secs(10)).await;
    target.rest().await;
    assert_eq!(target.race(&race).await["settlement"]["shards_done"], 0, "25 s after the close at the earliest");
    target.pass(Duration::from_secs(16)).await;
    target.rest().await;
    assert_eq!(target.race(&race).await["state"], "settled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shards_wait_as_long_by_a_clock_that_is_ahead() {
    let Some(target) = Target::start_local().await else { return };
    for early in [true, false] {
        let race = target.announce(if early { Duration::from_hours(1) } else { Duration::from_secs(2) }).await;
        target.pass(Duration::from_secs(if early { 0 } else { 3 })).await;
        let holds = Holds::the_first("GetItem", "settle-race");
        target.cloud().install_faults(Some(holds.clone()));
        target.feed_results(&race.ended(&dividends(&[("win", "1", 100)]))).await.expect(200);
        target.eventually("settle-race is held", async || holds.is_holding()).await;
        target.skip(Duration::from_mins(1)).await;
        holds.let_go();
        target.rest().await;
        let shards = target.race(&race).await["shards"].as_u64().unwrap();
        assert_eq!(target.status().await.queues["settle-shard"].delayed, shards, "early: {early}");
        // 25 s of an early result, a few less of one that came after the close; a slow machine takes some of them.
        target.skip(Duration::from_secs(12)).await;
        target.rest().await;
        assert_eq!(target.race(&race).await["settlement"]["shards_done"], 0, "early: {early}");
        target.until_settled(&race).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_job_again_and_an_older_one_change_nothing() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    for version in [0, 1, 2] {
        target.publish(QUEUE, &job(&race, version)).await;
    }
    target.pass(Duration::from_mins(2)).await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_250, 3));
    assert_eq!(target.race(&race).await["state"], "settled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_message_is_given_up_alone() {
    let Some(target) = Target::start_local().await else { return };
    let (race, other) = (target.open_race().await, target.new_race(Duration::ZERO));
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    target.rest().await;
    target.publish_all(QUEUE, &["poison".into(), job(&race, 1).to_string(), job(&other, 1).to_string()]).await;
    target.until_settled(&race).await;
    target.until_dead(QUEUE, 2).await;
}
