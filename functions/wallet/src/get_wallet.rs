//! `GET /v1/wallet`: what the caller has. One consistent read of the newest line, which holds the state after it.

use crate::view::{self, AssetBalance};
use crate::{WALLET, posting};
use platform::function::{Access, Action, Function, Grant, Handler, Idempotency, Method, Route, Success, Throttle, Trigger};
use platform::{Call, Context, Problem, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use wallet_domain::Wallet;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "get-wallet",
    summary: "The caller's balances",
    doc: "Read consistently: a balance is never older than the caller's last acknowledged write.",
    trigger: Trigger::Http(Route {
        method: Method::Get,
        path: "/v1/wallet",
        access: Access::User,
        idempotency: Idempotency::Natural,
        parameters: &[],
        body: None,
        replies: &[Success::of::<WalletView>(200, "The balances.")],
        problems: &[],
        throttle: Throttle { rate: 1_000, burst: 2_000 },
    }),
    grants: &[Grant { table: &WALLET, actions: &[Action::Query] }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

/// A wallet.
#[derive(Debug, Serialize, JsonSchema)]
struct WalletView {
    balances: Vec<AssetBalance>,
    /// How many lines its history has.
    lines: u64,
}

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let tail = posting::journal(context, call.user()).await?.tail::<Wallet>()?;
    Reply::json(200, &WalletView { balances: view::balances(&tail.state), lines: tail.seq })
}
