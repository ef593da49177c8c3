//! `POST /v1/topups`: answered at once, collected once, however often it is asked.

use serde_json::{Value, json};
use std::time::Duration;
use testing::{all_at_once, random_text};

const PATH: &str = "/v1/topups";

fn yen(minor: i64) -> Value {
    json!({"asset": "JPY", "minor": minor})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_requested_at_once_and_collected_soon() {
    let target = crate::start().await;
    let user = target.user();
    let asked = user.post_new(PATH, &yen(1_200)).await;
    let topup = asked.expect(202);
    assert_eq!((&topup["state"], &topup["asset"], &topup["minor"]), (&json!("REQUESTED"), &json!("JPY"), &json!(1_200)));
    assert!(!asked.replayed());
    let id = topup["id"].as_str().unwrap();
    user.until_top_up_is(id, "COLLECTED").await;
    assert_eq!(user.balance("JPY").await, 1_200);
    let lines = user.lines().await;
    assert_eq!((lines.len(), &lines[0]["operation"]), (1, &json!(id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_answers_with_the_current_state_and_takes_nothing_more() {
    let target = crate::start().await;
    let user = target.user();
    let key = random_text();
    let first = user.post_keyed(PATH, &key, &yen(500)).await.expect(202);
    user.until_top_up_is(first["id"].as_str().unwrap(), "COLLECTED").await;
    let again = user.post_keyed(PATH, &key, &yen(500)).await;
    assert!(again.replayed(), "{again:?}");
    assert_eq!((&again.expect(202)["id"], &again.json()["state"]), (&first["id"], &json!("COLLECTED")));
    target.rest().await;
    assert_eq!(user.balance("JPY").await, 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_with_another_body_is_refused() {
    let target = crate::start().await;
    let user = target.user();
    let key = random_text();
    user.post_keyed(PATH, &key, &yen(500)).await.expect(202);
    user.post_keyed(PATH, &key, &yen(600)).await.refused(422, "idempotency_key_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_of_another_person_is_another_top_up() {
    let target = crate::start().await;
    let (one, other) = (target.user(), target.user());
    let key = random_text();
    let first = one.post_keyed(PATH, &key, &yen(500)).await.expect(202);
    let second = other.post_keyed(PATH, &key, &yen(900)).await.expect(202);
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_are_one() {
    let target = crate::start().await;
    let user = target.user();
    let key = random_text();
    let body = yen(700);
    let replies = all_at_once((0..100).map(|_| user.post_keyed(PATH, &key, &body))).await;
    let id = &replies[0].expect(202)["id"];
    assert!(replies.iter().all(|reply| reply.expect(202)["id"] == *id), "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| !reply.replayed()).count(), 1);
    user.until_top_up_is(id.as_str().unwrap(), "COLLECTED").await;
    target.rest().await;
    assert_eq!(user.balance("JPY").await, 700);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_top_up_is_refused_at_its_place() {
    let target = crate::start().await;
    let user = target.user();
    user.post_new(PATH, &json!({"asset": "MEDAL", "minor": 500})).await.refused_at(422, "asset_not_sold", "/asset");
    for minor in [99, 100_000_001, 0, -500, i64::MAX, i64::MIN] {
        user.post_new(PATH, &yen(minor)).await.refused_at(422, "top_up_out_of_range", "/minor");
    }
    for (body, pointer) in [
        (json!({"asset": "USD", "minor": 500}), "/asset"),
        (json!({"asset": "JPY", "minor": 500.5}), "/minor"),
        (json!({"asset": "JPY", "minor": "500"}), "/minor"),
        (json!({"asset": "JPY", "minor": 500, "memo": "x"}), "/memo"),
        (json!({"asset": "JPY"}), ""),
        (json!([]), ""),
    ] {
        user.post_new(PATH, &body).await.refused_at(400, "malformed_body", pointer);
    }
    for text in ["", "{", "null", r#"{"asset":"JPY","minor":500} {}"#] {
        user.post_text(PATH, &random_text(), text).await.refused_at(400, "malformed_body", "");
    }
    assert_eq!(user.lines().await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_more_than_256_kib_is_refused() {
    let target = crate::start().await;
    let long = " ".repeat(256 * 1_024 + 1);
    target.user().post_text(PATH, &random_text(), &long).await.refused(413, "body_too_large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_needed() {
    let target = crate::start().await;
    target.user().post(PATH, &yen(500)).await.refused(400, "idempotency_key_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_needed() {
    let target = crate::start().await;
    let refused = target.send("POST", PATH, &[("idempotency-key", "k")], yen(500).to_string().as_bytes()).await;
    assert_eq!(refused.status, 401, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bank_no_order_for_money_is_taken() {
    for (bank, status, code) in [("none", 503, "top_ups_unavailable"), ("developement", 500, "internal"), ("", 500, "internal")] {
        let configured = crate::start_local_with(|config| drop(config.settings.insert("BANK".into(), bank.into()))).await;
        let Some(target) = configured else { return };
        let user = target.user();
        user.post_new(PATH, &yen(100_000_000)).await.refused(status, code);
        user.post_new(PATH, &yen(99)).await.refused_at(422, "top_up_out_of_range", "/minor");
        target.pass(Duration::from_secs(130)).await;
        target.rest().await;
        assert_eq!(user.lines().await, Vec::<Value>::new());
    }
}
