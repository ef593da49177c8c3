//! `GET /v1/topups/{topup}`: how far a top-up of the caller has come.

use crate::WALLET;
use crate::topup::{self, TopUpView};
use platform::function::{
    Access, Action, Function, Grant, Handler, Idempotency, Method, Parameter, Route, Success, Throttle, Trigger,
};
use platform::{Call, Context, Problem, Reply, problem};
use wallet_domain::topup::{TopUp, TopUpId};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "get-topup",
    summary: "A top-up of the caller",
    doc: "Another person's top-up is answered as one that does not exist.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/topups/{topup}",
        access: Access::User,
        idempotency: Idempotency::Natural,
        parameters: &[Parameter::path::<TopUpId>("topup", "The top-up\'s id.")],
        body: None,
        replies: &[Success::of::<TopUpView>(200, "The top-up.")],
        problems: &[&problem::NOT_FOUND],
        throttle: Throttle { rate: 500, burst: 1_000 },
    }),
    grants: &[Grant { table: &WALLET, actions: &[Action::GetItem] }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let id = call.path::<TopUpId>("topup")?;
    let found = context.table(&WALLET).get(&topup::key(call.user(), &id)).await?;
    let record = found.ok_or_else(|| Problem::new(&problem::NOT_FOUND, ""))?;
    Reply::json(200, &TopUpView::from(record.read::<TopUp>()?))
}
