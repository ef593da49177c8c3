//! `POST /v1/topups`: asks for money to be collected from the bank. The request is written and answered at once; a worker collects it.

use crate::bank::Bank;
use crate::prelude::*;
use crate::topup::{self, TopUpView};
use shared::money::{Amount, Asset};
use shared::planted::{self, Bug};
use wallet_domain::topup::{TOP_UP_MAX, TOP_UP_MIN};

pub static FUNCTION: Function = Function::post("create-topup", "/v1/topups")
    .says(
        "Top up the caller's wallet",
        "Answers 202 at once. Poll the top-up, or subscribe to its events, until it is COLLECTED or DECLINED. UNKNOWN means that the bank \
         did not answer. Koban then asks for the status until the bank answers. It never charges twice.",
    )
    .may(&WALLET, &[PutItem])
    .chooses(&BANK_CHOICE)
    .costs(calls(1), wru(4))
    .throttle(200, 400)
    .handled_by(http!(create));

/// The amount of the top-up.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTopUp {
    /// `JPY` only: medals are not sold.
    #[schemars(extend("const" = Asset::Jpy))]
    asset: Asset,
    /// Minor units, 100 to 100,000,000.
    #[schemars(range(min = 100, max = 100_000_000))]
    minor: i64,
}

async fn create(context: &Context, intent: Intent, Body(new): Body<NewTopUp>) -> Result<Done<Accepted<TopUpView>>, Refused<TopUpRefusal>> {
    if new.asset != Asset::Jpy {
        return Err(TopUpRefusal::AssetNotSold.at("/asset", "must be JPY"));
    }
    if !(TOP_UP_MIN..=TOP_UP_MAX).contains(&new.minor) {
        return Err(TopUpRefusal::TopUpOutOfRange.at("/minor", format!("must be {TOP_UP_MIN} to {TOP_UP_MAX}")));
    }
    // An order for money is not taken where no bank would collect it.
    if Bank::chosen(context).map_err(Refused::internal)?.is_none() {
        return Err(TopUpRefusal::TopUpsUnavailable.into());
    }
    let now = context.now();
    let topup = TopUp {
        id: TopUpId::derive(&intent.operation(&FUNCTION, "").parts()),
        user: intent.user.clone(),
        amount: Amount { asset: new.asset, minor: new.minor },
        state: TopUpState::Requested,
        requested_at: now,
        updated_at: now,
    };
    let object = topup::record(&topup, &intent.request, 1);
    let put = context.once(&WALLET, object, &intent.request).put().await;
    if put.is_err() && planted::is_on(Bug::AcknowledgedUnwritten) {
        return Ok(Done { value: Accepted(topup.into()), replayed: false });
    }
    let done = put?.read::<TopUp>()?;
    Ok(done.map(|topup| Accepted(topup.into())))
}
