//! `GET /v1/openapi.json`: the API describes itself, as it was committed.

use serde_json::Value;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_the_committed_document() {
    let target = crate::start().await;
    let served = target.get("/v1/openapi.json").await.expect(200);
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(COMMITTED).unwrap()).unwrap();
    assert_eq!(served, committed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_described_under_its_functions_name() {
    let target = crate::start().await;
    let document = target.get("/v1/openapi.json").await.expect(200);
    for function in ops::SERVICE.functions {
        let Some(route) = function.route() else { continue };
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert_eq!(operation["operationId"], function.name, "{}", route.path);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_route_does_not_have_is_refused() {
    let target = crate::start().await;
    target.get("/v1/openapi.json?v=2").await.refused_at(400, "malformed_parameter", "v");
}
