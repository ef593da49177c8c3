//! What the OpenAPI document and the wiring say of each kind of access.

use super::{ADMIN, DESK, SERVICES};
use build::generate::{openapi_document, wiring_file};
use serde_json::{Value, json};

/// The codes of a status of an operation.
fn codes(document: &Value, path: &str, method: &str, status: &str) -> Value {
    let schema = "content/application~1problem+json/schema/properties/code/enum";
    let path = path.replace('/', "~1");
    document.pointer(&format!("/paths/{path}/{method}/responses/{status}/{schema}")).cloned().unwrap_or_default()
}

#[test]
fn each_operation_says_who_may_call_it_and_how_others_are_refused() {
    let document = openapi_document(SERVICES);
    let plan = "/v1/organizations/{organization}/plan";
    for (path, method, security) in [
        ("/v1/hours", "get", json!([])),
        ("/v1/notes", "get", json!([{"token": []}])),
        ("/v1/review", "get", json!([{"token": ["support"]}])),
        (plan, "get", json!([{"token": ["owner", "billing"]}])),
        ("/v1/cards", "post", json!([{"api_key": ["cards:write"]}])),
    ] {
        assert_eq!(document["paths"][path][method]["security"], security, "{path}");
    }
    for (path, refusals) in [
        ("/v1/hours", [json!(null), json!(null), json!(null), json!(null)]),
        (
            "/v1/notes",
            [json!(["unauthenticated", "token_revoked"]), json!(["account_suspended"]), json!(null), json!(["access_unchecked"])],
        ),
        (
            "/v1/review",
            [
                json!(["unauthenticated", "token_revoked"]),
                json!(["account_suspended", "forbidden_role"]),
                json!(null),
                json!(["access_unchecked"]),
            ],
        ),
        (
            plan,
            [
                json!(["unauthenticated", "token_revoked"]),
                json!(["account_suspended", "forbidden_role"]),
                json!(["not_found"]),
                json!(["access_unchecked"]),
            ],
        ),
        ("/v1/cards", [json!(["api_key_invalid"]), json!(["forbidden_scope"]), json!(null), json!(["access_unchecked"])]),
    ] {
        let found = ["401", "403", "404", "503"].map(|status| codes(&document, path, "get", status));
        assert_eq!(found, refusals, "{path}");
    }
    let organization = &document["paths"][plan]["get"]["parameters"][0];
    assert_eq!((&organization["name"], &organization["in"]), (&json!("organization"), &json!("path")));
}

#[test]
fn the_scheme_of_api_keys_is_there_where_a_route_takes_them() {
    let schemes = |services: &[&'static platform::Service]| openapi_document(services)["components"]["securitySchemes"].clone();
    assert_eq!(schemes(SERVICES)["api_key"]["scheme"], "bearer");
    assert_eq!(schemes(&[&ADMIN])["api_key"], Value::Null);
}

#[test]
fn the_gateway_asks_for_a_token_where_a_person_calls_and_nowhere_else() {
    let wiring: Value = serde_json::from_str(&wiring_file(SERVICES).text).unwrap();
    for (name, authorization) in [
        ("get-hours", "none"),
        ("count-notes", "jwt"),
        ("review-notes", "jwt"),
        ("get-plan", "jwt"),
        ("list-cards", "none"),
        ("bring-card", "none"),
    ] {
        assert_eq!(wiring["functions"][name]["trigger"]["authorization"], authorization, "{name}");
    }
    assert_eq!(wiring["functions"]["review-notes"]["settings"], json!(["STAFF_CLAIM"]));
    assert!(wiring["tables"]["access"].is_object());
}

#[test]
fn a_table_is_granted_once_to_each_function() {
    let wiring: Value = serde_json::from_str(&wiring_file(SERVICES).text).unwrap();
    for (name, function) in wiring["functions"].as_object().unwrap() {
        let mut tables: Vec<_> = function["grants"].as_array().unwrap().iter().map(|grant| &grant["table"]).collect();
        tables.dedup();
        assert_eq!(tables.len(), function["grants"].as_array().unwrap().len(), "{name}");
    }
    assert_eq!(wiring["functions"]["change-access"]["grants"][0]["actions"], json!(["dynamodb:GetItem", "dynamodb:PutItem"]));
}

#[test]
fn a_cloud_whose_routes_ask_nobody_has_no_table_for_it() {
    let wiring: Value = serde_json::from_str(&wiring_file(&[&ops::SERVICE]).text).unwrap();
    assert_eq!(wiring["tables"], json!({}));
    let _ = &DESK;
}
