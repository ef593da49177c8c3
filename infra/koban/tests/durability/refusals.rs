//! A refusal is an outcome: a repeat gets the same refusal, also after a restart. That holds for thirty days, and longer while the table
//! still has it. Once DynamoDB has deleted it, a repeat is decided again by the state of that day. It moves nothing that the first refusal
//! did not allow.

use super::ask::Asking;
use super::child::Cloud;
use client::http::{Call, Reply};
use jiff::SignedDuration;
use racing_demo::feed;
use racing_domain::{Announcement, RaceId, Runner};
use serde_json::{Value, json};

const DAYS_KEPT: i64 = 30;

#[tokio::test]
async fn a_refusal_is_repeated_after_restarts_and_for_its_thirty_days() {
    let directory = tempfile::tempdir().unwrap();
    let mut cloud = Cloud::start(directory.path());
    cloud.until_ready().await;
    let race = announce(&cloud).await;

    // Too little in the wallet: that does not change by topping up later.
    let refused = bet(&cloud, race, "too-poor").await;
    assert_eq!((refused.status.as_u16(), code(&refused)), (402, "insufficient_funds".into()));
    top_up(&cloud).await;
    let placed = bet(&cloud, race, "rich-enough").await;
    assert_eq!(placed.status, 201, "{placed:?}");
    cloud.restart().await;
    is_repeated(&refused, &bet(&cloud, race, "too-poor").await);

    let mut asking = Asking::of(&cloud);
    for days in [DAYS_KEPT - 1, 2] {
        asking.advance_clock(SignedDuration::from_hours(24 * days)).await;
        cloud.restart().await;
        is_repeated(&refused, &bet(&cloud, race, "too-poor").await);
        is_repeated(&placed, &bet(&cloud, race, "rich-enough").await);
    }

    assert_eq!(forget_what_expired(&cloud).await, 1);
    let again = bet(&cloud, race, "too-poor").await;
    assert_eq!((again.status.as_u16(), code(&again)), (409, "betting_closed".into()), "its race closed long ago");
    assert!(again.headers.get("idempotency-replayed").is_none(), "{again:?}");
    is_repeated(&placed, &bet(&cloud, race, "rich-enough").await);
    let wallet = Asking::of(&cloud).get(Some("alice"), "/v1/wallet").await;
    assert_eq!(wallet["balances"][0]["available"], 9_500, "one slip was ever placed: {wallet}");
}

/// A race that closes in an hour.
async fn announce(cloud: &Cloud) -> RaceId {
    let mut asking = Asking::of(cloud);
    let now = asking.now().await;
    let race = RaceId::new(now.to_zoned(shared::calendar::tokyo()).date(), 1, 1).unwrap();
    let runners = (1..=6).map(|number| Runner { number, name: format!("Runner {number}"), bracket: None }).collect();
    let announcement = Announcement { closes_at: now + SignedDuration::from_hours(1), title: "Race 1".into(), runners };
    let message = &feed::announcements([(race, &announcement)])[0];
    let signed = message.signed(&asking.feed_secret().await, now).unwrap();
    let call = Call::post(message.path, message.body.clone())
        .unwrap()
        .with("webhook-id", &signed.id)
        .with("webhook-timestamp", &signed.timestamp)
        .with("webhook-signature", &signed.signature);
    asking.send(None, call).await.accepted("announcing a race").unwrap();
    race
}

async fn bet(cloud: &Cloud, race: RaceId, key: &str) -> Reply {
    let body = json!({"asset": "JPY",
        "bets": [{"bet_type": "win", "selection": {"kind": "single", "runners": [3]}, "stake": 500}]});
    let call = Call::post(&format!("/v1/races/{race}/slips"), body.to_string()).unwrap();
    Asking::of(cloud).send(Some("alice"), call.with("idempotency-key", key)).await
}

async fn top_up(cloud: &Cloud) {
    let mut asking = Asking::of(cloud);
    let call = Call::post("/v1/topups", json!({"asset": "JPY", "minor": 10_000}).to_string()).unwrap();
    asking.send(Some("alice"), call.with("idempotency-key", "topup")).await.accepted("topping up").unwrap();
    asking.until_nothing_is_queued().await;
}

fn code(reply: &Reply) -> String {
    reply.json::<Value>().unwrap()["code"].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn is_repeated(before: &Reply, again: &Reply) {
    assert_eq!((before.status, &before.body), (again.status, &again.body));
    assert_eq!(again.headers.get("idempotency-replayed").map(http::HeaderValue::as_bytes), Some(&b"true"[..]), "{again:?}");
}

/// Deletes what DynamoDB would have deleted by now, which the local cloud never does. Returns how much that was.
async fn forget_what_expired(cloud: &Cloud) -> usize {
    let now = Asking::of(cloud).now().await.as_second();
    let table = "koban-local-racing";
    let mut forgotten = 0;
    let scanned = cloud.aws("Scan", &json!({"TableName": table})).await;
    for item in scanned["Items"].as_array().unwrap() {
        let expires_at: Option<i64> = item["ttl"]["N"].as_str().and_then(|second| second.parse().ok());
        if expires_at.is_some_and(|second| second < now) {
            let key = json!({"pk": item["pk"], "sk": item["sk"]});
            cloud.aws("DeleteItem", &json!({"TableName": table, "Key": key})).await;
            forgotten += 1;
        }
    }
    forgotten
}
