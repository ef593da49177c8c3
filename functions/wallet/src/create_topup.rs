//! `POST /v1/topups`: asks for money to be collected from the bank. The request is written down and answered at once; the collection
//! follows by itself.

use crate::bank::Bank;
use crate::topup::{self, TopUpView};
use crate::{BANK_CHOICE, WALLET};
use platform::commit::{Decision, commit};
use platform::function::{Access, Action, Function, Grant, Handler, Idempotency, Method, Route, Success, Throttle, Trigger, schema};
use platform::store::Write;
use platform::{Call, Context, Problem, Reply};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::id::Operation;
use shared::money::{Amount, Asset};
use wallet_domain::topup::{TOP_UP_MAX, TOP_UP_MIN, TopUp, TopUpId, TopUpState};
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "create-topup",
    summary: "Top up the caller's wallet",
    doc: "Answers 202 at once. Poll the top-up, or listen for its events, until it is COLLECTED or DECLINED. UNKNOWN means that the bank \
          did not answer: it is asked for the status until it does, never charged twice.",
    trigger: Trigger::Http(Route {
        method: Method::Post,
        path: "/v1/topups",
        access: Access::User,
        idempotency: Idempotency::Key,
        parameters: &[],
        body: Some(schema::<NewTopUp>()),
        replies: &[Success::of::<TopUpView>(202, "The top-up.")],
        problems: &[&ASSET_NOT_SOLD, &TOP_UP_OUT_OF_RANGE, &TOP_UPS_UNAVAILABLE],
        throttle: Throttle { rate: 200, burst: 400 },
    }),
    grants: &[Grant { table: &WALLET, actions: &[Action::PutItem] }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[&BANK_CHOICE],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

platform::problem_codes! {
    ASSET_NOT_SOLD = 422 "asset_not_sold", "Wallets are topped up in JPY alone", retryable: false,
        next: "Top up in JPY; medals come free by /v1/medals/daily.";
    TOP_UP_OUT_OF_RANGE = 422 "top_up_out_of_range", "A top-up is 100 to 100,000,000 yen", retryable: false,
        next: "Ask for an amount within the range; split a larger one.";
    TOP_UPS_UNAVAILABLE = 503 "top_ups_unavailable", "Top-ups are not taken now: no bank is connected", retryable: true,
        next: "Send the same request again, with the same Idempotency-Key, once top-ups are taken; medals come free by /v1/medals/daily.";
}

/// What to top up by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTopUp {
    /// `JPY` only: medals are never bought.
    asset: Asset,
    /// Minor units, 100 to 100,000,000.
    #[schemars(range(min = 100, max = 100_000_000))]
    minor: i64,
}

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let wanted = call.json::<NewTopUp>()?;
    if wanted.asset != Asset::Jpy {
        return Err(Problem::new(&ASSET_NOT_SOLD, "").with_error("/asset", "must be JPY"));
    }
    if !(TOP_UP_MIN..=TOP_UP_MAX).contains(&wanted.minor) {
        let detail = format!("must be {TOP_UP_MIN} to {TOP_UP_MAX}");
        return Err(Problem::new(&TOP_UP_OUT_OF_RANGE, "").with_error("/minor", detail));
    }
    // Nobody would collect it: an order for money must not lie there until somebody can.
    if Bank::chosen(context).map_err(Problem::internal)?.is_none() {
        return Err(Problem::new(&TOP_UPS_UNAVAILABLE, ""));
    }
    let request = call.request_hash();
    let operation =
        Operation { caller: call.user(), name: FUNCTION.name, resource: "", idempotency_key: call.idempotency_key() };
    let now = context.now();
    let topup = TopUp {
        id: TopUpId::derive(&operation.parts()),
        user: call.user().clone(),
        amount: Amount { asset: wanted.asset, minor: wanted.minor },
        state: TopUpState::Requested,
        requested_at: now,
        updated_at: now,
    };
    let object = Write::if_absent(&WALLET, topup::record(&topup, &request, 1));
    let decided = commit(context, &mut [], &mut |_| Ok(Decision::Accept { object: object.clone(), lines: Vec::new() })).await?;
    let (record, replayed) = decided.answer(&request, &[])?;
    Ok(Reply::json(202, &TopUpView::from(record.read::<TopUp>()?))?.replayed(replayed))
}
