//! `POST /v1/cards`: say here what it is for, and what always holds.

use platform::function::{Access, Function, Handler, Idempotency, Method, Route, Success, Throttle, Trigger, schema};
use platform::{Call, Context, Problem, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "create-card",
    summary: "Say in a line what it does",
    doc: "Say in a paragraph what it promises.",
    trigger: Trigger::Http(Route {
        method: Method::Post,
        path: "/v1/cards",
        access: Access::User,
        idempotency: Idempotency::Key,
        parameters: &[],
        body: Some(schema::<NewCard>()),
        replies: &[Success::of::<CardView>(201, "The card.")],
        problems: &[],
        throttle: Throttle { rate: 100, burst: 200 },
    }),
    grants: &[],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

/// What the card shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCard {}

/// The card.
#[derive(Debug, Serialize, JsonSchema)]
struct CardView {}

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, call: Call) -> Result<Reply, Problem> {
    let NewCard {} = call.json()?;
    // Commit one object whose id is derived from the key (`platform::commit`): a repeat finds it, and its answer.
    // 501 until this is written; then 201, as `replies` says.
    Reply::json(501, &CardView {})
}
