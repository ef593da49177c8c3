//! `PUT /v1/cards/{card}/faces/{face}`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::put("replace-card", "/v1/cards/{card}/faces/{face}")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .costs(calls(0), wru(0))
    .handled_by(http!(replace));

/// What the card shall be.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCard {}

/// The card.
#[derive(Debug, Serialize, JsonSchema)]
struct CardView {}

async fn replace(
    _context: &Context,
    _user: UserId,
    Path(_card): Path<String>,
    Path(_face): Path<String>,
    Body(_new): Body<NewCard>,
) -> Result<Json<CardView>, Problem> {
    // A request fails until this is written. The path names what it changes, so that a repeat changes nothing more.
    Err(Problem::internal("replace-card is not written"))
}
