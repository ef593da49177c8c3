//! The worker that collects top-ups. It collects each once, for every answer of the bank and any number of deliveries. (`create-topup`
//! tests what the owner sees of a success, `sweep-topups` what becomes of UNKNOWN.)

use data_encoding::BASE64;
use serde_json::{Value, json};
use shared::money::{Amount, Asset};
use std::time::Duration;
use testing::User;
use wallet_domain::topup::TopUp;
use wallet_domain::topup::TopUpId;

const QUEUE: &str = "collect-topup";

fn job(user: &User, topup: &str) -> Value {
    json!({"data": {"topup": topup, "user": user.id()}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bank_declines_is_not_credited() {
    let target = crate::start().await;
    let user = target.user();
    let id = user.ask_for_top_up(1_097).await;
    user.until_top_up_is(&id, "DECLINED").await;
    assert_eq!(user.lines().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_bank_leaves_it_unknown_and_nothing_is_credited() {
    let target = crate::start().await;
    for minor in [1_098, 1_099] {
        let user = target.user();
        let id = user.ask_for_top_up(minor).await;
        user.until_top_up_is(&id, "UNKNOWN").await;
        assert_eq!(user.lines().await, Vec::<Value>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_job_again_changes_nothing() {
    let Some(target) = crate::start_local().await else { return };
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
    let Some(target) = crate::start_local().await else { return };
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
    let Some(target) = crate::start_local().await else { return };
    let user = target.user();
    let id = user.ask_for_top_up(5_098).await;
    user.until_top_up_is(&id, "UNKNOWN").await;
    target.publish_all(QUEUE, &["poison".into(), job(&user, &id).to_string(), "{}".into()]).await;
    user.until_top_up_is(&id, "COLLECTED").await;
    target.until_dead(QUEUE, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_top_up_that_does_not_exist_is_given_up() {
    let Some(target) = crate::start_local().await else { return };
    let nobody = target.user();
    target.publish(QUEUE, &job(&nobody, &format!("top_{}", "a".repeat(26)))).await;
    target.until_dead(QUEUE, 1).await;
    target.skip(Duration::from_mins(1)).await;
    assert_eq!(nobody.lines().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bank_what_was_ordered_before_is_never_credited() {
    // One that is REQUESTED comes by its event.
    for (state, is_published) in [("REQUESTED", false), ("UNKNOWN", true)] {
        let configured = crate::start_local_with(|config| drop(config.settings.insert("BANK".into(), "none".into()))).await;
        let Some(target) = configured else { return };
        let (user, id, at) = (target.user(), TopUpId::derive(&[b"before"]), target.now());
        let topup = TopUp {
            id: id.clone(),
            user: user.id(),
            amount: Amount { asset: Asset::Jpy, minor: 100_000_000 },
            state: serde_json::from_value(json!(state)).unwrap(),
            requested_at: at,
            updated_at: at,
        };
        let item = json!({
            "pk": {"S": format!("topup#{}", user.id())},
            "sk": {"S": id.as_str()},
            "rev": {"N": "1"},
            "body": {"B": BASE64.encode(&serde_json::to_vec(&topup).unwrap())},
        });
        target.put_item("wallet", &item).await;
        if is_published {
            target.publish(QUEUE, &job(&user, id.as_str())).await;
        }
        target.until_dead(QUEUE, 1).await;
        assert_eq!(user.lines().await, Vec::<Value>::new());
        assert_eq!(user.topup_state(id.as_str()).await, state);
        let causes = target.failures("collect-topup");
        assert!(causes.iter().all(|cause| cause.contains("koban redrive collect-topup")) && !causes.is_empty(), "{causes:?}");
    }
}
