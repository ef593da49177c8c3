//! `GET /v1/slips/{slip}`: a slip of the caller, with what it came to.

use crate::prelude::*;
use crate::slip_view::{self, SlipView};
use racing_domain::SlipId;

pub static FUNCTION: Function = Function::get("get-slip", "/v1/slips/{slip}")
    .says("A slip of the caller", "Another person's slip is answered like one that does not exist.")
    .may(&RACING, &[BatchGetItem])
    .costs(calls(2), wru(0))
    .throttle(1_000, 2_000)
    .handled_by(http!(get));

async fn get(context: &Context, user: UserId, Path(id): Path<SlipId>) -> Result<Json<SlipView>, Refused<NotFound>> {
    let views = slip_view::views(context, &user, &[id]).await?;
    Ok(Json(views.into_iter().next().ok_or(NotFound)?))
}
