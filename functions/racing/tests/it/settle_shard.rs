//! The worker that pays what is due and not yet posted. It pays once, however often and wherever its message is delivered. (`settlement`
//! tests what is due of each bet type.)

use platform::context::Settings;
use racing_testing::{Race, Target, User, dividends, win};
use serde_json::{Value, json};
use std::time::Duration;

const QUEUE: &str = "settle-shard";

fn jobs(race: &Race, shards: &Value, version: u32) -> Vec<String> {
    let job = |shard| json!({"race": race.id, "result_version": version, "shard": shard}).to_string();
    (0..shards.as_u64().unwrap()).map(job).collect()
}

async fn kinds(user: &User) -> Vec<(String, i64)> {
    let shown = |line: &Value| (line["kind"].as_str().unwrap().to_owned(), line["amounts"][0]["minor"].as_i64().unwrap());
    user.lines().await.iter().map(shown).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn winners_are_paid_in_one_line_and_losers_are_never_written() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let (winner, loser) = (target.rich_user(1_000).await, target.rich_user(1_000).await);
    winner.bet(&race, win(1, 300)).await;
    winner.bet(&race, win(1, 200)).await;
    loser.bet(&race, win(2, 400)).await;
    target.settle(&race, &dividends(&[("win", "1", 250)])).await;
    assert_eq!(kinds(&winner).await[0], ("settlement".into(), 1_250));
    assert_eq!((winner.balance("JPY").await, winner.lines().await.len()), (1_750, 4));
    assert_eq!((loser.balance("JPY").await, loser.lines().await.len()), (600, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_job_again_pays_nobody_twice() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    let shards = target.settle(&race, &dividends(&[("win", "1", 150)])).await["shards"].clone();
    for _ in 0..3 {
        target.publish_all(QUEUE, &jobs(&race, &shards, 1)).await;
    }
    target.pass(Duration::from_mins(1)).await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_250, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_at_once_pay_once() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    let shards = target.race(&race).await["shards"].clone();
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    target.rest().await;
    target.skip(Duration::from_secs(25)).await;
    for _ in 0..4 {
        target.publish_all(QUEUE, &jobs(&race, &shards, 1)).await;
    }
    target.until_settled(&race).await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_250, 3));
}

/// A payment that is found posted costs as much as one that is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_of_one_shard_share_its_people_instead_of_paying_each_twice() {
    let one_shard = Settings::from([("SHARDS".to_owned(), "1".to_owned())]);
    let Some(target) = Target::start_local_with(|config| config.settings = one_shard).await else { return };
    let race = target.open_race().await;
    let mut winners = Vec::new();
    for _ in 0..120 {
        let user = target.rich_user(100).await;
        user.bet(&race, win(1, 100)).await;
        winners.push(user);
    }
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    target.rest().await;
    target.skip(Duration::from_secs(25)).await;
    let job = jobs(&race, &json!(1), 1).remove(0);
    target.publish_all(QUEUE, &vec![job; 4]).await;
    target.until_settled(&race).await;
    target.rest().await;
    for user in &winners {
        assert_eq!((user.balance("JPY").await, user.lines().await.len()), (150, 3));
    }
    let used: f64 = target.invocations(QUEUE).iter().map(|invocation| invocation.wru).sum();
    // In lockstep the four would take four times as much.
    assert!(used < 120.0 * 4.0 * 2.5, "{used} units for 120 payments of 4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_worker_of_an_older_result_posts_nothing() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    let shards = target.settle(&race, &dividends(&[("win", "1", 150)])).await["shards"].clone();
    target.settle(&race, &dividends(&[("win", "2", 150)])).await;
    for version in [1, 2, 3] {
        target.publish_all(QUEUE, &jobs(&race, &shards, version)).await;
    }
    target.pass(Duration::from_mins(1)).await;
    target.rest().await;
    let lines = [("correction", -750), ("settlement", 750), ("stake", -500), ("top_up", 1_000)];
    assert_eq!(kinds(&user).await, lines.map(|(kind, minor)| (kind.to_owned(), minor)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_message_is_given_up_alone() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    let unknown = target.new_race(Duration::ZERO);
    let poison = ["poison".to_owned(), json!({"race": unknown.id, "result_version": 1, "shard": 0}).to_string()];
    target.publish_all(QUEUE, &poison).await;
    target.settle(&race, &dividends(&[("win", "1", 150)])).await;
    assert_eq!(user.balance("JPY").await, 1_250);
    target.until_dead(QUEUE, 2).await;
}
