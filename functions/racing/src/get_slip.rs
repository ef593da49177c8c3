//! `GET /v1/slips/{slip}`: a slip of the caller, with what it came to.

use crate::RACING;
use crate::slip_view::{self, SlipView};
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger,
};
use platform::{Call, Context, Problem, Reply, problem};
use racing_domain::SlipId;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "get-slip",
    summary: "A slip of the caller",
    doc: "Another person's slip is answered as one that does not exist.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/slips/{slip}",
        access: Access::User,
        idempotency: Idempotency::Natural,
        parameters: &[Parameter::path::<SlipId>("slip", "The slip's id.")],
        body: None,
        replies: &[Success::of::<SlipView>(200, "The slip.")],
        problems: &[&problem::NOT_FOUND],
        throttle: Throttle { rate: 1_000, burst: 2_000 },
    }),
    grants: &[Grant { table: &RACING, actions: &[Action::BatchGetItem] }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let id = call.path::<SlipId>("slip")?;
    let views = slip_view::views(context, call.user(), &[id]).await?;
    let view = views.into_iter().next().ok_or_else(|| Problem::new(&problem::NOT_FOUND, ""))?;
    Reply::json(200, &view)
}
