//! `DELETE /v1/cards`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::delete("clear-cards", "/v1/cards")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .costs(calls(0), wru(0))
    .handled_by(http!(clear));

async fn clear(_context: &Context, _user: UserId) -> Result<NoContent, Problem> {
    // A request fails until this is written. The path names what it changes, so that a repeat changes nothing more.
    Err(Problem::internal("clear-cards is not written"))
}
