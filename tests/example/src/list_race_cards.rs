//! `GET /v1/races/{race}/cards`: say here what it is for, and what always holds.

use platform::function::{Access, Function, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger};
use platform::{Call, Context, Problem, Reply, problem};
use schemars::JsonSchema;
use serde::Serialize;
use racing_domain::RaceId;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "list-race-cards",
    summary: "Say in a line what it does",
    doc: "Say in a paragraph what it promises.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/races/{race}/cards",
        access: Access::Public,
        idempotency: Idempotency::Natural,
        parameters: &[Parameter::path::<RaceId>("race", "The race's id.")],
        body: None,
        replies: &[Success::of::<RaceCardsView>(200, "The race cards.")],
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

/// The race cards.
#[derive(Debug, Serialize, JsonSchema)]
struct RaceCardsView {
    /// The race's id.
    race: RaceId,
}

#[expect(clippy::unused_async, reason = "handlers are async")]
async fn handle(_context: &Context, call: Call) -> Result<Reply, Problem> {
    let race = call.path::<RaceId>("race")?;
    // 501 until this is written; then 200, as `replies` says.
    Reply::json(501, &RaceCardsView { race })
}
