//! `GET /v1/openapi.json`: the API's description, generated from the definitions of all functions and compiled in.

use platform::prelude::*;
use serde_json::value::RawValue;

/// Written by `koban openapi`; a test holds that it is fresh.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub static FUNCTION: Function = Function::get("get-openapi", "/v1/openapi.json")
    .says("This document", "The API's description in OpenAPI 3.1.")
    .public()
    .costs(calls(0), wru(0))
    .timeout_s(5)
    .memory_mb(128)
    .throttle(50, 100)
    .handled_by(http!(get));

/// An OpenAPI document.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
struct Document(#[schemars(with = "serde_json::Map<String, serde_json::Value>")] &'static RawValue);

async fn get(_context: &Context) -> Result<Json<Document>, Problem> {
    serde_json::from_str(DOCUMENT).map(Document).map(Json).map_err(Problem::internal)
}
