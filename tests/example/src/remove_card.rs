//! `DELETE /v1/cards/{card}`: say here what it is for, and what always holds.

use platform::function::{Access, Function, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger};
use platform::{Call, Context, Problem, Reply, problem};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "remove-card",
    summary: "Say in a line what it does",
    doc: "Say in a paragraph what it promises.",
    trigger: Trigger::Http(Route {
        method: Method::Delete,
        path: "/v1/cards/{card}",
        access: Access::User,
        idempotency: Idempotency::Key,
        parameters: &[Parameter::path::<String>("card", "Say what it is.")],
        body: None,
        replies: &[Success::of::<CardView>(200, "The card.")],
        problems: &[&problem::NOT_FOUND],
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

/// The card.
#[derive(Debug, Serialize, JsonSchema)]
struct CardView {
    /// Say what it is.
    card: String,
}

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, call: Call) -> Result<Reply, Problem> {
    let card = call.path::<String>("card")?;
    // Commit one object whose id is derived from the key (`platform::commit`): a repeat finds it, and its answer.
    // 501 until this is written; then 200, as `replies` says.
    Reply::json(501, &CardView { card })
}
