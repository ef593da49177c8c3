//! `GET /v1/topups/{topup}`: for its owner; to anyone else it does not exist.

use testing::time;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_owner_sees_how_far_it_has_come() {
    let target = crate::start().await;
    let user = target.user();
    let id = user.top_up(3_000).await;
    let topup = user.get(&format!("/v1/topups/{id}")).await.expect(200);
    assert_eq!((&topup["id"], topup["minor"].as_i64(), &topup["asset"]), (&id.into(), Some(3_000), &"JPY".into()));
    assert!(time(&topup["updated_at"]) >= time(&topup["requested_at"]), "{topup}");
    assert_eq!(topup.get("user"), None, "nothing is shown that the caller does not need");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anothers_is_as_missing_as_none() {
    let target = crate::start().await;
    let (owner, stranger) = (target.user(), target.user());
    let id = owner.top_up(3_000).await;
    let anothers = stranger.get(&format!("/v1/topups/{id}")).await;
    let missing = stranger.get(&format!("/v1/topups/top_{}", "a".repeat(26))).await;
    anothers.refused(404, "not_found");
    assert_eq!((anothers.status, &anothers.body), (missing.status, &missing.body));
    assert_eq!(anothers.cost(), missing.cost());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_id_names_nothing() {
    let target = crate::start().await;
    let user = target.user();
    for id in ["x", "top_", "top_x", &format!("bet_{}", "a".repeat(26)), "top_%00", "%2e%2e"] {
        user.get(&format!("/v1/topups/{id}")).await.refused(404, "not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_needed() {
    let target = crate::start().await;
    assert_eq!(target.get(&format!("/v1/topups/top_{}", "a".repeat(26))).await.status, 401);
}
