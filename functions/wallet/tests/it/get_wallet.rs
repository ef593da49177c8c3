//! `GET /v1/wallet`: what the caller has, never older than their last acknowledged write, and nobody else's.

use serde_json::json;
use std::time::Duration;
use testing::random_text;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_wallet_is_empty() {
    let target = crate::start().await;
    let wallet = target.user().get("/v1/wallet").await.expect(200);
    assert_eq!(wallet, json!({"balances": [], "lines": 0}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assets_are_kept_apart() {
    let target = crate::start().await;
    let user = target.rich_user(5_000).await;
    user.take_medals().await;
    let wallet = user.get("/v1/wallet").await.expect(200);
    let balances = json!([
        {"asset": "JPY", "available": 5_000, "held": 0},
        {"asset": "MEDAL", "available": 1_000, "held": 0},
    ]);
    assert_eq!(wallet, json!({"balances": balances, "lines": 2}));
    assert_eq!(target.user().balance("JPY").await, 0, "another's wallet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_is_never_older_than_an_acknowledged_write() {
    let target = crate::start().await;
    for _ in 0..20 {
        let user = target.user();
        user.take_medals().await;
        assert_eq!(user.balance("MEDAL").await, 1_000);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_good_token_is_not_let_in() {
    let target = crate::start().await;
    assert_eq!(target.get("/v1/wallet").await.status, 401);
    let token = target.token("alice").await;
    let (signed, _) = token.rsplit_once('.').unwrap();
    for wrong in ["", "Bearer", "Bearer x.y.z", &format!("Basic {token}"), &format!("Bearer {signed}.AAAA")] {
        let refused = target.send("GET", "/v1/wallet", &[("authorization", wrong)], &[]).await;
        assert_eq!(refused.status, 401, "{wrong}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_expires_by_the_clock() {
    let Some(target) = crate::start_local().await else { return };
    let bearer = format!("Bearer {}", target.token(&random_text()).await);
    let ask = async || target.send("GET", "/v1/wallet", &[("authorization", &bearer)], &[]).await.status;
    assert_eq!(ask().await, 200);
    target.skip(Duration::from_hours(12)).await;
    assert_eq!(ask().await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_route_does_not_have_is_refused() {
    let target = crate::start().await;
    target.user().get("/v1/wallet?user=alice").await.refused_at(400, "malformed_parameter", "user");
}
