//! `GET /v1/cards`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::get("list-cards", "/v1/cards")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .public()
    .costs(calls(0), wru(0))
    .handled_by(http!(list));

/// The cards.
#[derive(Debug, Serialize, JsonSchema)]
struct CardsView {}

async fn list(_context: &Context) -> Result<Json<CardsView>, Problem> {
    // A request fails until this is written.
    Err(Problem::internal("list-cards is not written"))
}
