//! `POST /v1/cards`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::post("create-card", "/v1/cards")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .costs(calls(0), wru(0))
    .handled_by(http!(create));

/// What the card shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCard {}

/// The card.
#[derive(Debug, Serialize, JsonSchema)]
struct CardView {}

async fn create(_context: &Context, _intent: Intent, Body(_new): Body<NewCard>) -> Result<Created<CardView>, Problem> {
    // A request fails until this is written. Then `context.once` puts one object under an id of the intent: a repeat gets its answer.
    Err(Problem::internal("create-card is not written"))
}
