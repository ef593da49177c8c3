//! The sweep of top-ups. It restarts what is stuck for more than a minute. The bank's status then decides, never a blind second attempt.

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::money::{Amount, Asset};
use std::time::Duration;
use testing::User;
use wallet_domain::topup::TopUpId;
use wallet_domain::topup::{TopUp, TopUpState};

async fn unknown(user: &User, minor: i64) -> String {
    let id = user.ask_for_top_up(minor).await;
    user.until_top_up_is(&id, "UNKNOWN").await;
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_that_was_taken_in_silence_is_credited_once() {
    let target = crate::start().await;
    let user = target.user();
    let id = unknown(&user, 1_098).await;
    target.advance_if_local(Duration::from_secs(130)).await;
    user.until_top_up_is(&id, "COLLECTED").await;
    // The next sweep would find it at once, if it were still open.
    target.pass(Duration::from_secs(75)).await;
    target.rest().await;
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_098, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_bank_never_heard_of_is_asked_for_again() {
    let target = crate::start().await;
    let user = target.user();
    let id = unknown(&user, 1_099).await;
    target.advance_if_local(Duration::from_secs(130)).await;
    user.until_top_up_is(&id, "COLLECTED").await;
    assert_eq!(user.balance("JPY").await, 1_099);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_final_stays_as_it_is() {
    let target = crate::start().await;
    let user = target.user();
    let declined = user.ask_for_top_up(1_097).await;
    user.until_top_up_is(&declined, "DECLINED").await;
    let collected = user.ask_for_top_up(1_000).await;
    user.until_top_up_is(&collected, "COLLECTED").await;
    target.pass(Duration::from_secs(130)).await;
    target.rest().await;
    let states = (user.topup_state(&declined).await, user.topup_state(&collected).await);
    assert_eq!(states, ("DECLINED".into(), "COLLECTED".into()));
    assert_eq!((user.balance("JPY").await, user.lines().await.len()), (1_000, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_sweep_brings_back_everybodys() {
    let Some(target) = crate::start_local().await else { return };
    let mut waiting = Vec::new();
    for number in 0..20 {
        let user = target.user();
        let id = user.ask_for_top_up(1_098 + number * 100).await;
        waiting.push((user, id));
    }
    for (user, id) in &waiting {
        user.until_top_up_is(id, "UNKNOWN").await;
    }
    target.pass(Duration::from_secs(130)).await;
    for (user, id) in &waiting {
        user.until_top_up_is(id, "COLLECTED").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_by_hand_finds_nothing_before_a_minute() {
    let Some(target) = crate::start_local().await else { return };
    let user = target.user();
    let id = unknown(&user, 1_098).await;
    target.publish("sweep-topups", &serde_json::json!({})).await;
    target.rest().await;
    assert_eq!(user.topup_state(&id).await, "UNKNOWN");
}

/// A top-up as its index has it, in the partition of ids that end in `q`.
fn open_item(user: &User, id: &str, since: Timestamp, body: &[u8]) -> Value {
    json!({
        "pk": {"S": format!("topup#{}", user.id())}, "sk": {"S": id}, "rev": {"N": "1"}, "body": {"B": BASE64.encode(body)},
        "open": {"S": "topup#1"}, "since": {"S": since.to_string()},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_never_come_to_an_end_keep_no_other_out() {
    let Some(target) = crate::start_local().await else { return };
    let user = target.user();
    let at = target.now();
    // Older ones, as many as a sweep brings back, that nobody can read.
    for number in 0..500 {
        let id = format!("top_{:0>25}q", data_encoding::BASE32_NOPAD.encode(format!("{number:03}").as_bytes()).to_lowercase());
        target.put_item("wallet", &open_item(&user, &id.replace('0', "a"), at - Duration::from_mins(90), b"{}")).await;
    }
    let id: TopUpId = "top_bbbbbbbbbbbbbbbbbbbbbbbbbq".parse().unwrap();
    let topup = TopUp {
        id: id.clone(),
        user: user.id(),
        amount: Amount { asset: Asset::Jpy, minor: 1_000 },
        state: TopUpState::Unknown,
        requested_at: at,
        updated_at: at,
    };
    target.put_item("wallet", &open_item(&user, id.as_str(), at, &serde_json::to_vec(&topup).unwrap())).await;
    for _ in 0..4 {
        target.pass(Duration::from_secs(61)).await;
    }
    user.until_top_up_is(id.as_str(), "COLLECTED").await;
    assert_eq!(user.balance("JPY").await, 1_000);
}
