//! `POST /v1/medals/daily`: the day's free medals. The Japanese day is the idempotency key: a second call replays the first.

use crate::prelude::*;
use jiff::civil::Date;
use shared::calendar::day_of;
use shared::money::Amount;
use shared::planted::{self, Bug};
use wallet_domain::medals;

pub static FUNCTION: Function = Function::post("grant-medals", "/v1/medals/daily")
    .says(
        "Take the day's free medals",
        "1,000 medals a person and day. The day is Asia/Tokyo's. A second call on a day gets the first answer and grants nothing.",
    )
    .naturally_idempotent()
    .may(&WALLET, &[Query, PutInTransaction])
    .costs(calls(2), wru(4))
    .handled_by(http!(grant));

/// A day's grant.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct MedalGrant {
    /// The day in Asia/Tokyo.
    day: Date,
    #[serde(flatten)]
    pub(crate) amount: Amount,
}

/// Where a person's grant of a day is.
pub(crate) fn key(user: &UserId, day: Date) -> Key {
    Key::new(format!("medals#{user}"), day.to_string())
}

async fn grant(context: &Context, user: UserId) -> Result<Done<Json<MedalGrant>>, Refused<Contention>> {
    let now = context.now();
    let grant = MedalGrant { day: day_of(now), amount: medals::grant_amount() };
    let operation = format!("medals:{}", grant.day);
    let request = shared::hash::of_parts(&[operation.as_bytes()]);
    let mut object = Record::of(key(&user, grant.day), &grant);
    if planted::is_on(Bug::MedalsEachTime) {
        object.key.sk = now.to_string();
    }
    let wallet = posting::journal(context, &user).await?;
    let once = context.once(&WALLET, object, &request).appending(wallet);
    let line = |tail: &_| medals::grant(tail, now, &user, &operation).map_err(Refused::internal);
    let done = once.decide::<Contention>(|[wallet]| Ok(vec![line(&wallet.tail::<Wallet>()?)?])).await?;
    Ok(done.read::<MedalGrant>()?.map(Json))
}
