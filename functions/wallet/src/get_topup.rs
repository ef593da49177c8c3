//! `GET /v1/topups/{topup}`: how far a top-up of the caller has come.

use crate::prelude::*;
use crate::topup::{self, TopUpView};

pub static FUNCTION: Function = Function::get("get-topup", "/v1/topups/{topup}")
    .says("A top-up of the caller", "Another person's top-up is answered like one that does not exist.")
    .may(&WALLET, &[GetItem])
    .costs(calls(1), wru(0))
    .handled_by(http!(get));

async fn get(context: &Context, user: UserId, Path(id): Path<TopUpId>) -> Result<Json<TopUpView>, Refused<NotFound>> {
    let found = context.table(&WALLET).get(&topup::key(&user, &id)).await?;
    let topup = found.ok_or(NotFound)?.read::<TopUp>()?;
    Ok(Json(topup.into()))
}
