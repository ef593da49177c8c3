//! `GET /v1/medals/daily`: whether today's medals are taken. It changes nothing, and it speaks of its caller alone.

use serde_json::{Value, json};
use shared::calendar::day_of;
use std::time::Duration;
use testing::time;

const PATH: &str = "/v1/medals/daily";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_there_to_take_until_they_are_taken() {
    let target = crate::start().await;
    let user = target.user();
    let before = user.get(PATH).await.expect(200);
    let day = day_of(target.now()).to_string();
    let of_day =
        |taken: bool| json!({"day": day, "asset": "MEDAL", "minor": 1_000, "taken": taken, "next_at": before["next_at"]});
    assert_eq!(before, of_day(false));
    assert!(time(&before["next_at"]) > target.now(), "{before}");
    user.take_medals().await;
    assert_eq!(user.get(PATH).await.expect(200), of_day(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_ask_takes_nothing() {
    let target = crate::start().await;
    let user = target.user();
    for _ in 0..3 {
        assert_eq!(user.get(PATH).await.expect(200)["taken"], false);
    }
    assert_eq!((user.balance("MEDAL").await, user.lines().await), (0, Vec::<Value>::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn midnight_in_tokyo_brings_new_ones() {
    let start = |config: &mut cloud::Config| config.start_at = Some("2027-05-22T14:58:00Z".parse().unwrap());
    let Some(target) = crate::start_local_with(start).await else { return };
    let user = target.user();
    user.take_medals().await;
    let old = user.get(PATH).await.expect(200);
    assert_eq!(
        (&old["day"], &old["taken"], &old["next_at"]),
        (&json!("2027-05-22"), &json!(true), &json!("2027-05-22T15:00:00Z"))
    );
    target.skip(Duration::from_mins(3)).await;
    let new = user.get(PATH).await.expect(200);
    assert_eq!(
        (&new["day"], &new["taken"], &new["next_at"]),
        (&json!("2027-05-23"), &json!(false), &json!("2027-05-23T15:00:00Z"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_medals_are_not_ones_own() {
    let target = crate::start().await;
    let (owner, stranger) = (target.user(), target.user());
    owner.take_medals().await;
    assert_eq!(stranger.get(PATH).await.expect(200)["taken"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_needed() {
    let target = crate::start().await;
    assert_eq!(target.get(PATH).await.status, 401);
}
