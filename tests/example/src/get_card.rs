//! `GET /v1/cards/{card}`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::get("get-card", "/v1/cards/{card}")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .costs(calls(0), wru(0))
    .handled_by(http!(get));

/// The card.
#[derive(Debug, Serialize, JsonSchema)]
struct CardView {}

async fn get(_context: &Context, _user: UserId, Path(_card): Path<String>) -> Result<Json<CardView>, Problem> {
    // A request fails until this is written.
    Err(Problem::internal("get-card is not written"))
}
