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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_choice_of_services_it_describes_their_routes_alone() {
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(COMMITTED).unwrap()).unwrap();
    let operations = |document: &Value| -> Vec<(String, String)> {
        let methods = document["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values());
        methods
            .map(|one| (one["tags"][0].as_str().unwrap().to_owned(), one["operationId"].as_str().unwrap().to_owned()))
            .collect()
    };
    for chosen in ["ops", "ops,wallet", "wallet,racing,ops"] {
        let configure = |config: &mut cloud::Config| drop(config.settings.insert("SERVICES".into(), chosen.into()));
        let Some(target) = crate::start_local_with(configure).await else { return };
        let served = target.get("/v1/openapi.json").await.expect(200);
        let is_chosen = |service: &str| chosen.split(',').any(|name| name == service);
        let of_chosen: Vec<_> = operations(&committed).into_iter().filter(|(service, _)| is_chosen(service)).collect();
        assert_eq!(operations(&served), of_chosen, "{chosen}");
        let tags = served["tags"].as_array().unwrap();
        assert_eq!(tags.len(), chosen.split(',').count(), "{tags:?}");
        assert!(
            served["paths"].as_object().unwrap().values().all(|methods| methods.as_object().is_some_and(|one| !one.is_empty()))
        );
        assert_eq!(served["components"], committed["components"]);
    }
}
