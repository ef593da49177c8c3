//! `GET /v1/health`: the gateway reaches a function and the function answers.

use platform::prelude::*;

pub static FUNCTION: Function = Function::get("check-health", "/v1/health")
    .says("Whether the API is up", "It reads no table. It shows that a request reaches a function, and nothing about the tables.")
    .public()
    .costs(calls(0), wru(0))
    .timeout_s(5)
    .memory_mb(128)
    .throttle(50, 100)
    .handled_by(http!(check));

/// The service is up.
#[derive(Debug, Serialize, JsonSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The service's time.
    now: Timestamp,
    /// The deployed version.
    version: &'static str,
}

async fn check(context: &Context) -> Result<Json<Health>, Problem> {
    Ok(Json(Health { status: "ok", now: context.now(), version: env!("CARGO_PKG_VERSION") }))
}
