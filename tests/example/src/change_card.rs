//! `PATCH /v1/cards/{card}`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::patch("change-card", "/v1/cards/{card}")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .costs(calls(0), wru(0))
    .handled_by(http!(change));

/// What the card shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCard {}

/// The card.
#[derive(Debug, Serialize, JsonSchema)]
struct CardView {}

async fn change(
    _context: &Context,
    _intent: Intent,
    Path(_card): Path<String>,
    Body(_new): Body<NewCard>,
) -> Result<Json<CardView>, Problem> {
    // A request fails until this is written. Then `context.once` puts one object under an id of the intent: a repeat gets its answer.
    Err(Problem::internal("change-card is not written"))
}
