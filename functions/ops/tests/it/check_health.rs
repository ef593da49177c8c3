//! `GET /v1/health`: anyone may ask, and the answer touches no table.

use jiff::Timestamp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anyone_may_ask_whether_it_is_up() {
    let target = crate::start().await;
    let health = target.get("/v1/health").await;
    let body = health.expect(200);
    assert_eq!(body["status"], "ok");
    assert!(body["version"].as_str().is_some_and(|version| !version.is_empty()), "{body}");
    let now: Timestamp = body["now"].as_str().unwrap().parse().unwrap();
    assert!(target.now().duration_since(now).as_secs().abs() < 60, "{body}");
    assert!(health.cost().calls.abs() < 0.1, "{health:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_route_does_not_have_is_refused() {
    let target = crate::start().await;
    target.get("/v1/health?verbose=1").await.refused_at(400, "malformed_parameter", "verbose");
    assert_eq!(target.send("POST", "/v1/health", &[], b"{}").await.status, 404);
}
