//! `GET /v1/health`: the gateway reaches a function and the function answers.

use jiff::Timestamp;
use platform::function::{Access, Function, Handler, Idempotency, Method, Route, Success, Throttle, Trigger};
use platform::{Call, Context, Problem, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "check-health",
    summary: "Whether the API is up",
    doc: "Asks nothing of any table: it tells of the way to a function, not of what lies behind.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/health",
        access: Access::Public,
        idempotency: Idempotency::Natural,
        parameters: &[],
        body: None,
        replies: &[Success::of::<Health>(200, "It is up.")],
        problems: &[],
        throttle: Throttle { rate: 50, burst: 100 },
    }),
    grants: &[],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(5),
    memory_mb: 128,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

/// That it is up.
#[derive(Debug, Serialize, JsonSchema)]
struct Health {
    /// Always `ok`.
    status: &'static str,
    /// The service's time.
    now: Timestamp,
    /// The version that is deployed.
    version: &'static str,
}

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(context: &Context, _call: Call) -> Result<Reply, Problem> {
    Reply::json(200, &Health { status: "ok", now: context.now(), version: env!("CARGO_PKG_VERSION") })
}
