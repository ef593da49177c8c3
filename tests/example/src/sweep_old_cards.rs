//! The sweep sweep-old-cards: say here what it looks for, and what holds when a call is lost or comes twice.

use crate::prelude::*;

pub static FUNCTION: Function = Function::every_minutes("sweep-old-cards", 5)
    .says("Say in a line what it does", "Say in a paragraph what it promises.")
    .handled_by(sweep!(sweep));

async fn sweep(_context: &Context) -> Result<(), Failure> {
    // A call fails until this is written.
    Err(Failure::new("sweep-old-cards is not written"))
}
