//! `GET /v1/openapi.json`: the API's description, generated from the definitions of all functions and compiled in.

use platform::function::{Access, Function, Handler, Idempotency, Method, Route, Success, Throttle, Trigger};
use platform::{Call, Context, Problem, Reply};
use std::time::Duration;

/// Written by `koban openapi`; a test holds that it is fresh.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub static FUNCTION: Function = Function {
    name: "get-openapi",
    summary: "This document",
    doc: "OpenAPI 3.1.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/openapi.json",
        access: Access::Public,
        idempotency: Idempotency::Natural,
        parameters: &[],
        body: None,
        replies: &[Success::of::<serde_json::Value>(200, "The document.")],
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

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, _call: Call) -> Result<Reply, Problem> {
    Ok(Reply { status: 200, body: DOCUMENT.to_owned(), headers: Vec::new() })
}
