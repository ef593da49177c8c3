//! `DELETE /v1/cards/{card}`: say here what it is for, and what always holds.

use crate::prelude::*;

pub static FUNCTION: Function = Function::delete("remove-card", "/v1/cards/{card}")
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .costs(calls(0), wru(0))
    .handled_by(http!(remove));

async fn remove(_context: &Context, _user: UserId, Path(_card): Path<String>) -> Result<NoContent, Problem> {
    // A request fails until this is written. The path names what it changes, so that a repeat changes nothing more.
    Err(Problem::internal("remove-card is not written"))
}
