//! `POST /v1/medals/daily`: the day's free medals. The Japanese day is the idempotency key: a second call replays the first.

use crate::{WALLET, posting};
use jiff::civil::Date;
use platform::commit::{Decision, Journal, commit};
use platform::function::{Access, Action, Function, Grant, Handler, Idempotency, Method, Route, Success, Throttle, Trigger};
use platform::store::{Key, Record, Write};
use platform::{Call, Context, Problem, Reply, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wallet_domain::medals;
use shared::money::Amount;
use wallet_domain::Wallet;
use std::time::Duration;

pub static FUNCTION: Function = Function {
    name: "grant-medals",
    summary: "Take the day's free medals",
    doc: "1,000 medals a person and day. The day is Asia/Tokyo's; a second call that day answers as the first did and grants nothing.",
    trigger: Trigger::Http(Route {
        method: Method::Post,
        path: "/v1/medals/daily",
        access: Access::User,
        idempotency: Idempotency::Natural,
        parameters: &[],
        body: None,
        replies: &[Success::of::<MedalGrant>(200, "The day's grant.")],
        problems: &[&problem::CONTENTION],
        throttle: Throttle { rate: 500, burst: 1_000 },
    }),
    grants: &[Grant { table: &WALLET, actions: &[Action::Query, Action::PutInTransaction] }],
    sends: &[],
    publishes: &[],
    secrets: &[],
    settings: &[],
    timeout: Duration::from_secs(10),
    memory_mb: 256,
    handler: Handler::Http(|context, call| Box::pin(handle(context, call))),
};

/// A day's grant.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct MedalGrant {
    /// The day in Asia/Tokyo.
    day: Date,
    #[serde(flatten)]
    amount: Amount,
}

async fn handle(context: &Context, call: Call) -> Result<Reply, Problem> {
    let now = context.now();
    let user = call.user();
    let grant = MedalGrant { day: shared::calendar::day_of(now), amount: medals::grant_amount() };
    let operation = format!("medals:{}", grant.day);
    let request = shared::hash::of_parts(&[operation.as_bytes()]);
    let mut record = Record::of(Key::new(format!("medals#{user}"), grant.day.to_string()), &grant);
    record.hash = Some(request.to_vec());
    let object = Write::if_absent(&WALLET, record);

    let mut journals = [posting::journal(context, user).await?];
    let mut decide = |journals: &[Journal]| {
        let line = medals::grant(&journals[0].tail::<Wallet>()?, now, user, &operation).map_err(Problem::internal)?;
        Ok(Decision::Accept { object: object.clone(), lines: vec![line] })
    };
    let decided = commit(context, &mut journals, &mut decide).await?;
    let (record, replayed) = decided.answer(&request, &[])?;
    Ok(Reply::json(200, &record.read::<MedalGrant>()?)?.replayed(replayed))
}
