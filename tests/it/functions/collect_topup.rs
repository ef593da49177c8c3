//! The worker that collects top-ups: once each, whatever the bank says and however often it is told. (What a top-up's owner sees of it
//! when all goes well stands with `create-topup`; what becomes of UNKNOWN with `sweep-topups`.)

use crate::harness::{Target, User};
use serde_json::{Value, json};
use std::time::Duration;

const QUEUE: &str = "collect-topup";

fn job(user: &User, topup: &str) -> Value {
    json!({"data": {"topup": topup, "user": user.id()}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bank_declines_is_not_credited() {
    let target = Target::start().await;
    let user = target.user();
    let id = user.ask_for_top_up(1_097).await;
    user.until_top_up_is(&id, "DECLINED").await;
    assert_eq!(user.lines().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_bank_leaves_it_unknown_and_nothing_is_credited() {
    let target = Target::start().await;
    for minor in [1_098, 1_099] {
        let user = target.user();
        let id = user.ask_for_top_up(minor).await;
        user.until_top_up_is(&id, "UNKNOWN").await;
        assert_eq!(user.lines().await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_job_again_changes_nothing() {
    let Some(target) = Target::start_local().await else { return };
    let user = target.user();
    let collected = user.top_up(1_000).await;
    let declined = user.ask_for_top_up(1_097).await;
    user.until_top_up_is(&declined, "DECLINED").await;
    for _ in 0..3 {
        target.publish(QUEUE, &job(&user, &collected)).await;
        target.publish(QUEUE, &job(&user, &declined)).await;
    }
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_000, 1));
    assert_eq!(user.topup_state(&declined).await, "DECLINED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_workers_at_once_collect_once() {
    let Some(target) = Target::start_local().await else { return };
    let user = target.user();
    // The bank is silent at first, so the ten jobs find it open.
    let id = user.ask_for_top_up(5_098).await;
    user.until_top_up_is(&id, "UNKNOWN").await;
    let jobs = vec![job(&user, &id).to_string(); 10];
    target.publish_all(QUEUE, &jobs).await;
    user.until_top_up_is(&id, "COLLECTED").await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (5_098, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_message_is_given_up_alone() {
    let Some(target) = Target::start_local().await else { return };
    let user = target.user();
    let id = user.ask_for_top_up(5_098).await;
    user.until_top_up_is(&id, "UNKNOWN").await;
    target.publish_all(QUEUE, &["poison".into(), job(&user, &id).to_string(), "{}".into()]).await;
    user.until_top_up_is(&id, "COLLECTED").await;
    target.until_dead(QUEUE, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_top_up_that_does_not_exist_is_given_up() {
    let Some(target) = Target::start_local().await else { return };
    let nobody = target.user();
    target.publish(QUEUE, &job(&nobody, &format!("top_{}", "a".repeat(26)))).await;
    target.until_dead(QUEUE, 1).await;
    target.skip(Duration::from_mins(1)).await;
    assert_eq!(nobody.lines().await, Vec::<Value>::new());
}
