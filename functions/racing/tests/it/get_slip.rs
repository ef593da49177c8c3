//! `GET /v1/slips/{slip}`: a slip and what it came to, for its owner alone.

use racing_domain::{SlipId, shard_of};
use racing_testing::{Target, dividends, random_text, win};
use serde_json::json;
use shared::id::Operation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_placed_then_settling_then_what_it_came_to() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let user = target.rich_user(2_000).await;
    let (winner, loser) = (user.bet(&race, win(1, 500)).await, user.bet(&race, win(2, 300)).await);
    let placed = user.slip(&winner).await;
    assert_eq!((&placed["status"], placed.get("outcome")), (&json!("placed"), None));
    assert_eq!((&placed["race"], &placed["stake"], &placed["combinations"]), (&json!(race.id), &json!(500), &json!(1)));
    assert_eq!((&placed["asset"], &placed["bets"]), (&json!("JPY"), &win(1, 500)));
    target.feed_results(&race.ended(&dividends(&[("win", "1", 180)]))).await.expect(200);
    assert_eq!(user.outcome(&winner).await, ("settling".into(), 900, 0));
    target.until_settled(&race).await;
    assert_eq!(user.outcome(&winner).await, ("won".into(), 900, 0));
    assert_eq!(user.outcome(&loser).await, ("lost".into(), 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_is_as_missing_as_none() {
    let target = Target::start().await;
    let race = target.open_race().await;
    let owner = target.rich_user(1_000).await;
    let id = owner.bet(&race, win(1, 500)).await;
    let stranger = target.user();
    // While the race is open, and when there is more to read.
    for result in [None, Some(dividends(&[("win", "1", 180)]))] {
        if let Some(result) = result {
            target.feed_results(&race.ended(&result)).await.expect(200);
        }
        let anothers = stranger.get(&format!("/v1/slips/{id}")).await;
        let none = format!("{}{}", &id[..id.len() - 26], "a".repeat(26));
        let missing = stranger.get(&format!("/v1/slips/{none}")).await;
        anothers.refused(404, "not_found");
        assert_eq!((anothers.status, &anothers.body), (missing.status, &missing.body));
        assert_eq!(anothers.cost(), missing.cost());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_no_slip() {
    let Some(target) = Target::start_local().await else { return };
    let race = target.open_race().await;
    let (user, key) = (target.user(), random_text());
    user.place_keyed(&race, &key, "JPY", win(1, 100)).await.refused(402, "insufficient_funds");
    let caller = user.id();
    let shards = target.race(&race).await["shards"].as_u64().and_then(|shards| u16::try_from(shards).ok()).unwrap();
    let operation = Operation { caller: caller.as_str(), name: "place-slip", resource: &race.id, idempotency_key: &key };
    let id = SlipId::derive(&race.id.parse().unwrap(), shard_of(&caller, shards), &operation);
    user.get(&format!("/v1/slips/{id}")).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_id_names_nothing() {
    let target = Target::start().await;
    let user = target.user();
    let tail = "a".repeat(26);
    for id in [
        "x",
        "bet_",
        &format!("bet_20260523-01-01_7_{tail}"),
        &format!("bet_20260523-01-01_1000_{tail}"),
        "bet_20260523-01-01_07_x",
    ] {
        user.get(&format!("/v1/slips/{id}")).await.refused(404, "not_found");
    }
    assert_eq!(target.get("/v1/slips/x").await.status, 401);
}
