//! The sweep of races. It sends a race again whose settlement was lost for five minutes. A race that stays stuck raises an alarm.

use proofs::{Definition, Tables, verify};
use racing_testing::{LosesMessagesTo, Target, dividends, win};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const PROOFS: &[&Definition] = &[&wallet_proofs::PROOF, &racing_proofs::PROOF];

/// Loses every message to `queue` until well after the race would have been settled; the sweep must settle it.
async fn is_brought_back_from(queue: &'static str) {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    target.cloud().install_faults(Some(Arc::new(LosesMessagesTo(queue))));
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    for _ in 0..3 {
        target.pass(Duration::from_secs(30)).await;
    }
    target.rest().await;
    target.cloud().install_faults(None);
    target.pass(Duration::from_mins(2)).await;
    target.rest().await;
    assert_eq!(target.race(&race).await["state"], "resulted", "it should be stuck: nothing sweeps before five minutes");
    target.pass(Duration::from_mins(5)).await;
    let settled = async || (target.race(&race).await["state"] == "settled").then_some(());
    target.eventually("the race is settled", settled).await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_250, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_whose_shards_got_no_message_is_settled() {
    is_brought_back_from("settle-shard").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_was_paid_and_never_proved_is_settled() {
    is_brought_back_from("certify-race").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_race_that_is_stuck_for_an_hour_raises_an_alarm_and_verify_names_it() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let user = target.rich_user(1_000).await;
    user.bet(&race, win(1, 500)).await;
    let named = || {
        let proof = verify(&Tables::open(target.data()).unwrap(), PROOFS, target.now()).unwrap();
        proof.faults.iter().any(|fault| fault.contains(&race.id) && fault.contains("koban publish settle-race"))
    };
    target.cloud().install_faults(Some(Arc::new(LosesMessagesTo("settle-shard"))));
    target.feed_results(&race.ended(&dividends(&[("win", "1", 150)]))).await.expect(200);
    target.pass(Duration::from_mins(20)).await;
    target.rest().await;
    assert!(!named(), "it is on its way");
    target.pass(Duration::from_mins(15)).await;
    target.rest().await;
    assert!(named() && target.alarms("race-stuck").is_empty());
    target.pass(Duration::from_mins(30)).await;
    let shown = target.eventually("an alarm", async || target.alarms("race-stuck").first().cloned()).await;
    assert!(shown.contains(&race.id), "{shown}");
    target.rest().await;
    target.cloud().install_faults(None);
    for _ in 0..16 {
        target.pass(Duration::from_mins(1)).await;
    }
    let settled = async || (target.race(&race).await["state"] == "settled").then_some(());
    target.eventually("the race is settled", settled).await;
    target.rest().await;
    assert!(!named());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settled_race_is_left_alone() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    target.settle(&race, &json!({"dividends": {}})).await;
    target.pass(Duration::from_mins(10)).await;
    target.publish("sweep-races", &json!({})).await;
    target.rest().await;
    let status = target.status().await;
    let waiting = |queue: &str| status.queues[queue].visible + status.queues[queue].in_flight + status.queues[queue].delayed;
    assert_eq!((waiting("settle-race"), waiting("settle-shard"), status.dead), (0, 0, 0), "{status:?}");
}
